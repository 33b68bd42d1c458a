//! After the last node: a look at the whole cluster for a while.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::event::UpgradeEvent;
use super::observe;
use super::runner::Runner;
use crate::upgrade::{ClusterFacts, Severity, StepResult, read_log};

/// How often the cluster is looked at.
const EVERY: Duration = Duration::from_secs(2);
/// Flow control that is worth a word, as a part of the time.
const MUCH_FLOW_CONTROL: f64 = 0.02;

impl Runner<'_> {
    /// Watches flow control, queues and logs, and says at the end what was seen. With no time to watch this is one
    /// last look.
    pub(super) async fn watch(&mut self, time: Duration) -> StepResult {
        // What is watched is the cluster as it will be.
        self.restore_timers().await;
        let begun = Instant::now();
        let first = match self.wait_healthy().await {
            Ok(facts) => facts,
            Err(reason) => return StepResult::Failed { reason, serving: true },
        };
        if !time.is_zero() {
            self.tell(UpgradeEvent::run("watch_started", format!("Watching the cluster for {} s.", time.as_secs())));
        }
        let mut last = first.clone();
        let mut longest_queue = 0.0_f64;
        while begun.elapsed() < time && !self.is_stopping() {
            sleep(EVERY.min(time.saturating_sub(begun.elapsed()))).await;
            last = observe::cluster(self.connector).await;
            if !last.ailments(None).is_empty() {
                match self.wait_healthy().await {
                    Ok(facts) => last = facts,
                    Err(reason) => return StepResult::Failed { reason, serving: true },
                }
            }
            let queue = last.up().filter_map(|node| node.number("wsrep_local_recv_queue")).fold(0.0, f64::max);
            longest_queue = longest_queue.max(queue);
        }
        if time.is_zero() {
            return StepResult::Done { note: String::new(), seconds_milli: 0 };
        }
        let paused = paused_part(&first, &last, begun.elapsed());
        let mut words = vec![
            format!("flow control paused writes for {:.1} % of the time", paused * 100.0),
            format!("the longest receive queue was {longest_queue:.0}"),
        ];
        if paused > MUCH_FLOW_CONTROL {
            words.push("that is more than an idle cluster shows".to_owned());
        }
        let mut unread = Vec::new();
        for node in self.connector.nodes() {
            let log = match self.log(&node.name).await {
                Ok(log) => log,
                Err(why) => {
                    unread.push(format!("the log of {} could not be read ({why})", node.name));
                    continue;
                }
            };
            let bad: Vec<_> = read_log(&log).bad.into_iter().filter(|bad| bad.severity == Severity::Stop).collect();
            if let Some(line) = bad.first() {
                let reason = format!("The error log of {} says: {} ({}).", node.name, line.meaning, line.line);
                return StepResult::Failed { reason, serving: true };
            }
        }
        let all = self.connector.nodes().len();
        if unread.is_empty() {
            words.push("the logs hold nothing bad".to_owned());
        } else if unread.len() < all {
            words.push("the other logs hold nothing bad".to_owned());
        }
        words.append(&mut unread);
        let text = format!("Watched for {:.0} s: {}.", begun.elapsed().as_secs_f64(), words.join(", "));
        let event = UpgradeEvent::run("watched", text.clone()).with("flow_control_paused", paused);
        self.tell(event.with("longest_queue", longest_queue));
        self.watched = Some(text);
        StepResult::Done { note: String::new(), seconds_milli: 0 }
    }
}

/// The part of the time for which flow control held writes back, on the node where it was longest.
fn paused_part(first: &ClusterFacts, last: &ClusterFacts, time: Duration) -> f64 {
    let paused = |facts: &ClusterFacts, name: &str| facts.node(name)?.number("wsrep_flow_control_paused_ns");
    let parts = last.nodes.iter().filter_map(|node| {
        let nanoseconds = paused(last, &node.name)? - paused(first, &node.name)?;
        Some((nanoseconds / 1e9 / time.as_secs_f64().max(0.001)).max(0.0))
    });
    parts.fold(0.0, f64::max)
}
