//! Two nodes and an arbitrator: a real garbd, which counts for the quorum, holds no data, and takes no connections.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use galera_schema::sandbox::{Error, Options, Sandbox, Scoped};
use libtest_mimic::Trial;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::checks::{named, told, with_policy};
use crate::resume::Running;
use crate::running::assert_all_home;
use crate::support::{schema_with, trial, until};

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    vec![trial("arbitrator::two_nodes_roll_only_while_it_is_there", two_nodes_roll_only_while_it_is_there)]
}

/// Ends when it is dropped.
struct Arbitrator(Child);

impl Arbitrator {
    async fn join(sandbox: &Sandbox) -> Result<Self, Error> {
        let node = &sandbox.nodes()[0];
        let group = node.value("SELECT @@wsrep_cluster_name").await?.unwrap();
        let address = node.value("SELECT @@wsrep_node_address").await?.unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let listen = format!("base_host=127.0.0.1;base_port={port};gmcast.listen_addr=tcp://127.0.0.1:{port}");
        let child = Command::new("garbd")
            .args(["--group", &group, "--address", &format!("gcomm://{address}"), "--options", &listen])
            // It writes its view of the group where it stands.
            .current_dir(sandbox.dir())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let arbitrator = Self(child);
        members(sandbox, "3").await;
        Ok(arbitrator)
    }

    async fn leave(mut self, sandbox: &Sandbox) {
        kill(Pid::from_raw(self.0.id().cast_signed()), Signal::SIGTERM).unwrap();
        self.0.wait().unwrap();
        members(sandbox, "2").await;
    }
}

impl Drop for Arbitrator {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn members(sandbox: &Sandbox, count: &str) {
    for node in sandbox.nodes() {
        until("the arbitrator's coming or going is known", Duration::from_secs(20), async || {
            node.status("wsrep_cluster_size").await.unwrap().as_deref() == Some(count)
        })
        .await;
    }
}

const REBUILD: &str = "ALTER TABLE garb.t FORCE";

async fn two_nodes_roll_only_while_it_is_there() -> Result<(), Error> {
    let sandbox = Scoped::up("garb", &Options { nodes: 2, ..Options::default() }).await?;
    let node = &sandbox.nodes()[0];
    node.execute("CREATE DATABASE garb").await?;
    node.execute("CREATE TABLE garb.t (id INT PRIMARY KEY, a INT)").await?;
    let config = with_policy(&sandbox, "min_serving", 1.into());
    let roll = ["--method", "rsu"];
    // If the one that serves died, the one that is aside would be half of the cluster.
    named(&told(config.path(), REBUILD, &roll), "quorum", 3);
    let arbitrator = Arbitrator::join(&sandbox).await?;
    // It is a member that no configuration names, and no node that a roll would have to visit.
    told(config.path(), REBUILD, &roll).expect_code(0);
    schema_with(config.path(), &["apply", "--method", "rsu", "-e", REBUILD]).expect_code(0);
    assert_all_home(&sandbox).await;
    // It goes away between the first node and the second.
    let mut run = Running::start(config.path(), &["apply", "--method", "rsu", "-e", REBUILD]);
    assert!(run.until("settling", 1));
    arbitrator.leave(&sandbox).await;
    assert_eq!(run.end(), 6);
    assert_all_home(&sandbox).await;
    let still = schema_with(config.path(), &["resume"]).expect_code(6);
    assert!(still.stdout.contains("no majority"), "{}", still.stdout);
    let _arbitrator = Arbitrator::join(&sandbox).await?;
    schema_with(config.path(), &["resume"]).expect_code(0);
    assert_all_home(&sandbox).await;
    Ok(())
}
