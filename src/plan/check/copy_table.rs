//! A table that is copied: nothing else hangs on it that the copy would not have, and nothing of an earlier copy is left.

use super::{AHEAD, Check, Notes, Scene, Verdict};
use crate::plan::facts::{TableFacts, TableName};
use crate::plan::{COPY_TOOL, TableCopy};
use crate::sql::quote_name as quote;

pub(super) const CHECK: Check = Check {
    name: "copy-table",
    holds: "Nothing hangs on a table that is copied which its copy would not have.",
    stages: AHEAD,
    look,
};

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    for copy in scene.copies() {
        let name = TableName::new(&copy.database, &copy.table);
        let Some(facts) = scene.copying else {
            notes.add(Verdict::Unseen, None, format!("What hangs on {name} is not known."), "");
            continue;
        };
        let Some(table) = facts.tables.get(&name) else {
            let advice = "Name it as the server spells it, in upper and lower case.";
            notes.add(Verdict::Unseen, None, format!("What hangs on {name} could not be seen."), advice);
            continue;
        };
        one(&name, copy, table, notes);
        let left = facts.leftovers.get(&name).map_or(&[][..], Vec::as_slice);
        if !left.is_empty() {
            let drops: Vec<String> =
                left.iter().map(|left| format!("DROP TABLE {}.{};", quote(&name.database), quote(left))).collect();
            notes.add(
                Verdict::Warned,
                None,
                format!("Beside {name} there is {}, which an earlier copy may have left.", left.join(", ")),
                format!("They are not in the way, and not touched. When nobody needs them: {}", drops.join(" ")),
            );
        }
    }
}

fn one(name: &TableName, copy: &TableCopy, table: &TableFacts, notes: &mut Notes<'_>) {
    let (left, own): (Vec<&String>, Vec<&String>) =
        table.triggers.iter().partition(|trigger| copy.triggers().contains(trigger));
    if !left.is_empty() {
        let drops: Vec<String> =
            left.iter().map(|trigger| format!("DROP TRIGGER {}.{};", quote(&name.database), quote(trigger))).collect();
        notes.add(
            Verdict::Failed,
            None,
            format!("{name} has triggers of {COPY_TOOL}: another one is at work, or died."),
            format!(
                "Look for it in the process list of every node (its statements say {COPY_TOOL}). If none is there: {} Only then \
                 drop the table that they write to.",
                drops.join(" ")
            ),
        );
    }
    if !own.is_empty() {
        let names: Vec<&str> = own.iter().map(|trigger| trigger.as_str()).collect();
        notes.add(
            Verdict::Failed,
            None,
            format!("{name} has triggers ({}); the copy would not have them.", names.join(", ")),
            "Leave out --method pt-osc, or take the triggers away for the time of the change.",
        );
    }
    if !table.referred_by.is_empty() {
        let children: Vec<String> = table.referred_by.iter().map(ToString::to_string).collect();
        notes.add(
            Verdict::Failed,
            None,
            format!(
                "Foreign keys refer to {name} (of {}); after the swap they would refer to the old table.",
                children.join(", ")
            ),
            format!(
                "Leave out --method pt-osc. By hand, {COPY_TOOL} --alter-foreign-keys-method rebuild_constraints rebuilds each of those tables \
                 in TOI, which stalls all writes for as long as the largest of them takes."
            ),
        );
    }
    if table.engine.as_deref() != Some("InnoDB") || table.kind != "BASE TABLE" {
        notes.add(
            Verdict::Failed,
            None,
            format!("{name} is no plain InnoDB table ({}, {}).", table.kind, table.engine.as_deref().unwrap_or("?")),
            "Leave out --method pt-osc.",
        );
    }
}
