//! Table options.

use super::cursor::Cursor;
use crate::ddl::ast::TableOption;

/// Options whose `=` may be left out and whose value is one word, string or number.
const SIMPLE: &[&str] = &[
    "AUTO_INCREMENT",
    "AVG_ROW_LENGTH",
    "CHECKSUM",
    "COLLATE",
    "COMMENT",
    "CONNECTION",
    "DELAY_KEY_WRITE",
    "ENGINE",
    "INSERT_METHOD",
    "KEY_BLOCK_SIZE",
    "MAX_ROWS",
    "MIN_ROWS",
    "NODEGROUP",
    "PACK_KEYS",
    "PAGE_CHECKSUM",
    "PASSWORD",
    "ROW_FORMAT",
    "SEQUENCE",
    "STATS_AUTO_RECALC",
    "STATS_PERSISTENT",
    "STATS_SAMPLE_PAGES",
    "STORAGE",
    "TABLE_CHECKSUM",
    "TABLESPACE",
    "TRANSACTIONAL",
    "TYPE",
];

/// Options whose value is a text of the user's: its case is kept.
const FREE: &[&str] =
    &["comment", "connection", "data_directory", "engine", "index_directory", "password", "tablespace"];

impl Cursor<'_> {
    /// One table option, if one begins here.
    pub(super) fn table_option(&mut self) -> Option<TableOption> {
        let mark = self.mark();
        let option = self.option_at(mark);
        if option.is_none() {
            self.reset(mark);
        }
        option
    }

    fn option_at(&mut self, mark: usize) -> Option<TableOption> {
        let (name, value) = self.option_name_and_value()?;
        let value = if FREE.contains(&name.as_str()) { value } else { value.to_ascii_lowercase() };
        Some(TableOption { span: self.span_from(mark), name, value })
    }

    fn option_name_and_value(&mut self) -> Option<(String, String)> {
        let named = |name: &str, value: Option<String>| value.map(|value| (name.to_owned(), value));
        if self.is("DEFAULT") {
            // DEFAULT CHARACTER SET, DEFAULT COLLATE
            self.bump();
            if !self.is("COLLATE") && !self.is_charset() {
                return None;
            }
        }
        if self.is_charset() {
            self.eat_charset();
            self.eat_equal();
            return named("charset", self.name_or_string());
        }
        for (word, name) in [("DATA", "data_directory"), ("INDEX", "index_directory")] {
            if self.eat_all(&[word, "DIRECTORY"]) {
                self.eat_equal();
                return named(name, self.string());
            }
        }
        if self.eat("UNION") {
            self.eat_equal();
            let inside = self.parens()?;
            return named("union", Some(inside.span.of(self.text).to_owned()));
        }
        if self.eat("STORAGE") {
            if self.eat("ENGINE") {
                self.eat_equal();
                return named("engine", self.name_or_string());
            }
            return named("storage", self.option_value());
        }
        if self.is_any(SIMPLE) {
            let name = self.ident()?.value.to_ascii_lowercase();
            let equal = self.eat_equal();
            let known = match name.as_str() {
                "table_checksum" => "checksum",
                "type" if equal => "engine",
                "type" => return None,
                "row_format" | "engine" if self.at_clause_end() => return None,
                other => other,
            };
            return named(known, self.option_value());
        }
        // What engines define needs its `=`.
        if self.punct_at(1, b'=') && !self.is_any(&["ALGORITHM", "LOCK"]) {
            let name = self.ident()?.value.to_ascii_lowercase();
            self.eat_equal();
            return named(&name, self.option_value());
        }
        None
    }
}
