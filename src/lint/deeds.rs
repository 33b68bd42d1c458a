//! What the statements of a file do to names, so that a rule can ask what comes before or behind a statement without
//! reading the file again.

use std::collections::HashMap;

use super::framework::Direction;
use super::tables::Moment;
use crate::ddl::ast::{Body, KeyType, Kind, Operation, Statement};

/// Something done to a name that matters to statements before or behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    /// From here on a table has the name.
    MakesTable,
    /// From here on a view has the name.
    MakesView,
    /// The table of that name gets a key that may tell its rows apart, or goes away, or something is done to it that was
    /// not understood.
    GivesKey,
    /// What has the name goes away.
    Drops,
    /// The trigger of that name goes away.
    DropsTrigger,
}

/// Names are compared without case and without their database: a rule rather keeps silent once too often.
#[derive(Debug, Default)]
pub(super) struct Deeds {
    /// The numbers of the first and the last statement that does it, of each way.
    places: HashMap<(Deed, Direction, String), (usize, usize)>,
}

impl Deeds {
    /// Whether a statement before this moment does it, on the same way.
    pub(super) fn before(&self, deed: Deed, name: &str, moment: Moment) -> bool {
        self.place(deed, name, moment).is_some_and(|(first, _)| first < moment.statement)
    }

    /// Whether a statement behind this moment does it, on the same way.
    pub(super) fn behind(&self, deed: Deed, name: &str, moment: Moment) -> bool {
        self.place(deed, name, moment).is_some_and(|(_, last)| last > moment.statement)
    }

    fn place(&self, deed: Deed, name: &str, moment: Moment) -> Option<(usize, usize)> {
        self.places.get(&(deed, moment.direction, name.to_lowercase())).copied()
    }

    fn note(&mut self, deed: Deed, name: &str, moment: Moment) {
        let place = self.places.entry((deed, moment.direction, name.to_lowercase()));
        place.or_insert((moment.statement, moment.statement)).1 = moment.statement;
    }

    /// Notes what a statement does.
    pub(super) fn apply(&mut self, statement: &Statement, moment: Moment) {
        match &statement.body {
            Body::CreateTable(create) => self.note(Deed::MakesTable, &create.table.name.value, moment),
            Body::View(view) => self.note(Deed::MakesView, &view.view.name.value, moment),
            Body::RenameTable { renames, .. } => {
                for rename in renames {
                    self.note(Deed::MakesTable, &rename.to.name.value, moment);
                }
            }
            Body::CreateIndex(create) if create.key.key_type == KeyType::Unique => {
                self.note(Deed::GivesKey, &create.table.name.value, moment);
            }
            Body::AlterTable(alter) => {
                if alter.operations().any(may_give_key) {
                    self.note(Deed::GivesKey, &alter.table.name.value, moment);
                }
                for operation in alter.operations() {
                    if let Operation::RenameTable(to) = operation {
                        self.note(Deed::MakesTable, &to.name.value, moment);
                    }
                }
            }
            Body::Opaque => {
                for object in &statement.objects {
                    self.note(Deed::GivesKey, &object.name.value, moment);
                }
            }
            _ => {}
        }
        if statement.kind.name().starts_with("drop_") {
            for object in &statement.objects {
                self.note(Deed::Drops, &object.name.value, moment);
                if statement.kind == Kind::DropTrigger {
                    self.note(Deed::DropsTrigger, &object.name.value, moment);
                }
                if statement.kind == Kind::DropTable {
                    self.note(Deed::GivesKey, &object.name.value, moment);
                }
            }
        }
    }
}

fn may_give_key(operation: &Operation) -> bool {
    match operation {
        Operation::AddKey(key) => matches!(key.key_type, KeyType::Primary | KeyType::Unique),
        Operation::AddColumn { column, .. }
        | Operation::ModifyColumn { column, .. }
        | Operation::ChangeColumn { column, .. } => column.key.is_some(),
        Operation::Opaque => true,
        _ => false,
    }
}
