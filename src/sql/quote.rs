//! Names and texts that are put into SQL.

/// An identifier in backquotes.
pub fn quote_name(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text in single quotes, for the few places where a value cannot be bound.
///
/// Sessions of ours run without `NO_BACKSLASH_ESCAPES`, so both the quote and the backslash are escaped.
pub fn quote_text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
