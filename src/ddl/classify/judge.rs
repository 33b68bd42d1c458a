//! One statement, judged.

use super::decide::{self, decide};
use super::execute::{Guard, Place, with_guard};
use super::gather::{Change, gather, gather_unknown, reads_defaults};
use super::history::{self, Cut};
use super::partition;
use crate::ddl::ast::{AlterTable, Append, Body, Kind, Operation, PartitionOp, Statement};
use crate::ddl::knowledge::{Fact, Known};
use crate::ddl::model::{Applied, Table};
use crate::ddl::profile::ServerProfile;
use crate::ddl::{Algorithm, Lock, Reason};
use crate::sql::ServerVersion;

/// What a statement has the server read and write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moves {
    /// Definitions only.
    Nothing,
    /// Rows are read, and nothing is written.
    Reads,
    /// Rows are read to build keys.
    Keys,
    /// The rows of some partitions are written anew.
    Partitions,
    /// Every row is written anew.
    Rows,
}

/// What the server will do with a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// `None` where the notion does not apply.
    pub algorithm: Option<Algorithm>,
    /// The weakest LOCK that is accepted; `None` where the grammar takes no LOCK.
    pub lock: Option<Lock>,
    /// What is moved: this, not the algorithm's name, says what the statement costs.
    pub moves: Moves,
    /// Why, most important first.
    pub reasons: Vec<Reason>,
    /// The answer rests on facts. `false`: it is the worst that is possible, and a reason `missing-fact` says why.
    pub certain: bool,
    /// The text to send.
    pub execute: String,
}

fn reason(code: &str, text: impl Into<String>) -> Reason {
    Reason { code: code.to_owned(), text: text.into() }
}

/// Judges `statement`, which was parsed from `text`, on the tables before and after it.
pub fn judge(statement: &Statement, text: &str, applied: &Applied, profile: &ServerProfile) -> Judgement {
    let own_profile = profile_for(statement, text, profile);
    let profile = own_profile.as_ref().unwrap_or(profile);
    let before = applied.before.as_deref();
    let mut judgement = match &statement.body {
        Body::AlterTable(alter) => {
            let operations: Vec<&Operation> = alter.operations().collect();
            if let Some(operation) = operations.iter().find_map(|operation| match operation {
                Operation::Partition(operation) => Some(operation),
                _ => None,
            }) {
                // InnoDB cannot optimize single partitions: the whole table is rebuilt, whichever are named.
                if matches!(&**operation, PartitionOp::Optimize(_)) && before.is_none_or(Table::is_innodb) {
                    return optimize(statement, text, applied, profile);
                }
                return maintenance(operation, text, statement, before);
            }
            let history = history::cut(&operations, before, text);
            // The server takes neither ALGORITHM nor LOCK here, and moves nothing.
            if history == Some(Cut::Kept) {
                return plain(Some(Algorithm::Instant), Moves::Nothing, text);
            }
            // The file is set aside and the table gets a new identity, as in a rebuild, but no row is moved.
            if operations.iter().any(|operation| matches!(operation, Operation::DiscardTablespace)) {
                let mut judgement = plain(Some(Algorithm::Inplace), Moves::Nothing, text);
                judgement.reasons = vec![reason(
                    "tablespace-discarded",
                    "The table's file is set aside and the table gets a new identity, as in a rebuild, but no row is moved.",
                )];
                return judgement;
            }
            if operations.iter().any(|operation| matches!(operation, Operation::ImportTablespace)) {
                return plain(Some(Algorithm::Instant), Moves::Nothing, text);
            }
            let asked = Asked {
                algorithm: alter.algorithm.as_deref(),
                lock: alter.lock.as_deref().or(alter.online.then_some("NONE")),
                place: alter.append.map(|append| place(alter, append)),
            };
            let mut judgement = altered(statement, text, applied, &operations, alter.ignore, &asked, profile);
            if history == Some(Cut::Unknown) {
                judgement.certain = false;
                text.clone_into(&mut judgement.execute);
                judgement.reasons.push(reason("missing-fact", history::UNKNOWN));
            }
            judgement
        }
        Body::CreateIndex(index) => {
            let mut key = index.key.clone();
            if index.or_replace {
                // The old key of that name goes; the tables before and after say which.
                key.if_not_exists = false;
            }
            // The old one is dropped by name, if it is there.
            let name = key.written_name().filter(|_| index.or_replace).cloned();
            let drops = name.map(|name| Operation::DropKey { if_exists: true, name });
            let adds = Operation::AddKey(Box::new(key));
            let operations: Vec<&Operation> = drops.iter().chain([&adds]).collect();
            let asked = Asked {
                algorithm: index.algorithm.as_deref(),
                lock: index.lock.as_deref(),
                place: Some(Place::Behind(index.append)),
            };
            altered(statement, text, applied, &operations, false, &asked, profile)
        }
        Body::DropIndex(index) => {
            let operation = Operation::DropKey { if_exists: index.if_exists, name: index.name.clone() };
            let asked = Asked { algorithm: None, lock: None, place: None };
            let mut judgement = altered(statement, text, applied, &[&operation], false, &asked, profile);
            judgement.lock = None;
            judgement
        }
        Body::Maintenance(_) if statement.kind == Kind::OptimizeTable => optimize(statement, text, applied, profile),
        Body::Opaque if matches!(statement.kind, Kind::AlterTable | Kind::CreateIndex | Kind::DropIndex) => {
            let asked = Asked { algorithm: None, lock: None, place: None };
            altered(statement, text, &Applied::default(), &[&Operation::Opaque], false, &asked, profile)
        }
        _ => other(statement, text),
    };
    if !applied.problems.is_empty() {
        // Which way the server would take does not matter then, nor what is missing to tell.
        judgement.reasons.retain(|reason| reason.code != "missing-fact");
        let problems = applied.problems.iter().map(|problem| reason("does-not-fit", problem.clone()));
        judgement.reasons.splice(0..0, problems);
    }
    judgement
}

/// The profile with the variables of SET STATEMENT, where there are any.
fn profile_for(statement: &Statement, text: &str, profile: &ServerProfile) -> Option<ServerProfile> {
    if statement.set_statement.is_empty() {
        return None;
    }
    let mut own = profile.clone();
    for assignment in &statement.set_statement {
        own.set(&assignment.name, assignment.value.of(text));
    }
    Some(own)
}

/// What the user wrote about the way, and where more can be written.
struct Asked<'a> {
    algorithm: Option<&'a str>,
    lock: Option<&'a str>,
    place: Option<Place>,
}

/// Where more clauses can be written.
fn place(alter: &AlterTable, append: Append) -> Place {
    let orders = alter.operations().any(|operation| matches!(operation, Operation::OrderBy(_)));
    match alter.clauses.first().filter(|_| orders) {
        Some(first) => Place::Before(first.span.start),
        None => Place::Behind(append),
    }
}

/// ALTER TABLE and what works like it.
fn altered(
    statement: &Statement,
    text: &str,
    applied: &Applied,
    operations: &[&Operation],
    ignore: bool,
    asked: &Asked<'_>,
    profile: &ServerProfile,
) -> Judgement {
    let mut known = match (applied.before.as_deref(), applied.after.as_deref()) {
        (Some(before), Some(after)) => {
            let mut known = gather(&Change { before, after, operations, profile, ignore });
            let doubtful = before.incomplete || after.incomplete || !applied.problems.is_empty();
            if doubtful && !known.holds(Fact::OnlyRenameOrKeys) {
                known.doubt_the_rest();
            }
            known
        }
        _ => gather_unknown(operations, profile, ignore),
    };
    demands(&mut known, asked, profile);
    let mut decision = decide(known, profile.version);
    // A weaker lock than the cheap way takes is not always refused: the server may go the dear way with it.
    let weaker = asked.lock.and_then(lock_named).is_some_and(|written| written < decision.lock);
    let goes_dear = if known.holds(Fact::OnlyRenameOrKeys) {
        known.holds(Fact::SwitchesKeys)
    } else {
        profile.version >= ServerVersion::new(11, 2, 0)
    };
    if decision.certain && weaker && goes_dear && asked.algorithm.is_none() && decision.algorithm < Algorithm::Copy {
        known.insert(Fact::DemandsCopy);
        known.exclude(Fact::OnlyRenameOrKeys);
        decision = decide(known, profile.version);
        decision.reasons.push(reason("lock-costs-a-copy", "The lock that is asked for can only be had by copying the table; without it the statement would be cheaper."));
    }
    let mut reasons = decision.reasons;
    if known.holds(Fact::AddsZeroDate) {
        // Measured: with rows the statement fails, and without any it is no dearer than another column.
        reasons.push(reason(
            "zero-date",
            "The new column has no default, and sql_mode forbids the zero date that existing rows would get: the server takes this only while the table is empty.",
        ));
    }
    if !decision.certain {
        reasons.push(missing(statement, applied, decision.algorithm));
    }
    let by_variable = profile.default_algorithm().filter(|_| asked.algorithm.is_none());
    let written = asked.algorithm.or(by_variable).and_then(algorithm_named);
    if let Some(written) = written.filter(|written| *written < decision.algorithm && decision.certain) {
        reasons.push(reason(
            "refused-by-server",
            format!(
                "ALGORITHM={} is asked for, but the server needs {}: it refuses the statement, or silently copies where its grammar lies.",
                written.keyword(),
                decision.algorithm.keyword()
            ),
        ));
    }
    let lock = match asked.lock.and_then(lock_named) {
        Some(written) if written >= decision.lock => written,
        Some(written) => {
            reasons.push(reason(
                "refused-by-server",
                format!("LOCK={} is asked for, but the server needs {}.", written.keyword(), decision.lock.keyword()),
            ));
            decision.lock
        }
        None => decision.lock,
    };
    // A text that the server refuses is sent as it is, if at all: adding to it would only change the message.
    let refused = reasons.iter().any(|reason| reason.code == "refused-by-server");
    let understood = !known.holds(Fact::Opaque);
    let execute = match asked.place.filter(|_| decision.certain && understood && !refused) {
        Some(place) => {
            let guard = Guard {
                // A copy needs no guard: nothing is dearer, and forcing one would make an error of ours costly.
                algorithm: (asked.algorithm.is_none() && decision.algorithm < Algorithm::Copy)
                    .then_some(decision.algorithm),
                lock: asked.lock.is_none().then_some(lock),
            };
            with_guard(text, place, &guard)
        }
        None => text.to_owned(),
    };
    let moves = match decision.algorithm {
        Algorithm::Instant => Moves::Nothing,
        Algorithm::Nocopy if adds_key(known) => Moves::Keys,
        Algorithm::Nocopy => Moves::Nothing,
        Algorithm::Inplace | Algorithm::Copy => Moves::Rows,
    };
    Judgement {
        algorithm: Some(decision.algorithm),
        lock: Some(lock),
        moves,
        reasons,
        certain: decision.certain,
        execute,
    }
}

fn adds_key(known: Known) -> bool {
    [Fact::AddsPlainKey, Fact::AddsUniqueKey, Fact::AddsFulltext, Fact::AddsSpatial]
        .iter()
        .any(|fact| known.possible(*fact))
}

/// ALGORITHM=COPY, from the statement or from the variable (ignored from 11.5 on, MDEV-33655).
fn demands(known: &mut Known, asked: &Asked<'_>, profile: &ServerProfile) {
    let wanted = asked.algorithm.filter(|word| *word != "DEFAULT").or_else(|| profile.default_algorithm());
    if wanted == Some("COPY") {
        known.insert(Fact::DemandsCopy);
    }
}

fn algorithm_named(word: &str) -> Option<Algorithm> {
    match word {
        "INSTANT" => Some(Algorithm::Instant),
        "NOCOPY" => Some(Algorithm::Nocopy),
        "INPLACE" => Some(Algorithm::Inplace),
        "COPY" => Some(Algorithm::Copy),
        _ => None,
    }
}

fn lock_named(word: &str) -> Option<Lock> {
    match word {
        "NONE" => Some(Lock::None),
        "SHARED" => Some(Lock::Shared),
        "EXCLUSIVE" => Some(Lock::Exclusive),
        _ => None,
    }
}

fn missing(statement: &Statement, applied: &Applied, algorithm: Algorithm) -> Reason {
    let table = statement.objects.first().map_or_else(|| "the table".to_owned(), |object| object.qualified(None));
    let what = match applied.before.as_deref() {
        None => format!("The definition of {table} is not known"),
        Some(before) if before.incomplete || !applied.problems.is_empty() => {
            format!("The definition of {table} holds something that was not understood")
        }
        // What no definition shows: a hidden FTS_DOC_ID, NULL beside AUTO_INCREMENT, or what a default comes to.
        Some(_) => {
            return reason(
                "missing-fact",
                format!(
                    "The definition of {table} does not show all that this depends on (a FULLTEXT key that it once had, NULL beside AUTO_INCREMENT, or whether a default fits), so the worst that is possible is assumed: {}.",
                    algorithm.keyword()
                ),
            );
        }
    };
    reason(
        "missing-fact",
        format!(
            "{what}, so the worst that is possible is assumed: {}. --schema with a dump, or a cluster, would tell.",
            algorithm.keyword()
        ),
    )
}

fn maintenance(operation: &PartitionOp, text: &str, statement: &Statement, before: Option<&Table>) -> Judgement {
    let algorithm = partition::algorithm(operation, before);
    let moves = partition::moves(operation, algorithm, before);
    let mut judgement = plain(Some(algorithm), moves, text);
    judgement.reasons = vec![match algorithm {
        _ if moves == Moves::Reads => reason(
            "reads-rows",
            "No row is copied, but rows are read one by one, and nothing else is replicated meanwhile.",
        ),
        _ if moves == Moves::Rows => reason("rebuild", "The partitions that it names may be rebuilt."),
        Algorithm::Copy => {
            reason("partition-copy", "The rows of the partitions that it touches are copied, under a lock.")
        }
        Algorithm::Inplace => {
            reason("partition-recreate", "The partitions that it names are made anew; the others stay.")
        }
        _ if moves == Moves::Partitions => {
            reason("partition-pack", "The engine sorts and packs the partitions that it names, under a lock.")
        }
        _ => reason("metadata-only", "Partitions come, go or change hands; no row is copied."),
    }];
    if before.is_none() && algorithm == Algorithm::Copy {
        judgement.certain = false;
        judgement.reasons.push(missing(statement, &Applied::default(), algorithm));
    }
    judgement
}

/// OPTIMIZE TABLE, and OPTIMIZE PARTITION of an InnoDB table: mysql_recreate_table() in sql/sql_table.cc.
fn optimize(statement: &Statement, text: &str, applied: &Applied, profile: &ServerProfile) -> Judgement {
    let Some(table) = applied.before.as_deref().filter(|table| !table.incomplete) else {
        let mut judgement = plain(Some(Algorithm::Copy), Moves::Rows, text);
        judgement.certain = false;
        judgement.reasons.push(missing(statement, applied, Algorithm::Copy));
        return judgement;
    };
    // Engines other than InnoDB sort and pack in place, under a lock; it is a rebuild all the same.
    if !table.is_innodb() {
        return plain(Some(Algorithm::Inplace), Moves::Rows, text);
    }
    if table.versioning.is_some() && !profile.keeps_history {
        let mut judgement = plain(Some(Algorithm::Instant), Moves::Nothing, text);
        judgement.reasons = vec![reason(
            "history-refused",
            "The table is system-versioned, and with system_versioning_alter_history=ERROR the server does not rebuild it: it reports an error, and nothing is done.",
        )];
        return judgement;
    }
    let operation = Operation::Force;
    let change = Change { before: table, after: table, operations: &[&operation], profile, ignore: false };
    let mut known = gather(&change);
    known.insert_if(reads_defaults(table), Fact::ChangesStoredExpression);
    plain(Some(decide(known, profile.version).algorithm), Moves::Rows, text)
}

fn plain(algorithm: Option<Algorithm>, moves: Moves, text: &str) -> Judgement {
    let reasons = algorithm.map(decide::headline).into_iter().collect();
    Judgement { algorithm, lock: None, moves, reasons, certain: true, execute: text.to_owned() }
}

/// Whether ANALYZE reads every row: InnoDB's own statistics come from a sample of pages.
fn reads_all(statement: &Statement) -> bool {
    matches!(&statement.body, Body::Maintenance(maintenance) if maintenance.persistent)
}

/// Statements for which algorithm and lock are no notions.
fn other(statement: &Statement, text: &str) -> Judgement {
    let (moves, why) = match statement.kind {
        Kind::CreateTable => match &statement.body {
            Body::CreateTable(create) if matches!(create.source, Some(crate::ddl::ast::CreateSource::Query(_))) => (
                Moves::Rows,
                reason(
                    "copies-rows",
                    "The table is filled from a query, as one transaction that is replicated row by row, not in total order isolation.",
                ),
            ),
            _ => (Moves::Nothing, reason("new-object", "A new table holds no rows.")),
        },
        Kind::DropTable | Kind::TruncateTable | Kind::DropDatabase => (
            Moves::Nothing,
            reason("destroys-rows", "The rows are gone at once; nothing is copied, and nothing brings them back."),
        ),
        Kind::RenameTable => (Moves::Nothing, reason("metadata-only", "Only names change.")),
        Kind::AnalyzeTable if !reads_all(statement) => {
            (Moves::Nothing, reason("reads-only", "Some pages are read, none is written."))
        }
        Kind::AnalyzeTable | Kind::CheckTable | Kind::ChecksumTable => {
            (Moves::Reads, reason("reads-rows", "Every row is read, none is written."))
        }
        Kind::RepairTable => (Moves::Rows, reason("rebuild", "The table may be rebuilt.")),
        _ => (Moves::Nothing, reason("no-table-data", "It touches no table's rows.")),
    };
    let mut judgement = plain(None, moves, text);
    judgement.reasons = vec![why];
    judgement
}
