//! The DDL that brings one node's object to the form of the others.

use super::definition::{Definition, Object, ObjectKind};
use super::table::TableText;

/// Statements, in order, for a node that has `have` where the others have `want`. A line that begins with `--` is
/// advice: what would destroy something is never ready to be run.
pub(super) fn statements(object: &Object, have: Option<&Definition>, want: Option<&Definition>) -> Vec<String> {
    match (have, want) {
        (_, Some(Definition::Known { context, sql })) => {
            let have = match have {
                Some(Definition::Known { sql, .. }) => Some(sql.as_str()),
                _ => None,
            };
            let mut statements: Vec<String> = settings(context).into_iter().collect();
            if object.kind == ObjectKind::Trigger {
                // The server shows a trigger as it was typed, mostly without its database.
                statements.push(format!("USE `{}`", object.database.replace('`', "``")));
            }
            statements.extend(form(object, have, sql));
            statements
        }
        (Some(_), None) => vec![format!(
            "-- No other node has it. When nobody needs it: DROP {} {};",
            object.kind.sql(),
            object.quoted()
        )],
        _ => Vec::new(),
    }
}

/// What a session must have set before the statement means the same.
fn settings(context: &[(String, String)]) -> Option<String> {
    let known = ["sql_mode", "character_set_client", "collation_connection"];
    let pairs: Vec<String> = context
        .iter()
        .filter(|(name, _)| known.contains(&name.as_str()))
        .map(|(name, value)| format!("{name} = '{}'", value.replace('\'', "''")))
        .collect();
    (!pairs.is_empty()).then(|| format!("SET SESSION {}", pairs.join(", ")))
}

fn form(object: &Object, have: Option<&str>, want: &str) -> Vec<String> {
    match (object.kind, have) {
        (ObjectKind::User, have) => grants(have, want),
        (ObjectKind::Table | ObjectKind::Database | ObjectKind::Sequence, None) => vec![want.to_owned()],
        (ObjectKind::Database, Some(have)) => {
            let comment = if have.contains(" COMMENT ") && !want.contains(" COMMENT ") { " COMMENT ''" } else { "" };
            vec![want.replacen("CREATE", "ALTER", 1) + comment]
        }
        (ObjectKind::Sequence, Some(_)) => {
            let want = want.replacen("CREATE", "ALTER", 1);
            vec![want.rsplit_once(" ENGINE=").map_or(want.as_str(), |(head, _)| head).to_owned()]
        }
        (ObjectKind::Table, Some(have)) => alter(object, have, want)
            .unwrap_or_else(|| vec![format!("-- The change is not simple; the other nodes have: {}", one_line(want))]),
        // Some node runs it already; created as it stands, it would run twice.
        (ObjectKind::Event, _) => vec![or_replace(&want.replacen(" PRESERVE ENABLE", " PRESERVE DISABLE ON SLAVE", 1))],
        _ => vec![or_replace(want)],
    }
}

/// `CREATE ...` to `CREATE OR REPLACE ...`.
fn or_replace(sql: &str) -> String {
    match sql.strip_prefix("CREATE OR REPLACE ") {
        Some(_) => sql.to_owned(),
        None => sql.replacen("CREATE ", "CREATE OR REPLACE ", 1),
    }
}

fn one_line(sql: &str) -> String {
    sql.split('\n').map(str::trim).collect::<Vec<_>>().join(" ")
}

/// An account's lines: the first creates it, the others grant. Passwords are not shown, so an account itself can only
/// be advised on.
fn grants(have: Option<&str>, want: &str) -> Vec<String> {
    let have: Vec<&str> = have.map(|text| text.lines().collect()).unwrap_or_default();
    let wanted: Vec<&str> = want.lines().collect();
    let mut statements = Vec::new();
    for line in &have {
        if !wanted.contains(line) {
            statements.extend(line.strip_prefix("GRANT ").and_then(|grant| {
                let (what, rest) = grant.split_once(" TO ")?;
                let who = rest.split(" WITH ").next()?.split(" IDENTIFIED ").next()?;
                Some(format!("REVOKE {what} FROM {who}"))
            }));
        }
    }
    for line in wanted {
        if !have.contains(&line) {
            statements.push(match line.starts_with("GRANT ") && !line.contains("IDENTIFIED") {
                true => line.to_owned(),
                false => format!("-- Give the account the form of the other nodes (SHOW CREATE USER there): {line}"),
            });
        }
    }
    statements
}

/// The ALTER TABLE statements that turn one definition into another; `None` when one of them was not understood.
fn alter(object: &Object, have: &str, want: &str) -> Option<Vec<String>> {
    let (have, want) = (TableText::parse(have)?, TableText::parse(want)?);
    let (drops, adds) = keys(&have.keys, &want.keys)?;
    // A foreign key cannot be dropped and created again under its name in one statement.
    let (first, drops): (Vec<String>, Vec<String>) =
        drops.into_iter().partition(|name| name.starts_with("FOREIGN KEY") && adds.iter().any(|(add, _)| add == name));
    let mut clauses: Vec<String> = drops.iter().map(|name| format!("DROP {name}")).collect();
    clauses.extend(columns(&have.columns, &want.columns));
    clauses.extend(adds.iter().map(|(_, text)| format!("ADD {text}")));
    clauses.extend(options(&have.options, &want.options)?);
    let head = format!("ALTER TABLE {}", object.quoted());
    let mut statements: Vec<String> = first.iter().map(|name| format!("{head} DROP {name}")).collect();
    if !clauses.is_empty() {
        statements.push(format!("{head} {}", clauses.join(", ")));
    }
    if have.partitions != want.partitions {
        statements.push(match want.partitions.as_str() {
            "" => format!("{head} REMOVE PARTITIONING"),
            partitions => format!("{head} {partitions}"),
        });
    }
    Some(statements)
}

/// DROP, ADD and MODIFY COLUMN, with the order that results from each kept in mind.
fn columns(have: &[(String, String)], want: &[(String, String)]) -> Vec<String> {
    let mut clauses = Vec::new();
    let quote = |name: &str| format!("`{}`", name.replace('`', "``"));
    let mut now: Vec<&(String, String)> = Vec::new();
    for column in have {
        if want.iter().any(|(name, _)| *name == column.0) {
            now.push(column);
        } else {
            clauses.push(format!("DROP COLUMN {}", quote(&column.0)));
        }
    }
    for (at, column) in want.iter().enumerate() {
        let place = match at {
            0 => " FIRST".to_owned(),
            _ => format!(" AFTER {}", quote(&want[at - 1].0)),
        };
        match now.iter().position(|(name, _)| *name == column.0) {
            None => {
                let place = if at == now.len() { String::new() } else { place };
                clauses.push(format!("ADD COLUMN {}{place}", column.1));
                now.insert(at, column);
            }
            Some(found) => {
                let moved = found != at;
                if moved || now[found].1 != column.1 {
                    let place = if moved { place } else { String::new() };
                    clauses.push(format!("MODIFY COLUMN {}{place}", column.1));
                }
                now.remove(found);
                now.insert(at, column);
            }
        }
    }
    clauses
}

type Keys = Vec<(String, String)>;

/// The names to drop, and the definitions to add.
fn keys(have: &Keys, want: &Keys) -> Option<(Vec<String>, Keys)> {
    let same = |one: &(String, String)| want.contains(one);
    let mut kept: Keys = have.iter().filter(|key| same(key)).cloned().collect();
    // The server lists unique keys before the others, and within each the older before the younger. Where that would
    // not give the wanted order, the key is made anew.
    let rank = |key: &(String, String)| match key.1.split(' ').next() {
        Some("PRIMARY") => 0,
        Some("UNIQUE") => 1,
        Some("CONSTRAINT" | "PERIOD") => 3,
        _ => 2,
    };
    for class in 0..=3 {
        let wanted: Vec<_> = want.iter().filter(|key| rank(key) == class).collect();
        let in_place = kept.iter().filter(|key| rank(key) == class).zip(&wanted).take_while(|(a, b)| a == *b).count();
        let mut seen = 0;
        kept.retain(|key| {
            let mine = rank(key) == class;
            seen += usize::from(mine);
            !mine || class == 3 || seen <= in_place
        });
    }
    let drops: Vec<String> = have.iter().filter(|key| !kept.contains(key)).map(|key| key.0.clone()).collect();
    let adds: Keys = want.iter().filter(|key| !kept.contains(key)).cloned().collect();
    let versioned =
        |name: &str| name.starts_with("PERIOD FOR SYSTEM_TIME") || name.starts_with("PERIOD FOR `SYSTEM_TIME`");
    if drops.iter().chain(adds.iter().map(|(name, _)| name)).any(|name| versioned(name)) {
        return None;
    }
    Some((drops, adds))
}

/// Table options that differ; those that only `have` has go back to their defaults.
fn options(have: &[(String, String)], want: &[(String, String)]) -> Option<Vec<String>> {
    let mut clauses = Vec::new();
    for (name, value) in want {
        if have.iter().any(|one| one.0 == *name && one.1 == *value) {
            continue;
        }
        clauses.push(match (name.as_str(), value.as_str()) {
            ("WITH SYSTEM VERSIONING", _) => "ADD SYSTEM VERSIONING".to_owned(),
            (_, "") => return None,
            _ => format!("{name}={value}"),
        });
    }
    for (name, _) in have {
        if want.iter().any(|one| one.0 == *name) {
            continue;
        }
        clauses.push(match name.as_str() {
            "WITH SYSTEM VERSIONING" => "DROP SYSTEM VERSIONING".to_owned(),
            "COMMENT" | "CONNECTION" => format!("{name}=''"),
            "KEY_BLOCK_SIZE" | "CHECKSUM" | "DELAY_KEY_WRITE" | "MIN_ROWS" | "MAX_ROWS" | "AVG_ROW_LENGTH"
            | "STATS_SAMPLE_PAGES" => format!("{name}=0"),
            _ => format!("{name}=DEFAULT"),
        });
    }
    Some(clauses)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(body: &str) -> String {
        format!("CREATE TABLE `app`.`t` (\n{body}\n) ENGINE=InnoDB")
    }

    #[track_caller]
    fn check(have: &str, want: &str, expected: &[&str]) {
        let object = Object::new(ObjectKind::Table, "app", "t");
        let known = |sql: &str| Definition::Known { context: Vec::new(), sql: sql.to_owned() };
        let statements = statements(&object, Some(&known(have)), Some(&known(want)));
        assert_eq!(statements, expected);
    }

    #[test]
    fn columns_come_go_change_and_move() {
        let base = table("  `a` int(11),\n  `b` int(11),\n  `c` int(11)");
        check(
            &base,
            &table("  `a` int(11),\n  `n` int(11),\n  `b` bigint(20),\n  `d` int(11)"),
            &[
                "ALTER TABLE `app`.`t` DROP COLUMN `c`, ADD COLUMN `n` int(11) AFTER `a`, MODIFY COLUMN `b` bigint(20), \
               ADD COLUMN `d` int(11)",
            ],
        );
        check(
            &base,
            &table("  `c` int(11),\n  `a` int(11),\n  `b` int(11)"),
            &["ALTER TABLE `app`.`t` MODIFY COLUMN `c` int(11) FIRST"],
        );
    }

    #[test]
    fn keys_come_go_and_change() {
        check(
            &table("  `a` int(11),\n  KEY `k` (`a`),\n  CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `p` (`id`)"),
            &table("  `a` int(11),\n  PRIMARY KEY (`a`),\n  CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `q` (`id`)"),
            &[
                "ALTER TABLE `app`.`t` DROP FOREIGN KEY `f`",
                "ALTER TABLE `app`.`t` DROP KEY `k`, ADD PRIMARY KEY (`a`), ADD CONSTRAINT `f` FOREIGN KEY (`a`) \
                 REFERENCES `q` (`id`)",
            ],
        );
        check(
            &table("  `a` int(11),\n  KEY `k2` (`a`),\n  KEY `k1` (`a`)"),
            &table("  `a` int(11),\n  KEY `k1` (`a`),\n  KEY `k2` (`a`)"),
            &["ALTER TABLE `app`.`t` DROP KEY `k2`, DROP KEY `k1`, ADD KEY `k1` (`a`), ADD KEY `k2` (`a`)"],
        );
    }

    #[test]
    fn options_and_partitions() {
        check(
            &format!("{} ROW_FORMAT=COMPRESSED COMMENT='x'\n PARTITION BY HASH (`a`)", table("  `a` int(11)")),
            &format!("{} DEFAULT CHARSET=utf8mb4", table("  `a` int(11)")),
            &[
                "ALTER TABLE `app`.`t` DEFAULT CHARSET=utf8mb4, ROW_FORMAT=DEFAULT, COMMENT=''",
                "ALTER TABLE `app`.`t` REMOVE PARTITIONING",
            ],
        );
    }

    #[test]
    fn what_only_one_node_has_is_never_dropped_by_itself() {
        let object = Object::new(ObjectKind::Table, "app", "t");
        let have = Definition::of_table("CREATE TABLE `t` (\n  `a` int(11)\n) ENGINE=InnoDB");
        let statements = statements(&object, Some(&have), None);
        assert!(statements[0].starts_with("-- ") && statements[0].contains("DROP TABLE `app`.`t`"));
    }

    #[test]
    fn routines_come_with_their_settings() {
        let object = Object::new(ObjectKind::Procedure, "app", "p");
        let want = Definition::Known {
            context: vec![("sql_mode".into(), "ANSI".into()), ("database_collation".into(), "utf8mb4_bin".into())],
            sql: "CREATE DEFINER=`root`@`%` PROCEDURE `app`.`p`() SELECT 1".into(),
        };
        assert_eq!(
            statements(&object, None, Some(&want)),
            ["SET SESSION sql_mode = 'ANSI'", "CREATE OR REPLACE DEFINER=`root`@`%` PROCEDURE `app`.`p`() SELECT 1"]
        );
    }
}
