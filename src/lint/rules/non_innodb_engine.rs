//! Tables in engines whose rows Galera does not replicate.

use crate::ddl::ast::{Body, Operation, TableOption};
use crate::lint::script::Unit;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "non-innodb-engine",
    group: Group::Galera,
    severity: Severity::Error,
    on_the_way_down: false,
    needs_context: false,
    page: include_str!("../../../docs/rules/non-innodb-engine.md"),
    check: Some(check),
};

/// Engines that hold rows of their own and do not replicate them.
const LOCAL: &[&str] = &["aria", "archive", "csv", "heap", "memory", "mrg_myisam", "myisam", "rocksdb", "s3", "tokudb"];
/// Engines that a MariaDB server does not have, so that, without NO_ENGINE_SUBSTITUTION, another takes their place.
const ABSENT: &[&str] = &["bdb", "berkeleydb", "falcon", "isam", "ndb", "ndbcluster"];

fn check(script: &Script<'_>, sink: &mut Sink) {
    for unit in &script.units {
        match &unit.ast.body {
            Body::CreateTable(create) if !create.temporary => {
                for option in create.options.iter().filter(|option| option.name == "engine") {
                    judge(unit, &unit.quoted(&create.table), option, sink);
                }
            }
            Body::AlterTable(alter) => {
                for operation in alter.operations() {
                    if let Operation::Option(option) = operation
                        && option.name == "engine"
                    {
                        judge(unit, &unit.quoted(&alter.table), option, sink);
                    }
                }
            }
            _ => {}
        }
    }
}

fn judge(unit: &Unit<'_>, table: &str, option: &TableOption, sink: &mut Sink) {
    let engine = option.value.to_ascii_lowercase();
    let span = unit.range(option.span);
    let help = "ENGINE=InnoDB";
    if LOCAL.contains(&engine.as_str()) {
        sink.report(
            span,
            format!(
                "Rows of {table} do not replicate: Galera replicates InnoDB, and {} keeps them on the node where they \
                 were written.",
                option.value
            ),
        )
        .help(help);
    } else if ABSENT.contains(&engine.as_str()) {
        sink.report(
            span,
            format!("MariaDB has no engine {}, and {table} gets the server's default one.", option.value),
        )
        .severity(Severity::Warning)
        .help(help);
    }
}
