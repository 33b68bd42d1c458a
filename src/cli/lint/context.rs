//! Settings and context: `schema.toml`, a dump, sizes, a version.

use std::path::Path;

use super::Args;
use crate::cli::Global;
use crate::failure::Failure;
use crate::lint::{Context, LintConfig, TableStats};
use crate::sql::Source;

/// The configuration file when none is named.
const DEFAULT_FILE: &str = "schema.toml";

/// The `[lint]` table. The rest of the file is for commands that meet the cluster, and a linter in a pipeline must not
/// need what they need.
pub(super) fn config(global: &Global) -> Result<LintConfig, Failure> {
    let path = match &global.config {
        Some(path) => path.as_path(),
        None if Path::new(DEFAULT_FILE).exists() => Path::new(DEFAULT_FILE),
        None => return Ok(LintConfig::default()),
    };
    let text = read(path)?;
    let mut file: toml::Table =
        toml::from_str(&text).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    let Some(lint) = file.remove("lint") else { return Ok(LintConfig::default()) };
    lint.try_into().map_err(|error: toml::de::Error| {
        Failure::usage(format!("{}: [lint]: {}", path.display(), error.to_string().trim_end()))
    })
}

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
