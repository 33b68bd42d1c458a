//! What an account may do, as `SHOW GRANTS` tells it: its own grants, those of its active roles, and those of PUBLIC.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::facts::TableName;

/// Privileges on one level: everything, a database, or a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The database, with the wildcards `%` and `_` where the grant is for all tables; `None` for `*.*`.
    pub database: Option<String>,
    /// The table; `None` for all of them.
    pub table: Option<String>,
    /// In upper case; `ALL PRIVILEGES` stands for every one. Those on single columns are left out.
    pub privileges: BTreeSet<String>,
}

impl Grant {
    /// Reads one line of `SHOW GRANTS`; `None` for roles, routines and proxies. The line's password hash goes no further.
    pub fn read(line: &str) -> Option<Self> {
        let (list, rest) = line.strip_prefix("GRANT ")?.split_once(" ON ")?;
        let (database, rest) = match rest.strip_prefix('*') {
            Some(rest) => (None, rest),
            None => quoted(rest).map(|(name, rest)| (Some(name), rest))?,
        };
        let rest = rest.strip_prefix('.')?;
        let (table, rest) = match rest.strip_prefix('*') {
            Some(rest) => (None, rest),
            None => quoted(rest).map(|(name, rest)| (Some(name), rest))?,
        };
        rest.starts_with(" TO ").then_some(())?;
        let mut privileges = BTreeSet::new();
        let mut depth = 0_usize;
        for part in list.split(',') {
            // `INSERT (`a`, `b`)` is a privilege on columns.
            if depth == 0 && !part.contains('(') {
                privileges.insert(part.trim().to_uppercase());
            }
            depth = (depth + part.matches('(').count()).saturating_sub(part.matches(')').count());
        }
        Some(Self { database, table, privileges })
    }

    /// Whether it gives this privilege on a table.
    pub fn allows(&self, privilege: &str, table: &TableName) -> bool {
        let database = match (&self.database, &self.table) {
            (None, _) => true,
            (Some(pattern), None) => like(pattern.as_bytes(), table.database.as_bytes()),
            (Some(database), Some(_)) => database.eq_ignore_ascii_case(&table.database),
        };
        let named = self.table.as_ref().is_none_or(|name| name.eq_ignore_ascii_case(&table.table));
        database && named && (self.privileges.contains(privilege) || self.privileges.contains("ALL PRIVILEGES"))
    }
}

/// A name in backquotes, and what stands behind it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('`')?;
    let mut name = String::new();
    loop {
        let end = rest.find('`')?;
        name.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('`') {
            Some(more) => {
                name.push('`');
                rest = more;
            }
            None => return Some((name, rest)),
        }
    }
}

/// `LIKE` with `\` as the escape, upper and lower case alike: what matters is never to miss a grant that is there.
fn like(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'%', rest @ ..] => (0..=text.len()).any(|at| like(rest, &text[at..])),
        [b'_', rest @ ..] => !text.is_empty() && like(rest, &text[1..]),
        [b'\\', byte, rest @ ..] | [byte, rest @ ..] => {
            text.first().is_some_and(|first| first.eq_ignore_ascii_case(byte)) && like(rest, &text[1..])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_read_as_the_server_shows_them() {
        let lines = [
            "GRANT `r1` TO `u`@`%`",
            "GRANT PROCESS, SUPER ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*D821809F681A40A6E379B50D0463EFAE20BDD122'",
            r"GRANT CREATE ON `my\_db%`.* TO `u`@`%`",
            "GRANT SELECT (`id`), INSERT (`name`, `id`), ALTER ON `app`.`customer` TO `u`@`%`",
            "GRANT DROP ON `app`.`odd``name` TO `r1`",
            "GRANT ALL PRIVILEGES ON `own`.* TO PUBLIC",
            "GRANT EXECUTE ON PROCEDURE `app`.`p` TO `u`@`%`",
            "SET DEFAULT ROLE `r1` FOR `u`@`%`",
        ];
        let grants: Vec<Grant> = lines.iter().filter_map(|line| Grant::read(line)).collect();
        assert_eq!(grants.len(), 5, "{grants:?}");
        for (privilege, database, table, expected) in [
            ("SUPER", "x", "y", true),
            ("CREATE", "my_db7", "t", true),
            ("CREATE", "myxdb7", "t", false),
            ("ALTER", "app", "customer", true),
            ("ALTER", "app", "orders", false),
            ("INSERT", "app", "customer", false),
            ("ID`)", "app", "customer", false),
            ("DROP", "app", "odd`name", true),
            ("INDEX", "own", "t", true),
        ] {
            let table = TableName::new(database, table);
            let may = grants.iter().any(|grant| grant.allows(privilege, &table));
            assert_eq!(may, expected, "{privilege} on {table}");
        }
    }
}
