//! What client programs act on: DELIMITER, `source`, backslash commands.

use super::lexer::TokenKind;
use super::{ClientCommand, Dialect, Statement, unquote};

/// A command that was read.
pub(super) struct Client {
    /// How many bytes it has.
    pub(super) length: usize,
    pub(super) command: ClientCommand,
    /// What DELIMITER set.
    pub(super) delimiter: Option<String>,
}

/// Commands of the mariadb client that stand alone on a line, and those that take an argument.
const COMMANDS: &[&str] = &[
    "charset",
    "clear",
    "connect",
    "delimiter",
    "edit",
    "ego",
    "exit",
    "go",
    "nopager",
    "notee",
    "nowarning",
    "pager",
    "print",
    "prompt",
    "quit",
    "rehash",
    "sandbox",
    "source",
    "status",
    "system",
    "tee",
    "warnings",
];

/// Whether the text begins with `\g` or `\G`, which send a statement as a delimiter does.
pub(super) fn is_terminator(text: &str) -> bool {
    matches!(text.as_bytes(), [b'\\', b'g' | b'G', rest @ ..] if !rest.first().is_some_and(u8::is_ascii_alphanumeric))
}

/// Reads the client command that `text`, where a statement could begin, begins with.
pub(super) fn read(text: &str) -> Option<Client> {
    // The word comes first: most statements have none of these, and then a long line is not read.
    let longest = COMMANDS.iter().map(|name| name.len()).max().unwrap_or_default() + 1;
    let head = text.bytes().take(longest).position(|byte| byte.is_ascii_whitespace() || byte == b';');
    let head = &text.as_bytes()[..head.unwrap_or(text.len().min(longest))];
    let named = |name: &str| name.as_bytes().eq_ignore_ascii_case(head);
    if head.first() != Some(&b'\\') && !COMMANDS.iter().any(|name| named(name)) {
        return None;
    }
    let line = &text[..memchr::memchr2(b'\n', b'\r', text.as_bytes()).unwrap_or(text.len())];
    let word = &line[..line.find(|char: char| char.is_ascii_whitespace() || char == ';').unwrap_or(line.len())];
    let length = line.trim_end().len();
    let refuse = |name: &str, refusal: String| {
        let command = ClientCommand { name: name.to_owned(), refusal: Some(refusal) };
        Some(Client { length, command, delimiter: None })
    };
    if word.starts_with('\\') {
        let name = word;
        return refuse(
            name,
            format!(
                "`{name}` is a command of a client program (mariadb or psql), not SQL; this tool does not run client \
                 commands. Remove the line, or put in its place the SQL that it stands for."
            ),
        );
    }
    if word.eq_ignore_ascii_case("delimiter") {
        let argument = line[word.len()..].trim();
        let quoted = ['\'', '"', '`'].iter().find(|quote| argument.len() > 2 && argument.starts_with(**quote));
        let delimiter = match quoted {
            Some(quote) => argument[1..].split(*quote).next(),
            None => argument.split_whitespace().next(),
        };
        let delimiter = delimiter.filter(|delimiter| !delimiter.is_empty() && !delimiter.contains('\\'));
        let Some(delimiter) = delimiter else {
            return refuse(
                "delimiter",
                "DELIMITER needs a delimiter behind it, and a backslash cannot be one.".to_owned(),
            );
        };
        let command = ClientCommand { name: "delimiter".to_owned(), refusal: None };
        return Some(Client { length, command, delimiter: Some(delimiter.to_owned()) });
    }
    let name = COMMANDS.iter().find(|name| name.eq_ignore_ascii_case(word))?;
    refuse(
        name,
        format!(
            "`{name}` is a command of the mariadb client, not SQL; this tool does not run client commands. Remove the \
             line, or put in its place the SQL that it stands for."
        ),
    )
}

/// The dialect behind a SET statement. A value that is read from a variable, as dumps do at their end, stands for
/// the dialect at the file's beginning.
pub fn dialect_after_set(statement: &Statement<'_>, initial: Dialect) -> Dialect {
    let text = statement.text;
    let tokens = statement.tokens();
    let mut dialect = statement.dialect;
    let mut global = false;
    for (index, token) in tokens.iter().enumerate() {
        let word = token.text(text);
        match token.kind {
            TokenKind::Punct(b',') => global = false,
            TokenKind::Word if word.eq_ignore_ascii_case("GLOBAL") => global = true,
            TokenKind::Word | TokenKind::Variable => {
                let name = word.to_ascii_lowercase();
                let bare = name.trim_start_matches("@@").trim_start_matches("session.").trim_start_matches("local.");
                if bare != "sql_mode" || global {
                    continue;
                }
                let mut rest = tokens[index + 1..].iter().peekable();
                rest.next_if(|token| token.kind == TokenKind::Punct(b':'));
                if rest.next().is_none_or(|token| token.kind != TokenKind::Punct(b'=')) {
                    continue;
                }
                let Some(value) = rest.next() else { continue };
                let alone = rest.peek().is_none_or(|token| token.kind == TokenKind::Punct(b','));
                let written = unquote(value.text(text), value.kind, statement.dialect);
                dialect = match value.kind {
                    TokenKind::String | TokenKind::Word if alone && written.eq_ignore_ascii_case("default") => initial,
                    TokenKind::String | TokenKind::Word if alone => dialect.with_sql_mode(&written),
                    TokenKind::Variable if alone && !written.starts_with("@@") => initial,
                    _ => added_modes(dialect, statement, &tokens[index + 1..]),
                };
            }
            _ => {}
        }
    }
    dialect
}

/// `CONCAT(@@sql_mode, ',ANSI_QUOTES')`: the modes in the strings are added to those in force.
fn added_modes(dialect: Dialect, statement: &Statement<'_>, tokens: &[super::Token]) -> Dialect {
    let mut depth = 0_usize;
    let mut result = dialect;
    for token in tokens {
        match token.kind {
            TokenKind::Punct(b'(') => depth += 1,
            TokenKind::Punct(b')') => depth = depth.saturating_sub(1),
            TokenKind::Punct(b',') if depth == 0 => break,
            TokenKind::String => {
                let added = dialect.with_sql_mode(&unquote(token.text(statement.text), token.kind, dialect));
                result.ansi_quotes |= added.ansi_quotes;
                result.oracle |= added.oracle;
                result.no_backslash_escapes |= added.no_backslash_escapes;
            }
            _ => {}
        }
    }
    result
}
