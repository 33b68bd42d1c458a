//! The sandbox itself: it comes up whole, several fit side by side, and nothing of it is left behind.

use std::path::Path;
use std::time::{Duration, Instant};

use galera_schema::sandbox::{Error, Node, Options, Sandbox, Scoped};
use libtest_mimic::Trial;

use crate::support::{Ran, database, program, shared, trial, until};

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    vec![
        trial("sandbox::nodes_replicate_and_haproxy_reaches_them", nodes_replicate_and_haproxy_reaches_them),
        trial("sandbox::servers_run_unprivileged", servers_run_unprivileged),
        trial("sandbox::secrets_are_secret", secrets_are_secret),
        trial("sandbox::a_node_stops_and_comes_back", a_node_stops_and_comes_back),
        trial("sandbox::haproxy_reloads", haproxy_reloads),
        trial("sandbox::command_line_life", command_line_life),
        trial("sandbox::interrupted_up_leaves_nothing", interrupted_up_leaves_nothing),
        trial("sandbox::two_at_the_same_moment", two_at_the_same_moment),
    ]
}

async fn nodes_replicate_and_haproxy_reaches_them() -> Result<(), Error> {
    let sandbox = shared().await;
    database(&sandbox, "sandbox_a").await;
    sandbox.nodes()[0].execute("create table sandbox_a.t (id int primary key)").await?;
    sandbox.nodes()[1].execute("insert into sandbox_a.t values (1)").await?;
    let seen = sandbox.nodes()[2].value("set wsrep_sync_wait = 1; select count(*) from sandbox_a.t").await;
    // `set` gives no rows: the count is asked for on its own, after a wait that only a caught-up node ends.
    assert!(seen.is_ok());
    until("the row is on n3", Duration::from_secs(5), async || {
        sandbox.nodes()[2].value("select count(*) from sandbox_a.t").await.unwrap().as_deref() == Some("1")
    })
    .await;
    let mut through = mysql_async::Conn::new(sandbox.app_opts()?).await.unwrap();
    let row: Option<(String, u64)> =
        mysql_async::prelude::Queryable::query_first(&mut through, "select current_user(), 1").await.unwrap();
    assert_eq!(row, Some(("app@%".into(), 1)));
    Ok(())
}

async fn servers_run_unprivileged() -> Result<(), Error> {
    let sandbox = shared().await;
    let pids = sandbox.nodes().iter().filter_map(Node::pid).chain(sandbox.haproxies().iter().filter_map(|h| h.pid()));
    let mut count = 0;
    for pid in pids {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let uid = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap().split_whitespace().next().unwrap();
        assert_ne!(uid, "0", "process {pid} runs as root");
        count += 1;
    }
    assert_eq!(count, 4);
    Ok(())
}

async fn secrets_are_secret() -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = shared().await;
    let node = &sandbox.nodes()[0];
    for file in [sandbox.password_file(), sandbox.app_cnf(), node.client_home().join("my.cnf")] {
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
    let password = std::fs::read_to_string(sandbox.password_file()).unwrap();
    let words = std::fs::read_to_string(format!("/proc/{}/cmdline", node.pid().unwrap())).unwrap();
    assert!(!words.contains(password.trim()));
    assert!(!std::fs::read_to_string(sandbox.schema_toml()).unwrap().contains(password.trim()));
    Ok(())
}

async fn a_node_stops_and_comes_back() -> Result<(), Error> {
    let sandbox = shared().await;
    let node = sandbox.node("n3").unwrap();
    node.stop().await?;
    assert!(!node.is_running());
    assert!(matches!(sandbox.bootstrap("n3").await, Err(Error::Occupied(_))), "it would split the cluster");
    node.start().await?;
    assert_eq!(sandbox.nodes()[0].status("wsrep_cluster_size").await?.as_deref(), Some("3"));
    node.pause()?;
    let stalled = tokio::time::timeout(Duration::from_millis(300), node.value("select 1")).await;
    assert!(stalled.is_err(), "a stalled server answers nothing");
    node.unpause()?;
    node.wait_synced(Duration::from_secs(20)).await?;
    Ok(())
}

async fn haproxy_reloads() -> Result<(), Error> {
    let sandbox = shared().await;
    let haproxy = sandbox.haproxy().unwrap();
    haproxy.reload().await?;
    haproxy.wait_up(sandbox.nodes(), Duration::from_secs(10)).await?;
    haproxy.stop().await?;
    assert!(!haproxy.is_running());
    haproxy.start().await?;
    haproxy.wait_up(sandbox.nodes(), Duration::from_secs(10)).await
}

/// A folder for one test, removed at its end.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn sandbox(arguments: &[&str], dir: &Path) -> Ran {
    program().arg("sandbox").args(arguments).arg("--dir").arg(dir).output().unwrap().into()
}

async fn command_line_life() -> Result<(), Error> {
    let parent = folder();
    let dir = parent.path().join("sb");
    sandbox(&["status"], &dir).expect_code(4);
    let started = Instant::now();
    sandbox(&["up", "--nodes", "2"], &dir).expect_code(0);
    let took = started.elapsed();
    assert!(took < Duration::from_secs(40), "took {took:?}");
    sandbox(&["up"], &dir).expect_code(3);
    let path = sandbox(&["status", "--path"], &dir).expect_code(0).stdout;
    assert_eq!(Path::new(path.trim()), dir.join("schema.toml"));

    let exec = |arguments: &[&str]| -> Ran {
        program().args(["sandbox", "exec", "--dir"]).arg(&dir).args(arguments).output().unwrap().into()
    };
    assert_eq!(exec(&["n1", "--", "select 1 as a, null as b"]).expect_code(0).stdout, "a\tb\n1\tNULL\n");
    assert_eq!(exec(&["n2", "-e", "select 2 as a"]).expect_code(0).stdout, "a\n2\n");
    assert_eq!(
        exec(&["all", "--", "select 3 x; select 4 y"]).expect_code(0).stdout,
        "# n1\nx\n3\ny\n4\n# n2\nx\n3\ny\n4\n"
    );
    assert!(exec(&["n1", "--", "mariadb", "-Ne", "select current_user()"]).expect_code(0).stdout.contains("schema@%"));
    exec(&["n1", "--", "select nonsense from nowhere"]).expect_code(1);
    exec(&["n9", "--", "select 1"]).expect_code(2);

    let opened = Sandbox::open(&dir)?;
    let pids: Vec<i32> = opened.nodes().iter().filter_map(Node::pid).collect();
    assert_eq!(pids.len(), 2);
    sandbox(&["down"], &dir).expect_code(0);
    assert!(!dir.exists());
    assert_eq!(marks(&dir), Vec::<String>::new());
    sandbox(&["down"], &dir).expect_code(4);
    Ok(())
}

async fn interrupted_up_leaves_nothing() -> Result<(), Error> {
    for stage in ["initialise.log", "error.log"] {
        let parent = folder();
        let dir = parent.path().join("sb");
        let mut child = program().args(["--quiet", "sandbox", "up", "--dir"]).arg(&dir).spawn().unwrap();
        until("the first server starts", Duration::from_secs(20), async || dir.join("n1").join(stage).exists()).await;
        let reserved = marks(&dir);
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.id().cast_signed()), nix::sys::signal::SIGINT).unwrap();
        let code = child.wait().unwrap().code();
        assert_eq!(code, Some(5));
        assert!(!dir.exists(), "{} is left", dir.display());
        assert!(marks(&dir).is_empty(), "of {reserved:?} some are left");
    }
    Ok(())
}

/// The processes whose command line names a file in `dir`.
fn marks(dir: &Path) -> Vec<String> {
    let dir = dir.display().to_string();
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.parse::<u32>().is_ok()))
        .filter(|entry| entry.file_name().to_str() != Some(&std::process::id().to_string()))
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|words| String::from_utf8_lossy(&words).replace('\0', " "))
        .filter(|words| words.contains(&dir))
        .collect()
}

async fn two_at_the_same_moment() -> Result<(), Error> {
    let options = Options { nodes: 1, buffer_pool_mb: 32, ..Options::default() };
    let (one, two) = tokio::join!(Scoped::up("one", &options), Scoped::up("two", &options));
    let (one, two) = (one?, two?);
    assert_ne!(one.nodes()[0].port(), two.nodes()[0].port());
    one.nodes()[0].execute("create database only_one").await?;
    assert_eq!(two.nodes()[0].value("show databases like 'only_one'").await?, None);
    Ok(())
}
