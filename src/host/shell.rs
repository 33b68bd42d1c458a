//! The command that reaches a host: `ssh {host}`, `sh -c`, or whatever the site uses.

use super::template::{Template, TemplateError, Values};

/// A site's way to run a command on a host. The command itself becomes one more argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shell(Vec<Template>);

impl Shell {
    /// Reads the words of the command line; quotes hold words together.
    ///
    /// # Errors
    /// When there is no command in it, when a quote does not end, or when a placeholder is unknown.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let words = words(text).filter(|words| !words.is_empty());
        let words = words.ok_or_else(|| TemplateError::NoCommand(text.to_owned()))?;
        Ok(Self(words.iter().map(|word| Template::parse(word)).collect::<Result<_, _>>()?))
    }

    /// The program and its arguments. No shell reads these, so values are put in as they are.
    pub(super) fn arguments(&self, values: Values) -> Vec<String> {
        self.0.iter().map(|word| word.verbatim(values)).collect()
    }
}

fn words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('"') | None, '\\') => word.get_or_insert_default().push(chars.next()?),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                word.get_or_insert_default();
                quote = Some(c);
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return None;
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_words_and_fills_them_in() {
        let values = Values { node: "n1", host: "db 1", version: "", join_options: "" };
        for (text, expected) in [
            ("sh -c", &["sh", "-c"][..]),
            ("ssh  {host}", &["ssh", "db 1"]),
            (r#"ssh -o "ProxyJump bastion" root@{host}"#, &["ssh", "-o", "ProxyJump bastion", "root@db 1"]),
            (r"a\ b ''", &["a b", ""]),
        ] {
            assert_eq!(Shell::parse(text).unwrap().arguments(values), expected, "{text}");
        }
        for text in ["", "  ", "ssh 'x", "ssh \"x"] {
            assert_eq!(Shell::parse(text), Err(TemplateError::NoCommand(text.into())), "{text}");
        }
    }
}
