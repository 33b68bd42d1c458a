//! The answer of a command goes to stdout. A reader who has gone away (`| head`) is no error.

use std::io::{ErrorKind, Write};

use serde::Serialize;

use crate::failure::Failure;

/// Prints text as it is; a line break is added where none ends it.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let written = write!(stdout, "{text}{end}").and_then(|()| stdout.flush());
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
