//! Users, roles and their grants.

use sha2::{Digest, Sha256};

use super::{ClusterError, Session, quote_text};
use crate::plan::facts::Unseen;
use crate::verify::{Definition, Object, ObjectKind, SchemaSnapshot};

/// Reads every account with its grants. Password hashes are replaced by a short digest of themselves: enough to tell
/// two apart, and of no use to anybody.
pub(super) async fn read(session: &mut Session, snapshot: &mut SchemaSnapshot) -> Result<(), ClusterError> {
    let listed = session.query("SELECT user, host, is_role FROM mysql.user ORDER BY user, host").await;
    let accounts = match listed {
        Ok(rows) => rows,
        Err(error) if error.is_denied() => {
            let why = Unseen {
                why: error.server_message().unwrap_or_default().to_owned(),
                grant: Some(format!("GRANT SELECT ON mysql.* TO {}", session.account())),
            };
            let object = Object::new(ObjectKind::User, "", "all accounts");
            snapshot.objects.insert(object, Definition::Unreadable(why));
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    for row in accounts.iter() {
        let (user, host, role): (String, String, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let name = if role { quote_text(&user) } else { format!("{}@{}", quote_text(&user), quote_text(&host)) };
        let mut lines = Vec::new();
        if role {
            lines.push(format!("CREATE ROLE {name}"));
        } else {
            let created = session.query(&format!("SHOW CREATE USER {name}")).await?;
            lines.extend(created.scalar::<String>()?);
        }
        let mut grants = Vec::new();
        for grant in session.query(&format!("SHOW GRANTS FOR {name}")).await?.iter() {
            grants.push(grant.get::<String>(0)?);
        }
        grants.sort();
        lines.extend(grants);
        let sql = lines.iter().map(|line| masked(line)).collect::<Vec<_>>().join("\n");
        let object = Object::new(ObjectKind::User, "", name);
        snapshot.objects.insert(object, Definition::Known { context: Vec::new(), sql });
    }
    Ok(())
}

/// The line with each password hash, in quotes after AS, PASSWORD or USING, replaced by a digest.
fn masked(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = [" AS '", " PASSWORD '", " USING '"].iter().filter_map(|w| Some(rest.find(w)? + w.len())).min()
    {
        let Some(length) = rest[at..].find('\'') else { break };
        let digest = Sha256::digest(&rest.as_bytes()[at..at + length]);
        let short: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        out.push_str(&rest[..at]);
        out.push_str(&format!("<hidden {short}>'"));
        rest = &rest[at + length + 1..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_hidden_and_still_told_apart() {
        let one = masked(
            "CREATE USER `a`@`%` IDENTIFIED VIA mysql_native_password USING '*ABC' OR ed25519 USING 'xyz' ACCOUNT LOCK",
        );
        assert!(!one.contains("*ABC") && !one.contains("xyz") && one.ends_with("ACCOUNT LOCK"), "{one}");
        assert_ne!(masked("IDENTIFIED BY PASSWORD '*A'"), masked("IDENTIFIED BY PASSWORD '*B'"));
    }
}
