//! What happens during an upgrade, for people and for programs.

use serde_json::{Map, Value, json};

use crate::failure::{ExitCode, Failure};

/// The kind of the last event of a command.
const FINISHED: &str = "run_finished";

/// One event: its kind, the node that it is about, a sentence for people, and fields for programs.
#[derive(Clone, Debug, PartialEq)]
pub struct UpgradeEvent {
    /// `run_started`, `drain_started`, `joined`... (`docs/upgrade.md` lists them).
    pub kind: &'static str,
    /// The node.
    pub node: Option<String>,
    /// What happened, in a sentence.
    pub text: String,
    /// What else a program may want to know.
    pub fields: Map<String, Value>,
}

impl UpgradeEvent {
    /// An event about the whole run.
    pub fn run(kind: &'static str, text: impl Into<String>) -> Self {
        Self { kind, node: None, text: text.into(), fields: Map::new() }
    }

    /// An event about a node.
    pub fn node(kind: &'static str, node: &str, text: impl Into<String>) -> Self {
        Self { node: Some(node.to_owned()), ..Self::run(kind, text) }
    }

    /// The end of a run, with the word for it that the journal has.
    pub(super) fn finished(outcome: &str, code: ExitCode, text: &str) -> Self {
        Self::run(FINISHED, text).with("outcome", outcome).with("exit_code", code.number())
    }

    /// The end of a command that came to its end before a run had begun, or without one.
    pub fn ended(ended: Result<&str, &Failure>) -> Self {
        let failure = match ended {
            Ok(text) => return Self::finished("done", ExitCode::Done, text.trim()),
            Err(failure) => failure,
        };
        let outcome = match failure.code {
            ExitCode::Unobservable => "unobservable",
            ExitCode::Undone => "undone",
            ExitCode::Resumable => "stopped",
            ExitCode::Unknown => "unknown",
            ExitCode::Done | ExitCode::No | ExitCode::Usage | ExitCode::Refused => "refused",
        };
        Self::finished(outcome, failure.code, &failure.message)
    }

    /// Whether this is the last event of a command.
    pub fn is_last(&self) -> bool {
        self.kind == FINISHED
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// The event as one line of ndjson.
    pub fn json(&self, run: Option<&str>, now: &str) -> Value {
        let mut line = Map::new();
        line.insert("v".into(), json!(1));
        line.insert("ts".into(), json!(now));
        line.insert("run".into(), json!(run));
        line.insert("kind".into(), json!(self.kind));
        if let Some(node) = &self.node {
            line.insert("node".into(), json!(node));
        }
        line.insert("text".into(), json!(self.text));
        line.extend(self.fields.clone());
        Value::Object(line)
    }
}
