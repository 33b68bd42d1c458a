//! HAProxy's modes.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use galera_schema::balancer::{Client, Clients, Error, Pending, Rules, Standing, Trouble};
use galera_schema::config::Address;
use galera_schema::failure::{ExitCode, Failure};
use galera_schema::plan::AfterDrainTimeout;
use galera_schema::sandbox::{Check, ClusterCheck, Haproxy, HaproxyOptions, Options, Sandbox, Scoped};
use libtest_mimic::Trial;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::{behind_two, drain, fleet, reload, settings, states, unix};
use crate::support::{trial, until};

pub fn tests() -> Vec<Trial> {
    vec![
        trial("balancer::haproxy_in_every_mode", haproxy_in_every_mode),
        trial("balancer::a_health_check_that_cuts_sessions_finds_none", a_health_check_that_cuts_sessions_finds_none),
    ]
}

/// One cluster for all modes: each takes a second, bringing up a cluster takes fifteen.
async fn haproxy_in_every_mode() -> Result<(), Error> {
    let sandbox = behind_two().await;
    every_instance_and_backend_is_drained_and_put_back(&sandbox).await?;
    what_was_found_out_of_service_stays_out(&sandbox).await?;
    a_backend_that_was_added_since_is_put_back_as_well(&sandbox).await?;
    a_drain_that_fails_half_way_is_rolled_back(&sandbox).await?;
    what_cannot_be_used_is_said_before_anything_is_done(&sandbox).await;
    the_last_ones_are_not_drained(&sandbox).await?;
    weights_and_backups_come_back(&sandbox).await?;
    an_agent_that_says_ready_does_not_end_a_drain(&sandbox).await?;
    a_reload_does_not_hide_sessions_and_does_not_end_a_drain(&sandbox).await?;
    a_server_state_file_carries_the_drain_over_a_reload(&sandbox).await?;
    somebody_elses_maintenance_is_left_alone(&sandbox).await?;
    a_stick_table_does_not_bring_sessions_past_a_drain(&sandbox).await?;
    a_rule_that_names_a_server_does_not_bring_sessions_past_an_empty_node(&sandbox).await
}

fn both(sandbox: &Sandbox) -> (&Haproxy, &Haproxy) {
    (&sandbox.haproxies()[0], &sandbox.haproxies()[1])
}

/// The first one by its unix socket, the second one by TCP.
fn addresses(sandbox: &Sandbox) -> Vec<Address> {
    let (first, second) = both(sandbox);
    vec![unix(first.socket()), Address::Tcp { host: "127.0.0.1".into(), port: second.stats_port() }]
}

async fn every_instance_and_backend_is_drained_and_put_back(sandbox: &Sandbox) -> Result<(), Error> {
    let (first, second) = both(sandbox);
    let before = (states(first).await, states(second).await);
    let fleet = fleet(sandbox, settings(addresses(sandbox), &["galera", "reports"]));
    assert_eq!(fleet.check().await?.len(), 2);
    let saved = drain(&fleet, "n2").await?;
    for haproxy in [first, second] {
        let drained: Vec<String> = states(haproxy).await.into_iter().filter(|line| line.contains(" 8 ")).collect();
        assert_eq!(drained, ["galera n2 8 1 1 0", "reports n2 8 1 1 0"], "{}", haproxy.name());
    }
    let watch = fleet.watch(&saved).await?;
    assert!(watch.holds && watch.sessions == Some(0) && watch.repaired.is_empty(), "{watch:?}");
    assert!(!fleet.serves("n2").await? && fleet.serves("n1").await?);
    fleet.admit(&saved).await?;
    fleet.wait_until_served(&saved).await?;
    assert!(fleet.serves("n2").await?);
    assert_eq!((states(first).await, states(second).await), before);
    // Once more changes nothing: another process may have done it already.
    fleet.admit(&saved).await?;
    assert_eq!((states(first).await, states(second).await), before);
    Ok(())
}

async fn what_was_found_out_of_service_stays_out(sandbox: &Sandbox) -> Result<(), Error> {
    let (first, _) = both(sandbox);
    let fleet = fleet(sandbox, settings(addresses(sandbox), &["galera", "reports"]));
    first.ask("set server galera/n2 state maint").await.unwrap();
    first.ask("set server reports/n2 state drain").await.unwrap();
    let before = states(first).await;
    let saved = drain(&fleet, "n2").await?;
    assert!(fleet.watch(&saved).await?.holds);
    fleet.admit(&saved).await?;
    fleet.wait_until_served(&saved).await?;
    assert_eq!(states(first).await, before);
    first.ask("set server galera/n2 state ready").await.unwrap();
    first.ask("set server reports/n2 state ready").await.unwrap();
    first.wait_up(sandbox.nodes(), Duration::from_secs(10)).await.unwrap();
    Ok(())
}

/// An earlier attempt did not know the backend `reports`, nor the second HAProxy.
async fn a_backend_that_was_added_since_is_put_back_as_well(sandbox: &Sandbox) -> Result<(), Error> {
    let (first, second) = both(sandbox);
    let before = (states(first).await, states(second).await);
    let fleet = fleet(sandbox, settings(addresses(sandbox), &["galera", "reports"]));
    let all = fleet.remember("n2").await?;
    let mut earlier = all.clone();
    earlier.balancers.retain(|label, _| !label.contains(&second.stats_port().to_string()));
    let mut value = serde_json::to_value(&earlier).unwrap();
    for (_, state) in value["balancers"].as_object_mut().unwrap() {
        state["servers"].as_array_mut().unwrap().retain(|server| server["backend"] != "reports");
    }
    let earlier = serde_json::from_value(value).unwrap();
    assert_ne!(earlier, all);
    let saved = fleet.extend(&earlier).await?;
    assert_eq!(saved, all);
    fleet.drain(&saved).await?;
    // What was there before the drain stays what is remembered.
    assert_eq!(fleet.extend(&saved).await?, saved);
    fleet.admit(&saved).await?;
    fleet.wait_until_served(&saved).await?;
    assert_eq!((states(first).await, states(second).await), before);
    Ok(())
}

async fn a_drain_that_fails_half_way_is_rolled_back(sandbox: &Sandbox) -> Result<(), Error> {
    let (first, second) = both(sandbox);
    let fleet = fleet(sandbox, settings(addresses(sandbox), &["galera", "reports"]));
    let before = states(first).await;
    let saved = fleet.remember("n3").await?;
    second.stop().await.unwrap();
    let error = fleet.drain(&saved).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Unreachable);
    assert!(error.balancer.contains(&second.stats_port().to_string()), "{error}");
    assert_eq!(states(first).await, before, "the one that could be drained is back");
    second.start().await.unwrap();
    second.wait_up(sandbox.nodes(), Duration::from_secs(10)).await.unwrap();
    Ok(())
}

async fn what_cannot_be_used_is_said_before_anything_is_done(sandbox: &Sandbox) {
    let (first, _) = both(sandbox);
    let both = ["galera", "reports"];
    let mut wrong_name = settings(vec![unix(first.socket())], &both);
    wrong_name.servers.0.insert("n3".into(), "db3".into());
    for (settings, code, expected) in [
        (settings(vec![unix(first.operator_socket())], &both), ExitCode::Unobservable, "access level `operator`"),
        (
            settings(vec![unix(first.socket().with_extension("no"))], &both),
            ExitCode::Unobservable,
            "no HAProxy runtime socket",
        ),
        (settings(vec![unix(first.socket())], &["galara"]), ExitCode::Usage, "no backend `galara`"),
        (wrong_name, ExitCode::Usage, "no server `db3` (node n3)"),
        (settings(vec![unix(first.socket())], &["galera"]), ExitCode::Usage, "also stands in HAProxy as reports/n1"),
    ] {
        let error = fleet(sandbox, settings).check().await.unwrap_err();
        let failure = Failure::from(error);
        assert_eq!(failure.code, code, "{failure}");
        assert!(failure.message.contains(expected) && failure.next.is_some(), "{failure}");
    }
}

async fn the_last_ones_are_not_drained(sandbox: &Sandbox) -> Result<(), Error> {
    let (first, _) = both(sandbox);
    let fleet = fleet(sandbox, settings(vec![unix(first.socket())], &["galera", "reports"]));
    first.ask("set server reports/n1 state maint").await.unwrap();
    first.ask("set server reports/n2 state maint").await.unwrap();
    let error = fleet.remember("n3").await.unwrap_err();
    assert!(error.trouble == Trouble::Refused && error.message.contains("last server of backend reports"), "{error}");
    first.ask("set server galera/n1 state maint").await.unwrap();
    let error = fleet.remember("n3").await.unwrap_err();
    assert!(error.trouble == Trouble::Refused && error.message.contains("only 1 node(s)"), "{error}");
    for server in ["reports/n1", "reports/n2", "galera/n1"] {
        first.ask(&format!("set server {server} state ready")).await.unwrap();
    }
    first.wait_up(sandbox.nodes(), Duration::from_secs(10)).await.unwrap();
    Ok(())
}

/// Changes the configuration and reloads; the answer is the old text, to be put back.
async fn reconfigure(haproxy: &Haproxy, change: impl Fn(&str) -> String) -> String {
    let old = fs::read_to_string(haproxy.config()).unwrap();
    fs::write(haproxy.config(), change(&old)).unwrap();
    reload(haproxy).await;
    old
}

async fn weights_and_backups_come_back(sandbox: &Sandbox) -> Result<(), Error> {
    let (first, _) = both(sandbox);
    let old = reconfigure(first, |text| {
        let line = |line: &str| if line.contains("server n3 ") { format!("{line} backup") } else { line.to_owned() };
        text.lines().map(line).collect::<Vec<_>>().join("\n") + "\n"
    })
    .await;
    first.wait_up(sandbox.nodes(), Duration::from_secs(10)).await.unwrap();
    first.ask("set server galera/n1 weight 7").await.unwrap();
    let before = states(first).await;
    let fleet = fleet(sandbox, settings(vec![unix(first.socket())], &["galera", "reports"]));
    let views = fleet.check().await?;
    let standing = |node: &str| views[0].node(node).unwrap().standing;
    assert_eq!((standing("n1"), standing("n3")), (Standing::Serving, Standing::Backup));
    // A backup counts as somebody who takes over.
    let saved = drain(&fleet, "n1").await?;
    fleet.admit(&saved).await?;
    fleet.wait_until_served(&saved).await?;
    assert_eq!(states(first).await, before);
    assert!(before.contains(&"galera n1 0 7 1 0".to_owned()), "{before:?}");
    reconfigure(first, |_| old.clone()).await;
    first.wait_up(sandbox.nodes(), Duration::from_secs(10)).await.unwrap();
    Ok(())
}

/// An agent for HAProxy's `agent-check`: it says `up ready` to everybody.
fn agent(end: Arc<AtomicBool>) -> (u16, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        while !end.load(Ordering::Relaxed) {
            match listener.accept() {
                Ok((mut stream, _)) => {
                    let _ = stream.write_all(b"up ready\n");
                }
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    });
    (port, thread)
}

async fn an_agent_that_says_ready_does_not_end_a_drain(sandbox: &Sandbox) -> Result<(), Error> {
    let (first, _) = both(sandbox);
    let end = Arc::new(AtomicBool::new(false));
    let (port, thread) = agent(Arc::clone(&end));
    let old = reconfigure(first, |text| {
        let line = |line: &str| {
            if line.contains("server n2 ") {
                format!("{line} agent-check agent-port {port} agent-inter 100ms")
            } else {
                line.to_owned()
            }
        };
        text.lines().map(line).collect::<Vec<_>>().join("\n") + "\n"
    })
    .await;
    first.wait_up(sandbox.nodes(), Duration::from_secs(10)).await.unwrap();

    // That this agent ends a drain of the plain kind within a moment is what makes the test one.
    agent_ends_a_drain(first).await;
    let before = states(first).await;
    let fleet = fleet(sandbox, settings(vec![unix(first.socket())], &["galera", "reports"]));
    let saved = drain(&fleet, "n2").await?;
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let watch = fleet.watch(&saved).await?;
        assert!(watch.holds && watch.repaired.is_empty(), "{watch:?}");
    }
    fleet.admit(&saved).await?;
    fleet.wait_until_served(&saved).await?;
    assert_eq!(states(first).await, before);
    agent_ends_a_drain(first).await;
    reconfigure(first, |_| old.clone()).await;
    first.wait_up(sandbox.nodes(), Duration::from_secs(10)).await.unwrap();
    end.store(true, Ordering::Relaxed);
    thread.join().unwrap();
    Ok(())
}

async fn agent_ends_a_drain(haproxy: &Haproxy) {
    haproxy.ask("set server galera/n2 state drain").await.unwrap();
    until("the agent ends a drain", Duration::from_secs(5), async || {
        states(haproxy).await.iter().any(|line| line.starts_with("galera n2 0 "))
    })
    .await;
}

/// A session through a HAProxy that lands on this node.
async fn session_on(sandbox: &Sandbox, haproxy: &Haproxy, node: &str) -> Conn {
    let opts = mysql_async::OptsBuilder::from_opts(sandbox.app_opts().unwrap())
        .tcp_port(haproxy.port())
        .prefer_socket(Some(false));
    let wanted = sandbox.node(node).unwrap().port();
    for _ in 0..30 {
        let mut conn = Conn::new(opts.clone()).await.unwrap();
        if conn.query_first::<u16, _>("select @@port").await.unwrap() == Some(wanted) {
            return conn;
        }
        conn.disconnect().await.unwrap();
    }
    panic!("no session came to {node}");
}

async fn a_reload_does_not_hide_sessions_and_does_not_end_a_drain(sandbox: &Sandbox) -> Result<(), Error> {
    let (first, _) = both(sandbox);
    let fleet = fleet(sandbox, settings(vec![unix(first.master_socket())], &["galera", "reports"]));
    let before = states(first).await;
    let session = session_on(sandbox, first, "n2").await;
    let saved = drain(&fleet, "n2").await?;
    assert_eq!(fleet.watch(&saved).await?.sessions, Some(1));
    reload(first).await;
    // The new process knows nothing of the drain, and the session is with the old one.
    let watch = fleet.watch(&saved).await?;
    assert!(!watch.holds && watch.repaired.len() == 1, "{watch:?}");
    assert_eq!(watch.sessions, Some(1), "{watch:?}");
    let watch = fleet.watch(&saved).await?;
    assert!(watch.holds && watch.repaired.is_empty() && watch.sessions == Some(1), "{watch:?}");
    session.disconnect().await.unwrap();
    until("the old process has no session left", Duration::from_secs(10), async || {
        fleet.watch(&saved).await.is_ok_and(|watch| watch.holds && watch.sessions == Some(0))
    })
    .await;
    fleet.admit(&saved).await?;
    fleet.wait_until_served(&saved).await?;
    assert_eq!(states(first).await, before);
    Ok(())
}

async fn a_server_state_file_carries_the_drain_over_a_reload(sandbox: &Sandbox) -> Result<(), Error> {
    let (_, second) = both(sandbox);
    let fleet = fleet(sandbox, settings(vec![unix(second.socket())], &["galera", "reports"]));
    let before = states(second).await;
    let saved = drain(&fleet, "n2").await?;
    reload(second).await;
    let watch = fleet.watch(&saved).await?;
    assert!(watch.holds && watch.repaired.is_empty(), "{watch:?}");
    fleet.admit(&saved).await?;
    fleet.wait_until_served(&saved).await?;
    assert_eq!(states(second).await, before);
    // And the way back outlives the next reload as well.
    reload(second).await;
    fleet.wait_until_served(&saved).await?;
    assert_eq!(states(second).await, before);
    Ok(())
}

async fn somebody_elses_maintenance_is_left_alone(sandbox: &Sandbox) -> Result<(), Error> {
    let (first, _) = both(sandbox);
    let fleet = fleet(sandbox, settings(vec![unix(first.socket())], &["galera", "reports"]));
    let saved = drain(&fleet, "n2").await?;
    first.ask("set server galera/n2 state maint").await.unwrap();
    assert!(fleet.watch(&saved).await?.holds);
    let error = fleet.admit(&saved).await.unwrap_err();
    assert!(error.left.iter().any(|left| left.contains("set server galera/n2 state ready")), "{error:?}");
    let now = states(first).await;
    assert!(now.contains(&"galera n2 1 1 1 0".to_owned()) && now.contains(&"reports n2 0 1 1 0".to_owned()), "{now:?}");
    first.ask("set server galera/n2 state ready").await.unwrap();
    fleet.admit(&saved).await
}

/// Adds lines to backend `galera`.
async fn with_rules(haproxy: &Haproxy, rules: &str) -> String {
    reconfigure(haproxy, |text| text.replace("\nbackend galera\n", &format!("\nbackend galera\n{rules}"))).await
}

/// The node of a new session through a HAProxy.
async fn lands_on(sandbox: &Sandbox, haproxy: &Haproxy) -> String {
    let opts = mysql_async::OptsBuilder::from_opts(sandbox.app_opts().unwrap())
        .tcp_port(haproxy.port())
        .prefer_socket(Some(false));
    let mut conn = Conn::new(opts).await.unwrap();
    let port: u16 = conn.query_first("select @@port").await.unwrap().unwrap();
    conn.disconnect().await.unwrap();
    sandbox.nodes().iter().find(|node| node.port() == port).unwrap().name().to_owned()
}

/// A node whose process list shows nobody.
struct Nobody;

impl Clients for Nobody {
    fn list(&mut self) -> Pending<'_, Vec<Client>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn close_idle<'a>(&'a mut self, _idle: &'a [Client]) -> Pending<'a, usize> {
        Box::pin(async { panic!("nobody is to be closed") })
    }

    fn close_all<'a>(&'a mut self, _clients: &'a [Client]) -> Pending<'a, usize> {
        Box::pin(async { panic!("nobody is to be closed") })
    }
}

const RULES: Rules = Rules { timeout: Duration::from_secs(3), then: AfterDrainTimeout::Stop };

async fn a_stick_table_does_not_bring_sessions_past_a_drain(sandbox: &Sandbox) -> Result<(), Error> {
    let (first, _) = both(sandbox);
    let old = with_rules(first, "    stick-table type ip size 1k expire 1h\n    stick on dst\n").await;
    first.wait_up(sandbox.nodes(), Duration::from_secs(10)).await.unwrap();
    let fleet = fleet(sandbox, settings(vec![unix(first.socket())], &["galera", "reports"]));
    let writer = lands_on(sandbox, first).await;
    // That a plain drain lets the sessions of the table through is what makes the test one.
    first.ask(&format!("set server galera/{writer} state drain")).await.unwrap();
    assert_eq!(lands_on(sandbox, first).await, writer);
    first.ask(&format!("set server galera/{writer} state ready")).await.unwrap();
    let before = states(first).await;

    let saved = drain(&fleet, &writer).await?;
    let other = lands_on(sandbox, first).await;
    assert_ne!(other, writer);
    let watch = fleet.watch(&saved).await?;
    assert!(watch.holds && watch.sessions == Some(0), "{watch:?}");
    // A peer brings an old entry back: that is no drain, and it is mended.
    let id = writer.trim_start_matches('n');
    first.ask("clear table galera key 127.0.0.1").await.unwrap();
    first.ask(&format!("set table galera key 127.0.0.1 data.server_id {id}")).await.unwrap();
    let table = first.ask(&format!("show table galera data.server_id eq {id}")).await.unwrap();
    assert!(table.contains("key=127.0.0.1"), "{table}");
    let watch = fleet.watch(&saved).await?;
    assert!(!watch.holds && watch.repaired.len() == 1, "{watch:?}");
    assert_ne!(lands_on(sandbox, first).await, writer);
    assert!(fleet.watch(&saved).await?.holds);
    fleet.wait_until_empty(&saved, &mut Nobody, RULES, |_| {}).await?;
    fleet.admit(&saved).await?;
    fleet.wait_until_served(&saved).await?;
    assert_eq!(states(first).await, before);
    reconfigure(first, |_| old.clone()).await;
    first.wait_up(sandbox.nodes(), Duration::from_secs(10)).await.unwrap();
    Ok(())
}

async fn a_rule_that_names_a_server_does_not_bring_sessions_past_an_empty_node(sandbox: &Sandbox) -> Result<(), Error> {
    let (first, _) = both(sandbox);
    let old = with_rules(first, "    use-server n2 if TRUE\n").await;
    first.wait_up(sandbox.nodes(), Duration::from_secs(10)).await.unwrap();
    first.ask("set server galera/n2 weight 7").await.unwrap();
    let before = states(first).await;
    let fleet = fleet(sandbox, settings(vec![unix(first.socket())], &["galera", "reports"]));
    let saved = drain(&fleet, "n2").await?;
    // While it is only drained they come, and a session that comes and goes begins the proof anew.
    let begun = fleet.watch(&saved).await?.begun;
    assert_eq!(lands_on(sandbox, first).await, "n2");
    assert_eq!(fleet.watch(&saved).await?.begun, begun.map(|begun| begun + 1));
    let stays = session_on(sandbox, first, "n2").await;
    let stayed = fleet.wait_until_empty(&saved, &mut Nobody, RULES, |_| {}).await.unwrap_err();
    assert_eq!(stayed.trouble, Trouble::Stayed);
    stays.disconnect().await.unwrap();

    fleet.wait_until_empty(&saved, &mut Nobody, RULES, |_| {}).await?;
    let shut: Vec<String> = states(first).await.into_iter().filter(|line| line.contains(" n2 ")).collect();
    assert_eq!(shut, ["galera n2 1 0 1 0", "reports n2 1 0 1 0"]);
    assert_ne!(lands_on(sandbox, first).await, "n2");
    assert!(fleet.still_empty(&saved).await?.holds);
    // Another process knows from the mark that this maintenance is ours.
    fleet.admit(&saved).await?;
    fleet.wait_until_served(&saved).await?;
    assert_eq!(states(first).await, before);
    assert!(before.contains(&"galera n2 0 7 1 0".to_owned()), "{before:?}");

    // Somebody else's, set before the node was empty, is not.
    let saved = drain(&fleet, "n2").await?;
    first.ask("set server galera/n2 state maint").await.unwrap();
    fleet.wait_until_empty(&saved, &mut Nobody, RULES, |_| {}).await?;
    let error = fleet.admit(&saved).await.unwrap_err();
    assert!(error.message.contains("Somebody has put galera/n2 into maintenance"), "{error:?}");
    first.ask("set server galera/n2 state ready").await.unwrap();
    fleet.admit(&saved).await?;
    assert_eq!(states(first).await, before);

    // Against `option persist` nothing helps; it is seen.
    reconfigure(first, |_| old.clone()).await;
    with_rules(first, "    use-server n2 if TRUE\n    option persist\n").await;
    first.wait_up(sandbox.nodes(), Duration::from_secs(10)).await.unwrap();
    let saved = drain(&fleet, "n2").await?;
    fleet.wait_until_empty(&saved, &mut Nobody, RULES, |_| {}).await?;
    let came = session_on(sandbox, first, "n2").await;
    let error = fleet.still_empty(&saved).await.unwrap_err();
    assert!(error.trouble == Trouble::NotObeyed && error.message.contains("1 session(s) have come to n2"), "{error:?}");
    came.disconnect().await.unwrap();
    fleet.admit(&saved).await?;
    reconfigure(first, |_| old.clone()).await;
    first.wait_up(sandbox.nodes(), Duration::from_secs(10)).await.unwrap();
    Ok(())
}

async fn a_health_check_that_cuts_sessions_finds_none() -> Result<(), Error> {
    let haproxies =
        vec![HaproxyOptions { check: Check::Http, shutdown_sessions_when_down: true, ..HaproxyOptions::default() }];
    let options = Options { haproxies, ..Options::default() };
    let sandbox = Scoped::up("balancer-check", &options).await.unwrap();
    let _agents = ClusterCheck::start(sandbox.nodes()).unwrap();
    let haproxy = sandbox.haproxy().unwrap();
    haproxy.wait_up(sandbox.nodes(), Duration::from_secs(20)).await.unwrap();
    let fleet = fleet(&sandbox, settings(vec![unix(haproxy.socket())], &["galera"]));
    let mut session = session_on(&sandbox, haproxy, "n2").await;
    let saved = drain(&fleet, "n2").await?;
    // The session may stay for as long as it likes, and only its end makes the node empty.
    session.query_drop("select sleep(0.5)").await.unwrap();
    assert_eq!(fleet.watch(&saved).await?.sessions, Some(1));
    session.disconnect().await.unwrap();
    until("the node is empty", Duration::from_secs(5), async || fleet.watch(&saved).await.unwrap().sessions == Some(0))
        .await;

    let node = sandbox.node("n2").unwrap();
    node.execute("set global wsrep_desync = on").await.unwrap();
    until("the check says DOWN", Duration::from_secs(10), async || {
        let view = &fleet.observe().await[0].1;
        view.as_ref().unwrap().node("n2").unwrap().places[0].status.starts_with("DOWN")
    })
    .await;
    assert!(fleet.watch(&saved).await?.holds, "DOWN hides the drain, and it is still in force");
    // READY is not UP, whether the node was only drained or shut as well: the health check has the last word.
    fleet.wait_until_empty(&saved, &mut Nobody, RULES, |_| {}).await?;
    assert!(states(haproxy).await.contains(&"galera n2 1 0 1 0".to_owned()));
    fleet.admit(&saved).await?;
    assert!(fleet.check().await?[0].node("n2").unwrap().places[0].status.starts_with("DOWN"));
    fleet.drain(&saved).await?;
    node.execute("set global wsrep_desync = off").await.unwrap();
    node.wait_synced(Duration::from_secs(10)).await.unwrap();
    fleet.admit(&saved).await?;
    fleet.wait_until_served(&saved).await?;
    let view = fleet.check().await?;
    assert_eq!(view[0].node("n2").unwrap().places[0].status, "UP");
    session_on(&sandbox, haproxy, "n2").await.disconnect().await.unwrap();
    Ok(())
}
