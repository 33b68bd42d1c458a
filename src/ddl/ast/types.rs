//! Data types, as they are written.

use super::Ident;
use crate::sql::Span;

/// The word or words that name a type, with synonyms resolved (`INTEGER` is `Int`, `DEC` is `Decimal`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TypeName {
    /// TINYINT, INT1
    TinyInt,
    /// SMALLINT, INT2
    SmallInt,
    /// MEDIUMINT, INT3, MIDDLEINT
    MediumInt,
    /// INT, INTEGER, INT4
    Int,
    /// BIGINT, INT8
    BigInt,
    /// BOOL, BOOLEAN: TINYINT(1)
    Bool,
    /// SERIAL: BIGINT UNSIGNED NOT NULL AUTO_INCREMENT UNIQUE
    Serial,
    /// DECIMAL, DEC, NUMERIC, FIXED, NUMBER in Oracle mode
    Decimal,
    /// FLOAT, FLOAT4, also `FLOAT(n)` with n up to 24
    Float,
    /// DOUBLE, DOUBLE PRECISION, REAL, FLOAT8
    Double,
    /// BIT
    Bit,
    /// CHAR, CHARACTER, NCHAR
    Char,
    /// VARCHAR, CHARACTER VARYING, NVARCHAR, VARCHAR2 in Oracle mode
    VarChar,
    /// BINARY
    Binary,
    /// VARBINARY, CHAR BYTE, RAW in Oracle mode
    VarBinary,
    /// TINYTEXT
    TinyText,
    /// TEXT
    Text,
    /// MEDIUMTEXT, LONG, LONG VARCHAR
    MediumText,
    /// LONGTEXT, CLOB in Oracle mode
    LongText,
    /// TINYBLOB
    TinyBlob,
    /// BLOB
    Blob,
    /// MEDIUMBLOB, LONG VARBINARY
    MediumBlob,
    /// LONGBLOB
    LongBlob,
    /// ENUM
    Enum,
    /// SET
    Set,
    /// DATE
    Date,
    /// TIME
    Time,
    /// DATETIME
    DateTime,
    /// TIMESTAMP
    Timestamp,
    /// YEAR
    Year,
    /// JSON: LONGTEXT with a check
    Json,
    /// UUID
    Uuid,
    /// INET4
    Inet4,
    /// INET6
    Inet6,
    /// VECTOR
    Vector,
    /// XMLTYPE
    XmlType,
    /// GEOMETRY
    Geometry,
    /// POINT
    Point,
    /// LINESTRING
    LineString,
    /// POLYGON
    Polygon,
    /// MULTIPOINT
    MultiPoint,
    /// MULTILINESTRING
    MultiLineString,
    /// MULTIPOLYGON
    MultiPolygon,
    /// GEOMETRYCOLLECTION
    GeometryCollection,
    /// A type that is not known here: a plugin's, or a later server's.
    Other(String),
}

/// A data type with everything that stands behind its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataType {
    /// From the type's name to its last attribute that belongs to the type.
    pub span: Span,
    /// Which type.
    pub name: TypeName,
    /// The first number in parentheses: characters, bytes, digits, dimensions or fractional seconds.
    pub length: Option<u64>,
    /// The second number in parentheses.
    pub decimals: Option<u32>,
    /// UNSIGNED, or implied by ZEROFILL or SERIAL.
    pub unsigned: bool,
    /// ZEROFILL.
    pub zerofill: bool,
    /// CHARACTER SET, or what ASCII, UNICODE and NATIONAL stand for; in lower case. `binary` for BYTE.
    pub charset: Option<String>,
    /// COLLATE, in lower case; the last one counts.
    pub collation: Option<String>,
    /// The attribute BINARY: the binary collation of the character set.
    pub binary: bool,
    /// The members of an ENUM or SET, without quotes and escapes.
    pub members: Vec<Ident>,
    /// REF_SYSTEM_ID or SRID of a geometry.
    pub srid: Option<u32>,
    /// SHOW CREATE TABLE prints a comment behind the type, `/* mariadb-5.3 */` or `/*old*/`: values are kept as servers
    /// kept them once.
    pub old_format: bool,
}
