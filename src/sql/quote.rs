//! Names and texts that are put into SQL.

/// An identifier in backquotes.
pub fn quote_name(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text in single quotes, for the few places where a value cannot be bound.
///
/// Both the quote and the backslash are escaped, so the session must have set a `sql_mode` of its own, without
/// `NO_BACKSLASH_ESCAPES`: those that look and the journal's have. Elsewhere [`hex_text`] reads the same in every mode.
pub fn quote_text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// A text that the server reads in the same way under every `sql_mode`, and that nobody can read.
pub fn hex_text(text: &str) -> String {
    let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("_utf8mb4 x'{digits}'")
}
