//! What must hold before a node may be taken: one function for each check, each with a name to accept it by.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::facts::{ClusterFacts, NodeFacts, Surroundings};
use super::provider::{WayBack, way_back};
use super::series::{Jump, crosses_redo_format, jump};
use super::timers::{JOIN_OPTIONS, LEAST_STALL, evicts, is_off, stall};
use super::window::{TransferForecast, Window};
use super::{Direction, Target, known, packages, quorum as votes};
use crate::sql::ServerVersion;

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// As it should be.
    Pass,
    /// Worth knowing before saying yes.
    Warning,
    /// The upgrade must not begin like this.
    Refuse,
    /// It could not be seen, so it has not passed.
    Unknown,
}

/// When a check was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// With the plan, and again before the run.
    Plan,
}

/// One check and what it found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its name, by which `--accept` takes responsibility for it.
    pub code: String,
    /// What it found.
    pub finding: Finding,
    /// Whether `--accept` may overrule it.
    pub acceptable: bool,
    /// What was seen, and what to do about it.
    pub text: String,
}

impl Check {
    pub(super) fn new(code: &str, finding: Finding, text: impl Into<String>) -> Self {
        Self { code: code.to_owned(), finding, acceptable: false, text: text.into() }
    }

    pub(super) fn pass(code: &str, text: impl Into<String>) -> Self {
        Self::new(code, Finding::Pass, text)
    }

    pub(super) fn acceptable(mut self) -> Self {
        self.acceptable = true;
        self
    }
}

/// Everything that the checks look at.
pub(super) struct Subject<'a> {
    pub(super) cluster: &'a ClusterFacts,
    pub(super) around: &'a Surroundings,
    pub(super) target: &'a Target,
    pub(super) direction: Direction,
    /// The nodes that are still to be installed, in order.
    pub(super) pending: &'a [String],
}

impl Subject<'_> {
    fn pending(&self) -> impl Iterator<Item = &NodeFacts> {
        self.pending.iter().filter_map(|name| self.cluster.node(name)).filter(|node| node.is_up())
    }

    /// The versions that the nodes still to be installed run now.
    fn from(&self) -> BTreeSet<ServerVersion> {
        self.pending().filter_map(NodeFacts::version).collect()
    }
}

/// All checks, in the order in which a person reads them.
pub(super) fn all(subject: &Subject) -> Vec<Check> {
    vec![
        nodes_healthy(subject),
        members(subject),
        versions(subject),
        target(subject),
        packages::revision(subject),
        packages::offered(subject),
        provider(subject),
        known_bad(subject),
        removed_options(subject),
        clean_shutdown(subject),
        transfer(subject),
        join_stall(subject),
        quorum(subject),
        balancer(subject),
        in_service(subject),
        osu_method(subject),
        no_open_run(subject),
        hosts(subject),
        own_host(subject),
        disk(subject),
        backup(subject),
    ]
}

fn nodes_healthy(subject: &Subject) -> Check {
    let code = "nodes-healthy";
    let half_done = |name: &str| subject.around.half_done.iter().any(|node| node == name);
    let down: Vec<&NodeFacts> =
        subject.cluster.nodes.iter().filter(|node| !node.is_up() && !half_done(&node.name)).collect();
    let except = subject.around.half_done.first().map(String::as_str);
    let ailments = subject.cluster.ailments(except);
    if !ailments.is_empty() {
        // A node that cannot be asked may be healthy; nobody knows.
        let finding = if down.is_empty() { Finding::Refuse } else { Finding::Unknown };
        return Check::new(
            code,
            finding,
            format!("{}. Every node must be a healthy member first.", ailments.join("; ")),
        );
    }
    match except {
        Some(node) => Check::new(
            code,
            Finding::Warning,
            format!("{node} was left half-way by an earlier upgrade and comes first. All others are Synced and ready."),
        ),
        None => Check::pass(
            code,
            format!("All {} nodes are Synced and ready, in one cluster.", subject.cluster.nodes.len()),
        ),
    }
}

fn members(subject: &Subject) -> Check {
    let code = "members";
    let Some((size, arbitrators)) = subject.cluster.members() else {
        return Check::new(code, Finding::Unknown, "The size of the cluster could not be read from any node.");
    };
    let up = subject.cluster.up().count();
    let others = size.saturating_sub(arbitrators);
    if others > subject.cluster.nodes.len() {
        return Check::new(
            code,
            Finding::Refuse,
            format!(
                "The cluster has {others} data nodes, the configuration names {}. A node that is not named would be left behind.",
                subject.cluster.nodes.len()
            ),
        );
    }
    if others < up {
        return Check::new(
            code,
            Finding::Refuse,
            format!("{up} nodes answer, but the cluster has only {others} members."),
        );
    }
    if arbitrators > 0 {
        return Check::new(
            code,
            Finding::Warning,
            format!(
                "{arbitrators} arbitrator (garbd) is a member. Its provider counts for the group protocol: upgrade it with the nodes."
            ),
        );
    }
    Check::pass(code, format!("The cluster has {size} members, all of them configured."))
}

fn versions(subject: &Subject) -> Check {
    let code = "one-version";
    let mut by_version: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for node in subject.cluster.up() {
        let version = node.version().map_or_else(|| "unknown".to_owned(), |version| version.to_string());
        by_version.entry(version).or_default().push(&node.name);
    }
    if by_version.contains_key("unknown") {
        return Check::new(code, Finding::Unknown, "The version of a node could not be read.");
    }
    let listed: Vec<String> =
        by_version.iter().map(|(version, nodes)| format!("{version} on {}", nodes.join(", "))).collect();
    let to_go = by_version.keys().filter(|version| **version != subject.target.version.to_string()).count();
    match (by_version.len(), to_go) {
        (0 | 1, _) => Check::pass(code, format!("{}.", listed.join("; "))),
        (_, 1) => Check::new(
            code,
            Finding::Warning,
            format!(
                "A half-done upgrade is continued: {}. Schema changes are refused until it is finished.",
                listed.join("; ")
            ),
        ),
        _ => Check::new(
            code,
            Finding::Refuse,
            format!("The nodes run more than one version besides the target: {}.", listed.join("; ")),
        ),
    }
}

fn target(subject: &Subject) -> Check {
    let code = "target";
    let to = subject.target.version;
    for from in subject.from() {
        let refused = match (jump(from, to), subject.direction) {
            (Jump::None | Jump::Minor, Direction::Forward) | (Jump::None | Jump::Back, Direction::Back) => continue,
            // What happens to the first node was never tried on real servers: its account tables get other columns and
            // other rows than those of the nodes still to come, and its settings other defaults.
            (Jump::Series, Direction::Forward) => {
                format!(
                    "From {from} to {to} is a step to another series. This program upgrades within one series: it could not tell                      what the step is meant to change from damage, and there is no way back from it. Follow the vendor's page."
                )
            }
            (Jump::TooFar, Direction::Forward) => {
                format!(
                    "From {from} to {to} is further than mixed versions are promised to work. Go by the series in between."
                )
            }
            (Jump::Back | Jump::BackOverSeries, Direction::Forward) => {
                format!("{to} is older than {from}. Use --rollback if that is meant.")
            }
            (Jump::BackOverSeries, Direction::Back) => {
                format!("A server of {to} cannot read the files of {from}: there is no way back over a series.")
            }
            (_, Direction::Back) => format!("{to} is not older than {from}: that is no rollback."),
        };
        return Check::new(code, Finding::Refuse, refused);
    }
    let from: Vec<String> = subject.from().iter().map(ToString::to_string).collect();
    let from = if from.is_empty() { "the installed version".to_owned() } else { from.join(", ") };
    Check::pass(code, format!("From {from} to {to}, within one series."))
}

fn provider(subject: &Subject) -> Check {
    let code = "provider";
    let mut by_version: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for node in subject.cluster.up() {
        let text = node.status("wsrep_provider_version").unwrap_or("unknown").to_owned();
        by_version.entry(text).or_default().push(&node.name);
    }
    let listed: Vec<String> =
        by_version.iter().map(|(version, nodes)| format!("{version} on {}", nodes.join(", "))).collect();
    let protocol = subject.cluster.up().filter_map(NodeFacts::group_protocol).min();
    let says = protocol.map_or(String::new(), |protocol| format!(" The group speaks protocol {protocol}."));
    if subject.direction == Direction::Back {
        return provider_back(subject, protocol, &listed.join("; "));
    }
    if by_version.len() > 1 {
        return Check::new(
            code,
            Finding::Warning,
            format!(
                "The nodes run different providers: {}.{says} Once every node runs the later one the group may move to a protocol that the earlier one cannot speak.",
                listed.join("; ")
            ),
        );
    }
    Check::pass(code, format!("Provider {}.{says}", listed.join("; ")))
}

/// Whether the provider that a rollback brings back could still join.
fn provider_back(subject: &Subject, protocol: Option<u16>, listed: &str) -> Check {
    let code = "provider";
    for node in subject.pending() {
        let earlier = subject.around.earlier_provider.get(&node.name).copied();
        match way_back(earlier, node.provider()) {
            WayBack::Open => {}
            WayBack::ClosesWithTheLastNode { earlier, .. } if protocol.is_some_and(|protocol| protocol <= earlier) => {}
            WayBack::ClosesWithTheLastNode { earlier, later } => {
                return Check::new(
                    code,
                    Finding::Refuse,
                    format!(
                        "No way back for {}: the group speaks protocol {}, and the provider that it had knows protocols up to {earlier}. Keep the provider's package at its present version and roll back the server alone.",
                        node.name,
                        protocol.unwrap_or(later)
                    ),
                );
            }
            WayBack::Unknown => {
                return Check::new(
                    code,
                    Finding::Warning,
                    format!(
                        "Provider {listed}. Nothing says which provider {} had before: keep the provider's package at its present version, an older one may not be able to join.",
                        node.name
                    ),
                );
            }
        }
    }
    Check::pass(code, format!("Provider {listed}: the one that comes back can still join."))
}

fn known_bad(subject: &Subject) -> Check {
    let code = "known-bad-versions";
    let mut found = Vec::new();
    for node in subject.pending() {
        let Some(from) = node.version() else { continue };
        let method = node.variable("wsrep_sst_method").unwrap_or_default();
        for hazard in known::hazards(from, subject.target.version, node.provider(), method) {
            if !found.contains(&hazard) {
                found.push(hazard);
            }
        }
    }
    if found.is_empty() {
        return Check::pass(code, "Nothing in the table of known-bad versions.");
    }
    let text: Vec<String> = found.iter().map(|hazard| format!("{}: {}", hazard.id, hazard.text)).collect();
    let finding = if found.iter().any(|hazard| hazard.refuse) { Finding::Refuse } else { Finding::Warning };
    Check::new(code, finding, format!("{}.", text.join("; "))).acceptable()
}

fn removed_options(subject: &Subject) -> Check {
    let code = "removed-options";
    let mut gone = Vec::new();
    let mut unseen = Vec::new();
    for node in subject.pending() {
        let Some(from) = node.version() else { continue };
        let Some(configured) = &node.configured else {
            unseen.push(node.name.as_str());
            continue;
        };
        for option in known::removed_options(from, subject.target.version, configured.iter().map(String::as_str)) {
            gone.push(format!(
                "{}: {} (gone from {} on, as far as is known; {})",
                node.name, option.name, option.removed_in, option.advice
            ));
        }
    }
    if !gone.is_empty() {
        return Check::new(
            code,
            Finding::Refuse,
            format!(
                "The running configuration holds options that keep {} from starting: {}.",
                subject.target,
                gone.join("; ")
            ),
        )
        .acceptable();
    }
    if !unseen.is_empty() {
        return Check::new(
            code,
            Finding::Warning,
            format!("Which options are configured could not be read on {}.", unseen.join(", ")),
        );
    }
    Check::pass(code, "No configured option is known to be removed by the target.")
}

fn clean_shutdown(subject: &Subject) -> Check {
    let code = "clean-shutdown";
    let bad: Vec<&str> = subject
        .pending()
        .filter(|node| !matches!(node.variable("innodb_fast_shutdown"), Some("0" | "1")))
        .map(|node| node.name.as_str())
        .collect();
    if bad.is_empty() {
        Check::pass(code, "innodb_fast_shutdown is 0 or 1 on every node.")
    } else {
        Check::new(
            code,
            Finding::Refuse,
            format!(
                "innodb_fast_shutdown is not 0 or 1 on {}: a new server may refuse files that were not closed cleanly. SET GLOBAL innodb_fast_shutdown=1 there.",
                bad.join(", ")
            ),
        )
    }
}

/// How a node will come back after `away_seconds`, and for how many seconds the others keep what it misses; `None`
/// when that is not known, or when nothing is written.
pub fn forecast(cluster: &ClusterFacts, name: &str, away_seconds: f64) -> (TransferForecast, Option<f64>) {
    let others = || cluster.up().filter(|node| node.name != name);
    let cache =
        others().map(NodeFacts::cache_bytes).collect::<Option<Vec<_>>>().and_then(|sizes| sizes.into_iter().min());
    let rate = others().filter_map(|node| node.write_rate).max_by(f64::total_cmp);
    match (cache, rate) {
        (Some(cache_bytes), Some(write_rate)) => {
            let window = Window { cache_bytes, write_rate, away_seconds };
            (window.forecast(), window.seconds())
        }
        _ => (TransferForecast::Unknown, None),
    }
}

fn transfer(subject: &Subject) -> Check {
    let code = "incremental-transfer";
    let away = subject.around.away_seconds;
    let mut full = Vec::new();
    let mut unknown = Vec::new();
    let mut shortest: Option<f64> = None;
    for name in subject.pending {
        let (forecast, seconds) = forecast(subject.cluster, name, away);
        shortest = match (shortest, seconds) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        match forecast {
            TransferForecast::Incremental => {}
            TransferForecast::Full => full.push(name.as_str()),
            TransferForecast::Unknown => unknown.push(name.as_str()),
        }
    }
    let crosses = subject.from().iter().any(|from| crosses_redo_format(*from, subject.target.version));
    if !full.is_empty() {
        let window = shortest.map_or(String::new(), |seconds| format!("about {seconds:.0} s of writes"));
        let text = format!(
            "FULL TRANSFER expected for {}: the others keep {window} (gcache.size), the node is expected to be away for {away:.0} s. Raise gcache.size, or upgrade when less is written.",
            full.join(", ")
        );
        return if crosses {
            Check::new(code, Finding::Refuse, format!("{text} A full transfer between these versions does not work."))
        } else {
            Check::new(code, Finding::Warning, text)
        };
    }
    if !unknown.is_empty() {
        let finding = if crosses { Finding::Unknown } else { Finding::Warning };
        return Check::new(
            code,
            finding,
            format!(
                "Whether {} will come back incrementally is not known: gcache.size or the write rate could not be read. Expect a full transfer.",
                unknown.join(", ")
            ),
        );
    }
    let window = shortest.map_or("what they have for as long as nothing is written".to_owned(), |seconds| {
        format!("about {seconds:.0} s of writes")
    });
    Check::pass(
        code,
        format!(
            "Every node should come back incrementally: the others keep {window}, a node is expected to be away for {away:.0} s."
        ),
    )
}

/// How long all writes stall when a node comes back; see `timers` for the reasons.
fn join_stall(subject: &Subject) -> Check {
    let code = "join-stall";
    let known: Option<Vec<f64>> = subject.cluster.up().map(stall).collect();
    let Some(own) = known.and_then(|stalls| stalls.into_iter().reduce(f64::max)) else {
        return Check::new(
            code,
            Finding::Warning,
            "The group communication's timers could not be read; expect writes to stall for up to 3.5 s when a node comes back.",
        );
    };
    if own <= LEAST_STALL {
        return Check::pass(
            code,
            format!(
                "Writes stall for up to about {LEAST_STALL:.1} s each time that a node comes back, the least that the provider allows."
            ),
        );
    }
    let evicts = subject.cluster.up().any(|node| node.variable("wsrep_provider_options").is_some_and(evicts));
    let around = subject.around;
    if around.quick_timers && around.start_takes_join_options && !evicts {
        return Check::pass(
            code,
            format!(
                "Writes stall for up to about {LEAST_STALL:.1} s each time that a node comes back: until the run ends every node has shorter group communication timers ([upgrade] quick_timers); with its own it would be {own:.1} s."
            ),
        );
    }
    let advice = if evicts {
        "evs.auto_evict is set, so the run leaves the timers alone".to_owned()
    } else if around.quick_timers {
        format!(
            "The run shortens the timers of the running nodes; for the returning one give [upgrade] start its {{join_options}}, or put {JOIN_OPTIONS} into wsrep_provider_options of every node: then it is about {LEAST_STALL:.1} s"
        )
    } else {
        format!(
            "With [upgrade] quick_timers and {{join_options}} in start, or with {JOIN_OPTIONS} in wsrep_provider_options of every node, it is about {LEAST_STALL:.1} s"
        )
    };
    Check::new(
        code,
        Finding::Warning,
        format!("All writes stall for up to about {own:.1} s each time that a node comes back. {advice}."),
    )
}

fn quorum(subject: &Subject) -> Check {
    let code = "quorum";
    let serving = subject.cluster.nodes.len().saturating_sub(1);
    if serving < subject.around.min_serving {
        return Check::new(
            code,
            Finding::Refuse,
            format!(
                "With one node away {serving} would serve, and the policy wants {} ([policy] min_serving).",
                subject.around.min_serving
            ),
        );
    }
    let risky = subject.cluster.up().any(|node| {
        node.provider_option("pc.ignore_sb").is_some_and(|value| !is_off(value))
            || node.provider_option("pc.ignore_quorum").is_some_and(|value| !is_off(value))
    });
    if risky {
        return Check::new(
            code,
            Finding::Refuse,
            "pc.ignore_sb or pc.ignore_quorum is set: a lost link would split the cluster in two.",
        )
        .acceptable();
    }
    let half_done = &subject.around.half_done;
    let away = half_done.iter().filter(|name| subject.cluster.node(name).is_some_and(|node| !node.is_up()));
    votes::check(subject.cluster, subject.pending, &away.cloned().collect::<Vec<_>>())
}

fn balancer(subject: &Subject) -> Check {
    let code = "no-balancer";
    if !subject.around.balancer_trouble.is_empty() {
        return Check::new("load-balancer", Finding::Refuse, subject.around.balancer_trouble.join(" "));
    }
    if !subject.around.has_balancer {
        return Check::new(
            code,
            Finding::Refuse,
            "No load balancer can be told to keep clients away from a node: those of a node that stops will see errors. Configure [[balancer]], or accept that.",
        )
        .acceptable();
    }
    Check::pass("load-balancer", "Every load balancer answers and knows every node.")
}

/// A node that a balancer sends nothing to is left like that, and does not serve after its turn either. It may be one
/// of those that have to serve while another is away; the run would find that in the middle.
fn in_service(subject: &Subject) -> Check {
    let code = "in-service";
    let around = subject.around;
    if !around.balancer_trouble.is_empty() {
        return Check::new(
            code,
            Finding::Unknown,
            "Which nodes the load balancers send sessions to could not be seen.",
        );
    }
    // By balancer, without those that an earlier run has taken out and that come back first.
    let mut out: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (node, balancers) in around.out_of_service.iter().filter(|(node, _)| !around.half_done.contains(node)) {
        for balancer in balancers {
            out.entry(balancer).or_default().insert(node);
        }
    }
    if out.is_empty() {
        return Check::pass(code, "No load balancer keeps sessions from a node.");
    }
    let told: Vec<String> = out
        .iter()
        .map(|(balancer, nodes)| format!("{balancer} to {}", nodes.iter().copied().collect::<Vec<_>>().join(", ")))
        .collect();
    let told = format!("No sessions are sent by {}.", told.join(", nor by "));
    for (balancer, nodes) in &out {
        for away in subject.pending {
            let serves = |node: &&NodeFacts| node.name != *away && !nodes.contains(node.name.as_str());
            let serving = subject.cluster.nodes.iter().filter(serves).count();
            if serving < around.min_serving {
                return Check::new(
                    code,
                    Finding::Refuse,
                    format!(
                        "{told} With {away} away {balancer} would have {serving} left, and the policy wants {} ([policy] min_serving).",
                        around.min_serving
                    ),
                );
            }
        }
    }
    Check::new(code, Finding::Warning, format!("{told} What is found is put back, so this stays so."))
}

fn osu_method(subject: &Subject) -> Check {
    let code = "osu-method";
    let rsu: Vec<&str> = subject
        .cluster
        .up()
        .filter(|node| node.variable("wsrep_osu_method").is_none_or(|value| value != "TOI"))
        .map(|node| node.name.as_str())
        .collect();
    if rsu.is_empty() {
        return Check::pass(code, "The global wsrep_OSU_method is TOI on every node.");
    }
    Check::new(
        code,
        Finding::Refuse,
        format!(
            "The global wsrep_OSU_method is not TOI on {}: schema changes would stay on that node.",
            rsu.join(", ")
        ),
    )
    .acceptable()
}

fn no_open_run(subject: &Subject) -> Check {
    let code = "no-open-run";
    match &subject.around.open_run {
        Ok(None) => Check::pass(code, "No schema change and no other upgrade is in progress."),
        Ok(Some(run)) => Check::new(code, Finding::Refuse, format!("{run} Finish it first.")),
        Err(why) => {
            Check::new(code, Finding::Unknown, format!("Whether a run is in progress could not be seen: {why}"))
        }
    }
}

fn hosts(subject: &Subject) -> Check {
    let code = "hosts";
    let trouble: Vec<String> =
        subject.around.host_trouble.iter().map(|(node, what)| format!("{node}: {what}")).collect();
    if trouble.is_empty() {
        Check::pass(code, "Commands reach every node's host.")
    } else {
        Check::new(code, Finding::Unknown, format!("Commands do not reach every host. {}", trouble.join(" ")))
    }
}

/// Whether commands for a node reach the host that its server runs on: with the hosts mixed up one node would be
/// drained and another one's server stopped.
fn own_host(subject: &Subject) -> Check {
    let code = "host-is-the-nodes";
    let same = |a: &str, b: &str| {
        let short = |name: &str| name.split('.').next().unwrap_or_default().to_ascii_lowercase();
        short(a) == short(b)
    };
    let mut other = Vec::new();
    let mut unseen = Vec::new();
    for node in subject.cluster.up() {
        match (node.variable("hostname"), subject.around.host_names.get(&node.name)) {
            (Some(server), Some(host)) if same(server, host) => {}
            (Some(server), Some(host)) => {
                other.push(format!("the server of {} runs on {server}, and commands for it run on {host}", node.name));
            }
            _ => unseen.push(node.name.as_str()),
        }
    }
    if !other.is_empty() {
        return Check::new(
            code,
            Finding::Refuse,
            format!("Commands reach the wrong host: {}. Look at [upgrade] hosts.", other.join("; ")),
        )
        .acceptable();
    }
    if !unseen.is_empty() {
        return Check::new(
            code,
            Finding::Warning,
            format!("Whether commands reach the node's own host could not be seen for {}.", unseen.join(", ")),
        );
    }
    Check::pass(code, "By their names, commands reach the hosts that the servers run on.")
}

fn disk(subject: &Subject) -> Check {
    const LITTLE: u64 = 1 << 30;
    const TOO_LITTLE: u64 = 100 << 20;
    let code = "disk-space";
    let free = &subject.around.free_bytes;
    let mib = |bytes: u64| bytes >> 20;
    let tight: Vec<String> = free
        .iter()
        .filter(|(_, bytes)| **bytes < LITTLE)
        .map(|(node, bytes)| format!("{node} has {} MiB left for its data", mib(*bytes)))
        .collect();
    if free.values().any(|bytes| *bytes < TOO_LITTLE) {
        return Check::new(code, Finding::Refuse, format!("{}. A new server may not start there.", tight.join("; ")))
            .acceptable();
    }
    if !tight.is_empty() {
        return Check::new(code, Finding::Warning, format!("{}.", tight.join("; ")));
    }
    if free.len() < subject.cluster.nodes.len() {
        return Check::new(code, Finding::Warning, "Free disk space could not be read on every host.");
    }
    Check::pass(code, "Every node has room for its data.")
}

fn backup(subject: &Subject) -> Check {
    let code = "backup";
    let around = subject.around;
    let hours = |seconds: u64| format!("{:.1} hours", seconds as f64 / 3600.0);
    match &around.backup_age {
        None => Check::new(code, Finding::Warning, "Nobody told when the last backup was made ([upgrade] backup)."),
        Some(Err(why)) => {
            Check::new(code, Finding::Unknown, format!("The age of the last backup could not be read: {why}"))
                .acceptable()
        }
        Some(Ok(age)) if *age > around.backup_max_age => Check::new(
            code,
            Finding::Refuse,
            format!(
                "The last backup is {} old, and may be {} at most ([upgrade] backup_max_age).",
                hours(*age),
                hours(around.backup_max_age)
            ),
        )
        .acceptable(),
        Some(Ok(age)) => Check::pass(code, format!("The last backup is {} old.", hours(*age))),
    }
}
