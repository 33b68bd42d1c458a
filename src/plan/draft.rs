//! Texts become drafts: statements that are read, judged on the schema that the ones before them leave behind, and
//! not yet decided on. `build` decides.

use std::collections::BTreeSet;

use super::facts::TableName;
use super::local::Local;
use super::origin::{Origins, other_table, touched};
use super::{
    DataCheck, Job, Need, Parent, Part, Plan, Rows, TableCopy, alternatives, data_checks, needs, part, table_copy,
};
use crate::ddl::ast::{Body, Kind, ObjectName, Operation, PartitionOp, Statement};
use crate::ddl::model::{Applied, Catalog, Lookup};
use crate::ddl::{
    Compatibility, Judgement, Reason, ServerProfile, SplitPart, WayBack, Window, append_members, judge, rolling, split,
    way_back,
};
use crate::sql::{self, Content, Dialect, Position, Source};

/// A text with statements.
#[derive(Clone, Debug)]
pub struct Text {
    /// How messages call it: a path, `-`, or `-e`.
    pub name: String,
    /// What stands in it.
    pub bytes: Vec<u8>,
}

/// A text that cannot be planned at all, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {why}")]
pub struct Unreadable {
    /// The text's name.
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// Why, in a sentence.
    pub why: String,
}

/// One statement, read and judged.
#[derive(Clone, Debug)]
pub struct Draft {
    /// 1-based.
    pub index: usize,
    /// The text that it stands in.
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// As it was written.
    pub sql: String,
    /// The default database in force.
    pub database: Option<String>,
    /// The SET statements in force.
    pub session: Vec<String>,
    /// What its head says.
    pub kind: Kind,
    /// What it acts on, for people.
    pub object: Option<String>,
    /// The tables that it concerns, those whose database is known.
    pub tables: Vec<TableName>,
    /// The tables of today in which the rows are that it works on; `None` when it works on none, or nobody knows.
    pub weighs: Option<Vec<TableName>>,
    /// The databases that it drops.
    pub drops: Vec<String>,
    /// Its clauses.
    pub operations: Vec<serde_json::Value>,
    /// What it is to a plan.
    pub part: Part,
    /// Why it would do something else on the other nodes when it is sent to one of them.
    pub stays_here: Option<Reason>,
    /// What the account that runs it must be allowed.
    pub needs: Vec<Need>,
    /// What the server will do.
    pub judgement: Judgement,
    /// What it gives a server to do.
    pub job: Job,
    /// The same in several statements that are cheaper, and what each gives a server to do.
    pub split: Vec<(SplitPart, Job)>,
    /// Whether old and new schema can live side by side.
    pub compatibility: Compatibility,
    /// Why they cannot, where they cannot.
    pub unsafe_because: Vec<Reason>,
    /// What a roll needs for that.
    pub window: Option<Window>,
    /// How to undo it.
    pub way_back: Option<WayBack>,
    /// What it asks the rows.
    pub data_checks: Vec<DataCheck>,
    /// What else would be possible.
    pub alternatives: Vec<Reason>,
    /// What a copying tool would be asked for, or why it is none for this statement; `None` when it is no ALTER TABLE.
    pub copy: Option<Result<TableCopy, Vec<Reason>>>,
    /// Why the server would refuse it.
    pub problems: Vec<String>,
    /// Its table is new in this plan, and empty.
    pub fresh: bool,
}

/// Reads texts, statement by statement. Each is judged on `catalog`, which then follows it.
///
/// # Errors
/// The first place that cannot be planned at all: a command for a client program, an unfinished statement, bytes that
/// are no text.
pub fn draft(
    texts: &[Text],
    database: Option<&str>,
    catalog: &mut Catalog,
    profile: &ServerProfile,
) -> Result<Vec<Draft>, Unreadable> {
    let mut reader = Reader::new(database, catalog, profile);
    for text in texts {
        reader.read(text, profile.settings.dialect)?;
    }
    Ok(reader.drafts)
}

/// Reads the statements of a plan once more, as its texts were read, and judges them on `catalog`, which then follows them.
pub fn redraft(plan: &Plan, catalog: &mut Catalog, profile: &ServerProfile) -> Vec<Draft> {
    let mut reader = Reader::new(None, catalog, profile);
    let initial = profile.settings.dialect;
    let mut dialect = initial;
    let mut file = None;
    for planned in &plan.statements {
        if file.replace(&planned.file) != Some(&planned.file) {
            dialect = initial;
        }
        let statement = sql::Statement {
            text: &planned.sql,
            offset: 0,
            position: Position { line: planned.line, column: 1 },
            database: None,
            dialect,
            unfinished: false,
        };
        reader.database.clone_from(&planned.database);
        reader.statement(&planned.file, &statement);
        if planned.kind == Kind::Set.name() {
            dialect = sql::dialect_after_set(&statement, initial);
        }
    }
    reader.drafts
}

/// What statements name: what a planner has to look up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Tables.
    pub tables: BTreeSet<TableName>,
    /// Databases that are dropped, with whatever they hold.
    pub dropped: BTreeSet<String>,
}

impl Named {
    /// What these drafts name, whatever they were judged on.
    pub fn by(drafts: Vec<Draft>) -> Self {
        let mut named = Self::default();
        for draft in drafts {
            named.tables.extend(draft.tables);
            named.dropped.extend(draft.drops);
        }
        named
    }
}

/// What the texts name, before anything is known about it.
///
/// # Errors
/// As [`draft`].
pub fn named(texts: &[Text], database: Option<&str>, dialect: Dialect) -> Result<Named, Unreadable> {
    let profile = ServerProfile::of(dialect.version);
    let mut catalog = Catalog::new(profile.settings.clone());
    draft(texts, database, &mut catalog, &profile).map(Named::by)
}

struct Reader<'c> {
    drafts: Vec<Draft>,
    session: Vec<String>,
    profile: ServerProfile,
    /// As the servers have it, whatever the session sets.
    global: ServerProfile,
    local: Local,
    origins: Origins,
    database: Option<String>,
    catalog: &'c mut Catalog,
}

impl<'c> Reader<'c> {
    fn new(database: Option<&str>, catalog: &'c mut Catalog, profile: &ServerProfile) -> Self {
        Self {
            drafts: Vec::new(),
            session: Vec::new(),
            profile: profile.clone(),
            global: profile.clone(),
            local: Local::default(),
            origins: Origins::default(),
            database: database.map(ToOwned::to_owned),
            catalog,
        }
    }

    fn read(&mut self, text: &Text, dialect: Dialect) -> Result<(), Unreadable> {
        let source = Source::new(&text.bytes);
        let script = sql::split(source.text(), &dialect);
        let unreadable = |offset: usize, why: String| {
            let at = script.position(offset);
            Unreadable { file: text.name.clone(), line: at.line, column: at.column, why }
        };
        for piece in script.pieces() {
            if let Some(bad) =
                source.first_invalid(piece.span.clone()).filter(|_| !matches!(piece.content, Content::Trivia(_)))
            {
                return Err(unreadable(bad, "This byte is not UTF-8; convert the file first.".to_owned()));
            }
            match piece.content {
                Content::Client(command) => {
                    if let Some(refusal) = command.refusal {
                        return Err(unreadable(piece.span.start, refusal));
                    }
                }
                Content::Statement(statement) if statement.unfinished => {
                    let why = "This statement does not end: a quote, a comment or a BEGIN .. END is still open at the end of the file.";
                    return Err(unreadable(statement.offset, why.to_owned()));
                }
                Content::Statement(statement) => self.statement(&text.name, &statement),
                Content::Trivia(_) | Content::Delimiter => {}
            }
        }
        Ok(())
    }

    fn statement(&mut self, file: &str, statement: &sql::Statement<'_>) {
        if let Some(database) = &statement.database {
            self.database = Some(database.to_string());
        }
        let database = self.database.clone();
        let database = database.as_deref();
        let tree = crate::ddl::parse(statement.text, statement.dialect);
        let text = statement.text;
        let part = part(&tree);
        let name = tree.objects.first().cloned();
        let existed = name.as_ref().is_none_or(|name| self.exists(name, database));
        self.origins.touch(&touched(&tree), database, self.catalog);
        let rows = name.as_ref().map_or(Rows::Unknown, |name| self.origins.of(name, database, self.catalog));
        let weighs = self.weighs(&tree, database);
        let applied = self.catalog.apply(&tree, text, database);
        let judgement = judge(&tree, text, &applied, &self.profile);
        let rolling = rolling(&tree, text, &applied, &self.profile);
        // A parent without a database is of the child's.
        let home = name.as_ref().and_then(|name| name.database_or(database));
        let parent = |name: &ObjectName| Parent {
            rows: self.origins.of(name, home, self.catalog),
            table: self.catalog.table(name.database_or(home), &name.name.value).table().cloned(),
        };
        let data_checks = data_checks(&tree, text, &applied, &rows, &parent);
        let mut copy = table_copy(&tree, text, database, &self.session, &applied);
        if let Some(Ok(copy)) = &mut copy {
            // They are asked when the statements before have run: the table is then as the statement meets it.
            let there = Rows::In(TableName::new(&copy.database, &copy.table), applied.before.clone());
            let by_then = data_checks_then(&tree, text, &applied, &there, home);
            copy.guards = by_then.into_iter().filter(|check| check.blind.is_none()).map(|check| check.sql).collect();
        }
        self.origins.follow(&tree, database, existed);
        self.drafts.push(Draft {
            index: self.drafts.len() + 1,
            file: file.to_owned(),
            line: statement.position.line,
            column: statement.position.column,
            sql: text.to_owned(),
            database: database.map(ToOwned::to_owned),
            session: self.session.clone(),
            kind: tree.kind,
            object: name.as_ref().map(|name| name.qualified(database)),
            tables: tables_of(&tree, database),
            weighs,
            drops: databases_dropped(&tree),
            operations: tree.operations_json(text),
            needs: if part == Part::Change { needs(&tree, text, statement.dialect, database) } else { Vec::new() },
            job: Job::of(&tree, &applied, &judgement),
            alternatives: alternatives(
                &tree,
                append_members(&tree, text, &applied, &judgement, &self.profile),
                copy.as_ref().and_then(|copy| copy.as_ref().ok()),
            ),
            split: parts(&tree, text, &applied, &judgement, &self.profile),
            judgement,
            compatibility: rolling.compatibility,
            unsafe_because: rolling.why,
            window: rolling.window,
            way_back: way_back(&tree, &applied, database),
            data_checks,
            copy,
            problems: if part == Part::Change { applied.problems.clone() } else { Vec::new() },
            fresh: rows == Rows::Nowhere,
            stays_here: self.local.against(&tree),
            part,
        });
        if let (Body::Set(assignments), Some(Part::Session)) = (&tree.body, self.drafts.last().map(|draft| &draft.part))
        {
            for assignment in assignments {
                self.profile.set(&assignment.name, assignment.value.of(text));
            }
            self.local.follow(assignments, text, &self.global);
            self.session.push(text.to_owned());
        }
    }

    fn exists(&self, name: &ObjectName, database: Option<&str>) -> bool {
        !matches!(self.catalog.table(name.database_or(database), &name.name.value), Lookup::Absent)
    }

    /// The tables of today in which the rows are that a statement works on.
    fn weighs(&self, tree: &Statement, database: Option<&str>) -> Option<Vec<TableName>> {
        // What partition maintenance reads of another table is all that it reads.
        let read: Vec<&ObjectName> =
            others(tree).filter(|(op, _)| op.reads_the_other()).map(|(_, table)| table).collect();
        let names = if read.is_empty() { tree.objects.iter().collect() } else { read };
        if names.is_empty() || !of_tables(tree.kind) {
            return None;
        }
        let mut tables = Vec::new();
        for name in names {
            tables.extend(self.origins.of(name, database, self.catalog).tables()?);
        }
        tables.sort();
        tables.dedup();
        Some(tables)
    }
}

/// The tables besides its own that a statement's partitions change hands with.
fn others(tree: &Statement) -> impl Iterator<Item = (&PartitionOp, &ObjectName)> {
    tree.operations().into_iter().filter_map(|operation| match operation {
        Operation::Partition(op) => Some((&**op, other_table(op)?)),
        _ => None,
    })
}

fn databases_dropped(tree: &Statement) -> Vec<String> {
    match &tree.body {
        Body::Drop(drop) if tree.kind == Kind::DropDatabase => {
            drop.names.iter().map(|name| name.name.value.clone()).collect()
        }
        _ => Vec::new(),
    }
}

/// The tables that a statement acts on, each once.
fn tables_of(tree: &Statement, database: Option<&str>) -> Vec<TableName> {
    if !of_tables(tree.kind) {
        return Vec::new();
    }
    let mut tables = Vec::new();
    for name in tree.objects.iter().chain(others(tree).map(|(_, table)| table)) {
        if let Some(database) = name.database_or(database) {
            let table = TableName::new(database, &name.name.value);
            if !tables.contains(&table) {
                tables.push(table);
            }
        }
    }
    tables
}

/// Whether what a statement of that kind names is tables.
fn of_tables(kind: Kind) -> bool {
    use Kind as K;
    matches!(
        kind,
        K::AlterTable
            | K::CreateTable
            | K::DropTable
            | K::RenameTable
            | K::TruncateTable
            | K::CreateIndex
            | K::DropIndex
            | K::OptimizeTable
            | K::AnalyzeTable
            | K::RepairTable
    )
}

fn parts(
    tree: &Statement,
    text: &str,
    applied: &Applied,
    judgement: &Judgement,
    profile: &ServerProfile,
) -> Vec<(SplitPart, Job)> {
    let parts = split(tree, text, applied, judgement, profile);
    let with_job = |part: SplitPart| {
        let job = Job::of(&part.statement, &part.applied, &part.judgement);
        (part, job)
    };
    parts.into_iter().map(with_job).collect()
}

/// What a statement asks of the rows once the statements before it have run.
fn data_checks_then(
    tree: &Statement,
    text: &str,
    applied: &Applied,
    rows: &Rows,
    home: Option<&str>,
) -> Vec<DataCheck> {
    let parent = |name: &ObjectName| Parent {
        rows: Rows::In(TableName::new(name.database_or(home).unwrap_or_default(), &name.name.value), None),
        table: None,
    };
    data_checks(tree, text, applied, rows, &parent)
}
