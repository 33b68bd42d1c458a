//! Which objects are looked at.

use crate::plan::facts::TableName;

/// Databases of the server itself: looked at only when asked for, or never, because they are views of the running
/// server and not stored anywhere.
pub const SYSTEM_DATABASES: [&str; 4] = ["mysql", "sys", "information_schema", "performance_schema"];

/// Which objects are looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Only these databases; all when empty.
    pub databases: Vec<String>,
    /// Only these tables, views and sequences, and the triggers on them; all when empty. With tables named, nothing
    /// else is looked at.
    pub tables: Vec<TableName>,
    /// Not these: `db`, `db.name`, with `*` and `?`.
    pub exclude: Vec<String>,
    /// Users, roles and their grants too.
    pub users: bool,
    /// The databases `mysql` and `sys` too.
    pub system: bool,
}

impl Scope {
    /// These tables and nothing else.
    pub fn of_tables(tables: Vec<TableName>) -> Self {
        Self { tables, ..Self::default() }
    }

    /// These databases and nothing else.
    pub fn of_databases(databases: Vec<String>) -> Self {
        Self { databases, ..Self::default() }
    }

    /// Whether objects of this database are looked at.
    pub fn has_database(&self, database: &str) -> bool {
        let virtual_one = ["information_schema", "performance_schema"].contains(&database.to_lowercase().as_str());
        let system = SYSTEM_DATABASES.contains(&database.to_lowercase().as_str());
        let wanted = if self.databases.is_empty() {
            (!system || self.system) && (self.tables.is_empty() || self.tables.iter().any(|t| t.database == database))
        } else {
            self.databases.iter().any(|one| one == database)
        };
        wanted && !virtual_one && !self.exclude.iter().any(|pattern| matches(pattern, database))
    }

    /// Whether this object of a database is looked at; the database is.
    pub fn has_object(&self, database: &str, name: &str) -> bool {
        let full = format!("{database}.{name}");
        !self.exclude.iter().any(|pattern| matches(pattern, &full))
    }
}

/// Whether a name fits a pattern with `*` (any characters) and `?` (one character).
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        if p < pattern.len() && (pattern[p] == '?' || (pattern[p] == name[n] && pattern[p] != '*')) {
            p += 1;
            n += 1;
        } else if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, n));
            p += 1;
        } else if let Some((at, taken)) = star {
            // Let the last star take one character more.
            p = at + 1;
            n = taken + 1;
            star = Some((at, taken + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("app", "app", true),
            ("app", "app2", false),
            ("app.tmp_*", "app.tmp_1", true),
            ("app.*", "app", false),
            ("*.t?", "app.t1", true),
            ("*a*b", "xaxxbxb", true),
            ("a*", "b", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn system_databases_only_on_request_and_virtual_ones_never() {
        let all = Scope::default();
        assert!(all.has_database("app") && !all.has_database("mysql"));
        let system = Scope { system: true, ..Scope::default() };
        assert!(system.has_database("mysql") && !system.has_database("information_schema"));
        let excluded = Scope { exclude: vec!["tmp_*".into(), "app.x".into()], ..Scope::default() };
        assert!(!excluded.has_database("tmp_1") && excluded.has_database("app") && !excluded.has_object("app", "x"));
    }
}
