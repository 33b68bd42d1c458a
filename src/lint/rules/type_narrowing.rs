//! Types that hold less than the old ones.

use crate::ddl::ast::Operation;
use crate::ddl::model::{BaseType, ColumnType};
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "type-narrowing",
    group: Group::Data,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: true,
    page: include_str!("../../../docs/rules/type-narrowing.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for (unit, alter, clause) in script.clauses() {
        let (old, column) = match &clause.operation {
            Operation::ModifyColumn { column, .. } => (&column.name, column),
            Operation::ChangeColumn { old, column, .. } => (old, column),
            _ => continue,
        };
        let (Some(before), Some(after)) = (&unit.before, &unit.after) else { continue };
        let (Some(before), Some(after)) = (before.column(&old.value), after.column(&column.name.value)) else {
            continue;
        };
        if holds_less(&before.data_type, &after.data_type) {
            sink.report(
                unit.range(column.data_type.span),
                format!(
                    "`{}` of {} goes from {} to {}, which holds less: in strict mode the statement fails at the first \
                     value that does not fit, after copying rows; otherwise values are cut.",
                    old.value,
                    unit.quoted(&alter.table),
                    before.data_type,
                    after.data_type
                ),
            )
            .help("Look for values that do not fit first, or add a new column and move the values in batches.");
        }
    }
}

/// Whether some value of the old type is none of the new one, as far as that is certain.
fn holds_less(old: &ColumnType, new: &ColumnType) -> bool {
    use BaseType::{Date, DateTime, Decimal, Double, Float, Time, Timestamp};
    let (from, to) = (&old.base, &new.base);
    if from.is_integer() && to.is_integer() {
        // Bits of value: an unsigned type has one more, and no negative ones.
        let bits = |t: &ColumnType| integer_bits(&t.base) - u32::from(!t.unsigned);
        return bits(new) < bits(old) || (!old.unsigned && new.unsigned);
    }
    if from == to {
        let shorter = |a: Option<u64>, b: Option<u64>| matches!((a, b), (Some(a), Some(b)) if b < a);
        return match from {
            BaseType::Char | BaseType::VarChar | BaseType::Binary | BaseType::VarBinary | BaseType::Bit => {
                shorter(old.length, new.length)
            }
            Decimal => {
                let whole =
                    |t: &ColumnType| t.length.map(|digits| digits - u64::from(t.decimals.unwrap_or(0)).min(digits));
                shorter(whole(old), whole(new)) || new.decimals < old.decimals || (!old.unsigned && new.unsigned)
            }
            Time | DateTime | Timestamp => new.decimals < old.decimals,
            _ => false,
        };
    }
    let size = |base: &BaseType| match base {
        BaseType::TinyText | BaseType::TinyBlob => Some(255_u64),
        BaseType::Text | BaseType::Blob => Some(65_535),
        BaseType::MediumText | BaseType::MediumBlob => Some(16_777_215),
        BaseType::LongText | BaseType::LongBlob => Some(u64::from(u32::MAX)),
        _ => None,
    };
    match (size(from), size(to)) {
        (Some(from), Some(to)) => return to < from,
        // The TEXTs count bytes and VARCHAR characters, of up to four bytes.
        (Some(from), None)
            if matches!(to, BaseType::VarChar | BaseType::Char | BaseType::VarBinary | BaseType::Binary) =>
        {
            return new.length.is_some_and(|length| length * 4 < from);
        }
        (None, Some(to)) if matches!(from, BaseType::VarChar | BaseType::Char | BaseType::VarBinary) => {
            return old.length.is_some_and(|length| length > to);
        }
        _ => {}
    }
    match (from, to) {
        (BaseType::VarChar, BaseType::Char) | (BaseType::Char, BaseType::VarChar) => new.length < old.length,
        (DateTime, Date | Timestamp) | (Timestamp, Date) | (Double, Float) => true,
        (Double | Float | Decimal, to) if to.is_integer() => !matches!((from, old.decimals), (Decimal, Some(0))),
        _ => false,
    }
}

const fn integer_bits(base: &BaseType) -> u32 {
    match base {
        BaseType::TinyInt => 8,
        BaseType::SmallInt => 16,
        BaseType::MediumInt => 24,
        BaseType::Int => 32,
        _ => 64,
    }
}
