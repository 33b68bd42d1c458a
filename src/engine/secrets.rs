//! What must not get into the journal.

use crate::plan::Plan;

/// Words behind which a password, or its hash, may stand.
const TELLING: &[&str] = &["IDENTIFIED", "PASSWORD", "MASTER_PASSWORD", "PASSWORD(", "ENCRYPTION_KEY"];

/// The plan without the text of statements that may hold a secret. A run that stops before such a statement can only
/// go on from the file that it came from.
pub(super) fn without(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    for statement in &mut plan.statements {
        if telling(&statement.sql) || telling(&statement.execute) {
            statement.sql = format!("-- {}: the text is not kept, because it may hold a secret", statement.kind);
            statement.execute.clear();
            statement.operations.clear();
            if let Some(copy) = &mut statement.copy {
                // What is left of a copy can be removed without it.
                copy.alter.clear();
                copy.guards.clear();
            }
            if let Some(way) = &mut statement.way_back {
                way.sql = None;
            }
        }
    }
    plan
}

fn telling(sql: &str) -> bool {
    let upper = sql.to_uppercase();
    let mut words = upper.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '('));
    words.any(|word| TELLING.iter().any(|telling| word == *telling || word.starts_with("PASSWORD(")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_noticed_however_they_are_written() {
        for (sql, expected) in [
            ("create user u identified by 'x'", true),
            ("ALTER USER u IDENTIFIED VIA ed25519 USING PASSWORD('x')", true),
            ("set password for u = password('x')", true),
            ("grant select on a.* to u identified\nby 'x'", true),
            ("change master to master_password='x'", true),
            ("alter table t add column n int", false),
            ("alter table t comment 'identifiedly'", false),
        ] {
            assert_eq!(telling(sql), expected, "{sql}");
        }
    }
}
