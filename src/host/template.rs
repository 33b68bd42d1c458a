//! Command templates and their placeholders.

/// What the placeholders stand for.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    /// The node's name in the configuration.
    pub node: &'a str,
    /// The host that the commands run on.
    pub host: &'a str,
    /// The version as the package manager spells it; empty where a command does not concern one.
    pub version: &'a str,
    /// Provider options for a node that is to come back quickly; may be empty.
    pub join_options: &'a str,
}

/// A template cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `{word}` is no placeholder.
    #[error("`{{{0}}}` is no placeholder; there are {{node}}, {{host}}, {{version}} and {{join_options}}")]
    Unknown(String),
    /// The shell has no command in it, or its quotes do not end.
    #[error("`{0}` is no command: it is empty, or a quote in it does not end")]
    NoCommand(String),
}

/// A command with placeholders.
///
/// A placeholder is a single lower-case word in braces. `${HOME}`, `awk '{print $1}'` and the `%{version}` of rpm's and
/// dnf's formats are none and stay as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Node,
    Host,
    Version,
    JoinOptions,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// When a word in braces is no placeholder.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (before, from) = rest.split_at(open);
            plain.push_str(before);
            let word: &str = &from[1..];
            let word = &word[..word.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(word.len())];
            let closed = from[1 + word.len()..].starts_with('}');
            if word.is_empty() || !closed || before.ends_with(['$', '%']) {
                plain.push('{');
                rest = &from[1..];
                continue;
            }
            let part = match word {
                "node" => Part::Node,
                "host" => Part::Host,
                "version" => Part::Version,
                "join_options" => Part::JoinOptions,
                _ => return Err(TemplateError::Unknown(word.to_owned())),
            };
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(part);
            rest = &from[word.len() + 2..];
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self(parts))
    }

    /// A command without placeholders, whatever braces are in it.
    pub fn literal(text: impl Into<String>) -> Self {
        Self(vec![Part::Text(text.into())])
    }

    /// Whether there is no command in it.
    pub fn is_empty(&self) -> bool {
        match &self.0[..] {
            [] => true,
            [Part::Text(text)] => text.trim().is_empty(),
            _ => false,
        }
    }

    /// Whether `{join_options}` is in it.
    pub fn takes_join_options(&self) -> bool {
        self.0.contains(&Part::JoinOptions)
    }

    /// The command for a shell: each value quoted where it must be, so that it stays one word.
    pub fn for_shell(&self, values: Values) -> String {
        self.render(values, quote)
    }

    /// The text with the values as they are, for an argument that no shell reads.
    pub(super) fn verbatim(&self, values: Values) -> String {
        self.render(values, str::to_owned)
    }

    fn render(&self, values: Values, form: impl Fn(&str) -> String) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Node => form(values.node),
            Part::Host => form(values.host),
            Part::Version => form(values.version),
            Part::JoinOptions => form(values.join_options),
        };
        self.0.iter().map(part).collect()
    }
}

/// One word for a POSIX shell.
pub fn quote(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:/+@%,=".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(text: &str, version: &str) -> String {
        let values = Values { node: "n 1", host: "db1.example", version, join_options: "a=1;b=2" };
        Template::parse(text).unwrap().for_shell(values)
    }

    #[test]
    fn fills_placeholders_and_leaves_other_braces_alone() {
        for (text, expected) in [
            ("apt-get install -y mariadb-server={version}", "apt-get install -y mariadb-server=1:10.11.19-0+deb12u1"),
            ("echo {node} on {host}", "echo 'n 1' on db1.example"),
            ("awk '{print $1}' ${HOME}/{host}", "awk '{print $1}' ${HOME}/db1.example"),
            ("rpm -q --qf '%{version}' x-{version}", "rpm -q --qf '%{version}' x-1:10.11.19-0+deb12u1"),
            ("{", "{"),
            ("a {} {A} { node } b", "a {} {A} { node } b"),
            ("", ""),
        ] {
            assert_eq!(render(text, "1:10.11.19-0+deb12u1"), expected, "{text}");
        }
        assert_eq!(render("x {version}", "1; rm -rf '/'"), r"x '1; rm -rf '\''/'\'''");
        assert_eq!(Template::parse("echo {vers}"), Err(TemplateError::Unknown("vers".into())));
    }

    #[test]
    fn knows_an_empty_command() {
        assert!(Template::parse("  ").unwrap().is_empty());
        assert!(!Template::parse("{node}").unwrap().is_empty());
    }
}
