//! Data types.

use super::cursor::Cursor;
use crate::ddl::ast::{DataType, Ident, TypeName};
use crate::sql::{Span, TokenKind};

/// Types that are one word.
const NAMES: &[(&str, TypeName)] = &[
    ("BIGINT", TypeName::BigInt),
    ("BINARY", TypeName::Binary),
    ("BIT", TypeName::Bit),
    ("BLOB", TypeName::Blob),
    ("BOOL", TypeName::Bool),
    ("BOOLEAN", TypeName::Bool),
    ("CLOB", TypeName::LongText),
    ("DATE", TypeName::Date),
    ("DATETIME", TypeName::DateTime),
    ("DEC", TypeName::Decimal),
    ("DECIMAL", TypeName::Decimal),
    ("DOUBLE", TypeName::Double),
    ("ENUM", TypeName::Enum),
    ("FIXED", TypeName::Decimal),
    ("FLOAT", TypeName::Float),
    ("FLOAT4", TypeName::Float),
    ("FLOAT8", TypeName::Double),
    ("GEOMCOLLECTION", TypeName::GeometryCollection),
    ("GEOMETRY", TypeName::Geometry),
    ("GEOMETRYCOLLECTION", TypeName::GeometryCollection),
    ("INET4", TypeName::Inet4),
    ("INET6", TypeName::Inet6),
    ("INT", TypeName::Int),
    ("INT1", TypeName::TinyInt),
    ("INT2", TypeName::SmallInt),
    ("INT3", TypeName::MediumInt),
    ("INT4", TypeName::Int),
    ("INT8", TypeName::BigInt),
    ("INTEGER", TypeName::Int),
    ("JSON", TypeName::Json),
    ("LINESTRING", TypeName::LineString),
    ("LONGBLOB", TypeName::LongBlob),
    ("LONGTEXT", TypeName::LongText),
    ("MEDIUMBLOB", TypeName::MediumBlob),
    ("MEDIUMINT", TypeName::MediumInt),
    ("MEDIUMTEXT", TypeName::MediumText),
    ("MIDDLEINT", TypeName::MediumInt),
    ("MULTILINESTRING", TypeName::MultiLineString),
    ("MULTIPOINT", TypeName::MultiPoint),
    ("MULTIPOLYGON", TypeName::MultiPolygon),
    ("NUMBER", TypeName::Decimal),
    ("NUMERIC", TypeName::Decimal),
    ("POINT", TypeName::Point),
    ("POLYGON", TypeName::Polygon),
    ("RAW", TypeName::VarBinary),
    ("REAL", TypeName::Double),
    ("SERIAL", TypeName::Serial),
    ("SET", TypeName::Set),
    ("SMALLINT", TypeName::SmallInt),
    ("TEXT", TypeName::Text),
    ("TIME", TypeName::Time),
    ("TIMESTAMP", TypeName::Timestamp),
    ("TINYBLOB", TypeName::TinyBlob),
    ("TINYINT", TypeName::TinyInt),
    ("TINYTEXT", TypeName::TinyText),
    ("UUID", TypeName::Uuid),
    ("VARBINARY", TypeName::VarBinary),
    ("VARCHAR2", TypeName::VarChar),
    ("VECTOR", TypeName::Vector),
    ("XMLTYPE", TypeName::XmlType),
    ("YEAR", TypeName::Year),
];

impl Cursor<'_> {
    /// A data type with its attributes.
    pub(super) fn data_type(&mut self) -> Option<DataType> {
        let mark = self.mark();
        // `mariadb_schema.date` says which mode's type is meant.
        let mut oracle = self.dialect.oracle;
        if self.punct_at(1, b'.') {
            oracle = self.word(0).eq_ignore_ascii_case("oracle_schema");
            self.bump();
            self.bump();
        }
        let mut data_type = DataType {
            span: Span::default(),
            name: TypeName::Int,
            length: None,
            decimals: None,
            unsigned: false,
            zerofill: false,
            charset: None,
            collation: None,
            binary: false,
            members: Vec::new(),
            srid: None,
            old_format: false,
        };
        data_type.name = self.type_name(&mut data_type)?;
        if oracle {
            match data_type.name {
                TypeName::Date => data_type.name = TypeName::DateTime,
                TypeName::Blob => data_type.name = TypeName::LongBlob,
                _ => {}
            }
        }
        self.type_arguments(&mut data_type)?;
        data_type.old_format = self.old_format_follows();
        self.type_attributes(&mut data_type)?;
        data_type.span = self.span_from(mark);
        Some(data_type)
    }

    /// Whether a comment of the server says that values are kept in a format of the past.
    fn old_format_follows(&self) -> bool {
        let end = self.offset() as usize;
        let next = self.peek(0).map_or(self.text.len(), |token| token.span.start as usize);
        let between = self.text.get(end..next).unwrap_or_default();
        between.contains("/* mariadb-5.3 */") || between.contains("/*old*/")
    }

    fn type_name(&mut self, data_type: &mut DataType) -> Option<TypeName> {
        // In quotes it is the name of a type all the same.
        let token = self.peek(0).filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted))?;
        let national = self.is_any(&["NATIONAL", "NCHAR", "NVARCHAR"]);
        if national {
            data_type.charset = Some("utf8mb3".to_owned());
        }
        if self.eat("NATIONAL") {
            let varying = self.eat_any(&["VARCHAR", "VARCHARACTER"]);
            if !varying && !self.eat_any(&["CHAR", "CHARACTER"]) {
                return None;
            }
            return Some(if varying || self.eat("VARYING") { TypeName::VarChar } else { TypeName::Char });
        }
        if self.eat_any(&["CHAR", "CHARACTER", "NCHAR"]) {
            let varying = self.eat_any(&["VARYING", "VARCHAR", "VARCHARACTER"]);
            return Some(if varying { TypeName::VarChar } else { TypeName::Char });
        }
        if self.eat_any(&["VARCHAR", "VARCHARACTER", "NVARCHAR"]) {
            return Some(TypeName::VarChar);
        }
        if self.eat("LONG") {
            let binary = self.eat("VARBINARY");
            if !binary && !self.eat_any(&["VARCHAR", "VARCHARACTER"]) {
                self.eat_all(&["CHAR", "VARYING"]);
            }
            return Some(if binary { TypeName::MediumBlob } else { TypeName::MediumText });
        }
        self.bump();
        let word = &self.value(token);
        let known =
            NAMES.binary_search_by(|(name, _)| name.bytes().cmp(word.bytes().map(|byte| byte.to_ascii_uppercase())));
        let name = match known {
            Ok(index) => NAMES[index].1.clone(),
            Err(_) => TypeName::Other(word.to_ascii_lowercase()),
        };
        match name {
            TypeName::Double => {
                self.eat("PRECISION");
            }
            TypeName::Serial => data_type.unsigned = true,
            _ => {}
        }
        Some(name)
    }

    fn type_arguments(&mut self, data_type: &mut DataType) -> Option<()> {
        if !self.is_punct(b'(') {
            return Some(());
        }
        match data_type.name {
            TypeName::Enum | TypeName::Set => {
                data_type.members = self.list_in_parens(|cursor| {
                    let span = cursor.peek(0)?.span;
                    // A character set may stand in front of each.
                    if cursor.word(0).starts_with('_') {
                        cursor.bump();
                    }
                    let token = cursor.peek(0)?;
                    match token.kind {
                        TokenKind::String => Some(Ident { value: cursor.string()?, span }),
                        TokenKind::Number => {
                            cursor.bump();
                            Some(Ident { value: token.text(cursor.text).to_owned(), span })
                        }
                        _ => None,
                    }
                })?;
            }
            TypeName::Other(_) => {
                self.parens()?;
            }
            _ => {
                self.expect_punct(b'(')?;
                data_type.length = Some(self.length()?);
                if self.eat_punct(b',') {
                    data_type.decimals = Some(self.number32()?);
                }
                // Oracle mode: VARCHAR2(10 CHAR), (10 BYTE).
                self.eat_any(&["CHAR", "BYTE"]);
                self.expect_punct(b')')?;
            }
        }
        Some(())
    }

    /// The server cuts `10.2` to 10.
    fn length(&mut self) -> Option<u64> {
        if let Some(number) = self.number() {
            return Some(number);
        }
        let token = self.bump().filter(|token| token.kind == TokenKind::Number)?;
        token.text(self.text).split('.').next()?.parse().ok()
    }

    fn type_attributes(&mut self, data_type: &mut DataType) -> Option<()> {
        loop {
            let length = self.word(0).len();
            // Nothing that is looked for here is shorter or longer.
            if !(3..=13).contains(&length) {
                return Some(());
            }
            if self.eat("UNSIGNED") {
                data_type.unsigned = true;
            } else if self.eat("ZEROFILL") {
                data_type.zerofill = true;
                data_type.unsigned = true;
            } else if self.eat("SIGNED") {
                data_type.unsigned = false;
            } else if self.is_charset() {
                self.eat_charset();
                self.eat_equal();
                data_type.charset = Some(self.name_or_string()?.to_ascii_lowercase());
            } else if self.eat("COLLATE") {
                self.eat_equal();
                data_type.collation = Some(self.name_or_string()?.to_ascii_lowercase());
            } else if self.eat("BINARY") {
                data_type.binary = true;
            } else if self.eat("ASCII") {
                data_type.charset = Some("latin1".to_owned());
            } else if self.eat("UNICODE") {
                data_type.charset = Some("ucs2".to_owned());
            } else if self.eat("BYTE") {
                data_type.charset = Some("binary".to_owned());
            } else if self.is_any(&["REF_SYSTEM_ID", "SRID"]) && self.punct_at(1, b'=') {
                self.bump();
                self.bump();
                data_type.srid = Some(self.number32()?);
            } else {
                return Some(());
            }
        }
    }

    /// Whether CHARACTER SET, CHAR SET or CHARSET comes next.
    pub(super) fn is_charset(&self) -> bool {
        self.is("CHARSET") || self.is_any(&["CHARACTER", "CHAR"]) && self.word(1).eq_ignore_ascii_case("SET")
    }

    pub(super) fn eat_charset(&mut self) -> bool {
        self.eat("CHARSET") || self.eat_all(&["CHARACTER", "SET"]) || self.eat_all(&["CHAR", "SET"])
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_of_names_is_sorted() {
        assert!(super::NAMES.is_sorted_by_key(|(name, _)| *name));
    }
}
