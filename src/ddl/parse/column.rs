//! Column definitions.

use super::cursor::Cursor;
use crate::ddl::ast::{
    CheckDef, ColumnDef, ColumnKey, ColumnPosition, DataType, Generated, GeneratedKind, TableOption, TypeName,
};
use crate::sql::{Span, TokenKind};

impl Cursor<'_> {
    /// A name, a type and attributes.
    pub(super) fn column_def(&mut self) -> Option<ColumnDef> {
        let mark = self.mark();
        let name = self.field()?;
        let data_type = if self.is_generated() { untyped(self.offset()) } else { self.data_type()? };
        let serial = data_type.name == TypeName::Serial;
        let mut column = ColumnDef {
            span: Span::default(),
            name,
            data_type,
            nullable: serial.then_some(false),
            default: None,
            on_update: None,
            auto_increment: serial,
            key: serial.then_some(ColumnKey::Unique),
            comment: None,
            generated: None,
            invisible: false,
            check: None,
            references: None,
            system_versioning: None,
            row_start: false,
            row_end: false,
            compressed: None,
            options: Vec::new(),
        };
        while !self.at_clause_end() && !self.is_any(&["FIRST", "AFTER", "PARTITION", "REMOVE"]) {
            self.attribute(&mut column)?;
        }
        column.span = self.span_from(mark);
        Some(column)
    }

    fn is_generated(&self) -> bool {
        self.is("AS") && self.punct_at(1, b'(') || self.are(&["GENERATED", "ALWAYS"])
    }

    fn attribute(&mut self, column: &mut ColumnDef) -> Option<()> {
        if self.eat_all(&["NOT", "NULL"]) {
            column.nullable = Some(false);
        } else if self.eat("NULL") {
            column.nullable = Some(true);
        } else if self.eat("DEFAULT") {
            column.default = Some(self.default_value()?);
        } else if self.eat("COMMENT") {
            self.eat_equal();
            column.comment = Some(self.string()?);
        } else if self.eat("AUTO_INCREMENT") {
            column.auto_increment = true;
        } else if self.eat_all(&["PRIMARY", "KEY"]) || self.eat("KEY") || self.eat("PRIMARY") {
            column.key = Some(ColumnKey::Primary);
        } else if self.eat("UNIQUE") {
            self.eat("KEY");
            column.key.get_or_insert(ColumnKey::Unique);
        } else if self.eat_all(&["ON", "UPDATE"]) {
            column.on_update = Some(self.now()?);
        } else if self.eat("COLLATE") {
            self.eat_equal();
            column.data_type.collation = Some(self.name_or_string()?.to_ascii_lowercase());
        } else if self.is_charset() {
            self.eat_charset();
            self.eat_equal();
            column.data_type.charset = Some(self.name_or_string()?.to_ascii_lowercase());
        } else if self.eat("INVISIBLE") {
            column.invisible = true;
        } else if self.is_any(&["CHECK", "CONSTRAINT", "REFERENCES"]) {
            self.column_constraint(column)?;
        } else if self.is_any(&["GENERATED", "AS"]) {
            self.generated(column)?;
        } else if self.eat_any(&["VIRTUAL"]) {
            column.generated.as_mut()?.kind = GeneratedKind::Virtual;
        } else if self.eat_any(&["STORED", "PERSISTENT"]) {
            column.generated.as_mut()?.kind = GeneratedKind::Stored;
        } else if self.eat_all(&["WITH", "SYSTEM", "VERSIONING"]) {
            column.system_versioning = Some(true);
        } else if self.eat_all(&["WITHOUT", "SYSTEM", "VERSIONING"]) {
            column.system_versioning = Some(false);
        } else if self.is("COMPRESSED") {
            self.bump();
            let method = if self.eat_equal() { Some(self.name_or_string()?.to_ascii_lowercase()) } else { None };
            column.compressed = Some(method);
        } else if self.eat_all(&["SERIAL", "DEFAULT", "VALUE"]) {
            column.nullable = Some(false);
            column.auto_increment = true;
            column.key.get_or_insert(ColumnKey::Unique);
        } else if self.eat("BINARY") {
            // Behind COMPRESSED.
            column.data_type.binary = true;
        } else {
            self.column_option(column)?;
        }
        Some(())
    }

    fn column_constraint(&mut self, column: &mut ColumnDef) -> Option<()> {
        let mark = self.mark();
        let name = if self.eat("CONSTRAINT") && !self.is_any(&["CHECK", "REFERENCES"]) { self.ident() } else { None };
        if self.is("REFERENCES") {
            column.references = Some(self.references()?);
            return Some(());
        }
        self.expect("CHECK")?;
        let expr = self.expr_in_parens()?;
        column.check = Some(CheckDef { span: self.span_from(mark), name, if_not_exists: false, expr });
        Some(())
    }

    fn generated(&mut self, column: &mut ColumnDef) -> Option<()> {
        self.eat_all(&["GENERATED", "ALWAYS"]);
        self.expect("AS")?;
        if self.eat("ROW") {
            column.row_start = self.eat("START");
            column.row_end = !column.row_start && self.eat("END");
            // The attribute INVISIBLE may follow; it is read as any other.
            return (column.row_start || column.row_end).then_some(());
        }
        let expr = self.expr_in_parens()?;
        column.generated = Some(Generated { expr, kind: GeneratedKind::Virtual });
        Some(())
    }

    /// What engines define: `name=value`; also STORAGE and COLUMN_FORMAT.
    fn column_option(&mut self, column: &mut ColumnDef) -> Option<()> {
        let mark = self.mark();
        let name = self.ident()?.value.to_ascii_lowercase();
        if !matches!(name.as_str(), "storage" | "column_format") {
            self.expect_punct(b'=')?;
        }
        if name == "ref_system_id" {
            column.data_type.srid = Some(self.number32()?);
            return Some(());
        }
        let value = self.option_value()?;
        column.options.push(TableOption { span: self.span_from(mark), name, value });
        Some(())
    }

    /// A word, a string or a number, also a signed one.
    pub(super) fn option_value(&mut self) -> Option<String> {
        let sign = if self.eat_punct(b'-') { "-" } else { "" };
        self.eat_punct(b'+');
        let token = self.peek(0)?;
        match token.kind {
            TokenKind::String => self.string(),
            TokenKind::Word | TokenKind::Quoted | TokenKind::Number => {
                self.bump();
                Some(format!("{sign}{}", self.value(token)))
            }
            _ => None,
        }
    }

    /// FIRST, AFTER column.
    pub(super) fn column_position(&mut self) -> Option<ColumnPosition> {
        if self.eat("FIRST") {
            return Some(ColumnPosition::First);
        }
        let mark = self.mark();
        let after = self.eat("AFTER").then(|| self.ident()).flatten().map(ColumnPosition::After);
        if after.is_none() {
            self.reset(mark);
        }
        after
    }
}

/// The type of a column that has none written: a row start or end in some dumps.
fn untyped(at: u32) -> DataType {
    DataType {
        span: Span::new(at, at),
        name: TypeName::Other(String::new()),
        length: None,
        decimals: None,
        unsigned: false,
        zerofill: false,
        charset: None,
        collation: None,
        binary: false,
        members: Vec::new(),
        srid: None,
        old_format: false,
    }
}
