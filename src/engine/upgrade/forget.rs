//! The way out of an upgrade that cannot go on: a person has brought the nodes back by hand, and the run is closed.

use serde_json::json;

use super::timers::{TIMERS, own_timers};
use super::{observe, read_body};
use crate::balancer::Fleet;
use crate::cluster::Connector;
use crate::config::Settings;
use crate::engine::book::Book;
use crate::engine::put_down;
use crate::failure::{ExitCode, Failure};
use crate::upgrade::{ClusterFacts, Entry, UpgradePlan, note, slow_timers, timers_as_option};

/// Closes the open upgrade: every node must be a healthy member, in rotation, with its own timers. Which version each
/// runs does not matter. Changes nothing but the journal. `None` when no upgrade is open; otherwise the run's id.
///
/// # Errors
/// When a node is not what it should be (exit 3), or a balancer cannot be used.
pub async fn forget(connector: &Connector, settings: &Settings) -> Result<Option<String>, Failure> {
    let fleet = Fleet::open(&settings.balancers, connector.nodes(), settings.policy.min_serving)?;
    let Some((mut book, found)) = Book::take_over(connector, settings, "upgrade").await? else { return Ok(None) };
    let (plan, record) = read_body(found.last.map(|(.., body)| body));
    let plan = plan.or_else(|| serde_json::from_value(found.run.plan.clone()).ok());
    let cluster = observe::cluster(connector).await;
    if let Some(wrong) = wrong(&cluster, &fleet, plan.as_ref(), &record).await {
        put_down(book, &found.run).await;
        return Err(Failure::refused(format!("The run cannot be closed: {wrong}.")).next("schema upgrade resume"));
    }
    let summary = json!({ "outcome": "forgotten", "text": "Closed by hand with `schema abort --forget`." });
    book.finish("forgotten", &summary)
        .await
        .map_err(|error| Failure::new(ExitCode::Resumable, format!("The run could not be closed. {error}")))?;
    Ok(Some(found.run.id))
}

/// The first thing that is not as it should be.
async fn wrong(cluster: &ClusterFacts, fleet: &Fleet, plan: Option<&UpgradePlan>, record: &[Entry]) -> Option<String> {
    if let Some(ailment) = cluster.ailments(None).into_iter().next() {
        return Some(ailment);
    }
    for node in &cluster.nodes {
        let as_found = |balancer: &String| plan.is_some_and(|plan| plan.found_out_of(balancer, &node.name));
        match fleet.out_of(&node.name).await {
            Ok(out) if out.iter().all(as_found) => {}
            Ok(_) => return Some(format!("node {} is out of rotation", node.name)),
            Err(error) => return Some(error.to_string()),
        }
        let own = note(record, &node.name, TIMERS).and_then(own_timers);
        let now = node.variable("wsrep_provider_options").map(slow_timers);
        if let Some(own) = own.filter(|own| now.as_ref() != Some(own)) {
            return Some(format!(
                "node {} still has the run's group communication timers (SET GLOBAL wsrep_provider_options='{}' ends that)",
                node.name,
                timers_as_option(&own)
            ));
        }
    }
    None
}
