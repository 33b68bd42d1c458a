//! Names that are reserved words, in this version or a later one.

use crate::ddl::ast::{Body, Ident, Operation};
use crate::lint::finding::Edit;
use crate::lint::script::Unit;
use crate::lint::{Group, Rule, Script, Severity, Sink};
use crate::sql::ServerVersion;

pub(super) const RULE: Rule = Rule {
    id: "reserved-word",
    group: Group::Migration,
    severity: Severity::Error,
    on_the_way_down: false,
    needs_context: true,
    page: include_str!("../../../docs/rules/reserved-word.md"),
    check: Some(check),
};

/// Words that cannot name a column without quotes, found by trying all words of `information_schema.KEYWORDS` on
/// 10.11.19 and 11.8.6: those that both refuse, but for the ones below. Sorted.
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "accessible", "add", "all", "alter", "analyze", "and", "as", "asc", "asensitive", "before", "between", "bigint",
    "binary", "blob", "both", "by", "call", "cascade", "case", "change", "char", "character", "check", "collate",
    "column", "condition", "constraint", "continue", "convert", "create", "cross", "current_date", "current_role",
    "current_time", "current_timestamp", "current_user", "cursor", "databases", "day_hour", "day_microsecond",
    "day_minute", "day_second", "dec", "decimal", "declare", "default", "delayed", "delete", "delete_domain_id",
    "desc", "describe", "deterministic", "distinct", "distinctrow", "div", "do_domain_ids", "double", "drop", "dual",
    "each", "else", "elseif", "enclosed", "escaped", "except", "exists", "exit", "explain", "false", "fetch", "float",
    "float4", "float8", "for", "force", "foreign", "from", "fulltext", "grant", "group", "having", "high_priority",
    "hour_microsecond", "hour_minute", "hour_second", "if", "ignore", "ignore_domain_ids", "in", "index", "infile",
    "inner", "inout", "insensitive", "insert", "int", "int1", "int2", "int3", "int4", "int8", "integer", "intersect",
    "interval", "into", "is", "iterate", "join", "key", "keys", "kill", "leading", "leave", "left", "like", "limit",
    "linear", "lines", "load", "localtime", "localtimestamp", "lock", "long", "longblob", "longtext", "loop",
    "low_priority", "match", "maxvalue", "mediumblob", "mediumint", "mediumtext", "middleint", "minute_microsecond",
    "minute_second", "mod", "modifies", "natural", "no_write_to_binlog", "not", "null", "numeric", "offset", "on",
    "optimize", "optionally", "or", "order", "out", "outer", "outfile", "over", "page_checksum", "parse_vcol_expr",
    "partition", "portion", "precision", "primary", "procedure", "purge", "range", "read", "read_write", "reads",
    "real", "recursive", "ref_system_id", "references", "regexp", "release", "rename", "repeat", "replace", "require",
    "resignal", "restrict", "return", "returning", "revoke", "right", "rlike", "rows", "schemas", "second_microsecond",
    "select", "sensitive", "separator", "set", "show", "signal", "smallint", "spatial", "specific", "sql",
    "sql_big_result", "sql_calc_found_rows", "sql_small_result", "sqlexception", "sqlstate", "sqlwarning", "ssl",
    "starting", "stats_auto_recalc", "stats_persistent", "stats_sample_pages", "straight_join", "table", "terminated",
    "then", "tinyblob", "tinyint", "tinytext", "to", "trailing", "trigger", "true", "undo", "union", "unique",
    "unlock", "unsigned", "update", "usage", "use", "using", "utc_date", "utc_time", "utc_timestamp", "values",
    "varbinary", "varchar", "varcharacter", "varying", "when", "where", "while", "with", "write", "xor", "year_month",
    "zerofill",
];

/// Words that only some of the maintained series reserve, and since when. OFFSET and ROW_NUMBER: MariaDB's list of
/// reserved words; the others: 11.8.6 refuses them and 10.11.19 does not.
const SINCE: &[(&str, ServerVersion)] = &[
    ("offset", ServerVersion::new(10, 6, 0)),
    ("row_number", ServerVersion::new(10, 7, 0)),
    ("sql_after_gtids", ServerVersion::new(11, 8, 0)),
    ("sql_before_gtids", ServerVersion::new(11, 8, 0)),
    ("vector", ServerVersion::new(11, 7, 0)),
];

/// The oldest series that is still maintained.
const OLDEST: ServerVersion = ServerVersion::new(10, 6, 0);

fn check(script: &Script<'_>, sink: &mut Sink) {
    for unit in &script.units {
        each_new_name(unit, |name| judge(script, unit, name, sink));
    }
}

/// Calls `see` with every name of a table or column that the statement makes.
fn each_new_name<'u>(unit: &'u Unit<'_>, mut see: impl FnMut(&'u Ident)) {
    match &unit.ast.body {
        Body::CreateTable(create) => {
            see(&create.table.name);
            for column in &create.columns {
                see(&column.name);
            }
        }
        Body::AlterTable(alter) => {
            for operation in alter.operations() {
                match operation {
                    Operation::AddColumn { column, .. } | Operation::ChangeColumn { column, .. } => see(&column.name),
                    Operation::RenameColumn { to, .. } => see(to),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn judge(script: &Script<'_>, unit: &Unit<'_>, name: &Ident, sink: &mut Sink) {
    // Quotes make the text longer than the name.
    if name.span.end - name.span.start != u32::try_from(name.value.len()).unwrap_or(u32::MAX) {
        return;
    }
    // Behind a dot every word is a name.
    if unit.sql[..name.span.start as usize].trim_end().ends_with('.') {
        return;
    }
    let word = name.value.to_ascii_lowercase();
    let since = match SINCE.iter().find(|(other, _)| *other == word) {
        Some((_, since)) => *since,
        None if RESERVED.binary_search(&word.as_str()).is_ok() => ServerVersion::new(10, 0, 0),
        None => return,
    };
    let upper = word.to_ascii_uppercase();
    let (severity, message) = match script.context.version {
        Some(version) if version >= since => (
            Severity::Error,
            format!("{upper} is a reserved word in MariaDB {version}: without backticks this is a syntax error."),
        ),
        Some(_) => (
            Severity::Info,
            format!(
                "{upper} becomes a reserved word in MariaDB {}.{}; then this is a syntax error.",
                since.major, since.minor
            ),
        ),
        None if since <= OLDEST => (
            Severity::Error,
            format!("{upper} is a reserved word in MariaDB: without backticks this is a syntax error."),
        ),
        None => (
            Severity::Warning,
            format!(
                "{upper} is a reserved word since MariaDB {}.{}; there this is a syntax error.",
                since.major, since.minor
            ),
        ),
    };
    let range = unit.range(name.span);
    let text = format!("`{}`", name.value);
    let help = format!("Write {text}, here and in every query, or choose another name.");
    sink.report(range.clone(), message).severity(severity).help(help).fix(Some(Edit { range, text }));
}
