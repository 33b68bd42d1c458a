//! Options of the form `name = value`.

use crate::sql::Span;

/// A table option, or an attribute that an engine defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableOption {
    /// From the name to the value.
    pub span: Span,
    /// In lower case, words joined with `_`, synonyms resolved: `engine`, `charset`, `collate`, `comment`,
    /// `row_format`, `auto_increment`, `data_directory`, `index_directory`, `union`, `tablespace`, ...
    pub name: String,
    /// Without quotes. Words of the server's own options are in lower case (`dynamic`, `default`); names and
    /// strings are as they were written.
    pub value: String,
}
