//! Column types, resolved: synonyms gone, defaults filled in.

use std::fmt;

/// The type that is stored. Synonyms are resolved: BOOL is TINYINT(1), JSON is LONGTEXT with a check, `TEXT(70000)`
/// is MEDIUMTEXT, NATIONAL VARCHAR is VARCHAR with a character set.
#[allow(missing_docs)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BaseType {
    TinyInt,
    SmallInt,
    MediumInt,
    Int,
    BigInt,
    Decimal,
    Float,
    Double,
    Bit,
    Char,
    VarChar,
    Binary,
    VarBinary,
    TinyText,
    Text,
    MediumText,
    LongText,
    TinyBlob,
    Blob,
    MediumBlob,
    LongBlob,
    Enum,
    Set,
    Date,
    Time,
    DateTime,
    Timestamp,
    Year,
    Uuid,
    Inet4,
    Inet6,
    Vector,
    XmlType,
    Geometry,
    Point,
    LineString,
    Polygon,
    MultiPoint,
    MultiLineString,
    MultiPolygon,
    GeometryCollection,
    /// A type that is not known here.
    Other(String),
}

impl BaseType {
    /// TINYINT to BIGINT.
    pub const fn is_integer(&self) -> bool {
        matches!(self, Self::TinyInt | Self::SmallInt | Self::MediumInt | Self::Int | Self::BigInt)
    }

    /// Any number, YEAR and BIT left out.
    pub const fn is_numeric(&self) -> bool {
        self.is_integer() || matches!(self, Self::Decimal | Self::Float | Self::Double)
    }

    /// TINYTEXT to LONGTEXT.
    pub const fn is_text(&self) -> bool {
        matches!(self, Self::TinyText | Self::Text | Self::MediumText | Self::LongText)
    }

    /// TINYBLOB to LONGBLOB.
    pub const fn is_blob(&self) -> bool {
        matches!(self, Self::TinyBlob | Self::Blob | Self::MediumBlob | Self::LongBlob)
    }

    /// Whether values have a character set: CHAR, VARCHAR, the TEXTs, ENUM and SET.
    pub const fn has_charset(&self) -> bool {
        self.is_text() || matches!(self, Self::Char | Self::VarChar | Self::Enum | Self::Set)
    }

    /// GEOMETRY and its kinds.
    pub const fn is_geometry(&self) -> bool {
        matches!(
            self,
            Self::Geometry
                | Self::Point
                | Self::LineString
                | Self::Polygon
                | Self::MultiPoint
                | Self::MultiLineString
                | Self::MultiPolygon
                | Self::GeometryCollection
        )
    }

    /// In lower case, as `information_schema.COLUMNS.DATA_TYPE` has it.
    pub fn name(&self) -> &str {
        match self {
            Self::TinyInt => "tinyint",
            Self::SmallInt => "smallint",
            Self::MediumInt => "mediumint",
            Self::Int => "int",
            Self::BigInt => "bigint",
            Self::Decimal => "decimal",
            Self::Float => "float",
            Self::Double => "double",
            Self::Bit => "bit",
            Self::Char => "char",
            Self::VarChar => "varchar",
            Self::Binary => "binary",
            Self::VarBinary => "varbinary",
            Self::TinyText => "tinytext",
            Self::Text => "text",
            Self::MediumText => "mediumtext",
            Self::LongText => "longtext",
            Self::TinyBlob => "tinyblob",
            Self::Blob => "blob",
            Self::MediumBlob => "mediumblob",
            Self::LongBlob => "longblob",
            Self::Enum => "enum",
            Self::Set => "set",
            Self::Date => "date",
            Self::Time => "time",
            Self::DateTime => "datetime",
            Self::Timestamp => "timestamp",
            Self::Year => "year",
            Self::Uuid => "uuid",
            Self::Inet4 => "inet4",
            Self::Inet6 => "inet6",
            Self::Vector => "vector",
            Self::XmlType => "xmltype",
            Self::Geometry => "geometry",
            Self::Point => "point",
            Self::LineString => "linestring",
            Self::Polygon => "polygon",
            Self::MultiPoint => "multipoint",
            Self::MultiLineString => "multilinestring",
            Self::MultiPolygon => "multipolygon",
            Self::GeometryCollection => "geometrycollection",
            Self::Other(name) => name,
        }
    }
}

/// A resolved column type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ColumnType {
    /// Which type.
    pub base: BaseType,
    /// Characters of CHAR and VARCHAR, bytes of BINARY and VARBINARY, digits of DECIMAL, display width of integers,
    /// bits of BIT, dimensions of VECTOR, digits of YEAR; with the server's default filled in. `None` where there is
    /// none, as for TEXT, DATE or DOUBLE without digits.
    pub length: Option<u64>,
    /// Digits behind the point of DECIMAL, FLOAT(m,d), DOUBLE(m,d); fractional seconds of TIME, DATETIME, TIMESTAMP
    /// (0 filled in).
    pub decimals: Option<u32>,
    /// UNSIGNED.
    pub unsigned: bool,
    /// ZEROFILL.
    pub zerofill: bool,
    /// The character set in lower case, for types that have one. `utf8` is resolved to `utf8mb3`. `None` also where
    /// it is not known, because it is inherited and the server's default was not given.
    pub charset: Option<String>,
    /// The collation in lower case.
    pub collation: Option<String>,
    /// The members of ENUM and SET.
    pub members: Vec<String>,
    /// REF_SYSTEM_ID of a geometry.
    pub srid: Option<u32>,
    /// Values are kept as servers kept them once (`datetime /* mariadb-5.3 */`), until an ALTER TABLE copies the table.
    pub old_format: bool,
}

impl ColumnType {
    /// A type without any of its attributes.
    pub(super) const fn bare(base: BaseType) -> Self {
        Self {
            base,
            length: None,
            decimals: None,
            unsigned: false,
            zerofill: false,
            charset: None,
            collation: None,
            members: Vec::new(),
            srid: None,
            old_format: false,
        }
    }
}

impl fmt::Display for ColumnType {
    /// As SHOW CREATE TABLE prints it, without character set: `decimal(10,2) unsigned`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.base.name())?;
        if matches!(self.base, BaseType::Enum | BaseType::Set) {
            let members: Vec<String> = self.members.iter().map(|m| format!("'{}'", m.replace('\'', "''"))).collect();
            write!(f, "({})", members.join(","))?;
        }
        match (self.length, self.decimals) {
            (Some(length), Some(decimals)) => write!(f, "({length},{decimals})")?,
            (Some(length), None) => write!(f, "({length})")?,
            (None, Some(decimals)) if decimals > 0 => write!(f, "({decimals})")?,
            (None, _) => {}
        }
        if self.unsigned {
            f.write_str(" unsigned")?;
        }
        if self.zerofill {
            f.write_str(" zerofill")?;
        }
        Ok(())
    }
}
