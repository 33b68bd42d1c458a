//! ProxySQL's driver against the stand-in.

use galera_schema::balancer::{Fleet, FleetSaved, Standing, Trouble};
use galera_schema::config::{Address, BalancerKind, PasswordSource, ProxySql};
use galera_schema::failure::{ExitCode, Failure};
use mysql_async::prelude::Queryable;

use super::proxysql_server::{Group, Row, Server, State, rows};
use super::{drain, fleet, nodes, settings};

const MEMORY: &str = "10,1,ONLINE,100,200 10,2,ONLINE,200,200 10,3,ONLINE,300,200";

fn group(max_writers: usize, readers: u8) -> Option<Group> {
    Some(Group { active: true, max_writers, readers, comment: String::new() })
}

fn kind(ports: &[u16], user: &str) -> BalancerKind {
    BalancerKind::ProxySql(ProxySql {
        addresses: ports.iter().map(|port| Address::Tcp { host: "127.0.0.1".into(), port: *port }).collect(),
        user: user.into(),
        password: PasswordSource::None,
        hostgroups: vec![],
    })
}

fn of(server: &Server) -> Fleet {
    fleet(kind(&[server.port], "radmin"))
}

/// Memory and runtime, in their order.
fn tables(server: &Server) -> (Vec<Row>, Vec<Row>) {
    let state = server.state();
    (state.memory.clone(), state.runtime.clone())
}

/// What was written, without what only looked.
fn changes(server: &Server) -> Vec<String> {
    let state = server.state();
    state.log.iter().filter(|sql| !sql.starts_with("SELECT") && !sql.starts_with("SHOW")).cloned().collect()
}

#[tokio::test]
async fn a_plain_host_group_goes_the_measured_way() {
    let server = Server::start(MEMORY, None);
    let before = tables(&server);
    let fleet = of(&server);
    let saved = drain(&fleet, "n2").await.unwrap();
    assert_eq!(State::show(&server.state().runtime), MEMORY.replace("2,ONLINE", "2,OFFLINE_SOFT"));
    let watch = fleet.watch(&saved).await.unwrap();
    assert!(watch.holds && watch.repaired.is_empty() && watch.sessions == Some(0), "{watch:?}");
    assert!(!fleet.serves("n2").await.unwrap() && fleet.serves("n1").await.unwrap());
    fleet.drain(&saved).await.unwrap();
    fleet.admit(&saved).await.unwrap();
    fleet.wait_until_served(&saved).await.unwrap();
    assert_eq!(tables(&server), before);
    fleet.admit(&saved).await.unwrap();
    let row = "WHERE hostgroup_id=10 AND hostname='127.0.0.1' AND port=46062";
    assert_eq!(
        changes(&server),
        [
            &*format!("UPDATE mysql_servers SET status='OFFLINE_SOFT' {row}"),
            "LOAD MYSQL SERVERS TO RUNTIME",
            &*format!("UPDATE mysql_servers SET status='ONLINE' {row}"),
            "LOAD MYSQL SERVERS TO RUNTIME",
        ]
    );
    assert_eq!(server.state().odd, [0; 0], "text only: no prepared statement, no reset");
}

#[tokio::test]
async fn the_monitor_of_a_galera_group_undoes_offline_soft_and_not_our_drain() {
    // That the monitor does so is the reason for all of this; the stand-in does as the real one was seen to do.
    let server = Server::start(MEMORY, group(3, 1));
    let mut opts =
        mysql_async::OptsBuilder::default().ip_or_hostname("127.0.0.1").tcp_port(server.port).user(Some("radmin"));
    opts = opts.prefer_socket(false).max_allowed_packet(Some(1 << 20)).wait_timeout(Some(100));
    let mut admin = mysql_async::Conn::new(opts).await.unwrap();
    admin.query_drop("UPDATE mysql_servers SET status='OFFLINE_SOFT' WHERE port=46062").await.unwrap();
    admin.query_drop("LOAD MYSQL SERVERS TO RUNTIME").await.unwrap();
    assert!(server.state().loads[0].contains(&rows("10,2,OFFLINE_SOFT,200,200")[0]));
    server.three_checks().await;
    assert!(server.state().runtime.contains(&rows("10,2,ONLINE,200,200")[0]));

    for (max_writers, readers) in [(1, 0), (1, 1), (1, 2), (2, 0), (3, 0), (3, 1)] {
        for node in ["n1", "n2", "n3"] {
            let server = Server::start(MEMORY, group(max_writers, readers));
            let before = tables(&server);
            let fleet = of(&server);
            let saved = drain(&fleet, node).await.unwrap();
            let what = format!("max_writers={max_writers} writer_is_also_reader={readers} {node}");
            server.three_checks().await;
            let watch = fleet.watch(&saved).await.unwrap();
            assert!(watch.holds && watch.repaired.is_empty(), "{what}: {}", State::show(&server.state().runtime));
            assert!(!fleet.serves(node).await.unwrap(), "{what}");

            // The drained node may be desynced: it goes to the offline group and comes back without weight.
            let port = 46060 + node[1..].parse::<u16>().unwrap();
            server.state().ill.push(port);
            server.three_checks().await;
            assert!(fleet.watch(&saved).await.unwrap().holds, "{what}");
            server.state().ill.clear();
            server.three_checks().await;
            assert!(fleet.watch(&saved).await.unwrap().holds, "{what}");

            fleet.admit(&saved).await.unwrap();
            fleet.wait_until_served(&saved).await.unwrap();
            server.three_checks().await;
            let after = tables(&server);
            assert_eq!(State::show(&after.1), State::show(&before.1), "{what}: runtime");
            assert_eq!(after, before, "{what}");
            for load in &server.state().loads {
                let usable = |row: &&Row| row[0] == "10" && row[4] == "ONLINE" && row[5] != "0";
                let writers = load.iter().filter(usable).count();
                assert!((1..=max_writers).contains(&writers), "{what}: {writers} writers in {}", State::show(load));
            }
        }
    }
}

#[tokio::test]
async fn an_unpublished_edit_is_never_published() {
    type Edit = fn(&mut State);
    let edits: [(&str, Edit); 4] = [
        ("mysql_servers (127.0.0.1:46061", |state| state.memory[0][5] = "7".into()),
        ("mysql_servers (127.0.0.1:46061", |state| state.memory.extend(rows("77,1,ONLINE,1,1"))),
        ("mysql_servers (127.0.0.1:46063", |state| {
            state.memory.pop();
        }),
        ("mysql_galera_hostgroups", |state| state.memory_group.as_mut().unwrap().max_writers = 2),
    ];
    for (expected, edit) in edits {
        let server = Server::start(MEMORY, group(1, 0));
        edit(&mut server.state());
        let before = tables(&server);
        let error = of(&server).remember("n2").await.unwrap_err();
        assert_eq!(error.trouble, Trouble::Refused);
        assert!(error.message.contains(expected), "{expected}: {error}");
        assert_eq!(tables(&server), before);
        assert_eq!(changes(&server), Vec::<String>::new());
    }
}

#[tokio::test]
async fn an_edit_that_came_during_the_drain_is_not_published_by_the_return() {
    for group in [None, group(1, 0)] {
        let server = Server::start(MEMORY, group);
        let fleet = of(&server);
        let saved = drain(&fleet, "n2").await.unwrap();
        server.state().memory[0][5] = "7".into();
        let drained = server.state().runtime.clone();
        let error = fleet.admit(&saved).await.unwrap_err();
        assert!(error.trouble == Trouble::Refused && !error.left.is_empty(), "{error:?}");
        assert_eq!(Failure::from(error).code, ExitCode::Unknown);
        assert_eq!(server.state().runtime, drained);
        // Its author publishes it; the node comes back and the edit stays.
        server.state().publish();
        fleet.admit(&saved).await.unwrap();
        fleet.wait_until_served(&saved).await.unwrap();
        let runtime = State::show(&server.state().runtime);
        assert!(runtime.contains("10,1,") && runtime.contains(",7,200") && runtime.contains(",200,200"), "{runtime}");
        assert!(!runtime.contains(",0,0") && !runtime.contains("OFFLINE_SOFT"), "{runtime}");
    }
}

#[tokio::test]
async fn a_restart_in_mid_drain_is_seen_and_mended() {
    for group in [None, group(1, 0)] {
        let server = Server::start(MEMORY, group);
        let before = tables(&server);
        let fleet = of(&server);
        let saved = drain(&fleet, "n3").await.unwrap();
        server.state().restart();
        let watch = fleet.watch(&saved).await.unwrap();
        assert!(!watch.holds && watch.repaired.len() == 1, "{watch:?}");
        assert!(watch.notes.iter().any(|note| note.contains("restarted")), "{watch:?}");
        assert!(fleet.watch(&saved).await.unwrap().holds);
        fleet.admit(&saved).await.unwrap();
        server.three_checks().await;
        assert_eq!(tables(&server), before);
    }
}

#[tokio::test]
async fn a_connection_that_breaks_half_way_leaves_nothing_behind() {
    for (group, node) in [(None, "n2"), (group(1, 0), "n3"), (group(3, 1), "n1")] {
        for at in ["UPDATE", "INSERT", "DELETE", "LOAD", "SELECT * FROM runtime_mysql_servers"] {
            let server = Server::start(MEMORY, group.clone());
            let before = tables(&server);
            let fleet = of(&server);
            let saved: FleetSaved = fleet.remember(node).await.unwrap();
            server.state().break_at = Some(at);
            match fleet.drain(&saved).await {
                // Rolled back by the fleet.
                Err(error) => {
                    assert!(error.trouble == Trouble::Unreachable && error.left.is_empty(), "{at}: {error:?}")
                }
                // This drain has no such statement.
                Ok(()) => {
                    server.state().break_at = None;
                    fleet.admit(&saved).await.unwrap();
                }
            }
            server.three_checks().await;
            assert_eq!(tables(&server), before, "{node} {at}");

            // And on the way back: the next process does the rest.
            let saved = drain(&fleet, node).await.unwrap();
            server.state().break_at = Some(at);
            let first = fleet.admit(&saved).await;
            server.state().break_at = None;
            if let Err(error) = first {
                assert!(!error.left.is_empty(), "{at}: {error:?}");
                fleet.admit(&saved).await.unwrap();
            }
            server.three_checks().await;
            assert_eq!(tables(&server), before, "{node} {at}");
        }
    }
}

#[tokio::test]
async fn two_instances_are_drained_both_or_not_at_all() {
    let (first, second) = (Server::start(MEMORY, None), Server::start(MEMORY, None));
    let fleet = fleet(kind(&[first.port, second.port], "radmin"));
    let before = tables(&first);
    let saved = fleet.remember("n2").await.unwrap();
    second.state().memory[0][5] = "7".into();
    let error = fleet.drain(&saved).await.unwrap_err();
    assert!(error.trouble == Trouble::Refused && error.balancer.contains(&second.port.to_string()), "{error:?}");
    assert!(error.left.is_empty(), "{error:?}");
    assert_eq!(tables(&first), before);
    assert_eq!(second.state().memory[0][5], "7", "the edit is its author's");
    second.state().memory[0][5] = "100".into();
    fleet.drain(&saved).await.unwrap();
    second.state().sessions.push(("app".into(), 46062));
    assert_eq!(fleet.watch(&saved).await.unwrap().sessions, Some(1), "each instance has sessions of its own");
}

#[tokio::test]
async fn sessions_that_stay_are_named() {
    let server = Server::start(MEMORY, None);
    server.state().sessions =
        vec![("app".into(), 46062), ("app".into(), 46062), ("cron".into(), 46062), ("app".into(), 46061)];
    let fleet = of(&server);
    let saved = drain(&fleet, "n2").await.unwrap();
    let watch = fleet.watch(&saved).await.unwrap();
    assert_eq!(watch.sessions, Some(3));
    assert!(watch.notes.iter().any(|note| note.contains("app (2), cron (1)")), "{watch:?}");
    assert_eq!(fleet.monitors().await.unwrap(), ["monitor"]);
}

#[tokio::test]
async fn an_ill_group_and_a_last_server_are_left_alone() {
    let server = Server::start(MEMORY, group(1, 0));
    server.state().ill.push(46061);
    server.three_checks().await;
    let error = of(&server).remember("n2").await.unwrap_err();
    assert!(error.trouble == Trouble::Refused && error.message.contains("only 1 node(s)"), "{error}");
    let one = Fleet::open(&[settings(kind(&[server.port], "radmin"))], &nodes(), 1).unwrap();
    let error = one.remember("n2").await.unwrap_err();
    assert!(
        error.trouble == Trouble::Refused && error.message.contains("46061 is ONLINE in host group 9999"),
        "{error}"
    );
    // Readers that are only backups: with two writers of three nodes there is one, and it would be gone.
    let two = Server::start(MEMORY, group(2, 2));
    for (node, why) in [("n1", "last server of host group 30"), ("n3", "no reader in host group 30")] {
        let error = of(&two).remember(node).await.unwrap_err();
        assert!(error.trouble == Trouble::Refused && error.message.contains(why), "{node}: {error}");
    }
    let view = &one.check().await.unwrap()[0];
    let standing = |node: &str| view.node(node).unwrap().standing;
    assert_eq!([standing("n1"), standing("n2"), standing("n3")], [Standing::Down, Standing::Backup, Standing::Serving]);
}

#[tokio::test]
async fn what_cannot_be_used_is_said_before_anything_is_done() {
    let server = Server::start(MEMORY, None);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut unknown = settings(kind(&[server.port], "radmin"));
    unknown.servers.0.insert("n3".into(), "db3:3306".into());
    for (settings, code, expected) in [
        (settings(kind(&[server.port], "nobody")), ExitCode::Unobservable, "Access denied for user 'nobody'"),
        (settings(kind(&[server.port], "stats")), ExitCode::Unobservable, "no such table"),
        (settings(kind(&[closed], "radmin")), ExitCode::Unobservable, "could not be reached"),
        (unknown, ExitCode::Usage, "no server db3:3306 (node n3)"),
    ] {
        let failure = Failure::from(Fleet::open(&[settings], &nodes(), 2).unwrap().check().await.unwrap_err());
        assert_eq!(failure.code, code, "{failure}");
        assert!(failure.message.contains(expected), "{failure}");
    }
    assert_eq!(changes(&server), Vec::<String>::new());
}
