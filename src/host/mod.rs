//! Commands on a node's host: through `ssh`, or on this machine.
//!
//! A command is a [`Template`] of the configuration with `{node}`, `{host}`, `{version}` or `{join_options}` in it. It is handed as
//! one argument to the site's own shell command (`ssh {host}`, `sh -c`), so that the site's ssh configuration,
//! agents, jump hosts and sudo hold. Every command has a time-out, and every line that it prints is passed on.

mod command;
mod lines;
mod shell;
mod template;

pub use command::{Finished, Outcome, Output};
pub use lines::each_line;
pub use shell::Shell;
pub use template::{Template, TemplateError, Values, quote};
