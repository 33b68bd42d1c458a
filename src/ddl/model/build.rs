//! CREATE TABLE to a table.

use super::charset;
use super::keys::NewKey;
use super::resolve;
use super::table::same_name;
use super::{
    BaseType, Check, Column, ColumnDefault, ColumnId, ColumnType, ForeignKey, HiddenDocId, KeyKind, KeyPart, Partition,
    Partitioning, Period, Settings, Table, TableOptions, Versioning, Visibility,
};
use crate::ddl::ast::{
    CheckDef, ColumnDef, ColumnKey, CreateSource, CreateTable, Expr, ForeignKeyDef, Ident, KeyDef, PartitionBy,
    PartitionDef, PartitionMethod, PartitionValues, References, ReferentialAction, TableOption, TypeName,
};

/// A key that is still to be made, in the order in which the statement has it.
pub(super) enum PendingKey<'a> {
    Key(&'a KeyDef),
    Column(ColumnId, ColumnKey),
    ForeignKey(Option<&'a Ident>, Vec<&'a str>, &'a References),
}

/// The engine's name as the server spells it.
pub(super) fn engine_name(written: &str) -> String {
    let known = match written.to_ascii_lowercase().as_str() {
        "innodb" | "innobase" => "InnoDB",
        "myisam" => "MyISAM",
        "aria" | "maria" => "Aria",
        "memory" | "heap" => "MEMORY",
        "merge" | "mrg_myisam" => "MRG_MyISAM",
        "csv" => "CSV",
        "archive" => "ARCHIVE",
        "blackhole" => "BLACKHOLE",
        "rocksdb" => "ROCKSDB",
        "spider" => "SPIDER",
        "federated" => "FEDERATED",
        "connect" => "CONNECT",
        "s3" => "S3",
        "sequence" => "SEQUENCE",
        "columnstore" => "Columnstore",
        _ => written,
    };
    known.to_owned()
}

impl Table {
    /// A table without columns.
    pub(super) fn empty(database: Option<String>, name: String, settings: &Settings) -> Self {
        let options = TableOptions { engine: settings.engine.clone(), ..TableOptions::default() };
        Self {
            database,
            name,
            temporary: false,
            columns: Vec::new(),
            keys: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            periods: Vec::new(),
            versioning: None,
            partitioning: None,
            options,
            incomplete: false,
            hidden_doc_id: HiddenDocId::Gone,
            next_id: 0,
        }
    }

    /// The table that CREATE TABLE makes. `inherited` is the database's character set and collation. A table that
    /// takes columns from a query is incomplete; LIKE is not looked at here.
    pub(super) fn build(
        create: &CreateTable,
        text: &str,
        database: Option<&str>,
        inherited: (Option<&str>, Option<&str>),
        settings: &Settings,
    ) -> Self {
        let database = create.table.database_or(database).map(str::to_owned);
        let mut table = Self::empty(database, create.table.name.value.clone(), settings);
        table.temporary = create.temporary;
        table.incomplete = !create.unknown.is_empty() || matches!(create.source, Some(CreateSource::Query(_)));
        table.set_options(&create.options, inherited, settings);
        // The engine may be written with the partitions only.
        let of_partition = create.partition_by.iter().flat_map(|by| &by.partitions).find_map(|partition| {
            let own = partition.options.iter().chain(partition.subpartitions.iter().flat_map(|sub| &sub.options));
            own.rev().find(|option| option.name == "engine")
        });
        if let Some(engine) = of_partition.filter(|_| !create.options.iter().any(|option| option.name == "engine")) {
            table.set_option(engine);
        }
        for def in &create.columns {
            let id = ColumnId(table.fresh_id());
            let column = resolve::column(def, id, &table, settings, text);
            table.columns.push(column);
        }
        let mut pending = Vec::new();
        for def in &create.columns {
            table.pend_column_keys(def, &mut pending);
        }
        pending.extend(create.keys.iter().map(|key| (key.span.start, PendingKey::Key(key))));
        pending.extend(create.foreign_keys.iter().map(|key| (key.span.start, foreign(key))));
        pending.sort_by_key(|(at, _)| *at);
        for (_, key) in pending {
            table.incomplete |= table.add_pending(key).is_err();
        }
        for def in &create.columns {
            table.add_column_checks(def, text);
        }
        for check in &create.checks {
            table.add_check(check, None, text);
        }
        for (name, start, end) in &create.periods {
            table.add_period(name, start, end);
        }
        let versioned_column = create.columns.iter().any(|column| column.system_versioning == Some(true));
        if create.system_versioning || versioned_column {
            if !create.system_versioning {
                for (column, def) in table.columns.iter_mut().zip(&create.columns) {
                    column.without_versioning = def.system_versioning != Some(true);
                }
            }
            table.add_versioning();
        }
        table.partitioning = create.partition_by.as_ref().map(|by| table.partitioning(by, text));
        table.settle(create.columns.iter());
        if table.needs_doc_id() {
            table.hidden_doc_id = HiddenDocId::There;
        }
        table
    }

    /// Keys, and the columns that generated columns read, once all columns are there.
    pub(super) fn settle<'a>(&mut self, defs: impl Iterator<Item = &'a ColumnDef>) {
        self.settle_keys();
        self.settle_checks();
        for def in defs {
            let Some(expr) = def.generated.as_ref().map(|generated| &generated.expr) else { continue };
            let columns = self.ids(expr);
            let column = self.columns.iter_mut().find(|column| same_name(&column.name, &def.name.value));
            if let Some(generated) = column.and_then(|column| column.generated.as_mut()) {
                generated.columns = columns;
            }
        }
    }

    /// The columns that an expression reads.
    pub(super) fn ids(&self, expr: &Expr) -> Vec<ColumnId> {
        expr.facts.columns.iter().filter_map(|name| self.column(&name.value)).map(|column| column.id).collect()
    }

    /// Table options, in order. `inherited` is what holds without CHARACTER SET and COLLATE.
    pub(super) fn set_options(
        &mut self,
        options: &[TableOption],
        inherited: (Option<&str>, Option<&str>),
        settings: &Settings,
    ) {
        let (mut charset, mut collation) = (None, None);
        for option in options {
            match option.name.as_str() {
                "charset" => charset = Some(option.value.as_str()),
                "collate" => collation = Some(option.value.as_str()),
                _ => self.set_option(option),
            }
        }
        (self.options.charset, self.options.collation) = charset::resolve(charset, collation, inherited, settings);
    }

    /// One option that is neither CHARACTER SET nor COLLATE.
    pub(super) fn set_option(&mut self, option: &TableOption) {
        let value = option.value.as_str();
        match option.name.as_str() {
            "engine" => self.options.engine = engine_name(value),
            "row_format" => {
                self.options.row_format = Some(value.to_ascii_uppercase()).filter(|format| format != "DEFAULT");
            }
            "comment" => value.clone_into(&mut self.options.comment),
            "key_block_size" => self.options.key_block_size = value.parse().ok().filter(|size| *size > 0),
            "auto_increment" => self.options.auto_increment = value.parse().ok(),
            name if value == "default" => {
                self.options.others.remove(name);
            }
            name => {
                self.options.others.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// The keys that a column definition makes.
    pub(super) fn pend_column_keys<'a>(&self, def: &'a ColumnDef, pending: &mut Vec<(u32, PendingKey<'a>)>) {
        let Some(column) = self.column(&def.name.value) else { return };
        if let Some(key) = def.key {
            pending.push((def.span.start, PendingKey::Column(column.id, key)));
        }
        if let Some(references) = &def.references {
            let columns = vec![def.name.value.as_str()];
            pending.push((references.span.start, PendingKey::ForeignKey(None, columns, references)));
        }
    }

    pub(super) fn add_pending(&mut self, pending: PendingKey<'_>) -> Result<(), String> {
        match pending {
            PendingKey::Key(def) => self.add_key_def(def),
            PendingKey::Column(column, key) => {
                let kind = if key == ColumnKey::Primary { KeyKind::Primary } else { KeyKind::Unique };
                let parts = vec![KeyPart { column, prefix: None, descending: false }];
                self.add_key(NewKey { name: None, kind, parts, generated_for_fk: false }, |_| {});
                Ok(())
            }
            PendingKey::ForeignKey(name, columns, references) => self.add_foreign_key(name, &columns, references),
        }
    }

    fn add_foreign_key(
        &mut self,
        name: Option<&Ident>,
        columns: &[&str],
        references: &References,
    ) -> Result<(), String> {
        let mut ids = Vec::with_capacity(columns.len());
        for column in columns {
            let Some(found) = self.column(column) else {
                return Err(format!("The foreign key names the column `{column}`, which is not there."));
            };
            ids.push(found.id);
        }
        let parts = ids.iter().map(|column| KeyPart { column: *column, prefix: None, descending: false }).collect();
        let key_name = name.map(|name| name.value.clone());
        let new = NewKey { name: key_name.clone(), kind: KeyKind::Index, parts, generated_for_fk: true };
        self.add_key(new, |_| {});
        // Engines without foreign keys read them and forget them; the key stays.
        if !self.is_innodb() {
            return Ok(());
        }
        let name = key_name.unwrap_or_else(|| self.free_foreign_key_name());
        self.foreign_keys.push(ForeignKey {
            name,
            columns: ids,
            parent_database: references.table.database.as_ref().map(|database| database.value.clone()),
            parent_table: references.table.name.value.clone(),
            parent_columns: references.columns.iter().map(|column| column.value.clone()).collect(),
            on_delete: references.on_delete.unwrap_or(ReferentialAction::Restrict),
            on_update: references.on_update.unwrap_or(ReferentialAction::Restrict),
        });
        Ok(())
    }

    /// InnoDB numbers the foreign keys of a table on from the highest number in use.
    fn free_foreign_key_name(&self) -> String {
        let prefix = format!("{}_ibfk_", self.name);
        let numbers = self.foreign_keys.iter().filter_map(|key| key.name.strip_prefix(&prefix)?.parse::<u32>().ok());
        format!("{prefix}{}", numbers.max().unwrap_or(0) + 1)
    }

    /// The checks of a column definition; JSON brings one of its own.
    pub(super) fn add_column_checks(&mut self, def: &ColumnDef, text: &str) {
        let Some(column) = self.column(&def.name.value).map(|column| column.id) else { return };
        if let Some(check) = &def.check {
            self.add_check(check, Some(column), text);
        } else if def.data_type.name == TypeName::Json {
            let name = def.name.value.clone();
            let text = format!("json_valid(`{}`)", name.replace('`', "``"));
            self.checks.push(Check { name, text, columns: vec![column], column: Some(column) });
        }
    }

    pub(super) fn add_check(&mut self, check: &CheckDef, column: Option<ColumnId>, text: &str) {
        let own = column.and_then(|id| self.column_by_id(id)).map(|column| column.name.clone());
        let written = check.name.as_ref().map(|name| name.value.clone());
        // An unnamed one gets its name when all others are known.
        let name = own.or(written).unwrap_or_default();
        let columns = self.ids(&check.expr);
        self.checks.push(Check { name, text: check.expr.span.of(text).to_owned(), columns, column });
    }

    /// Names checks that have none, and puts those of columns first.
    fn settle_checks(&mut self) {
        for index in 0..self.checks.len() {
            if self.checks[index].name.is_empty() {
                let taken = |name: &str| self.checks.iter().any(|check| same_name(&check.name, name));
                let mut names = (1..).map(|number: u32| format!("CONSTRAINT_{number}"));
                self.checks[index].name = names.find(|name| !taken(name)).unwrap_or_default();
            }
        }
        let order = |column: Option<ColumnId>| match column {
            Some(id) => self.columns.iter().position(|column| column.id == id).unwrap_or(usize::MAX - 1),
            None => usize::MAX,
        };
        let mut checks = self.checks.clone();
        checks.sort_by_key(|check| order(check.column));
        self.checks = checks;
    }

    pub(super) fn add_period(&mut self, name: &Ident, start: &Ident, end: &Ident) {
        // SYSTEM_TIME belongs to versioning, which finds its columns by their own attributes.
        if name.value.eq_ignore_ascii_case("system_time") {
            return;
        }
        let (Some(start), Some(end)) = (self.column(&start.value), self.column(&end.value)) else {
            self.incomplete = true;
            return;
        };
        let period = Period { name: name.value.clone(), start: start.id, end: end.id };
        for column in &mut self.columns {
            if column.id == period.start || column.id == period.end {
                column.nullable = false;
                if column.default == ColumnDefault::Null {
                    column.default = ColumnDefault::None;
                }
            }
        }
        self.periods.push(period);
    }

    /// WITH SYSTEM VERSIONING: by its own columns, or by hidden ones.
    pub(super) fn add_versioning(&mut self) {
        let find = |pick: fn(&Column) -> bool| self.columns.iter().find(|column| pick(column)).map(|column| column.id);
        let (start, end) = (find(|column| column.row_start), find(|column| column.row_end));
        let start = start.unwrap_or_else(|| self.add_hidden("row_start", true));
        let end = end.unwrap_or_else(|| self.add_hidden("row_end", false));
        let by_transaction = self.column_by_id(start).is_some_and(|column| column.data_type.base == BaseType::BigInt);
        self.versioning = Some(Versioning { start, end, by_transaction });
    }

    fn add_hidden(&mut self, name: &str, start: bool) -> ColumnId {
        let id = ColumnId(self.fresh_id());
        self.columns.push(Column {
            id,
            name: name.to_owned(),
            data_type: ColumnType { decimals: Some(6), ..ColumnType::bare(BaseType::Timestamp) },
            nullable: false,
            maybe_nullable: false,
            default: ColumnDefault::None,
            on_update_now: false,
            auto_increment: false,
            generated: None,
            visibility: Visibility::System,
            comment: String::new(),
            without_versioning: false,
            row_start: start,
            row_end: !start,
            compressed: None,
            options: std::collections::BTreeMap::new(),
        });
        id
    }

    /// PARTITION BY, with the partitions that the server names itself.
    pub(super) fn partitioning(&self, by: &PartitionBy, text: &str) -> Partitioning {
        let (word, columns) = self.method(&by.method, text);
        let mut partitions: Vec<Partition> = by.partitions.iter().map(|def| partition(def, text)).collect();
        if partitions.is_empty() {
            let system_time = matches!(by.method, PartitionMethod::SystemTime(_));
            let count = by.count.unwrap_or(if system_time { 2 } else { 1 });
            partitions = numbered(0, count);
            if let (true, Some(last)) = (system_time, partitions.last_mut()) {
                "pn".clone_into(&mut last.name);
            }
        }
        let subpartition = by.subpartition.as_ref().map(|sub| self.method(&sub.method, text));
        if let Some(count) = by.subpartition.as_ref().and_then(|sub| sub.count) {
            for partition in &mut partitions {
                if partition.subpartitions.is_empty() {
                    partition.subpartitions = (0..count).map(|n| format!("{}sp{n}", partition.name)).collect();
                }
            }
        }
        let (subpartition, subpartition_columns) = subpartition.map_or((None, Vec::new()), |(t, c)| (Some(t), c));
        Partitioning { method: by.method.clone(), text: word, columns, partitions, subpartition, subpartition_columns }
    }

    fn method(&self, method: &PartitionMethod, text: &str) -> (String, Vec<ColumnId>) {
        let linear = |linear: bool| if linear { "LINEAR " } else { "" };
        let by_name = |names: &[Ident]| {
            let ids = names.iter().filter_map(|name| self.column(&name.value)).map(|column| column.id).collect();
            let list = names.iter().map(|name| format!("`{}`", name.value)).collect::<Vec<_>>().join(",");
            (list, ids)
        };
        let with = |word: String, (list, ids): (String, Vec<ColumnId>)| (format!("{word} ({list})"), ids);
        let by_expr = |expr: &Expr| (expr.span.of(text).to_owned(), self.ids(expr));
        match method {
            PartitionMethod::Hash { linear: l, expr } => with(format!("{}HASH", linear(*l)), by_expr(expr)),
            PartitionMethod::Key { linear: l, columns, .. } => {
                let (list, mut ids) = by_name(columns);
                if columns.is_empty() {
                    // No columns stand for the primary key, else the first unique key without NULL.
                    let key = self.primary_key().or_else(|| self.clustered_key());
                    ids = key.map(|key| key.parts.iter().map(|part| part.column).collect()).unwrap_or_default();
                }
                with(format!("{}KEY", linear(*l)), (list, ids))
            }
            PartitionMethod::Range(expr) => with("RANGE".to_owned(), by_expr(expr)),
            PartitionMethod::List(expr) => with("LIST".to_owned(), by_expr(expr)),
            PartitionMethod::RangeColumns(names) => with("RANGE COLUMNS".to_owned(), by_name(names)),
            PartitionMethod::ListColumns(names) => with("LIST COLUMNS".to_owned(), by_name(names)),
            PartitionMethod::SystemTime(span) => {
                (format!("SYSTEM_TIME {}", span.of(text)).trim_end().to_owned(), Vec::new())
            }
        }
    }
}

/// A foreign key of CREATE TABLE or ADD.
pub(super) fn foreign(key: &ForeignKeyDef) -> PendingKey<'_> {
    let columns = key.columns.iter().map(|column| column.value.as_str()).collect();
    PendingKey::ForeignKey(key.written_name(), columns, &key.references)
}

/// A written partition.
pub(super) fn partition(def: &PartitionDef, text: &str) -> Partition {
    let values = def.values.as_ref().map(|values| match values {
        PartitionValues::LessThan(span) => format!("LESS THAN ({})", span.of(text)),
        PartitionValues::MaxValue => "LESS THAN MAXVALUE".to_owned(),
        PartitionValues::In(span) => format!("IN ({})", span.of(text)),
        PartitionValues::Default => "DEFAULT".to_owned(),
        PartitionValues::History => "HISTORY".to_owned(),
        PartitionValues::Current => "CURRENT".to_owned(),
    });
    Partition {
        name: def.name.value.clone(),
        values,
        subpartitions: def.subpartitions.iter().map(|sub| sub.name.value.clone()).collect(),
        options: def.options.iter().map(|option| (option.name.clone(), option.value.clone())).collect(),
    }
}

/// `p0`, `p1`, ..
pub(super) fn numbered(from: u32, count: u32) -> Vec<Partition> {
    // The server allows 8192 partitions; more in a text are an error there, and no reason for much memory here.
    let names = (from..from.saturating_add(count.min(8192))).map(|number| format!("p{number}"));
    names
        .map(|name| Partition {
            name,
            values: None,
            subpartitions: Vec::new(),
            options: std::collections::BTreeMap::new(),
        })
        .collect()
}
