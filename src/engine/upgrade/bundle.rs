//! What a node was like, in files that can be sent to support.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::schema::Fingerprints;
use crate::upgrade::NodeFacts;

/// Variables that may hold secrets.
const SECRET: &[&str] = &["wsrep_sst_auth", "ssl_passphrase", "password", "secret"];

/// The folder of one run.
pub(super) struct Bundle {
    dir: PathBuf,
}

impl Bundle {
    pub(super) fn new(parent: &Path, run: &str) -> Self {
        Self { dir: parent.join(format!("schema-upgrade-{run}")) }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes what is known of a node. `moment` tells the files of one node apart: `before`, `after`, `failed`.
    pub(super) fn write(
        &self,
        facts: &NodeFacts,
        moment: &str,
        schema: Option<&Fingerprints>,
        log: &Result<String, String>,
    ) -> Result<PathBuf, String> {
        let file = self.dir.join(format!("{}-{moment}.json", facts.name));
        let hidden = |name: &str| SECRET.iter().any(|secret| name.contains(secret));
        let variables: serde_json::Map<String, Value> = facts
            .variables
            .iter()
            .map(|(name, value)| {
                (name.clone(), if hidden(name) && !value.is_empty() { json!("(hidden)") } else { json!(value) })
            })
            .collect();
        let tail: Vec<&str> = log.as_deref().map(|text| text.lines().rev().take(500).collect()).unwrap_or_default();
        let body = json!({
            "v": 1,
            "node": facts.name,
            "moment": moment,
            "taken": jiff::Timestamp::now().to_string(),
            "version": facts.variable("version"),
            "provider": facts.status("wsrep_provider_version"),
            "schema": schema,
            "variables": variables,
            "status": facts.status,
            "log": tail.into_iter().rev().collect::<Vec<_>>(),
            "log_unread": log.as_ref().err(),
        });
        // A log may show what is in the data.
        let written = std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir)
            .and_then(|()| std::fs::write(&file, serde_json::to_vec_pretty(&body).unwrap_or_default()));
        written.map_err(|error| format!("{} could not be written: {error}", file.display()))?;
        Ok(file)
    }
}
