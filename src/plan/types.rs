//! The shape of a plan. `plan --format json` prints it, `plan --out` saves it, `apply` interprets it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::facts::TableName;
use super::{Basis, Need, Override, Policy, Rates, TableCopy};
use crate::ddl::{self, Algorithm, Compatibility, Condition, Lock, Reason};

/// How a statement reaches the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Total Order Isolation: everywhere at the same point of the replication order.
    Toi,
    /// Rolling Schema Upgrade: node by node, out of the load balancer.
    Rsu,
    /// Percona Toolkit's pt-online-schema-change copies the table, and the run swaps the copy in.
    #[serde(rename = "PT-OSC")]
    PtOsc,
    /// There is no acceptable way under the policy.
    Refuse,
}

impl Method {
    /// As plans print it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Toi => "TOI",
            Self::Rsu => "RSU",
            Self::PtOsc => "PT-OSC",
            Self::Refuse => "REFUSE",
        }
    }
}

/// What a statement is expected to cost. Seconds and bytes; `None` where nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Rows of the table, from the statistics.
    pub rows: Option<u64>,
    /// Bytes of data and indexes.
    pub bytes: Option<u64>,
    /// How long no write of the cluster finishes.
    pub stall_seconds: Option<f64>,
    /// From the first action to the last.
    pub total_seconds: Option<f64>,
    /// How long one node works on it; what past runs are compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_seconds: Option<f64>,
    /// The part of `node_seconds` that it would take without any row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_seconds: Option<f64>,
}

/// One statement of a [`Split`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitStatement {
    /// The text.
    pub sql: String,
    /// What the server will do on the table that the statement before it leaves.
    pub algorithm: Option<Algorithm>,
    /// The weakest lock that the server accepts for that.
    pub lock: Option<Lock>,
    /// Seconds of stall in TOI; `None` when the size is not known.
    pub stall_seconds: Option<f64>,
}

/// The same change in several statements that are cheaper together than the one that was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// The statements, in this order.
    pub statements: Vec<SplitStatement>,
    /// Seconds of stall in TOI, all of them together.
    pub stall_seconds: Option<f64>,
    /// Seconds of stall of the statement as it was written, in TOI.
    pub whole_stall_seconds: Option<f64>,
}

/// A temporary `slave_type_conversions` on all nodes, without which rows could not cross between the schemas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversionWindow {
    /// The value that the roll sets on every node, and restores.
    pub setting: String,
    /// Queries that return a row as soon as some value no longer fits the old type.
    pub guards: Vec<String>,
}

impl From<ddl::Window> for ConversionWindow {
    fn from(window: ddl::Window) -> Self {
        Self { setting: window.setting.to_owned(), guards: window.guards }
    }
}

/// One statement of the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedStatement {
    /// 1-based, in the order of the input.
    pub index: usize,
    /// The file it stands in, `-` for standard input, `-e` for the command line.
    pub file: String,
    /// The 1-based line at which it begins.
    pub line: usize,
    /// The text as it was written.
    pub sql: String,
    /// `SET` statements of the input that are in force here; they are run in the session before the statement.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub session: Vec<String>,
    /// The default database in force at this statement, for unqualified names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Snake case of the statement's head.
    pub kind: String,
    /// `db.table`, where there is one.
    pub object: Option<String>,
    /// The tables that it concerns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<TableName>,
    /// One entry a clause, in order: `{"op": "add_column", "name": "n"}`.
    pub operations: Vec<Value>,
    /// What the account that runs it must be allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
    /// What the server will do; `None` where the notion does not apply.
    pub algorithm: Option<Algorithm>,
    /// The weakest lock that the server accepts for that.
    pub lock: Option<Lock>,
    /// Whether old and new schema can live side by side.
    pub rsu: Compatibility,
    /// How it will run.
    pub method: Method,
    /// Why, most important first.
    pub reasons: Vec<Reason>,
    /// What had to be accepted for this method, or would have to be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// What else would be possible.
    #[serde(default)]
    pub alternatives: Vec<Reason>,
    /// The same in several statements, where that is cheaper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
    /// The text that is sent: the user's, plus clauses added on purpose.
    pub execute: String,
    /// What it will cost.
    pub estimate: Estimate,
    /// How to undo it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way_back: Option<ddl::WayBack>,
    /// The conversion window that a roll of this statement needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversion_window: Option<ConversionWindow>,
    /// What the copying tool is asked for, where the method is PT-OSC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<TableCopy>,
}

impl PlannedStatement {
    /// Whether running it sends anything to a node. `SET` and `USE` only shape the session of what follows.
    pub fn touches_cluster(&self) -> bool {
        !matches!(self.kind.as_str(), "set" | "use" | "transaction")
    }

    /// The table that `object` names. A name may hold a dot itself, so the tables that the statement concerns decide.
    pub fn table(&self) -> Option<TableName> {
        let object = self.object.as_deref()?;
        let named = self.tables.iter().find(|table| format!("{}.{}", table.database, table.table) == object);
        named.cloned().or_else(|| object.split_once('.').map(|(database, table)| TableName::new(database, table)))
    }
}

/// Neighbouring statements that run together: one statement in TOI or by a copy, or one roll over all nodes with one drain each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// Any but `Refuse`.
    pub method: Method,
    /// The 1-based indexes of the statements, in order.
    pub statements: Vec<usize>,
}

/// What will be done to the cluster, statement by statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The version of this format.
    pub v: u32,
    /// The version that the plan was made for.
    pub server_version: String,
    /// The statements, in order.
    pub statements: Vec<PlannedStatement>,
    /// How they run. Empty when any statement is refused.
    #[serde(default)]
    pub passes: Vec<Pass>,
    /// The names of the nodes in the order of a roll: writers last. Empty for an offline plan.
    #[serde(default)]
    pub nodes: Vec<String>,
    /// The limits that the plan keeps to.
    #[serde(default)]
    pub policy: Policy,
    /// What the user asked for with `--method`.
    #[serde(default, skip_serializing_if = "Override::is_auto")]
    pub wanted: Override,
    /// The codes of the conditions that the user accepted.
    #[serde(default)]
    pub accepted: Vec<String>,
    /// How long the questions to the rows of one statement may take. `None` for an offline plan, which asks none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_timeout: Option<Duration>,
    /// How fast the servers are taken to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rates: Option<Rates>,
    /// What the plan rests on (statements, versions, settings, policy, the tables concerned), and a seal over the whole
    /// plan. `apply --plan` refuses when either differs from what it finds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
}

impl Plan {
    /// Whether another plan sends the same texts by the same methods, in the same order and in the same sessions, whatever
    /// it expects them to cost.
    pub fn does_the_same(&self, other: &Self) -> bool {
        let deed = |one: &PlannedStatement| {
            let PlannedStatement { sql, session, database, execute, method, conversion_window, copy, way_back, .. } =
                one.clone();
            (sql, session, database, execute, method, conversion_window, copy, way_back)
        };
        let same = |(one, other)| deed(one) == deed(other);
        self.passes == other.passes
            && self.statements.len() == other.statements.len()
            && self.statements.iter().zip(&other.statements).all(same)
    }
}
