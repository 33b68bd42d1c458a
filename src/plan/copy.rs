//! What Percona Toolkit's pt-online-schema-change is asked for: a second table with the new definition, filled in chunks
//! while triggers on the old one keep it in step. The tool only copies; the tables are swapped by the run itself, once
//! the copy was seen to be whole (docs/run.md).
//!
//! Read from the tool's source, 3.2.1: it copies with `INSERT IGNORE`, so what a key, a foreign key or a type does not
//! take is left out or cut without an error; it finds renames with a pattern; it renames every constraint of the copy.

use serde::{Deserialize, Serialize};

use crate::ddl::ast::{AlterTable, Body, Operation, Statement};
use crate::ddl::model::{Applied, Catalog, Key, KeyKind, Settings, Table};
use crate::ddl::{Condition, Reason};
use crate::sql::quote_name as quote;

/// The tool's name, as it is looked for in PATH.
pub const COPY_TOOL: &str = "pt-online-schema-change";

/// Accepting this code allows a copy on which a key is unique that was not so before.
pub const COPY_MAY_DROP_ROWS: &str = "copy-may-drop-rows";
/// Accepting this code allows a copy of a table whose constraints get other names by it.
pub const CONSTRAINTS_RENAMED: &str = "constraints-renamed";

/// A change that the tool can make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableCopy {
    /// The table's database.
    pub database: String,
    /// The table.
    pub table: String,
    /// The clauses of the statement, without ALGORITHM and LOCK.
    pub alter: String,
    /// A key of the copy is unique in a way that the table's is not.
    pub adds_unique: bool,
    /// Queries that return a row as soon as some row of the table would be left out of the copy, or cut. They are asked
    /// while the plan is made, and once more before the tables are swapped.
    #[serde(default)]
    pub guards: Vec<String>,
    /// The table has constraints with names.
    pub renames_constraints: bool,
}

/// A clause that is not for this tool, and why.
type Objection = &'static str;

/// What the tool would be asked for, or why it is no tool for this statement; `None` when it is no ALTER TABLE.
/// `text` is the statement's own, `session` the SET statements in force.
pub fn table_copy(
    statement: &Statement,
    text: &str,
    database: Option<&str>,
    session: &[String],
    applied: &Applied,
) -> Option<Result<TableCopy, Vec<Reason>>> {
    let Body::AlterTable(alter) = &statement.body else { return None };
    let mut objections: Vec<Reason> = Vec::new();
    let mut object = |code: &str, text: &str| {
        if objections.iter().all(|known| known.text != text) {
            objections.push(Reason { code: code.to_owned(), text: text.to_owned() });
        }
    };
    let name = &alter.table;
    let (database, table) = (name.database_or(database).unwrap_or_default(), name.name.value.as_str());
    if !is_plain(database) || !is_plain(table) {
        object("copy-name", "The tool's own notation takes names of letters, digits, `_` and `-` only.");
    }
    if !session.is_empty() {
        object(
            "copy-clause",
            "A SET statement is in force, and the tool's own session would not have it; leave it out.",
        );
    }
    if alter.ignore {
        object("copy-clause", "IGNORE drops rows that violate a key; no copy is compared with such a table.");
    }
    for operation in alter.operations() {
        if let Some(why) = objection(operation) {
            object("copy-clause", why);
        }
    }
    if dropped_and_added(alter) {
        object(
            "copy-clause",
            "A column that is dropped and added again would keep its old values in the copy; use two statements.",
        );
    }
    let clauses = clauses(alter, text);
    if clauses.is_empty() {
        object("copy-clause", "There is no clause for the tool to apply.");
    }
    match (applied.before.as_deref(), applied.after.as_deref()) {
        (Some(before), Some(after)) if !before.incomplete && !after.incomplete => {
            for why in of_tables(before, after) {
                object("copy-table", why);
            }
        }
        _ => object("missing-fact", "The table's definition is not known, so at worst it has no key to copy it by."),
    }
    if !objections.is_empty() {
        return Some(Err(objections));
    }
    let (before, after) = (applied.before.as_deref()?, applied.after.as_deref()?);
    Some(Ok(TableCopy {
        database: database.to_owned(),
        table: table.to_owned(),
        alter: clauses,
        adds_unique: after.keys.iter().any(|key| is_newly_unique(key, before, after)),
        guards: Vec::new(),
        renames_constraints: !before.foreign_keys.is_empty() || before.checks.iter().any(|it| it.column.is_none()),
    }))
}

impl TableCopy {
    /// What has to be accepted by name.
    pub fn conditions(&self) -> Vec<Condition> {
        let mut conditions = Vec::new();
        let mut add = |code: &str, text: &str| {
            conditions.push(Condition { code: code.to_owned(), text: text.to_owned() });
        };
        if self.adds_unique {
            add(
                COPY_MAY_DROP_ROWS,
                "The application writes no two rows that agree in the new unique key until the change is over: the tool \
                 copies with INSERT IGNORE and REPLACE, which keep one of them and drop the others without an error. The rows \
                 were asked for duplicates, and are asked again and counted before the tables are swapped; what is \
                 written in that last moment is not.",
            );
        }
        if self.renames_constraints {
            add(
                CONSTRAINTS_RENAMED,
                "The foreign keys and checks of the table get other names: the tool puts `_` before each, or takes it away.",
            );
        }
        conditions
    }

    /// Everything that the tool is given besides the way to log in. `load` is how many threads may run on the node
    /// before it waits; at four times as many it gives up.
    pub fn arguments(&self, new_table: &str, load: u64) -> Vec<String> {
        let mut arguments: Vec<String> = [
            // What stands in configuration files of the toolkit must not change what is done here; this goes first.
            "--config",
            "/dev/null",
            "--alter",
            self.alter.as_str(),
            "--execute",
            "--new-table-name",
            new_table,
            // The run itself swaps the tables and clears away.
            "--no-swap-tables",
            "--no-drop-new-table",
            "--no-drop-triggers",
            // Asynchronous replicas are not looked for: the tool would log in to them.
            "--recursion-method",
            "none",
            "--no-version-check",
            "--max-flow-ctl",
            MAX_FLOW_CONTROL,
            "--chunk-time",
            CHUNK_SECONDS,
            "--tries",
            "copy_rows:1000:0.1",
            "--set-vars",
            "lock_wait_timeout=5,max_statement_time=0",
            "--progress",
            "time,1",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push("--max-load".to_owned());
        arguments.push(format!("Threads_running={load}"));
        arguments.push("--critical-load".to_owned());
        arguments.push(format!("Threads_running={}", load * 4));
        if self.adds_unique {
            arguments.push("--no-check-unique-key-change".to_owned());
        }
        arguments
    }

    /// The command that does the same, swap included, for a person who runs it by hand.
    pub fn command(&self) -> String {
        let unique = if self.adds_unique { "--no-check-unique-key-change " } else { "" };
        format!(
            "{COPY_TOOL} --alter {} --max-flow-ctl {MAX_FLOW_CONTROL} --chunk-time {CHUNK_SECONDS} {unique}--recursion-method none \
             --no-version-check --execute D={},t={}",
            shell_word(&self.alter),
            self.database,
            self.table
        )
    }

    /// The names of the tool's triggers on the table, as its source makes them.
    pub fn triggers(&self) -> [String; 3] {
        let prefix: String = format!("pt_osc_{}_{}", self.database, self.table)
            .chars()
            .map(|char| if char.is_ascii_alphanumeric() { char } else { '_' })
            .take(60)
            .collect();
        ["ins", "upd", "del"].map(|event| format!("{prefix}_{event}"))
    }

    /// What is wrong with the copy's definition, both as SHOW CREATE TABLE prints them; `None` when it is the one that the
    /// clauses make of the table.
    pub fn misfit(&self, table: &str, copy: &str, settings: &Settings) -> Option<String> {
        let known = |sql: &str| {
            let mut catalog = Catalog::new(settings.clone());
            let tree = crate::ddl::parse(sql, settings.dialect);
            catalog.apply(&tree, sql, Some(&self.database)).after.map(|table| (catalog, table))
        };
        let unread = || Some("its definition could not be read".to_owned());
        let Some((mut catalog, _)) = known(table) else { return unread() };
        let statement = format!("ALTER TABLE {} {}", quote(&self.table), self.alter);
        let tree = crate::ddl::parse(&statement, settings.dialect);
        let planned = catalog.apply(&tree, &statement, Some(&self.database)).after;
        let (Some(planned), Some((_, copy))) = (planned, known(copy)) else { return unread() };
        let (planned, copy) = (shape(&planned), shape(&copy));
        let missing = planned.iter().find(|one| !copy.contains(one));
        let extra = copy.iter().find(|one| !planned.contains(one));
        match (missing, extra) {
            (None, None) => None,
            (Some(missing), Some(extra)) => Some(format!("it has {extra}, and the plan has {missing}")),
            (Some(missing), None) => Some(format!("it has no {missing}")),
            (None, Some(extra)) => Some(format!("it has {extra}, which the plan has not")),
        }
    }
}

/// A word as a person would have to type it.
pub(crate) fn shell_word(word: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_=:.,/".contains(char);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The tool waits while the node spends more of its time in flow control. Percent.
const MAX_FLOW_CONTROL: &str = "10";
/// How long one chunk takes. A write from another node to a row of a chunk that is being copied ends the chunk (error 1213),
/// and the tool tries it again as long as it was: at 0.2 s and 500 writes a second 100,000 rows took a minute in one run of
/// two, and at this length 2.4 to 6.5 s in four. Its own default is 0.5 s.
const CHUNK_SECONDS: &str = "0.02";

/// What is compared of a definition: what matters to rows, and nothing that two ways of writing it could show differently.
fn shape(table: &Table) -> Vec<String> {
    let columns = table.columns.iter().enumerate().map(|(at, column)| {
        format!("column {} `{}` {}", at + 1, column.name.to_lowercase(), column.data_type)
            + if column.nullable { "" } else { " NOT NULL" }
            + if column.generated.is_some() { " generated" } else { "" }
    });
    let keys = table.keys.iter().map(|key| {
        let columns: Vec<String> = key
            .parts
            .iter()
            .map(|part| table.column_by_id(part.column).map_or_else(String::new, |column| column.name.to_lowercase()))
            .collect();
        format!("key {:?} `{}` ({})", key.kind, key.name.to_lowercase(), columns.join(", "))
    });
    columns.chain(keys).collect()
}

/// Names that mean the same to the tool's DSN, to DBI, and to the tool's own patterns.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-'))
}

/// The clauses as they were written, without hints.
fn clauses(alter: &AlterTable, text: &str) -> String {
    let hint = |operation: &Operation| matches!(operation, Operation::Algorithm(_) | Operation::Lock(_));
    let written = alter.clauses.iter().filter(|clause| !hint(&clause.operation)).map(|clause| {
        let written = clause.span.of(text);
        // In ADD COLUMN (a INT, b INT) the columns stand without their verb.
        let bare = matches!(clause.operation, Operation::AddColumn { .. })
            && !written.get(..3).is_some_and(|verb| verb.eq_ignore_ascii_case("add"));
        if bare { format!("ADD COLUMN {written}") } else { written.to_owned() }
    });
    written.collect::<Vec<_>>().join(", ")
}

fn dropped_and_added(alter: &AlterTable) -> bool {
    alter.operations().any(|one| {
        let Operation::DropColumn { name, .. } = one else { return false };
        alter.operations().any(|other| {
            matches!(other, Operation::AddColumn { column, .. } if column.name.value.eq_ignore_ascii_case(&name.value))
        })
    })
}

/// Why a second table with triggers on the first does not end where the clause would.
fn objection(operation: &Operation) -> Option<Objection> {
    const RENAME: Objection = "A column's rename changes definitions only: send it as a statement of its own. The tool finds \
         renames with a pattern, and leaves the values of one that it does not see behind.";
    Some(match operation {
        Operation::RenameTable(_) => "The tool itself gives the copy the table's name; rename the table afterwards.",
        Operation::RenameColumn { .. } => RENAME,
        Operation::ChangeColumn { old, column, .. } if !old.value.eq_ignore_ascii_case(&column.name.value) => RENAME,
        Operation::DropPrimaryKey { .. } => {
            "The tool follows deleted rows by the primary key; without it they could stay in the copy."
        }
        Operation::DropKey { name, .. } if name.value.eq_ignore_ascii_case("primary") => {
            "The tool follows deleted rows by the primary key; without it they could stay in the copy."
        }
        Operation::AddForeignKey(_) => {
            "Rows without a parent are left out of the copy without an error; add the foreign key afterwards."
        }
        Operation::DropForeignKey { .. } | Operation::DropConstraint { .. } => {
            "The tool gives the constraints of the copy other names, so this one is not found there; drop it in a statement \
             of its own, which changes definitions only."
        }
        Operation::AddColumn { column, .. } if column.auto_increment => {
            "The numbers would be given in the order of the copy, and anew to rows that are written meanwhile."
        }
        Operation::AddColumn { column, .. } if column.references.is_some() => {
            "Rows without a parent are left out of the copy without an error; add the foreign key afterwards."
        }
        Operation::AddColumn { column, .. }
            if column.nullable == Some(false) && column.default.is_none() && column.generated.is_none() =>
        {
            "The new column is NOT NULL and has no DEFAULT: the tool's triggers do not name it, so every write of the \
             application to the table would fail. Give it a DEFAULT."
        }
        Operation::AddSystemVersioning
        | Operation::DropSystemVersioning
        | Operation::AddPeriod { .. }
        | Operation::DropPeriod { .. } => "A copy through triggers does not keep a table's history.",
        Operation::DiscardTablespace | Operation::ImportTablespace => "It concerns the table's own files.",
        Operation::Partition(_) => "It concerns partitions of the table that is there; the copy is filled anew.",
        Operation::Keys(_) => "It only concerns a table that is there already.",
        Operation::Opaque => "A clause was not understood, so nothing can be said about a copy of it.",
        _ => return None,
    })
}

/// What stands against the table itself, before and after.
fn of_tables(before: &Table, after: &Table) -> Vec<Objection> {
    let mut found = Vec::new();
    if !before.is_innodb() || !after.is_innodb() {
        found.push("Triggers write to the copy in the application's own transactions, so both tables must be InnoDB.");
    }
    if before.versioning.is_some() || !before.periods.is_empty() {
        found.push("A copy through triggers does not keep a table's history.");
    }
    if before.clustered_key().is_none() || after.clustered_key().is_none() {
        found.push(
            "The tool copies and follows rows by a primary key, or a unique key of NOT NULL columns; there is none.",
        );
    }
    if before.clustered_key().is_some_and(|key| key.parts.iter().any(|part| after.column_by_id(part.column).is_none()))
    {
        found.push("A column of the primary key goes away; deleted rows could stay in the copy.");
    }
    found
}

/// Whether rows that the table takes could collide in this key of the copy.
fn is_newly_unique(key: &Key, before: &Table, after: &Table) -> bool {
    if !matches!(key.kind, KeyKind::Primary | KeyKind::Unique) {
        return false;
    }
    let as_before = before.keys.iter().any(|old| {
        matches!(old.kind, KeyKind::Primary | KeyKind::Unique) && old.id == key.id && old.parts == key.parts
    });
    let same_values =
        key.parts.iter().all(|part| match (before.column_by_id(part.column), after.column_by_id(part.column)) {
            (Some(old), Some(new)) => old.data_type == new.data_type && old.generated == new.generated,
            _ => false,
        });
    !(as_before && same_values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{Dialect, ServerVersion};

    const TABLE: &str = "CREATE TABLE `t` (`id` int(11) NOT NULL, `a` varchar(10) DEFAULT NULL, `b` int(11) DEFAULT NULL, \
        PRIMARY KEY (`id`), UNIQUE KEY `ub` (`b`), CONSTRAINT `positive` CHECK (`b` > 0)) ENGINE=InnoDB";

    fn settings() -> Settings {
        Settings::of(ServerVersion::new(10, 11, 19))
    }

    fn copy_of(table: &str, sql: &str, session: &[String]) -> Result<TableCopy, Vec<Reason>> {
        let mut catalog = Catalog::new(settings());
        let dialect = Dialect::new(ServerVersion::new(10, 11, 19));
        catalog.apply(&crate::ddl::parse(table, dialect), table, Some("app"));
        let tree = crate::ddl::parse(sql, dialect);
        let applied = catalog.apply(&tree, sql, Some("app"));
        table_copy(&tree, sql, Some("app"), session, &applied).unwrap()
    }

    fn copy(sql: &str) -> Result<TableCopy, Vec<Reason>> {
        copy_of(TABLE, sql, &[])
    }

    #[test]
    fn hints_go_and_columns_in_parentheses_get_their_verb() {
        let copy = copy("ALTER TABLE t ADD COLUMN (c INT, d INT), ALGORITHM=INPLACE, MODIFY a VARCHAR(20), LOCK=NONE")
            .unwrap();
        assert_eq!(copy.alter, "ADD COLUMN c INT, ADD COLUMN d INT, MODIFY a VARCHAR(20)");
        assert!(copy.renames_constraints && !copy.adds_unique);
    }

    #[test]
    fn what_the_copy_would_not_hold_is_refused() {
        for sql in [
            "RENAME TO u",
            "RENAME COLUMN a TO c",
            "CHANGE a c VARCHAR(10)",
            "DROP PRIMARY KEY",
            "DROP KEY `PRIMARY`",
            "ADD FOREIGN KEY (b) REFERENCES p (id)",
            "DROP CONSTRAINT positive",
            "ADD COLUMN c INT NOT NULL",
            "ADD COLUMN c INT AUTO_INCREMENT, ADD KEY (c)",
            "DROP COLUMN a, ADD COLUMN a INT",
            "ENGINE=MyISAM",
            "ADD SYSTEM VERSIONING",
            "SOMETHING NEW",
            "ALGORITHM=COPY",
        ] {
            assert!(copy(&format!("ALTER TABLE t {sql}")).is_err(), "{sql}");
        }
        assert!(copy("ALTER IGNORE TABLE t ADD COLUMN c INT").is_err());
        assert!(copy_of("CREATE TABLE t (a INT)", "ALTER TABLE t ADD COLUMN c INT", &[]).is_err());
        assert!(copy_of("CREATE TABLE x (a INT)", "ALTER TABLE t ADD COLUMN c INT", &[]).is_err());
        assert!(copy_of(TABLE, "ALTER TABLE t FORCE", &["SET sql_mode = ''".to_owned()]).is_err());
        for sql in
            ["FORCE", "CHANGE a a VARCHAR(20)", "ADD COLUMN c INT NOT NULL DEFAULT 1", "ADD KEY (a)", "DROP COLUMN a"]
        {
            assert!(copy(&format!("ALTER TABLE t {sql}")).is_ok(), "{sql}");
        }
    }

    #[test]
    fn a_key_is_new_when_it_or_what_it_compares_is() {
        for (sql, expected) in [
            ("ADD UNIQUE (a)", true),
            ("MODIFY b BIGINT", true),
            ("ADD COLUMN c INT UNIQUE", true),
            ("MODIFY a VARCHAR(20)", false),
            ("ADD COLUMN c INT, ADD KEY (c)", false),
        ] {
            let copy = copy(&format!("ALTER TABLE t {sql}")).unwrap();
            assert_eq!(copy.adds_unique, expected, "{sql}");
            let flag = copy.arguments("_t_new", 25).contains(&"--no-check-unique-key-change".to_owned());
            assert_eq!(flag, expected);
        }
    }

    #[test]
    fn the_copy_must_be_what_the_clauses_make() {
        let copy = copy("ALTER TABLE t ADD COLUMN c INT, DROP KEY ub").unwrap();
        let made = "CREATE TABLE `_t_1_new` (`id` int(11) NOT NULL, `a` varchar(10) DEFAULT NULL, `b` int(11) DEFAULT NULL, \
                    `c` int(11) DEFAULT NULL, PRIMARY KEY (`id`), CONSTRAINT `_positive` CHECK (`b` > 0)) ENGINE=InnoDB";
        assert_eq!(copy.misfit(TABLE, made, &settings()), None);
        for (from, to) in [("`c` int(11)", "`c` bigint(20)"), ("`c`", "`d`"), ("PRIMARY KEY (`id`)", "KEY (`id`)")] {
            assert!(copy.misfit(TABLE, &made.replace(from, to), &settings()).is_some(), "{from}");
        }
        assert!(copy.misfit("nonsense", made, &settings()).is_some());
    }

    #[test]
    fn triggers_are_called_as_the_tool_calls_them() {
        let mut copy = copy("ALTER TABLE t FORCE").unwrap();
        copy.database = "my-app".to_owned();
        assert_eq!(copy.triggers(), ["pt_osc_my_app_t_ins", "pt_osc_my_app_t_upd", "pt_osc_my_app_t_del"]);
        copy.table = "t".repeat(64);
        assert!(copy.triggers().iter().all(|name| name.len() == 64));
    }
}
