//! `schema sandbox`.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use clap::{Subcommand, ValueEnum};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder, Value};

use super::Global;
use super::output::{human_only, print};
use crate::engine::Signals;
use crate::failure::{ExitCode, Failure};
use crate::sandbox::{Error, Options, Place, Sandbox, UpEvent, running};

/// A throwaway Galera cluster behind HAProxy on this machine.
///
/// Real MariaDB servers and a real HAProxy on 127.0.0.1, on ports that are free. Nothing of the system's own
/// servers is touched, and nothing is left behind after `down`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  schema sandbox up
  export SCHEMA_CONFIG=$(schema sandbox status --path)
  schema status
  schema sandbox exec n1 -- 'create database app'
  schema sandbox down

Several side by side:
  schema sandbox up --name old --server-dir /opt/mariadb-10.11.18
  schema sandbox up --name big --nodes 5")]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Up(Up),
    Down(Down),
    Status(Status),
    Exec(Exec),
}

/// Which sandbox is meant.
#[derive(Debug, clap::Args)]
struct Which {
    /// The sandbox's name, to have several side by side. [default: default]
    #[arg(long, value_name = "NAME", env = "SCHEMA_SANDBOX")]
    name: Option<String>,
    /// The sandbox's folder; with --name, the folder that holds it. [default: one in the temporary folder]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Which {
    fn place(&self) -> Result<Place, Failure> {
        Ok(Place::choose(self.name.as_deref(), self.dir.as_deref())?)
    }
}

/// Starts a sandbox and waits until every node is Synced and HAProxy sees them all.
///
/// Prints how to reach it. Its folder holds `schema.toml` for the other commands, `app.cnf` for clients that come
/// through HAProxy, and for each node its option file, data and error log. Ctrl-C at any moment takes it down again.
#[derive(Debug, clap::Args)]
#[command(arg = human_only())]
struct Up {
    #[command(flatten)]
    which: Which,
    /// How many nodes.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=9))]
    nodes: u8,
    /// Run the servers unpacked in this folder (with `dpkg -x`, say) instead of the installed ones.
    #[arg(long, value_name = "PREFIX")]
    server_dir: Option<PathBuf>,
    /// InnoDB's buffer pool of each node in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 128, value_parser = clap::value_parser!(u32).range(8..))]
    buffer_pool: u32,
}

/// Ends a sandbox's processes and removes everything about it.
#[derive(Debug, clap::Args)]
#[command(arg = human_only())]
struct Down {
    #[command(flatten)]
    which: Which,
    /// All sandboxes on this machine that this user may end.
    #[arg(long, conflicts_with_all = ["name", "dir"])]
    all: bool,
}

/// Shows a sandbox's processes, ports and files, or all sandboxes on this machine.
#[derive(Debug, clap::Args)]
struct Status {
    #[command(flatten)]
    which: Which,
    /// All sandboxes on this machine.
    #[arg(long, conflicts_with_all = ["name", "dir"])]
    all: bool,
    /// Print only the path of `schema.toml`, for scripts.
    #[arg(long, conflicts_with = "format")]
    path: bool,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

/// Runs SQL or a command on a node, as the administrator.
///
/// After `--` stands either SQL (one argument with a blank or a semicolon in it) or a command with its arguments.
/// SQL runs on the node and its rows are printed tab-separated, with a line of column names. A command runs on this
/// machine in an environment in which MariaDB's clients reach the node without further options. Without either, the
/// mariadb client is opened.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  schema sandbox exec n1                               opens the mariadb client on n1
  schema sandbox exec n1 -- 'show tables from app'     SQL on n1
  schema sandbox exec all -- 'select @@hostname, 1'    SQL on every node, one after the other
  schema sandbox exec haproxy -- 'select 1'            SQL through HAProxy, as the account `app`
  schema sandbox exec n2 -- mariadb-dump app           a command with n2 as its server")]
struct Exec {
    #[command(flatten)]
    which: Which,
    /// A node's name, `all`, or `haproxy`.
    #[arg(value_name = "NODE")]
    node: String,
    /// SQL to run; may be repeated.
    #[arg(short = 'e', long = "execute", value_name = "SQL", conflicts_with = "command")]
    sql: Vec<String>,
    /// SQL in one argument, or a command with its arguments.
    #[arg(value_name = "SQL|COMMAND", trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

pub(super) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    match args.action {
        Action::Up(args) => super::block_on(up(args, global)),
        Action::Down(args) => down(&args),
        Action::Status(args) => super::block_on(status(args)),
        Action::Exec(args) => super::block_on(exec(args)),
    }
}

async fn up(args: Up, global: &Global) -> Result<ExitCode, Failure> {
    let place = args.which.place()?;
    let options = Options {
        nodes: args.nodes,
        server_dir: args.server_dir,
        buffer_pool_mb: args.buffer_pool,
        ..Options::default()
    };
    let started = Instant::now();
    let say = |event: UpEvent| {
        if !global.quiet {
            let what = match event {
                UpEvent::MakingData => "making the data folders",
                UpEvent::Bootstrapping => "starting n1",
                UpEvent::Joining => "the other nodes join",
                UpEvent::StartingHaproxy => "starting HAProxy",
            };
            let _ = writeln!(anstream::stderr(), "{:5.1} s  {what}", started.elapsed().as_secs_f64());
        }
    };
    let mut signals = Signals::listen()?;
    // Dropping the future of `up` takes down whatever it had started.
    let sandbox = tokio::select! {
        sandbox = Sandbox::up(&place, &options, say) => sandbox?,
        () = signals.next() => return Err(interrupted()),
    };
    if !global.quiet {
        let _ = writeln!(anstream::stderr(), "{:5.1} s  ready", started.elapsed().as_secs_f64());
    }
    print(&describe(&sandbox).await)?;
    Ok(ExitCode::Done)
}

fn interrupted() -> Failure {
    Failure::new(ExitCode::Undone, "Interrupted. The sandbox was taken down; nothing is left of it.")
}

fn down(args: &Down) -> Result<ExitCode, Failure> {
    if args.all {
        for dir in running() {
            Sandbox::down(&dir)?;
            print(&format!("{} is gone.\n", dir.display()))?;
        }
        return Ok(ExitCode::Done);
    }
    let place = args.which.place()?;
    Sandbox::down(&place.dir)?;
    print(&format!("{} is gone.\n", place.dir.display()))?;
    Ok(ExitCode::Done)
}

async fn status(args: Status) -> Result<ExitCode, Failure> {
    let dirs = if args.all { running() } else { vec![args.which.place()?.dir] };
    let mut text = String::new();
    let mut json = Vec::new();
    for dir in dirs {
        let sandbox = match Sandbox::open(&dir) {
            Ok(sandbox) => sandbox,
            // One that is just coming up or going down is no error when all were asked for.
            Err(_) if args.all => continue,
            Err(error) => return Err(error.into()),
        };
        match (args.path, args.format) {
            (true, _) => text += &format!("{}\n", sandbox.schema_toml().display()),
            (false, Format::Human) => text += &describe(&sandbox).await,
            (false, Format::Json) => json.push(as_json(&sandbox).await),
        }
    }
    if args.format == Format::Json {
        text = format!("{}\n", serde_json::json!({ "v": 1, "sandboxes": json }));
    } else if text.is_empty() {
        text = "No sandbox is up.\n".into();
    }
    print(&text)?;
    Ok(ExitCode::Done)
}

async fn exec(args: Exec) -> Result<ExitCode, Failure> {
    let place = args.which.place()?;
    let sandbox = Sandbox::open(&place.dir)?;
    let mut sql = args.sql;
    let mut command = args.command;
    if let [only] = command.as_slice()
        && let Some(text) = only.to_str().filter(|text| text.contains([' ', '\t', '\n', ';']))
    {
        sql.push(text.into());
        command.clear();
    }
    if sql.is_empty() {
        if command.is_empty() {
            command.push("mariadb".into());
        }
        return run_command(&sandbox, &args.node, &command);
    }
    let targets: Vec<(String, Opts)> = match args.node.as_str() {
        "all" => sandbox
            .nodes()
            .iter()
            .map(|node| Ok((node.name().to_owned(), node.opts()?)))
            .collect::<Result<_, Error>>()?,
        "haproxy" => vec![("haproxy".into(), sandbox.app_opts()?)],
        name => vec![(name.into(), known_node(&sandbox, name)?.opts()?)],
    };
    let titles = targets.len() > 1;
    for (name, opts) in targets {
        if titles {
            print(&format!("# {name}\n"))?;
        }
        // What the statements themselves do wrong is the user's answer, not a fault of the sandbox.
        let failed = |error: mysql_async::Error| Failure::new(ExitCode::No, format!("{name}: {error}"));
        let conn = Conn::new(OptsBuilder::from_opts(opts)).await;
        let mut conn = conn.map_err(|error| Failure::unobservable(format!("{name} cannot be reached: {error}")))?;
        for statement in &sql {
            print(&rows(&mut conn, statement).await.map_err(failed)?)?;
        }
        let _ = conn.disconnect().await;
    }
    Ok(ExitCode::Done)
}

/// Runs one or more statements and gives all their rows, tab-separated.
async fn rows(conn: &mut Conn, sql: &str) -> Result<String, mysql_async::Error> {
    let mut text = String::new();
    let mut result = conn.query_iter(sql).await?;
    while let Some(columns) = result.columns() {
        let names: Vec<_> = columns.iter().map(|column| column.name_str().into_owned()).collect();
        if !names.is_empty() {
            let _ = writeln!(text, "{}", names.join("\t"));
        }
        let rows: Vec<mysql_async::Row> = result.collect().await?;
        for row in rows {
            let fields: Vec<String> = row.unwrap().iter().map(field).collect();
            let _ = writeln!(text, "{}", fields.join("\t"));
        }
    }
    Ok(text)
}

/// One value as the mariadb client prints it in batch mode.
fn field(value: &Value) -> String {
    match value {
        Value::NULL => "NULL".into(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes)
            .replace('\\', "\\\\")
            .replace('\t', "\\t")
            .replace('\n', "\\n")
            .replace('\0', "\\0"),
        other => other.as_sql(true),
    }
}

fn run_command(sandbox: &Sandbox, name: &str, command: &[OsString]) -> Result<ExitCode, Failure> {
    let (home, port) = match name {
        "all" => return Err(Failure::usage("`all` takes SQL only; name one node for a command.")),
        "haproxy" => {
            return Err(Failure::usage("`haproxy` takes SQL only.")
                .hint(format!("A client reaches it with --defaults-file={}.", sandbox.app_cnf().display())));
        }
        name => {
            let node = known_node(sandbox, name)?;
            (node.client_home(), node.port())
        }
    };
    let (program, arguments) = command.split_first().ok_or_else(|| Failure::usage("There is no command to run."))?;
    let status = std::process::Command::new(program)
        .args(arguments)
        // Clients read my.cnf there: login without a password in any argument or environment.
        .env("MYSQL_HOME", home)
        .env("MYSQL_HOST", "127.0.0.1")
        .env("MYSQL_TCP_PORT", port.to_string())
        .env("SCHEMA_CONFIG", sandbox.schema_toml())
        .status()
        .map_err(|error| Failure::usage(format!("Cannot run {}: {error}.", program.display())))?;
    if status.success() {
        return Ok(ExitCode::Done);
    }
    Err(Failure::new(ExitCode::No, format!("{} ended with {status}.", program.display())))
}

fn known_node<'a>(sandbox: &'a Sandbox, name: &str) -> Result<&'a crate::sandbox::Node, Failure> {
    sandbox.node(name).ok_or_else(|| {
        let names: Vec<&str> = sandbox.nodes().iter().map(crate::sandbox::Node::name).collect();
        Failure::usage(format!(
            "The sandbox has no node `{name}`; it has {}, and `haproxy` and `all`.",
            names.join(", ")
        ))
    })
}

/// A sandbox on a page: what runs where, and how to reach it.
pub(super) async fn describe(sandbox: &Sandbox) -> String {
    let mut text = format!("Sandbox {} in {}\n", sandbox.name(), sandbox.dir().display());
    for node in sandbox.nodes() {
        let state = state_of(node).await;
        let pid = node.pid().map_or_else(|| "-".into(), |pid| pid.to_string());
        let _ = writeln!(text, "  {:<9} {:<16} pid {pid:<8} {state}", node.name(), node.address());
    }
    for haproxy in sandbox.haproxies() {
        let pid = haproxy.pid().map_or_else(|| "-".into(), |pid| pid.to_string());
        let state = if haproxy.is_running() { "running" } else { "stopped" };
        let address = format!("127.0.0.1:{}", haproxy.port());
        let _ = writeln!(text, "  {:<9} {address:<16} pid {pid:<8} {state}", haproxy.name());
    }
    let _ = writeln!(text, "The tool:     export SCHEMA_CONFIG={}", sandbox.schema_toml().display());
    let _ = writeln!(text, "Applications: mariadb --defaults-file={}", sandbox.app_cnf().display());
    text
}

async fn state_of(node: &crate::sandbox::Node) -> String {
    if !node.is_running() {
        return "stopped".into();
    }
    let asked = tokio::time::timeout(std::time::Duration::from_secs(2), node.status("wsrep_local_state_comment")).await;
    match asked {
        Ok(Ok(Some(state))) => state,
        _ => "does not answer".into(),
    }
}

async fn as_json(sandbox: &Sandbox) -> serde_json::Value {
    let mut nodes = Vec::new();
    for node in sandbox.nodes() {
        nodes.push(serde_json::json!({
            "name": node.name(), "address": node.address(), "pid": node.pid(), "state": state_of(node).await,
            "my_cnf": node.my_cnf(), "socket": node.socket(), "error_log": node.error_log(), "data": node.data_dir(),
        }));
    }
    let haproxies: Vec<_> = sandbox
        .haproxies()
        .iter()
        .map(|haproxy| {
            serde_json::json!({
                "name": haproxy.name(), "address": format!("127.0.0.1:{}", haproxy.port()), "pid": haproxy.pid(),
                "running": haproxy.is_running(), "socket": haproxy.socket(), "backends": haproxy.backends(),
                "stats": format!("127.0.0.1:{}", haproxy.stats_port()), "config": haproxy.config(),
                "operator_socket": haproxy.operator_socket(), "master_socket": haproxy.master_socket(),
            })
        })
        .collect();
    serde_json::json!({
        "name": sandbox.name(), "dir": sandbox.dir(), "config": sandbox.schema_toml(), "app_cnf": sandbox.app_cnf(),
        "nodes": nodes, "haproxies": haproxies,
    })
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::Usage(_) => Self::usage(text),
            Error::Missing { packages, .. } => {
                Self::unobservable(text).next(format!("sudo apt-get install {}", packages.join(" ")))
            }
            Error::Occupied(_) => Self::refused(text)
                .hint("`schema sandbox down` ends it; --name and --dir give another one a place of its own."),
            Error::Absent(_) => Self::unobservable(text).next("schema sandbox status --all"),
            Error::Process { .. } => Self::new(ExitCode::Undone, text),
            Error::Sql { .. } | Error::Io { .. } => Self::unobservable(text),
        }
    }
}
