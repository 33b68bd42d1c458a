//! From a server's "access denied" to the GRANT that would have let it through.

use super::quote_name;

/// The GRANT that the server's words ask for; `None` when it is no matter of privileges, or its words are of another
/// language. `account` is `'user'@'host'`, as CURRENT_USER() and GRANT have it.
pub(super) fn missing_grant(code: u16, message: &str, account: &str) -> Option<String> {
    let between = |from: &str, to: &str| {
        let start = message.find(from)? + from.len();
        Some(&message[start..start + message[start..].find(to)?])
    };
    let (what, on) = match code {
        // Access denied; you need (at least one of) the SUPER, BINLOG ADMIN privilege(s) for this operation
        1227 => (between(" the ", " privilege(s)")?.split(',').next_back()?.trim().to_owned(), "*.*".to_owned()),
        // SELECT command denied to user 'u'@'h' for table `db`.`t`; 1143 is the same for a column
        1142 | 1143 => {
            // SHOW is no privilege; SHOW CREATE TABLE takes any on the table.
            let what = match message.split(" command denied").next()? {
                "SHOW" => "SELECT".to_owned(),
                what => what.to_owned(),
            };
            let table = match message.split_once(" for table ")?.1 {
                name if name.starts_with('`') => name.to_owned(),
                name => {
                    let (database, table) = name.trim_matches('\'').split_once('.')?;
                    format!("{}.{}", quote_name(database), quote_name(table))
                }
            };
            (what, table)
        }
        // Access denied for user 'u'@'h' to database 'db': which privilege was wanted, the server does not say.
        1044 => (
            "CREATE, ALTER, DROP, INDEX, SELECT, INSERT, UPDATE".to_owned(),
            format!("{}.*", quote_name(between("to database '", "'")?)),
        ),
        // execute command denied to user 'u'@'h' for routine 'db.p'
        1370 => {
            let (database, _) = between("for routine '", "'")?.split_once('.')?;
            (message.split(" command denied").next()?.to_uppercase(), format!("{}.*", quote_name(database)))
        }
        _ => return None,
    };
    Some(format!("GRANT {what} ON {on} TO {account}"))
}

/// What CURRENT_USER() says, `user@host`, in quotes.
pub(super) fn quoted_account(current_user: &str) -> String {
    let (user, host) = current_user.rsplit_once('@').unwrap_or((current_user, "%"));
    format!("'{}'@'{}'", user.replace('\'', "''"), host.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_words_become_a_grant() {
        for (code, message, expected) in [
            (
                1227,
                "Access denied; you need (at least one of) the PROCESS privilege(s) for this operation",
                "GRANT PROCESS ON *.* TO 'u'@'%'",
            ),
            (
                1227,
                "Access denied; you need (at least one of) the SUPER, BINLOG MONITOR privilege(s) for this operation",
                "GRANT BINLOG MONITOR ON *.* TO 'u'@'%'",
            ),
            (
                1142,
                "ALTER command denied to user 'u'@'localhost' for table `app`.`t`",
                "GRANT ALTER ON `app`.`t` TO 'u'@'%'",
            ),
            (
                1142,
                "SELECT command denied to user 'u'@'localhost' for table 'app.t'",
                "GRANT SELECT ON `app`.`t` TO 'u'@'%'",
            ),
            (
                1142,
                "SHOW command denied to user 'u'@'localhost' for table `app`.`t`",
                "GRANT SELECT ON `app`.`t` TO 'u'@'%'",
            ),
            (
                1044,
                "Access denied for user 'u'@'%' to database 'galera_schema'",
                "GRANT CREATE, ALTER, DROP, INDEX, SELECT, INSERT, UPDATE ON `galera_schema`.* TO 'u'@'%'",
            ),
            (
                1370,
                "alter routine command denied to user 'u'@'%' for routine 'app.p'",
                "GRANT ALTER ROUTINE ON `app`.* TO 'u'@'%'",
            ),
        ] {
            assert_eq!(missing_grant(code, message, "'u'@'%'").as_deref(), Some(expected), "{message}");
        }
        assert_eq!(missing_grant(1064, "You have an error in your SQL syntax", "'u'@'%'"), None);
    }
}
