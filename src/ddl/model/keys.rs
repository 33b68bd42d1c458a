//! Keys: names, order, and what the server adds or leaves out.

use std::collections::BTreeMap;

use super::charset::bytes_per_character;
use super::table::same_name;
use super::{BaseType, Column, ColumnId, Key, KeyId, KeyKind, KeyPart, Table};
use crate::ddl::ast::{IndexType, KeyDef, KeyOption, KeyType};

/// What a new key is made of.
pub(super) struct NewKey {
    pub(super) name: Option<String>,
    pub(super) kind: KeyKind,
    pub(super) parts: Vec<KeyPart>,
    pub(super) generated_for_fk: bool,
}

impl Table {
    /// A new identity.
    pub(super) fn fresh_id(&mut self) -> u32 {
        self.next_id += 1;
        self.next_id
    }

    /// The key that a definition makes; `None` where it names a column that is not there.
    pub(super) fn add_key_def(&mut self, def: &KeyDef) -> Result<(), String> {
        let kind = match def.key_type {
            KeyType::Primary => KeyKind::Primary,
            KeyType::Unique => KeyKind::Unique,
            KeyType::Plain => KeyKind::Index,
            KeyType::Fulltext => KeyKind::Fulltext,
            KeyType::Spatial => KeyKind::Spatial,
            KeyType::Vector => KeyKind::Vector,
        };
        let mut parts = Vec::with_capacity(def.parts.len());
        for part in &def.parts {
            let Some(column) = self.column(&part.column.value) else {
                return Err(format!("The key names the column `{}`, which is not there.", part.column.value));
            };
            let prefix = part.prefix.filter(|prefix| prefix_counts(column, *prefix));
            // The other kinds have no order, and a hash neither.
            let ordered = matches!(kind, KeyKind::Primary | KeyKind::Unique | KeyKind::Index)
                && def.using() != Some(IndexType::Hash);
            parts.push(KeyPart { column: column.id, prefix, descending: part.descending && ordered });
        }
        let name = def.written_name().map(|name| name.value.clone());
        self.add_key(NewKey { name, kind, parts, generated_for_fk: false }, |key| {
            key.without_overlaps = def.without_overlaps.as_ref().map(|period| period.value.clone());
            for option in &def.options {
                match option {
                    KeyOption::Using(using) => key.using = Some(*using),
                    KeyOption::KeyBlockSize(size) => key.key_block_size = Some(*size),
                    KeyOption::Comment(comment) => key.comment.clone_from(comment),
                    KeyOption::Parser(parser) => key.parser = Some(parser.clone()),
                    KeyOption::Ignored(ignored) => key.ignored = *ignored,
                    KeyOption::Clustering(on) => {
                        key.options.insert("clustering".to_owned(), on.to_string());
                    }
                    KeyOption::Other(option) => {
                        key.options.insert(option.name.clone(), option.value.clone());
                    }
                }
            }
        });
        Ok(())
    }

    /// Adds a key under its own name or one that the server would give it.
    pub(super) fn add_key(&mut self, new: NewKey, finish: impl FnOnce(&mut Key)) {
        let id = KeyId(self.fresh_id());
        let name = match new.name {
            _ if new.kind == KeyKind::Primary => "PRIMARY".to_owned(),
            Some(name) => name,
            // It gets one when it is known which keys stay.
            None => String::new(),
        };
        let mut key = Key {
            id,
            name,
            kind: new.kind,
            parts: new.parts,
            using: None,
            long_hash: false,
            ignored: false,
            generated_for_fk: new.generated_for_fk,
            without_overlaps: None,
            comment: String::new(),
            parser: None,
            key_block_size: None,
            options: BTreeMap::new(),
        };
        finish(&mut key);
        self.keys.push(key);
    }

    /// The first column's name, with a number where it is taken.
    fn free_key_name(&self, parts: &[KeyPart]) -> String {
        let column = parts.first().and_then(|part| self.column_by_id(part.column));
        let column = column.map_or("", |column| column.name.as_str());
        if self.key(column).is_none() && !same_name(column, "PRIMARY") {
            return column.to_owned();
        }
        let taken = |number: u32| self.key(&format!("{column}_{number}")).is_some();
        let number = (2..100).find(|number| !taken(*number)).unwrap_or(100);
        format!("{column}_{number}")
    }

    /// What the server does when all columns and keys are there: NOT NULL for the primary key, hashes for unique keys
    /// that are too long, one key where a foreign key's own would be a second, and its order.
    pub(super) fn settle_keys(&mut self) {
        let primary: Vec<ColumnId> =
            self.primary_key().map(|key| key.parts.iter().map(|part| part.column).collect()).unwrap_or_default();
        for column in &mut self.columns {
            column.maybe_nullable &= !primary.contains(&column.id);
            if primary.contains(&column.id) && column.nullable {
                column.nullable = false;
                if column.default == super::ColumnDefault::Null {
                    column.default = super::ColumnDefault::None;
                }
            }
        }
        self.drop_needless_generated_keys();
        for index in 0..self.keys.len() {
            if self.keys[index].name.is_empty() {
                self.keys[index].name = self.free_key_name(&self.keys[index].parts);
            }
            self.cut_long_parts(index);
        }
        for index in 0..self.keys.len() {
            self.keys[index].long_hash = self.needs_hash(&self.keys[index]);
        }
        let mut keys = std::mem::take(&mut self.keys);
        keys.sort_by_key(|key| self.rank(key));
        self.keys = keys;
    }

    /// Source: sort_keys() in sql/sql_table.cc.
    fn rank(&self, key: &Key) -> (u8, bool) {
        let partial = key.parts.iter().any(|part| part.prefix.is_some());
        let nullable =
            key.parts.iter().any(|part| self.column_by_id(part.column).is_some_and(|column| column.nullable));
        match key.kind {
            KeyKind::Primary => (0, false),
            KeyKind::Unique if !nullable => (1, partial),
            KeyKind::Unique => (2, partial),
            KeyKind::Index | KeyKind::Spatial => (3, false),
            KeyKind::Fulltext => (4, false),
            KeyKind::Vector => (5, false),
        }
    }

    /// A key that the server made for a foreign key goes when another key begins with its columns.
    fn drop_needless_generated_keys(&mut self) {
        let mut needless = Vec::new();
        for (index, key) in self.keys.iter().enumerate().filter(|(_, key)| key.generated_for_fk) {
            let covers = |(other_index, other): (usize, &Key)| {
                other_index != index
                    && matches!(other.kind, KeyKind::Primary | KeyKind::Unique | KeyKind::Index)
                    && other.parts.len() >= key.parts.len()
                    && other.parts.iter().zip(&key.parts).all(|(a, b)| a.column == b.column && a.prefix == b.prefix)
                    // Of two generated ones with the same columns the last stays.
                    && (!other.generated_for_fk || other.parts.len() > key.parts.len() || other_index > index)
                    && !needless.contains(&other.id)
            };
            if self.keys.iter().enumerate().any(covers) {
                needless.push(key.id);
            }
        }
        self.keys.retain(|key| !needless.contains(&key.id));
    }

    /// The longest part and the longest key, in bytes, with pages of 16 KiB.
    fn key_limits(&self) -> Option<(u64, u64)> {
        match (self.options.engine.as_str(), self.options.row_format.as_deref()) {
            ("InnoDB", Some("REDUNDANT" | "COMPACT")) => Some((767, 3500)),
            ("InnoDB", _) => Some((3072, 3500)),
            ("MyISAM", _) => Some((1000, 1000)),
            ("Aria", _) => Some((2300, 2300)),
            _ => None,
        }
    }

    /// Parts that are too long for a plain key are cut, with a warning; a key on a POINT holds its 25 bytes.
    fn cut_long_parts(&mut self, index: usize) {
        let key = &self.keys[index];
        if !matches!(key.kind, KeyKind::Primary | KeyKind::Unique | KeyKind::Index) {
            return;
        }
        let limit = self.key_limits().filter(|_| key.kind == KeyKind::Index).map(|(part, _)| part);
        let mut parts = key.parts.clone();
        for part in &mut parts {
            let Some(column) = self.column_by_id(part.column) else { continue };
            let data_type = &column.data_type;
            let width =
                if data_type.base.has_charset() { bytes_per_character(data_type.charset.as_deref()) } else { 1 };
            if data_type.base == BaseType::Point && part.prefix.is_none() {
                part.prefix = Some(25);
            } else if let Some(limit) = limit
                && part_bytes(column, part).is_none_or(|bytes| bytes > limit)
            {
                part.prefix = Some(limit / width);
            }
        }
        self.keys[index].parts = parts;
    }

    /// Source: mysql_prepare_create_table() in sql/sql_table.cc.
    fn needs_hash(&self, key: &Key) -> bool {
        if key.kind != KeyKind::Unique || key.without_overlaps.is_some() {
            return false;
        }
        let engine = self.options.engine.as_str();
        if key.using == Some(IndexType::Hash) && !matches!(engine, "MEMORY" | "ndbcluster") {
            return true;
        }
        let Some((part_limit, limit)) = self.key_limits() else { return false };
        let mut total = 0;
        for part in &key.parts {
            let Some(column) = self.column_by_id(part.column) else { return false };
            let Some(bytes) = part_bytes(column, part) else { return true };
            if bytes > part_limit {
                return true;
            }
            total += bytes;
        }
        total > limit
    }
}

/// Whether a written prefix is one: the server forgets a prefix as long as the column.
fn prefix_counts(column: &Column, prefix: u64) -> bool {
    match column.data_type.base {
        BaseType::Char | BaseType::VarChar | BaseType::Binary | BaseType::VarBinary => {
            column.data_type.length.is_none_or(|length| prefix < length)
        }
        _ => true,
    }
}

/// How many bytes of a column a key holds; `None` for a blob without a prefix.
fn part_bytes(column: &Column, part: &KeyPart) -> Option<u64> {
    let data_type = &column.data_type;
    let width = if data_type.base.has_charset() { bytes_per_character(data_type.charset.as_deref()) } else { 1 };
    let characters = match part.prefix {
        Some(prefix) => prefix,
        None if data_type.base.is_text() || data_type.base.is_blob() => return None,
        None => match data_type.base {
            BaseType::Char | BaseType::VarChar | BaseType::Binary | BaseType::VarBinary => {
                data_type.length.unwrap_or(1)
            }
            _ => 8 / width,
        },
    };
    Some(characters * width)
}
