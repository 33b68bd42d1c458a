//! Looking at the nodes.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::crew::{Crew, POLL};
use super::fingerprint::{Objects, fingerprint, objects};
use super::window::same_conversions;
use crate::cluster::{ClusterError, Connector, Node, Session};
use crate::plan::Method;
use crate::plan::check::names;
use crate::run::{Answer, Goal, Seen, State};

/// How long a survey waits for a node that applies more slowly than the others.
const LEVEL_WITHIN: Duration = Duration::from_secs(1);

/// The state of a node's provider, in one round trip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Provider {
    pub(super) state: u64,
    pub(super) desync: bool,
    pub(super) desync_count: u64,
    pub(super) last_committed: u64,
    pub(super) recv_queue: u64,
    pub(super) ready: bool,
    pub(super) primary: bool,
    pub(super) cluster_size: u64,
    pub(super) cluster_uuid: String,
    pub(super) conversions: String,
    pub(super) osu_method: String,
}

const PROVIDER: &str = "SELECT @@GLOBAL.wsrep_desync, @@GLOBAL.slave_type_conversions, @@GLOBAL.wsrep_OSU_method; SELECT \
    VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME IN ('WSREP_LOCAL_STATE', \
    'WSREP_DESYNC_COUNT', 'WSREP_LAST_COMMITTED', 'WSREP_LOCAL_RECV_QUEUE', 'WSREP_READY', 'WSREP_CLUSTER_STATUS', \
    'WSREP_CLUSTER_SIZE', 'WSREP_CLUSTER_STATE_UUID')";

/// Asks a node for the state of its provider.
pub(super) async fn provider(session: &mut Session) -> Result<Provider, ClusterError> {
    let sets = session.query_all(PROVIDER).await?;
    let [variables, status] = &sets[..] else {
        return Err(ClusterError::Shape { node: session.node().to_owned(), what: "a result is missing".to_owned() });
    };
    let mut values = BTreeMap::new();
    for row in status.iter() {
        values.insert(row.get::<String>(0)?.to_ascii_uppercase(), row.get::<String>(1)?);
    }
    let number = |name: &str| values.get(name).and_then(|value| value.parse().ok()).unwrap_or_default();
    let word = |name: &str| values.get(name).cloned().unwrap_or_default();
    let row = variables.first();
    let variable = |column: usize| -> Result<String, ClusterError> {
        Ok(row.map(|row| row.get::<Option<String>>(column)).transpose()?.flatten().unwrap_or_default())
    };
    Ok(Provider {
        state: number("WSREP_LOCAL_STATE"),
        desync: matches!(variable(0)?.as_str(), "1" | "ON"),
        desync_count: number("WSREP_DESYNC_COUNT"),
        last_committed: number("WSREP_LAST_COMMITTED"),
        recv_queue: number("WSREP_LOCAL_RECV_QUEUE"),
        ready: word("WSREP_READY") == "ON",
        primary: word("WSREP_CLUSTER_STATUS") == "Primary",
        cluster_size: number("WSREP_CLUSTER_SIZE"),
        cluster_uuid: word("WSREP_CLUSTER_STATE_UUID"),
        conversions: variable(1)?,
        osu_method: variable(2)?,
    })
}

/// A statement of another session.
struct Busy {
    text: String,
    /// It came from another node.
    applied: bool,
}

/// The user of the threads that apply what other nodes have written.
const APPLIER: &str = "system user";

/// The statements of other sessions that change one of these tables. An applier that works on a statement which came
/// to all nodes shows its text, and the command `Sleep` (seen on 10.11.19). One that has not got to it shows nothing.
async fn busy(session: &mut Session, objects: &Objects) -> Result<Option<Busy>, ClusterError> {
    let rows = session
        .query(&format!(
            "SELECT ID, USER, INFO FROM information_schema.PROCESSLIST WHERE (COMMAND IN ('Query', 'Execute') OR USER = \
             '{APPLIER}') AND INFO REGEXP '^[[:space:]]*(alter|create|drop|rename|optimize|truncate|repair)[[:space:]]' AND \
             ID <> CONNECTION_ID()"
        ))
        .await?;
    for row in rows.iter() {
        let info: String = row.get("INFO")?;
        if objects.tables.iter().any(|table| names(&info, &table.table)) {
            let (id, user): (u64, String) = (row.get("ID")?, row.get("USER")?);
            let start: String = info.chars().take(80).collect();
            let text = format!("`{start}` of {user} (thread {id}) is running.");
            return Ok(Some(Busy { text, applied: user == APPLIER }));
        }
    }
    Ok(None)
}

/// What one node says.
pub(super) struct Look {
    provider: Provider,
    schema: String,
    busy: Option<Busy>,
    /// A value that does not fit, or that nobody knows of.
    pub(super) misfit: Option<String>,
}

async fn look(
    eye: &mut Option<Session>,
    connector: &Connector,
    node: &Node,
    objects: &Objects,
) -> Result<Look, ClusterError> {
    if !eye.as_ref().is_some_and(Session::is_usable) {
        *eye = Some(connector.observer(node).await?);
    }
    let Some(session) = eye else { return Err(ClusterError::Unusable { node: node.name.clone() }) };
    let provider = provider(session).await?;
    Ok(Look {
        schema: fingerprint(session, objects).await?,
        busy: busy(session, objects).await?,
        misfit: None,
        provider,
    })
}

/// For each schema one of the nodes that hold it, by number: one that is level with the cluster where there is one.
pub(super) fn one_of_each(looks: &[Result<Look, ClusterError>]) -> Vec<usize> {
    let level = |look: &Look| look.provider.state == 4 && !look.provider.desync;
    let mut chosen: BTreeMap<&str, usize> = BTreeMap::new();
    for (node, look) in looks.iter().enumerate() {
        let Ok(look) = look else { continue };
        let at = chosen.entry(&look.schema).or_insert(node);
        if level(look) && !looks[*at].as_ref().is_ok_and(level) {
            *at = node;
        }
    }
    chosen.into_values().collect()
}

impl Crew<'_> {
    /// Looks at every node and, where the pass rolls, at every balancer.
    pub(super) async fn survey(&mut self, state: &State) -> Answer {
        let started = Instant::now();
        let statements = self.statements(state.pass);
        let objects = objects(&statements);
        let mut looks = self.looks(&objects).await;
        let mut behind = vec![None; looks.len()];
        let differ = |looks: &[Result<Look, ClusterError>]| {
            let mut schemas = looks.iter().flatten().map(|look| &look.schema);
            schemas.next().is_some_and(|first| schemas.any(|other| other != first))
        };
        // What another node has done in a moment, such as the journal's own tables, is done here in a moment.
        let soon = Instant::now() + LEVEL_WITHIN;
        let applying = |look: &Look| look.busy.as_ref().is_some_and(|busy| busy.applied);
        while looks.iter().flatten().any(applying) && Instant::now() < soon {
            sleep(POLL).await;
            looks = self.looks(&objects).await;
        }
        if state.sent && differ(&looks) {
            // A node that is slower than the others is none that has ignored the statement.
            behind = self.behind().await;
            looks = self.looks(&objects).await;
        }
        // The plan has asked for the first pass; the others come later, to rows that nobody has asked.
        let begins = state.pass > 0 && state.goal == Goal::Forward && state.nodes.iter().all(|node| node.done == 0);
        if state.window || begins {
            self.hear_rows(state, &mut looks).await;
        }
        let setting = self.window_setting(state.pass);
        let mut seen: Vec<Seen> = looks.iter().map(|look| self.seen(look, &looks, setting.as_deref())).collect();
        for (it, why) in seen.iter_mut().zip(behind) {
            it.busy = it.busy.take().or(why);
        }
        for (node, it) in self.nodes.iter().zip(&mut seen) {
            it.remembered = self.rotation.contains_key(&node.name);
        }
        if state.copy {
            for (node, it) in seen.iter_mut().enumerate().filter(|(_, it)| it.unreachable.is_none()) {
                match self.swapped(state.pass, node).await {
                    Ok(swapped) => it.swapped = swapped,
                    Err(error) => it.unreachable = Some(error.to_string()),
                }
            }
        }
        let rolls = self.pass(state.pass).is_some_and(|pass| pass.method == Method::Rsu);
        let differ = seen.windows(2).any(|pair| pair[0].schema != pair[1].schema);
        if rolls || differ || state.nodes.iter().any(|node| !node.at_home()) {
            self.look_at_balancers(&mut seen).await;
        }
        self.seconds.survey += started.elapsed().as_secs_f64();
        Answer::Survey(seen)
    }

    async fn looks(&mut self, objects: &Objects) -> Vec<Result<Look, ClusterError>> {
        let connector = &self.connector;
        let nodes = self.eyes.iter_mut().zip(&self.nodes);
        join_all(nodes.map(|(eye, node)| look(eye, connector, node, objects))).await
    }

    /// Waits a moment for the nodes that have not applied what another one has by now. Those that still have not, in
    /// words. A definition changes a little before `wsrep_last_committed` does, so this is asked after the schemas were
    /// read.
    async fn behind(&mut self) -> Vec<Option<String>> {
        let mut reached = Vec::new();
        for node in 0..self.nodes.len() {
            reached.push(self.last_committed(node).await.ok());
        }
        let target = reached.iter().flatten().max().copied().unwrap_or_default();
        let deadline = Instant::now() + LEVEL_WITHIN;
        let mut behind = vec![None; reached.len()];
        for (node, mut at) in reached.into_iter().enumerate() {
            while at.is_some_and(|at| at < target) && Instant::now() < deadline {
                sleep(POLL).await;
                at = self.last_committed(node).await.ok();
            }
            if let Some(at) = at.filter(|at| *at < target) {
                behind[node] = Some(format!("write sets up to {target} are to be applied, and it stands at {at}."));
            }
        }
        behind
    }

    fn seen(
        &self,
        look: &Result<Look, ClusterError>,
        all: &[Result<Look, ClusterError>],
        setting: Option<&str>,
    ) -> Seen {
        let look = match look {
            Ok(look) => look,
            Err(error) => return Seen { unreachable: Some(error.to_string()), ..Seen::default() },
        };
        let it = &look.provider;
        let together = all.iter().flatten().all(|other| other.provider.cluster_uuid == it.cluster_uuid);
        let size = u64::try_from(self.nodes.len()).unwrap_or(u64::MAX);
        Seen {
            unreachable: None,
            primary: it.primary && it.ready,
            complete: together && it.cluster_size >= size,
            synced: it.state == 4,
            desync: it.desync,
            serving: true,
            remembered: false,
            busy: look.busy.as_ref().map(|busy| busy.text.clone()).or_else(|| {
                (it.osu_method != "TOI").then(|| {
                    format!(
                        "the global wsrep_OSU_method is {}: every DDL there would stay on that node.",
                        it.osu_method
                    )
                })
            }),
            schema: Some(look.schema.clone()),
            conversions: Some(it.conversions.clone()),
            windowed: setting.is_some_and(|setting| same_conversions(setting, &it.conversions)),
            misfit: look.misfit.clone(),
            swapped: false,
        }
    }

    async fn look_at_balancers(&mut self, seen: &mut [Seen]) {
        for (label, view) in self.fleet.observe().await {
            match view {
                Ok(view) => {
                    for (node, it) in self.nodes.iter().zip(seen.iter_mut()) {
                        it.serving &= view.node(&node.name).is_some_and(|node| node.standing.is_usable());
                    }
                }
                Err(error) => {
                    for it in seen.iter_mut() {
                        it.unreachable.get_or_insert(format!("the balancer {label} does not answer: {error}"));
                    }
                }
            }
        }
    }

    /// Reads the fingerprint of the pass's objects on one node.
    pub(super) async fn compare(&mut self, node: usize, pass: usize) -> Answer {
        let objects = objects(&self.statements(pass));
        let read = match self.eye(node).await {
            Ok(eye) => fingerprint(eye, &objects).await,
            Err(error) => Err(error),
        };
        match read {
            Ok(schema) => Answer::Fingerprint(schema),
            Err(error) => Answer::Unsure(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_node_of_each_schema_answers_for_its_rows() {
        let node = |schema: &str, state| {
            let provider = Provider { state, desync: state != 4, ..Provider::default() };
            Ok(Look { provider, schema: schema.into(), busy: None, misfit: None })
        };
        let away = || Err(ClusterError::Unusable { node: "n2".into() });
        for (looks, asked) in [
            (vec![node("old", 4), node("old", 4), node("old", 4)], vec![0]),
            (vec![node("new", 4), node("old", 4), node("old", 4)], vec![0, 1]),
            // The one that is level knows more, but one that is not is better than none.
            (vec![node("old", 2), node("old", 4), node("new", 2)], vec![1, 2]),
            (vec![node("old", 4), away(), node("new", 4)], vec![0, 2]),
            (vec![away()], vec![]),
        ] {
            let mut found = one_of_each(&looks);
            found.sort_unstable();
            assert_eq!(found, asked);
        }
    }
}
