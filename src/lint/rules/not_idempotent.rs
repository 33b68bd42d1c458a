//! Statements that cannot run twice, in files that may.

use crate::ddl::ast::{Body, Class, Kind, Operation};
use crate::lint::finding::Edit;
use crate::lint::framework::Direction;
use crate::lint::script::Unit;
use crate::lint::{Deed, Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "not-idempotent",
    group: Group::Migration,
    severity: Severity::Info,
    on_the_way_down: false,
    needs_context: false,
    page: include_str!("../../../docs/rules/not-idempotent.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for unit in &script.units {
        if script.layout.repeats(unit.offset) && !undone_before(script, unit) {
            repeated(unit, sink);
        }
    }
    retried(script, sink);
}

/// A file that the framework runs again as a matter of course.
fn repeated(unit: &Unit<'_>, sink: &mut Sink) {
    let Some(again) = once_only(unit) else { return };
    let fix =
        matches!(unit.ast.kind, Kind::CreateView | Kind::CreateTrigger | Kind::CreateProcedure | Kind::CreateFunction)
            .then(|| or_replace(unit))
            .flatten();
    sink.report(unit.head(), "The framework runs this file again, and the second time the statement fails.")
        .severity(Severity::Warning)
        .help(format!("Write {again}."))
        .fix(fix);
}

/// A file with several schema changes, of which a later one may fail.
fn retried(script: &Script<'_>, sink: &mut Sink) {
    let changes = |unit: &&Unit<'_>| {
        unit.direction == Direction::Up && unit.ast.kind.class() == Class::Ddl && !script.layout.repeats(unit.offset)
    };
    // A new table is made as a rule; changes of what exists are what one retries at three in the morning.
    let mut altering = script.units.iter().filter(changes).filter(|unit| match &unit.ast.body {
        Body::AlterTable(alter) => !script.is_new(unit, &alter.table),
        Body::CreateIndex(create) => !script.is_new(unit, &create.table),
        _ => false,
    });
    let Some(first) = altering.next() else { return };
    let more = altering.count();
    if more == 0 || once_only(first).is_none() {
        return;
    }
    sink.report(
        first.head(),
        format!(
            "If one of the {more} schema changes behind this one fails, the file is run again from the start, and this \
             statement fails then."
        ),
    )
    .help(format!("Write {}, or one schema change per file.", once_only(first).unwrap_or_default()));
}

/// What would let the statement run twice; `None` where it can already, or where nothing would.
fn once_only(unit: &Unit<'_>) -> Option<&'static str> {
    match &unit.ast.body {
        Body::CreateTable(create) if !create.or_replace && !create.if_not_exists => Some("CREATE TABLE IF NOT EXISTS"),
        Body::View(view) if unit.ast.kind == Kind::CreateView && !view.or_replace && !view.if_not_exists => {
            Some("CREATE OR REPLACE VIEW")
        }
        Body::CreateIndex(create) if !create.or_replace && !create.key.if_not_exists => {
            Some("CREATE INDEX IF NOT EXISTS")
        }
        Body::DropIndex(drop) if !drop.if_exists => Some("DROP INDEX IF EXISTS"),
        Body::Drop(drop) if !drop.if_exists => Some("DROP .. IF EXISTS"),
        Body::AlterTable(alter) => alter.operations().find_map(|operation| match operation {
            Operation::AddColumn { if_not_exists: false, .. } => Some("ADD COLUMN IF NOT EXISTS"),
            Operation::DropColumn { if_exists: false, .. } => Some("DROP COLUMN IF EXISTS"),
            Operation::AddKey(key) if !key.if_not_exists => Some("ADD INDEX IF NOT EXISTS"),
            Operation::DropKey { if_exists: false, .. } => Some("DROP INDEX IF EXISTS"),
            _ => None,
        }),
        Body::Head
            if matches!(unit.ast.kind, Kind::CreateTrigger | Kind::CreateProcedure | Kind::CreateFunction)
                && or_replace(unit).is_some() =>
        {
            Some("CREATE OR REPLACE")
        }
        _ => None,
    }
}

/// Puts OR REPLACE behind CREATE, where neither it nor IF NOT EXISTS stands.
fn or_replace(unit: &Unit<'_>) -> Option<Edit> {
    let tokens = unit.tokens();
    let head = tokens.get(..tokens.len().min(12))?;
    let create = head.first().filter(|token| token.is_word(unit.sql, "CREATE"))?;
    if head.get(1)?.is_word(unit.sql, "OR") || head.iter().any(|token| token.is_word(unit.sql, "EXISTS")) {
        return None;
    }
    let at = unit.range(create.span).end;
    Some(Edit { range: at..at, text: " OR REPLACE".to_owned() })
}

/// Whether the file drops the object before it makes it.
fn undone_before(script: &Script<'_>, unit: &Unit<'_>) -> bool {
    unit.ast.objects.first().is_some_and(|object| script.done_before(unit, Deed::Drops, &object.name))
}
