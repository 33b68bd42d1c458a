//! ALTER TABLE.

use super::cursor::Cursor;
use super::key::Element;
use crate::ddl::ast::{AlterTable, Append, Clause, Expr, ExprFacts, Operation, PartitionOp};

impl Cursor<'_> {
    /// From what follows TABLE on.
    pub(super) fn alter_table(&mut self, online: bool, ignore: bool) -> Option<AlterTable> {
        let if_exists = self.if_exists();
        let table = self.object_name()?;
        let wait = self.lock_wait();
        let mut append = Some(Append { at: self.offset(), comma: false });
        let mut clauses = Vec::new();
        if let Some(clause) = self.lone_clause() {
            clauses.push(clause);
            append = None;
        }
        let alone = append.is_none();
        while !self.at_end() {
            if self.are(&["PARTITION", "BY"]) || self.are(&["REMOVE", "PARTITIONING"]) {
                self.partitioning(&mut clauses);
                continue;
            }
            let mark = self.mark();
            let before = clauses.len();
            if alone || self.clause(&mut clauses).is_none() || !self.ends_clause() {
                clauses.truncate(before);
                self.reset(mark);
                self.skip_clause();
                // A closing parenthesis that nothing opened.
                if self.mark() == mark {
                    self.bump();
                }
                clauses.push(Clause { span: self.span_from(mark), operation: Operation::Opaque });
            }
            if append.is_some() {
                append = Some(Append { at: self.offset(), comma: true });
            }
            if self.eat_punct(b',') && self.at_end() {
                let mark = self.mark() - 1;
                clauses.push(Clause { span: self.span_from(mark), operation: Operation::Opaque });
            }
        }
        let last = |pick: fn(&Operation) -> Option<&String>| {
            clauses.iter().rev().find_map(|clause| pick(&clause.operation)).cloned()
        };
        let algorithm = last(|operation| match operation {
            Operation::Algorithm(value) => Some(value),
            _ => None,
        });
        let lock = last(|operation| match operation {
            Operation::Lock(value) => Some(value),
            _ => None,
        });
        Some(AlterTable { table, online, ignore, if_exists, wait, clauses, algorithm, lock, append })
    }

    /// Whether a clause may end here: table options stand next to each other, and PARTITION BY behind all.
    fn ends_clause(&self) -> bool {
        self.at_end() || self.is_punct(b',') || self.are(&["PARTITION", "BY"]) || self.are(&["REMOVE", "PARTITIONING"])
    }

    fn partitioning(&mut self, clauses: &mut Vec<Clause>) {
        let mark = self.mark();
        let operation = if self.eat_all(&["REMOVE", "PARTITIONING"]) {
            Some(Operation::RemovePartitioning)
        } else {
            self.partition_by().map(|by| Operation::PartitionBy(Box::new(by)))
        };
        let operation = operation.filter(|_| self.at_end()).unwrap_or_else(|| {
            self.skip_all();
            Operation::Opaque
        });
        clauses.push(Clause { span: self.span_from(mark), operation });
    }

    /// A clause that stands alone, and takes no ALGORITHM or LOCK beside it.
    fn lone_clause(&mut self) -> Option<Clause> {
        let mark = self.mark();
        let operation = match () {
            () if self.eat_all(&["DISCARD", "TABLESPACE"]) => Some(Operation::DiscardTablespace),
            () if self.eat_all(&["IMPORT", "TABLESPACE"]) => Some(Operation::ImportTablespace),
            () => self.partition_op().map(|op| Operation::Partition(Box::new(op))),
        };
        let Some(operation) = operation.filter(|_| self.at_end()) else {
            self.reset(mark);
            return None;
        };
        Some(Clause { span: self.span_from(mark), operation })
    }

    fn partition_op(&mut self) -> Option<PartitionOp> {
        if self.eat_all(&["CONVERT", "TABLE"]) {
            let table = self.object_name()?;
            self.expect("TO")?;
            let partition = self.partition_def()?;
            return Some(PartitionOp::ConvertFromTable { table, partition, validation: self.validation() });
        }
        if !self.word(1).eq_ignore_ascii_case("PARTITION") {
            return None;
        }
        let verb = self.word(0).to_ascii_uppercase();
        self.bump();
        self.bump();
        let if_exists = verb == "DROP" && self.if_exists();
        let if_not_exists = verb == "ADD" && self.if_not_exists();
        self.eat_any(&["NO_WRITE_TO_BINLOG", "LOCAL"]);
        match verb.as_str() {
            "ADD" => {
                if self.eat("PARTITIONS") {
                    let count = Some(self.number32()?);
                    return Some(PartitionOp::Add { if_not_exists, partitions: Vec::new(), count });
                }
                let partitions = if self.is_punct(b'(') {
                    self.list_in_parens(Self::partition_def)?
                } else {
                    // ADD PARTITION (PARTITION p ..) may be written without its parentheses for one.
                    vec![self.partition_def()?]
                };
                Some(PartitionOp::Add { if_not_exists, partitions, count: None })
            }
            "DROP" => Some(PartitionOp::Drop { if_exists, names: self.list(Self::ident)? }),
            "COALESCE" => Some(PartitionOp::Coalesce(self.number32()?)),
            "REORGANIZE" => {
                if self.at_end() {
                    return Some(PartitionOp::Reorganize { names: Vec::new(), partitions: Vec::new() });
                }
                let names = self.list(Self::ident)?;
                self.expect("INTO")?;
                Some(PartitionOp::Reorganize { names, partitions: self.list_in_parens(Self::partition_def)? })
            }
            "EXCHANGE" => {
                let partition = self.ident()?;
                if !self.eat_all(&["WITH", "TABLE"]) {
                    return None;
                }
                let table = self.object_name()?;
                Some(PartitionOp::Exchange { partition, table, validation: self.validation() })
            }
            "CONVERT" => {
                let partition = self.ident()?;
                if !self.eat_all(&["TO", "TABLE"]) {
                    return None;
                }
                Some(PartitionOp::ConvertToTable { partition, table: self.object_name()? })
            }
            "TRUNCATE" => Some(PartitionOp::Truncate(self.partition_names()?)),
            "REBUILD" => Some(PartitionOp::Rebuild(self.partition_names()?)),
            "ANALYZE" => {
                let names = self.partition_names()?;
                let persistent = self.eat("PERSISTENT");
                if persistent {
                    self.skip_all();
                }
                Some(PartitionOp::Analyze { names, persistent })
            }
            "OPTIMIZE" => Some(PartitionOp::Optimize(self.partition_names()?)),
            "CHECK" | "REPAIR" => {
                let names = self.partition_names()?;
                while self.eat_any(&["QUICK", "FAST", "MEDIUM", "EXTENDED", "CHANGED", "USE_FRM"])
                    || self.eat_all(&["FOR", "UPGRADE"])
                {}
                Some(if verb == "CHECK" { PartitionOp::Check(names) } else { PartitionOp::Repair(names) })
            }
            "DISCARD" | "IMPORT" => {
                let names = self.partition_names()?;
                self.expect("TABLESPACE")?;
                Some(if verb == "DISCARD" { PartitionOp::Discard(names) } else { PartitionOp::Import(names) })
            }
            _ => None,
        }
    }

    fn validation(&mut self) -> bool {
        let without = self.eat_all(&["WITHOUT", "VALIDATION"]);
        self.eat_all(&["WITH", "VALIDATION"]);
        !without
    }

    /// One clause, or the several that `ADD (..)` and options next to each other are.
    fn clause(&mut self, clauses: &mut Vec<Clause>) -> Option<()> {
        let mark = self.mark();
        let operation = match () {
            () if self.eat("ADD") => return self.add(mark, clauses),
            () if self.eat("DROP") => self.drop_clause()?,
            () if self.eat("MODIFY") => {
                self.eat("COLUMN");
                let if_exists = self.if_exists();
                let column = Box::new(self.column_def()?);
                Operation::ModifyColumn { if_exists, column, position: self.column_position() }
            }
            () if self.eat("CHANGE") => {
                self.eat("COLUMN");
                let if_exists = self.if_exists();
                let old = self.field()?;
                let column = Box::new(self.column_def()?);
                Operation::ChangeColumn { if_exists, old, column, position: self.column_position() }
            }
            () if self.eat("ALTER") => self.alter_clause()?,
            () if self.eat("RENAME") => self.rename_clause()?,
            () if self.eat_all(&["CONVERT", "TO"]) => {
                if !self.eat_charset() {
                    return None;
                }
                self.eat_equal();
                let charset = self.name_or_string()?.to_ascii_lowercase();
                let mut collation = None;
                if self.eat("COLLATE") {
                    self.eat_equal();
                    collation = Some(self.name_or_string()?.to_ascii_lowercase());
                }
                Operation::ConvertCharset { charset, collation }
            }
            () if self.is("FORCE") && !self.punct_at(1, b'=') => {
                self.bump();
                Operation::Force
            }
            () if self.eat_all(&["WITH", "SYSTEM", "VERSIONING"]) => Operation::AddSystemVersioning,
            () if self.eat_all(&["ENABLE", "KEYS"]) => Operation::Keys(true),
            () if self.eat_all(&["DISABLE", "KEYS"]) => Operation::Keys(false),
            () if self.eat_all(&["ORDER", "BY"]) => Operation::OrderBy(self.order_by()?),
            () if self.eat("ALGORITHM") => {
                self.eat_equal();
                Operation::Algorithm(self.name_or_string()?.to_ascii_uppercase())
            }
            () if self.eat("LOCK") => {
                self.eat_equal();
                Operation::Lock(self.name_or_string()?.to_ascii_uppercase())
            }
            () => return self.table_options(clauses),
        };
        clauses.push(Clause { span: self.span_from(mark), operation });
        Some(())
    }

    /// Options next to each other are one clause to the server, and several here.
    fn table_options(&mut self, clauses: &mut Vec<Clause>) -> Option<()> {
        while !self.ends_clause() {
            let option = self.table_option()?;
            clauses.push(Clause { span: option.span, operation: Operation::Option(option) });
        }
        Some(())
    }

    fn add(&mut self, mark: usize, clauses: &mut Vec<Clause>) -> Option<()> {
        if self.eat_all(&["SYSTEM", "VERSIONING"]) {
            clauses.push(Clause { span: self.span_from(mark), operation: Operation::AddSystemVersioning });
            return Some(());
        }
        let period = self.is("PERIOD") && ["FOR", "IF"].iter().any(|word| self.word(1).eq_ignore_ascii_case(word));
        if self.is_element() || period {
            let operation = element_operation(self.element()?);
            clauses.push(Clause { span: self.span_from(mark), operation });
            return Some(());
        }
        self.eat("COLUMN");
        let if_not_exists = self.if_not_exists();
        if !self.eat_punct(b'(') {
            let column = Box::new(self.column_def()?);
            let position = self.column_position();
            let operation = Operation::AddColumn { if_not_exists, column, position };
            clauses.push(Clause { span: self.span_from(mark), operation });
            return Some(());
        }
        loop {
            let mark = self.mark();
            let operation = if self.is_element() {
                element_operation(self.element()?)
            } else {
                let column = Box::new(self.column_def()?);
                Operation::AddColumn { if_not_exists, column, position: self.column_position() }
            };
            clauses.push(Clause { span: self.span_from(mark), operation });
            if !self.eat_punct(b',') {
                break;
            }
        }
        self.expect_punct(b')')
    }

    fn drop_clause(&mut self) -> Option<Operation> {
        if self.eat_all(&["SYSTEM", "VERSIONING"]) {
            return Some(Operation::DropSystemVersioning);
        }
        if self.are(&["PERIOD", "FOR"]) || self.are(&["PERIOD", "IF", "EXISTS", "FOR"]) {
            self.bump();
            let if_exists = self.if_exists();
            self.expect("FOR")?;
            let if_exists = self.if_exists() || if_exists;
            return Some(Operation::DropPeriod { if_exists, name: self.ident()? });
        }
        if self.eat_all(&["PRIMARY", "KEY"]) || self.eat_all(&["CONSTRAINT", "PRIMARY", "KEY"]) {
            return Some(Operation::DropPrimaryKey { if_exists: self.if_exists() });
        }
        if self.eat_all(&["FOREIGN", "KEY"]) {
            let if_exists = self.if_exists();
            return Some(Operation::DropForeignKey { if_exists, name: self.ident()? });
        }
        if self.eat_any(&["INDEX", "KEY"]) {
            let if_exists = self.if_exists();
            return Some(Operation::DropKey { if_exists, name: self.ident()? });
        }
        if self.eat("CONSTRAINT") {
            let if_exists = self.if_exists();
            return Some(Operation::DropConstraint { if_exists, name: self.ident()? });
        }
        self.eat("COLUMN");
        let if_exists = self.if_exists();
        let name = self.field()?;
        // Both words are allowed and mean nothing.
        self.eat_any(&["RESTRICT", "CASCADE"]);
        Some(Operation::DropColumn { if_exists, name })
    }

    fn alter_clause(&mut self) -> Option<Operation> {
        if self.eat_any(&["INDEX", "KEY"]) {
            let if_exists = self.if_exists();
            let name = self.ident()?;
            let ignored = !self.eat("NOT");
            self.expect("IGNORED")?;
            return Some(Operation::AlterKey { if_exists, name, ignored });
        }
        self.eat("COLUMN");
        let if_exists = self.if_exists();
        let column = self.field()?;
        if self.eat_all(&["DROP", "DEFAULT"]) {
            return Some(Operation::DropDefault { if_exists, column });
        }
        if self.eat_all(&["SET", "DEFAULT"]) {
            return Some(Operation::SetDefault { if_exists, column, default: self.default_value()? });
        }
        None
    }

    fn rename_clause(&mut self) -> Option<Operation> {
        let column = self.eat("COLUMN");
        if column || self.eat_any(&["INDEX", "KEY"]) {
            let if_exists = self.if_exists();
            let from = self.ident()?;
            self.expect("TO")?;
            let to = self.ident()?;
            return Some(match column {
                true => Operation::RenameColumn { if_exists, from, to },
                false => Operation::RenameKey { if_exists, from, to },
            });
        }
        if !self.eat_any(&["TO", "AS"]) {
            self.eat_equal();
        }
        Some(Operation::RenameTable(self.object_name()?))
    }

    /// `ORDER BY a DESC, b`: its commas belong to it, up to one behind which another clause begins.
    fn order_by(&mut self) -> Option<Vec<Expr>> {
        let mut items = vec![self.order_item()?];
        loop {
            let mark = self.mark();
            let next = if self.eat_punct(b',') { self.order_item().filter(|_| self.ends_clause()) } else { None };
            let Some(next) = next else {
                self.reset(mark);
                return Some(items);
            };
            items.push(next);
        }
    }

    fn order_item(&mut self) -> Option<Expr> {
        if self.is_any(&["FORCE"]) {
            return None;
        }
        let mark = self.mark();
        let column = self.field()?;
        self.eat_any(&["ASC", "DESC"]);
        let facts = ExprFacts { columns: vec![column], ..ExprFacts::default() };
        Some(Expr { span: self.span_from(mark), facts })
    }
}

fn element_operation(element: Element) -> Operation {
    match element {
        Element::Key(key) => Operation::AddKey(Box::new(key)),
        Element::ForeignKey(key) => Operation::AddForeignKey(Box::new(key)),
        Element::Check(check) => Operation::AddCheck(Box::new(check)),
        Element::Period(name, start, end, if_not_exists) => Operation::AddPeriod { if_not_exists, name, start, end },
    }
}
