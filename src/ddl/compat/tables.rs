//! A table before and after: what row replication makes of the two side by side.
//!
//! Measured on a live cluster (galera-facts 1.3, `tests/live/compat.rs`); what was not measured is taken from the
//! server's source (section 4 there) and judged on the safe side.

use super::sides::Sides;
use super::values::{self, Limit, Values};
use crate::ddl::Flow::{Conditional, Differs, Lost, Ok};
use crate::ddl::ast::{GeneratedKind, ReferentialAction};
use crate::ddl::knowledge::Fact;
use crate::ddl::model::{Column, ColumnDefault, ForeignKey, Key, KeyKind, Table};
use crate::ddl::profile::ServerProfile;

/// How long a condition has to hold.
const UNTIL: &str = "until all nodes have changed";

/// Holds two forms of a table against each other.
pub(super) fn compare(sides: &mut Sides, before: &Table, after: &Table, profile: &ServerProfile) {
    if before.incomplete || after.incomplete {
        sides.never(Lost, Lost, "missing-fact", format!("The definition of {} is not wholly understood.", before.name));
    }
    if !before.name.eq_ignore_ascii_case(&after.name) || before.database != after.database {
        sides.never(Lost, Lost, "table-renamed", "Rows name their table; under another name they find none.");
    }
    if !before.is_innodb() || !after.is_innodb() {
        sides.never(Differs, Differs, "not-innodb", "Only InnoDB's rows are replicated.");
    }
    columns(sides, before, after, profile);
    keys(sides, before, after);
    foreign_keys(sides, before, after);
    checks(sides, before, after);
    if before.versioning.is_some() != after.versioning.is_some() {
        sides.never(
            Ok,
            Lost,
            "system-versioning",
            "With and without system versioning a table's rows have different columns and keys.",
        );
    }
    if !profile.full_row_image && sides.compatibility().verdict != crate::ddl::Verdict::Safe {
        sides.never(
            Differs,
            Differs,
            "row-image",
            "binlog_row_image is not FULL, so rows arrive with columns missing that the other schema needs.",
        );
    }
}

fn columns(sides: &mut Sides, before: &Table, after: &Table, profile: &ServerProfile) {
    let shared = before.columns.len().min(after.columns.len());
    let hashed = |table: &Table| table.keys.iter().any(|key| key.long_hash);
    if (hashed(before) || hashed(after)) && before.columns.len() != after.columns.len() {
        sides.never(
            Lost,
            Lost,
            "column-order",
            "A hidden column of a unique key over long text stands behind the others and changes its place.",
        );
    }
    for (old, new) in before.columns.iter().zip(&after.columns) {
        if old.id == new.id {
            column(sides, before, after, old, new, profile);
            continue;
        }
        let text = format!(
            "Rows are matched column by column in their order: `{}` of an unchanged node would meet `{}` of a changed one.",
            old.name, new.name
        );
        sides.never(Lost, Lost, "column-order", text);
        return;
    }
    for new in after.columns.iter().skip(shared) {
        added(sides, new);
    }
    for old in before.columns.iter().skip(shared) {
        sides.condition(
            "dropped-column-unused",
            format!("Nothing reads or writes `{}`, {UNTIL}: rows from changed nodes come without it.", old.name),
        );
    }
}

fn added(sides: &mut Sides, new: &Column) {
    if new.visibility == crate::ddl::model::Visibility::System {
        return;
    }
    if let Some(generated) = &new.generated {
        if volatile(&generated.functions) {
            sides.never(
                Differs,
                Differs,
                "computed-by-each-node",
                format!("Each node would compute `{}` for itself, and differently.", new.name),
            );
        }
        return;
    }
    if new.auto_increment {
        sides.never(
            Differs,
            Differs,
            "numbered-by-each-node",
            format!("Each node would number the rows in `{}` for itself.", new.name),
        );
        return;
    }
    let own_value = match &new.default {
        ColumnDefault::Now => true,
        ColumnDefault::Expression { volatile, text, .. } => *volatile || volatile_text(text),
        ColumnDefault::None | ColumnDefault::Null | ColumnDefault::Literal(_) => false,
    };
    if own_value || new.on_update_now {
        sides.never(
            Differs,
            Differs,
            "filled-by-each-node",
            format!(
                "Each node would fill `{}` with a value of its own, such as the time at which it does so.",
                new.name
            ),
        );
        return;
    }
    sides.condition(
        "new-column-unused",
        format!("Nothing writes `{}`, {UNTIL}: rows that reach unchanged nodes lose it.", new.name),
    );
}

/// Functions whose value depends on the node, the moment or the session.
fn volatile(functions: &[String]) -> bool {
    functions.iter().any(|function| {
        matches!(
            function.as_str(),
            "now"
                | "current_timestamp"
                | "sysdate"
                | "localtime"
                | "localtimestamp"
                | "curdate"
                | "current_date"
                | "curtime"
                | "current_time"
                | "unix_timestamp"
                | "utc_date"
                | "utc_time"
                | "utc_timestamp"
                | "rand"
                | "uuid"
                | "uuid_short"
                | "uuid_v4"
                | "uuid_v7"
                | "sys_guid"
                | "random_bytes"
                | "connection_id"
                | "user"
                | "current_user"
                | "session_user"
                | "system_user"
                | "current_role"
                | "database"
                | "schema"
                | "last_insert_id"
                | "nextval"
                | "lastval"
                | "setval"
                | "version"
        )
    })
}

fn volatile_text(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    [
        "uuid",
        "rand(",
        "now(",
        "current_",
        "sysdate",
        "nextval",
        "next value",
        "localtime",
        "curdate",
        "curtime",
        "unix_timestamp",
        "utc_",
        "user(",
        "connection_id",
        "sys_guid",
        "random_bytes",
        "lastval",
        "setval",
    ]
    .iter()
    .any(|word| text.contains(word))
}

fn unique_with<'t>(table: &'t Table, column: &Column) -> Option<&'t Key> {
    table.keys.iter().find(|key| {
        matches!(key.kind, KeyKind::Primary | KeyKind::Unique) && key.parts.iter().any(|part| part.column == column.id)
    })
}

fn column(sides: &mut Sides, before: &Table, after: &Table, old: &Column, new: &Column, profile: &ServerProfile) {
    let name = &new.name;
    if !old.name.eq_ignore_ascii_case(name) {
        sides.condition(
            "renamed-column-unused",
            format!(
                "Each node knows one of the names `{}` and `{name}` only, so nothing names the column, {UNTIL}.",
                old.name
            ),
        );
    }
    if old.compressed.is_some() != new.compressed.is_some() {
        sides.never(
            Lost,
            Lost,
            "column-compression",
            format!("`{name}` with and without COMPRESSED are different types in a row event."),
        );
    }
    generated(sides, old, new);
    if old.nullable && !new.nullable {
        sides.flows(Conditional, Ok);
        sides.condition("no-nulls", format!("Nothing writes NULL to `{name}`, {UNTIL}: a changed node keeps another value, and the change fails on the next node."));
    } else if !old.nullable && new.nullable {
        sides.flows(Ok, Conditional);
        sides.condition(
            "no-nulls",
            format!("Nothing writes NULL to `{name}`, {UNTIL}: unchanged nodes keep another value instead."),
        );
    }
    if new.auto_increment && !old.auto_increment {
        sides.flows(Conditional, Ok);
        sides.condition(
            "no-zeros",
            format!("No row holds 0 in `{name}`: it would be numbered by each node for itself."),
        );
    }
    kind_of_value(sides, before, after, old, new, profile);
}

fn generated(sides: &mut Sides, old: &Column, new: &Column) {
    match (&old.generated, &new.generated) {
        (None, None) => {}
        (Some(a), Some(b)) => {
            let stored = a.kind == GeneratedKind::Stored || b.kind == GeneratedKind::Stored;
            let same = crate::ddl::classify::plain_text(&a.text) == crate::ddl::classify::plain_text(&b.text);
            if !same && stored {
                sides.never(
                    Differs,
                    Differs,
                    "computed-by-each-node",
                    format!("`{}` is stored, and computed differently before and after.", new.name),
                );
            } else if !same {
                sides.condition(
                    "generated-column-unused",
                    format!("Nothing reads `{}`, {UNTIL}: nodes compute it differently.", new.name),
                );
            }
        }
        _ => sides.never(
            Differs,
            Differs,
            "generated-column",
            format!("`{}` is written by the application on one side and computed on the other.", new.name),
        ),
    }
}

fn kind_of_value(
    sides: &mut Sides,
    before: &Table,
    after: &Table,
    old: &Column,
    new: &Column,
    profile: &ServerProfile,
) {
    let name = &new.name;
    let (a, b) = (&old.data_type, &new.data_type);
    let values = values::compare(a, b);
    let key = unique_with(before, old).or_else(|| unique_with(after, new));
    let collation_changes = a.collation != b.collation;
    if let Some(key) = key.filter(|_| values != Values::Same || collation_changes) {
        sides.condition(
            "single-writer",
            format!(
                "Only one node is written to, {UNTIL}: changed and unchanged nodes certify key `{}` differently, so conflicting writes on both would not be noticed.",
                key.name
            ),
        );
        if collation_changes && values == Values::Same {
            sides.flows(Conditional, Conditional);
            sides.condition(
                "no-duplicates",
                format!("No two values of `{name}` are equal under one collation and different under the other."),
            );
        }
    }
    match values {
        Values::Same => {}
        Values::Overlap(Limit::Sign) => {
            sides.flows(Conditional, Conditional);
            sides.condition(
                "values-in-both-ranges",
                format!("Nothing writes a value to `{name}` that only one of {a} and {b} can hold, {UNTIL}."),
            );
        }
        Values::Overlap(Limit::Members) => {
            sides.flows(Ok, Conditional);
            sides.condition(
                "new-member-unused",
                format!("Nothing writes a new member to `{name}`, {UNTIL}: unchanged nodes do not know it."),
            );
        }
        Values::Overlap(Limit::Characters) => {
            sides.flows(Ok, Conditional);
            sides.condition(
                "values-fit-old-type",
                format!("Nothing writes characters to `{name}` that its old character set does not have, {UNTIL}."),
            );
        }
        Values::Convertible { wider: true } => widened(sides, before, old, new, profile),
        Values::Convertible { wider: false } => {
            sides.never(Lost, Lost, "narrower-type", format!("{a} to {b}: what does not fit `{name}` any more is refused, or silently cut where slave_type_conversions allows it."));
        }
        Values::Refused => sides.never(
            Lost,
            Lost,
            "incompatible-type",
            format!("{a} to {b}: no setting lets values of `{name}` cross."),
        ),
        Values::Garbled => sides.never(
            Differs,
            Differs,
            "different-meaning",
            format!("{a} to {b}: the same bytes of `{name}` mean different values on changed and unchanged nodes."),
        ),
    }
}

fn widened(sides: &mut Sides, before: &Table, old: &Column, new: &Column, profile: &ServerProfile) {
    let name = &new.name;
    sides.flows(Conditional, Conditional);
    if profile.conversions() != (true, true) {
        sides.window = true;
        sides.condition("conversion-window", "slave_type_conversions is set to ALL_NON_LOSSY,ALL_LOSSY on all nodes while the change rolls, and restored afterwards; without it rows are refused and nodes are lost.");
    }
    sides.condition(
        "values-fit-old-type",
        format!(
            "Nothing writes a value to `{name}` that {} cannot hold, {UNTIL}: unchanged nodes would cut it silently.",
            old.data_type
        ),
    );
    let quoted = quote(name);
    if let Some(misfit) = values::does_not_fit(&quoted, &old.data_type, &new.data_type) {
        let table = match &before.database {
            Some(database) => format!("{}.{}", quote(database), quote(&before.name)),
            None => quote(&before.name),
        };
        sides.guards.push(format!("SELECT 1 FROM {table} WHERE {misfit} LIMIT 1"));
    }
}

/// An identifier in backticks.
pub(super) fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

fn keys(sides: &mut Sides, before: &Table, after: &Table) {
    let unique = |key: &&Key| matches!(key.kind, KeyKind::Primary | KeyKind::Unique);
    let same = |a: &Key, b: &Key| {
        a.kind == b.kind && a.parts == b.parts && a.without_overlaps == b.without_overlaps && a.long_hash == b.long_hash
    };
    let gone: Vec<&Key> =
        before.keys.iter().filter(unique).filter(|old| !after.keys.iter().any(|new| same(old, new))).collect();
    let come: Vec<&Key> =
        after.keys.iter().filter(unique).filter(|new| !before.keys.iter().any(|old| same(old, new))).collect();
    for key in &come {
        sides.flows(Conditional, Ok);
        sides.condition("no-duplicates", format!("Nothing writes a duplicate of key `{}`, {UNTIL}: an unchanged node accepts it, and the changed ones are lost.", key.name));
    }
    for key in &gone {
        sides.flows(Ok, Conditional);
        sides.condition("no-duplicates", format!("Nothing writes a duplicate of key `{}`, {UNTIL}: a changed node accepts it, and the unchanged ones are lost.", key.name));
    }
    let clustered = |table: &Table| table.clustered_key().map(|key| key.parts.clone());
    if (!come.is_empty() || !gone.is_empty()) && clustered(before) != clustered(after) {
        sides.condition(
            "single-writer",
            format!("Only one node is written to, {UNTIL}: changed and unchanged nodes certify rows by different keys, so conflicting writes on both would not be noticed."),
        );
    }
}

fn cascades(key: &ForeignKey) -> bool {
    let acts = |action| {
        matches!(action, ReferentialAction::Cascade | ReferentialAction::SetNull | ReferentialAction::SetDefault)
    };
    acts(key.on_delete) || acts(key.on_update)
}

fn foreign_keys(sides: &mut Sides, before: &Table, after: &Table) {
    let same = |a: &ForeignKey, b: &ForeignKey| {
        a.columns == b.columns
            && a.parent_table == b.parent_table
            && a.parent_columns == b.parent_columns
            && a.on_delete == b.on_delete
            && a.on_update == b.on_update
    };
    let come = after.foreign_keys.iter().filter(|new| !before.foreign_keys.iter().any(|old| same(old, new)));
    let gone = before.foreign_keys.iter().filter(|old| !after.foreign_keys.iter().any(|new| same(old, new)));
    for (key, added) in come.map(|key| (key, true)).chain(gone.map(|key| (key, false))) {
        if cascades(key) {
            sides.never(
                Differs,
                Differs,
                "cascade",
                format!("Foreign key `{}` changes rows on nodes that have it only.", key.name),
            );
        }
        let (flows, who) = if added { ((Conditional, Ok), "an unchanged") } else { ((Ok, Conditional), "a changed") };
        sides.flows(flows.0, flows.1);
        sides.condition("no-orphans", format!("Nothing writes a row without a parent in `{}`, {UNTIL}: {who} node accepts it, and the others are lost.", key.parent_table));
    }
}

fn checks(sides: &mut Sides, before: &Table, after: &Table) {
    let plain = crate::ddl::classify::plain_text;
    let come = after.checks.iter().filter(|new| !before.checks.iter().any(|old| plain(&old.text) == plain(&new.text)));
    for check in come {
        // A check of a column that is new itself is satisfied by what every node fills in.
        let only_new = !check.columns.is_empty() && check.columns.iter().all(|id| before.column_by_id(*id).is_none());
        if only_new {
            continue;
        }
        sides.flows(Conditional, Ok);
        sides.condition("rows-satisfy-check", format!("Every row satisfies `{}`, {UNTIL}: unchanged nodes accept others, and the change fails on the next node.", check.name));
    }
    let periods =
        |table: &Table| table.periods.iter().map(|period| period.name.to_ascii_lowercase()).collect::<Vec<_>>();
    if periods(before) != periods(after) {
        sides.flows(Conditional, Ok);
        sides.condition("rows-satisfy-check", format!("In every row the period begins before it ends, {UNTIL}."));
    }
}

/// Facts that make a statement unfit for a roll whatever the tables are.
pub(super) const NEVER: &[(Fact, &str, &str)] = &[
    (Fact::Ignores, "ignore", "ALTER IGNORE deletes rows, and each node would choose its own."),
    (Fact::Opaque, "not-understood", "A clause was not understood."),
];
