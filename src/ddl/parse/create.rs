//! CREATE TABLE, CREATE INDEX, DROP INDEX, views, sequences, databases.

use super::cursor::Cursor;
use super::key::Element;
use crate::ddl::ast::{
    Append, Body, CreateIndex, CreateSource, CreateTable, CreateView, DatabaseDef, DropIndex, Ident, KeyDef, KeyOption,
    SequenceDef, TableOption,
};
use crate::sql::{Span, TokenKind};

/// What stood between CREATE and the kind of object.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CreateHead {
    pub(super) or_replace: bool,
    pub(super) temporary: bool,
}

const QUERY: &[&str] = &["SELECT", "VALUES", "WITH", "TABLE"];

impl Cursor<'_> {
    /// From what follows TABLE on.
    pub(super) fn create_table(&mut self, head: CreateHead) -> Option<CreateTable> {
        let if_not_exists = self.if_not_exists();
        let table = self.object_name()?;
        let mut create = CreateTable {
            table,
            or_replace: head.or_replace,
            temporary: head.temporary,
            if_not_exists,
            columns: Vec::new(),
            keys: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            periods: Vec::new(),
            system_versioning: false,
            options: Vec::new(),
            partition_by: None,
            source: None,
            unknown: Vec::new(),
        };
        if self.like(&mut create) {
            return Some(create);
        }
        if self.is_punct(b'(') && !self.is_query_in_parens() {
            self.bump();
            self.table_elements(&mut create);
        }
        self.table_tail(&mut create);
        if !self.at_end() {
            let mark = self.mark();
            self.skip_all();
            create.unknown.push(self.span_from(mark));
        }
        Some(create)
    }

    fn like(&mut self, create: &mut CreateTable) -> bool {
        let mark = self.mark();
        let parens = self.is_punct(b'(') && self.word(1).eq_ignore_ascii_case("LIKE") && self.eat_punct(b'(');
        if self.eat("LIKE")
            && let Some(table) = self.object_name()
            && (!parens || self.eat_punct(b')'))
        {
            create.source = Some(CreateSource::Like(table));
            if !self.at_end() {
                let mark = self.mark();
                self.skip_all();
                create.unknown.push(self.span_from(mark));
            }
            return true;
        }
        self.reset(mark);
        false
    }

    /// `((SELECT ..` and `(SELECT ..`, but not `(select INT)`, which cannot be: SELECT is reserved.
    pub(super) fn is_query_in_parens(&self) -> bool {
        let depth = (0..).take_while(|ahead| self.punct_at(*ahead, b'(')).take(64).count();
        QUERY[..3].iter().any(|word| self.word(depth).eq_ignore_ascii_case(word))
            // A column may be called `values` or `with` only in quotes.
            && !self.punct_at(depth + 1, b',')
    }

    fn table_elements(&mut self, create: &mut CreateTable) {
        loop {
            let mark = self.mark();
            if self.table_element(create).is_none() || !self.at_clause_end() {
                self.reset(mark);
                self.skip_clause();
                create.unknown.push(self.span_from(mark));
            }
            if !self.eat_punct(b',') {
                break;
            }
        }
        if !self.eat_punct(b')') {
            create.unknown.push(Span::new(self.offset(), self.offset()));
        }
    }

    fn table_element(&mut self, create: &mut CreateTable) -> Option<()> {
        if !self.is_element() {
            let column = self.column_def()?;
            create.columns.push(column);
            return Some(());
        }
        match self.element()? {
            Element::Key(key) => create.keys.push(key),
            Element::ForeignKey(key) => create.foreign_keys.push(key),
            Element::Check(check) => create.checks.push(check),
            Element::Period(name, start, end, _) => create.periods.push((name, start, end)),
        }
        Some(())
    }

    /// Options, partitioning and the query.
    fn table_tail(&mut self, create: &mut CreateTable) {
        loop {
            self.eat_punct(b',');
            if self.eat_all(&["WITH", "SYSTEM", "VERSIONING"]) {
                create.system_versioning = true;
            } else if let Some(option) = self.table_option() {
                create.options.push(option);
            } else {
                break;
            }
        }
        if self.are(&["PARTITION", "BY"]) {
            let mark = self.mark();
            create.partition_by = self.partition_by();
            if create.partition_by.is_none() {
                self.reset(mark);
                self.skip_all();
                create.unknown.push(self.span_from(mark));
            }
        }
        self.eat_any(&["IGNORE", "REPLACE"]);
        let written_as = self.eat("AS");
        if self.is_any(QUERY) || self.is_query_in_parens() || written_as && self.is_punct(b'(') {
            let mark = self.mark();
            self.skip_all();
            create.source = Some(CreateSource::Query(self.span_from(mark)));
        }
    }

    /// From `[UNIQUE] INDEX` on.
    pub(super) fn create_index(&mut self, head: CreateHead) -> Option<CreateIndex> {
        let mark = self.mark();
        let key_type = self.index_key_type();
        self.expect("INDEX")?;
        let if_not_exists = self.if_not_exists();
        let name = self.ident()?;
        let mut options = Vec::new();
        if self.eat_any(&["USING", "TYPE"]) {
            options.push(KeyOption::Using(self.index_type()?));
        }
        self.expect("ON")?;
        let table = self.object_name()?;
        let (parts, without_overlaps) = self.key_columns()?;
        let (mut wait, mut algorithm, mut lock, mut unknown) = (None, None, None, Vec::new());
        let mut key = KeyDef {
            span: self.span_from(mark),
            key_type,
            constraint: None,
            name: Some(name),
            if_not_exists,
            parts,
            without_overlaps,
            options,
        };
        while !self.at_end() {
            self.eat_punct(b',');
            let here = self.mark();
            let understood = self.key_options(&mut key.options).is_some();
            if self.mark() > here && understood {
                key.span = self.span_from(mark);
                continue;
            }
            self.reset(here);
            if self.eat("ALGORITHM") {
                self.eat_equal();
                algorithm = self.name_or_string().map(|value| value.to_ascii_uppercase());
            } else if self.eat("LOCK") {
                self.eat_equal();
                lock = self.name_or_string().map(|value| value.to_ascii_uppercase());
            } else if let Some(found) = self.lock_wait() {
                wait = Some(found);
            } else {
                self.skip_all();
                unknown.push(self.span_from(here));
            }
        }
        let append = Append { at: self.offset(), comma: false };
        Some(CreateIndex { table, or_replace: head.or_replace, key, wait, algorithm, lock, append, unknown })
    }

    /// From what follows INDEX on.
    pub(super) fn drop_index(&mut self) -> Option<DropIndex> {
        let if_exists = self.if_exists();
        let name = self.ident()?;
        self.expect("ON")?;
        let table = self.object_name()?;
        let mut wait = None;
        let mut unknown = Vec::new();
        while !self.at_end() {
            let mark = self.mark();
            if let Some(found) = self.lock_wait() {
                wait = Some(found);
            } else {
                self.skip_all();
                unknown.push(self.span_from(mark));
            }
        }
        Some(DropIndex { table, if_exists, name, wait, unknown })
    }

    /// From what follows VIEW on.
    pub(super) fn view(&mut self, head: CreateHead) -> Option<CreateView> {
        let if_not_exists = self.if_not_exists();
        let view = self.object_name()?;
        let columns = if self.is_punct(b'(') { self.list_in_parens(Self::ident)? } else { Vec::new() };
        self.expect("AS")?;
        let mark = self.mark();
        self.skip_all();
        Some(CreateView { view, or_replace: head.or_replace, if_not_exists, columns, query: self.span_from(mark) })
    }

    /// From what follows SEQUENCE on.
    pub(super) fn sequence(&mut self, head: CreateHead) -> Option<SequenceDef> {
        let if_clause = self.if_not_exists() || self.if_exists();
        let sequence = self.object_name()?;
        let mut options = Vec::new();
        while !self.at_end() {
            self.eat_punct(b',');
            options.push(self.sequence_option()?);
        }
        Some(SequenceDef { sequence, or_replace: head.or_replace, temporary: head.temporary, if_clause, options })
    }

    fn sequence_option(&mut self) -> Option<TableOption> {
        let mark = self.mark();
        let flag = |name: &str, value: &str| Some((name.to_owned(), value.to_owned()));
        let found = match () {
            () if self.eat("NOCACHE") => flag("cache", "0"),
            () if self.eat("NOCYCLE") => flag("cycle", "0"),
            () if self.eat("CYCLE") => flag("cycle", "1"),
            () if self.eat("NOMINVALUE") => flag("minvalue", "default"),
            () if self.eat("NOMAXVALUE") => flag("maxvalue", "default"),
            () if self.eat("NO") => {
                let name = self.ident()?.value.to_ascii_lowercase();
                let value = if matches!(name.as_str(), "cache" | "cycle") { "0" } else { "default" };
                flag(&name, value)
            }
            () if self.is_any(&["START", "INCREMENT", "MINVALUE", "MAXVALUE", "CACHE", "RESTART", "AS"]) => {
                let name = self.ident()?.value.to_ascii_lowercase();
                self.eat_any(&["WITH", "BY"]);
                self.eat_equal();
                if name == "as" {
                    let data_type = self.data_type()?;
                    flag(&name, data_type.span.of(self.text))
                } else if name == "restart" && (self.at_end() || !self.at_number()) {
                    flag(&name, "")
                } else {
                    flag(&name, &self.option_value()?)
                }
            }
            () => return self.table_option(),
        };
        found.map(|(name, value)| TableOption { span: self.span_from(mark), name, value })
    }

    fn at_number(&self) -> bool {
        self.is_punct(b'-') || self.is_punct(b'+') || self.peek(0).is_some_and(|token| token.kind == TokenKind::Number)
    }

    /// From what follows DATABASE on.
    pub(super) fn database(&mut self, head: CreateHead, alter: bool) -> Option<DatabaseDef> {
        let if_not_exists = self.if_not_exists();
        let comment = self.is("COMMENT")
            && (self.punct_at(1, b'=') || self.peek(1).is_some_and(|next| next.kind == TokenKind::String));
        let unnamed = alter && (comment || self.is_any(&["DEFAULT", "COLLATE"]) || self.is_charset());
        let name: Option<Ident> = if unnamed { None } else { Some(self.ident()?) };
        let mut options = Vec::new();
        if self.eat_all(&["UPGRADE", "DATA", "DIRECTORY", "NAME"]) {
            return Some(DatabaseDef { name, or_replace: false, if_not_exists, options });
        }
        while !self.at_end() {
            self.eat_punct(b',');
            options.push(self.table_option()?);
        }
        Some(DatabaseDef { name, or_replace: head.or_replace, if_not_exists, options })
    }

    /// The body, or `Opaque` where it was not understood to its end.
    pub(super) fn whole<T>(&self, read: Option<T>, body: impl FnOnce(T) -> Body) -> Body {
        match read {
            Some(read) if self.at_end() => body(read),
            _ => Body::Opaque,
        }
    }
}
