//! Statements whose text may hold a password, or its hash.

use std::borrow::Cow;
use std::ops::Range;

use super::{Dialect, ServerVersion, Token, TokenKind, tokens};

/// Words behind which a secret may stand.
const TELLING: &[&str] = &["IDENTIFIED", "PASSWORD", "MASTER_PASSWORD", "ENCRYPTION_KEY"];
/// Heads of statements that define tables: there, PASSWORD is the name of a column far more often than not.
const TABLES: &[&str] = &["ALTER", "CREATE", "DROP", "RENAME", "TRUNCATE", "OPTIMIZE", "ANALYZE"];

/// Whether the text of a statement may hold a secret. Rather yes than no.
pub fn may_hold_secret(sql: &str) -> bool {
    let upper = sql.to_uppercase();
    let mut words = upper.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    let hinted = words.any(|word| TELLING.contains(&word) || word == "CONNECTION");
    hinted && (!is_about_a_table(sql) || clauses_tell(sql))
}

/// The text for people, logs and events: where it may hold a secret, it is left out from the first quote behind the
/// telling word to the last quote of the statement, so that no `sql_mode` decides where a string ends.
pub fn without_secrets(sql: &str) -> Cow<'_, str> {
    match may_hold_secret(sql).then(|| quoted_secret(sql)).flatten() {
        Some(place) => Cow::Owned(format!("{}'***'{}", &sql[..place.start], &sql[place.end..])),
        None => Cow::Borrowed(sql),
    }
}

/// Lines of a file, of the same length, with stars in the place of what may be a secret.
pub fn starred(lines: &str) -> Cow<'_, str> {
    match clauses_tell(lines).then(|| quoted_secret(lines)).flatten() {
        Some(place) => {
            let hidden: String = lines[place.clone()]
                .chars()
                .map(
                    |char| {
                        if matches!(char, '\n' | '\'' | '"') { char.to_string() } else { "*".repeat(char.len_utf8()) }
                    },
                )
                .collect();
            Cow::Owned(format!("{}{hidden}{}", &lines[..place.start], &lines[place.end..]))
        }
        None => Cow::Borrowed(lines),
    }
}

/// From the first quote behind a telling word to the last one.
fn quoted_secret(sql: &str) -> Option<Range<usize>> {
    let quotes = ['\'', '"'];
    let upper = sql.to_ascii_uppercase();
    let telling = TELLING.iter().chain(&["CONNECTION", "COMMENT"]);
    let behind = telling.filter_map(|word| upper.find(word)).min().unwrap_or_default();
    let first = behind + sql[behind..].find(quotes)?;
    let last = sql.rfind(quotes)?;
    Some(first..last + 1)
}

/// With every executable comment visible, whichever version it is for.
fn read(sql: &str) -> Vec<Token> {
    tokens(sql, Dialect::new(ServerVersion::new(99, 99, 99)))
}

fn is_about_a_table(sql: &str) -> bool {
    let tokens = read(sql);
    let words = |token: &&Token| token.kind == TokenKind::Word;
    let mut head = tokens.iter().take(8).take_while(words);
    let begins = head.next().is_some_and(|first| TABLES.iter().any(|word| first.is_word(sql, word)));
    begins && head.any(|token| token.is_word(sql, "TABLE") || token.is_word(sql, "INDEX"))
}

/// Whether a password is given to somebody; the options of a table do it as well: CONNECTION of FEDERATED and CONNECT,
/// COMMENT of SPIDER.
fn clauses_tell(sql: &str) -> bool {
    let tokens = read(sql);
    let is = |at: usize, byte: u8| tokens.get(at).is_some_and(|token| token.kind == TokenKind::Punct(byte));
    let text = |at: usize| tokens.get(at).is_some_and(|token| token.kind == TokenKind::String);
    tokens.iter().enumerate().any(|(at, token)| match token.kind {
        TokenKind::Word if token.is_word(sql, "CONNECTION") => is(at + 1, b'=') || text(at + 1),
        TokenKind::Word if token.is_word(sql, "IDENTIFIED") => true,
        TokenKind::Word if TELLING.iter().any(|word| token.is_word(sql, word)) => {
            is(at + 1, b'=') || text(at + 1) || (is(at + 1, b'(') && text(at + 2))
        }
        TokenKind::String => {
            let inside = token.text(sql).to_ascii_lowercase();
            ["password \"", "password '", "password=", "password ="].iter().any(|sign| inside.contains(sign))
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_left_out_however_they_are_written() {
        for (sql, shown) in [
            ("create user u identified by 'x'", "create user u identified by '***'"),
            (
                "CREATE USER 'u'@'%' IDENTIFIED BY 'a' REQUIRE SSL",
                "CREATE USER 'u'@'%' IDENTIFIED BY '***' REQUIRE SSL",
            ),
            (
                "ALTER USER u IDENTIFIED VIA ed25519 USING PASSWORD('x')",
                "ALTER USER u IDENTIFIED VIA ed25519 USING PASSWORD('***')",
            ),
            ("set password for u = password(\"x\")", "set password for u = password('***')"),
            (
                "grant select on a.* to u identified\nby 'a\\', v identified by 'b'",
                "grant select on a.* to u identified\nby '***'",
            ),
            ("change master to master_password='x', master_host='h'", "change master to master_password='***'"),
            (
                "create server s foreign data wrapper mysql options (password 'x')",
                "create server s foreign data wrapper mysql options (password '***')",
            ),
            (
                "create table t (a int) engine=federated connection='mysql://u:p@h/d/t'",
                "create table t (a int) engine=federated connection='***'",
            ),
            (
                "create table t (a int) engine=spider comment='host \"h\", password \"x\"'",
                "create table t (a int) engine=spider comment='***'",
            ),
        ] {
            assert_eq!(without_secrets(sql), shown, "{sql}");
        }
    }

    #[test]
    fn lines_keep_their_length() {
        let lines = "create user u\n  identified by 'sé'; select 1";
        assert_eq!(starred(lines), "create user u\n  identified by '***'; select 1");
        assert_eq!(starred(lines).len(), lines.len());
        assert_eq!(starred("  password varchar(60) default 'x',"), "  password varchar(60) default 'x',");
    }

    #[test]
    fn a_column_may_be_called_password() {
        for sql in [
            "alter table users add column password varchar(60) not null default ''",
            "create table users (id int primary key, password char(60), key (password(20))) comment 'identifiedly'",
            "create unique index i on users (password)",
            "alter table t add column n int",
        ] {
            assert!(!may_hold_secret(sql), "{sql}");
        }
    }
}
