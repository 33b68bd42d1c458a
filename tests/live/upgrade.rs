//! Rolling upgrades of real servers: from 10.11.18 to 10.11.19 and back, under load, and with everything going wrong
//! on the way.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use galera_schema::sandbox::workload::{Figures, Profile, Window, Workload, prepare};
use galera_schema::sandbox::{Error, Options, Scoped};
use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::{Ran, program, schema, trial, until};

const OLD: &str = "10.11.18";
const NEW: &str = "10.11.19";
/// The tests' settle; a site takes a minute.
const SETTLE: Duration = Duration::from_secs(3);

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    vec![
        trial("upgrade::under_load_and_back", under_load_and_back),
        trial("upgrade::faults_leave_the_others_in_service", faults_leave_the_others_in_service),
        trial("upgrade::killed_at_every_step", killed_at_every_step),
        trial("upgrade::a_full_transfer_is_announced", a_full_transfer_is_announced),
    ]
}

/// The two servers, unpacked side by side where the servers' user can read them.
fn servers() -> PathBuf {
    let dir = std::env::temp_dir().join("galera-schema-test-servers");
    for version in [OLD, NEW] {
        let fetched = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fetch-servers"))
            .arg(version)
            .arg(dir.join(version))
            .stdout(Stdio::null())
            .output()
            .unwrap();
        assert!(fetched.status.success(), "{version}: {}", String::from_utf8_lossy(&fetched.stderr));
    }
    dir
}

/// A cluster of the old version, with commands that install and start servers.
struct Site {
    sandbox: Scoped,
}

impl Site {
    async fn up(name: &str, extra_my_cnf: &str) -> Self {
        let servers = servers();
        let options =
            Options { server_dir: Some(servers.join(OLD)), extra_my_cnf: extra_my_cnf.into(), ..Options::default() };
        let sandbox = Scoped::up(name, &options).await.unwrap();
        let site = Self { sandbox };
        let script = include_str!("upgrade/site.sh")
            .replace("@DIR@", &site.sandbox.dir().display().to_string())
            .replace("@SERVERS@", &servers.display().to_string());
        std::fs::write(site.script(), script).unwrap();
        site.configure("sh -c", SETTLE);
        site
    }

    fn script(&self) -> PathBuf {
        self.sandbox.dir().join("site.sh")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.sandbox.dir().join(name)
    }

    /// Writes `[upgrade]` with this shell.
    fn configure(&self, shell: &str, settle: Duration) {
        let toml = self.sandbox.schema_toml();
        let text = std::fs::read_to_string(&toml).unwrap();
        let text = text.split("\n[upgrade]").next().unwrap();
        let script = format!("sh {}", self.script().display());
        let upgrade = format!(
            "\n[upgrade]\nshell = '{shell}'\nstop = '{script} stop {{node}}'\ninstall = '{script} install {{node}} {{version}}'\n\
             prepare = '{script} prepare {{node}} {{version}}'\n\
             check_config = '{script} check {{node}}'\nstart = '{script} start {{node}} {{join_options}}'\nupgrade_tables = '{script} tables {{node}}'\n\
             settle = '{}ms'\nbundles = '{}'\nexpected_away = '20s'\njoin_timeout = '60s'\n",
            settle.as_millis(),
            self.sandbox.dir().display(),
        );
        std::fs::write(&toml, format!("{text}{upgrade}")).unwrap();
    }

    /// Galera's own timers, as on a site where nobody has thought of them.
    async fn slow_timers(&self) -> Result<(), Error> {
        const QUICK: &str = ";evs.keepalive_period=PT0.1S;evs.join_retrans_period=PT0.1S;pc.wait_prim=no";
        for node in self.sandbox.nodes() {
            let text = std::fs::read_to_string(node.my_cnf()).unwrap();
            assert!(text.contains(QUICK));
            std::fs::write(node.my_cnf(), text.replace(QUICK, "")).unwrap();
            let own = "evs.keepalive_period=PT1S;evs.join_retrans_period=PT1S";
            node.execute(&format!("set global wsrep_provider_options='{own}'")).await?;
        }
        Ok(())
    }

    /// What the run has set is as it was.
    async fn assert_slow_timers(&self) {
        for node in self.sandbox.nodes() {
            let options = node.value("select @@global.wsrep_provider_options").await.unwrap().unwrap();
            for timer in ["evs.keepalive_period = PT1S", "evs.join_retrans_period = PT1S"] {
                assert!(options.contains(timer), "{}: {options}", node.name());
            }
        }
    }

    fn schema(&self, arguments: &[&str]) -> Ran {
        schema(&self.sandbox, arguments)
    }

    /// What the journal holds of a node's place in the balancers.
    async fn remembered(&self, node: &str) -> Value {
        let last = "select body from galera_schema.journal order by run desc, seq desc limit 1";
        let body = self.sandbox.nodes()[0].value(last).await.unwrap().unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        let notes = body["record"].as_array().unwrap().iter().filter(|entry| entry["entry"] == "note");
        let mut of_node = notes.filter(|note| note["node"] == node && note["key"] == "balancers");
        of_node.next().unwrap()["value"].clone()
    }

    async fn versions(&self) -> Vec<String> {
        let mut versions = Vec::new();
        for node in self.sandbox.nodes() {
            let version = node.value("select version()").await.unwrap().unwrap();
            versions.push(version.split('-').next().unwrap().to_owned());
        }
        versions
    }

    /// The node is out, the two others are healthy, in rotation, and take writes.
    async fn assert_serves_without(&self, out: &str) {
        for node in self.sandbox.nodes().iter().filter(|node| node.name() != out) {
            assert_eq!(node.status("wsrep_local_state_comment").await.unwrap().as_deref(), Some("Synced"));
            assert_eq!(node.status("wsrep_cluster_size").await.unwrap().as_deref(), Some("2"));
        }
        let states = self.sandbox.haproxy().unwrap().ask("show servers state galera").await.unwrap();
        for line in states.lines().filter(|line| line.contains(" galera ")) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            // The sixth and seventh fields are the operational and the administrative state.
            let (name, admin) = (fields[3], fields[6]);
            assert_eq!(admin == "0", name != out, "{line}");
        }
    }

    /// Every node is Synced, in rotation, not desynced, and runs this version.
    async fn assert_all_on(&self, version: &str) {
        assert_eq!(self.versions().await, [version; 3]);
        for node in self.sandbox.nodes() {
            assert_eq!(node.status("wsrep_local_state_comment").await.unwrap().as_deref(), Some("Synced"));
            assert_eq!(node.status("wsrep_cluster_size").await.unwrap().as_deref(), Some("3"));
            assert_eq!(node.value("select @@global.wsrep_desync").await.unwrap().as_deref(), Some("0"));
        }
        let haproxy = self.sandbox.haproxy().unwrap();
        haproxy.wait_up(self.sandbox.nodes(), Duration::from_secs(10)).await.unwrap();
    }
}

/// The events that the program printed.
fn events(ran: &Ran) -> Vec<Value> {
    ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The last event says how the command ended.
#[track_caller]
fn assert_ends(ran: &Ran, outcome: &str) {
    let events = events(ran);
    let last = events.last().unwrap();
    assert_eq!((&last["kind"], &last["outcome"]), (&"run_finished".into(), &outcome.into()), "{last}");
    assert_eq!(last["exit_code"], ran.code, "{last}");
    assert!(!last["text"].as_str().unwrap().is_empty());
    assert_eq!(of_kind(&events, "run_finished").len(), 1);
}

fn of_kind<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["kind"] == kind).collect()
}

/// The program at work, whose events are read one by one.
struct Running {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Running {
    fn start(site: &Site, arguments: &[&str]) -> Self {
        let mut command = program();
        command.arg("--config").arg(site.sandbox.schema_toml()).arg("upgrade").args(arguments);
        command.args(["--format", "ndjson"]).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Reads on until this event; `false` when the program ends before.
    fn wait_for(&mut self, wanted: impl Fn(&Value) -> bool) -> bool {
        self.lines.by_ref().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).any(|event| wanted(&event))
    }

    fn is_step<'a>(node: &'a str, step: &'a str) -> impl Fn(&Value) -> bool + 'a {
        move |event| event["kind"] == "step_started" && event["node"] == node && event["step"] == step
    }

    /// As `kill -9`.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    fn code(mut self) -> i32 {
        self.lines.by_ref().for_each(drop);
        self.child.wait().unwrap().code().unwrap()
    }
}

/// An sshd of the test's own on a free port, which knows one key.
struct Sshd {
    child: Child,
    config: PathBuf,
}

impl Sshd {
    async fn start(dir: &Path) -> Self {
        let dir = dir.join("ssh");
        std::fs::create_dir(&dir).unwrap();
        let file = |name: &str| dir.join(name).display().to_string();
        for key in ["host", "user"] {
            let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &file(key)]).status();
            assert!(made.unwrap().success());
        }
        std::fs::copy(file("user.pub"), file("authorized_keys")).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\n\
             StrictModes no\nPasswordAuthentication no\nPermitRootLogin yes\n",
            file("host"),
            file("authorized_keys")
        );
        std::fs::write(file("sshd_config"), server).unwrap();
        let client = format!(
            "Host db*\n HostName 127.0.0.1\n Port {port}\n IdentityFile {}\n IdentitiesOnly yes\n BatchMode yes\n \
             UserKnownHostsFile {}\n StrictHostKeyChecking accept-new\n",
            file("user"),
            file("known_hosts")
        );
        std::fs::write(file("config"), client).unwrap();
        if nix::unistd::geteuid().is_root() {
            std::fs::create_dir_all("/run/sshd").unwrap();
        }
        let log = std::fs::File::create(file("sshd.log")).unwrap();
        let child = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f", &file("sshd_config")])
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        until("sshd listens", Duration::from_secs(10), async || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        })
        .await;
        Self { child, config: PathBuf::from(file("config")) }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn under_load_and_back() -> Result<(), Error> {
    let site = Site::up("upgrade-load", "").await;
    site.slow_timers().await?;
    let renew = (Duration::from_millis(1000), Duration::from_millis(2000));
    let profile = Profile { renew, ..Profile::default() };
    prepare(&site.sandbox, &profile.database, profile.clients).await?;
    let workload = Workload::start(site.sandbox.app_opts()?, profile.clone()).unwrap();
    let idle_for = Duration::from_secs(8);
    until("an idle stretch", Duration::from_secs(30), async || workload.now() > idle_for).await;
    let idle = workload.figures(Window { from: Duration::from_secs(1), to: workload.now() });

    let plan = site.schema(&["upgrade", "plan", "--to", NEW]).expect_code(0);
    assert!(plan.stdout.contains("This can be run."), "{}", plan.stdout);
    for (to, arguments) in [(NEW, &["--to", NEW][..]), (OLD, &["--rollback"])] {
        let from = workload.now();
        let ran = site.schema(&[&["upgrade", "run", "--format", "ndjson"], arguments].concat()).expect_code(0);
        let figures = workload.figures(Window { from, to: workload.now() });
        site.assert_all_on(to).await;
        site.assert_slow_timers().await;
        let events = events(&ran);
        assert!(!of_kind(&events, "timers_shortened").is_empty());
        let joined = of_kind(&events, "joined");
        assert!(joined.iter().all(|event| event["transfer"] == "incremental"), "{joined:?}");
        assert_eq!(joined.len(), 3);
        let finished = of_kind(&events, "run_finished")[0];
        eprintln!(
            "to {to}: {} statements, {:?} failed, longest write gap {:?} (idle {:?}), {} s; {}; {}",
            figures.statements,
            figures.failed,
            figures.longest_write_gap,
            idle.longest_write_gap,
            finished["wall_seconds"],
            finished["parts"],
            finished["seconds"]
        );
        if std::env::var_os("SCHEMA_TIMELINE").is_some() {
            timeline(&workload, &events);
        }
        assert_eq!(figures.failures(), 0, "{:?}", figures.failed);
        // What the return of a node costs with the sandbox's timers; a busy machine adds to it.
        assert!(figures.longest_write_gap < Duration::from_secs(1), "{:?}", figures.longest_write_gap);
    }
    let (recording, ledger) = workload.stop();
    assert_eq!(Figures::of(&recording, recording.whole()).failures(), 0);
    for node in site.sandbox.nodes() {
        assert!(ledger.check(node, &profile.database).await?.is_none());
    }
    Ok(())
}

/// One thing after another goes wrong on a cluster that goes up and down; after each, the others serve, the message
/// says why, and one command mends it. The commands reach the hosts by ssh.
async fn faults_leave_the_others_in_service() -> Result<(), Error> {
    let site = Site::up("upgrade-faults", "").await;
    let sshd = Sshd::start(site.sandbox.dir()).await;
    site.configure(&format!("ssh -F {} {{host}}", sshd.config.display()), Duration::from_millis(500));
    let toml = std::fs::read_to_string(site.sandbox.schema_toml()).unwrap();
    std::fs::write(site.sandbox.schema_toml(), format!("{toml}hosts = {{ n1 = 'db1', n2 = 'db2', n3 = 'db3' }}\n"))
        .unwrap();

    // What cannot be meant is refused before anything is touched.
    assert!(site.schema(&["upgrade", "plan"]).expect_code(2).stderr.contains("Which version?"));
    let older = site.schema(&["upgrade", "plan", "--to", "10.11.17"]).expect_code(1);
    assert!(older.stdout.contains("older than"), "{}", older.stdout);
    site.schema(&["upgrade", "run", "--to", "11.8.6"]).expect_code(3);
    // The server shows its package's revision, so another one of the same numbers is an upgrade.
    let revision = site.schema(&["upgrade", "plan", "--to", "1:10.11.18-0+deb12u99"]).expect_code(0);
    assert!(revision.stdout.contains("This can be run."), "{}", revision.stdout);
    let numbers = site.schema(&["upgrade", "plan", "--to", OLD]).expect_code(0);
    assert!(numbers.stdout.contains("Nothing to do"), "{}", numbers.stdout);
    // What would stop the run in the middle is said before.
    let haproxy = site.sandbox.haproxy().unwrap();
    haproxy.ask("set server galera/n2 state maint").await?;
    let out = site.schema(&["upgrade", "plan", "--to", NEW]).expect_code(1);
    for says in ["REFUSED  in-service", "With n1 away", "would have 1 left"] {
        assert!(out.stdout.contains(says), "{says}: {}", out.stdout);
    }
    haproxy.ask("set server galera/n2 state ready").await?;
    haproxy.wait_up(site.sandbox.nodes(), Duration::from_secs(10)).await?;
    assert_ends(&site.schema(&["upgrade", "resume", "--format", "ndjson"]).expect_code(3), "refused");
    assert_ends(&site.schema(&["upgrade", "run", "--watch", "soon", "--format", "ndjson"]).expect_code(2), "refused");
    let done = site.schema(&["upgrade", "run", "--to", OLD, "--format", "ndjson"]).expect_code(0);
    assert_ends(&done, "done");
    all_the_weight_on_one_node(&site).await?;
    a_drain_that_fails_is_undone(&site).await?;

    // The new binary does not start.
    let broken = site.file("broken_binary");
    std::fs::write(&broken, "").unwrap();
    let stopped = site.schema(&["upgrade", "run", "--to", NEW]).expect_code(6);
    assert!(stopped.stderr.contains("start command failed on n1"), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("schema upgrade resume"), "{}", stopped.stderr);
    site.assert_serves_without("n1").await;
    let plan = site.schema(&["upgrade", "plan", "--to", NEW]).expect_code(1);
    assert!(plan.stdout.contains("n1 was left half-way by an earlier upgrade"), "{}", plan.stdout);
    // No other run, of whatever kind, may begin meanwhile.
    let second = site.schema(&["upgrade", "run", "--to", NEW, "--format", "ndjson"]).expect_code(3);
    assert!(second.stderr.contains("upgrade resume"), "{}", second.stderr);
    assert_ends(&second, "refused");
    let apply = site.schema(&["apply", "--yes", "-e", "create database other"]);
    assert!([3, 4].contains(&apply.code), "a schema change began in the middle of an upgrade: {}", apply.stderr);
    std::fs::remove_file(&broken).unwrap();

    // A node crashes right after it has come back.
    let mut run = Running::start(&site, &["resume"]);
    assert!(run.wait_for(Running::is_step("n1", "settle")));
    let pid = std::fs::read_to_string(site.sandbox.nodes()[0].data_dir().join("pid")).unwrap();
    let pid = nix::unistd::Pid::from_raw(pid.trim().parse().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    assert!(run.wait_for(|event| event["kind"] == "step_failed"));
    assert_eq!(run.code(), 6);
    // The next node cannot be stopped cleanly. It goes back, and what was remembered of its place is done with.
    let n2 = &site.sandbox.nodes()[1];
    n2.execute("set global innodb_fast_shutdown = 2").await?;
    let stopped = site.schema(&["upgrade", "resume", "--format", "ndjson"]).expect_code(6);
    assert!(stopped.stderr.contains("innodb_fast_shutdown of n2 is 2"), "{}", stopped.stderr);
    assert_ends(&stopped, "stopped");
    site.sandbox.haproxy().unwrap().wait_up(site.sandbox.nodes(), Duration::from_secs(10)).await.unwrap();
    assert_eq!(site.remembered("n2").await, Value::Null);
    n2.execute("set global innodb_fast_shutdown = 1").await?;
    let resumed = site.schema(&["upgrade", "resume", "--format", "ndjson"]).expect_code(0);
    let events = events(&resumed);
    assert!(of_kind(&events, "step_started").iter().all(|step| step["node"] != "n1"), "n1 was upgraded twice");
    site.assert_all_on(NEW).await;
    drop(sshd);
    site.configure("sh -c", Duration::from_millis(300));

    // A disk is full while the old version is brought back. And the log shows nothing: the process proves the end.
    let full = site.file("disk_is_full");
    std::fs::write(&full, "").unwrap();
    let toml = std::fs::read_to_string(site.sandbox.schema_toml()).unwrap();
    std::fs::write(site.sandbox.schema_toml(), format!("{toml}log = 'true'\n")).unwrap();
    let stopped = site.schema(&["upgrade", "run", "--rollback"]).expect_code(6);
    assert!(stopped.stderr.contains("n1: Its process is gone"), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("No space left on device"), "{}", stopped.stderr);
    site.assert_serves_without("n1").await;
    std::fs::write(site.sandbox.schema_toml(), toml).unwrap();
    std::fs::remove_file(&full).unwrap();
    site.schema(&["upgrade", "resume"]).expect_code(0);
    site.assert_all_on(OLD).await;

    // No room for the record of what is done: nothing is done.
    let toml = std::fs::read_to_string(site.sandbox.schema_toml()).unwrap();
    let nowhere = format!("bundles = '{}'", site.sandbox.nodes()[0].my_cnf().display());
    let with_room = format!("bundles = '{}'", site.sandbox.dir().display());
    assert!(toml.contains(&with_room));
    std::fs::write(site.sandbox.schema_toml(), toml.replace(&with_room, &nowhere)).unwrap();
    let refused = site.schema(&["upgrade", "run", "--to", NEW]).expect_code(3);
    assert!(refused.stderr.contains("could not be written"), "{}", refused.stderr);
    site.assert_all_on(OLD).await;

    // Some clients come past the balancer; those that come through it are waited for all the same.
    let mut through = mysql_async::Conn::new(site.sandbox.app_opts()?).await.unwrap();
    let port: u16 = mysql_async::prelude::Queryable::query_first(&mut through, "select @@port").await.unwrap().unwrap();
    let on = site.sandbox.nodes().iter().find(|node| node.port() == port).unwrap().name();
    let beside = toml
        .replace("drain_timeout = ", "#")
        .replace("[policy]", "[[balancer]]\nkind = \"none\"\n[policy]\ndrain_timeout = '1s'");
    assert!(beside.contains("kind = \"none\"") && beside.contains("drain_timeout = '1s'"), "{beside}");
    std::fs::write(site.sandbox.schema_toml(), &beside).unwrap();
    let stopped = site.schema(&["upgrade", "run", "--to", NEW, "--accept", "no-balancer"]);
    assert!([3, 5, 6].contains(&stopped.code), "{}", stopped.stderr);
    let says = format!("the balancers still count 1 session(s) on {on}");
    assert!(stopped.stderr.contains(&says), "{says}: {}", stopped.stderr);
    through.disconnect().await.unwrap();
    std::fs::write(site.sandbox.schema_toml(), &toml).unwrap();
    if stopped.code == 6 {
        site.schema(&["upgrade", "run", "--rollback"]).expect_code(0);
    }
    site.assert_all_on(OLD).await;

    // A bad option that nothing checks beforehand: the server ends by itself, and its log says why.
    let cnf = site.sandbox.nodes()[0].my_cnf();
    let good = std::fs::read_to_string(&cnf).unwrap();
    std::fs::write(&cnf, format!("{good}no_such_option = 1\n")).unwrap();
    let check = toml.lines().find(|line| line.starts_with("check_config")).unwrap();
    std::fs::write(site.sandbox.schema_toml(), toml.replace(check, "")).unwrap();
    let stopped = site.schema(&["upgrade", "run", "--to", NEW]).expect_code(6);
    assert!(stopped.stderr.contains("The server of n1 has ended"), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("unknown variable 'no_such_option=1'"), "{}", stopped.stderr);
    site.assert_serves_without("n1").await;

    // The same with a check: the server is not even started. And once it is mended, the node goes back to what it was.
    std::fs::write(site.sandbox.schema_toml(), toml).unwrap();
    let stopped = site.schema(&["upgrade", "run", "--rollback"]).expect_code(6);
    assert!(stopped.stderr.contains("was not started with this configuration"), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("unknown variable 'no_such_option=1'"), "{}", stopped.stderr);
    site.assert_serves_without("n1").await;
    let bad = std::fs::read_to_string(&cnf).unwrap();
    std::fs::write(&cnf, bad.replace("no_such_option = 1\n", "")).unwrap();
    site.schema(&["upgrade", "run", "--rollback"]).expect_code(0);
    site.assert_all_on(OLD).await;
    a_server_in_a_transfer_is_stopped_first(&site).await?;
    nobody_is_primary_without_weight(&site).await
}

/// Why such a node is refused: however cleanly it is stopped, the others are no longer primary. The cluster ends here.
async fn nobody_is_primary_without_weight(site: &Site) -> Result<(), Error> {
    let [_, n2, n3] = site.sandbox.nodes() else { panic!("three nodes") };
    for node in [n2, n3] {
        node.execute("set global wsrep_provider_options = 'pc.weight=0'").await?;
    }
    assert!(Command::new("sh").arg(site.script()).args(["stop", "n1"]).status().unwrap().success());
    for node in [n2, n3] {
        until("the others have lost their primary component", Duration::from_secs(20), async || {
            node.status("wsrep_cluster_status").await.unwrap().as_deref() == Some("non-Primary")
        })
        .await;
    }
    Ok(())
}

/// A client that stays keeps the node in service, and that a drain was begun and taken back is told.
async fn a_drain_that_fails_is_undone(site: &Site) -> Result<(), Error> {
    let toml = std::fs::read_to_string(site.sandbox.schema_toml()).unwrap();
    let hasty = toml.replace("drain_timeout = \"30s\"", "drain_timeout = \"500ms\"");
    assert_ne!(toml, hasty);
    std::fs::write(site.sandbox.schema_toml(), hasty).unwrap();
    let opts = mysql_async::OptsBuilder::from_opts(site.sandbox.app_opts()?)
        .tcp_port(site.sandbox.nodes()[0].port())
        .prefer_socket(Some(false));
    let session = mysql_async::Conn::new(opts).await.unwrap();
    let undone = site.schema(&["upgrade", "run", "--to", NEW, "--format", "ndjson"]).expect_code(5);
    assert!(undone.stderr.contains("1 client connection(s) on n1"), "{}", undone.stderr);
    assert_ends(&undone, "undone");
    session.disconnect().await.unwrap();
    site.sandbox.haproxy().unwrap().wait_up(site.sandbox.nodes(), Duration::from_secs(10)).await.unwrap();
    std::fs::write(site.sandbox.schema_toml(), toml).unwrap();
    Ok(())
}

/// A node that weighs everything cannot be spared, however many others there are.
async fn all_the_weight_on_one_node(site: &Site) -> Result<(), Error> {
    let [_, n2, n3] = site.sandbox.nodes() else { panic!("three nodes") };
    for node in [n2, n3] {
        node.execute("set global wsrep_provider_options = 'pc.weight=0'").await?;
    }
    let plan = site.schema(&["upgrade", "plan", "--to", NEW]).expect_code(1);
    assert!(plan.stdout.contains("REFUSED  quorum: n1 carries all the weight"), "{}", plan.stdout);
    for node in [n2, n3] {
        node.execute("set global wsrep_provider_options = 'pc.weight=1'").await?;
    }
    let plan = site.schema(&["upgrade", "plan", "--to", NEW]).expect_code(0);
    assert!(plan.stdout.contains("ok       quorum:"), "{}", plan.stdout);
    Ok(())
}

/// The tool dies while a node waits for its state transfer: a server that says nothing, and lives. The way back stops it
/// before its files are replaced (the site's `install` looks).
async fn a_server_in_a_transfer_is_stopped_first(site: &Site) -> Result<(), Error> {
    let endless = site.file("endless_transfer");
    std::fs::write(&endless, "").unwrap();
    let mut run = Running::start(site, &["run", "--to", NEW]);
    assert!(run.wait_for(Running::is_step("n1", "join")));
    let log = site.file("n1/error.log");
    until("the transfer begins", Duration::from_secs(30), async || {
        std::fs::read_to_string(&log).unwrap().contains("wsrep_sst_endless")
    })
    .await;
    run.kill();
    let mut back = Running::start(site, &["run", "--rollback"]);
    assert!(back.wait_for(Running::is_step("n1", "stop")));
    std::fs::remove_file(&endless).unwrap();
    assert!(back.wait_for(Running::is_step("n1", "install")));
    assert_eq!(back.code(), 0);
    site.assert_all_on(OLD).await;
    Ok(())
}

/// The tool is killed at the beginning of every step of the first node and of the dangerous ones of the others, and
/// taken up again each time.
async fn killed_at_every_step() -> Result<(), Error> {
    let site = Site::up("upgrade-kill", "").await;
    site.slow_timers().await?;
    site.configure("sh -c", Duration::from_millis(300));
    let steps = [
        "check",
        "capture",
        "prepare",
        "drain",
        "stop",
        "install",
        "configure",
        "start",
        "join",
        "read_log",
        "upgrade_tables",
        "verify",
        "catch_up",
        "admit",
        "settle",
        "health",
    ];
    asks_before_a_node(&site).await?;
    let first = steps.iter().map(|step| ("n1", *step));
    let second = ["drain", "stop", "start", "upgrade_tables"].map(|step| ("n2", step));
    let third = ["install", "join", "admit"].map(|step| ("n3", step));
    for (number, (name, step)) in first.chain(second).chain(third).enumerate() {
        let arguments: &[&str] = if number == 0 { &["run", "--to", NEW, "--watch", "1s"] } else { &["resume"] };
        let mut run = Running::start(&site, arguments);
        let reached = run.wait_for(Running::is_step(name, step));
        run.kill();
        assert!(reached, "the run ended before {step} of {name}");
        // Whatever is cut off, two nodes serve.
        for node in site.sandbox.nodes().iter().filter(|node| node.name() != name) {
            assert_eq!(node.status("wsrep_ready").await?.as_deref(), Some("ON"), "killed at {step} of {name}");
        }
    }
    let status = site.schema(&["upgrade", "status", "--format", "json"]).expect_code(0);
    assert_eq!(serde_json::from_str::<Value>(&status.stdout).unwrap()["open"], true);
    let resumed = site.schema(&["upgrade", "resume"]).expect_code(0);
    assert!(resumed.stdout.contains("Watched for 1 s"), "the watch was forgotten: {}", resumed.stdout);
    site.assert_all_on(NEW).await;
    site.assert_slow_timers().await;
    site.schema(&["upgrade", "resume"]).expect_code(3);
    assert_bundle(&site);
    Ok(())
}

/// Each node as it was and as it is now, in a folder for one pair of eyes.
fn assert_bundle(site: &Site) {
    let entries = std::fs::read_dir(site.sandbox.dir()).unwrap().map(|entry| entry.unwrap().path());
    let mut bundles: Vec<PathBuf> =
        entries.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("schema-upgrade-")).collect();
    assert_eq!(bundles.len(), 1, "{bundles:?}");
    let bundle = bundles.remove(0);
    assert_eq!(std::fs::metadata(&bundle).unwrap().permissions().mode() & 0o777, 0o700);
    for node in site.sandbox.nodes() {
        for (moment, version) in [("before", OLD), ("after", NEW)] {
            let file = bundle.join(format!("{}-{moment}.json", node.name()));
            let state: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
            assert!(state["version"].as_str().unwrap().starts_with(version), "{}", file.display());
            assert_eq!(state["status"]["wsrep_cluster_status"], "Primary");
            assert!(state["variables"]["wsrep_provider_options"].is_string());
            assert!(!state["schema"].as_object().unwrap().is_empty());
            assert!(!state["log"].as_array().unwrap().is_empty());
        }
    }
}

/// With `--confirm-each` a person may think for as long as he likes: the lease is held meanwhile. His no changes nothing.
async fn asks_before_a_node(site: &Site) -> Result<(), Error> {
    let command = format!(
        "{} --config {} upgrade run --yes --confirm-each --to {NEW}",
        program().get_program().display(),
        site.sandbox.schema_toml().display()
    );
    // `script` gives it a terminal to ask on.
    let mut child = Command::new("script")
        .args(["-qefc", &command, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut shown = Vec::new();
    let mut out = child.stdout.take().unwrap();
    while !String::from_utf8_lossy(&shown).contains("Go on with node n1? [y/N]") {
        let mut byte = [0];
        assert_eq!(out.read(&mut byte).unwrap(), 1, "it ended: {}", String::from_utf8_lossy(&shown));
        shown.push(byte[0]);
    }
    let node = &site.sandbox.nodes()[0];
    let beat = async || -> u64 {
        let beat = node.value("select beat from galera_schema.lease").await.unwrap().unwrap();
        beat.parse().unwrap()
    };
    let asked = beat().await;
    until("the lease is held", Duration::from_secs(15), async || beat().await >= asked + 2).await;
    child.stdin.take().unwrap().write_all(b"n\n").unwrap();
    out.read_to_end(&mut shown).unwrap();
    let shown = String::from_utf8_lossy(&shown);
    assert_eq!(child.wait().unwrap().code(), Some(3), "{shown}");
    assert!(shown.contains("before it changed anything. You chose not to go on"), "{shown}");
    site.assert_all_on(OLD).await;
    Ok(())
}

/// More is written while a node is away than the others keep: the plan says so, and the node comes back all the same.
async fn a_full_transfer_is_announced() -> Result<(), Error> {
    let site = Site::up("upgrade-full", "").await;
    let nodes = site.sandbox.nodes();

    nodes[1].execute("create database bulk").await?;
    nodes[1].execute("create table bulk.t (id int auto_increment primary key, b longblob)").await?;
    let toml = site.sandbox.schema_toml();
    let text = std::fs::read_to_string(&toml).unwrap();
    // The installation takes as long as it takes to fill the others' caches.
    let filled = site.file("filled");
    let wait = format!("while [ ! -e {} ]; do sleep 0.1; done; sh", filled.display());
    let text = text.replace("install = 'sh", &format!("install = '{wait}")).replace("'20s'", "'10m'");
    std::fs::write(&toml, text).unwrap();
    let write = async |rows: u32| {
        let sql =
            format!("insert into bulk.t (b) select repeat(char(65 + rand() * 25), 1000000) from bulk.seq_1_to_{rows}");
        nodes[1].execute(&sql).await
    };
    let plan = {
        let mut plan = program();
        plan.arg("--config").arg(&toml).args(["upgrade", "plan", "--to", NEW, "--format", "json"]);
        let plan = plan.stdout(Stdio::piped()).spawn().unwrap();
        let done = std::thread::spawn(move || plan.wait_with_output().unwrap());
        while !done.is_finished() {
            write(1).await?;
        }
        serde_json::from_slice::<Value>(&done.join().unwrap().stdout).unwrap()
    };
    let check =
        plan["checks"].as_array().unwrap().iter().find(|check| check["code"] == "incremental-transfer").unwrap();
    assert_eq!(check["finding"], "warning", "{check}");
    assert!(check["text"].as_str().unwrap().starts_with("FULL TRANSFER expected for n1"), "{check}");

    let mut run = Running::start(&site, &["run", "--to", NEW]);
    assert!(run.wait_for(Running::is_step("n1", "install")));
    // Meanwhile the balancer forgets, as with a reload.
    let haproxy = site.sandbox.haproxy().unwrap();
    haproxy.ask("set server galera/n1 state ready").await.unwrap();
    for _ in 0..40 {
        write(4).await?;
    }
    // Caches let go of what every node has, which they tell each other now and then.
    for _ in 0..300 {
        nodes[1].execute("insert into bulk.t (b) values ('x')").await?;
    }
    std::fs::write(&filled, "").unwrap();
    let again = |event: &Value| event["text"].as_str().is_some_and(|text| text.contains("had lost the drain of n1"));
    assert!(run.wait_for(again), "it would have served before it was verified");
    assert!(run.wait_for(|event| event["kind"] == "joined" && event["transfer"] == "full"), "it was incremental");
    // And a signal ends the run between two nodes.
    run.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(run.code(), 6);
    assert_eq!(site.versions().await, [NEW, OLD, OLD]);
    let mixed = site.schema(&["apply", "--yes", "-e", "create database other"]);
    assert!([3, 4].contains(&mixed.code), "a schema change ran while versions are mixed: {}", mixed.stderr);

    // A run that nobody wants to go on with is closed when everything is in its place, and not before.
    haproxy.ask("set server galera/n3 state drain").await.unwrap();
    let refused = site.schema(&["abort", "--forget"]).expect_code(3);
    assert!(refused.stderr.contains("node n3 is out of rotation"), "{}", refused.stderr);
    haproxy.ask("set server galera/n3 state ready").await.unwrap();
    haproxy.wait_up(nodes, Duration::from_secs(10)).await.unwrap();
    site.schema(&["abort", "--forget"]).expect_code(0);
    site.schema(&["upgrade", "resume"]).expect_code(3);
    let plan = site.schema(&["upgrade", "plan", "--to", NEW]).expect_code(0);
    assert!(plan.stdout.contains("A half-done upgrade is continued"), "{}", plan.stdout);
    Ok(())
}

/// Prints where writes stalled and what happened around that, for whoever looks into a gap.
fn timeline(workload: &Workload, events: &[Value]) {
    let started = jiff::Timestamp::now() - workload.now();
    let mut lines = Vec::new();
    for event in events.iter().filter(|event| event["kind"] != "output" && event["kind"] != "check") {
        let ts: jiff::Timestamp = event["ts"].as_str().unwrap().parse().unwrap();
        let at = ts.duration_since(started).as_secs_f64();
        lines.push((at, format!("{} {} {}", event["kind"], event["node"], event["text"])));
    }
    let recording = workload.recording();
    let mut ends: Vec<Duration> =
        recording.samples().iter().filter(|s| s.is_acknowledged_write()).map(|s| s.end()).collect();
    ends.sort_unstable();
    for pair in ends.windows(2).filter(|pair| pair[1] - pair[0] > Duration::from_millis(60)) {
        lines.push((pair[0].as_secs_f64(), format!("    GAP {:?} to {:?}", pair[1] - pair[0], pair[1])));
    }
    for sample in recording.samples().iter().filter(|s| s.error.is_some()) {
        lines.push((sample.end().as_secs_f64(), format!("    FAILED {sample:?}")));
    }
    lines.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (at, line) in lines {
        eprintln!("{at:9.3} {line}");
    }
}
