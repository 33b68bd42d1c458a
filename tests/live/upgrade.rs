//! Rolling upgrades of real servers: from 10.11.18 to 10.11.19 and back, under load, and with everything going wrong
//! on the way.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use galera_schema::sandbox::workload::{Figures, Profile, Window, Workload, prepare};
use galera_schema::sandbox::{Error, Options, Scoped};
use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::{Ran, schema, trial, until};

const OLD: &str = "10.11.18";
const NEW: &str = "10.11.19";
/// The tests' settle; a site takes a minute.
const SETTLE: Duration = Duration::from_secs(3);

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    vec![trial("upgrade::under_load_and_back", under_load_and_back)]
}

/// The two servers, unpacked side by side where the servers' user can read them.
fn servers() -> PathBuf {
    let dir = std::env::temp_dir().join("galera-schema-test-servers");
    for version in [OLD, NEW] {
        let fetched = std::process::Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fetch-servers"))
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
        site.configure("sh -c");
        site
    }

    fn script(&self) -> PathBuf {
        self.sandbox.dir().join("site.sh")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.sandbox.dir().join(name)
    }

    /// Writes `[upgrade]` with this shell.
    fn configure(&self, shell: &str) {
        let toml = self.sandbox.schema_toml();
        let text = std::fs::read_to_string(&toml).unwrap();
        let text = text.split("\n[upgrade]").next().unwrap();
        let script = format!("sh {}", self.script().display());
        let upgrade = format!(
            "\n[upgrade]\nshell = '{shell}'\nstop = '{script} stop {{node}}'\ninstall = '{script} install {{node}} {{version}}'\n\
             check_config = '{script} check {{node}}'\nstart = '{script} start {{node}}'\nupgrade_tables = '{script} tables {{node}}'\n\
             settle = '{}s'\nbundles = '{}'\nexpected_away = '20s'\njoin_timeout = '60s'\n",
            SETTLE.as_secs(),
            self.sandbox.dir().display(),
        );
        std::fs::write(&toml, format!("{text}{upgrade}")).unwrap();
    }

    fn schema(&self, arguments: &[&str]) -> Ran {
        schema(&self.sandbox, arguments)
    }

    async fn versions(&self) -> Vec<String> {
        let mut versions = Vec::new();
        for node in self.sandbox.nodes() {
            let version = node.value("select version()").await.unwrap().unwrap();
            versions.push(version.split('-').next().unwrap().to_owned());
        }
        versions
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

fn of_kind<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["kind"] == kind).collect()
}

async fn under_load_and_back() -> Result<(), Error> {
    let site = Site::up("upgrade-load", "").await;
    let renew = (Duration::from_millis(1000), Duration::from_millis(2000));
    let profile = Profile { renew, ..Profile::default() };
    prepare(&site.sandbox.nodes()[0], &profile.database, profile.clients).await?;
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
        let events = events(&ran);
        let joined = of_kind(&events, "joined");
        assert!(joined.iter().all(|event| event["transfer"] == "incremental"), "{joined:?}");
        assert_eq!(joined.len(), 3);
        let finished = of_kind(&events, "run_finished")[0];
        eprintln!(
            "to {to}: {} statements, {:?} failed, longest write gap {:?} (idle {:?}), {} s; {}",
            figures.statements,
            figures.failed,
            figures.longest_write_gap,
            idle.longest_write_gap,
            finished["wall_seconds"],
            finished["seconds"]
        );
        if std::env::var_os("SCHEMA_TIMELINE").is_some() {
            timeline(&workload, &events);
        }
        assert_eq!(figures.failures(), 0, "{:?}", figures.failed);
    }
    let (recording, ledger) = workload.stop();
    assert_eq!(Figures::of(&recording, recording.whole()).failures(), 0);
    for node in site.sandbox.nodes() {
        assert!(ledger.check(node, &profile.database).await?.is_none());
    }
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
