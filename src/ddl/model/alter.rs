//! ALTER TABLE on a table.
//!
//! The server takes all clauses as one set: what is dropped or changed goes by the names before the statement, what
//! is added and put AFTER something goes by the names behind it. So this works in phases, not clause by clause.

use super::build::{PendingKey, foreign, numbered, partition};
use super::charset;
use super::resolve;
use super::table::same_name;
use super::{BaseType, Column, ColumnDefault, ColumnId, HiddenDocId, KeyKind, Partition, Settings, Table, Visibility};
use crate::ddl::ast::{AlterTable, ColumnDef, ColumnKey, ColumnPosition, KeyType, Operation, PartitionOp, TableOption};

/// What a table becomes.
pub(super) struct Altered {
    pub(super) table: Table,
    pub(super) problems: Vec<String>,
}

/// One change of a column that an earlier phase of the work found.
struct Placed<'a> {
    column: Column,
    position: Option<&'a ColumnPosition>,
}

struct Work<'a> {
    before: &'a Table,
    table: Table,
    settings: &'a Settings,
    text: &'a str,
    /// The database's character set and collation.
    inherited: (Option<&'a str>, Option<&'a str>),
    /// What CONVERT TO names: columns that the statement defines get it too, whatever they say themselves (measured).
    converted: Option<(Option<String>, Option<String>)>,
    problems: Vec<String>,
}

/// Applies ALTER TABLE. A RENAME of the table is left to the catalog.
pub(super) fn alter(
    before: &Table,
    alter: &AlterTable,
    text: &str,
    inherited: (Option<&str>, Option<&str>),
    settings: &Settings,
) -> Altered {
    let table = before.clone();
    let mut work = Work { before, table, settings, text, inherited, converted: None, problems: Vec::new() };
    let operations: Vec<&Operation> = alter.operations().collect();
    work.options(&operations);
    work.drops(&operations);
    let defs = work.columns(&operations);
    work.put_back();
    work.keys(&operations, &defs);
    work.rest(&operations);
    work.table.settle(defs.iter().copied());
    work.partitions(&operations);
    work.table.hidden_doc_id = work.hidden_doc_id(&operations);
    Altered { table: work.table, problems: work.problems }
}

impl<'a> Work<'a> {
    fn problem(&mut self, text: String) {
        self.problems.push(text);
    }

    /// Table options come first: new columns inherit the new character set.
    fn options(&mut self, operations: &[&Operation]) {
        let charset_of = |table: &Table| (table.options.charset.clone(), table.options.collation.clone());
        let mut written: Vec<TableOption> = Vec::new();
        for operation in operations {
            match operation {
                Operation::Option(option) if matches!(option.name.as_str(), "charset" | "collate") => {
                    written.push(option.clone());
                }
                Operation::Option(option) => self.table.set_option(option),
                Operation::ConvertCharset { charset, collation } => self.convert(charset, collation.as_deref()),
                Operation::Opaque => self.table.incomplete = true,
                _ => {}
            }
        }
        if !written.is_empty() {
            let (charset, collation) = charset_of(&self.table);
            self.table.set_options(&written, (charset.as_deref(), collation.as_deref()), self.settings);
        }
    }

    /// CONVERT TO CHARACTER SET: every text column, and the table's default.
    fn convert(&mut self, charset: &str, collation: Option<&str>) {
        let (charset, collation) = match charset {
            // The database's character set, but not its collation (measured).
            "default" => {
                let own = self.inherited.0.and_then(charset::own_collation);
                charset::resolve(None, collation, (self.inherited.0, own.as_deref()), self.settings)
            }
            written => charset::resolve(Some(written), collation, (None, None), self.settings),
        };
        for column in &mut self.table.columns {
            let data_type = &mut column.data_type;
            if !data_type.base.has_charset() || data_type.charset.as_deref() == Some("binary") {
                continue;
            }
            data_type.base =
                resolve::text_for_charset(&data_type.base, data_type.charset.as_deref(), charset.as_deref());
            (data_type.charset, data_type.collation) = (charset.clone(), collation.clone());
        }
        self.converted = Some((charset.clone(), collation.clone()));
        (self.table.options.charset, self.table.options.collation) = (charset, collation);
    }

    fn drops(&mut self, operations: &[&Operation]) {
        for operation in operations {
            match operation {
                Operation::DropColumn { if_exists, name } => match self.before.column(&name.value) {
                    Some(column) if operations.iter().any(|other| adds(other, &name.value)) => {
                        self.remove_column(column.id);
                    }
                    Some(column) => self.drop_column(column.id),
                    None if *if_exists => {}
                    None => self.problem(format!("There is no column `{}` to drop.", name.value)),
                },
                Operation::DropPrimaryKey { .. } => {
                    self.table.keys.retain(|key| key.kind != KeyKind::Primary);
                }
                Operation::DropKey { if_exists, name } => {
                    let found = self.table.key(&name.value).map(|key| key.id);
                    match found {
                        Some(id) => self.table.keys.retain(|key| key.id != id),
                        None if *if_exists => {}
                        None => self.problem(format!("There is no key `{}` to drop.", name.value)),
                    }
                }
                Operation::DropForeignKey { if_exists, name } => {
                    let before = self.table.foreign_keys.len();
                    self.table.foreign_keys.retain(|key| !same_name(&key.name, &name.value));
                    if before == self.table.foreign_keys.len() && !if_exists {
                        self.problem(format!("There is no foreign key `{}` to drop.", name.value));
                    }
                }
                Operation::DropConstraint { if_exists, name } => self.drop_constraint(*if_exists, &name.value),
                Operation::DropPeriod { name, .. } => {
                    self.table.periods.retain(|period| !same_name(&period.name, &name.value));
                }
                Operation::DropSystemVersioning => {
                    self.table.versioning = None;
                    self.table.columns.retain(|column| column.visibility != Visibility::System);
                    for column in &mut self.table.columns {
                        column.without_versioning = false;
                    }
                }
                _ => {}
            }
        }
        // A check goes with the last of the columns that it reads.
        let table = &mut self.table;
        let there: Vec<ColumnId> = table.columns.iter().map(|column| column.id).collect();
        table.checks.retain(|check| check.columns.is_empty() || check.columns.iter().any(|id| there.contains(id)));
    }

    /// A dropped column leaves the keys that it is part of, and takes those with it that have no other.
    fn drop_column(&mut self, id: ColumnId) {
        self.remove_column(id);
        for key in &mut self.table.keys {
            key.parts.retain(|part| part.column != id);
        }
        self.table.keys.retain(|key| !key.parts.is_empty());
    }

    /// A column goes; its keys find another one of the same name.
    fn remove_column(&mut self, id: ColumnId) {
        self.table.columns.retain(|column| column.id != id);
        self.table.foreign_keys.retain(|key| !key.columns.contains(&id));
        self.table.checks.retain(|check| check.column != Some(id));
    }

    /// Keys of a column that was dropped and added again stay, and hold the new one: the server finds it by name.
    fn put_back(&mut self) {
        let table = &self.table;
        let new = |old: ColumnId| match table.column_by_id(old) {
            Some(column) => Some(column.id),
            None => table.column(&self.before.column_by_id(old)?.name).map(|column| column.id),
        };
        let mut keys = table.keys.clone();
        for key in &mut keys {
            key.parts.retain_mut(|part| new(part.column).map(|id| part.column = id).is_some());
        }
        keys.retain(|key| !key.parts.is_empty());
        self.table.keys = keys;
    }

    /// Whether InnoDB keeps the hidden column of a FULLTEXT key that went. A rebuild drops it (measured).
    fn hidden_doc_id(&self, operations: &[&Operation]) -> HiddenDocId {
        let (before, after) = (self.before, &self.table);
        if after.needs_doc_id() {
            return HiddenDocId::There;
        }
        let stored = |table: &Table| table.columns.iter().filter(|c| !c.is_virtual()).map(|c| c.id).collect::<Vec<_>>();
        let rebuilt = stored(before) != stored(after)
            || operations.iter().any(|operation| match operation {
                Operation::Force => true,
                Operation::Option(option) => matches!(option.name.as_str(), "engine" | "row_format"),
                _ => false,
            });
        if rebuilt && before.hidden_doc_id == HiddenDocId::There { HiddenDocId::Gone } else { before.hidden_doc_id }
    }

    /// DROP CONSTRAINT finds a check, a foreign key or a unique key.
    fn drop_constraint(&mut self, if_exists: bool, name: &str) {
        let count = |table: &Table| table.checks.len() + table.foreign_keys.len() + table.keys.len();
        let before = count(&self.table);
        if name.eq_ignore_ascii_case("primary") {
            self.table.keys.retain(|key| key.kind != KeyKind::Primary);
        }
        self.table.checks.retain(|check| check.column.is_some() || !same_name(&check.name, name));
        if before == count(&self.table) {
            self.table.foreign_keys.retain(|key| !same_name(&key.name, name));
        }
        if before == count(&self.table) {
            self.table.keys.retain(|key| key.kind != KeyKind::Unique || !same_name(&key.name, name));
        }
        if before == count(&self.table) && !if_exists {
            self.problem(format!("There is no constraint `{name}` to drop."));
        }
    }

    /// A column by its name before the statement, if it is still there.
    fn old(&self, name: &str) -> Option<ColumnId> {
        let id = self.before.column(name)?.id;
        self.table.column_by_id(id).map(|column| column.id)
    }

    /// Changes, renames and adds columns. Returns the definitions that made columns, for their keys and checks.
    fn columns<'o>(&mut self, operations: &[&'o Operation]) -> Vec<&'o ColumnDef> {
        let mut placed: Vec<Placed<'o>> = Vec::new();
        let mut defs: Vec<&'o ColumnDef> = Vec::new();
        for operation in operations {
            match operation {
                Operation::ModifyColumn { if_exists, column, position } => {
                    let found = self.redefine(&column.name.value, column, *if_exists, position.as_ref(), &mut placed);
                    defs.extend(found.then_some(&**column));
                }
                Operation::ChangeColumn { if_exists, old, column, position } => {
                    let found = self.redefine(&old.value, column, *if_exists, position.as_ref(), &mut placed);
                    defs.extend(found.then_some(&**column));
                }
                Operation::AddColumn { if_not_exists, column, position } => {
                    let taken = self.old(&column.name.value).is_some()
                        && !operations.iter().any(|other| renames(other, &column.name.value));
                    if taken && *if_not_exists {
                        continue;
                    }
                    if taken {
                        self.problem(format!("There is a column `{}` already.", column.name.value));
                        continue;
                    }
                    let id = ColumnId(self.table.fresh_id());
                    let made = resolve::column(column, id, &self.table, self.settings, self.text);
                    placed.push(Placed { column: made, position: position.as_ref() });
                    defs.push(column);
                }
                Operation::RenameColumn { if_exists, from, to } => match self.old(&from.value) {
                    Some(id) => {
                        if let Some(column) = self.table.columns.iter_mut().find(|column| column.id == id) {
                            column.name.clone_from(&to.value);
                        }
                    }
                    None if *if_exists => {}
                    None => self.problem(format!("There is no column `{}` to rename.", from.value)),
                },
                Operation::SetDefault { if_exists, column, default } => {
                    let value = resolve::default_value(default, self.text);
                    self.set_default(&column.value, *if_exists, value, &mut placed);
                }
                Operation::DropDefault { if_exists, column } => {
                    self.set_default(&column.value, *if_exists, ColumnDefault::None, &mut placed);
                }
                _ => {}
            }
        }
        for Placed { column, position } in placed {
            self.place(column, position);
        }
        self.convert_defined(&defs);
        defs
    }

    fn convert_defined(&mut self, defs: &[&ColumnDef]) {
        let Some((charset, collation)) = &self.converted else { return };
        for column in &mut self.table.columns {
            let data_type = &mut column.data_type;
            let defined = defs.iter().any(|def| same_name(&def.name.value, &column.name));
            if defined && data_type.base.has_charset() && data_type.charset.as_deref() != Some("binary") {
                (data_type.charset, data_type.collation) = (charset.clone(), collation.clone());
            }
        }
    }

    fn redefine<'o>(
        &mut self,
        old: &str,
        def: &'o ColumnDef,
        if_exists: bool,
        position: Option<&'o ColumnPosition>,
        placed: &mut Vec<Placed<'o>>,
    ) -> bool {
        let Some(id) = self.old(old) else {
            // A column that the same statement adds can be changed too.
            if let Some(added) = placed.iter_mut().find(|added| same_name(&added.column.name, old)) {
                added.column = resolve::column(def, added.column.id, &self.table, self.settings, self.text);
                added.position = position.or(added.position);
                return true;
            }
            if !if_exists {
                self.problem(format!("There is no column `{old}` to change."));
            }
            return false;
        };
        let Some(index) = self.table.column_index(id) else { return false };
        let made = resolve::column(def, id, &self.table, self.settings, self.text);
        self.table.checks.retain(|check| check.column != Some(id));
        self.shorten_keys(&made);
        if position.is_some() {
            placed.push(Placed { column: made.clone(), position });
        }
        self.table.columns[index] = made;
        true
    }

    /// A prefix that is no longer shorter than its column, or no longer of a type that has one, goes.
    fn shorten_keys(&mut self, column: &Column) {
        let data_type = &column.data_type;
        let sized =
            matches!(data_type.base, BaseType::Char | BaseType::VarChar | BaseType::Binary | BaseType::VarBinary);
        let blob = data_type.base.is_text() || data_type.base.is_blob() || data_type.base.is_geometry();
        for part in self.table.keys.iter_mut().flat_map(|key| &mut key.parts) {
            if part.column == column.id {
                part.prefix = part
                    .prefix
                    .filter(|prefix| blob || sized && data_type.length.is_some_and(|length| *prefix < length));
            }
        }
    }

    fn set_default(&mut self, name: &str, if_exists: bool, value: ColumnDefault, placed: &mut [Placed<'_>]) {
        let id = self.old(name);
        let added = placed.iter_mut().map(|added| &mut added.column).find(|column| same_name(&column.name, name));
        match id.and_then(|id| self.table.columns.iter_mut().find(|column| column.id == id)).or(added) {
            Some(column) => column.default = value,
            None if if_exists => {}
            None => self.problem(format!("There is no column `{name}` to give a default to.")),
        }
    }

    /// Puts a column in its place. One that moves stands in its old place until then, so that those before it in the
    /// statement can be put behind it (measured).
    fn place(&mut self, column: Column, position: Option<&ColumnPosition>) {
        let columns = &mut self.table.columns;
        let moves = columns.iter().position(|old| old.id == column.id);
        let column = moves.map(|index| columns.remove(index)).unwrap_or(column);
        let hidden = columns.iter().rev().take_while(|column| column.visibility == Visibility::System).count();
        let last = columns.len() - hidden;
        let at = match position {
            Some(ColumnPosition::First) => 0,
            Some(ColumnPosition::After(name)) => {
                columns.iter().position(|other| same_name(&other.name, &name.value)).map_or(last, |index| index + 1)
            }
            None => last,
        };
        columns.insert(at, column);
    }

    fn keys(&mut self, operations: &[&Operation], defs: &[&ColumnDef]) {
        let mut pending: Vec<(u32, PendingKey<'_>)> = Vec::new();
        for def in defs {
            self.table.pend_column_keys(def, &mut pending);
        }
        for operation in operations {
            match operation {
                // The column is there already, but the key that its definition asks for is made (measured).
                Operation::AddColumn { if_not_exists: true, column, .. }
                    if !defs.iter().any(|def| std::ptr::eq(*def, &**column)) =>
                {
                    let Some(id) = self.old(&column.name.value) else { continue };
                    let name = if column.key == Some(ColumnKey::Primary) { "PRIMARY" } else { &column.name.value };
                    if let Some(key) = column.key.filter(|_| self.table.key(name).is_none()) {
                        pending.push((column.span.start, PendingKey::Column(id, key)));
                    }
                }
                Operation::AddKey(key) => {
                    // Without a name the first column's is looked for, as the key would get it.
                    let first = key.parts.first().map(|part| &part.column);
                    let name = key.written_name().or(first).filter(|_| key.key_type != KeyType::Primary);
                    let taken = name.is_some_and(|name| self.before.key(&name.value).is_some());
                    if !(taken && key.if_not_exists) {
                        pending.push((key.span.start, PendingKey::Key(key)));
                    }
                }
                Operation::AddForeignKey(key) => {
                    let taken = key.written_name().is_some_and(|name| self.table.foreign_key(&name.value).is_some());
                    if !(taken && key.if_not_exists) {
                        pending.push((key.span.start, foreign(key)));
                    }
                }
                Operation::RenameKey { if_exists, from, to } => {
                    let id = self.before.key(&from.value).map(|key| key.id);
                    match self.table.keys.iter_mut().find(|key| Some(key.id) == id) {
                        Some(key) => key.name.clone_from(&to.value),
                        None if *if_exists => {}
                        None => self.problem(format!("There is no key `{}` to rename.", from.value)),
                    }
                }
                Operation::AlterKey { if_exists, name, ignored } => {
                    match self.table.keys.iter_mut().find(|key| same_name(&key.name, &name.value)) {
                        Some(key) => key.ignored = *ignored,
                        None if *if_exists => {}
                        None => self.problem(format!("There is no key `{}`.", name.value)),
                    }
                }
                _ => {}
            }
        }
        pending.sort_by_key(|(at, _)| *at);
        for (_, key) in pending {
            if let Err(problem) = self.table.add_pending(key) {
                self.problem(problem);
            }
        }
        for def in defs {
            self.table.add_column_checks(def, self.text);
        }
    }

    fn rest(&mut self, operations: &[&Operation]) {
        for operation in operations {
            match operation {
                Operation::AddCheck(check) => {
                    let named = |name: &str| self.table.checks.iter().any(|other| same_name(&other.name, name));
                    let taken = check.name.as_ref().is_some_and(|name| named(&name.value));
                    if !(taken && check.if_not_exists) {
                        self.table.add_check(check, None, self.text);
                    }
                }
                Operation::AddPeriod { name, start, end, .. } => self.table.add_period(name, start, end),
                Operation::AddSystemVersioning => self.table.add_versioning(),
                _ => {}
            }
        }
    }

    fn partitions(&mut self, operations: &[&Operation]) {
        for operation in operations {
            match operation {
                Operation::PartitionBy(by) => self.table.partitioning = Some(self.table.partitioning(by, self.text)),
                Operation::RemovePartitioning => self.table.partitioning = None,
                Operation::Partition(op) => self.partition_op(op),
                _ => {}
            }
        }
    }

    fn partition_op(&mut self, op: &PartitionOp) {
        let text = self.text;
        let Some(partitions) = self.table.partitioning.as_mut().map(|by| &mut by.partitions) else {
            if !matches!(op, PartitionOp::Discard(_) | PartitionOp::Import(_)) {
                self.problem("The table is not partitioned.".to_owned());
            }
            return;
        };
        let at = |partitions: &[Partition], name: &str| partitions.iter().position(|p| same_name(&p.name, name));
        match op {
            PartitionOp::Add { partitions: added, count, .. } => {
                let from = u32::try_from(partitions.len()).unwrap_or(u32::MAX);
                let mut new: Vec<Partition> = added.iter().map(|def| partition(def, text)).collect();
                new.retain(|new| at(partitions, &new.name).is_none());
                new.extend(numbered(from, count.unwrap_or(0)));
                // The current partition of SYSTEM_TIME stays last.
                let current = partitions.pop_if(|last| last.values.as_deref() == Some("CURRENT"));
                partitions.extend(new);
                partitions.extend(current);
            }
            PartitionOp::Drop { names, .. } => {
                partitions.retain(|partition| !names.iter().any(|name| same_name(&name.value, &partition.name)));
            }
            PartitionOp::Coalesce(count) => {
                let keep = partitions.len().saturating_sub(*count as usize).max(1);
                partitions.truncate(keep);
            }
            PartitionOp::Reorganize { names, partitions: new } if !names.is_empty() => {
                let first = names.iter().filter_map(|name| at(partitions, &name.value)).min();
                partitions.retain(|partition| !names.iter().any(|name| same_name(&name.value, &partition.name)));
                let first = first.unwrap_or(partitions.len()).min(partitions.len());
                partitions.splice(first..first, new.iter().map(|def| partition(def, text)));
            }
            PartitionOp::ConvertToTable { partition, .. } => {
                partitions.retain(|other| !same_name(&other.name, &partition.value));
            }
            PartitionOp::ConvertFromTable { partition: def, .. } => partitions.push(partition(def, text)),
            _ => {}
        }
    }
}

/// Whether a clause adds a column of this name.
fn adds(operation: &Operation, name: &str) -> bool {
    matches!(operation, Operation::AddColumn { column, .. } if same_name(&column.name.value, name))
}

/// Whether a clause gives a column another name, so that its old one is free.
fn renames(operation: &Operation, name: &str) -> bool {
    match operation {
        Operation::ChangeColumn { old, column, .. } => {
            same_name(&old.value, name) && !same_name(&column.name.value, name)
        }
        Operation::RenameColumn { from, .. } => same_name(&from.value, name),
        _ => false,
    }
}
