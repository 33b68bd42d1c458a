//! What the reader's terminal can show.

use std::io::IsTerminal;

use crate::report::Style;

/// The page's width when stdout is no terminal, or does not tell its own.
const WIDTH: u16 = 100;

/// The look of what goes to stdout: its width, and colour unless NO_COLOR, TERM=dumb or a pipe forbid it.
pub(super) fn of_stdout() -> Style {
    let stdout = std::io::stdout();
    let width = if stdout.is_terminal() {
        terminal_size::terminal_size_of(&stdout).map_or(WIDTH, |(terminal_size::Width(width), _)| width)
    } else {
        std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(WIDTH)
    };
    let colour = anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never;
    Style { width, colour }
}

/// The look of what goes to stderr.
pub(super) fn of_stderr() -> Style {
    let stderr = std::io::stderr();
    let width = terminal_size::terminal_size_of(&stderr).map_or(WIDTH, |(terminal_size::Width(width), _)| width);
    let colour = anstream::AutoStream::choice(&stderr) != anstream::ColorChoice::Never;
    Style { width, colour }
}

/// Whether the terminal shows more than ASCII.
pub(super) fn shows_unicode() -> bool {
    std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
