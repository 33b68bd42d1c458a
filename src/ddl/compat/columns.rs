//! One column before and after: what both sides make of its values.

use super::sides::Sides;
use super::tables::{UNTIL, quote};
use super::values::{self, Limit, Values};
use crate::ddl::Flow;
use crate::ddl::Flow::{Conditional, Differs, Lost, Ok};
use crate::ddl::ast::GeneratedKind;
use crate::ddl::model::Column;
use crate::ddl::profile::ServerProfile;
use crate::sql::ServerVersion;

/// Before this version appliers took a stored generated column's value from the event: seen on 10.11.19.
const APPLIERS_TAKE: ServerVersion = ServerVersion::new(11, 0, 0);

/// From this version on they compute it: seen on 11.8.6. What the series between do is not known.
const APPLIERS_COMPUTE: ServerVersion = ServerVersion::new(11, 8, 0);

/// What each limit asks for: rows from unchanged nodes, rows from changed ones, the condition's code and text.
/// `{name}`, `{old}` and `{new}` stand for the column and its types.
const LIMITS: &[(Limit, Flow, Flow, &str, &str)] = &[
    (
        Limit::Old,
        Ok,
        Conditional,
        "values-fit-old-type",
        "Nothing writes a value to `{name}` that {old} cannot hold: unchanged nodes would cut it silently.",
    ),
    (
        Limit::New,
        Conditional,
        Ok,
        "values-fit-new-type",
        "Nothing writes a value to `{name}` that {new} cannot hold: changed nodes would cut it silently, and the change fails on the next node.",
    ),
    (
        Limit::Sign,
        Conditional,
        Conditional,
        "values-in-both-ranges",
        "Nothing writes a value to `{name}` that only one of {old} and {new} can hold, or that is negative under one of them.",
    ),
    (
        Limit::OldMembers,
        Ok,
        Conditional,
        "new-member-unused",
        "Nothing writes a new member to `{name}`: unchanged nodes do not know it.",
    ),
    (
        Limit::NewMembers,
        Conditional,
        Ok,
        "removed-member-unused",
        "Nothing writes a member to `{name}` that goes: changed nodes do not know it, and the change fails on the next node.",
    ),
    (
        Limit::Ascii,
        Conditional,
        Conditional,
        "ascii-only",
        "Nothing writes other characters than ASCII to `{name}`: their bytes cross as they are, and mean something else in the other character set.",
    ),
];

/// Judges a column that stands at the same place before and after.
pub(super) fn compare(sides: &mut Sides, old: &Column, new: &Column, profile: &ServerProfile) {
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
        compression(sides, old, new, profile);
    }
    generated(sides, old, new, profile);
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
    kind_of_value(sides, old, new, profile);
}

/// With and without COMPRESSED are two types in a row event. Those of one length cross where conversions are allowed.
fn compression(sides: &mut Sides, old: &Column, new: &Column, profile: &ServerProfile) {
    if old.data_type == new.data_type {
        converted(sides, profile);
    } else {
        sides.never(
            Lost,
            Lost,
            "column-compression",
            format!("`{}` changes its type and its compression at once, which no row was seen to survive.", new.name),
        );
    }
}

fn generated(sides: &mut Sides, old: &Column, new: &Column, profile: &ServerProfile) {
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
        (Some(from), None) if from.kind == GeneratedKind::Stored && profile.version < APPLIERS_TAKE => {
            sides.flows(Ok, Conditional);
            unused(sides, new);
        }
        (None, Some(to)) if to.kind == GeneratedKind::Stored && profile.version >= APPLIERS_COMPUTE => {
            sides.flows(Conditional, Ok);
            unused(sides, new);
        }
        _ => sides.never(
            Differs,
            Differs,
            "generated-column",
            format!("`{}` is written by the application on one side and computed on the other.", new.name),
        ),
    }
}

fn unused(sides: &mut Sides, new: &Column) {
    sides.condition(
        "generated-column-unused",
        format!("Nothing reads or writes `{}`, {UNTIL}: it is computed on one side only.", new.name),
    );
}

fn kind_of_value(sides: &mut Sides, old: &Column, new: &Column, profile: &ServerProfile) {
    let name = &new.name;
    let (a, b) = (&old.data_type, &new.data_type);
    match values::compare(a, b) {
        Values::Same => {}
        Values::Within { window, limits } => within(sides, old, new, profile, window, &limits),
        Values::Refused => sides.never(
            Lost,
            Lost,
            "incompatible-type",
            format!("{a} to {b}: no setting lets values of `{name}` cross."),
        ),
        Values::Garbled if is_virtual(new) => {}
        Values::Garbled => sides.never(
            Differs,
            Differs,
            "different-meaning",
            format!("{a} to {b}: the same bytes of `{name}` mean different values on changed and unchanged nodes."),
        ),
    }
}

/// Its values are computed on every node and never cross, though its type is compared like any other's.
fn is_virtual(column: &Column) -> bool {
    column.generated.as_ref().is_some_and(|generated| generated.kind != GeneratedKind::Stored)
}

/// Rows cross in a conversion window only.
fn converted(sides: &mut Sides, profile: &ServerProfile) {
    sides.flows(Conditional, Conditional);
    if profile.conversions() != (true, true) {
        sides.window = true;
        sides.condition("conversion-window", "slave_type_conversions is set to ALL_NON_LOSSY,ALL_LOSSY on all nodes while the change rolls, and restored afterwards; without it rows are refused and nodes are lost.");
    }
}

fn within(sides: &mut Sides, old: &Column, new: &Column, profile: &ServerProfile, window: bool, limits: &[Limit]) {
    if window {
        converted(sides, profile);
    }
    if is_virtual(new) {
        return;
    }
    for limit in limits {
        let Some((_, old_to_new, new_to_old, code, text)) = LIMITS.iter().find(|(known, ..)| known == limit) else {
            continue;
        };
        sides.flows(*old_to_new, *new_to_old);
        let text = text
            .replace("{name}", &new.name)
            .replace("{old}", &old.data_type.to_string())
            .replace("{new}", &new.data_type.to_string());
        sides.condition(code, format!("{} This holds {UNTIL}.", text));
        // A node knows one of two names only, so no query could be asked of all.
        if window
            && old.name.eq_ignore_ascii_case(&new.name)
            && let Some(misfit) = values::beyond(*limit, &quote(&new.name), &old.data_type, &new.data_type)
        {
            sides.misfits.push((*limit, misfit));
        }
    }
}
