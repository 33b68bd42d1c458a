//! A file as rules see it.

use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;

use super::context::{Context, Stall};
use super::cost::{Cost, clause_cost, cost};
use super::deeds::{Deed, Deeds};
use super::framework::{Direction, Layout};
use super::rule::Rule;
use super::tables::{Moment, Tables};
use crate::ddl::ast::{AlterTable, Body, Class, Clause, Ident, KeyDef, Kind, ObjectName, Scope, Statement};
use crate::ddl::model::{Catalog, Lookup, Table};
use crate::ddl::{self, Algorithm, ServerProfile};
use crate::sql::{Dialect, Span, Token, split};

/// A file, read once for all rules.
#[derive(Debug)]
pub struct Script<'a> {
    /// The path, with `/` between its parts.
    pub path: &'a str,
    /// The text as it was read.
    pub text: &'a str,
    /// What the file's framework makes of it.
    pub layout: Layout,
    /// What is known besides the file.
    pub context: &'a Context,
    /// The statements in order.
    pub units: Vec<Unit<'a>>,
    code: &'a str,
    tables: Tables,
    deeds: Deeds,
}

/// One statement with what is known where it stands.
#[derive(Debug)]
pub struct Unit<'a> {
    /// Where its text begins in the file.
    pub offset: usize,
    /// Its text, from the first to the last byte that means something to the server.
    pub sql: &'a str,
    /// What it says.
    pub ast: Statement,
    /// How it is read.
    pub dialect: Dialect,
    /// The default database.
    pub database: Option<Arc<str>>,
    /// Up or down.
    pub direction: Direction,
    /// The file ended within it.
    pub unfinished: bool,
    /// The table that it is about, as it is before it, where all of it is known: from `--schema`, or because the file
    /// made it.
    pub before: Option<Arc<Table>>,
    /// The same table behind it.
    pub after: Option<Arc<Table>>,
    /// What the server is like for it, as far as the file's own SET statements say.
    pub profile: Arc<ServerProfile>,
    cost: OnceCell<Option<Cost>>,
    moment: Moment,
}

impl<'a> Script<'a> {
    /// Reads a file. `code` is the text with what only the framework understands blanked out; both have the same
    /// length.
    pub(super) fn read(path: &'a str, text: &'a str, code: &'a str, context: &'a Context) -> Self {
        let layout = Layout::read(path, text);
        let (mut tables, mut deeds) = (Tables::default(), Deeds::default());
        let mut profile = Arc::new(context.profile());
        let mut catalog = Catalog::new(context.settings());
        let mut units: Vec<Unit<'a>> = Vec::new();
        for statement in split(code, &context.dialect()).statements() {
            let ast = ddl::parse(statement.text, statement.dialect);
            let direction = layout.direction(statement.offset);
            let moment = Moment { statement: units.len(), direction };
            if units.last().is_some_and(|last: &Unit<'_>| last.direction != direction) {
                catalog = Catalog::new(context.settings());
            }
            let (before, after) = follow(&mut catalog, context, &ast, statement.text, statement.database.as_deref());
            tables.apply(&ast, statement.database.as_deref(), moment);
            deeds.apply(&ast, moment);
            if let Body::Set(assignments) = &ast.body {
                let profile = Arc::make_mut(&mut profile);
                for assignment in assignments.iter().filter(|assignment| assignment.scope == Scope::Session) {
                    profile.set(&assignment.name, assignment.value.of(statement.text));
                }
            }
            units.push(Unit {
                offset: statement.offset,
                sql: statement.text,
                ast,
                dialect: statement.dialect,
                database: statement.database,
                direction,
                unfinished: statement.unfinished,
                before,
                after,
                profile: Arc::clone(&profile),
                cost: OnceCell::new(),
                moment,
            });
        }
        Self { path, text, layout, context, units, code, tables, deeds }
    }

    /// Whether the file created the table itself before this statement, so that it holds no rows but the file's own and
    /// no application knows it.
    pub fn is_new(&self, unit: &Unit<'_>, table: &ObjectName) -> bool {
        self.tables.is_new(table, unit.database.as_deref(), unit.moment)
    }

    /// Whether a statement before this one does that to the name.
    pub fn done_before(&self, unit: &Unit<'_>, deed: Deed, name: &Ident) -> bool {
        self.deeds.before(deed, &name.value, unit.moment)
    }

    /// Whether a statement behind this one does that to the name.
    pub fn done_behind(&self, unit: &Unit<'_>, deed: Deed, name: &Ident) -> bool {
        self.deeds.behind(deed, &name.value, unit.moment)
    }

    /// ALTER TABLE statements of tables that hold rows already.
    pub fn alters(&self) -> impl Iterator<Item = (&Unit<'a>, &AlterTable)> {
        self.units.iter().filter_map(|unit| match &unit.ast.body {
            Body::AlterTable(alter) if !self.is_new(unit, &alter.table) => Some((unit, &**alter)),
            _ => None,
        })
    }

    /// The definition of the table that a statement is about, as it is before it.
    pub fn definition<'u>(&self, unit: &'u Unit<'_>) -> Option<&'u Table> {
        unit.before.as_deref()
    }

    /// What a statement costs on a table that holds rows; `None` where the notion does not apply.
    pub fn cost<'u>(&self, unit: &'u Unit<'_>) -> Option<&'u Cost> {
        let cost = unit.cost.get_or_init(|| {
            let table = unit.ast.objects.first()?;
            let works =
                matches!(unit.ast.kind, Kind::AlterTable | Kind::CreateIndex | Kind::DropIndex | Kind::OptimizeTable);
            if !works || self.is_new(unit, table) {
                return None;
            }
            cost(&unit.ast, unit.sql, unit.before.as_ref(), &unit.profile)
        });
        cost.as_ref()
    }

    /// The same for one clause, as if it stood alone.
    pub fn clause_cost(&self, unit: &Unit<'_>, clause: &Clause) -> Option<Cost> {
        clause_cost(&unit.ast, clause, unit.sql, unit.before.as_ref(), &unit.profile)
    }

    /// Whether the statement's table is known to be so small that even writing all of it anew is no stall.
    pub fn is_small(&self, unit: &Unit<'_>) -> bool {
        self.stall(unit, Algorithm::Copy).is_some_and(|stall| stall.acceptable)
    }

    /// How long the cluster's writes wait if the statement takes this algorithm, where the table's size is known.
    pub fn stall(&self, unit: &Unit<'_>, algorithm: Algorithm) -> Option<Stall> {
        let table = unit.ast.objects.first()?;
        self.context.stall(self.context.size(table, unit.database.as_deref()), algorithm)
    }

    /// Every comment, as bytes of the file.
    pub fn comments(&self) -> impl Iterator<Item = Range<usize>> {
        split(self.code, &self.context.dialect()).comments()
    }

    /// Whether a rule had what it needs to speak about this file. Silence means nothing otherwise.
    pub fn could_know(&self, rule: &Rule) -> bool {
        !rule.needs_context
            || (self.context.schema.is_some() && self.context.version.is_some() && self.context.stats.is_some())
    }

    /// Every clause of [`Script::alters`].
    pub fn clauses(&self) -> impl Iterator<Item = (&Unit<'a>, &AlterTable, &Clause)> {
        self.alters().flat_map(|(unit, alter)| alter.clauses.iter().map(move |clause| (unit, alter, clause)))
    }

    /// Every key that is added to a table that holds rows already, by ALTER TABLE or CREATE INDEX.
    pub fn added_keys(&self) -> impl Iterator<Item = (&Unit<'a>, &ObjectName, &KeyDef)> {
        use crate::ddl::ast::Operation::AddKey;
        let altered = self.clauses().filter_map(|(unit, alter, clause)| match &clause.operation {
            AddKey(key) => Some((unit, &alter.table, &**key)),
            _ => None,
        });
        let created = self.units.iter().filter_map(|unit| match &unit.ast.body {
            Body::CreateIndex(create) if !self.is_new(unit, &create.table) => Some((unit, &create.table, &create.key)),
            _ => None,
        });
        altered.chain(created)
    }
}

/// Lets the catalog follow a statement, and gives its table before and behind it.
fn follow(
    catalog: &mut Catalog,
    context: &Context,
    ast: &Statement,
    text: &str,
    database: Option<&str>,
) -> (Option<Arc<Table>>, Option<Arc<Table>>) {
    if ast.kind.class() != Class::Ddl {
        return (None, None);
    }
    // Tables are taken over from the context only when they are named: a schema may hold thousands of them.
    if let Some(schema) = &context.schema {
        for name in &ast.objects {
            let database = name.database_or(database);
            if catalog.table(database, &name.name.value) == Lookup::Unknown
                && let Lookup::Known(table) = schema.table(database, &name.name.value)
            {
                let mut table = Table::clone(table);
                table.database = database.map(str::to_owned);
                catalog.insert(table);
            }
        }
    }
    let applied = catalog.apply(ast, text, database);
    let whole = |table: Option<Arc<Table>>| table.filter(|table| !table.incomplete);
    (whole(applied.before), whole(applied.after))
}

impl Unit<'_> {
    /// A place of the statement as bytes of the file.
    pub fn range(&self, span: Span) -> Range<usize> {
        self.offset + span.start as usize..self.offset + span.end as usize
    }

    /// The whole statement.
    pub fn whole(&self) -> Range<usize> {
        self.offset..self.offset + self.sql.len()
    }

    /// From the statement's first word to the name of what it is about: what to point at when no clause is to blame.
    pub fn head(&self) -> Range<usize> {
        let named = self.ast.objects.first().map(|name| self.range(name.span()));
        match named {
            Some(name) if name.end > self.offset => self.offset..name.end,
            _ => {
                let second = self.tokens().get(1).map_or(self.sql.len(), |token| token.span.end as usize);
                self.offset..self.offset + second
            }
        }
    }

    /// The tokens that the server sees.
    pub fn tokens(&self) -> Vec<Token> {
        crate::sql::tokens(self.sql, self.dialect)
    }

    /// The text of a place.
    pub fn text(&self, span: Span) -> &str {
        span.of(self.sql)
    }

    /// `db.table`, or what is known of it, in the quotes in which messages name things.
    pub fn quoted(&self, table: &ObjectName) -> String {
        format!("`{}`", table.qualified(None))
    }
}

/// A name in the quotes in which messages name things.
pub(super) fn quoted(name: &Ident) -> String {
    format!("`{}`", name.value)
}

/// Whether two names of columns or keys are the same to the server, which compares them without case.
pub(super) fn same_name(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || (!a.is_ascii() && a.to_lowercase() == b.to_lowercase())
}
