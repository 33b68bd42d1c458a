//! One class, one way, measured while the clients work.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use galera_schema::sandbox::workload::{Window, Workload};
use galera_schema::sandbox::{Node, Sandbox};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::class::Class;
use crate::tool::{self, SCHEMA};

/// How a class is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// `schema apply`.
    Schema,
    /// The statement sent to one node.
    PlainToi,
    /// pt-online-schema-change.
    PtOsc,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measured {
    pub class: String,
    pub title: String,
    pub way: Way,
    pub round: usize,
    /// What `schema apply` chose: TOI, RSU, TOI+RSU; `refused`, `failed`; else the way's own name.
    pub method: String,
    /// Seconds from the start to the end of the command.
    pub wall: f64,
    /// Seconds of the servers' own work on DDL, summed over the nodes of a roll.
    pub ddl: f64,
    /// Seconds that were spent waiting because the configuration says so: drains and settles.
    pub configured: f64,
    /// Milliseconds.
    pub longest_gap_ms: f64,
    /// The longest gap of an idle stretch of the same length, right behind it.
    pub idle_gap_ms: f64,
    pub p99_ms: f64,
    pub failed: usize,
    pub statements: usize,
    /// The errors that clients met, with how often.
    #[serde(default)]
    pub errors: String,
    /// Why it was refused or failed, in the tool's own words.
    pub why: String,
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<24} {:<8} wall {:7.2} s  ddl {:6.2} s  gap {:7.1} ms (idle {:5.1})  failed {} {} {}",
            self.class,
            self.method,
            self.wall,
            self.ddl,
            self.longest_gap_ms,
            self.idle_gap_ms,
            self.failed,
            self.errors,
            self.why.chars().take(160).collect::<String>()
        )
    }
}

impl Measured {
    /// A class that could not even be set up.
    fn not_begun(class: &Class, way: Way, round: usize, why: String) -> Self {
        Self {
            class: class.name.clone(),
            title: class.title.clone(),
            way,
            round,
            method: "failed".to_owned(),
            wall: 0.0,
            ddl: 0.0,
            configured: 0.0,
            longest_gap_ms: 0.0,
            idle_gap_ms: 0.0,
            p99_ms: 0.0,
            failed: 0,
            statements: 0,
            errors: String::new(),
            why,
        }
    }
}

/// What the measurements share.
pub struct Bench<'a> {
    pub sandbox: &'a Sandbox,
    pub workload: &'a Workload,
}

/// The shortest stretch that gaps are looked for in.
const SHORTEST: Duration = Duration::from_secs(3);
/// The longest stretch of an idle cluster that a change is held against. The longest gap of a shorter stretch is no
/// longer than that of a longer one, so this is to the tool's disadvantage.
const LONGEST_IDLE: Duration = Duration::from_secs(10);

impl Bench<'_> {
    /// Measures one class done one way.
    pub async fn measure(&self, class: &Class, way: Way, round: usize) -> Measured {
        if let Some(setup) = &class.setup
            && let Err(why) = self.everywhere(setup).await
        {
            return Measured::not_begun(class, way, round, why);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let from = self.workload.now();
        let began = Instant::now();
        let done = match way {
            Way::Schema => self.by_schema(class),
            Way::PlainToi => self.by_toi(class).await,
            Way::PtOsc => self.by_pt(class),
        };
        let wall = began.elapsed();
        // A change of milliseconds is looked at with its aftermath; gaps of different lengths cannot be compared.
        tokio::time::sleep(SHORTEST.saturating_sub(wall)).await;
        let window = Window { from, to: self.workload.now() };
        tokio::time::sleep(Duration::from_millis(500)).await;
        let idle_from = self.workload.now();
        tokio::time::sleep(window.length().min(LONGEST_IDLE)).await;
        let idle = self.workload.figures(Window { from: idle_from, to: self.workload.now() });
        let figures = self.workload.figures(window);
        // What was set up is taken away as well where the statement itself was refused.
        if (done.changed || class.setup.is_some())
            && let Some(undo) = &class.undo
            && let Err(why) = self.everywhere(undo).await
        {
            eprintln!("{}: not undone: {why}", class.name);
        }
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        Measured {
            class: class.name.clone(),
            title: class.title.clone(),
            way,
            round,
            method: done.method,
            wall: wall.as_secs_f64(),
            ddl: done.ddl,
            configured: done.configured,
            longest_gap_ms: ms(figures.longest_write_gap),
            idle_gap_ms: ms(idle.longest_write_gap),
            p99_ms: ms(figures.p99),
            failed: figures.failures(),
            statements: figures.statements,
            errors: figures
                .failed
                .iter()
                .map(|(error, times)| format!("{times} x {error}"))
                .collect::<Vec<_>>()
                .join("; "),
            why: done.why,
        }
    }

    fn first(&self) -> &Node {
        &self.sandbox.nodes()[0]
    }

    /// Runs unmeasured statements, and waits until every node has them behind it.
    async fn everywhere(&self, sql: &str) -> Result<(), String> {
        self.first().execute_in("app", sql).await.map_err(|error| format!("{sql}: {error}"))?;
        for node in self.sandbox.nodes() {
            node.wait_synced(Duration::from_secs(120)).await.unwrap();
            node.value("set statement wsrep_sync_wait = 1 for select 1").await.unwrap();
        }
        Ok(())
    }

    fn by_schema(&self, class: &Class) -> Done {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &class.sql).unwrap();
        let mut command = Command::new(SCHEMA);
        command.arg("--config").arg(self.sandbox.schema_toml()).args(["apply", "--yes", "--format", "ndjson"]);
        command.args(["--database", "app"]).arg(file.path());
        if let Some(accept) = &class.accept {
            command.args(["--accept", accept]);
        }
        let ran = tool::run(&mut command);
        let events: Vec<Value> = ran.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let of = |kind: &'static str| events.iter().filter(move |event| event["kind"] == kind);
        let seconds =
            |kind: &'static str| of(kind).filter_map(|event| event["seconds"].as_f64()).fold(0.0, |all, one| all + one);
        let (rolled, isolated) = (of("ddl_started").next().is_some(), of("toi_sent").next().is_some());
        let last = of("run_finished").next();
        let part = |name: &str| last.map_or(0.0, |event| event["seconds"][name].as_f64().unwrap_or(0.0));
        let method = match (ran.code, rolled, isolated) {
            (0, true, true) => "TOI+RSU",
            (0, true, false) => "RSU",
            (0, ..) => "TOI",
            (3, ..) => "refused",
            _ => "failed",
        };
        Done {
            method: method.to_owned(),
            changed: ran.code == 0,
            ddl: seconds("ddl_finished") + seconds("toi_finished"),
            configured: part("drain") + part("settle"),
            why: if ran.code == 0 {
                String::new()
            } else {
                let said = last.and_then(|event| event["text"].as_str()).filter(|text| !text.is_empty());
                said.map_or_else(|| ran.stderr.replace('\n', " "), ToOwned::to_owned)
            },
        }
    }

    async fn by_toi(&self, class: &Class) -> Done {
        let began = Instant::now();
        let outcome = self.first().execute_in("app", &class.sql).await;
        Done {
            method: "TOI".to_owned(),
            changed: outcome.is_ok(),
            ddl: began.elapsed().as_secs_f64(),
            configured: 0.0,
            why: outcome.err().map(|error| error.to_string()).unwrap_or_default(),
        }
    }

    fn by_pt(&self, class: &Class) -> Done {
        let alter = class.pt.as_deref().unwrap_or_default();
        let option_file = self.first().client_home().join("my.cnf");
        let dsn = format!("F={},D=app,t=orders", option_file.display());
        let mut command = Command::new("pt-online-schema-change");
        command
            .args([
                "--alter",
                alter,
                "--execute",
                "--no-check-unique-key-change",
                "--alter-foreign-keys-method",
                "auto",
            ])
            // Rows that clients change meanwhile make its copying deadlock; by default it gives up after ten tries.
            .args(["--tries", "copy_rows:200:0.05,create_triggers:20:0.5,drop_triggers:20:0.5,swap_tables:20:0.5"])
            .args(["--max-flow-ctl", "50", "--recursion-method", "none", "--no-version-check"])
            .arg(dsn);
        let ran = tool::run(&mut command);
        let ok = ran.code == 0;
        Done {
            method: if ok { "pt-osc" } else { "failed" }.to_owned(),
            changed: ok,
            ddl: 0.0,
            configured: 0.0,
            why: if ok { String::new() } else { ran.stderr.lines().last().unwrap_or_default().to_owned() },
        }
    }
}

struct Done {
    method: String,
    changed: bool,
    ddl: f64,
    configured: f64,
    why: String,
}

/// Where results are written.
pub fn save(folder: &Path, name: &str, text: &str) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join(name), text).unwrap();
}
