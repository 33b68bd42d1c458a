//! PARTITION BY and partition definitions.

use super::cursor::Cursor;
use crate::ddl::ast::{
    Ident, PartitionBy, PartitionDef, PartitionMethod, PartitionNames, PartitionValues, SubpartitionBy, SubpartitionDef,
};

impl Cursor<'_> {
    /// PARTITION BY and all that belongs to it.
    pub(super) fn partition_by(&mut self) -> Option<PartitionBy> {
        let mark = self.mark();
        if !self.eat_all(&["PARTITION", "BY"]) {
            return None;
        }
        let method = self.partition_method()?;
        let mut count = if self.eat("PARTITIONS") { Some(self.number32()?) } else { None };
        let mut subpartition = None;
        if self.eat_all(&["SUBPARTITION", "BY"]) {
            let method = self.partition_method()?;
            let count = if self.eat("SUBPARTITIONS") { Some(self.number32()?) } else { None };
            subpartition = Some(SubpartitionBy { method, count });
        }
        if count.is_none() && self.eat("PARTITIONS") {
            count = Some(self.number32()?);
        }
        let mut partitions = Vec::new();
        // The list, and not the query of CREATE TABLE .. (SELECT ..).
        if self.is_punct(b'(') && !self.is_query_in_parens() {
            partitions = self.list_in_parens(Self::partition_def)?;
        }
        Some(PartitionBy { span: self.span_from(mark), method, count, subpartition, partitions })
    }

    /// `(PARTITION ..`, where the word may be left out, and not the parentheses of a call.
    fn partition_list_follows(&self) -> bool {
        let values = ["VALUES", "HISTORY", "CURRENT"];
        self.word(1).eq_ignore_ascii_case("PARTITION")
            || values.iter().any(|word| self.word(2).eq_ignore_ascii_case(word))
    }

    fn partition_method(&mut self) -> Option<PartitionMethod> {
        let linear = self.eat("LINEAR");
        if self.eat("HASH") {
            return Some(PartitionMethod::Hash { linear, expr: self.expr_in_parens()? });
        }
        if self.eat("KEY") {
            let mut algorithm = None;
            if self.eat("ALGORITHM") {
                self.eat_equal();
                algorithm = Some(self.number32()?);
            }
            let columns = self.columns_in_parens()?;
            return Some(PartitionMethod::Key { linear, algorithm, columns });
        }
        if self.eat("RANGE") {
            if self.eat("COLUMNS") {
                return Some(PartitionMethod::RangeColumns(self.columns_in_parens()?));
            }
            return Some(PartitionMethod::Range(self.expr_in_parens()?));
        }
        if self.eat("LIST") {
            if self.eat("COLUMNS") {
                return Some(PartitionMethod::ListColumns(self.columns_in_parens()?));
            }
            return Some(PartitionMethod::List(self.expr_in_parens()?));
        }
        if self.eat("SYSTEM_TIME") {
            let mark = self.mark();
            if self.is_any(&["INTERVAL", "LIMIT"]) {
                // INTERVAL 1 DAY STARTS '..' AUTO
                while !self.at_clause_end() && !self.is_punct(b'(') && !self.is_any(&["PARTITIONS", "SUBPARTITION"]) {
                    if self.is_any(&["STARTS", "INTERVAL"]) && self.punct_at(1, b'(') {
                        self.bump();
                        self.parens()?;
                    } else if self.is_any(&["AS", "SELECT", "IGNORE", "REPLACE"]) {
                        break;
                    } else {
                        self.bump();
                        // A call, such as STARTS TIMESTAMP('..').
                        if self.is_punct(b'(') && !self.partition_list_follows() {
                            self.parens()?;
                        }
                    }
                }
            }
            return Some(PartitionMethod::SystemTime(self.span_from(mark)));
        }
        None
    }

    fn columns_in_parens(&mut self) -> Option<Vec<Ident>> {
        if self.is_punct(b'(') && self.punct_at(1, b')') {
            self.bump();
            self.bump();
            return Some(Vec::new());
        }
        self.list_in_parens(Self::ident)
    }

    /// `PARTITION name VALUES ..` with options and subpartitions.
    pub(super) fn partition_def(&mut self) -> Option<PartitionDef> {
        let mark = self.mark();
        self.eat("PARTITION");
        let name = self.ident()?;
        let values = self.partition_values()?;
        let mut options = Vec::new();
        while let Some(option) = self.table_option() {
            options.push(option);
        }
        let mut subpartitions = Vec::new();
        if self.is_punct(b'(') {
            subpartitions = self.list_in_parens(|cursor| {
                let mark = cursor.mark();
                cursor.expect("SUBPARTITION")?;
                let name = Ident { span: cursor.peek(0)?.span, value: cursor.name_or_string()? };
                let mut options = Vec::new();
                while let Some(option) = cursor.table_option() {
                    options.push(option);
                }
                Some(SubpartitionDef { span: cursor.span_from(mark), name, options })
            })?;
        }
        Some(PartitionDef { span: self.span_from(mark), name, values, options, subpartitions })
    }

    fn partition_values(&mut self) -> Option<Option<PartitionValues>> {
        if self.eat_all(&["VALUES", "LESS", "THAN"]) {
            if self.eat("MAXVALUE") {
                return Some(Some(PartitionValues::MaxValue));
            }
            let inside = self.parens()?;
            let maximum = inside.span.of(self.text).eq_ignore_ascii_case("maxvalue");
            let values = if maximum { PartitionValues::MaxValue } else { PartitionValues::LessThan(inside.span) };
            return Some(Some(values));
        }
        if self.eat_all(&["VALUES", "IN"]) {
            return Some(Some(PartitionValues::In(self.parens()?.span)));
        }
        Some(match () {
            () if self.eat("DEFAULT") => Some(PartitionValues::Default),
            () if self.eat("HISTORY") => Some(PartitionValues::History),
            () if self.eat("CURRENT") => Some(PartitionValues::Current),
            () => None,
        })
    }

    /// ALL, or names.
    pub(super) fn partition_names(&mut self) -> Option<PartitionNames> {
        if self.eat("ALL") {
            return Some(PartitionNames::All);
        }
        self.list(Self::ident).map(PartitionNames::Names)
    }
}
