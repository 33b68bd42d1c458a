//! Operations as a plan prints them: one object a clause, in order.

use serde_json::{Map, Value, json};

use super::{
    Body, ColumnDef, ColumnPosition, DefaultValue, Expr, ForeignKeyDef, KeyDef, KeyType, Operation, PartitionDef,
    PartitionNames, PartitionOp, Statement,
};
use crate::sql::Span;

impl Statement {
    /// One entry a clause, in order: `{"op": "add_column", "name": "n"}`. `text` is the text that was parsed. What
    /// was not understood is `{"op": "opaque", "text": ".."}`. Statements without clauses have no entry.
    pub fn operations_json(&self, text: &str) -> Vec<Value> {
        let opaque = |spans: &[Span]| spans.iter().map(|span| opaque(span.of(text))).collect::<Vec<_>>();
        match &self.body {
            Body::AlterTable(alter) => {
                alter.clauses.iter().map(|clause| clause.operation.json(clause.span, text)).collect()
            }
            Body::CreateIndex(create) => {
                let mut all = vec![add_key(&create.key)];
                all.extend(opaque(&create.unknown));
                all
            }
            Body::DropIndex(drop) => {
                let mut all = vec![json!({"op": "drop_index", "name": drop.name.value})];
                all.extend(opaque(&drop.unknown));
                all
            }
            Body::RenameTable { renames, .. } => renames
                .iter()
                .map(|rename| {
                    json!({"op": "rename_table", "from": rename.from.qualified(None), "to": rename.to.qualified(None)})
                })
                .collect(),
            Body::CreateTable(create) => opaque(&create.unknown),
            Body::Opaque => opaque(&[self.span]),
            _ => Vec::new(),
        }
    }
}

fn opaque(text: &str) -> Value {
    json!({"op": "opaque", "text": text})
}

/// An operation's name and its fields; fields that hold nothing are left out.
fn op(name: &str, fields: &[(&str, Value)]) -> Value {
    let mut map = Map::new();
    map.insert("op".to_owned(), name.into());
    for (key, value) in fields {
        let nothing = value.is_null() || *value == json!(false) || value.as_array().is_some_and(Vec::is_empty);
        if !nothing {
            map.insert((*key).to_owned(), value.clone());
        }
    }
    Value::Object(map)
}

fn position(position: Option<&ColumnPosition>) -> (&'static str, Value) {
    let value = match position {
        None => Value::Null,
        Some(ColumnPosition::First) => json!("first"),
        Some(ColumnPosition::After(column)) => json!({"after": column.value}),
    };
    ("position", value)
}

fn data_type(column: &ColumnDef, text: &str) -> (&'static str, Value) {
    ("type", column.data_type.span.of(text).into())
}

fn add_key(key: &KeyDef) -> Value {
    let name = match key.key_type {
        KeyType::Primary => "add_primary_key",
        KeyType::Unique => "add_unique",
        KeyType::Plain => "add_index",
        KeyType::Fulltext => "add_fulltext_index",
        KeyType::Spatial => "add_spatial_index",
        KeyType::Vector => "add_vector_index",
    };
    let columns: Vec<&str> = key.parts.iter().map(|part| part.column.value.as_str()).collect();
    op(
        name,
        &[
            ("name", key.written_name().map_or(Value::Null, |name| name.value.clone().into())),
            ("columns", json!(columns)),
            ("if_not_exists", key.if_not_exists.into()),
        ],
    )
}

fn add_foreign_key(key: &ForeignKeyDef) -> Value {
    let columns: Vec<&str> = key.columns.iter().map(|column| column.value.as_str()).collect();
    op(
        "add_foreign_key",
        &[
            ("name", key.written_name().map_or(Value::Null, |name| name.value.clone().into())),
            ("columns", json!(columns)),
            ("references", key.references.table.qualified(None).into()),
            ("if_not_exists", key.if_not_exists.into()),
        ],
    )
}

fn default_value(default: &DefaultValue, text: &str) -> Value {
    match default {
        DefaultValue::Null => "NULL".into(),
        DefaultValue::Literal(expr) | DefaultValue::Now(expr) | DefaultValue::Expression(expr) => {
            expr.span.of(text).into()
        }
    }
}

fn names(partitions: &[PartitionDef]) -> Value {
    json!(partitions.iter().map(|partition| partition.name.value.as_str()).collect::<Vec<_>>())
}

fn partition_names(which: &PartitionNames) -> Value {
    match which {
        PartitionNames::All => "all".into(),
        PartitionNames::Names(names) => json!(names.iter().map(|name| name.value.as_str()).collect::<Vec<_>>()),
    }
}

impl PartitionOp {
    fn json(&self) -> Value {
        let on = |name: &str, which: &PartitionNames| op(name, &[("partitions", partition_names(which))]);
        match self {
            Self::Add { if_not_exists, partitions, count } => op(
                "add_partition",
                &[
                    ("partitions", names(partitions)),
                    ("count", json!(count)),
                    ("if_not_exists", (*if_not_exists).into()),
                ],
            ),
            Self::Drop { if_exists, names } => op(
                "drop_partition",
                &[
                    ("partitions", partition_names(&PartitionNames::Names(names.clone()))),
                    ("if_exists", (*if_exists).into()),
                ],
            ),
            Self::Truncate(which) => on("truncate_partition", which),
            Self::Coalesce(count) => op("coalesce_partition", &[("count", json!(count))]),
            Self::Reorganize { names: old, partitions } => op(
                "reorganize_partition",
                &[("partitions", partition_names(&PartitionNames::Names(old.clone()))), ("into", names(partitions))],
            ),
            Self::Exchange { partition, table, validation } => op(
                "exchange_partition",
                &[
                    ("partition", partition.value.clone().into()),
                    ("table", table.qualified(None).into()),
                    ("without_validation", (!*validation).into()),
                ],
            ),
            Self::ConvertToTable { partition, table } => op(
                "convert_partition_to_table",
                &[("partition", partition.value.clone().into()), ("table", table.qualified(None).into())],
            ),
            Self::ConvertFromTable { table, partition, validation } => op(
                "convert_table_to_partition",
                &[
                    ("table", table.qualified(None).into()),
                    ("partition", partition.name.value.clone().into()),
                    ("without_validation", (!*validation).into()),
                ],
            ),
            Self::Rebuild(which) => on("rebuild_partition", which),
            Self::Analyze { names: which, .. } => on("analyze_partition", which),
            Self::Check(which) => on("check_partition", which),
            Self::Optimize(which) => on("optimize_partition", which),
            Self::Repair(which) => on("repair_partition", which),
            Self::Discard(which) => on("discard_partition_tablespace", which),
            Self::Import(which) => on("import_partition_tablespace", which),
        }
    }
}

impl Operation {
    /// The operation's entry in a plan. `span` is its clause's, `text` the statement's.
    pub fn json(&self, span: Span, text: &str) -> Value {
        let exists = |if_exists: bool| ("if_exists", Value::from(if_exists));
        let name = |name: &super::Ident| ("name", Value::from(name.value.clone()));
        let pair = |from: &super::Ident, to: &super::Ident| {
            [("from", Value::from(from.value.clone())), ("to", Value::from(to.value.clone()))]
        };
        match self {
            Self::AddColumn { if_not_exists, column, position: at } => op(
                "add_column",
                &[
                    name(&column.name),
                    data_type(column, text),
                    position(at.as_ref()),
                    ("if_not_exists", (*if_not_exists).into()),
                ],
            ),
            Self::DropColumn { if_exists, name: column } => op("drop_column", &[name(column), exists(*if_exists)]),
            Self::ModifyColumn { if_exists, column, position: at } => op(
                "modify_column",
                &[name(&column.name), data_type(column, text), position(at.as_ref()), exists(*if_exists)],
            ),
            Self::ChangeColumn { if_exists, old, column, position: at } => op(
                "change_column",
                &[
                    ("name", old.value.clone().into()),
                    ("new_name", column.name.value.clone().into()),
                    data_type(column, text),
                    position(at.as_ref()),
                    exists(*if_exists),
                ],
            ),
            Self::SetDefault { if_exists, column, default } => {
                op("set_default", &[name(column), ("default", default_value(default, text)), exists(*if_exists)])
            }
            Self::DropDefault { if_exists, column } => op("drop_default", &[name(column), exists(*if_exists)]),
            Self::RenameColumn { if_exists, from, to } => {
                let [from, to] = pair(from, to);
                op("rename_column", &[from, to, exists(*if_exists)])
            }
            Self::AddKey(key) => add_key(key),
            Self::DropKey { if_exists, name: key } => op("drop_index", &[name(key), exists(*if_exists)]),
            Self::DropPrimaryKey { if_exists } => op("drop_primary_key", &[exists(*if_exists)]),
            Self::RenameKey { if_exists, from, to } => {
                let [from, to] = pair(from, to);
                op("rename_index", &[from, to, exists(*if_exists)])
            }
            Self::AlterKey { if_exists, name: key, ignored } => {
                let op_name = if *ignored { "ignore_index" } else { "unignore_index" };
                op(op_name, &[name(key), exists(*if_exists)])
            }
            Self::AddForeignKey(key) => add_foreign_key(key),
            Self::DropForeignKey { if_exists, name: key } => op("drop_foreign_key", &[name(key), exists(*if_exists)]),
            Self::AddCheck(check) => op(
                "add_check",
                &[
                    ("name", check.name.as_ref().map_or(Value::Null, |name| name.value.clone().into())),
                    ("check", check.expr.span.of(text).into()),
                    ("if_not_exists", check.if_not_exists.into()),
                ],
            ),
            Self::DropConstraint { if_exists, name: constraint } => {
                op("drop_constraint", &[name(constraint), exists(*if_exists)])
            }
            Self::RenameTable(to) => op("rename_table", &[("to", to.qualified(None).into())]),
            Self::AddPeriod { if_not_exists, name: period, start, end } => op(
                "add_period",
                &[
                    name(period),
                    ("start", start.value.clone().into()),
                    ("end", end.value.clone().into()),
                    ("if_not_exists", (*if_not_exists).into()),
                ],
            ),
            Self::DropPeriod { if_exists, name: period } => op("drop_period", &[name(period), exists(*if_exists)]),
            Self::AddSystemVersioning => op("add_system_versioning", &[]),
            Self::DropSystemVersioning => op("drop_system_versioning", &[]),
            Self::Option(option) => {
                op("table_option", &[("name", option.name.clone().into()), ("value", option.value.clone().into())])
            }
            Self::ConvertCharset { charset, collation } => {
                op("convert_charset", &[("charset", charset.clone().into()), ("collation", json!(collation))])
            }
            Self::Force => op("force", &[]),
            Self::Keys(enable) => op(if *enable { "enable_keys" } else { "disable_keys" }, &[]),
            Self::OrderBy(columns) => {
                let columns: Vec<&str> = columns.iter().map(|Expr { span, .. }| span.of(text)).collect();
                op("order_by", &[("columns", json!(columns))])
            }
            Self::DiscardTablespace => op("discard_tablespace", &[]),
            Self::ImportTablespace => op("import_tablespace", &[]),
            Self::Algorithm(value) => op("algorithm", &[("value", value.clone().into())]),
            Self::Lock(value) => op("lock", &[("value", value.clone().into())]),
            Self::PartitionBy(by) => {
                op("partition_by", &[("partitions", names(&by.partitions)), ("count", json!(by.count))])
            }
            Self::RemovePartitioning => op("remove_partitioning", &[]),
            Self::Partition(partition) => partition.json(),
            Self::Opaque => opaque(span.of(text)),
        }
    }
}
