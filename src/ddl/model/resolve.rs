//! Written types and columns to resolved ones.

use super::charset::{self, bytes_per_character};
use super::{BaseType, Column, ColumnDefault, ColumnId, ColumnType, Generated, Settings, Table, Visibility};
use crate::ddl::ast::{ColumnDef, ColumnKey, DataType, DefaultValue, Expr, TypeName};

/// The TEXT or BLOB that holds this many bytes.
fn by_capacity(bytes: u64, sizes: [BaseType; 4]) -> BaseType {
    let [tiny, plain, medium, long] = sizes;
    match bytes {
        0..=0xff => tiny,
        0x100..=0xffff => plain,
        0x1_0000..=0xff_ffff => medium,
        _ => long,
    }
}

pub(super) const TEXTS: [BaseType; 4] = [BaseType::TinyText, BaseType::Text, BaseType::MediumText, BaseType::LongText];
const BLOBS: [BaseType; 4] = [BaseType::TinyBlob, BaseType::Blob, BaseType::MediumBlob, BaseType::LongBlob];

/// The type of a text column that holds as many characters in another character set.
pub(super) fn text_for_charset(base: &BaseType, old: Option<&str>, new: Option<&str>) -> BaseType {
    let bytes: u64 = match base {
        BaseType::TinyText => 0xff,
        BaseType::Text => 0xffff,
        BaseType::MediumText => 0xff_ffff,
        _ => return base.clone(),
    };
    let (old, new) = (bytes_per_character(old), bytes_per_character(new));
    if new <= old { base.clone() } else { by_capacity(bytes / old * new, TEXTS) }
}

/// The base type that a written type stands for, before its character set is looked at.
fn base(written: &DataType) -> BaseType {
    match &written.name {
        TypeName::TinyInt | TypeName::Bool => BaseType::TinyInt,
        TypeName::SmallInt => BaseType::SmallInt,
        TypeName::MediumInt => BaseType::MediumInt,
        TypeName::Int => BaseType::Int,
        TypeName::BigInt | TypeName::Serial => BaseType::BigInt,
        TypeName::Decimal => BaseType::Decimal,
        // FLOAT(p) is a double from 25 bits on.
        TypeName::Float if written.decimals.is_none() && written.length.is_some_and(|bits| bits > 24) => {
            BaseType::Double
        }
        TypeName::Float => BaseType::Float,
        TypeName::Double => BaseType::Double,
        TypeName::Bit => BaseType::Bit,
        TypeName::Char => BaseType::Char,
        TypeName::VarChar => BaseType::VarChar,
        TypeName::Binary => BaseType::Binary,
        TypeName::VarBinary => BaseType::VarBinary,
        TypeName::TinyText => BaseType::TinyText,
        TypeName::Text => BaseType::Text,
        TypeName::MediumText => BaseType::MediumText,
        TypeName::LongText | TypeName::Json => BaseType::LongText,
        TypeName::TinyBlob => BaseType::TinyBlob,
        TypeName::Blob => written.length.map_or(BaseType::Blob, |bytes| by_capacity(bytes, BLOBS)),
        TypeName::MediumBlob => BaseType::MediumBlob,
        TypeName::LongBlob => BaseType::LongBlob,
        TypeName::Enum => BaseType::Enum,
        TypeName::Set => BaseType::Set,
        TypeName::Date => BaseType::Date,
        TypeName::Time => BaseType::Time,
        TypeName::DateTime => BaseType::DateTime,
        TypeName::Timestamp => BaseType::Timestamp,
        TypeName::Year => BaseType::Year,
        TypeName::Uuid => BaseType::Uuid,
        TypeName::Inet4 => BaseType::Inet4,
        TypeName::Inet6 => BaseType::Inet6,
        TypeName::Vector => BaseType::Vector,
        TypeName::XmlType => BaseType::XmlType,
        TypeName::Geometry => BaseType::Geometry,
        TypeName::Point => BaseType::Point,
        TypeName::LineString => BaseType::LineString,
        TypeName::Polygon => BaseType::Polygon,
        TypeName::MultiPoint => BaseType::MultiPoint,
        TypeName::MultiLineString => BaseType::MultiLineString,
        TypeName::MultiPolygon => BaseType::MultiPolygon,
        TypeName::GeometryCollection => BaseType::GeometryCollection,
        TypeName::Other(name) => BaseType::Other(name.clone()),
    }
}

/// CHARACTER SET binary turns text into bytes.
fn as_binary(base: BaseType) -> BaseType {
    match base {
        BaseType::Char => BaseType::Binary,
        BaseType::VarChar => BaseType::VarBinary,
        BaseType::TinyText => BaseType::TinyBlob,
        BaseType::Text => BaseType::Blob,
        BaseType::MediumText => BaseType::MediumBlob,
        BaseType::LongText => BaseType::LongBlob,
        other => other,
    }
}

/// A written type, resolved in a table with this default character set and collation.
pub(super) fn data_type(
    written: &DataType,
    inherited: (Option<&str>, Option<&str>),
    settings: &Settings,
) -> ColumnType {
    let mut resolved = ColumnType::bare(base(written));
    if resolved.base.has_charset() {
        let (mut charset, mut collation) =
            charset::resolve(written.charset.as_deref(), written.collation.as_deref(), inherited, settings);
        if written.name == TypeName::Json && written.charset.is_none() && written.collation.is_none() {
            (charset, collation) = (Some("utf8mb4".to_owned()), Some("utf8mb4_bin".to_owned()));
        }
        if written.binary && written.collation.is_none() {
            collation = charset.as_ref().map(|charset| format!("{charset}_bin"));
        }
        (resolved.charset, resolved.collation) = (charset, collation);
        if resolved.base == BaseType::Text
            && let Some(characters) = written.length
        {
            let bytes = characters.saturating_mul(bytes_per_character(resolved.charset.as_deref()));
            resolved.base = by_capacity(bytes, TEXTS);
        }
        if resolved.charset.as_deref() == Some("binary") && !matches!(resolved.base, BaseType::Enum | BaseType::Set) {
            resolved.base = as_binary(resolved.base);
            (resolved.charset, resolved.collation) = (None, None);
        }
    }
    resolved.unsigned = written.unsigned && resolved.base.is_numeric();
    resolved.zerofill = written.zerofill && resolved.base.is_numeric();
    resolved.srid = written.srid;
    resolved.old_format = written.old_format;
    // The server drops trailing spaces of members.
    let binary = resolved.charset.as_deref() == Some("binary");
    let member = |name: &str| if binary { name.to_owned() } else { name.trim_end_matches(' ').to_owned() };
    resolved.members = written.members.iter().map(|name| member(&name.value)).collect();
    (resolved.length, resolved.decimals) = lengths(written, &resolved);
    resolved
}

/// Length and decimals with the server's defaults.
fn lengths(written: &DataType, resolved: &ColumnType) -> (Option<u64>, Option<u32>) {
    let width = |signed: u64, unsigned: u64| Some(if resolved.unsigned { unsigned } else { signed });
    let length = match resolved.base {
        _ if written.name == TypeName::Bool => Some(1),
        BaseType::TinyInt => written.length.or(width(4, 3)),
        BaseType::SmallInt => written.length.or(width(6, 5)),
        BaseType::MediumInt => written.length.or(width(9, 8)),
        BaseType::Int => written.length.or(width(11, 10)),
        BaseType::BigInt => written.length.or(Some(20)),
        BaseType::Decimal => written.length.filter(|digits| *digits > 0).or(Some(10)),
        BaseType::Float | BaseType::Double => written.decimals.and(written.length),
        BaseType::Bit | BaseType::Char | BaseType::Binary => written.length.or(Some(1)),
        BaseType::Year => written.length.filter(|digits| *digits == 2).or(Some(4)),
        BaseType::VarChar | BaseType::VarBinary | BaseType::Vector | BaseType::Other(_) => written.length,
        _ => None,
    };
    let decimals = match resolved.base {
        BaseType::Decimal => Some(written.decimals.unwrap_or(0)),
        BaseType::Float | BaseType::Double => written.decimals,
        BaseType::Time | BaseType::DateTime | BaseType::Timestamp => {
            Some(written.length.and_then(|digits| u32::try_from(digits).ok()).unwrap_or(0))
        }
        _ => None,
    };
    (length, decimals)
}

fn default(def: &ColumnDef, nullable: bool, text: &str) -> ColumnDefault {
    match &def.default {
        _ if def.generated.is_some() || def.auto_increment || def.row_start || def.row_end => ColumnDefault::None,
        Some(default) => default_value(default, text),
        None if nullable => ColumnDefault::Null,
        None => ColumnDefault::None,
    }
}

/// A written default.
pub(super) fn default_value(default: &DefaultValue, text: &str) -> ColumnDefault {
    let written = |expr: &Expr| expr.span.of(text).to_owned();
    match default {
        DefaultValue::Null => ColumnDefault::Null,
        DefaultValue::Literal(expr) => ColumnDefault::Literal(written(expr)),
        DefaultValue::Now(_) => ColumnDefault::Now,
        DefaultValue::Expression(expr) => ColumnDefault::Expression {
            text: written(expr),
            volatile: expr.facts.is_volatile(),
            reads_columns: !expr.facts.columns.is_empty(),
            functions: expr.facts.functions.clone(),
            user_variables: expr.facts.user_variables,
        },
    }
}

/// A written column, resolved. Its generated expression's columns are looked up later, when all columns are known.
pub(super) fn column(def: &ColumnDef, id: ColumnId, table: &Table, settings: &Settings, text: &str) -> Column {
    let inherited = (table.options.charset.as_deref(), table.options.collation.as_deref());
    let mut data_type = data_type(&def.data_type, inherited, settings);
    if (def.row_start || def.row_end) && data_type.base == BaseType::Other(String::new()) {
        data_type = ColumnType { decimals: Some(6), ..ColumnType::bare(BaseType::Timestamp) };
    }
    let implicit_timestamp = data_type.base == BaseType::Timestamp
        && !settings.explicit_defaults_for_timestamp
        && def.nullable.is_none()
        && def.generated.is_none();
    let not_null = def.nullable == Some(false)
        || def.key == Some(ColumnKey::Primary)
        || def.auto_increment
        || def.row_start
        || def.row_end
        || implicit_timestamp;
    let mut column = Column {
        id,
        name: def.name.value.clone(),
        nullable: !not_null,
        maybe_nullable: def.auto_increment && def.nullable.is_none() && def.key != Some(ColumnKey::Primary),
        default: default(def, !not_null, text),
        on_update_now: def.on_update.is_some(),
        auto_increment: def.auto_increment,
        generated: def.generated.as_ref().map(|generated| Generated {
            text: generated.expr.span.of(text).to_owned(),
            kind: generated.kind,
            columns: Vec::new(),
            functions: generated.expr.facts.functions.clone(),
        }),
        visibility: if def.invisible { Visibility::Invisible } else { Visibility::Visible },
        comment: def.comment.clone().unwrap_or_default(),
        without_versioning: def.system_versioning == Some(false),
        row_start: def.row_start,
        row_end: def.row_end,
        compressed: def.compressed.clone(),
        options: def.options.iter().map(|option| (option.name.clone(), option.value.clone())).collect(),
        data_type,
    };
    if implicit_timestamp && def.default.is_none() && !def.row_start && !def.row_end {
        // The first TIMESTAMP of a table updates itself; later ones begin at zero.
        let first = !table.columns.iter().any(|other| other.data_type.base == BaseType::Timestamp);
        if first && def.on_update.is_none() {
            (column.default, column.on_update_now) = (ColumnDefault::Now, true);
        } else {
            column.default = ColumnDefault::Literal("'0000-00-00 00:00:00'".to_owned());
        }
    }
    column
}
