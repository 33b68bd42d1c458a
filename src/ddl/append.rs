//! Members that come into an ENUM or SET between the old ones, and what they could do at the end.
//!
//! A row holds the number of a member. A member in between moves the numbers of those behind it, so every row is
//! written anew, and no row crosses between old and new list; a member at the end leaves all of them where they are.

use super::ast::{Body, Operation, Statement};
use super::model::{Applied, BaseType, Catalog};
use super::{Judgement, ServerProfile, judge};
use crate::sql::Span;

/// `statement` with the new members of every ENUM and SET behind the old ones, and what the server will do with it;
/// `None` when it brings no new members between old ones, or when that is no cheaper. `applied` and `judgement` are those
/// of the statement, `text` what it was parsed from.
pub fn append_members(
    statement: &Statement,
    text: &str,
    applied: &Applied,
    judgement: &Judgement,
    profile: &ServerProfile,
) -> Option<(String, Judgement)> {
    let Body::AlterTable(alter) = &statement.body else { return None };
    let (before, after) = (applied.before.as_deref()?, applied.after.as_deref()?);
    if !judgement.certain || !applied.problems.is_empty() {
        return None;
    }
    let mut sql = text.to_owned();
    let mut wanted = Vec::new();
    for clause in alter.clauses.iter().rev() {
        let (old, column) = match &clause.operation {
            Operation::ModifyColumn { column, .. } => (&column.name, column),
            Operation::ChangeColumn { old, column, .. } => (old, column),
            _ => continue,
        };
        let old = &before.column(&old.value)?.data_type;
        let new = &after.column(&column.name.value)?.data_type;
        let same_kind = old.base == new.base && matches!(old.base, BaseType::Enum | BaseType::Set);
        let all_kept = old.members.iter().all(|member| new.members.contains(member));
        let some_come = new.members.len() > old.members.len() && !new.members.starts_with(&old.members);
        if !same_kind || !all_kept || !some_come {
            continue;
        }
        let written = &column.data_type.members;
        let (first, last) = (written.first()?, written.last()?);
        let number = |value: &String| old.members.iter().position(|member| member == value).unwrap_or(usize::MAX);
        let mut ordered: Vec<_> = written.iter().collect();
        ordered.sort_by_key(|member| number(&member.value));
        let list: Vec<&str> = ordered.iter().map(|member| member.span.of(text)).collect();
        wanted.push((column.name.value.clone(), ordered.iter().map(|member| member.value.clone()).collect::<Vec<_>>()));
        let span = Span { start: first.span.start, end: last.span.end };
        sql.replace_range(span.start as usize..span.end as usize, &list.join(", "));
    }
    if wanted.is_empty() {
        return None;
    }
    let mut catalog = Catalog::new(profile.settings.clone());
    catalog.insert(before.clone());
    let appended = super::parse(&sql, profile.settings.dialect);
    let applied = catalog.apply(&appended, &sql, before.database.as_deref());
    let cheaper = judge(&appended, &sql, &applied, profile);
    // What was cut out of a text is believed only when it is read as what was meant.
    let end = applied.after.as_deref()?;
    let as_meant = wanted
        .iter()
        .all(|(name, members)| end.column(name).is_some_and(|column| &column.data_type.members == members));
    let gains = cheaper.certain && cheaper.moves < judgement.moves && applied.problems.is_empty();
    (as_meant && gains).then_some((sql, cheaper))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::ServerVersion;

    fn appended(alter: &str) -> Option<String> {
        let profile = ServerProfile::of(ServerVersion::new(10, 11, 19));
        let create =
            "CREATE TABLE t (id INT PRIMARY KEY, e ENUM('a','b') NOT NULL, s SET('x','y'), v INT) CHARSET latin1";
        let mut catalog = Catalog::from_dump(create, profile.settings.clone());
        let statement = crate::ddl::parse(alter, profile.settings.dialect);
        let applied = catalog.apply(&statement, alter, None);
        let judgement = judge(&statement, alter, &applied, &profile);
        append_members(&statement, alter, &applied, &judgement, &profile).map(|(sql, _)| sql)
    }

    #[test]
    fn new_members_go_behind_the_old_ones() {
        for (alter, expected) in [
            (
                "ALTER TABLE t MODIFY e enum('a', 'new','b') NOT NULL DEFAULT 'new'",
                Some("ALTER TABLE t MODIFY e enum('a', 'b', 'new') NOT NULL DEFAULT 'new'"),
            ),
            (
                "ALTER TABLE t CHANGE e kind ENUM('it''s','a','b') NOT NULL, MODIFY s SET('w','x','y')",
                Some("ALTER TABLE t CHANGE e kind ENUM('a', 'b', 'it''s') NOT NULL, MODIFY s SET('x', 'y', 'w')"),
            ),
            // Nothing comes; it is at the end already; one is gone; another clause copies the rows all the same.
            ("ALTER TABLE t MODIFY e ENUM('b','a') NOT NULL", None),
            ("ALTER TABLE t MODIFY e ENUM('a','b','c') NOT NULL", None),
            ("ALTER TABLE t MODIFY e ENUM('c','a') NOT NULL", None),
            ("ALTER TABLE t MODIFY e ENUM('c','a','b') NOT NULL, MODIFY v BIGINT", None),
            ("ALTER TABLE t MODIFY v BIGINT", None),
        ] {
            assert_eq!(appended(alter).as_deref(), expected, "{alter}");
        }
    }
}
