//! What one node says about its schema.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::table;
use crate::plan::facts::Unseen;

/// What an object is. The order is the one in which objects can be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// A database, with its default character set and comment.
    Database,
    /// A sequence.
    Sequence,
    /// A table, with columns, indexes, constraints, partitions and options.
    Table,
    /// A view.
    View,
    /// A stored function.
    Function,
    /// A stored procedure.
    Procedure,
    /// A package's specification.
    Package,
    /// A package's body.
    PackageBody,
    /// A trigger.
    Trigger,
    /// An event.
    Event,
    /// A user or role with its grants.
    User,
}

impl ObjectKind {
    /// The word for it in output: `table`, `package_body`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Sequence => "sequence",
            Self::Table => "table",
            Self::View => "view",
            Self::Function => "function",
            Self::Procedure => "procedure",
            Self::Package => "package",
            Self::PackageBody => "package_body",
            Self::Trigger => "trigger",
            Self::Event => "event",
            Self::User => "user",
        }
    }

    /// The same in SQL, after CREATE or DROP.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Database => "DATABASE",
            Self::Sequence => "SEQUENCE",
            Self::Table => "TABLE",
            Self::View => "VIEW",
            Self::Function => "FUNCTION",
            Self::Procedure => "PROCEDURE",
            Self::Package => "PACKAGE",
            Self::PackageBody => "PACKAGE BODY",
            Self::Trigger => "TRIGGER",
            Self::Event => "EVENT",
            Self::User => "USER",
        }
    }
}

/// An object's name and kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Object {
    /// The database; empty for users.
    pub database: String,
    /// What it is.
    pub kind: ObjectKind,
    /// The name within the database; empty for the database itself.
    pub name: String,
}

impl Object {
    /// An object of a database.
    pub fn new(kind: ObjectKind, database: impl Into<String>, name: impl Into<String>) -> Self {
        Self { database: database.into(), kind, name: name.into() }
    }

    /// The name in backquotes, with its database. A user's name stands as it is: it is quoted already.
    pub fn quoted(&self) -> String {
        let quote = |name: &str| format!("`{}`", name.replace('`', "``"));
        match self.kind {
            ObjectKind::User => self.name.clone(),
            ObjectKind::Database => quote(&self.database),
            _ => format!("{}.{}", quote(&self.database), quote(&self.name)),
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ObjectKind::User => f.write_str(&self.name),
            ObjectKind::Database => f.write_str(&self.database),
            _ => write!(f, "{}.{}", self.database, self.name),
        }
    }
}

/// How a node defines an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Definition {
    /// The node tells it.
    Known {
        /// What must be set in a session before `sql` means the same: `sql_mode`, character sets. In order.
        context: Vec<(String, String)>,
        /// The statement that creates it, in canonical form.
        sql: String,
    },
    /// The node has it and does not tell.
    Unreadable(Unseen),
}

impl Definition {
    /// A table by what SHOW CREATE TABLE prints.
    pub fn of_table(show_create: &str) -> Self {
        Self::Known { context: Vec::new(), sql: table::without_counter(show_create) }
    }

    /// An event by what SHOW CREATE EVENT prints. An event is enabled on the node where it was created and `DISABLE ON
    /// SLAVE` on the others, so that it runs once; that is no difference.
    pub fn of_event(context: Vec<(String, String)>, show_create: &str) -> Self {
        Self::Known { context, sql: show_create.replacen(" PRESERVE DISABLE ON SLAVE", " PRESERVE ENABLE", 1) }
    }

    /// Everything that must be equal on all nodes, for eyes and for comparing.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Unreadable(_) => None,
            Self::Known { context, sql } if context.is_empty() => Some(sql.clone()),
            Self::Known { context, sql } => {
                let mut text = String::new();
                for (name, value) in context {
                    text.push_str(&format!("-- {name}: {value}\n"));
                }
                text.push_str(sql);
                Some(text)
            }
        }
    }

    /// The SHA-256 of [`Definition::text`] in hexadecimal digits.
    pub fn fingerprint(&self) -> Option<String> {
        self.text().map(|text| hexadecimal(&Sha256::digest(text.as_bytes())))
    }
}

/// The schema of one node, as far as it was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaSnapshot {
    /// Every object.
    pub objects: BTreeMap<Object, Definition>,
}

impl SchemaSnapshot {
    /// How the node defines a table; `None` when it has none of that name.
    pub fn table(&self, database: &str, name: &str) -> Option<&Definition> {
        self.objects.get(&Object::new(ObjectKind::Table, database, name))
    }

    /// One fingerprint over all objects: equal on two nodes exactly when each object is. `None` when any is unreadable.
    pub fn fingerprint(&self) -> Option<String> {
        let mut hasher = Sha256::new();
        for (object, definition) in &self.objects {
            hasher.update(format!("{object}\0{}\0{}\0", object.kind.word(), definition.fingerprint()?));
        }
        Some(hexadecimal(&hasher.finalize()))
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
