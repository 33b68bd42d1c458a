//! Definitions as text, for the way back.

use super::tables::{qualified, quote};
use crate::ddl::ast::{GeneratedKind, IndexType, ReferentialAction};
use crate::ddl::model::{BaseType, Column, ColumnDefault, ForeignKey, Key, KeyKind, Table, Visibility};

/// A string in quotes.
fn text(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}

/// A column's definition, its name included.
pub(super) fn column(column: &Column) -> String {
    let data_type = &column.data_type;
    let mut sql = format!("{} {data_type}", quote(&column.name));
    if data_type.base.has_charset() {
        if let Some(charset) = &data_type.charset {
            sql.push_str(&format!(" CHARACTER SET {charset}"));
        }
        if let Some(collation) = &data_type.collation {
            sql.push_str(&format!(" COLLATE {collation}"));
        }
    }
    if let Some(method) = &column.compressed {
        sql.push_str(" COMPRESSED");
        if let Some(method) = method {
            sql.push_str(&format!("={method}"));
        }
    }
    if let Some(generated) = &column.generated {
        let kind = if generated.kind == GeneratedKind::Stored { "STORED" } else { "VIRTUAL" };
        sql.push_str(&format!(" GENERATED ALWAYS AS ({}) {kind}", generated.text));
    } else {
        if column.nullable {
            // TIMESTAMP is NOT NULL by itself on older servers.
            if data_type.base == BaseType::Timestamp {
                sql.push_str(" NULL");
            }
        } else {
            sql.push_str(" NOT NULL");
        }
        match &column.default {
            ColumnDefault::None => {}
            ColumnDefault::Null => sql.push_str(" DEFAULT NULL"),
            ColumnDefault::Literal(literal) => sql.push_str(&format!(" DEFAULT {literal}")),
            ColumnDefault::Now => {
                sql.push_str(&format!(" DEFAULT current_timestamp({})", data_type.decimals.unwrap_or(0)))
            }
            ColumnDefault::Expression { text, .. } => sql.push_str(&format!(" DEFAULT ({text})")),
        }
        if column.on_update_now {
            sql.push_str(&format!(" ON UPDATE current_timestamp({})", data_type.decimals.unwrap_or(0)));
        }
        if column.auto_increment {
            sql.push_str(" AUTO_INCREMENT");
        }
    }
    if column.visibility == Visibility::Invisible {
        sql.push_str(" INVISIBLE");
    }
    if column.without_versioning {
        sql.push_str(" WITHOUT SYSTEM VERSIONING");
    }
    if !column.comment.is_empty() {
        sql.push_str(&format!(" COMMENT {}", text(&column.comment)));
    }
    sql
}

/// A key's definition as ADD takes it.
pub(super) fn key(table: &Table, key: &Key) -> String {
    let name = quote(&key.name);
    let head = match key.kind {
        KeyKind::Primary => "PRIMARY KEY".to_owned(),
        KeyKind::Unique => format!("UNIQUE KEY {name}"),
        KeyKind::Index => format!("KEY {name}"),
        KeyKind::Fulltext => format!("FULLTEXT KEY {name}"),
        KeyKind::Spatial => format!("SPATIAL KEY {name}"),
        KeyKind::Vector => format!("VECTOR KEY {name}"),
    };
    let mut parts: Vec<String> = key
        .parts
        .iter()
        .filter_map(|part| {
            let mut sql = quote(&table.column_by_id(part.column)?.name);
            if let Some(prefix) = part.prefix {
                sql.push_str(&format!("({prefix})"));
            }
            if part.descending {
                sql.push_str(" DESC");
            }
            Some(sql)
        })
        .collect();
    parts.extend(key.without_overlaps.as_ref().map(|period| format!("{} WITHOUT OVERLAPS", quote(period))));
    let mut sql = format!("{head} ({})", parts.join(", "));
    match key.using {
        Some(IndexType::Btree) => sql.push_str(" USING BTREE"),
        Some(IndexType::Hash) => sql.push_str(" USING HASH"),
        Some(IndexType::Rtree) | None => {}
    }
    if let Some(size) = key.key_block_size {
        sql.push_str(&format!(" KEY_BLOCK_SIZE={size}"));
    }
    if let Some(parser) = &key.parser {
        sql.push_str(&format!(" WITH PARSER {}", quote(parser)));
    }
    if !key.comment.is_empty() {
        sql.push_str(&format!(" COMMENT {}", text(&key.comment)));
    }
    if key.ignored {
        sql.push_str(" IGNORED");
    }
    sql
}

/// A foreign key's definition as ADD takes it.
pub(super) fn foreign_key(table: &Table, key: &ForeignKey) -> String {
    let columns: Vec<String> =
        key.columns.iter().filter_map(|id| Some(quote(&table.column_by_id(*id)?.name))).collect();
    let parents: Vec<String> = key.parent_columns.iter().map(|column| quote(column)).collect();
    let parent = qualified(key.parent_database.as_deref(), &key.parent_table);
    format!(
        "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {parent} ({}) ON DELETE {} ON UPDATE {}",
        quote(&key.name),
        columns.join(", "),
        parents.join(", "),
        action(key.on_delete),
        action(key.on_update),
    )
}

const fn action(action: ReferentialAction) -> &'static str {
    match action {
        ReferentialAction::Restrict => "RESTRICT",
        ReferentialAction::Cascade => "CASCADE",
        ReferentialAction::SetNull => "SET NULL",
        ReferentialAction::SetDefault => "SET DEFAULT",
        ReferentialAction::NoAction => "NO ACTION",
    }
}

/// A table option's value as text.
pub(super) fn quoted_text(value: &str) -> String {
    text(value)
}
