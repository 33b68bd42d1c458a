//! Whether a column's new type can be taken without writing the rows anew.

use crate::ddl::model::{BaseType, Column, Key, KeyKind, Table};

/// What becomes of the stored values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TypeChange {
    /// They mean the same as before.
    Same,
    /// InnoDB takes the new type as metadata.
    InEngine,
    /// They are written anew.
    Stored,
}

/// Compares a column before and after. `before` is the table before; its keys decide what InnoDB dares to do.
///
/// Source: the server's `Field::is_equal` (field.cc) says what is the same, `ha_innobase::can_convert_string`,
/// `can_convert_varstring` and `can_convert_blob` (ha_innodb.cc) what InnoDB takes as metadata; measured.
pub(super) fn compare(before: &Table, old: &Column, new: &Column, redundant: bool) -> TypeChange {
    let (a, b) = (&old.data_type, &new.data_type);
    // Any geometry is a GEOMETRY.
    if a.base.is_geometry() && b.base == BaseType::Geometry && a.srid == b.srid {
        return TypeChange::Same;
    }
    if a.base != b.base || old.compressed.is_some() != new.compressed.is_some() {
        return TypeChange::Stored;
    }
    let same_charset = a.charset == b.charset && a.collation == b.collation;
    match a.base {
        BaseType::TinyInt | BaseType::SmallInt | BaseType::MediumInt | BaseType::Int | BaseType::BigInt => {
            stored_unless(a.unsigned == b.unsigned)
        }
        BaseType::Decimal => {
            stored_unless(a.unsigned == b.unsigned && a.length == b.length && a.decimals == b.decimals)
        }
        // How many digits are shown is no part of what is stored (measured).
        BaseType::Float | BaseType::Double => stored_unless(a.unsigned == b.unsigned),
        BaseType::Bit | BaseType::Binary | BaseType::Vector => stored_unless(a.length == b.length),
        BaseType::Time | BaseType::DateTime | BaseType::Timestamp => {
            stored_unless(a.decimals.unwrap_or(0) == b.decimals.unwrap_or(0))
        }
        BaseType::Enum | BaseType::Set => {
            let same = |(x, y): (&String, &String)| same_member(x, y, a.collation.as_deref());
            let appended = b.members.len() >= a.members.len() && a.members.iter().zip(&b.members).all(same);
            stored_unless(same_charset && appended && member_bytes(a) == member_bytes(b))
        }
        BaseType::Char => {
            if same_charset && a.length == b.length {
                TypeChange::Same
            } else if a.length != b.length
                // There a CHAR takes as many bytes as its longest value would.
                || (redundant && max_bytes(a.charset.as_deref()) != max_bytes(b.charset.as_deref()))
            {
                TypeChange::Stored
            } else {
                collation(before, old, new, Part::Primary)
            }
        }
        BaseType::VarChar => varchar(before, old, new, redundant),
        BaseType::VarBinary => length(a.length, b.length, a.length, b.length, redundant),
        _ if a.base.is_text() => {
            if same_charset {
                TypeChange::Same
            } else {
                collation(before, old, new, Part::Any)
            }
        }
        _ if a.base.is_geometry() => stored_unless(a.srid == b.srid),
        _ => TypeChange::Same,
    }
}

const fn stored_unless(same: bool) -> TypeChange {
    if same { TypeChange::Same } else { TypeChange::Stored }
}

/// Whether the collation takes two members for the same, as the server compares them. Only letters that all collations
/// without case treat alike are looked at; others are taken to differ.
fn same_member(a: &str, b: &str, collation: Option<&str>) -> bool {
    let by_case = collation.is_some_and(|name| {
        let dotless = name.contains("turkish") && a.contains(['i', 'I']);
        name.ends_with("_ci") && !dotless
    });
    a == b || (by_case && a.is_ascii() && a.eq_ignore_ascii_case(b))
}

/// Bytes that one value of an ENUM or SET takes.
fn member_bytes(data_type: &crate::ddl::model::ColumnType) -> usize {
    let count = data_type.members.len();
    match data_type.base {
        BaseType::Enum => {
            if count < 256 {
                1
            } else {
                2
            }
        }
        _ => match count.div_ceil(8) {
            bytes @ 0..=4 => bytes.max(1),
            _ => 8,
        },
    }
}

fn varchar(before: &Table, old: &Column, new: &Column, redundant: bool) -> TypeChange {
    let (a, b) = (&old.data_type, &new.data_type);
    let bytes = |data_type: &crate::ddl::model::ColumnType| {
        data_type.length.map(|length| length * max_bytes(data_type.charset.as_deref()))
    };
    if a.charset == b.charset && a.collation == b.collation {
        return length(a.length, b.length, bytes(a), bytes(b), redundant);
    }
    if b.length < a.length || bytes(b) < bytes(a) {
        return TypeChange::Stored;
    }
    collation(before, old, new, Part::Primary).max(length(a.length, b.length, bytes(a), bytes(b), redundant))
}

/// A VARCHAR may grow where the number of length bytes need not change: up to 255 bytes one is enough, and InnoDB
/// keeps two as soon as the column may be longer than 127 (MDEV-15563).
fn length(
    old: Option<u64>,
    new: Option<u64>,
    old_bytes: Option<u64>,
    new_bytes: Option<u64>,
    redundant: bool,
) -> TypeChange {
    match (old, new, old_bytes, new_bytes) {
        (Some(old), Some(new), Some(old_bytes), Some(new_bytes)) => {
            if old == new && old_bytes == new_bytes {
                TypeChange::Same
            } else if new < old || new_bytes < old_bytes {
                TypeChange::Stored
            } else if redundant || old_bytes <= 127 || new_bytes <= 255 || old_bytes > 255 {
                TypeChange::InEngine
            } else {
                TypeChange::Stored
            }
        }
        // A character set that is not known: the worst.
        _ if old == new => TypeChange::Same,
        _ => TypeChange::Stored,
    }
}

#[derive(Clone, Copy)]
enum Part {
    Primary,
    Any,
}

/// Another collation or character set over the same bytes.
fn collation(before: &Table, old: &Column, new: &Column, forbidden: Part) -> TypeChange {
    let (a, b) = (&old.data_type, &new.data_type);
    let (Some(old_set), Some(new_set)) = (a.charset.as_deref(), b.charset.as_deref()) else {
        return TypeChange::Stored;
    };
    if old_set != new_set && (old_set, new_set) != ("utf8mb3", "utf8mb4") {
        return TypeChange::Stored;
    }
    let keys = || before.keys.iter().filter(|key| key.parts.iter().any(|part| part.column == old.id));
    if !same_specific_collation(a.collation.as_deref(), b.collation.as_deref()) {
        let blocked = match forbidden {
            Part::Primary => keys().any(|key| is_clustered(before, key)),
            Part::Any => keys().next().is_some(),
        };
        return if blocked { TypeChange::Stored } else { TypeChange::InEngine };
    }
    let prefixed = keys().any(|key| {
        key.parts.iter().any(|part| part.column == old.id && part.prefix.is_some()) || key.kind == KeyKind::Fulltext
    });
    if prefixed { TypeChange::Stored } else { TypeChange::InEngine }
}

fn is_clustered(table: &Table, key: &Key) -> bool {
    table.clustered_key().is_some_and(|clustered| clustered.id == key.id)
}

/// Whether two collations sort alike, whatever character set they belong to: `utf8mb3_general_ci` and
/// `utf8mb4_general_ci` do.
pub(super) fn same_specific_collation(a: Option<&str>, b: Option<&str>) -> bool {
    let specific = |name: &str| name.split_once('_').map_or(name, |(_, rest)| rest).to_owned();
    match (a, b) {
        (Some(a), Some(b)) => a == b || specific(a) == specific(b),
        _ => false,
    }
}

/// Bytes of the longest character.
pub(crate) fn max_bytes(charset: Option<&str>) -> u64 {
    match charset {
        Some("utf8mb4" | "utf16" | "utf16le" | "utf32" | "gb18030") => 4,
        Some("utf8mb3" | "utf8" | "ujis" | "eucjpms") => 3,
        Some("ucs2" | "big5" | "gbk" | "sjis" | "cp932" | "gb2312" | "euckr") => 2,
        Some(_) => 1,
        None => 4,
    }
}
