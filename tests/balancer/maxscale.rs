//! MaxScale's driver against a stand-in for its REST API: shapes and words as in its documentation and source
//! (`Resources-Server.md`, `resource.cc`, `galeramon.cc`).

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use galera_schema::balancer::{Fleet, Trouble};
use galera_schema::config::{BalancerKind, MaxScale, PasswordSource};
use galera_schema::failure::{ExitCode, Failure};

use super::{drain, fleet, nodes, settings};

#[derive(Clone, Debug)]
struct Server {
    name: &'static str,
    /// `Master` or `Slave`, as galeramon has chosen.
    role: &'static str,
    maintenance: bool,
    draining: bool,
    connections: u64,
    /// Reads of this server before a change shows: the monitor takes it up at its next tick.
    lag: u8,
    next: Option<(bool, bool)>,
}

#[derive(Default)]
struct State {
    servers: Vec<Server>,
    log: Vec<String>,
}

struct StandIn {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl StandIn {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server =
            |name, role| Server { name, role, maintenance: false, draining: false, connections: 2, lag: 0, next: None };
        let servers = vec![server("n1", "Master"), server("n2", "Slave"), server("n3", "Slave")];
        let state = Arc::new(Mutex::new(State { servers, log: vec![] }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let Some(Ok(request)) = lines.next() else { continue };
                let mut authorization = String::new();
                for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
                    if let Some((name, value)) = line.split_once(": ")
                        && name.eq_ignore_ascii_case("authorization")
                    {
                        authorization = value.into();
                    }
                }
                let (status, body) = shared.lock().unwrap().answer(&request, &authorization);
                let length = body.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
                );
            }
        });
        Self { port, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn kind(&self, password: &str, token: Option<&str>) -> BalancerKind {
        let known = |text: &str| PasswordSource::Known(text.to_owned().into());
        BalancerKind::MaxScale(MaxScale {
            urls: vec![format!("http://127.0.0.1:{}", self.port)],
            user: if password == "looker" { "looker".into() } else { "admin".into() },
            password: known(password),
            token: token.map(known),
            ca: None,
        })
    }
}

impl State {
    fn answer(&mut self, request: &str, authorization: &str) -> (u16, String) {
        let mut words = request.split(' ');
        let (verb, path) = (words.next().unwrap(), words.next().unwrap());
        // admin:mariadb, looker:looker and a token.
        if !["Basic YWRtaW46bWFyaWFkYg==", "Basic bG9va2VyOmxvb2tlcg==", "Bearer t0ken"].contains(&authorization) {
            return (401, r#"{"errors": [{"detail": "Access denied"}]}"#.into());
        }
        match (verb, path) {
            ("GET", "/v1/servers") => {
                let servers: Vec<String> = self.servers.iter_mut().map(Server::json).collect();
                (200, format!(r#"{{"data": [{}]}}"#, servers.join(",")))
            }
            ("GET", "/v1/monitors") => {
                let monitor = r#"{"id": "galera", "type": "monitors", "attributes": {"module": "galeramon", "parameters": {"user": "mxsmon"}}}"#;
                (200, format!(r#"{{"data": [{monitor}]}}"#))
            }
            ("GET", "/v1/users/inet/admin") => (200, r#"{"data": {"attributes": {"account": "admin"}}}"#.into()),
            ("GET", "/v1/users/inet/looker") => (200, r#"{"data": {"attributes": {"account": "basic"}}}"#.into()),
            ("PUT", _) => {
                self.log.push(path.to_owned());
                let (name, order) = path.strip_prefix("/v1/servers/").unwrap().split_once('/').unwrap();
                let server = self.servers.iter_mut().find(|server| server.name == name).unwrap();
                if order == "set?state=drain" && server.role == "Master" {
                    let text = "The server is master, so it cannot be set to draining mode.";
                    return (400, format!(r#"{{"errors": [{{"detail": "{text}"}}]}}"#));
                }
                let (maintenance, draining) = (server.maintenance, server.draining);
                server.next = Some(match order {
                    "set?state=drain" => (maintenance, true),
                    "clear?state=drain" => (maintenance, false),
                    "set?state=maintenance" => (true, draining),
                    _ => panic!("{order}"),
                });
                server.lag = 2;
                (204, String::new())
            }
            _ => (404, r#"{"errors": [{"detail": "Not Found"}]}"#.into()),
        }
    }
}

impl Server {
    fn json(&mut self) -> String {
        self.lag = self.lag.saturating_sub(1);
        if self.lag == 0
            && let Some((maintenance, draining)) = self.next.take()
        {
            (self.maintenance, self.draining) = (maintenance, draining);
        }
        let drain = if self.connections == 0 { "Drained, " } else { "Draining, " };
        let state = format!(
            "{}{}{}, Synced, Running",
            if self.maintenance { "Maintenance, " } else { "" },
            if self.draining { drain } else { "" },
            self.role
        );
        let (name, connections) = (self.name, self.connections);
        format!(
            r#"{{"id": "{name}", "type": "servers", "attributes": {{"state": "{state}", "parameters": {{"monitoruser": null}},
                "statistics": {{"connections": {connections}, "persistent_connections": 0}}}}}}"#
        )
    }
}

#[tokio::test]
async fn a_server_is_drained_and_comes_back() {
    for (password, token) in [("mariadb", None), ("", Some("t0ken"))] {
        let maxscale = StandIn::start();
        let fleet = fleet(maxscale.kind(password, token));
        fleet.check().await.unwrap();
        let saved = drain(&fleet, "n2").await.unwrap();
        let watch = fleet.watch(&saved).await.unwrap();
        assert!(watch.holds && watch.sessions == Some(2), "{watch:?}");
        maxscale.state().servers[1].connections = 0;
        assert_eq!(fleet.watch(&saved).await.unwrap().sessions, Some(0), "Drained is a drain as well");
        // A restart of MaxScale forgets the drain.
        maxscale.state().servers[1].draining = false;
        assert_eq!(fleet.watch(&saved).await.unwrap().repaired.len(), 1);
        fleet.admit(&saved).await.unwrap();
        fleet.wait_until_served(&saved).await.unwrap();
        assert!(fleet.serves("n2").await.unwrap());
        let drain = "/v1/servers/n2/set?state=drain";
        assert_eq!(maxscale.state().log, [drain, drain, "/v1/servers/n2/clear?state=drain"]);
        assert_eq!(fleet.monitors().await.unwrap(), ["mxsmon"]);
    }
}

#[tokio::test]
async fn the_master_comes_last_and_is_not_cut() {
    let maxscale = StandIn::start();
    let fleet = fleet(maxscale.kind("mariadb", None));
    let names = ["n1", "n2", "n3"].map(str::to_owned);
    assert_eq!(fleet.order(&names).await.unwrap(), ["n2", "n3", "n1"]);
    let error = fleet.remember("n1").await.unwrap_err();
    assert!(error.trouble == Trouble::Refused && error.message.contains("MaxScale's master"), "{error}");
    // It becomes the master between the look and the order.
    let saved = fleet.remember("n2").await.unwrap();
    maxscale.state().servers[1].role = "Master";
    let error = fleet.drain(&saved).await.unwrap_err();
    assert!(error.trouble == Trouble::Refused && error.left.is_empty(), "{error:?}");
    assert_eq!(
        maxscale.state().log,
        ["/v1/servers/n2/clear?state=drain"],
        "it may have been told, as far as anybody knows"
    );
}

/// The drain was accepted, and whoever asked for it is gone before the monitor's next tick.
#[tokio::test]
async fn a_drain_that_does_not_show_yet_is_taken_back() {
    let maxscale = StandIn::start();
    let fleet = fleet(maxscale.kind("mariadb", None));
    let saved = fleet.remember("n2").await.unwrap();
    let accepted = async {
        while maxscale.state().log.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        maxscale.state().servers[1].lag = 10;
    };
    tokio::select! {
        biased;
        () = accepted => {}
        drained = fleet.drain(&saved) => panic!("it shows already: {drained:?}"),
    }
    fleet.admit(&saved).await.unwrap();
    fleet.wait_until_served(&saved).await.unwrap();
    while maxscale.state().servers[1].next.is_some() {
        fleet.observe().await;
    }
    assert!(fleet.serves("n2").await.unwrap(), "{:?}", maxscale.state().log);
}

#[tokio::test]
async fn somebody_elses_maintenance_is_left_alone() {
    let maxscale = StandIn::start();
    let fleet = fleet(maxscale.kind("mariadb", None));
    let saved = drain(&fleet, "n2").await.unwrap();
    maxscale.state().servers[1].maintenance = true;
    let error = fleet.admit(&saved).await.unwrap_err();
    assert!(error.trouble == Trouble::Refused && error.message.contains("Somebody has put n2"), "{error}");
    let state = maxscale.state();
    assert!(state.servers[1].maintenance && !state.servers[1].draining, "only our drain is taken back");
}

#[tokio::test]
async fn what_was_found_out_of_service_stays_out() {
    let maxscale = StandIn::start();
    maxscale.state().servers[2].maintenance = true;
    let one = Fleet::open(&[settings(maxscale.kind("mariadb", None))], &nodes(), 2).unwrap();
    let saved = drain(&one, "n3").await.unwrap();
    assert!(one.watch(&saved).await.unwrap().holds);
    one.admit(&saved).await.unwrap();
    assert_eq!(maxscale.state().log, Vec::<String>::new());
    assert!(maxscale.state().servers[2].maintenance);
}

#[tokio::test]
async fn what_cannot_be_used_is_said_before_anything_is_done() {
    let maxscale = StandIn::start();
    let mut unknown = settings(maxscale.kind("mariadb", None));
    unknown.servers.0.insert("n3".into(), "db3".into());
    for (settings, code, expected) in [
        (settings(maxscale.kind("wrong", None)), ExitCode::Unobservable, "did not accept admin"),
        (settings(maxscale.kind("", Some("old"))), ExitCode::Unobservable, "did not accept the token"),
        (settings(maxscale.kind("looker", None)), ExitCode::Unobservable, "type basic"),
        (unknown, ExitCode::Usage, "no server `db3` (node n3)"),
    ] {
        let failure = Failure::from(Fleet::open(&[settings], &nodes(), 2).unwrap().check().await.unwrap_err());
        assert_eq!(failure.code, code, "{failure}");
        assert!(failure.message.contains(expected) && !failure.to_string().contains("wrong"), "{failure}");
    }
}
