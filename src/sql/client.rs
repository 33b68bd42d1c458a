//! What client programs act on: DELIMITER, `source`, backslash commands.

use super::lexer::{Token, TokenKind};
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
    let is = |token: Option<&Token>, words: &[&str]| {
        token.is_some_and(|token| words.iter().any(|word| token.is_word(text, word)))
    };
    let mut rest = tokens.get(1..).unwrap_or_default();
    // SET STATEMENT .. FOR changes nothing for the statements behind it.
    if is(rest.first(), &["STATEMENT"]) {
        return statement.dialect;
    }
    let mut dialect = statement.dialect;
    // GLOBAL and SESSION hold on over commas (11.8.6: SET GLOBAL a = 1, sql_mode = '..' leaves the session alone).
    let mut global = false;
    while !rest.is_empty() {
        let (mut assignment, behind) = rest.split_at(comma(rest));
        rest = behind.get(1..).unwrap_or_default();
        if is(assignment.first(), &["GLOBAL", "SESSION", "LOCAL"]) {
            global = is(assignment.first(), &["GLOBAL"]);
            assignment = &assignment[1..];
        }
        let Some((name, mut value)) = assignment.split_first() else { continue };
        let name = unquote(name.text(text), name.kind, dialect).to_ascii_lowercase();
        let meant = match name.strip_prefix("@@") {
            Some(name) => matches!(name, "sql_mode" | "session.sql_mode" | "local.sql_mode"),
            None => name == "sql_mode" && !global,
        };
        if value.first().is_some_and(|token| token.kind == TokenKind::Punct(b':')) {
            value = &value[1..];
        }
        if meant && value.first().is_some_and(|token| token.kind == TokenKind::Punct(b'=')) {
            dialect = assigned(&value[1..], text, dialect, initial);
        }
    }
    dialect
}

/// Where the first comma outside of parentheses stands, or the end.
fn comma(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    let found = tokens.iter().position(|token| {
        match token.kind {
            TokenKind::Punct(b'(') => depth += 1,
            TokenKind::Punct(b')') => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && token.kind == TokenKind::Punct(b',')
    });
    found.unwrap_or(tokens.len())
}

/// The dialect that a value of `sql_mode` stands for.
fn assigned(value: &[Token], text: &str, dialect: Dialect, initial: Dialect) -> Dialect {
    if let [one] = value
        && matches!(one.kind, TokenKind::String | TokenKind::Word)
    {
        let written = unquote(one.text(text), one.kind, dialect);
        return if written.eq_ignore_ascii_case("default") { initial } else { dialect.with_sql_mode(&written) };
    }
    // `CONCAT(@@sql_mode, ',ANSI_QUOTES')` adds a mode, `REPLACE(@@sql_mode, 'ANSI_QUOTES', '')` takes one away. For each
    // open parenthesis: whether it is REPLACE's, and its commas.
    let mut open: Vec<(bool, usize)> = Vec::new();
    let mut result = dialect.with_sql_mode("");
    for (index, token) in value.iter().enumerate() {
        match token.kind {
            TokenKind::Variable => {
                let name = token.text(text).to_ascii_lowercase();
                let own = matches!(name.as_str(), "@@sql_mode" | "@@session.sql_mode" | "@@local.sql_mode");
                result = if own { dialect } else { initial };
            }
            TokenKind::Punct(b'(') => {
                let function = index.checked_sub(1).and_then(|before| value.get(before));
                open.push((function.is_some_and(|token| token.is_word(text, "REPLACE")), 0));
            }
            TokenKind::Punct(b')') => drop(open.pop()),
            TokenKind::Punct(b',') => open.last_mut().into_iter().for_each(|(_, commas)| *commas += 1),
            TokenKind::String => {
                let named = dialect.with_sql_mode(&unquote(token.text(text), token.kind, dialect));
                let set = open.last() != Some(&(true, 1));
                for (of, named) in [
                    (&mut result.ansi_quotes, named.ansi_quotes),
                    (&mut result.oracle, named.oracle),
                    (&mut result.no_backslash_escapes, named.no_backslash_escapes),
                ] {
                    *of = if named { set } else { *of };
                }
            }
            _ => {}
        }
    }
    result
}
