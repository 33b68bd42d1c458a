//! The shape of `schema.toml`, key by key, before anything is interpreted.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::{ConfigError, suggest};
use crate::lint::LintConfig;

/// A text and where it stands.
pub(super) type Text = Spanned<String>;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub(super) cluster: Cluster,
    #[serde(default)]
    pub(super) balancer: Vec<Spanned<Balancer>>,
    #[serde(default)]
    pub(super) policy: Policy,
    #[serde(default)]
    pub(super) upgrade: Upgrade,
    #[serde(default)]
    pub(super) lint: LintConfig,
    #[serde(default)]
    pub(super) journal: Journal,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cluster {
    #[serde(default)]
    pub(super) nodes: Vec<Spanned<Node>>,
    pub(super) node: Option<Text>,
    pub(super) defaults_file: Option<Text>,
    pub(super) user: Option<Text>,
    pub(super) password_file: Option<Text>,
    pub(super) password_command: Option<Text>,
    pub(super) tls: Option<Text>,
    pub(super) ca: Option<Text>,
    pub(super) cert: Option<Text>,
    pub(super) key: Option<Text>,
    pub(super) connect_timeout: Option<Text>,
    pub(super) query_timeout: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Node {
    pub(super) name: Option<Text>,
    pub(super) address: Text,
}

/// One text, or a list of them. The place is that of the whole value: serde loses the places inside of an untagged enum.
#[derive(Debug, Deserialize)]
pub(super) struct OneOrMany(Spanned<Texts>);

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    /// The text, when it is not a list.
    pub(super) fn as_one(&self) -> Option<&str> {
        match self.0.get_ref() {
            Texts::One(text) => Some(text),
            Texts::Many(_) => None,
        }
    }

    pub(super) fn into_vec(self) -> Vec<Text> {
        let span = self.0.span();
        let texts = match self.0.into_inner() {
            Texts::One(text) => vec![text],
            Texts::Many(texts) => texts,
        };
        texts.into_iter().map(|text| Spanned::new(span.clone(), text)).collect()
    }
}

/// The keys of every kind; which belong to which is told in `load`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Balancer {
    pub(super) kind: Text,
    pub(super) name: Option<String>,
    pub(super) address: Option<OneOrMany>,
    pub(super) backend: Option<OneOrMany>,
    pub(super) servers: Option<BTreeMap<String, String>>,
    pub(super) master_cli: Option<bool>,
    pub(super) user: Option<Text>,
    pub(super) password_file: Option<Text>,
    pub(super) password_command: Option<Text>,
    pub(super) token_file: Option<Text>,
    pub(super) token_command: Option<Text>,
    pub(super) hostgroups: Option<Vec<u32>>,
    pub(super) ca: Option<Text>,
    pub(super) command: Option<OneOrMany>,
    pub(super) timeout: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    pub(super) max_stall: Option<Text>,
    pub(super) drain_timeout: Option<Text>,
    pub(super) after_drain_timeout: Option<Text>,
    pub(super) settle: Option<Text>,
    pub(super) min_serving: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Upgrade {
    pub(super) shell: Option<String>,
    pub(super) hosts: Option<BTreeMap<String, String>>,
    pub(super) prepare: Option<String>,
    pub(super) quick_timers: Option<bool>,
    pub(super) stop: Option<String>,
    pub(super) install: Option<String>,
    pub(super) configure: Option<String>,
    pub(super) check_config: Option<String>,
    pub(super) offered: Option<String>,
    pub(super) log: Option<String>,
    pub(super) backup: Option<String>,
    pub(super) backup_file: Option<Text>,
    pub(super) backup_max_age: Option<Text>,
    pub(super) expected_away: Option<Text>,
    pub(super) join_timeout: Option<Text>,
    pub(super) bundles: Option<Text>,
    pub(super) start: Option<String>,
    pub(super) upgrade_tables: Option<String>,
    pub(super) settle: Option<Text>,
    pub(super) command_timeout: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Journal {
    pub(super) database: Option<Text>,
}

/// Reads the text of a `schema.toml`.
pub(super) fn parse(path: &Path, text: &str) -> Result<File, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        ConfigError::at(path, text, offset, explain(error.message()))
    })
}

/// Serde's words for an unknown key, with the key that was probably meant.
fn explain(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let Some(typed) = quoted.next().filter(|_| message.starts_with("unknown field")) else {
        return message.to_owned();
    };
    if typed == "password" {
        return "a password does not stand in schema.toml; use password_file, password_command, defaults_file, \
                MYSQL_PWD or --ask-pass"
            .to_owned();
    }
    let known: Vec<&str> = quoted.collect();
    match suggest::closest(typed, known.iter().copied()) {
        Some(meant) => format!("unknown key `{typed}`; did you mean `{meant}`?"),
        None => format!("unknown key `{typed}`; the keys here are {}", known.join(", ")),
    }
}
