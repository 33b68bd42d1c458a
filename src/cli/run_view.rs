//! Where a run's events go: a log with a moving last line on a terminal, plain lines elsewhere, or NDJSON on stdout.

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};

use crate::engine;
use crate::failure::{ExitCode, Failure};
use crate::report::Style;
use crate::report::run::{Line, answer, ndjson, show};
use crate::run::{Ending, Event, EventSink, Outcome, Seconds, Stamped};

/// How `apply`, `resume` and `abort` print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum RunFormat {
    /// For people: progress on stderr, the answer on stdout.
    #[default]
    Human,
    /// One event a line on stdout, each flushed.
    Ndjson,
}

/// How long a log without a moving line says nothing about something that merely goes on. Seconds.
const QUIET: f64 = 10.0;

/// Prints a run's events.
pub(super) struct RunView {
    format: RunFormat,
    style: Style,
    quiet: bool,
    bar: Option<ProgressBar>,
    seconds: Option<Seconds>,
    /// When the last line was printed, in seconds since the run began.
    spoke: f64,
}

impl RunView {
    pub(super) fn new(format: RunFormat, quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let bar = (format == RunFormat::Human && terminal && !quiet).then(ProgressBar::new_spinner);
        if let Some(bar) = &bar {
            bar.enable_steady_tick(std::time::Duration::from_millis(120));
        }
        Self { format, style: super::screen::of_stderr(), quiet, bar, seconds: None, spoke: 0.0 }
    }

    /// Ends without a last word.
    pub(super) fn clear(self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Ends without a run: nothing was to be done.
    pub(super) fn finish_idle(mut self, text: &str) -> Result<ExitCode, Failure> {
        match self.format {
            RunFormat::Human => {
                self.clear();
                super::output::print(text)?;
            }
            RunFormat::Ndjson => engine::tell_end(Outcome::Done, text, &mut self),
        }
        Ok(ExitCode::Done)
    }

    /// Hands on what was done, or why nothing was; who reads events is told that there will be no more.
    pub(super) fn pass_on<T>(&mut self, done: Result<T, Failure>) -> Result<T, Failure> {
        if let (RunFormat::Ndjson, Err(failure)) = (self.format, &done) {
            engine::tell_refusal(failure, self);
        }
        done
    }

    /// Does something that uses the terminal itself.
    pub(super) fn suspended<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(work),
            None => work(),
        }
    }

    /// The last word, and the exit code. `command` failed before there was a run when `ending` is a failure.
    pub(super) fn finish(self, ending: &Ending) -> ExitCode {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if self.format == RunFormat::Human {
            let page = answer(ending, self.seconds.as_ref(), super::screen::of_stdout());
            super::output::print_last_word(&page);
        }
        ending.outcome.code()
    }

    /// `at` is in seconds since the run began.
    fn print(&mut self, line: &Line, at: f64) {
        match (&self.bar, line) {
            (Some(bar), Line::Log(text)) => {
                bar.set_message("");
                bar.println(text);
            }
            (Some(bar), Line::Progress { text, fraction }) => {
                let (template, at) = match fraction {
                    Some(at) => ("{spinner} {bar:30} {msg}", *at),
                    None => ("{spinner} {msg}", 0),
                };
                if let Ok(style) = ProgressStyle::with_template(template) {
                    bar.set_style(style);
                }
                bar.set_length(1000);
                bar.set_position(at);
                bar.set_message(text.clone());
            }
            // What goes on needs a line now and then, to show that it does.
            (None, Line::Progress { .. }) if at - self.spoke < QUIET => {}
            (None, Line::Log(text) | Line::Progress { text, .. }) => {
                self.spoke = at;
                let _ = writeln!(anstream::stderr(), "{text}");
            }
        }
    }
}

impl EventSink for RunView {
    fn event(&mut self, event: &Stamped) {
        if let Event::RunFinished { seconds, .. } = &event.event {
            self.seconds = Some(seconds.clone());
        }
        match self.format {
            RunFormat::Ndjson => {
                let mut out = anstream::stdout().lock();
                let _ = out.write_all(ndjson(event).as_bytes()).and_then(|()| out.flush());
            }
            RunFormat::Human if self.quiet => {}
            RunFormat::Human => {
                if let Some(line) = show(event, self.style) {
                    self.print(&line, event.at);
                }
            }
        }
    }
}
