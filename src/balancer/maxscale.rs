//! MaxScale, by its REST API.
//!
//! `PUT /v1/servers/NAME/set?state=drain` keeps new sessions away. Its Galera monitor refuses to drain the server that
//! it has made the master, so the master's turn comes last, when somebody has moved the master on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::secret::Secret;
use super::{Balancer, Error, NodeView, Pending, Place, SavedState, Standing, Trouble, View, Watch};

/// How long a change may take to show: the monitor takes it up at its next tick (2 s by default).
const SHOWN_WITHIN: Duration = Duration::from_secs(10);
/// How often it is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// One MaxScale.
pub(super) struct MaxScale {
    label: String,
    url: String,
    /// The user for basic authentication; without one the secret is a bearer token.
    user: Option<String>,
    secret: Arc<Secret>,
    ca: Option<PathBuf>,
    /// Node name to server name.
    servers: BTreeMap<String, String>,
    timeout: Duration,
}

/// What was found before a drain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    server: String,
    maintenance: bool,
    draining: bool,
    usable: bool,
}

/// One server, as MaxScale shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Server {
    name: String,
    /// `Master, Synced, Running`
    state: String,
    connections: u64,
    /// Connections that are kept in MaxScale's own pool.
    pooled: u64,
    /// A user of its own for health checks.
    monitor: Option<String>,
}

impl Server {
    fn read(data: &Value) -> Option<Self> {
        let attributes = data.get("attributes")?;
        let statistics = attributes.get("statistics")?;
        Some(Self {
            name: data.get("id")?.as_str()?.to_owned(),
            state: attributes.get("state")?.as_str()?.to_owned(),
            connections: statistics.get("connections")?.as_u64()?,
            pooled: statistics.get("persistent_connections").and_then(Value::as_u64).unwrap_or(0),
            monitor: attributes.pointer("/parameters/monitoruser").and_then(Value::as_str).map(str::to_owned),
        })
    }

    fn is(&self, word: &str) -> bool {
        self.state.split(',').any(|part| part.trim().eq_ignore_ascii_case(word))
    }

    fn draining(&self) -> bool {
        self.is("Draining") || self.is("Drained")
    }

    fn keeps_away(&self) -> bool {
        self.draining() || self.is("Maintenance")
    }

    fn standing(&self) -> Standing {
        match self {
            _ if self.is("Maintenance") => Standing::Maintenance,
            _ if self.draining() => Standing::Draining,
            _ if !self.is("Running") => Standing::Down,
            _ if self.is("Master") || self.is("Slave") => Standing::Serving,
            _ => Standing::Down,
        }
    }
}

/// An answer: status and body.
struct Answer {
    status: u16,
    body: Value,
}

impl MaxScale {
    /// A MaxScale whose REST API is at `url`, without a slash at the end.
    pub(super) fn new(
        label: String,
        url: String,
        user: Option<String>,
        secret: Arc<Secret>,
        ca: Option<PathBuf>,
        servers: BTreeMap<String, String>,
        timeout: Duration,
    ) -> Self {
        Self { label, url, user, secret, ca, servers, timeout }
    }

    fn error(&self, trouble: Trouble, message: impl Into<String>) -> Error {
        Error::new(trouble, &self.label, message)
    }

    fn agent(&self) -> Result<ureq::Agent, Error> {
        let mut tls = TlsConfig::builder();
        if let Some(path) = &self.ca {
            let unreadable = |error: String| {
                self.error(
                    Trouble::Settings,
                    format!("The certificate authority {} cannot be read: {error}.", path.display()),
                )
            };
            let pem = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
            let ca = Certificate::from_pem(&pem).map_err(|error| unreadable(error.to_string()))?;
            tls = tls.root_certs(RootCerts::new_with_certs(&[ca]));
        }
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(self.timeout))
            // The answer's own words say more than the status.
            .http_status_as_error(false)
            .tls_config(tls.build())
            .build();
        Ok(config.into())
    }

    async fn request(&self, change: bool, path: &str) -> Result<Answer, Error> {
        let agent = self.agent()?;
        let who = self.user.as_deref().unwrap_or("the token");
        let secret = self.secret.get(&self.label, who).await?;
        let authorization = match (&self.user, &secret) {
            (None, Some(token)) => format!("Bearer {}", token.expose_secret()),
            (user, password) => format!(
                "Basic {}",
                base64(&format!(
                    "{}:{}",
                    user.as_deref().unwrap_or_default(),
                    password.as_ref().map_or("", ExposeSecret::expose_secret)
                ))
            ),
        };
        let authorization = SecretString::from(authorization);
        let url = format!("{}{path}", self.url);
        tracing::info!(balancer = self.label, change, url, "MaxScale request");
        let sent = url.clone();
        let answer = tokio::task::spawn_blocking(move || {
            let secret = authorization.expose_secret();
            let mut response = if change {
                agent.put(&sent).header("Authorization", secret).send_empty()?
            } else {
                agent.get(&sent).header("Authorization", secret).call()?
            };
            let text = response.body_mut().read_to_string()?;
            Ok::<_, ureq::Error>((response.status().as_u16(), text))
        })
        .await
        .map_err(|error| self.error(Trouble::Unreachable, format!("The request to {url} was lost: {error}.")))?;
        let (status, text) = answer.map_err(|error| {
            self.error(Trouble::Unreachable, format!("MaxScale's REST API did not answer at {url}: {error}."))
                .hint("Check `address`; where TLS is in the way, `ca` names the certificate authority.")
        })?;
        if status == 401 || status == 403 {
            let hint =
                "Draining needs an administrator of the REST API (maxctrl create user NAME PASSWORD --type=admin).";
            return Err(self
                .error(Trouble::Forbidden, format!("MaxScale did not accept {who} for {url} (status {status})."))
                .hint(hint));
        }
        Ok(Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::Null) })
    }

    async fn get(&self, path: &str) -> Result<Value, Error> {
        let answer = self.request(false, path).await?;
        if answer.status == 200 { Ok(answer.body) } else { Err(self.refused("GET", path, &answer)) }
    }

    fn refused(&self, verb: &str, path: &str, answer: &Answer) -> Error {
        let detail = answer.body.pointer("/errors/0/detail").and_then(Value::as_str).unwrap_or("no reason");
        let trouble = if answer.status == 404 { Trouble::Settings } else { Trouble::NotObeyed };
        self.error(trouble, format!("MaxScale answered {verb} {path} with {}: {detail}", answer.status))
    }

    async fn servers(&self) -> Result<Vec<Server>, Error> {
        let body = self.get("/v1/servers").await?;
        let read = |data: &Value| data.as_array()?.iter().map(Server::read).collect::<Option<Vec<_>>>();
        body.get("data")
            .and_then(read)
            .ok_or_else(|| self.error(Trouble::Unreachable, "MaxScale's list of servers has another shape."))
    }

    fn find<'a>(&self, node: &str, servers: &'a [Server]) -> Result<&'a Server, Error> {
        let name = self.servers.get(node).map_or(node, String::as_str);
        servers.iter().find(|server| server.name == name).ok_or_else(|| {
            let known: Vec<&str> = servers.iter().map(|server| &*server.name).collect();
            self.error(
                Trouble::Settings,
                format!("MaxScale has no server `{name}` (node {node}). It has: {}.", known.join(", ")),
            )
            .hint("Name it in `servers` of the balancer: servers = { node = \"server\" }.")
        })
    }

    async fn view(&self) -> Result<View, Error> {
        let servers = self.servers().await?;
        let (mut nodes, mut last, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        let mut monitors: Vec<String> = servers.iter().filter_map(|server| server.monitor.clone()).collect();
        for node in self.servers.keys() {
            let server = self.find(node, &servers)?;
            if server.is("Master") {
                last.push(node.clone());
                notes.push(format!("{node} is the master: its Galera monitor refuses to drain it, so it comes last."));
            }
            let place = Place {
                name: server.name.clone(),
                standing: server.standing(),
                status: server.state.clone(),
                weight: None,
                sessions: Some(server.connections),
                errors: None,
            };
            nodes.push(NodeView::of(node, vec![place]));
        }
        let body = self.get("/v1/monitors").await?;
        for monitor in body.get("data").and_then(Value::as_array).into_iter().flatten() {
            monitors.extend(monitor.pointer("/attributes/parameters/user").and_then(Value::as_str).map(str::to_owned));
        }
        monitors.sort();
        monitors.dedup();
        Ok(View { balancer: self.label.clone(), kind: "maxscale", nodes, monitors, last, notes })
    }

    async fn usable(&self) -> Result<View, Error> {
        // A user of type `basic` may look and not touch; that would show only at the first drain.
        if let Some(user) = &self.user {
            let answer = self.request(false, &format!("/v1/users/inet/{user}")).await?;
            if answer.body.pointer("/data/attributes/account").and_then(Value::as_str) == Some("basic") {
                return Err(self
                    .error(
                        Trouble::Forbidden,
                        format!("MaxScale's user {user} is of type basic and may change nothing."),
                    )
                    .hint("Draining needs one of type admin (maxctrl create user NAME PASSWORD --type=admin)."));
            }
        }
        self.view().await
    }

    async fn remembered(&self, node: &str) -> Result<Found, Error> {
        let servers = self.servers().await?;
        let server = self.find(node, &servers)?;
        if server.is("Master") && !server.keeps_away() {
            return Err(self.master(node, &server.name));
        }
        Ok(Found {
            server: server.name.clone(),
            maintenance: server.is("Maintenance"),
            draining: server.draining(),
            usable: server.standing().is_usable(),
        })
    }

    fn master(&self, node: &str, server: &str) -> Error {
        self.error(
            Trouble::Refused,
            format!("Node {node} is MaxScale's master ({server}), which its Galera monitor refuses to drain."),
        )
        .hint("Make another server the master first: with use_priority=true on the monitor, `maxctrl alter server OTHER priority 1` and a higher number for this one.")
        .hint("`maxctrl set server NAME maintenance` would move it too, but it cuts the sessions that are on it at their next statement.")
    }

    async fn server(&self, found: &Found) -> Result<Server, Error> {
        self.servers().await?.into_iter().find(|server| server.name == found.server).ok_or_else(|| {
            self.error(Trouble::Settings, format!("MaxScale has no server `{}` any more.", found.server))
        })
    }

    async fn set_drain(&self, node: &str, found: &Found) -> Result<(), Error> {
        let server = self.server(found).await?;
        if server.keeps_away() {
            return Ok(());
        }
        if server.is("Master") {
            return Err(self.master(node, &server.name));
        }
        // What was found in maintenance and has lost it goes back there, which keeps new sessions away as well.
        let state = if found.maintenance { "maintenance" } else { "drain" };
        self.put("set", state, found, Server::keeps_away).await
    }

    async fn put(&self, verb: &str, state: &str, found: &Found, shown: impl Fn(&Server) -> bool) -> Result<(), Error> {
        let path = format!("/v1/servers/{}/{verb}?state={state}", percent(&found.server));
        let answer = self.request(true, &path).await?;
        if !matches!(answer.status, 200 | 204) {
            return Err(self.refused("PUT", &path, &answer));
        }
        let started = tokio::time::Instant::now();
        loop {
            let server = self.server(found).await?;
            if shown(&server) {
                return Ok(());
            }
            if started.elapsed() > SHOWN_WITHIN {
                return Err(self.error(
                    Trouble::NotObeyed,
                    format!("MaxScale took {verb} {state} of {} and still shows `{}`.", found.server, server.state),
                ));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn look(&self, found: &Found) -> Result<Watch, Error> {
        let server = self.server(found).await?;
        let mut notes = Vec::new();
        if server.pooled > 0 {
            notes.push(format!(
                "MaxScale keeps {} connection(s) to the node in its own pool (persistpoolmax).",
                server.pooled
            ));
        }
        Ok(Watch { holds: server.keeps_away(), sessions: Some(server.connections), notes, ..Watch::default() })
    }

    async fn put_back(&self, found: &Found) -> Result<(), Error> {
        let server = self.server(found).await?;
        let result = if found.maintenance {
            if server.is("Maintenance") {
                Ok(())
            } else {
                self.put("set", "maintenance", found, |server| server.is("Maintenance")).await
            }
        } else if found.draining {
            if server.draining() { Ok(()) } else { self.put("set", "drain", found, Server::draining).await }
        } else {
            // Whatever is shown: a drain that was accepted shows only once the monitor has taken it up, and until then the last
            // request is the one that counts (MonitorServer::add_status_request in MaxScale's source).
            match self.put("clear", "drain", found, |server| !server.draining()).await {
                Ok(()) if server.is("Maintenance") => Err(self.error(
                    Trouble::Refused,
                    format!(
                        "Somebody has put {} into maintenance since it was drained, so it is left there.",
                        found.server
                    ),
                )),
                other => other,
            }
        };
        result.map_err(|error| {
            let state = if found.maintenance || found.draining { "as it was" } else { "in service" };
            error.left(format!(
                "{} in {} is not {state}: maxctrl clear server {} drain",
                found.server, self.label, found.server
            ))
        })
    }

    async fn missing_of(&self, found: &Found) -> Result<Option<String>, Error> {
        let server = self.server(found).await?;
        Ok((found.usable && !server.standing().is_usable()).then(|| format!("{} is {}", server.name, server.state)))
    }

    fn found<'a>(&self, saved: &'a SavedState) -> Result<&'a Found, Error> {
        match saved {
            SavedState::Maxscale(found) => Ok(found),
            _ => Err(super::other_kind(&self.label)),
        }
    }
}

/// Base64 with padding, for basic authentication (RFC 7617).
fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |bits: u32, shift: u32| char::from(DIGITS[(bits >> shift & 63) as usize]);
    text.as_bytes()
        .chunks(3)
        .flat_map(|chunk| {
            let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
            let pad = |wanted: usize, shift: u32| if chunk.len() >= wanted { digit(bits, shift) } else { '=' };
            [digit(bits, 18), digit(bits, 12), pad(2, 6), pad(3, 0)]
        })
        .collect()
}

/// A server's name in a path.
fn percent(name: &str) -> String {
    name.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

impl Balancer for MaxScale {
    fn label(&self) -> &str {
        &self.label
    }

    fn check(&self) -> Pending<'_, View> {
        Box::pin(self.usable())
    }

    fn observe(&self) -> Pending<'_, View> {
        Box::pin(self.view())
    }

    fn remember<'a>(&'a self, node: &'a str) -> Pending<'a, SavedState> {
        Box::pin(async move { Ok(SavedState::Maxscale(self.remembered(node).await?)) })
    }

    fn drain<'a>(&'a self, node: &'a str, saved: &'a SavedState) -> Pending<'a, ()> {
        Box::pin(async move { self.set_drain(node, self.found(saved)?).await })
    }

    fn watch<'a>(&'a self, _node: &'a str, saved: &'a SavedState) -> Pending<'a, Watch> {
        Box::pin(async move { self.look(self.found(saved)?).await })
    }

    fn admit<'a>(&'a self, _node: &'a str, saved: &'a SavedState) -> Pending<'a, ()> {
        Box::pin(async move { self.put_back(self.found(saved)?).await })
    }

    fn missing<'a>(&'a self, _node: &'a str, saved: &'a SavedState) -> Pending<'a, Option<String>> {
        Box::pin(async move { self.missing_of(self.found(saved)?).await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (text, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("admin:mariadb", "YWRtaW46bWFyaWFkYg=="),
        ] {
            assert_eq!(base64(text), expected);
        }
    }

    #[test]
    fn states_are_read_word_by_word() {
        for (state, standing, away) in [
            ("Master, Synced, Running", Standing::Serving, false),
            ("Slave, Synced, Running", Standing::Serving, false),
            ("Draining, Slave, Synced, Running", Standing::Draining, true),
            ("Drained, Slave, Synced, Running", Standing::Draining, true),
            ("Maintenance, Synced, Running", Standing::Maintenance, true),
            ("Running", Standing::Down, false),
            ("Down", Standing::Down, false),
        ] {
            let server = Server { name: "n".into(), state: state.into(), connections: 0, pooled: 0, monitor: None };
            assert_eq!((server.standing(), server.keeps_away()), (standing, away), "{state}");
        }
    }
}
