//! What the areas' tests share: the cluster, a runtime, and the program under test.

use std::fmt::Debug;
use std::future::Future;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use galera_schema::sandbox::{Options, Sandbox, Scoped};
use libtest_mimic::{Failed, Trial};
use tokio::sync::{Mutex, MutexGuard};

/// A test whose body is asynchronous. It fails when the body panics or gives an error.
pub fn trial<F, R, E>(name: &str, body: F) -> Trial
where
    F: FnOnce() -> R + Send + 'static,
    R: Future<Output = Result<(), E>>,
    E: Debug,
{
    Trial::test(name, move || block_on(body()).map_err(|error| Failed::from(format!("{error:?}"))))
}

/// Runs a future to its end on a runtime of its own.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work)
}

static SHARED: Mutex<Option<Scoped>> = Mutex::const_new(None);

/// The cluster that tests share, for one test at a time.
pub struct Shared(MutexGuard<'static, Option<Scoped>>);

impl Deref for Shared {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        self.0.as_ref().unwrap()
    }
}

/// `SCHEMA_TEST_SERVER=PREFIX`: the server of `tests/fetch-servers` that the shared cluster runs, instead of the system's.
pub fn other_server() -> Option<PathBuf> {
    std::env::var_os("SCHEMA_TEST_SERVER").map(Into::into)
}

/// The shared cluster, healthy: brought up at its first use, and anew when the test before left it broken. A test
/// works in databases of its own ([`database`]) and puts back what else it changes.
pub async fn shared() -> Shared {
    let mut slot = SHARED.lock().await;
    if let Some(sandbox) = slot.as_ref()
        && let Err(why) = healthy(sandbox).await
    {
        eprintln!("the shared cluster is replaced: {why}");
        *slot = None;
    }
    if slot.is_none() {
        *slot = Some(Scoped::up("live", &Options { server_dir: other_server(), ..Options::default() }).await.unwrap());
    }
    Shared(slot)
}

async fn healthy(sandbox: &Sandbox) -> Result<(), galera_schema::sandbox::Error> {
    for node in sandbox.nodes() {
        node.wait_synced(Duration::from_secs(5)).await?;
    }
    for haproxy in sandbox.haproxies() {
        haproxy.wait_up(sandbox.nodes(), Duration::from_secs(5)).await?;
    }
    Ok(())
}

/// Makes an empty database of that name, dropping what was there.
pub async fn database(sandbox: &Sandbox, name: &str) {
    let node = &sandbox.nodes()[0];
    node.execute(&format!("create or replace database `{name}`")).await.unwrap();
}

/// Awaits a condition; fails with `what` when it does not hold in time.
pub async fn until<F, R>(what: &str, limit: Duration, mut holds: F)
where
    F: FnMut() -> R,
    R: Future<Output = bool>,
{
    let deadline = Instant::now() + limit;
    while !holds().await {
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What the program did.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            // A signal has no code; no code of the program is negative.
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ran {
    /// Fails unless the program ended with this code, and shows what it said.
    pub fn expect_code(self, code: i32) -> Self {
        let Self { stdout, stderr, .. } = &self;
        assert_eq!(self.code, code, "exit code\n--- stdout\n{stdout}\n--- stderr\n{stderr}");
        self
    }
}

/// The program under test, with nothing of the caller's configuration.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_schema"));
    for name in ["SCHEMA_CONFIG", "SCHEMA_SANDBOX", "SCHEMA_LOG", "MYSQL_PWD"] {
        command.env_remove(name);
    }
    command.env("NO_COLOR", "1").current_dir(std::env::temp_dir());
    command
}

/// Runs the program with the sandbox's configuration.
pub fn schema(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    schema_with(&sandbox.schema_toml(), arguments)
}

/// Runs the program with a configuration file.
pub fn schema_with(config: &Path, arguments: &[&str]) -> Ran {
    program().arg("--config").arg(config).args(arguments).output().unwrap().into()
}
