//! Keys, foreign keys, checks and periods: what CREATE TABLE and ADD have in common.

use super::cursor::Cursor;
use crate::ddl::ast::{
    CheckDef, ForeignKeyDef, Ident, IndexType, KeyDef, KeyOption, KeyPart, KeyType, References, ReferentialAction,
    TableOption,
};
use crate::sql::ServerVersion;

/// What stands in the parentheses of CREATE TABLE, or behind ADD, and is no column.
pub(super) enum Element {
    Key(KeyDef),
    ForeignKey(ForeignKeyDef),
    Check(CheckDef),
    /// Name, start, end, IF NOT EXISTS.
    Period(Ident, Ident, Ident, bool),
}

const INDEX: &[&str] = &["INDEX", "KEY"];

/// From here on VECTOR begins a key, and is a column's name in quotes only; before, it was a name like any other.
const VECTOR_IS_RESERVED: ServerVersion = ServerVersion::new(11, 7, 0);

impl Cursor<'_> {
    /// Whether a key, a constraint or a period begins here, and no column.
    pub(super) fn is_element(&self) -> bool {
        self.is_any(&["INDEX", "KEY", "UNIQUE", "PRIMARY", "FULLTEXT", "SPATIAL", "FOREIGN", "CONSTRAINT", "CHECK"])
            || self.is("VECTOR") && (self.dialect.version >= VECTOR_IS_RESERVED || self.is_index_behind())
            || self.are(&["PERIOD", "FOR"])
    }

    fn is_index_behind(&self) -> bool {
        INDEX.iter().any(|word| self.word(1).eq_ignore_ascii_case(word))
    }

    pub(super) fn element(&mut self) -> Option<Element> {
        let mark = self.mark();
        if self.eat_all(&["PERIOD", "FOR"]) {
            return self.period(false);
        }
        if self.eat_all(&["PERIOD", "IF", "NOT", "EXISTS", "FOR"]) {
            return self.period(true);
        }
        let mut constraint = None;
        let mut if_not_exists = false;
        if self.eat("CONSTRAINT") {
            if_not_exists = self.if_not_exists();
            if !self.is_any(&["PRIMARY", "UNIQUE", "FOREIGN", "CHECK"]) {
                constraint = Some(self.ident()?);
            }
        }
        if self.eat("CHECK") {
            let expr = self.expr_in_parens()?;
            return Some(Element::Check(CheckDef {
                span: self.span_from(mark),
                name: constraint,
                if_not_exists,
                expr,
            }));
        }
        if self.eat_all(&["FOREIGN", "KEY"]) {
            let if_not_exists = self.if_not_exists() || if_not_exists;
            let index_name = if self.is_punct(b'(') { None } else { Some(self.ident()?) };
            let columns = self.key_parts()?.into_iter().map(|part| part.column).collect();
            let references = self.references()?;
            let span = self.span_from(mark);
            let key = ForeignKeyDef { span, constraint, index_name, if_not_exists, columns, references };
            return Some(Element::ForeignKey(key));
        }
        let key_type = self.key_type()?;
        let mut key = self.key_body(mark, key_type)?;
        key.constraint = constraint;
        key.if_not_exists |= if_not_exists;
        Some(Element::Key(key))
    }

    fn period(&mut self, if_not_exists: bool) -> Option<Element> {
        let if_not_exists = self.if_not_exists() || if_not_exists;
        let name = self.ident()?;
        self.expect_punct(b'(')?;
        let start = self.ident()?;
        self.expect_punct(b',')?;
        let end = self.ident()?;
        self.expect_punct(b')')?;
        Some(Element::Period(name, start, end, if_not_exists))
    }

    /// PRIMARY KEY, UNIQUE [KEY], FULLTEXT [INDEX], INDEX, ...
    fn key_type(&mut self) -> Option<KeyType> {
        if self.eat_all(&["PRIMARY", "KEY"]) {
            return Some(KeyType::Primary);
        }
        if self.eat_any(INDEX) {
            return Some(KeyType::Plain);
        }
        let key_type = match () {
            () if self.eat("UNIQUE") => KeyType::Unique,
            () if self.eat("FULLTEXT") => KeyType::Fulltext,
            () if self.eat("SPATIAL") => KeyType::Spatial,
            () if self.eat("VECTOR") => KeyType::Vector,
            () => return None,
        };
        self.eat_any(INDEX);
        Some(key_type)
    }

    /// `[IF NOT EXISTS] [name] [USING type] (columns) options`.
    fn key_body(&mut self, mark: usize, key_type: KeyType) -> Option<KeyDef> {
        let if_not_exists = self.if_not_exists();
        let mut name = None;
        // A key may be called `using` or `type` too; what follows tells.
        let using = self.is_any(&["USING", "TYPE"]) && !self.punct_at(1, b'(') && !self.is_using_behind_name();
        if !self.is_punct(b'(') && !using {
            name = Some(self.ident()?);
        }
        let mut options = Vec::new();
        if self.eat_any(&["USING", "TYPE"]) {
            options.push(KeyOption::Using(self.index_type()?));
        }
        let (parts, without_overlaps) = self.key_columns()?;
        self.key_options(&mut options)?;
        let span = self.span_from(mark);
        Some(KeyDef { span, key_type, constraint: None, name, if_not_exists, parts, without_overlaps, options })
    }

    fn is_using_behind_name(&self) -> bool {
        ["USING", "TYPE"].iter().any(|word| self.word(1).eq_ignore_ascii_case(word))
    }

    pub(super) fn index_type(&mut self) -> Option<IndexType> {
        match () {
            () if self.eat("BTREE") => Some(IndexType::Btree),
            () if self.eat("HASH") => Some(IndexType::Hash),
            () if self.eat("RTREE") => Some(IndexType::Rtree),
            () => None,
        }
    }

    pub(super) fn key_parts(&mut self) -> Option<Vec<KeyPart>> {
        self.list_in_parens(Self::key_part)
    }

    fn key_part(&mut self) -> Option<KeyPart> {
        let mark = self.mark();
        let column = self.ident()?;
        let mut prefix = None;
        if self.eat_punct(b'(') {
            prefix = Some(self.number()?);
            self.expect_punct(b')')?;
        }
        let descending = self.eat("DESC");
        self.eat("ASC");
        Some(KeyPart { span: self.span_from(mark), column, prefix, descending })
    }

    /// The columns of a key, and the period of WITHOUT OVERLAPS behind them.
    pub(super) fn key_columns(&mut self) -> Option<(Vec<KeyPart>, Option<Ident>)> {
        self.expect_punct(b'(')?;
        let mut parts = Vec::new();
        let mut period = None;
        loop {
            let mark = self.mark();
            let name = self.ident()?;
            if self.eat_all(&["WITHOUT", "OVERLAPS"]) {
                period = Some(name);
                break;
            }
            self.reset(mark);
            parts.push(self.key_part()?);
            if !self.eat_punct(b',') {
                break;
            }
        }
        self.expect_punct(b')')?;
        Some((parts, period))
    }

    /// Reads options up to something that is none.
    pub(super) fn key_options(&mut self, options: &mut Vec<KeyOption>) -> Option<()> {
        loop {
            let mark = self.mark();
            if self.eat_any(&["USING", "TYPE"]) {
                options.push(KeyOption::Using(self.index_type()?));
            } else if self.eat("KEY_BLOCK_SIZE") {
                self.eat_equal();
                options.push(KeyOption::KeyBlockSize(self.number()?));
            } else if self.eat("COMMENT") {
                self.eat_equal();
                options.push(KeyOption::Comment(self.string()?));
            } else if self.eat_all(&["WITH", "PARSER"]) {
                options.push(KeyOption::Parser(self.name_or_string()?));
            } else if self.eat_all(&["NOT", "IGNORED"]) {
                options.push(KeyOption::Ignored(false));
            } else if self.eat("IGNORED") {
                options.push(KeyOption::Ignored(true));
            } else if self.eat("VISIBLE") {
                // Every key is; the word is taken for the sake of MySQL's dumps (MDEV-22199).
            } else if self.eat("CLUSTERING") {
                self.eat_equal();
                let value = self.option_value()?;
                options.push(KeyOption::Clustering(value.eq_ignore_ascii_case("yes") || value == "1"));
            } else if !self.is_any(&["ALGORITHM", "LOCK"]) && self.punct_at(1, b'=') {
                let name = self.ident()?.value.to_ascii_lowercase();
                self.eat_equal();
                let value = self.option_value()?;
                options.push(KeyOption::Other(TableOption { span: self.span_from(mark), name, value }));
            } else {
                return Some(());
            }
        }
    }

    /// REFERENCES table (columns) and its actions.
    pub(super) fn references(&mut self) -> Option<References> {
        let mark = self.mark();
        self.expect("REFERENCES")?;
        let table = self.object_name()?;
        let mut columns = Vec::new();
        if self.is_punct(b'(') {
            columns = self.key_parts()?.into_iter().map(|part| part.column).collect();
        }
        let (mut on_delete, mut on_update) = (None, None);
        loop {
            if self.eat("MATCH") {
                self.eat_any(&["FULL", "PARTIAL", "SIMPLE"]);
            } else if self.eat_all(&["ON", "DELETE"]) {
                on_delete = Some(self.referential_action()?);
            } else if self.are(&["ON", "UPDATE"]) && !self.word(2).eq_ignore_ascii_case("CURRENT_TIMESTAMP") {
                self.eat_all(&["ON", "UPDATE"]);
                on_update = Some(self.referential_action()?);
            } else {
                break;
            }
        }
        Some(References { span: self.span_from(mark), table, columns, on_delete, on_update })
    }

    fn referential_action(&mut self) -> Option<ReferentialAction> {
        match () {
            () if self.eat("RESTRICT") => Some(ReferentialAction::Restrict),
            () if self.eat("CASCADE") => Some(ReferentialAction::Cascade),
            () if self.eat_all(&["SET", "NULL"]) => Some(ReferentialAction::SetNull),
            () if self.eat_all(&["SET", "DEFAULT"]) => Some(ReferentialAction::SetDefault),
            () if self.eat_all(&["NO", "ACTION"]) => Some(ReferentialAction::NoAction),
            () => None,
        }
    }

    /// What makes a key of CREATE INDEX, from `[IF NOT EXISTS] name [USING x] ON table` on: see `create.rs`.
    pub(super) fn index_key_type(&mut self) -> KeyType {
        match () {
            () if self.eat("UNIQUE") => KeyType::Unique,
            () if self.eat("FULLTEXT") => KeyType::Fulltext,
            () if self.eat("SPATIAL") => KeyType::Spatial,
            () if self.eat("VECTOR") => KeyType::Vector,
            () => KeyType::Plain,
        }
    }
}
