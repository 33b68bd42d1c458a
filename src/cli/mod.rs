//! The command line: what was typed becomes settings, a command runs, and its outcome becomes an exit code.
//!
//! One file per command. Each has an `Args` and a `run`.

mod abort;
mod apply;
mod balancer;
mod demo;
mod history;
mod input;
mod lint;
mod lock;
mod output;
mod plan;
mod planning;
mod resume;
mod rules;
mod run_view;
mod sandbox;
mod screen;
mod status;
mod upgrade;
mod verify;

use std::future::Future;
use std::io::Write;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};

use crate::failure::{ExitCode, Failure};

/// Changes the schema of a MariaDB Galera cluster without stopping it.
#[derive(Debug, Parser)]
#[command(name = "schema", version, max_term_width = 100, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(Clone, Debug, Default, Args)]
pub struct Global {
    /// The configuration file. [default: ./schema.toml, when it exists]
    #[arg(long, global = true, value_name = "FILE", env = "SCHEMA_CONFIG", value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub config: Option<PathBuf>,
    /// Say more on stderr; repeat it to say even more.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Say nothing on stderr but errors.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Lint(lint::Args),
    Plan(plan::Args),
    Apply(apply::Args),
    Resume(resume::Args),
    Abort(abort::Args),
    Status(status::Args),
    Verify(verify::Args),
    History(history::Args),
    Lock(lock::Args),
    Upgrade(upgrade::Args),
    Balancer(balancer::Args),
    Sandbox(sandbox::Args),
    Demo(demo::Args),
    Rules(rules::Args),
}

/// Runs the program: reads the process's arguments, prints, and gives the exit code.
pub fn main() -> std::process::ExitCode {
    // In CI colours are taken to be wanted, but a terminal that says it is dumb is still believed.
    if std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
        anstream::ColorChoice::Never.write_global();
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers and go to stdout with 0; clap knows which is which.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::Usage } else { ExitCode::Done }.into();
        }
    };
    let mut cli = cli;
    // As if it were not set: an empty SCHEMA_CONFIG is how a shell takes a variable back for one command.
    cli.global.config = cli.global.config.filter(|path| !path.as_os_str().is_empty());
    start_logging(&cli.global);
    match dispatch(cli) {
        Ok(code) => code.into(),
        Err(failure) => {
            // Nobody is left to tell when stderr is gone.
            let _ = writeln!(anstream::stderr(), "schema: {failure}");
            failure.code.into()
        }
    }
}

fn dispatch(cli: Cli) -> Result<ExitCode, Failure> {
    let global = &cli.global;
    match cli.command {
        Command::Lint(args) => lint::run(args, global),
        Command::Plan(args) => plan::run(args, global),
        Command::Apply(args) => apply::run(args, global),
        Command::Resume(args) => resume::run(args, global),
        Command::Abort(args) => abort::run(args, global),
        Command::Status(args) => status::run(args, global),
        Command::Verify(args) => verify::run(args, global),
        Command::History(args) => history::run(args, global),
        Command::Lock(args) => lock::run(args, global),
        Command::Upgrade(args) => upgrade::run(args, global),
        Command::Balancer(args) => balancer::run(args, global),
        Command::Sandbox(args) => sandbox::run(args, global),
        Command::Demo(args) => demo::run(args, global),
        Command::Rules(args) => rules::run(args, global),
    }
}

/// Runs a command that talks to the network. Commands that do not never pay for a runtime.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::unobservable(format!("The asynchronous runtime did not start: {error}.")))?
        .block_on(work)
}

fn start_logging(global: &Global) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "galera_schema=info,warn",
        (false, 2) => "galera_schema=debug,info",
        (false, _) => "trace",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("SCHEMA_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let colour = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour);
    log.with_target(false).init();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
