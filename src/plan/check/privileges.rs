//! The account may do what the plan needs, before anything is touched: the statements themselves, and for a roll switching
//! `wsrep_desync`, which takes SUPER.

use std::collections::BTreeMap;

use super::{AHEAD, Check, Notes, Scene, Stage, Verdict};
use crate::sql::quote_name as quote;

pub(super) const CHECK: Check =
    Check { name: "privileges", holds: "The account may do what the plan needs.", stages: AHEAD, look };

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    let mut missing: BTreeMap<(String, &str), Vec<&str>> = BTreeMap::new();
    for (name, facts) in scene.seen() {
        if let Err(unseen) = &facts.privileges {
            notes.unseen(name, format!("The account's grants on node {name} could not be read: {}.", unseen.why), "");
            continue;
        }
        if scene.rolls() && facts.may("SUPER") != Some(true) {
            missing.entry(("SUPER ON *.*".to_owned(), &facts.account)).or_default().push(name);
        }
        for statement in scene.plan.statements.iter().filter(|statement| statement.touches_cluster()) {
            let privileges = needed(&statement.kind);
            // The other tables of RENAME TABLE do not exist yet.
            let tables = if statement.kind == "drop_table" { statement.tables.len() } else { 1 };
            for table in statement.tables.iter().take(tables) {
                for privilege in privileges.iter().filter(|privilege| !facts.may_on(privilege, table)) {
                    let what = format!("{privilege} ON {}.{}", quote(&table.database), quote(&table.table));
                    missing.entry((what, &facts.account)).or_default().push(name);
                }
            }
        }
    }
    for ((what, account), mut nodes) in missing {
        nodes.dedup();
        let why = if what.starts_with("SUPER") { " A roll switches wsrep_desync." } else { "" };
        // To plan takes an account that may look; to run the plan takes one that may do what stands in it.
        let verdict = if notes.stage == Stage::Plan { Verdict::Warned } else { Verdict::Unseen };
        notes.add(
            verdict,
            None,
            format!("{account} lacks {what} on {}.{why}", nodes.join(", ")),
            format!("GRANT {what} TO {account}; docs/privileges.md lists what each command needs."),
        );
    }
}

/// What the server asks of the first table that a statement names (sql_parse.cc, sql_alter.cc), as far as it is asked of
/// every statement of that kind.
fn needed(kind: &str) -> &'static [&'static str] {
    match kind {
        "alter_table" => &["ALTER"],
        "create_index" | "drop_index" => &["INDEX"],
        "create_table" => &["CREATE"],
        "drop_table" | "truncate_table" => &["DROP"],
        "rename_table" => &["ALTER", "DROP"],
        _ => &[],
    }
}
