//! How cost grows: with nodes, with the table's size, with statements in a file, with tables in the cluster.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use galera_schema::sandbox::{Options, Sandbox, Scoped};
use serde::{Deserialize, Serialize};

use crate::load::Loaded;
use crate::measure::{self, Bench, Measured, Way};
use crate::tool::{self, Ran, SCHEMA};
use crate::{Args, Grow, class};

/// Everything that was measured.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Growth {
    /// Nodes, and what the classes cost there.
    pub nodes: Vec<(u64, Vec<Measured>)>,
    /// MB, and what the classes cost there.
    pub size: Vec<(u64, Vec<Measured>)>,
    pub statements: Vec<Statements>,
    pub tables: Vec<Tables>,
}

/// A file of many statements.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Statements {
    pub count: u64,
    pub plan_s: f64,
    pub plan_mb: f64,
    pub apply_s: f64,
    pub apply_mb: f64,
    /// The same file through the `mariadb` client, to one node.
    pub client_s: f64,
}

/// A cluster with many tables: a plan of one statement, and the comparison of all nodes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tables {
    pub count: u64,
    pub plan_s: f64,
    pub plan_mb: f64,
    pub verify_s: f64,
    pub verify_mb: f64,
    /// SHOW CREATE TABLE for all of them with the `mariadb` client, on one connection to one node.
    pub show_create_s: f64,
}

/// Classes that stand for the rest: definitions only, index work, a rebuild.
const CLASSES: [&str; 3] = ["add-column-last", "add-index", "force"];
/// The table's size while nodes are counted, in MB.
const SIZE_WITH_NODES: u64 = 40;
/// How often the short ones are timed; the median counts.
const TIMES: usize = 5;

/// Measures what was asked for.
pub async fn run(args: &Args, grown: &mut Growth) {
    let steps = |usual: &[u64]| if args.steps.is_empty() { usual.to_vec() } else { args.steps.clone() };
    for what in &args.grow {
        match what {
            Grow::Nodes => {
                for nodes in steps(&[3, 5, 7]) {
                    let size = args.size.min(SIZE_WITH_NODES);
                    grown.nodes.push((nodes, classes(u8::try_from(nodes).unwrap(), size, args).await));
                    save(&args.out, grown);
                }
            }
            Grow::Size => {
                for size in steps(&[10, 100, 1000, 5000]) {
                    grown.size.push((size, classes(args.nodes, size, args).await));
                    save(&args.out, grown);
                }
            }
            Grow::Statements => {
                let sandbox = quiet(args.nodes).await;
                for count in steps(&[1, 10, 100, 1000]) {
                    grown.statements.push(statements(&sandbox, count).await);
                    save(&args.out, grown);
                }
            }
            Grow::Tables => {
                let sandbox = quiet(args.nodes).await;
                for count in steps(&[10, 100, 1000, 10_000]) {
                    grown.tables.push(tables(&sandbox, count).await);
                    save(&args.out, grown);
                }
            }
        }
    }
}

async fn quiet(nodes: u8) -> Scoped {
    Scoped::up("bench", &Options { nodes, ..Options::default() }).await.unwrap()
}

/// A few classes under load, by the tool and in plain TOI.
async fn classes(nodes: u8, megabytes: u64, args: &Args) -> Vec<Measured> {
    let loaded = Loaded::start(nodes, megabytes, args.clients).await;
    let bench = Bench { sandbox: &loaded.sandbox, workload: &loaded.workload };
    let mut all = Vec::new();
    for class in class::classes(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bench")) {
        if !CLASSES.contains(&class.name.as_str()) {
            continue;
        }
        for way in [Way::Schema, Way::PlainToi] {
            let measured = bench.measure(&class, way, 1).await;
            eprintln!("{nodes} nodes, {megabytes} MB: {measured}");
            all.push(measured);
        }
    }
    all
}

/// A column more for each of `count` tables.
async fn statements(sandbox: &Sandbox, count: u64) -> Statements {
    let first = &sandbox.nodes()[0];
    first.execute("CREATE OR REPLACE DATABASE many").await.unwrap();
    let all = |text: &dyn Fn(u64) -> String| (0..count).map(text).collect::<String>();
    client(sandbox, &all(&|n| format!("CREATE TABLE many.t{n} (id INT PRIMARY KEY, a INT);\n")));
    let (file, same) =
        (tempfile::NamedTempFile::new().unwrap(), &|n| format!("ALTER TABLE many.t{n} ADD COLUMN b INT;\n"));
    file.as_file().write_all(all(same).as_bytes()).unwrap();
    let plan = median(|| schema(sandbox, &["plan", &file.path().to_string_lossy()]));
    let apply = schema(sandbox, &["apply", "--yes", &file.path().to_string_lossy()]);
    let client = client(sandbox, &all(&|n| format!("ALTER TABLE many.t{n} ADD COLUMN c INT;\n")));
    let measured = Statements {
        count,
        plan_s: plan.wall.as_secs_f64(),
        plan_mb: plan.peak_mb,
        apply_s: apply.wall.as_secs_f64(),
        apply_mb: apply.peak_mb,
        client_s: client.wall.as_secs_f64(),
    };
    eprintln!("{measured:?}");
    first.execute("DROP DATABASE many").await.unwrap();
    measured
}

/// `count` tables, of four columns and two indexes each.
async fn tables(sandbox: &Sandbox, count: u64) -> Tables {
    let first = &sandbox.nodes()[0];
    first.execute("CREATE OR REPLACE DATABASE many").await.unwrap();
    let create = |n| {
        format!(
            "CREATE TABLE many.t{n} (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80) NOT NULL, state INT, \
             made DATETIME, KEY (name), KEY (state, made));\n"
        )
    };
    client(sandbox, &(0..count).map(create).collect::<String>());
    let show: String = (0..count).map(|n| format!("SHOW CREATE TABLE many.t{n};\n")).collect();
    // In turn, so that all meet the same machine.
    let mut rounds: Vec<[Ran; 3]> = (0..TIMES)
        .map(|_| {
            [
                schema(sandbox, &["plan", "-e", "ALTER TABLE many.t1 ADD COLUMN b INT"]),
                schema(sandbox, &["verify"]),
                client(sandbox, &show),
            ]
        })
        .collect();
    let mut middle = |which: usize| {
        rounds.sort_by_key(|round| round[which].wall);
        rounds[TIMES / 2][which].clone()
    };
    let (plan, verify, show) = (middle(0), middle(1), middle(2));
    let measured = Tables {
        count,
        plan_s: plan.wall.as_secs_f64(),
        plan_mb: plan.peak_mb,
        verify_s: verify.wall.as_secs_f64(),
        verify_mb: verify.peak_mb,
        show_create_s: show.wall.as_secs_f64(),
    };
    eprintln!("{measured:?}");
    first.execute("DROP DATABASE many").await.unwrap();
    measured
}

fn median(mut once: impl FnMut() -> Ran) -> Ran {
    let mut all: Vec<Ran> = (0..TIMES).map(|_| once()).collect();
    all.sort_by_key(|ran| ran.wall);
    all.swap_remove(TIMES / 2)
}

fn schema(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    let ran = tool::run(Command::new(SCHEMA).arg("--config").arg(sandbox.schema_toml()).args(arguments));
    assert_eq!(ran.code, 0, "schema {arguments:?}: {}{}", ran.stdout, ran.stderr);
    ran
}

/// The `mariadb` client with a file of statements, to the first node.
fn client(sandbox: &Sandbox, sql: &str) -> Ran {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().write_all(sql.as_bytes()).unwrap();
    let defaults = sandbox.nodes()[0].client_home().join("my.cnf");
    let ran = tool::run(
        Command::new("mariadb")
            .arg(format!("--defaults-file={}", defaults.display()))
            .arg("-e")
            .arg(format!("source {}", file.path().display())),
    );
    assert_eq!(ran.code, 0, "mariadb: {}", ran.stderr);
    ran
}

pub(crate) fn save(folder: &Path, grown: &Growth) {
    measure::save(folder, "growth.json", &serde_json::to_string_pretty(grown).unwrap());
}
