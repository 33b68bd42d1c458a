//! What happens during an upgrade, for people and for programs.

use serde_json::{Map, Value, json};

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
