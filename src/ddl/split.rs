//! One ALTER TABLE that is dear as a whole although its clauses are cheap one by one.
//!
//! The server takes the dearest way that any clause, or any two together, ask for: ADD COLUMN beside ADD INDEX rebuilds
//! the table, while apart the first is metadata and the second index work. The parts are cut out of the user's own
//! text and judged each on the schema that the one before leaves. They are proposed only when the last one ends in the
//! very table that the whole would have made.

use std::collections::BTreeSet;

use super::ast::{AlterTable, Body, Clause, ColumnDef, KeyType, Operation, Statement};
use super::model::{Applied, Catalog};
use super::{Judgement, Moves, ServerProfile, judge};
use crate::sql::{Dialect, tokens, unquote};

/// More clauses than this are not taken apart: who writes so many has a reason, and every order is judged.
const MOST: usize = 16;

/// One part.
#[derive(Clone, Debug)]
pub struct SplitPart {
    /// The text: the head of the whole, and some of its clauses.
    pub sql: String,
    /// The same, read.
    pub statement: Statement,
    /// The table before and after it.
    pub applied: Applied,
    /// What the server will do.
    pub judgement: Judgement,
}

/// The statements, in order, that are together cheaper than `statement` and end in the same table; empty when there are
/// none, or when it cannot be told. `applied` and `judgement` are those of the whole, `text` what it was parsed from.
pub fn split(
    statement: &Statement,
    text: &str,
    applied: &Applied,
    judgement: &Judgement,
    profile: &ServerProfile,
) -> Vec<SplitPart> {
    let Body::AlterTable(alter) = &statement.body else { return Vec::new() };
    // What only works on definitions, or on keys, cannot be had cheaper.
    if !judgement.certain || !applied.problems.is_empty() || judgement.moves < Moves::Rows {
        return Vec::new();
    }
    let Some(groups) = groups(alter, text, profile) else { return Vec::new() };
    let whole = Whole { statement, alter, text, applied, profile };
    let Some(mut best) = whole.parts(&groups) else { return Vec::new() };
    let mut groups = groups;
    // Fewer statements are better, as long as they cost no more.
    let mut at = 0;
    while at + 1 < groups.len() {
        let mut joined = groups.clone();
        let next = joined.remove(at + 1);
        joined[at].extend(next);
        match whole.parts(&joined) {
            Some(parts) if weight(&parts) <= weight(&best) => (groups, best) = (joined, parts),
            _ => at += 1,
        }
    }
    let cheaper = weight(&best) < work(judgement, statement);
    if best.len() > 1 && cheaper { best } else { Vec::new() }
}

/// What the parts cost, in rows read or written: only good for comparing them.
fn weight(parts: &[SplitPart]) -> u32 {
    parts.iter().map(|part| work(&part.judgement, &part.statement)).sum()
}

fn work(judgement: &Judgement, statement: &Statement) -> u32 {
    use super::Algorithm as A;
    match (judgement.moves, judgement.algorithm) {
        (Moves::Nothing, _) => 0,
        (Moves::Reads, _) => 1,
        (Moves::Keys, _) => statement
            .operations()
            .iter()
            .map(|operation| u32::from(matches!(operation, Operation::AddKey(_) | Operation::AddForeignKey(_))))
            .sum::<u32>()
            .max(1),
        // A rebuild makes every key anew; a copy puts row after row into every key.
        (Moves::Rows, Some(A::Instant | A::Nocopy | A::Inplace)) => 50,
        (Moves::Partitions | Moves::Rows, _) => 150,
    }
}

struct Whole<'a> {
    statement: &'a Statement,
    alter: &'a AlterTable,
    text: &'a str,
    applied: &'a Applied,
    profile: &'a ServerProfile,
}

impl Whole<'_> {
    /// The groups as statements, judged in their order; `None` when one of them is doubtful, or the end is another.
    fn parts(&self, groups: &[Vec<&Clause>]) -> Option<Vec<SplitPart>> {
        let before = self.applied.before.as_deref()?;
        let mut catalog = Catalog::new(self.profile.settings.clone());
        let database = before.database.clone();
        catalog.insert(before.clone());
        let dialect = self.profile.settings.dialect;
        let head = self.text.get(..self.alter.clauses.first()?.span.start as usize)?;
        let mut parts = Vec::with_capacity(groups.len());
        for group in groups {
            let clauses: Vec<&str> = group.iter().map(|clause| clause.span.of(self.text)).collect();
            let sql = format!("{head}{}", clauses.join(", "));
            let statement = super::parse(&sql, dialect);
            let same = match &statement.body {
                Body::AlterTable(part) => {
                    part.clauses.len() == group.len()
                        && part.table.qualified(None) == self.alter.table.qualified(None)
                        && statement.set_statement.len() == self.statement.set_statement.len()
                }
                _ => false,
            };
            let applied = catalog.apply(&statement, &sql, database.as_deref());
            let judgement = judge(&statement, &sql, &applied, self.profile);
            let refused = judgement.reasons.iter().any(|reason| reason.code == "refused-by-server");
            if !same || !applied.problems.is_empty() || !judgement.certain || refused {
                return None;
            }
            parts.push(SplitPart { sql, statement, applied, judgement });
        }
        let end = parts.last()?.applied.after.as_deref()?;
        end.same_definition(self.applied.after.as_deref()?).then_some(parts)
    }
}

/// The clauses in the order of the parts, those that must go together in one group; `None` when they all must.
fn groups<'a>(alter: &'a AlterTable, text: &str, profile: &ServerProfile) -> Option<Vec<Vec<&'a Clause>>> {
    // A way or a lock that the user asks for was meant for the whole.
    if alter.ignore || alter.algorithm.is_some() || alter.lock.is_some() || alter.online {
        return None;
    }
    let clauses: Vec<&Clause> = alter.clauses.iter().collect();
    if !(2..=MOST).contains(&clauses.len()) || !clauses.iter().all(|clause| stands_alone(clause, text)) {
        return None;
    }
    let dialect = profile.settings.dialect;
    let names: Vec<Names> =
        clauses.iter().map(|clause| Names::of(&clause.operation, clause.span.of(text), dialect)).collect();
    // Keys that go or refer to another table rest on those that come: between the two a row could slip in, or the
    // server would refuse the one without the other.
    let keys_stay = clauses.iter().any(|clause| ties_keys(&clause.operation));
    let mut group: Vec<usize> = (0..clauses.len()).collect();
    for one in 0..clauses.len() {
        for other in one + 1..clauses.len() {
            let keys = keys_stay && on_keys(&clauses[one].operation) && on_keys(&clauses[other].operation);
            if keys || names[one].tied(&names[other]) {
                let (from, to) = (group[other], group[one]);
                group.iter_mut().filter(|number| **number == from).for_each(|number| *number = to);
            }
        }
    }
    let mut order: Vec<usize> = (0..clauses.len()).collect();
    // Columns are there before what is built on them.
    order.sort_by_key(|&at| {
        let members = (0..clauses.len()).filter(|&member| group[member] == group[at]);
        (members.map(|member| stage(&clauses[member].operation)).max(), group[at], at)
    });
    let mut groups: Vec<(usize, Vec<&Clause>)> = Vec::new();
    for at in order {
        match groups.last_mut().filter(|(number, _)| *number == group[at]) {
            Some((_, members)) => members.push(clauses[at]),
            None => groups.push((group[at], vec![clauses[at]])),
        }
    }
    (groups.len() > 1).then(|| groups.into_iter().map(|(_, members)| members).collect())
}

const fn stage(operation: &Operation) -> u8 {
    match operation {
        Operation::AddKey(_) | Operation::AddForeignKey(_) | Operation::AddCheck(_) => 1,
        _ => 0,
    }
}

/// Whether a clause may be cut out at all: what changes the identity of rows, their place or their character set is
/// one change with everything beside it.
fn stands_alone(clause: &Clause, text: &str) -> bool {
    let added = || clause.span.of(text).get(..3).is_some_and(|word| word.eq_ignore_ascii_case("ADD"));
    let plain = |column: &ColumnDef| !column.auto_increment && column.key.is_none() && column.references.is_none();
    match &clause.operation {
        // In `ADD (c INT, d INT)` a column's text is no clause.
        Operation::AddColumn { column, .. } => added() && plain(column),
        Operation::ModifyColumn { column, .. } | Operation::ChangeColumn { column, .. } => plain(column),
        Operation::AddKey(key) => added() && !matches!(key.key_type, KeyType::Primary),
        Operation::AddForeignKey(_) | Operation::AddCheck(_) => added(),
        Operation::DropKey { name, .. } | Operation::DropConstraint { name, .. } => {
            !name.value.eq_ignore_ascii_case("primary")
        }
        Operation::Option(option) => {
            !matches!(option.name.as_str(), "charset" | "collate" | "engine" | "auto_increment")
        }
        Operation::DropColumn { .. }
        | Operation::SetDefault { .. }
        | Operation::DropDefault { .. }
        | Operation::RenameColumn { .. }
        | Operation::RenameKey { .. }
        | Operation::AlterKey { .. }
        | Operation::DropForeignKey { .. }
        | Operation::Force => true,
        _ => false,
    }
}

const fn on_keys(operation: &Operation) -> bool {
    matches!(operation, Operation::AddKey(_) | Operation::AddForeignKey(_) | Operation::DropColumn { .. })
        || ties_keys(operation)
}

const fn ties_keys(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::DropKey { .. }
            | Operation::DropForeignKey { .. }
            | Operation::DropConstraint { .. }
            | Operation::AddForeignKey(_)
            | Operation::RenameKey { .. }
    )
}

/// The names in a clause, in lower case.
struct Names {
    /// Columns that are not the same behind it.
    columns: BTreeSet<String>,
    /// Keys and constraints that are not.
    keys: BTreeSet<String>,
    /// Every word.
    words: BTreeSet<String>,
    /// It makes a column, which others may then use.
    adds_column: bool,
}

impl Names {
    fn of(operation: &Operation, text: &str, dialect: Dialect) -> Self {
        use Operation as Op;
        let mut columns = Vec::new();
        let mut keys = Vec::new();
        match operation {
            Op::AddColumn { column, .. } | Op::ModifyColumn { column, .. } => columns.push(&column.name),
            Op::ChangeColumn { old, column, .. } => columns.extend([old, &column.name]),
            Op::RenameColumn { from, to, .. } => columns.extend([from, to]),
            Op::DropColumn { name, .. }
            | Op::SetDefault { column: name, .. }
            | Op::DropDefault { column: name, .. } => columns.push(name),
            Op::RenameKey { from, to, .. } => keys.extend([from, to]),
            Op::DropKey { name, .. }
            | Op::AlterKey { name, .. }
            | Op::DropForeignKey { name, .. }
            | Op::DropConstraint { name, .. } => keys.push(name),
            Op::AddKey(key) => keys.extend(key.written_name()),
            Op::AddForeignKey(key) => keys.extend(key.written_name()),
            Op::AddCheck(check) => keys.extend(&check.name),
            _ => {}
        }
        let lower = |names: Vec<&super::ast::Ident>| names.into_iter().map(|name| name.value.to_lowercase()).collect();
        let words = tokens(text, dialect)
            .iter()
            .map(|token| unquote(token.text(text), token.kind, dialect).to_lowercase())
            .collect();
        Self {
            columns: lower(columns),
            keys: lower(keys),
            words,
            adds_column: matches!(operation, Op::AddColumn { .. }),
        }
    }

    /// Whether two clauses speak of the same column or key, so that only the server knows what they mean together. A
    /// column that one adds and the other uses is no such case: it is there first.
    fn tied(&self, other: &Self) -> bool {
        let uses = |one: &Self, other: &Self| !one.adds_column && !one.columns.is_disjoint(&other.words);
        !self.columns.is_disjoint(&other.columns)
            || !self.keys.is_disjoint(&other.keys)
            || uses(self, other)
            || uses(other, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ddl::Algorithm;
    use crate::sql::ServerVersion;

    const TABLE: &str = "CREATE TABLE t (id INT PRIMARY KEY, a INT, b VARCHAR(20), c TEXT, d TEXT, e INT NOT NULL, \
                         KEY a (a)) ENGINE=InnoDB CHARACTER SET utf8mb4";

    fn parts(sql: &str) -> Vec<(String, Algorithm)> {
        let profile = ServerProfile::of(ServerVersion::new(10, 11, 8));
        let mut catalog = Catalog::from_dump(TABLE, profile.settings.clone());
        let statement = crate::ddl::parse(sql, profile.settings.dialect);
        let applied = catalog.apply(&statement, sql, None);
        let judgement = judge(&statement, sql, &applied, &profile);
        split(&statement, sql, &applied, &judgement, &profile)
            .into_iter()
            .map(|part| (part.sql, part.judgement.algorithm.unwrap()))
            .collect()
    }

    #[test]
    fn a_column_and_an_index_are_two_statements() {
        use Algorithm::{Instant, Nocopy};
        let expect = |sql: &str, expected: &[(&str, Algorithm)]| {
            let expected: Vec<(String, Algorithm)> =
                expected.iter().map(|(sql, algorithm)| ((*sql).to_owned(), *algorithm)).collect();
            assert_eq!(parts(sql), expected, "{sql}");
        };
        expect(
            "ALTER TABLE t ADD COLUMN n INT, ADD INDEX n (n)",
            &[("ALTER TABLE t ADD COLUMN n INT", Instant), ("ALTER TABLE t ADD INDEX n (n)", Nocopy)],
        );
        // The order of the text is not the order of the work, and what is cheap together stays together.
        expect(
            "alter table t /* why */ add key (n), add key k (a, e), add column n int after a, alter b set default 'x'",
            &[
                ("alter table t /* why */ add column n int after a, alter b set default 'x'", Instant),
                ("alter table t /* why */ add key (n), add key k (a, e)", Nocopy),
            ],
        );
    }

    #[test]
    fn what_must_go_together_or_gains_nothing_is_left_alone() {
        for sql in [
            "ALTER TABLE t ADD COLUMN n INT, FORCE",
            "ALTER TABLE t ADD COLUMN n INT, MODIFY a BIGINT",
            "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (id, e)",
            "ALTER TABLE t ADD COLUMN n INT AUTO_INCREMENT, ADD UNIQUE (n)",
            "ALTER TABLE t RENAME COLUMN a TO b, RENAME COLUMN b TO a, FORCE",
            "ALTER TABLE t DROP COLUMN a, ADD COLUMN a BIGINT",
            "ALTER TABLE t ADD (n INT, KEY (n))",
            "ALTER TABLE t ADD COLUMN n INT, ADD INDEX n (n), ALGORITHM=COPY",
            "ALTER TABLE t ADD COLUMN n INT, ADD INDEX n (n), PARTITION BY HASH (id)",
            "ALTER TABLE t ADD COLUMN n INT, ADD INDEX m (nowhere)",
            "ALTER TABLE t ADD COLUMN n INT, CONVERT TO CHARACTER SET latin1, ADD INDEX (n)",
        ] {
            assert_eq!(parts(sql), [], "{sql}");
        }
    }

    #[test]
    fn keys_that_go_and_keys_that_come_stay_in_one_statement() {
        let parts = parts("ALTER TABLE t ADD COLUMN n INT, DROP KEY a, ADD KEY a2 (a, n)");
        let texts: Vec<&str> = parts.iter().map(|(sql, _)| sql.as_str()).collect();
        assert_eq!(texts, ["ALTER TABLE t ADD COLUMN n INT", "ALTER TABLE t DROP KEY a, ADD KEY a2 (a, n)"]);
    }
}
