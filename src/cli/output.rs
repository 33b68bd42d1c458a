//! The answer of a command goes to stdout. A reader who has gone away (`| head`) is no error.

use std::io::{ErrorKind, Write};

use serde::Serialize;

use crate::failure::Failure;

/// Prints text as it is; a line break is added where none ends it.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    told(write!(stdout, "{text}{end}").and_then(|()| stdout.flush()))
}

/// Prints text for a program, byte for byte.
pub(super) fn print_exactly(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    told(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// Prints the last word of a run. That it could not be written changes nothing about how the run ended.
pub(super) fn print_last_word(text: &str) {
    if let Err(failure) = print(text) {
        note(&format!("schema: {}", failure.message));
    }
}

/// `--format` of a command that prints for people only.
pub(super) fn human_only() -> clap::Arg {
    clap::Arg::new("format").long("format").value_name("FORMAT").value_parser(["human"]).help("How to print it")
}

fn told(written: std::io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::unobservable(format!("The answer could not be written to standard output: {error}.")))
        }
        _ => Ok(()),
    }
}

/// Prints a value as indented JSON.
pub(super) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::unobservable(format!("The answer could not be put into JSON: {error}.")))?;
    print(&text)
}

/// Says something beside the answer, on stderr.
pub(super) fn note(text: &str) {
    // Nobody is left to tell when stderr is gone.
    let _ = writeln!(anstream::stderr(), "{text}");
}
