//! `schema lock`.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use super::Global;
use crate::cluster::Connector;
use crate::cluster::journal::NewRun;
use crate::config::{ConnectionArgs, Settings};
use crate::engine::book::Book;
use crate::failure::{ExitCode, Failure};

/// How long the command may take to end after it was asked to, before it is killed.
const GRACE: Duration = Duration::from_secs(10);

/// Holds the cluster-wide lease while a command runs, for Flyway, Alembic, Rails and others.
///
/// No `schema apply` and no other `schema lock` runs meanwhile. The command's exit code becomes this command's; when
/// a signal ended it, 128 and the signal's number. Signals are passed on. When the lease is lost, the command is ended
/// and the exit code is 3.
#[derive(Debug, clap::Args)]
#[command(arg = super::output::human_only())]
#[command(after_help = "Examples:
  schema lock -- flyway migrate
  schema lock -- sh -c 'alembic upgrade head'")]
pub(super) struct Args {
    /// Wait so long for the lease when somebody holds it, such as 5m.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = wait)]
    wait: Duration,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
    #[command(flatten)]
    connection: ConnectionArgs,
}

fn wait(text: &str) -> Result<Duration, String> {
    crate::config::parse_duration(text).map_err(|error| error.to_string())
}

pub(super) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let code = super::block_on(lock(args, global))?;
    // The command's own exit code is passed on, and the program's codes have no room for it.
    std::process::exit(code);
}

async fn lock(args: Args, global: &Global) -> Result<i32, Failure> {
    let settings = Settings::load(global.config.as_deref(), &args.connection)?;
    let connector = Connector::open(&settings).await?;
    let mut book = take(&connector, &settings, &args).await?;
    let mut streams = Vec::new();
    for number in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup(), SignalKind::quit()] {
        let stream = signal(number)
            .map_err(|error| Failure::unobservable(format!("Signals cannot be listened to: {error}.")))?;
        streams.push((number, stream));
    }
    let spawned = Command::new(&args.command[0])
        .args(&args.command[1..])
        .env("SCHEMA_LOCK_RUN", book.run())
        .env("SCHEMA_LOCK_TOKEN", book.token().to_string())
        .kill_on_drop(false)
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => {
            let _ = book.finish("refused", &json!({ "text": error.to_string() })).await;
            return Err(Failure::usage(format!("`{}` could not be started: {error}.", args.command[0].display())));
        }
    };
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    let status = loop {
        let passed_on = async {
            let next = streams.iter_mut().map(|(number, stream)| {
                Box::pin(async move {
                    stream.recv().await;
                    *number
                })
            });
            futures_util::future::select_all(next).await.0
        };
        tokio::select! {
            status = child.wait() => break status,
            number = passed_on => {
                if let (Some(pid), Ok(signal)) = (pid, Signal::try_from(number.as_raw_value())) {
                    // A command that has just ended takes no signal; `wait` tells next.
                    let _ = kill(pid, signal);
                }
            }
            text = book.lost() => {
                let _ = writeln!(anstream::stderr(), "schema: {text} The command is ended.");
                if let Some(pid) = pid {
                    let _ = kill(pid, Signal::SIGTERM);
                }
                if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
                    let _ = child.kill().await;
                }
                return Ok(i32::from(ExitCode::Refused.number()));
            }
        }
    };
    let status = status.map_err(|error| Failure::unobservable(format!("The command's end was not seen: {error}.")))?;
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    if let Err(error) = book.finish("done", &json!({ "exit_code": code })).await {
        let _ = writeln!(anstream::stderr(), "schema: {error}");
    }
    Ok(code)
}

async fn take(connector: &Connector, settings: &Settings, args: &Args) -> Result<Book, Failure> {
    let deadline = tokio::time::Instant::now() + args.wait;
    let title = args.command[0].to_string_lossy().into_owned();
    loop {
        let new = NewRun { kind: "lock", title: title.clone(), plan: json!({}) };
        match Book::begin(connector, settings, new).await {
            Err(failure) if failure.code == ExitCode::Refused && tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            other => return other,
        }
    }
}
