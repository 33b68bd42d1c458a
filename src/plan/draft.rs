//! Texts become drafts: statements that are read, judged on the schema that the ones before them leave behind, and
//! not yet decided on. `build` decides.

use std::collections::BTreeSet;

use super::facts::TableName;
use super::{Asked, ConversionWindow, DataCheck, Job, Part, TableCopy, alternatives, data_checks, part, table_copy};
use crate::ddl::ast::{Body, CreateSource, Kind, ObjectName, Statement};
use crate::ddl::model::{Applied, Catalog, Lookup};
use crate::ddl::{
    Compatibility, Judgement, Reason, ServerProfile, SplitPart, WayBack, append_members, judge, rolling, split,
    way_back,
};
use crate::sql::{self, Content, Dialect, Source};

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
    /// Its clauses.
    pub operations: Vec<serde_json::Value>,
    /// What it is to a plan.
    pub part: Part,
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
    pub window: Option<ConversionWindow>,
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
    let mut reader = Reader {
        drafts: Vec::new(),
        session: Vec::new(),
        profile: profile.clone(),
        fresh: BTreeSet::new(),
        database: database.map(ToOwned::to_owned),
        catalog,
    };
    for text in texts {
        reader.read(text, profile.settings.dialect)?;
    }
    Ok(reader.drafts)
}

/// The tables that the texts name, before anything is known about them; what a planner has to look up first.
///
/// # Errors
/// As [`draft`].
pub fn tables_named(
    texts: &[Text],
    database: Option<&str>,
    dialect: Dialect,
) -> Result<BTreeSet<TableName>, Unreadable> {
    let profile = ServerProfile::of(dialect.version);
    let mut catalog = Catalog::new(profile.settings.clone());
    let drafts = draft(texts, database, &mut catalog, &profile)?;
    Ok(drafts.into_iter().flat_map(|draft| draft.tables).collect())
}

struct Reader<'c> {
    drafts: Vec<Draft>,
    session: Vec<String>,
    profile: ServerProfile,
    /// Tables that the plan itself makes, by qualified name in lower case.
    fresh: BTreeSet<String>,
    database: Option<String>,
    catalog: &'c mut Catalog,
}

impl Reader<'_> {
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
        let fresh = name.as_ref().is_some_and(|name| self.fresh.contains(&name.qualified(database).to_lowercase()));
        let applied = self.catalog.apply(&tree, text, database);
        let judgement = judge(&tree, text, &applied, &self.profile);
        let rolling = rolling(&tree, text, &applied, &self.profile);
        let data_checks = questions(&tree, text, name.as_ref(), database, &applied);
        let mut copy = table_copy(&tree, text, database, &self.session, &applied);
        if let Some(Ok(copy)) = &mut copy {
            copy.guards = data_checks.iter().map(|check| check.sql.clone()).collect();
        }
        self.remember_fresh(&tree, database, existed);
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
            operations: tree.operations_json(text),
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
            window: rolling.window.map(ConversionWindow::from),
            way_back: way_back(&tree, &applied, database),
            data_checks,
            copy,
            problems: if part == Part::Change { applied.problems.clone() } else { Vec::new() },
            fresh,
            part,
        });
        if let (Body::Set(assignments), Some(Part::Session)) = (&tree.body, self.drafts.last().map(|draft| &draft.part))
        {
            for assignment in assignments {
                self.profile.set(&assignment.name, assignment.value.of(text));
            }
            self.session.push(text.to_owned());
        }
    }

    fn exists(&self, name: &ObjectName, database: Option<&str>) -> bool {
        !matches!(self.catalog.table(name.database_or(database), &name.name.value), Lookup::Absent)
    }

    /// A table that the plan makes is empty until the plan is over: nobody else knows it yet. One that may have been
    /// there before (IF NOT EXISTS) is not.
    fn remember_fresh(&mut self, tree: &Statement, database: Option<&str>, existed: bool) {
        let Some(name) = tree.objects.first().map(|name| name.qualified(database).to_lowercase()) else { return };
        match &tree.body {
            Body::CreateTable(create) => {
                let filled = matches!(create.source, Some(CreateSource::Query(_)));
                if !filled && (!create.if_not_exists || !existed) {
                    self.fresh.insert(name);
                }
            }
            Body::TruncateTable { .. } => {}
            Body::RenameTable { renames, .. } => {
                for rename in renames {
                    if self.fresh.remove(&rename.from.qualified(database).to_lowercase()) {
                        self.fresh.insert(rename.to.qualified(database).to_lowercase());
                    } else {
                        self.fresh.remove(&rename.to.qualified(database).to_lowercase());
                    }
                }
            }
            _ => {}
        }
    }
}

/// The tables that a statement acts on, each once.
fn tables_of(tree: &Statement, database: Option<&str>) -> Vec<TableName> {
    use Kind as K;
    let of_tables = matches!(
        tree.kind,
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
    );
    if !of_tables {
        return Vec::new();
    }
    let mut tables = Vec::new();
    for name in &tree.objects {
        if let Some(database) = name.database_or(database) {
            let table = TableName::new(database, &name.name.value);
            if !tables.contains(&table) {
                tables.push(table);
            }
        }
    }
    tables
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

fn questions(
    tree: &Statement,
    text: &str,
    name: Option<&ObjectName>,
    database: Option<&str>,
    applied: &Applied,
) -> Vec<DataCheck> {
    let Some((name, database)) = name.and_then(|name| Some((name, name.database_or(database)?))) else {
        return Vec::new();
    };
    let key: Vec<String> = applied
        .before
        .as_deref()
        .and_then(|table| {
            let key = table.primary_key()?;
            Some(key.parts.iter().filter_map(|part| Some(table.column_by_id(part.column)?.name.clone())).collect())
        })
        .unwrap_or_default();
    data_checks(tree, text, applied, Asked { database, table: &name.name.value, key: &key })
}
