//! The account may do what the plan needs, before anything is touched: the statements themselves, and what a roll, a copy
//! or the policy does besides.

use std::collections::{BTreeMap, BTreeSet};

use super::{AHEAD, Check, Notes, Scene, Stage, Verdict};
use crate::plan::facts::{NodeFacts, TableName};
use crate::plan::{AfterDrainTimeout, Level, Method, PlannedStatement, TableCopy, When};
use crate::sql::ServerVersion;

pub(super) const CHECK: Check =
    Check { name: "privileges", holds: "The account may do what the plan needs.", stages: AHEAD, look };

/// What SUPER held before 11.0 (MDEV-29668), and what has had names of its own since 10.5.2 (`privilege.h`).
const ONCE_SUPER: &[&str] =
    &["BINLOG ADMIN", "CONNECTION ADMIN", "FEDERATED ADMIN", "REPLICATION SLAVE ADMIN", "SET USER"];

/// What lacks on one level: the privileges, the nodes, and why they are needed. They are told together: a table that is not
/// there yet takes INSERT only together with CREATE.
#[derive(Default)]
struct Lack<'a> {
    privileges: Vec<&'a str>,
    nodes: Vec<&'a str>,
    why: Vec<&'static str>,
}

/// What was found, by level and account.
#[derive(Default)]
struct Found<'a> {
    missing: BTreeMap<(Level, &'a str), Lack<'a>>,
    untold: BTreeSet<(usize, &'a str, &'a str)>,
}

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    let mut found = Found::default();
    for (name, facts) in scene.seen() {
        if let Err(unseen) = &facts.privileges {
            notes.unseen(name, format!("The account's grants on node {name} could not be read: {}.", unseen.why), "");
            continue;
        }
        for (privilege, why) in of_the_run(scene, facts) {
            found.require(name, facts, privilege, &Level::Everything, why);
        }
        let mut made = BTreeSet::new();
        for statement in scene.plan.statements.iter().filter(|statement| statement.touches_cluster()) {
            found.statement(scene, name, facts, statement, &made);
            made.extend(makes(statement));
        }
    }
    for ((on, account), lack) in found.missing {
        let what = format!("{} ON {on}", lack.privileges.join(", "));
        // To plan takes an account that may look; to run the plan takes one that may do what stands in it.
        let verdict = if notes.stage == Stage::Plan { Verdict::Warned } else { Verdict::Unseen };
        notes.add(
            verdict,
            None,
            format!("{account} lacks {what} on {}.{}", lack.nodes.join(", "), lack.why.concat()),
            format!("GRANT {what} TO {account}; docs/privileges.md lists what each command needs."),
        );
    }
    for (index, why, account) in found.untold {
        notes.add(
            Verdict::Warned,
            None,
            format!("Whether {account} may run statement {index} could not be told: it hangs on {why}."),
            "Where something is missing, the server refuses the statement before it does anything.",
        );
    }
}

impl<'a> Found<'a> {
    fn require(&mut self, node: &'a str, facts: &'a NodeFacts, privilege: &'a str, on: &Level, why: &'static str) {
        if may(facts, privilege, on) {
            return;
        }
        let former = ONCE_SUPER.contains(&privilege) && facts.version < ServerVersion::new(10, 5, 2);
        let lack = self.missing.entry((on.clone(), &facts.account)).or_default();
        add(&mut lack.privileges, if former { "SUPER" } else { privilege });
        add(&mut lack.nodes, node);
        add(&mut lack.why, why);
    }

    fn statement(
        &mut self,
        scene: &Scene<'a>,
        node: &'a str,
        facts: &'a NodeFacts,
        statement: &'a PlannedStatement,
        made: &BTreeSet<(String, String)>,
    ) {
        for need in &statement.needs {
            // Whoever makes a routine may drop it.
            let own = need.any.iter().any(|right| match &right.on {
                Level::Routine { kind, name } => made.contains(&(kind.clone(), name.to_string())),
                _ => false,
            });
            let holds = match &need.any[..] {
                [] => facts.may("ALL PRIVILEGES") == Some(true),
                any => any.iter().any(|right| may(facts, &right.privilege, &right.on)),
            };
            if own || holds || !applies(&need.when, scene, node, facts, statement) {
                continue;
            }
            match (&need.unsure, need.any.first()) {
                (Some(why), _) => {
                    self.untold.insert((statement.index, why, &facts.account));
                }
                (None, Some(right)) => self.require(node, facts, &right.privilege, &right.on, reason(&need.when)),
                (None, None) => {}
            }
        }
        if let Some(copy) = statement.copy.as_ref().filter(|_| statement.method == Method::PtOsc) {
            for (privilege, on) in of_a_copy(copy) {
                self.require(node, facts, privilege, &on, " The copying tool needs it.");
            }
            if untrusted(facts) {
                self.require(node, facts, "SUPER", &Level::Everything, reason(&When::Untrusted));
            }
        }
    }
}

/// Keeps each once.
fn add<'a>(list: &mut Vec<&'a str>, item: &'a str) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// Whether the account has a privilege on a node of this version.
fn may(facts: &NodeFacts, privilege: &str, on: &Level) -> bool {
    let by_super = facts.version < ServerVersion::new(11, 0, 0)
        && ONCE_SUPER.contains(&privilege)
        && facts.may("SUPER") == Some(true);
    by_super || facts.may_on(privilege, on)
}

/// What the run does on a node besides its statements, and why.
fn of_the_run(scene: &Scene<'_>, facts: &NodeFacts) -> Vec<(&'static str, &'static str)> {
    let mut rights = Vec::new();
    let on = |name: &str| facts.global(name).is_some_and(|value| ["ON", "1"].contains(&value));
    if scene.rolls() {
        rights.push(("SUPER", " A roll switches wsrep_desync."));
        // A log that a replica reads gets the statement, unless local GTIDs are forbidden (engine::rsu).
        let forbidden = facts.global("wsrep_mode").is_some_and(|mode| mode.contains("DISALLOW_LOCAL_GTID"));
        let unread = facts.replicas.as_ref().is_ok_and(Vec::is_empty);
        if on("log_bin") && (unread || forbidden) {
            rights.push(("BINLOG ADMIN", " A roll keeps its statements out of the node's binary log."));
        }
    }
    let rolled = |statement: &&PlannedStatement| statement.method == Method::Rsu;
    if scene.plan.statements.iter().filter(rolled).any(|statement| statement.conversion_window.is_some()) {
        rights.push(("REPLICATION SLAVE ADMIN", " The roll switches slave_type_conversions."));
    }
    let closes = match scene.plan.policy.after_drain_timeout {
        AfterDrainTimeout::Stop => false,
        AfterDrainTimeout::CloseIdle => scene.rolls(),
        AfterDrainTimeout::CloseAll => scene.rolls() || scene.isolates(),
    };
    if closes {
        rights.push(("CONNECTION ADMIN", " The policy closes clients' sessions (after_drain_timeout)."));
    }
    rights
}

/// What the copying tool does: it fills a second table, which has no name yet, beside the first, and the run swaps them.
fn of_a_copy(copy: &TableCopy) -> Vec<(&'static str, Level)> {
    let beside = ["ALTER", "CREATE", "DELETE", "DROP", "INSERT", "SELECT"]
        .map(|privilege| (privilege, Level::Database(copy.database.clone())));
    let mut rights = beside.to_vec();
    rights.push(("TRIGGER", Level::Table(TableName::new(&copy.database, &copy.table))));
    rights
}

/// Whether something is needed on a node.
fn applies(when: &When, scene: &Scene<'_>, node: &str, facts: &NodeFacts, statement: &PlannedStatement) -> bool {
    // Only the node that a client is connected to asks; in TOI that is the first one of the plan.
    let asks = statement.method == Method::Rsu || scene.plan.nodes.first().is_none_or(|first| first == node);
    let logs = || facts.global("log_bin").is_none_or(|value| ["ON", "1"].contains(&value));
    match when {
        When::Always => true,
        When::NotBy(account) => !facts.account.eq_ignore_ascii_case(account),
        When::Untrusted => asks && untrusted(facts),
        When::UntrustedInLog => asks && untrusted(facts) && logs(),
    }
}

/// Whether those who may make triggers and functions need SUPER; a setting that was not read is taken at its worst.
fn untrusted(facts: &NodeFacts) -> bool {
    facts.global("log_bin_trust_function_creators").is_none_or(|value| ["OFF", "0"].contains(&value))
}

fn reason(when: &When) -> &'static str {
    match when {
        When::Always => "",
        When::NotBy(_) => " Another account stands as DEFINER.",
        When::Untrusted | When::UntrustedInLog => " Or SET GLOBAL log_bin_trust_function_creators=ON there.",
    }
}

/// The routine that a statement makes: its kind in upper case, and `db.name`.
fn makes(statement: &PlannedStatement) -> Option<(String, String)> {
    let kind = statement.kind.strip_prefix("create_")?;
    Some((kind.replace('_', " ").to_uppercase(), statement.object.clone()?))
}
