//! Types, clauses and collations that not every server has.

use crate::ddl::ast::{Body, ColumnDef, KeyOption, KeyType, Operation, PartitionOp, TypeName};
use crate::lint::script::Unit;
use crate::lint::{Group, Rule, Script, Severity, Sink};
use crate::sql::{ServerVersion, Span, TokenKind};

pub(super) const RULE: Rule = Rule {
    id: "version-gated-feature",
    group: Group::Migration,
    severity: Severity::Error,
    on_the_way_down: false,
    needs_context: true,
    page: include_str!("../../../docs/rules/version-gated-feature.md"),
    check: Some(check),
};

/// The oldest series that is still maintained: what it has, everybody has.
const OLDEST: ServerVersion = ServerVersion::new(10, 6, 0);

/// MySQL's collations are known since 11.4.5 (MDEV-20912); those for single languages with accents and case are not.
const MYSQL_COLLATIONS: ServerVersion = ServerVersion::new(11, 4, 5);

fn check(script: &Script<'_>, sink: &mut Sink) {
    for unit in &script.units {
        let mut seen = Vec::new();
        features(unit, &mut seen);
        for Feature { span, name, since } in seen {
            let range = unit.range(span);
            let Some(since) = since else {
                sink.report(range, format!("MariaDB has no {name}; this is MySQL's."));
                continue;
            };
            match script.context.version {
                Some(version) if version < since => {
                    sink.report(range, format!("MariaDB {version} has no {name}: it came with {since}."));
                }
                None if since > OLDEST => {
                    sink.report(
                        range,
                        format!("{name} needs MariaDB {since}; older nodes of the cluster fail here and keep another schema."),
                    )
                    .severity(Severity::Warning)
                    .help("--server-version says for which version the files are.");
                }
                _ => {}
            }
        }
    }
}

/// Something that came with a version; `since` is `None` for what no MariaDB has.
struct Feature {
    span: Span,
    name: String,
    since: Option<ServerVersion>,
}

fn features(unit: &Unit<'_>, seen: &mut Vec<Feature>) {
    let mut add = |span: Span, name: &str, since: Option<ServerVersion>| {
        seen.push(Feature { span, name: name.to_owned(), since });
    };
    match &unit.ast.body {
        Body::CreateTable(create) => {
            create.columns.iter().for_each(|column| of_column(column, &mut add));
            for option in create.options.iter().filter(|option| option.name == "collate") {
                of_collation(option.span, &option.value, &mut add);
            }
            for key in &create.keys {
                of_key(key, &mut add);
            }
            arrow(unit, &mut add);
        }
        Body::CreateIndex(create) => of_key(&create.key, &mut add),
        Body::AlterTable(alter) => {
            for clause in &alter.clauses {
                let span = clause.span;
                let v = ServerVersion::new;
                match &clause.operation {
                    Operation::AddColumn { column, .. }
                    | Operation::ModifyColumn { column, .. }
                    | Operation::ChangeColumn { column, .. } => of_column(column, &mut add),
                    Operation::RenameColumn { .. } => add(span, "RENAME COLUMN", Some(v(10, 5, 2))),
                    Operation::RenameKey { .. } => add(span, "RENAME INDEX", Some(v(10, 5, 2))),
                    Operation::AlterKey { .. } => add(span, "ALTER INDEX .. IGNORED", Some(v(10, 6, 0))),
                    Operation::AddKey(key) => of_key(key, &mut add),
                    Operation::Option(option) if option.name == "collate" => {
                        of_collation(option.span, &option.value, &mut add);
                    }
                    Operation::ConvertCharset { collation: Some(collation), .. } => {
                        of_collation(span, collation, &mut add);
                    }
                    Operation::Partition(op) => {
                        if let PartitionOp::ConvertToTable { .. } | PartitionOp::ConvertFromTable { .. } = &**op {
                            add(span, "CONVERT PARTITION", Some(v(10, 7, 1)));
                        }
                    }
                    _ => {}
                }
            }
            arrow(unit, &mut add);
        }
        Body::Database(database) => {
            for option in database.options.iter().filter(|option| option.name == "collate") {
                of_collation(option.span, &option.value, &mut add);
            }
        }
        _ => {}
    }
}

fn of_column(column: &ColumnDef, add: &mut impl FnMut(Span, &str, Option<ServerVersion>)) {
    let (name, since) = match column.data_type.name {
        TypeName::Uuid => ("type UUID", ServerVersion::new(10, 7, 0)),
        TypeName::Inet4 => ("type INET4", ServerVersion::new(10, 10, 0)),
        TypeName::Vector => ("type VECTOR", ServerVersion::new(11, 7, 1)),
        _ => ("", OLDEST),
    };
    if since > OLDEST {
        add(column.data_type.span, name, Some(since));
    }
    if let Some(collation) = &column.data_type.collation {
        of_collation(column.data_type.span, collation, add);
    }
}

fn of_collation(span: Span, name: &str, add: &mut impl FnMut(Span, &str, Option<ServerVersion>)) {
    let lower = name.to_ascii_lowercase();
    if lower.contains("_0900_") {
        add(span, &format!("collation {lower}"), Some(MYSQL_COLLATIONS));
    } else if lower.contains("uca1400") {
        add(span, &format!("collation {lower}"), Some(ServerVersion::new(10, 10, 1)));
    }
}

fn of_key(key: &crate::ddl::ast::KeyDef, add: &mut impl FnMut(Span, &str, Option<ServerVersion>)) {
    if key.key_type == KeyType::Vector {
        add(key.span, "VECTOR index", Some(ServerVersion::new(11, 7, 1)));
    }
    for option in &key.options {
        match option {
            KeyOption::Parser(parser) if parser.eq_ignore_ascii_case("ngram") => {
                add(key.span, "full-text parser ngram", None)
            }
            _ => {}
        }
    }
}

/// MySQL's `column->'$.path'`, which MariaDB does not read.
fn arrow(unit: &Unit<'_>, add: &mut impl FnMut(Span, &str, Option<ServerVersion>)) {
    if memchr::memmem::find(unit.sql.as_bytes(), b"->").is_none() {
        return;
    }
    for pair in unit.tokens().windows(2) {
        let touching = pair[0].span.end == pair[1].span.start;
        if touching && pair[0].kind == TokenKind::Punct(b'-') && pair[1].kind == TokenKind::Punct(b'>') {
            add(pair[0].span.to(pair[1].span), "operator ->", None);
            // One is enough to say so.
            return;
        }
    }
}
