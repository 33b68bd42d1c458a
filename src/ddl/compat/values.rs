//! One column in two schemas: what row events make of its values in either direction.
//!
//! Columns are matched by position, and an event carries types with their sizes, but neither names nor signs nor
//! character sets nor members (galera-facts 0.8 and section 4; rpl_utility_server.cc, table_def::compatible_with).

use crate::ddl::classify::types::max_bytes;
use crate::ddl::model::{BaseType, ColumnType};

/// What becomes of a value on its way from a column of one type to one of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Values {
    /// Every value arrives.
    Same,
    /// Every value arrives where both types can hold it; where they cannot, the rows differ and nothing says so.
    Overlap(Limit),
    /// The event is refused unless `slave_type_conversions` allows it. Then every value of the narrower type arrives.
    Convertible {
        /// The new type holds every value of the old one.
        wider: bool,
    },
    /// The event is refused, whatever is set.
    Refused,
    /// The event is taken and means something else.
    Garbled,
}

/// Which values both types hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// Numbers in both ranges: signed and unsigned.
    Sign,
    /// Members that the old type has.
    Members,
    /// Characters that the old character set has.
    Characters,
}

/// From the old type to the new one.
pub(super) fn compare(old: &ColumnType, new: &ColumnType) -> Values {
    use BaseType as B;
    if old.base == new.base {
        return same_base(old, new);
    }
    match (&old.base, &new.base) {
        (a, b) if a.is_integer() && b.is_integer() => {
            let wider = integer_bytes(b) > integer_bytes(a);
            // A wider signed type holds every value of an unsigned one; an unsigned one never holds the negative.
            match (old.unsigned, new.unsigned) {
                (false, true) => Values::Refused,
                (true, false) if !wider => Values::Refused,
                _ => Values::Convertible { wider },
            }
        }
        (B::Float, B::Double) => Values::Convertible { wider: true },
        (B::Double, B::Float) => Values::Convertible { wider: false },
        (a, b) if is_string(a) && is_string(b) && a.has_charset() == b.has_charset() => {
            if characters(old, new).is_none() {
                return Values::Garbled;
            }
            let (from, to) = (capacity(old), capacity(new));
            Values::Convertible { wider: to.0 >= from.0 && to.1 >= from.1 }
        }
        _ => Values::Refused,
    }
}

fn same_base(old: &ColumnType, new: &ColumnType) -> Values {
    use BaseType as B;
    match &old.base {
        base if base.is_integer() => {
            if old.unsigned == new.unsigned {
                Values::Same
            } else {
                Values::Overlap(Limit::Sign)
            }
        }
        B::Decimal => {
            let whole = |t: &ColumnType| t.length.unwrap_or(10).saturating_sub(u64::from(t.decimals.unwrap_or(0)));
            if (old.length, old.decimals) == (new.length, new.decimals) {
                return if old.unsigned == new.unsigned { Values::Same } else { Values::Overlap(Limit::Sign) };
            }
            if !old.unsigned && new.unsigned {
                return Values::Refused;
            }
            Values::Convertible { wider: whole(new) >= whole(old) && new.decimals >= old.decimals }
        }
        B::Float | B::Double => {
            if old.unsigned == new.unsigned {
                Values::Same
            } else {
                Values::Overlap(Limit::Sign)
            }
        }
        B::Bit => {
            if old.length == new.length {
                Values::Same
            } else {
                Values::Convertible { wider: new.length > old.length }
            }
        }
        B::Binary | B::VarBinary => {
            if old.length == new.length {
                Values::Same
            } else {
                Values::Convertible { wider: new.length > old.length }
            }
        }
        B::Char | B::VarChar => string(old, new),
        base if base.is_text() => match characters(old, new) {
            Some(None) => Values::Same,
            Some(Some(limit)) => Values::Overlap(limit),
            None => Values::Garbled,
        },
        B::Enum | B::Set => members(old, new),
        // Fractional seconds are stored and sent differently, and the conversion is not to be trusted (MDEV-17394).
        B::Time | B::DateTime | B::Timestamp => {
            if old.decimals.unwrap_or(0) == new.decimals.unwrap_or(0) {
                Values::Same
            } else {
                Values::Refused
            }
        }
        B::Vector | B::Year => {
            if old.length == new.length {
                Values::Same
            } else {
                Values::Refused
            }
        }
        _ => Values::Same,
    }
}

fn string(old: &ColumnType, new: &ColumnType) -> Values {
    let Some(limit) = characters(old, new) else { return Values::Garbled };
    let (from, to) = (capacity(old), capacity(new));
    if from.1 == to.1 {
        return match limit {
            None if from.0 == to.0 => Values::Same,
            // The same bytes for a different number of characters: nothing is refused, and what does not fit is cut.
            None => Values::Garbled,
            Some(limit) => Values::Overlap(limit),
        };
    }
    Values::Convertible { wider: to.0 >= from.0 && to.1 >= from.1 }
}

/// `None`: the bytes mean something else. `Some(None)`: they mean the same. `Some(limit)`: they do for values that
/// both sets have.
fn characters(old: &ColumnType, new: &ColumnType) -> Option<Option<Limit>> {
    match (old.charset.as_deref(), new.charset.as_deref()) {
        (a, b) if a == b => Some(None),
        (Some("utf8mb3"), Some("utf8mb4")) => Some(Some(Limit::Characters)),
        (Some("ascii"), Some("latin1" | "utf8mb3" | "utf8mb4")) => Some(Some(Limit::Characters)),
        _ => None,
    }
}

fn members(old: &ColumnType, new: &ColumnType) -> Values {
    let bytes = |t: &ColumnType| match t.base {
        BaseType::Enum => {
            if t.members.len() < 256 {
                1
            } else {
                2
            }
        }
        _ => match t.members.len().div_ceil(8) {
            n @ 0..=4 => n.max(1),
            _ => 8,
        },
    };
    if old.members == new.members {
        return if old.charset == new.charset { Values::Same } else { Values::Overlap(Limit::Characters) };
    }
    if bytes(old) != bytes(new) {
        return Values::Refused;
    }
    if new.members.starts_with(&old.members) { Values::Overlap(Limit::Members) } else { Values::Garbled }
}

fn is_string(base: &BaseType) -> bool {
    base.is_text()
        || base.is_blob()
        || matches!(base, BaseType::Char | BaseType::VarChar | BaseType::Binary | BaseType::VarBinary)
}

/// Characters and bytes that fit.
fn capacity(data_type: &ColumnType) -> (u64, u64) {
    let of_blob = |bytes: u64| (bytes / max_bytes(data_type.charset.as_deref()), bytes);
    match data_type.base {
        BaseType::TinyText | BaseType::TinyBlob => of_blob(255),
        BaseType::Text | BaseType::Blob => of_blob(65_535),
        BaseType::MediumText | BaseType::MediumBlob => of_blob(16_777_215),
        BaseType::LongText | BaseType::LongBlob => of_blob(4_294_967_295),
        _ => {
            let length = data_type.length.unwrap_or(1);
            let each = if data_type.base.has_charset() { max_bytes(data_type.charset.as_deref()) } else { 1 };
            (length, length * each)
        }
    }
}

const fn integer_bytes(base: &BaseType) -> u64 {
    match base {
        BaseType::TinyInt => 1,
        BaseType::SmallInt => 2,
        BaseType::MediumInt => 3,
        BaseType::Int => 4,
        _ => 8,
    }
}

/// A condition that is true of values of `column` (quoted already) which the old type cannot hold, for types that
/// [`Values::Convertible`] was said of. `None`: nothing can be asked.
pub(super) fn does_not_fit(column: &str, old: &ColumnType, new: &ColumnType) -> Option<String> {
    match &old.base {
        base if base.is_integer() => {
            let bits = integer_bytes(base) * 8;
            let (least, most): (i128, i128) =
                if old.unsigned { (0, (1 << bits) - 1) } else { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) };
            Some(format!("{column} NOT BETWEEN {least} AND {most}"))
        }
        BaseType::Decimal => {
            let scale = old.decimals.unwrap_or(0);
            let whole = usize::try_from(old.length.unwrap_or(10)).unwrap_or(10).saturating_sub(scale as usize);
            Some(format!("ABS({column}) >= 1{} OR {column} <> ROUND({column}, {scale})", "0".repeat(whole)))
        }
        BaseType::Float => Some(format!("{column} <> CAST({column} AS FLOAT)")),
        BaseType::Bit => old.length.filter(|bits| *bits < 64).map(|bits| format!("{column} + 0 >= {}", 1_u64 << bits)),
        base if is_string(base) => {
            let (characters, bytes) = capacity(old);
            let length = if base.has_charset() && !base.is_text() {
                format!("CHAR_LENGTH({column}) > {characters}")
            } else {
                format!("LENGTH({column}) > {bytes}")
            };
            match (old.charset.as_deref(), new.charset.as_deref()) {
                (Some(a), Some(b)) if a != b => Some(format!(
                    "{length} OR BINARY CONVERT(CONVERT({column} USING {a}) USING {b}) <> BINARY {column}"
                )),
                _ => Some(length),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(base: BaseType, length: Option<u64>, charset: Option<&str>) -> ColumnType {
        ColumnType {
            base,
            length,
            decimals: None,
            unsigned: false,
            zerofill: false,
            charset: charset.map(ToOwned::to_owned),
            collation: None,
            members: Vec::new(),
            srid: None,
        }
    }

    #[test]
    fn values_cross_as_measured() {
        use BaseType as B;
        let latin = Some("latin1");
        for (old, new, expected) in [
            (t(B::Int, Some(11), None), t(B::BigInt, Some(20), None), Values::Convertible { wider: true }),
            (t(B::Int, Some(11), None), t(B::SmallInt, Some(6), None), Values::Convertible { wider: false }),
            (t(B::Int, Some(11), None), t(B::VarChar, Some(20), latin), Values::Refused),
            (t(B::VarChar, Some(20), latin), t(B::VarChar, Some(60), latin), Values::Convertible { wider: true }),
            (t(B::VarChar, Some(20), latin), t(B::Text, None, latin), Values::Convertible { wider: true }),
            (t(B::VarChar, Some(20), latin), t(B::VarChar, Some(20), Some("utf8mb4")), Values::Garbled),
            (
                t(B::VarChar, Some(20), Some("utf8mb3")),
                t(B::VarChar, Some(20), Some("utf8mb4")),
                Values::Convertible { wider: true },
            ),
            (t(B::Text, None, Some("utf8mb3")), t(B::Text, None, Some("utf8mb4")), Values::Overlap(Limit::Characters)),
        ] {
            assert_eq!(compare(&old, &new), expected, "{old} to {new}");
        }
    }

    #[test]
    fn a_guard_asks_for_what_the_old_type_cannot_hold() {
        let guard = does_not_fit("`n`", &t(BaseType::Int, Some(11), None), &t(BaseType::BigInt, Some(20), None));
        assert_eq!(guard.as_deref(), Some("`n` NOT BETWEEN -2147483648 AND 2147483647"));
        let latin = Some("latin1");
        let guard = does_not_fit("`s`", &t(BaseType::VarChar, Some(20), latin), &t(BaseType::Text, None, latin));
        assert_eq!(guard.as_deref(), Some("CHAR_LENGTH(`s`) > 20"));
    }
}
