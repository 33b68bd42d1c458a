//! Any bytes: the pieces join to the input, and nothing panics on the way from bytes to a table model.

#![no_main]

use galera_schema::ddl::{self, model};
use galera_schema::sql::{self, Content, Dialect, ServerVersion, Source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (modes, bytes) = input;
    let source = Source::new(bytes);
    assert_eq!(&*source.bytes(0..source.text().len()), bytes);
    let text = source.text();
    let mut dialect = Dialect::new(ServerVersion::new(if modes & 1 == 0 { 10 } else { 11 }, 8, 1));
    dialect.ansi_quotes = modes & 2 != 0;
    dialect.no_backslash_escapes = modes & 4 != 0;
    dialect.oracle = modes & 8 != 0;
    let script = sql::split(text, &dialect);
    let mut catalog = model::Catalog::new(model::Settings::of(dialect.version));
    let mut at = 0;
    for piece in script.pieces() {
        assert_eq!(piece.span.start, at);
        at = piece.span.end;
        if let Content::Statement(statement) = piece.content {
            let parsed = ddl::parse(statement.text, statement.dialect);
            parsed.operations_json(statement.text);
            catalog.apply(&parsed, statement.text, statement.database.as_deref());
        }
    }
    assert_eq!(at, text.len());
});
