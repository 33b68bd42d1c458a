//! One column in two schemas: what row events make of its values in either direction.
//!
//! Columns are matched by position, and an event carries types with their sizes, but neither names nor signs nor
//! character sets nor members (galera-facts 0.8 and section 4; rpl_utility_server.cc, `Field::rpl_conv_type_from`).
//! Each row of the tables here was seen on live clusters of 10.11 and 11.8 (`tests/live/compat/types.rs`).

use crate::ddl::classify::types::max_bytes;
use crate::ddl::model::{BaseType, ColumnType};

/// What becomes of a value on its way from a column of one type to one of the other, and back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Values {
    /// Every value arrives.
    Same,
    /// Values arrive within the limits; beyond them the rows differ, and nothing says so.
    Within {
        /// The event is refused unless `slave_type_conversions` allows it.
        window: bool,
        /// What the values have to keep to.
        limits: Vec<Limit>,
    },
    /// The event is refused, whatever is set.
    Refused,
    /// The event is taken and means something else.
    Garbled,
}

/// Which values both types hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// Values that the old type holds: the new one holds more.
    Old,
    /// Values that the new type holds: the old one holds more.
    New,
    /// Numbers in both ranges: signed and unsigned.
    Sign,
    /// Members that the old type has.
    OldMembers,
    /// Members that the new type has.
    NewMembers,
    /// ASCII: other characters have other bytes in the other character set, and bytes are what crosses.
    Ascii,
}

/// How row events treat a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Integer,
    Decimal,
    Real,
    Bit,
    /// CHAR, VARCHAR, TEXT, and their binary kin.
    Text,
    /// UUID, INET4, INET6: so many bytes.
    Fixed(u64),
    Enum,
    Set,
    Date,
    DateTime,
    Time,
    Timestamp,
    Geometry,
    /// Converted from and to nothing else.
    Alone,
}

/// What the second of two families holds, measured by the first.
#[derive(Clone, Copy)]
enum Holds {
    /// All of it, and more.
    More,
    /// Some of it, and others.
    Other,
}

/// Families that the server converts into each other, where `slave_type_conversions` allows it.
const CONVERTED: &[(Family, Family, Holds)] =
    &[(Family::Decimal, Family::Real, Holds::Other), (Family::Date, Family::DateTime, Holds::More)];

/// Character sets whose first 128 characters are ASCII in one byte, so that ASCII text has the same bytes in them all.
const ASCII_BELOW: &[&str] = &[
    "armscii8", "ascii", "big5", "cp1250", "cp1251", "cp1256", "cp1257", "cp850", "cp852", "cp866", "cp932", "dec8",
    "eucjpms", "euckr", "gb2312", "gbk", "geostd8", "greek", "hebrew", "hp8", "keybcs2", "koi8r", "koi8u", "latin1",
    "latin2", "latin5", "latin7", "macce", "macroman", "sjis", "tis620", "ujis", "utf8mb3", "utf8mb4",
];

/// Character sets with the same bytes for all characters of the first.
const EXTENDED: &[(&str, &str)] =
    &[("utf8mb3", "utf8mb4"), ("ascii", "latin1"), ("ascii", "utf8mb3"), ("ascii", "utf8mb4"), ("gb2312", "gbk")];

const fn family(base: &BaseType) -> Family {
    use BaseType as B;
    match base {
        B::TinyInt | B::SmallInt | B::MediumInt | B::Int | B::BigInt => Family::Integer,
        B::Decimal => Family::Decimal,
        B::Float | B::Double => Family::Real,
        B::Bit => Family::Bit,
        B::Char
        | B::VarChar
        | B::Binary
        | B::VarBinary
        | B::TinyText
        | B::Text
        | B::MediumText
        | B::LongText
        | B::TinyBlob
        | B::Blob
        | B::MediumBlob
        | B::LongBlob => Family::Text,
        B::Uuid | B::Inet6 => Family::Fixed(16),
        B::Inet4 => Family::Fixed(4),
        B::Enum => Family::Enum,
        B::Set => Family::Set,
        B::Date => Family::Date,
        B::DateTime => Family::DateTime,
        B::Time => Family::Time,
        B::Timestamp => Family::Timestamp,
        B::Geometry
        | B::Point
        | B::LineString
        | B::Polygon
        | B::MultiPoint
        | B::MultiLineString
        | B::MultiPolygon
        | B::GeometryCollection => Family::Geometry,
        B::Year | B::Vector | B::XmlType | B::Other(_) => Family::Alone,
    }
}

/// From the old type to the new one.
pub(super) fn compare(old: &ColumnType, new: &ColumnType) -> Values {
    let (a, b) = (family(&old.base), family(&new.base));
    if a != b {
        return other_family(old, new, a, b);
    }
    match a {
        Family::Integer => {
            let (from, to) = (integer_bytes(&old.base), integer_bytes(&new.base));
            within(from != to, [size(from, to), sign(old, new)])
        }
        Family::Decimal => decimal(old, new),
        Family::Real => {
            let wide = |base: &BaseType| u64::from(*base == BaseType::Double);
            let (from, to) = (wide(&old.base), wide(&new.base));
            within(from != to, [size(from, to), sign(old, new)])
        }
        Family::Bit => {
            let (from, to) = (old.length.unwrap_or(1), new.length.unwrap_or(1));
            within(from != to, [size(from, to), None])
        }
        Family::Text => text(old, new),
        Family::Enum | Family::Set => members(old, new),
        Family::Time | Family::DateTime | Family::Timestamp => {
            let (from, to) = (old.decimals.unwrap_or(0), new.decimals.unwrap_or(0));
            // An event says nothing of a precision of 0, and is then read with the wrong length (MDEV-17394).
            if from != to && (from == 0 || to == 0) {
                return Values::Refused;
            }
            within(from != to, [size(u64::from(from), u64::from(to)), None])
        }
        Family::Geometry => match (&old.base, &new.base) {
            (from, to) if from == to => Values::Same,
            (_, BaseType::Geometry) => within(false, [Some(Limit::Old), None]),
            (BaseType::Geometry, _) => within(false, [Some(Limit::New), None]),
            _ => Values::Garbled,
        },
        Family::Fixed(_) if old.base != new.base => Values::Garbled,
        Family::Fixed(_) | Family::Date => Values::Same,
        Family::Alone if old.base == new.base && old.length == new.length => Values::Same,
        Family::Alone => Values::Refused,
    }
}

fn other_family(old: &ColumnType, new: &ColumnType, a: Family, b: Family) -> Values {
    let bytes = |of: &ColumnType| (of.base == BaseType::Binary).then_some(of.length.unwrap_or(1));
    match (a, b) {
        (Family::Fixed(n), Family::Text) if bytes(new) == Some(n) => within(false, [Some(Limit::Old)]),
        (Family::Text, Family::Fixed(n)) if bytes(old) == Some(n) => within(false, [Some(Limit::New)]),
        _ => match CONVERTED.iter().find(|(from, to, _)| (*from, *to) == (a, b) || (*from, *to) == (b, a)) {
            Some((.., Holds::Other)) => within(true, [Some(Limit::Old), Some(Limit::New)]),
            Some((from, _, Holds::More)) if *from == a => within(true, [Some(Limit::Old)]),
            Some((.., Holds::More)) => within(true, [Some(Limit::New)]),
            None => Values::Refused,
        },
    }
}

fn within<const N: usize>(window: bool, limits: [Option<Limit>; N]) -> Values {
    let limits: Vec<Limit> = limits.into_iter().flatten().collect();
    if !window && limits.is_empty() { Values::Same } else { Values::Within { window, limits } }
}

/// The limit of the smaller of two sizes.
fn size(old: u64, new: u64) -> Option<Limit> {
    match old.cmp(&new) {
        std::cmp::Ordering::Less => Some(Limit::Old),
        std::cmp::Ordering::Greater => Some(Limit::New),
        std::cmp::Ordering::Equal => None,
    }
}

/// An unsigned value that does not fit the signed type of its size arrives as another, whatever the sizes are.
fn sign(old: &ColumnType, new: &ColumnType) -> Option<Limit> {
    (old.unsigned != new.unsigned).then_some(Limit::Sign)
}

fn decimal(old: &ColumnType, new: &ColumnType) -> Values {
    let digits = |t: &ColumnType| {
        let behind = u64::from(t.decimals.unwrap_or(0));
        (t.length.unwrap_or(10).saturating_sub(behind), behind)
    };
    let (from, to) = (digits(old), digits(new));
    let (whole, behind) = (size(from.0, to.0), size(from.1, to.1));
    within(from != to, [whole, behind.filter(|limit| Some(*limit) != whole), sign(old, new)])
}

/// Strings: an event tells the bytes that a column takes. Where these are alike nothing is refused.
fn text(old: &ColumnType, new: &ColumnType) -> Values {
    let Ok(set) = characters(old, new) else { return Values::Garbled };
    let (from, to) = (capacity(old), capacity(new));
    // TEXT and BLOB of a size are one type to an event, and so are CHAR and BINARY, VARCHAR and VARBINARY.
    let window = event_type(&old.base) != event_type(&new.base) || from.1 != to.1;
    let (letters, bytes) = (size(from.0, to.0), size(from.1, to.1));
    let pads = |of: &ColumnType| matches!(of.base, BaseType::Char | BaseType::Binary);
    // CHAR loses trailing blanks, and BINARY gets trailing zeros.
    let blanks = match (pads(old), pads(new)) {
        (true, false) => Some(Limit::Old),
        (false, true) => Some(Limit::New),
        (true, true) if old.base != new.base => Some(Limit::New),
        _ => None,
    };
    let limits = [letters, bytes, blanks, set];
    let mut kept: Vec<Option<Limit>> = Vec::new();
    for limit in limits {
        if !kept.contains(&limit) {
            kept.push(limit);
        }
    }
    kept.resize(4, None);
    match <[Option<Limit>; 4]>::try_from(kept) {
        Ok(limits) => within(window, limits),
        Err(_) => Values::Garbled,
    }
}

/// Whether the same bytes are the same characters: `Err` where not even letters of ASCII are.
fn characters(old: &ColumnType, new: &ColumnType) -> Result<Option<Limit>, ()> {
    let (Some(a), Some(b)) = (old.charset.as_deref(), new.charset.as_deref()) else {
        // Bytes are text in any character set, but not the other way round.
        return Ok(match (old.base.has_charset(), new.base.has_charset()) {
            (false, true) => Some(Limit::New),
            (true, false) => Some(Limit::Old),
            _ => None,
        });
    };
    if a == b {
        return Ok(None);
    }
    if EXTENDED.contains(&(a, b)) {
        return Ok(Some(Limit::Old));
    }
    if EXTENDED.contains(&(b, a)) {
        return Ok(Some(Limit::New));
    }
    if ASCII_BELOW.contains(&a) && ASCII_BELOW.contains(&b) { Ok(Some(Limit::Ascii)) } else { Err(()) }
}

/// What stands in the event for a string type.
const fn event_type(base: &BaseType) -> u8 {
    match base {
        BaseType::Char | BaseType::Binary => 0,
        BaseType::VarChar | BaseType::VarBinary => 1,
        _ => 2,
    }
}

fn members(old: &ColumnType, new: &ColumnType) -> Values {
    let window = member_bytes(old) != member_bytes(new);
    if old.members == new.members {
        return Values::Same;
    }
    // Members cross as numbers: one that gets another number is read as another member.
    let moved =
        old.members.iter().enumerate().any(|(number, member)| {
            new.members.iter().position(|one| one == member).is_some_and(|other| other != number)
        });
    if moved {
        return Values::Garbled;
    }
    let common = common_members(old, new);
    let new_ones = (common < new.members.len()).then_some(Limit::OldMembers);
    let gone = (common < old.members.len()).then_some(Limit::NewMembers);
    within(window, [new_ones, gone])
}

/// How many members have the same numbers, from the first on.
fn common_members(old: &ColumnType, new: &ColumnType) -> usize {
    old.members.iter().zip(&new.members).take_while(|(a, b)| a == b).count()
}

/// Bytes of an ENUM or SET.
fn member_bytes(of: &ColumnType) -> usize {
    match (&of.base, of.members.len()) {
        (BaseType::Enum, 0..=255) => 1,
        (BaseType::Enum, _) => 2,
        (_, count) => match count.div_ceil(8) {
            bytes @ 0..=4 => bytes.max(1),
            _ => 8,
        },
    }
}

/// Characters and bytes that fit.
fn capacity(data_type: &ColumnType) -> (u64, u64) {
    let of_blob = |bytes: u64| (bytes, bytes);
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

/// A condition that is true of values of `column` (quoted already) which keep not to `limit`. `None`: nothing can be
/// asked.
pub(super) fn beyond(limit: Limit, column: &str, old: &ColumnType, new: &ColumnType) -> Option<String> {
    match limit {
        Limit::Old => does_not_fit(column, old, new),
        Limit::New => does_not_fit(column, new, old),
        Limit::Sign => {
            let bits = 8 * integer_bytes(&old.base).min(integer_bytes(&new.base));
            old.base.is_integer().then(|| format!("{column} NOT BETWEEN 0 AND {}", (1_u128 << (bits - 1)) - 1))
        }
        Limit::Ascii => Some(not_ascii(column, old, new)),
        Limit::OldMembers | Limit::NewMembers => {
            let common = common_members(old, new);
            let highest = if old.base == BaseType::Set { (1_u128 << common) - 1 } else { common as u128 };
            Some(format!("{column} + 0 > {highest}"))
        }
    }
}

/// A condition that is true of text in `column` with other bytes than those of ASCII. A pattern would say the same and take five
/// times as long. What the other type's node holds is in the other character set, and the question must be good for both.
fn not_ascii(column: &str, old: &ColumnType, new: &ColumnType) -> String {
    // Nothing is converted from ascii to ascii, not even what is none.
    let either = [old, new].iter().any(|side| side.charset.as_deref() == Some("ascii"));
    let text = if either { format!("CONVERT({column} USING utf8mb4)") } else { column.to_owned() };
    format!("BINARY CONVERT({text} USING ascii) <> BINARY {column}")
}

/// A condition that is true of values of `column` which type `narrow` cannot hold.
fn does_not_fit(column: &str, narrow: &ColumnType, wide: &ColumnType) -> Option<String> {
    match &narrow.base {
        base if base.is_integer() && wide.base.is_integer() => {
            let bits = integer_bytes(base) * 8;
            let (least, most): (i128, i128) =
                if narrow.unsigned { (0, (1 << bits) - 1) } else { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) };
            Some(format!("{column} NOT BETWEEN {least} AND {most}"))
        }
        BaseType::Decimal => {
            let scale = narrow.decimals.unwrap_or(0);
            let whole = usize::try_from(narrow.length.unwrap_or(10)).unwrap_or(10).saturating_sub(scale as usize);
            Some(format!("ABS({column}) >= 1{} OR {column} <> ROUND({column}, {scale})", "0".repeat(whole)))
        }
        BaseType::Float if wide.base == BaseType::Double => Some(format!("{column} <> CAST({column} AS FLOAT)")),
        BaseType::Bit => {
            narrow.length.filter(|bits| *bits < 64).map(|bits| format!("{column} + 0 >= {}", 1_u64 << bits))
        }
        BaseType::Date => Some(format!("TIME({column}) <> 0")),
        BaseType::DateTime | BaseType::Time | BaseType::Timestamp if narrow.base == wide.base => {
            let step = 10_u32.pow(6 - narrow.decimals.unwrap_or(0).min(6));
            Some(format!("MICROSECOND({column}) % {step} <> 0"))
        }
        base if family(base) == Family::Text => {
            let (characters, bytes) = capacity(narrow);
            let counted = |of: &ColumnType| of.base.has_charset() && !of.base.is_text();
            let length = if !counted(narrow) {
                Some(format!("LENGTH({column}) > {bytes}"))
            } else if counted(wide) && capacity(wide).0 <= characters {
                None
            } else {
                Some(format!("CHAR_LENGTH({column}) > {characters}"))
            };
            let characters = match (narrow.charset.as_deref(), wide.charset.as_deref()) {
                (Some(a), Some(b)) if EXTENDED.contains(&(a, b)) => {
                    Some(format!("BINARY CONVERT(CONVERT({column} USING {a}) USING {b}) <> BINARY {column}"))
                }
                _ => None,
            };
            let both: Vec<String> = [length, characters].into_iter().flatten().collect();
            (!both.is_empty()).then(|| both.join(" OR "))
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
            old_format: false,
        }
    }

    fn cross(window: bool, limits: &[Limit]) -> Values {
        Values::Within { window, limits: limits.to_vec() }
    }

    #[test]
    fn values_cross_as_measured() {
        use BaseType as B;
        let latin = Some("latin1");
        let varchar = |length, charset| t(B::VarChar, Some(length), Some(charset));
        let time = |decimals| ColumnType { decimals: Some(decimals), ..t(B::DateTime, None, None) };
        for (old, new, expected) in [
            (t(B::Int, Some(11), None), t(B::BigInt, Some(20), None), cross(true, &[Limit::Old])),
            (t(B::Int, Some(11), None), t(B::SmallInt, Some(6), None), cross(true, &[Limit::New])),
            (t(B::Int, Some(11), None), varchar(20, "latin1"), Values::Refused),
            (varchar(20, "latin1"), varchar(60, "latin1"), cross(true, &[Limit::Old])),
            (varchar(20, "latin1"), varchar(5, "latin1"), cross(true, &[Limit::New])),
            (varchar(20, "latin1"), t(B::Text, None, latin), cross(true, &[Limit::Old])),
            (varchar(20, "latin1"), varchar(20, "utf8mb4"), cross(true, &[Limit::Old, Limit::Ascii])),
            (varchar(20, "utf8mb3"), varchar(20, "utf8mb4"), cross(true, &[Limit::Old])),
            (varchar(20, "latin1"), varchar(20, "latin2"), cross(false, &[Limit::Ascii])),
            (varchar(20, "ucs2"), varchar(20, "latin1"), Values::Garbled),
            (t(B::Text, None, Some("utf8mb3")), t(B::Text, None, Some("utf8mb4")), cross(false, &[Limit::Old])),
            (time(3), time(6), cross(true, &[Limit::Old])),
            (time(0), time(6), Values::Refused),
            (t(B::Date, None, None), time(0), cross(true, &[Limit::Old])),
            (time(0), t(B::Date, None, None), cross(true, &[Limit::New])),
        ] {
            assert_eq!(compare(&old, &new), expected, "{old} to {new}");
        }
    }

    #[test]
    fn a_guard_asks_for_what_does_not_fit() {
        let latin = Some("latin1");
        let int = t(BaseType::Int, Some(11), None);
        let bigint = t(BaseType::BigInt, Some(20), None);
        let text = |charset: &str| t(BaseType::VarChar, Some(20), Some(charset));
        let (varchar, ascii, mb3, mb4) = (text("latin1"), text("ascii"), text("utf8mb3"), text("utf8mb4"));
        for (limit, old, new, expected) in [
            (Limit::Old, &int, &bigint, "`c` NOT BETWEEN -2147483648 AND 2147483647"),
            (Limit::New, &bigint, &int, "`c` NOT BETWEEN -2147483648 AND 2147483647"),
            (Limit::Sign, &int, &bigint, "`c` NOT BETWEEN 0 AND 2147483647"),
            (Limit::Old, &varchar, &t(BaseType::Text, None, latin), "CHAR_LENGTH(`c`) > 20"),
            (Limit::Ascii, &varchar, &varchar, "BINARY CONVERT(`c` USING ascii) <> BINARY `c`"),
            (Limit::Ascii, &varchar, &ascii, "BINARY CONVERT(CONVERT(`c` USING utf8mb4) USING ascii) <> BINARY `c`"),
            (Limit::New, &mb4, &mb3, "BINARY CONVERT(CONVERT(`c` USING utf8mb3) USING utf8mb4) <> BINARY `c`"),
        ] {
            assert_eq!(beyond(limit, "`c`", old, new).as_deref(), Some(expected));
        }
        // As many characters: that the other has more bytes for them, no value shows.
        assert_eq!(beyond(Limit::New, "`c`", &mb4, &varchar), None);
    }
}
