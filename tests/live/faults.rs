//! Faults in the middle of a roll, under an application's load. Each ends with all nodes Synced, in rotation and equal,
//! and no acknowledged write lost, after at most one `schema resume`. `docs/reliability.md` tells what was seen.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use galera_schema::cluster::Connector;
use galera_schema::engine::{self, Signals};
use galera_schema::plan::Method;
use galera_schema::run::{Event, EventSink, Outcome, Stamped};
use galera_schema::sandbox::workload::{Profile, Window, Workload, fill, prepare};
use galera_schema::sandbox::{Error, Node, Sandbox};
use libtest_mimic::Trial;
use mysql_async::prelude::Queryable;
use nix::sys::signal::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::resume::{Running, quick_config};
use crate::running::{Events, Step, assert_all_home, assert_equal, cluster, plan, settings};
use crate::support::{database, program, trial, until};

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    vec![
        trial("faults::the_node_under_ddl_is_killed", the_node_under_ddl_is_killed),
        trial("faults::another_node_is_killed", another_node_is_killed),
        trial("faults::stopped_while_another_node_is_down", stopped_while_another_node_is_down),
        trial("faults::a_full_state_transfer_during_the_roll", a_full_state_transfer_during_the_roll),
        trial("faults::the_balancer_is_gone", the_balancer_is_gone),
        trial("faults::the_network_is_cut_and_slow", the_network_is_cut_and_slow),
        trial("faults::the_disk_is_full_on_one_node", the_disk_is_full_on_one_node),
        trial("faults::a_second_tool_and_a_person", a_second_tool_and_a_person),
        trial("faults::rsu_that_does_not_begin_is_caught", rsu_that_does_not_begin_is_caught),
        trial("faults::the_holder_is_frozen_and_woken", the_holder_is_frozen_and_woken),
    ]
}

/// A sandbox with a table worth a rebuild, under load.
struct Scene<'a> {
    sandbox: &'a Sandbox,
    config: tempfile::NamedTempFile,
    workload: Workload,
    started: Instant,
}

const SQL: &str = "alter table fault.orders add index by_fault (note, placed)";

impl<'a> Scene<'a> {
    async fn set(sandbox: &'a Sandbox, rows: u64) -> Result<Self, Error> {
        let profile = Profile { database: "fault".into(), rows, clients: 6, ..Profile::default() };
        sandbox.nodes()[0].execute("drop database if exists fault").await?;
        prepare(sandbox, &profile.database, profile.clients).await?;
        fill(sandbox, &profile.database, profile.rows, |_| ()).await?;
        let config = quick_config(sandbox);
        let workload = Workload::start(sandbox.app_opts()?, profile).unwrap();
        until("the application writes", Duration::from_secs(20), async || {
            workload.figures(Window { from: Duration::ZERO, to: workload.now() }).writes > 50
        })
        .await;
        Ok(Self { sandbox, config, workload, started: Instant::now() })
    }

    fn apply(&self) -> Running {
        Running::start(self.config.path(), &["apply", "--method", "rsu", "-e", SQL])
    }

    /// Lets the run end, resumes once when it stopped half-way, and looks at what is left.
    async fn survive(self, name: &str, run: Running) -> Result<(), Error> {
        let ended = tokio::task::spawn_blocking(move || run.end()).await.unwrap();
        self.settle(name, ended).await
    }

    async fn settle(self, name: &str, ended: i32) -> Result<(), Error> {
        for node in self.sandbox.nodes() {
            node.wait_synced(Duration::from_secs(60)).await?;
        }
        let resumed = if matches!(ended, 0 | 5) { None } else { Some(resume(self.config.path()).await) };
        let failed = self.workload.figures(Window { from: Duration::ZERO, to: self.workload.now() }).failed;
        let (_, ledger) = self.workload.stop();
        assert_all_home(self.sandbox).await;
        let schema = assert_equal(self.sandbox, "fault.orders").await;
        eprintln!(
            "{name}: ended with {ended}, resume with {resumed:?}, clients' failures {failed:?}, {:.1} s, index {}",
            self.started.elapsed().as_secs_f64(),
            if schema.contains("by_fault") { "there" } else { "not there" }
        );
        for node in self.sandbox.nodes() {
            let losses = ledger.check(node, "fault").await?;
            assert!(losses.is_none(), "{name}, {}: {losses:?}", node.name());
        }
        assert!(matches!(resumed, None | Some(0 | 5)), "{name}: resume ended with {resumed:?}");
        assert_eq!(schema.contains("by_fault"), ended == 0 || resumed == Some(0), "{name}");
        Ok(())
    }
}

async fn resume(config: &Path) -> i32 {
    let mut command = program();
    command.arg("--config").arg(config).arg("resume");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let code = output.status.code().unwrap_or(-1);
    if code != 0 {
        eprintln!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    }
    code
}

/// Reads events without holding the runtime up.
async fn after(mut run: Running, kind: &'static str, times: usize) -> Running {
    tokio::task::spawn_blocking(move || {
        assert!(run.until(kind, times), "no {kind} number {times}");
        run
    })
    .await
    .unwrap()
}

/// The node that is away now.
async fn away(sandbox: &Sandbox) -> Node {
    for node in sandbox.nodes() {
        if node.value("select @@global.wsrep_desync").await.unwrap().as_deref() == Some("1") {
            return node.clone();
        }
    }
    panic!("no node is away");
}

async fn the_node_under_ddl_is_killed() -> Result<(), Error> {
    let sandbox = cluster().await;
    let scene = Scene::set(&sandbox, 200_000).await?;
    let run = after(scene.apply(), "ddl_started", 1).await;
    let node = away(&sandbox).await;
    node.kill().await?;
    // What a node that dies in RSU gets incrementally begins at a wrong seqno at times: it is given everything.
    std::fs::remove_file(node.data_dir().join("grastate.dat")).unwrap();
    start_again(&node).await?;
    scene.survive("node under DDL killed", run).await
}

/// Starts a node as a service manager does: again when the server gives up. Galera's own joins fail at times (an IST
/// that starts at a wrong seqno, a port that is not free yet), and that is not what is tested here.
async fn start_again(node: &Node) -> Result<(), Error> {
    for attempt in 1..3 {
        match node.start().await {
            Ok(()) => return Ok(()),
            Err(error) => eprintln!("start {attempt} of {} failed: {error}", node.name()),
        }
        if node.is_running() {
            node.kill().await?;
        }
    }
    node.start().await
}

async fn another_node_is_killed() -> Result<(), Error> {
    let sandbox = cluster().await;
    let scene = Scene::set(&sandbox, 200_000).await?;
    let run = after(scene.apply(), "ddl_started", 1).await;
    let under = away(&sandbox).await;
    let other = sandbox.nodes().iter().find(|node| node.name() != under.name()).unwrap();
    other.kill().await?;
    start_again(other).await?;
    scene.survive("another node killed", run).await
}

/// The run is told to stop while a node is down that it has nothing to do with: its own node comes home all the same.
async fn stopped_while_another_node_is_down() -> Result<(), Error> {
    let sandbox = cluster().await;
    let scene = Scene::set(&sandbox, 100_000).await?;
    let run = after(scene.apply(), "ddl_started", 1).await;
    let under = away(&sandbox).await;
    let other = sandbox.nodes().iter().find(|node| node.name() != under.name()).unwrap();
    other.kill().await?;
    run.signal(Signal::SIGINT);
    let ended = tokio::task::spawn_blocking(move || run.end()).await.unwrap();
    assert_eq!(under.value("select @@global.wsrep_desync").await?.as_deref(), Some("0"), "ended with {ended}");
    let nodes = [under];
    sandbox.haproxy().unwrap().wait_up(&nodes, Duration::from_secs(10)).await?;
    start_again(other).await?;
    scene.settle("stopped while another node is down", ended).await
}

async fn a_full_state_transfer_during_the_roll() -> Result<(), Error> {
    let sandbox = cluster().await;
    let scene = Scene::set(&sandbox, 50_000).await?;
    let run = after(scene.apply(), "ddl_started", 1).await;
    let first = away(&sandbox).await;
    let run = after(run, "drain_started", 1).await;
    first.stop().await?;
    std::fs::remove_file(first.data_dir().join("grastate.dat")).unwrap();
    start_again(&first).await?;
    scene.survive("full state transfer", run).await
}

async fn the_balancer_is_gone() -> Result<(), Error> {
    let sandbox = cluster().await;
    let scene = Scene::set(&sandbox, 100_000).await?;
    let run = after(scene.apply(), "ddl_started", 1).await;
    let haproxy = sandbox.haproxy().unwrap();
    haproxy.stop().await?;
    let ended = tokio::task::spawn_blocking(move || run.end()).await.unwrap();
    assert_eq!(ended, 6, "the node cannot be given back to a balancer that is not there");
    haproxy.start().await?;
    scene.settle("balancer gone", ended).await
}

/// A way to one node that can be cut and slowed.
struct Line {
    port: u16,
    /// Milliseconds that every packet takes; `u64::MAX` cuts.
    delay: Arc<AtomicU64>,
}

impl Line {
    async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap().port();
        let delay = Arc::new(AtomicU64::new(0));
        let of_task = Arc::clone(&delay);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let delay = Arc::clone(&of_task);
                tokio::spawn(async move {
                    if delay.load(Ordering::Relaxed) == u64::MAX {
                        return;
                    }
                    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                    let (client, server) = (client.into_split(), server.into_split());
                    tokio::select! {
                        () = pass(client.0, server.1, &delay) => {}
                        () = pass(server.0, client.1, &delay) => {}
                    }
                });
            }
        });
        Self { port: here, delay }
    }
}

async fn pass(mut from: tokio::net::tcp::OwnedReadHalf, mut to: tokio::net::tcp::OwnedWriteHalf, delay: &AtomicU64) {
    let mut buffer = vec![0; 65536];
    loop {
        let read = tokio::time::timeout(Duration::from_millis(50), from.read(&mut buffer)).await;
        match delay.load(Ordering::Relaxed) {
            u64::MAX => return,
            millis => tokio::time::sleep(Duration::from_millis(millis)).await,
        }
        match read {
            Err(_) => {}
            Ok(Ok(0) | Err(_)) => return,
            Ok(Ok(count)) => {
                if to.write_all(&buffer[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn the_network_is_cut_and_slow() -> Result<(), Error> {
    let sandbox = cluster().await;
    let scene = Scene::set(&sandbox, 200_000).await?;
    let mut toml = std::fs::read_to_string(scene.config.path()).unwrap();
    let mut lines = Vec::new();
    for node in sandbox.nodes() {
        let line = Line::to(node.port()).await;
        toml = toml.replace(&format!("127.0.0.1:{}\"", node.port()), &format!("127.0.0.1:{}\"", line.port));
        lines.push(line);
    }
    std::fs::write(scene.config.path(), toml).unwrap();
    for line in &lines {
        line.delay.store(20, Ordering::Relaxed);
    }
    let run = after(scene.apply(), "ddl_started", 1).await;
    for line in &lines {
        line.delay.store(u64::MAX, Ordering::Relaxed);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    for line in &lines {
        line.delay.store(0, Ordering::Relaxed);
    }
    scene.survive("network cut and slow", run).await
}

async fn the_disk_is_full_on_one_node() -> Result<(), Error> {
    let sandbox = cluster().await;
    let scene = Scene::set(&sandbox, 200_000).await?;
    // The sort files of an index build go to the node's folder for temporary files.
    let full = sandbox.nodes()[1].tmp_dir();
    let mount = |arguments: &[&str]| {
        std::process::Command::new(arguments[0]).args(&arguments[1..]).arg(&full).status().unwrap().success()
    };
    assert!(mount(&["mount", "-t", "tmpfs", "-o", "size=64k,mode=777", "tmpfs"]), "this test mounts a file system");
    let run = scene.apply();
    let ended = tokio::task::spawn_blocking(move || run.end()).await.unwrap();
    assert!(mount(&["umount", "-l"]));
    assert_eq!(ended, 5, "what was done is undone");
    scene.settle_undone("disk full", ended).await
}

impl Scene<'_> {
    async fn settle_undone(self, name: &str, ended: i32) -> Result<(), Error> {
        let (_, ledger) = self.workload.stop();
        assert_all_home(self.sandbox).await;
        let schema = assert_equal(self.sandbox, "fault.orders").await;
        eprintln!("{name}: ended with {ended}");
        assert!(!schema.contains("by_fault"));
        for node in self.sandbox.nodes() {
            let losses = ledger.check(node, "fault").await?;
            assert!(losses.is_none(), "{name}, {}: {losses:?}", node.name());
        }
        Ok(())
    }
}

async fn a_second_tool_and_a_person() -> Result<(), Error> {
    let sandbox = cluster().await;
    let scene = Scene::set(&sandbox, 50_000).await?;
    let run = after(scene.apply(), "admitted", 1).await;
    let mut second = program();
    second.arg("--config").arg(scene.config.path()).args(["apply", "-e", "alter table fault.orders force"]);
    let refused = tokio::task::spawn_blocking(move || second.output().unwrap()).await.unwrap();
    assert_eq!(refused.status.code(), Some(3), "{}", String::from_utf8_lossy(&refused.stderr));
    for node in sandbox.nodes() {
        // A person on the first node that takes it: one that is away would hang.
        if node.value("select @@global.wsrep_desync").await?.as_deref() == Some("OFF") {
            node.execute("alter table fault.orders add column person int").await?;
            break;
        }
    }
    scene.survive("second tool and a person", run).await
}

async fn the_holder_is_frozen_and_woken() -> Result<(), Error> {
    let sandbox = cluster().await;
    let scene = Scene::set(&sandbox, 50_000).await?;
    let run = after(scene.apply(), "ddl_started", 1).await;
    run.signal(Signal::SIGSTOP);
    let resumed = resume(scene.config.path()).await;
    assert_eq!(resumed, 0, "the run is taken over when its holder's time is over");
    run.signal(Signal::SIGCONT);
    let woken = tokio::task::spawn_blocking(move || run.end()).await.unwrap();
    assert_eq!(woken, 6, "the frozen holder does nothing more");
    scene.settle("holder frozen", 0).await
}

/// Clients that commit on the drained node without a pause make RSU fail silently now and then. Whatever happens, no
/// statement works on a node that is not in RSU.
async fn rsu_that_does_not_begin_is_caught() -> Result<(), Error> {
    struct Committers {
        events: Events,
        nodes: Vec<Node>,
        tasks: Vec<tokio::task::JoinHandle<()>>,
    }
    impl EventSink for Committers {
        fn event(&mut self, event: &Stamped) {
            if let Event::Drained { node, .. } = &event.event {
                let node = self.nodes.iter().find(|one| one.name() == node).unwrap().clone();
                for client in 0..16 {
                    let node = node.clone();
                    self.tasks.push(tokio::spawn(async move {
                        let Ok(mut conn) = node.connect().await else { return };
                        // Big write sets take their time to commit.
                        let first = client * 10_000;
                        let sql = format!(
                            "insert into c select {first} + seq, 1 from seq_1_to_3000 on duplicate key update a = a + 1"
                        );
                        if conn.query_drop("use fault_rsu").await.is_err() {
                            return;
                        }
                        let until = Instant::now() + Duration::from_millis(1500);
                        while Instant::now() < until && conn.query_drop(&sql).await.is_ok() {}
                    }));
                }
            }
            self.events.event(event);
        }
    }
    let sandbox = cluster().await;
    database(&sandbox, "fault_rsu").await;
    sandbox.nodes()[0].execute("create table fault_rsu.t (id int primary key, a int)").await?;
    sandbox.nodes()[0].execute("create table fault_rsu.c (id int primary key, a int)").await?;
    let step = |sql| Step { sql, object: "fault_rsu.t", operation: "add_index", inverse: None };
    let plan = plan(&sandbox, Method::Rsu, &[step("alter table fault_rsu.t add index ia (a)")]);
    let mut sink = Committers { events: Events::default(), nodes: sandbox.nodes().to_vec(), tasks: Vec::new() };
    let settings = settings(&sandbox);
    let connector = Connector::open(&settings).await.unwrap();
    let mut signals = Signals::listen().unwrap();
    let ending = engine::apply(plan, &connector, &settings, &mut sink, &mut signals).await.unwrap();
    for task in sink.tasks.drain(..) {
        let _ = task.await;
    }
    let proven = sink.events.count(|event| matches!(event, Event::RsuProven { .. }));
    let caught = sink.events.count(|event| matches!(event, Event::Retry { .. }));
    eprintln!("silent RSU: {caught} caught, {proven} proven, {:?} {}", ending.outcome, ending.text);
    let begun = sink.events.count(|event| matches!(event, Event::DdlStarted { .. }));
    assert_eq!(begun, proven, "no statement works unproven");
    assert_all_home(&sandbox).await;
    if ending.outcome == Outcome::Resumable {
        assert_eq!(resume(quick_config(&sandbox).path()).await, 0);
    }
    assert_equal(&sandbox, "fault_rsu.t").await;
    Ok(())
}
