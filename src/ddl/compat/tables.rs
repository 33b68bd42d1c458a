//! A table before and after: what row replication makes of the two side by side.
//!
//! Measured on a live cluster (galera-facts 1.3, `tests/live/compat.rs`); what was not measured is taken from the
//! server's source (section 4 there) and judged on the safe side.

use super::columns;
use super::keys;
use super::sides::Sides;
use crate::ddl::Flow::{Conditional, Differs, Lost, Ok};
use crate::ddl::ast::GeneratedKind;
use crate::ddl::knowledge::Fact;
use crate::ddl::model::{Column, ColumnDefault, Table};
use crate::ddl::profile::ServerProfile;
use crate::sql::ServerVersion;

/// How long a condition has to hold.
pub(super) const UNTIL: &str = "until all nodes have changed";

/// From this version on appliers fill in the default of a long column: seen on 11.8.6, and not on 10.11.19.
const LONG_DEFAULTS_FILLED: ServerVersion = ServerVersion::new(11, 8, 0);

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
    in_order(sides, before, after, profile);
    keys::compare(sides, before, after);
    keys::compare_foreign(sides, before, after);
    checks(sides, before, after);
    if before.versioning.is_some() != after.versioning.is_some() {
        sides.never(
            Ok,
            Lost,
            "system-versioning",
            "With and without system versioning a table's rows have different columns and keys.",
        );
    }
    if !profile.full_row_image && !keys::same_rows_key(before, after) {
        sides.never(
            Lost,
            Lost,
            "row-image",
            "binlog_row_image is not FULL, so rows arrive without columns that the other side finds them by.",
        );
    }
}

fn in_order(sides: &mut Sides, before: &Table, after: &Table, profile: &ServerProfile) {
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
            columns::compare(sides, old, new, profile);
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
        added(sides, before, new, profile);
    }
    for old in before.columns.iter().skip(shared) {
        sides.condition(
            "dropped-column-unused",
            format!("Nothing reads or writes `{}`, {UNTIL}: rows from changed nodes come without it.", old.name),
        );
        if fills_a_value(old) {
            refilled(sides, before, old);
        }
        if before.clustered_key().is_none() {
            sides.never(
                Ok,
                Lost,
                "rows-not-found",
                format!(
                    "Without a primary key an unchanged node finds rows by all their values, and rows from changed nodes come without `{}`.",
                    old.name
                ),
            );
        }
    }
}

/// Whether a node that still has a column gives rows which come without it a value other than NULL.
fn fills_a_value(column: &Column) -> bool {
    !column.nullable || !matches!(column.default, ColumnDefault::None | ColumnDefault::Null)
}

/// A column that goes, and whose default is not NULL: every row from changed nodes has that one value on unchanged ones.
fn refilled(sides: &mut Sides, before: &Table, old: &Column) {
    let unique = before.unique_keys_within(&[old.id]).next().map(|key| &key.name);
    let child = before.foreign_keys.iter().find(|key| key.columns.contains(&old.id)).map(|key| &key.name);
    if let Some(key) = unique.or(child) {
        sides.never(
            Ok,
            Lost,
            "default-breaks-key",
            format!(
                "Unchanged nodes give every row from changed nodes the default of `{}`, which key `{key}` does not take.",
                old.name
            ),
        );
    }
}

fn added(sides: &mut Sides, before: &Table, new: &Column, profile: &ServerProfile) {
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
        // Seen on 10.11.19, and no longer on 11.8.6.
        let compares_computed =
            profile.version < ServerVersion::new(11, 8, 0) && generated.kind != GeneratedKind::Stored;
        if compares_computed && before.clustered_key().is_none() {
            sides.never(
                Lost,
                Ok,
                "rows-not-found",
                format!(
                    "Without a primary key a changed node finds rows by all their values, and rows from unchanged nodes come without `{}`, which it computes.",
                    new.name
                ),
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
        ColumnDefault::Expression { volatile, text, reads_columns, .. } => {
            *volatile || *reads_columns || volatile_text(text)
        }
        ColumnDefault::None | ColumnDefault::Null | ColumnDefault::Literal(_) => false,
    };
    if own_value || new.on_update_now {
        sides.never(
            Differs,
            Differs,
            "filled-by-each-node",
            format!(
                "Each node would fill `{}` with a value of its own, such as the time at which it does so, or what other columns hold then.",
                new.name
            ),
        );
        return;
    }
    let long = new.data_type.base.is_text() || new.data_type.base.is_blob() || new.data_type.base.is_geometry();
    if long
        && profile.version < LONG_DEFAULTS_FILLED
        && matches!(new.default, ColumnDefault::Literal(_) | ColumnDefault::Expression { .. })
    {
        sides.never(
            Differs,
            Ok,
            "default-not-filled",
            format!(
                "Rows that unchanged nodes write reach changed ones without `{}`, and the default of such a long column is not filled in there.",
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

/// An identifier in backticks.
pub(super) fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// The name of a table, quoted, with its database where that is known.
pub(super) fn qualified(database: Option<&str>, name: &str) -> String {
    match database {
        Some(database) => format!("{}.{}", quote(database), quote(name)),
        None => quote(name),
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
