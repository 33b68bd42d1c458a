//! The linter, from outside: rule pages, golden folders, formats, and the habits of its command line.

// A test says what it expects by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::field_reassign_with_default)]

mod cases;
mod command;
mod fix;
mod linear;
mod pages;
mod robust;

use galera_schema::lint::{Context, Finding, Settings, lint};

/// What the linter says about a text.
fn findings(path: &str, text: &str, context: &Context) -> Vec<Finding> {
    lint(path, text, context, &Settings::default())
}

/// Everything that stands in the folder, by name.
fn sorted(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// A folder of the project.
fn project(folder: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}
