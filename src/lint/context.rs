//! What is known besides the files: it makes findings sharper, and its absence makes none.

use crate::ddl::ServerProfile;
use crate::ddl::ast::ObjectName;
use crate::ddl::model::{Catalog, Settings};
use crate::lint::stats::{TableSize, TableStats};
use crate::plan::{Amount, Job, Policy, Rates};
use crate::sql::{Dialect, ServerVersion};

/// The version that files are read for when none is given: a long-term release in the middle of those in use.
const USUAL: ServerVersion = ServerVersion::new(10, 11, 19);

/// What is known besides the files.
#[derive(Debug, Default)]
pub struct Context {
    /// The version of the servers, from `--server-version`.
    pub version: Option<ServerVersion>,
    /// The tables as they are before the first file, from `--schema`.
    pub schema: Option<Catalog>,
    /// The sizes of the tables, from `--stats`.
    pub stats: Option<TableStats>,
}

impl Context {
    /// The version that statements are read and judged for.
    pub fn version_or_usual(&self) -> ServerVersion {
        self.version.unwrap_or(USUAL)
    }

    /// How statements are read.
    pub fn dialect(&self) -> Dialect {
        Dialect::new(self.version_or_usual())
    }

    /// What the servers fill into definitions. Their character set is not known here.
    pub fn settings(&self) -> Settings {
        Settings { charset: None, collation: None, ..Settings::of(self.version_or_usual()) }
    }

    /// A server of that version, with the settings that most have.
    pub fn profile(&self) -> ServerProfile {
        ServerProfile { settings: self.settings(), ..ServerProfile::of(self.version_or_usual()) }
    }

    /// Reads the text that `--schema` names.
    pub fn read_schema(&mut self, dump: &str) {
        self.schema = Some(Catalog::from_dump(dump, self.settings()));
    }

    /// How large a table is, where that is known.
    pub fn size(&self, table: &ObjectName, default: Option<&str>) -> Option<TableSize> {
        self.stats.as_ref()?.size(table.database_or(default), &table.name.value)
    }

    /// How long the cluster's writes wait for work on a table of a known size, in seconds, and whether the usual policy
    /// lets that pass. `None` where the size is not known.
    pub fn stall(&self, size: Option<TableSize>, algorithm: crate::ddl::Algorithm) -> Option<Stall> {
        let rates = Rates::default();
        let size = size?;
        let amount = Amount::new(size.rows, size.bytes);
        let seconds = Job::usual(algorithm).seconds(Some(amount), None, &rates)? * rates.source.uncertainty();
        Some(Stall { seconds, acceptable: seconds <= Policy::default().max_stall.as_secs_f64() })
    }
}

/// An estimated stall.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stall {
    /// The upper end of the estimate.
    pub seconds: f64,
    /// Within what the usual policy allows.
    pub acceptable: bool,
}
