//! Statements that a real server accepted, replayed from MariaDB's own test suites by `tests/accepted-replay`.
//!
//! The suites are not part of this repository (their licence is another), so this runs only when `ACCEPTED` names the
//! file that the replay wrote: `ACCEPTED=/tmp/accepted.jsonl cargo test --release --test accepted -- --nocapture`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use std::collections::BTreeMap;

use galera_schema::ddl::model::{Catalog, Lookup, Settings, Table};
use galera_schema::sql::{Dialect, ServerVersion};
use galera_schema::{ddl, sql};
use serde_json::Value;

fn records() -> Vec<Value> {
    let Ok(path) = std::env::var("ACCEPTED") else { return Vec::new() };
    let text = std::fs::read_to_string(path).expect("the file that ACCEPTED names");
    let records = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    records.filter(|record| record["err"] == 0).collect()
}

fn dialect(record: &Value) -> Dialect {
    Dialect::new(ServerVersion::new(11, 8, 6)).with_sql_mode(record["mode"].as_str().unwrap_or_default())
}

/// The first word that names a kind of object.
fn object(words: &mut impl Iterator<Item = String>) -> Option<String> {
    let all = [
        "table",
        "tables",
        "index",
        "view",
        "sequence",
        "database",
        "schema",
        "trigger",
        "procedure",
        "function",
        "package",
        "event",
        "server",
        "user",
        "role",
    ];
    words.find(|word| all.contains(&word.as_str()))
}

/// The kind by a rule of its own: the first words, without the ones that may stand between.
fn expected_kind(sql: &str, dialect: Dialect) -> Option<String> {
    let tokens = sql::tokens(sql, dialect);
    let mut words = tokens.iter().map(|token| token.text(sql).to_ascii_lowercase());
    let verb = words.next()?;
    let singular = |word: String| match word.as_str() {
        "tables" => "table".to_owned(),
        "schema" => "database".to_owned(),
        _ => word,
    };
    match verb.as_str() {
        "create" | "alter" | "drop" | "rename" => {
            let object = singular(object(&mut words)?);
            let body = object == "package" && words.next().as_deref() == Some("body");
            Some(format!("{verb}_{object}{}", if body { "_body" } else { "" }))
        }
        "optimize" | "repair" | "checksum" | "check" => Some(format!("{verb}_{}", singular(object(&mut words)?))),
        "truncate" => Some("truncate_table".to_owned()),
        "grant" | "revoke" | "flush" => Some(verb),
        _ => None,
    }
}

#[test]
fn kinds_and_clauses() {
    let records = records();
    let (mut opaque, mut wrong, mut ddl) = (0, 0, 0);
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for record in &records {
        let sql = record["sql"].as_str().unwrap();
        let statement = ddl::parse(sql, dialect(record));
        *kinds.entry(statement.kind.name()).or_default() += 1;
        ddl += 1;
        let is_opaque = statement.operations_json(sql).iter().any(|operation| operation["op"] == "opaque");
        if is_opaque {
            opaque += 1;
            eprintln!("OPAQUE {} {sql}\n    {:?}", record["file"], statement.operations_json(sql));
        }
        if let Some(expected) = expected_kind(sql, dialect(record))
            && expected != statement.kind.name()
        {
            wrong += 1;
            eprintln!("KIND {} instead of {expected}: {sql}", statement.kind);
        }
        // One statement is one statement to the splitter too, and it knows where that ends. It may end in a comment.
        let followed = format!("{sql}\n;\nSELECT 'behind it'");
        let found: Vec<_> = sql::split(&followed, &dialect(record)).statements().collect();
        if found.len() != 2 || found.iter().any(|statement| statement.unfinished) {
            wrong += 1;
            eprintln!("SPLIT into {}: {sql}", found.len());
        }
    }
    eprintln!("{ddl} statements, {opaque} opaque, {wrong} of another kind or split; {kinds:?}");
    assert!(wrong == 0 && opaque * 200 <= ddl, "{opaque} opaque, {wrong} wrong of {ddl}");
}

/// Tables without what only one side knows: identities, and what SHOW CREATE TABLE does not print.
fn comparable(table: &Table) -> Vec<String> {
    let name = |id: &ddl::model::ColumnId| table.column_by_id(*id).map_or("?", |column| column.name.as_str());
    let names = |ids: &[ddl::model::ColumnId]| ids.iter().map(name).collect::<Vec<_>>().join(",");
    let mut lines = Vec::new();
    for column in table.columns.iter().filter(|column| column.data_type.base.name() != "") {
        let kind = |default: &ddl::model::ColumnDefault| match default {
            ddl::model::ColumnDefault::None => "none",
            ddl::model::ColumnDefault::Null => "null",
            ddl::model::ColumnDefault::Literal(_) => "literal",
            ddl::model::ColumnDefault::Now => "now",
            ddl::model::ColumnDefault::Expression { .. } => "expression",
        };
        lines.push(format!(
            "column {} {} {:?} {:?} null={} default={} update={} auto={} generated={:?} visible={:?} versioned={} {:?}",
            column.name,
            column.data_type,
            column.data_type.charset,
            column.data_type.collation,
            column.nullable,
            kind(&column.default),
            column.on_update_now,
            column.auto_increment,
            column.generated.as_ref().map(|g| (g.kind, names(&g.columns))),
            column.visibility,
            !column.without_versioning,
            column.comment,
        ));
    }
    for key in &table.keys {
        let parts: Vec<String> = key
            .parts
            .iter()
            .map(|part| {
                format!("{}{:?}{}", name(&part.column), part.prefix, if part.descending { " desc" } else { "" })
            })
            .collect();
        lines.push(format!(
            "key {} {:?} ({}) hash={} ignored={} period={:?} {:?}",
            key.name,
            key.kind,
            parts.join(","),
            key.long_hash,
            key.ignored,
            key.without_overlaps,
            key.comment
        ));
    }
    for key in &table.foreign_keys {
        lines.push(format!("fk {} ({}) {} {:?}", key.name, names(&key.columns), key.parent_table, key.on_delete));
    }
    for check in &table.checks {
        lines.push(format!("check {} column={}", check.name, check.column.is_some()));
    }
    for period in &table.periods {
        lines.push(format!("period {}", period.name));
    }
    lines.push(format!("versioned {}", table.versioning.is_some()));
    let options = &table.options;
    lines.push(format!(
        "options {} {:?} {:?} {:?} {:?}",
        options.engine, options.row_format, options.collation, options.comment, options.key_block_size
    ));
    if let Some(partitioning) = &table.partitioning {
        let partitions: Vec<&str> = partitioning.partitions.iter().map(|p| p.name.as_str()).collect();
        lines.push(format!("partitions ({}) {partitions:?}", names(&partitioning.columns)));
    }
    lines
}

/// The table after a statement, by the model, against the table that SHOW CREATE TABLE describes.
#[test]
fn the_model_follows_the_server() {
    let version = std::env::var("ACCEPTED_VERSION").unwrap_or_else(|_| "10.11.19".to_owned());
    let version: ServerVersion = version.parse().expect("a version");
    let (mut same, mut differ, mut unknown) = (0, 0, 0);
    for record in records() {
        let (sql, Some(after)) = (record["sql"].as_str().unwrap(), record["after"].as_str()) else { continue };
        let mode = record["mode"].as_str().unwrap_or_default();
        // SHOW CREATE TABLE prints less, and with other quotes, in these modes.
        if mode.contains("ANSI") || mode.contains("NO_FIELD_OPTIONS") || after.starts_with("CREATE ALGORITHM") {
            continue;
        }
        let mut settings = Settings::of(version);
        settings.dialect = settings.dialect.with_sql_mode(mode);
        let field = |name: &str| record[name].as_str().map(str::to_owned);
        (settings.charset, settings.collation) = (field("charset"), field("collation"));
        settings.engine = field("engine").unwrap_or(settings.engine);
        settings.explicit_defaults_for_timestamp = record["explicit"] != 0;
        let mut catalog = Catalog::new(settings.clone());
        let dump = |catalog: &mut Catalog, text: &str| {
            let statement = ddl::parse(text, settings.dialect);
            catalog.apply(&statement, text, Some("db"));
            statement.objects.first().map(|object| object.name.value.clone())
        };
        let statement = ddl::parse(sql, settings.dialect);
        let Some(name) = statement.objects.first().map(|object| object.name.value.clone()) else { continue };
        if let Some(before) = record["before"].as_str() {
            dump(&mut catalog, before);
        }
        let applied = catalog.apply(&statement, sql, Some("db"));
        let mut truth = Catalog::new(settings.clone());
        dump(&mut truth, after);
        let Lookup::Known(truth) = truth.table(Some("db"), &name) else { continue };
        let Some(found) = applied.after.filter(|table| !table.incomplete && table.name == name) else {
            unknown += 1;
            continue;
        };
        let (found, truth) = (comparable(&found), comparable(truth));
        if found == truth {
            same += 1;
            continue;
        }
        differ += 1;
        eprintln!("DIFFERS {} {}\n{sql}", record["file"], record["before"].as_str().unwrap_or_default());
        for line in found.iter().filter(|line| !truth.contains(line)) {
            eprintln!("    model  {line}");
        }
        for line in truth.iter().filter(|line| !found.contains(line)) {
            eprintln!("    server {line}");
        }
        if found.len() == truth.len() && found.iter().all(|line| truth.contains(line)) {
            eprintln!("    only the order differs: {found:#?} {truth:#?}");
        }
    }
    eprintln!("{same} tables as the server has them, {differ} not, {unknown} not known to the model");
}
