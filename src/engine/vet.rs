//! Whether the cluster can spare a node now: the checks of the stage before each node. A roll may take hours, and what the
//! plan saw when it began need not hold any more.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::crew::Crew;
use super::planner::observe;
use crate::plan::check::{self, Finding, Scene, Stage, Verdict};
use crate::plan::facts::TableName;
use crate::run::{Answer, Event, Fault, FaultKind};

/// How long is waited before the nodes are looked at again.
const AGAIN: Duration = Duration::from_millis(500);

impl Crew<'_> {
    /// Waits until nothing speaks against taking the node out, for as long as a drain may take, where it may pass by itself.
    pub(super) async fn vet(&mut self, node: usize) -> Answer {
        let started = Instant::now();
        let answer = self.spared(node, started).await;
        self.seconds.survey += started.elapsed().as_secs_f64();
        answer
    }

    async fn spared(&mut self, node: usize, started: Instant) -> Answer {
        let name = self.name(node);
        let tables: Vec<TableName> =
            self.plan.statements.iter().flat_map(|statement| statement.tables.iter().cloned()).collect();
        let mut told = String::new();
        loop {
            // As long as the questions take is long enough to see a pause; a longer look follows where there is one.
            let nodes = observe(&self.connector, Duration::ZERO).await;
            let scene = Scene {
                nodes: &nodes,
                plan: &self.plan,
                balancers: self.fleet.labels().count(),
                tables: &tables,
                leaving: Some(&name),
                copying: None,
            };
            let findings = check::run(Stage::BeforeNode, &scene);
            let bad: Vec<&Finding> = findings.iter().filter(|finding| finding.verdict >= Verdict::Failed).collect();
            let Some(worst) = bad.iter().map(|finding| finding.verdict).max() else { return Answer::Done };
            let text = bad.iter().map(|finding| finding.saw.as_str()).collect::<Vec<_>>().join(" ");
            let lasting = bad.iter().any(|finding| !check::may_pass(finding));
            if lasting || started.elapsed() > self.plan.policy.drain_timeout {
                let kind = if worst == Verdict::Unseen { FaultKind::Unobservable } else { FaultKind::Refused };
                let advice = bad.iter().map(|finding| finding.advice.as_str()).find(|advice| !advice.is_empty());
                let text = format!("Node {name} was not taken out of service: {text} {}", advice.unwrap_or_default());
                return Answer::Failed(Fault::new(kind, text.trim_end()));
            }
            if told != text {
                self.tell(Event::Waiting { text: format!("Before node {name} is taken out of service: {text}") });
                told = text;
            }
            sleep(AGAIN).await;
        }
    }
}
