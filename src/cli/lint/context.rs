//! Context: a dump, sizes, a version.

use std::path::Path;

use super::Args;
use crate::failure::Failure;
use crate::lint::{Context, LintConfig, TableStats};
use crate::sql::Source;

/// What the command line says about the servers.
pub(super) fn read_context(args: &Args, config: &LintConfig) -> Result<Context, Failure> {
    let mut context = Context::default();
    if let Some(path) = &args.stats {
        let stats: TableStats = serde_json::from_str(&read(path)?).map_err(|error| {
            Failure::usage(format!("{} is not what `schema status --export-stats` writes: {error}.", path.display()))
        })?;
        context.stats = Some(stats);
    }
    let measured = context.stats.as_ref().and_then(|stats| stats.server_version.as_deref());
    if let Some(version) = args.server_version.as_deref().or(config.server_version.as_deref()).or(measured) {
        context.version = Some(version.parse().map_err(|error| Failure::usage(format!("{error}.")))?);
    }
    if let Some(path) = &args.schema {
        context.read_schema(&read(path)?);
    }
    Ok(context)
}

fn read(path: &Path) -> Result<String, Failure> {
    let bytes =
        std::fs::read(path).map_err(|error| Failure::usage(format!("{} cannot be read: {error}.", path.display())))?;
    Ok(Source::new(&bytes).text().to_owned())
}
