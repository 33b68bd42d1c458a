//! What an account may do, as `SHOW GRANTS` tells it: its own grants, those of its active roles, and those of PUBLIC.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Level;
use crate::sql::quote_name as quote;

/// Gives others what one has oneself. `ALL PRIVILEGES` does not hold it.
const GRANT_OPTION: &str = "GRANT OPTION";

/// The sorts of routine, as SHOW GRANTS writes them.
const ROUTINES: [&str; 4] = ["PROCEDURE", "FUNCTION", "PACKAGE BODY", "PACKAGE"];

/// Privileges on one level: everything, a database, a table, or a routine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The database, with the wildcards `%` and `_` where the grant is for all tables; `None` for `*.*`.
    pub database: Option<String>,
    /// The table, or the routine; `None` for all of them.
    pub table: Option<String>,
    /// `PROCEDURE`, `FUNCTION`, ... where it is for a routine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routine: Option<String>,
    /// In upper case; `ALL PRIVILEGES` stands for every one but `GRANT OPTION`. Those on single columns are left out.
    pub privileges: BTreeSet<String>,
}

impl Grant {
    /// Reads one line of `SHOW GRANTS`; `None` for roles and proxies. The line's password hash goes no further.
    pub fn read(line: &str) -> Option<Self> {
        let (list, rest) = line.strip_prefix("GRANT ")?.split_once(" ON ")?;
        let routine = ROUTINES.iter().find_map(|kind| Some((*kind, rest.strip_prefix(*kind)?.strip_prefix(' ')?)));
        let (routine, rest) = routine.map_or((None, rest), |(kind, rest)| (Some(kind.to_owned()), rest));
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
        if rest.contains(" WITH GRANT OPTION") {
            privileges.insert(GRANT_OPTION.to_owned());
        }
        Some(Self { database, table, routine, privileges })
    }

    /// Whether it gives this privilege there, be it by a wider grant.
    pub fn allows(&self, privilege: &str, on: &Level) -> bool {
        self.covers(on) && holds(&self.privileges, privilege)
    }

    /// Whether it is a grant for that level or for one around it.
    fn covers(&self, on: &Level) -> bool {
        let Some(granted) = &self.database else { return true };
        let Some(database) = on.database() else { return false };
        let Some(name) = &self.table else { return like(granted.as_bytes(), database.as_bytes()) };
        let same = |wanted: &str| granted.eq_ignore_ascii_case(database) && name.eq_ignore_ascii_case(wanted);
        match (on, &self.routine) {
            (Level::Table(table), None) => same(&table.table),
            (Level::Routine { kind, name }, Some(routine)) => kind == routine && same(&name.table),
            _ => false,
        }
    }
}

/// Whether a list of privileges has this one.
pub(super) fn holds(privileges: &BTreeSet<String>, privilege: &str) -> bool {
    privileges.contains(privilege) || (privileges.contains("ALL PRIVILEGES") && privilege != GRANT_OPTION)
}

impl fmt::Display for Level {
    /// As GRANT has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("*.*"),
            Self::Database(database) => write!(f, "{}.*", quote(database)),
            Self::Table(table) => write!(f, "{}.{}", quote(&table.database), quote(&table.table)),
            Self::Routine { kind, name } => write!(f, "{kind} {}.{}", quote(&name.database), quote(&name.table)),
        }
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
    use crate::plan::facts::TableName;

    #[test]
    fn grants_are_read_as_the_server_shows_them() {
        let lines = [
            "GRANT `r1` TO `u`@`%`",
            "GRANT PROCESS, SUPER ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*D821809F681A40A6E379B50D0463EFAE20BDD122'",
            r"GRANT CREATE ON `my\_db%`.* TO `u`@`%`",
            "GRANT SELECT (`id`), INSERT (`name`, `id`), ALTER ON `app`.`customer` TO `u`@`%`",
            "GRANT DROP ON `app`.`odd``name` TO `r1`",
            "GRANT ALL PRIVILEGES ON `own`.* TO PUBLIC",
            "GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE `app`.`p` TO `u`@`%`",
            "GRANT PROXY ON ''@'%' TO 'root'@'localhost' WITH GRANT OPTION",
            "GRANT SELECT ON `lent`.* TO `u`@`%` WITH GRANT OPTION",
            "SET DEFAULT ROLE `r1` FOR `u`@`%`",
        ];
        let grants: Vec<Grant> = lines.iter().filter_map(|line| Grant::read(line)).collect();
        assert_eq!(grants.len(), 7, "{grants:?}");
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
            ("GRANT OPTION", "own", "t", false),
            ("GRANT OPTION", "lent", "t", true),
        ] {
            let table = Level::Table(TableName::new(database, table));
            let may = grants.iter().any(|grant| grant.allows(privilege, &table));
            assert_eq!(may, expected, "{privilege} on {table}");
        }
        let routine = |kind: &str| Level::Routine { kind: kind.to_owned(), name: TableName::new("app", "p") };
        for (privilege, on, expected) in [
            ("ALTER ROUTINE", routine("PROCEDURE"), true),
            ("ALTER ROUTINE", routine("FUNCTION"), false),
            ("ALTER ROUTINE", Level::Database("app".to_owned()), false),
            // A privilege on a table is none on its database.
            ("ALTER", Level::Database("app".to_owned()), false),
            ("CREATE", Level::Database("my_db7".to_owned()), true),
            ("SUPER", Level::Database("anything".to_owned()), true),
            ("CREATE", Level::Everything, false),
            ("PROCESS", Level::Everything, true),
        ] {
            let may = grants.iter().any(|grant| grant.allows(privilege, &on));
            assert_eq!(may, expected, "{privilege} on {on}");
        }
    }
}
