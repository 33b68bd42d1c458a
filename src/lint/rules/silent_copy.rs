//! Clauses that copy the table whatever ALGORITHM says.

use crate::ddl::ast::Operation;
use crate::lint::{Group, Rule, Script, Severity, Sink};
use crate::sql::ServerVersion;

pub(super) const RULE: Rule = Rule {
    id: "silent-copy",
    group: Group::Stall,
    severity: Severity::Error,
    on_the_way_down: false,
    needs_context: false,
    page: include_str!("../../../docs/rules/silent-copy.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for (unit, alter, clause) in script.clauses() {
        if script.is_small(unit) {
            continue;
        }
        let others = alter
            .operations()
            .filter(|other| !matches!(other, Operation::Algorithm(_) | Operation::Lock(_) | Operation::Keys(_)))
            .count();
        let was = unit.before.as_ref().map(|table| table.options.engine.as_str());
        let mut sure = true;
        let what = match &clause.operation {
            // ENGINE=InnoDB is a rebuild of an InnoDB table, and the conversion of another one.
            Operation::Option(option) if option.name == "engine" && option.value.eq_ignore_ascii_case("innodb") => {
                match was {
                    Some(engine) if !engine.eq_ignore_ascii_case("innodb") => "The change of the engine",
                    _ => continue,
                }
            }
            Operation::Option(option) if option.name == "engine" => {
                sure = was.is_some_and(|engine| !engine.eq_ignore_ascii_case(&option.value));
                "The change of the engine"
            }
            Operation::OrderBy(_) => "ORDER BY",
            Operation::PartitionBy(_) => "PARTITION BY",
            Operation::RemovePartitioning => "REMOVE PARTITIONING",
            Operation::Keys(_) if others > 0 => "ENABLE or DISABLE KEYS beside other clauses",
            _ => continue,
        };
        let table = unit.quoted(&alter.table);
        let guarded = alter.algorithm.as_deref().is_some_and(|algorithm| !matches!(algorithm, "COPY" | "DEFAULT"));
        // Measured: 10.11.19 accepts and copies, 11.8.6 refuses. Where the line lies in between was not looked at.
        let refuses = script.context.version.is_some_and(|version| version >= ServerVersion::new(11, 8, 0));
        let message = match (guarded, refuses) {
            (true, true) => {
                format!("{what} needs a copy of {table}, so the server refuses the ALGORITHM that is written.")
            }
            (true, false) => format!(
                "{what} copies {table} row by row while every write of the cluster waits; MariaDB 10.11 accepts the \
                 ALGORITHM that is written, and copies all the same."
            ),
            (false, _) => format!("{what} copies {table} row by row while every write of the cluster waits."),
        };
        let severity = if sure { Severity::Error } else { Severity::Warning };
        sink.report(unit.range(clause.span), message)
            .severity(severity)
            .help("Roll it node by node with `schema apply`, or fill a new table in batches and swap the names.");
    }
}
