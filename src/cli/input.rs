//! `FILE`, `-` or `-e SQL`: where the statements come from.

use std::io::Read;
use std::path::PathBuf;

use crate::failure::Failure;

/// Where the statements come from.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct InputArgs {
    /// Files with SQL statements; `-` reads standard input.
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// A statement given on the command line; may be repeated. They come after the files.
    #[arg(short = 'e', long = "execute", value_name = "SQL")]
    pub(super) execute: Vec<String>,
}

/// One text to read statements from.
#[derive(Clone, Debug)]
pub(super) struct Input {
    /// How messages and plans call it: the path, `-`, or `-e`.
    pub(super) name: String,
    /// What stands in it.
    pub(super) bytes: Vec<u8>,
}

impl InputArgs {
    /// Reads everything, in the order in which it was named.
    pub(super) fn read(&self) -> Result<Vec<Input>, Failure> {
        if self.files.is_empty() && self.execute.is_empty() {
            return Err(Failure::usage(
                "Name a file with statements, `-` for standard input, or give them with -e SQL.",
            ));
        }
        let mut inputs = Vec::new();
        for path in &self.files {
            let name = path.display().to_string();
            let bytes = if name == "-" { read_stdin()? } else { read_file(path)? };
            inputs.push(Input { name, bytes });
        }
        for sql in &self.execute {
            inputs.push(Input { name: "-e".to_owned(), bytes: sql.clone().into_bytes() });
        }
        if inputs.is_empty() {
            return Err(Failure::usage("No statements: name a file, `-` for standard input, or give -e SQL."));
        }
        Ok(inputs)
    }
}

fn read_stdin() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::usage(format!("Standard input could not be read: {error}. Nothing was changed.")))?;
    Ok(bytes)
}

/// Reads one file that the command line names.
pub(super) fn read_file(path: &std::path::Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| {
        Failure::usage(format!("`{}` could not be read: {error}. Nothing was changed.", path.display()))
    })
}
