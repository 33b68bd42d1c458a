//! All balancers of the configuration together.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Balancer, Error, SavedState, Trouble, View, Watch};

/// How long a balancer that was asked to take a node back may need to see that it is healthy: a few health checks.
const BACK_WITHIN: Duration = Duration::from_secs(60);
/// How often it is asked.
const BACK_EVERY: Duration = Duration::from_millis(250);

/// What may be behind sessions that come to a drained node.
pub(super) const PAST_THE_DRAIN: &str = "Something in a balancer's configuration sends sessions past a drain: in HAProxy a \
    `use-server` rule, a stick table, a cookie, `force-persist` or `option persist`. docs/balancers.md says what can be done.";

/// Every balancer in front of the cluster. A drain is a drain in all of them.
pub struct Fleet {
    balancers: Vec<Box<dyn Balancer>>,
    /// Some clients come to the nodes past every balancer that could be told.
    unguarded: bool,
    min_serving: usize,
    /// Labels of balancers that a person says exist no more: nothing can be put back there.
    gone: Vec<String>,
}

/// What was found in all balancers before one node was drained. It goes into the journal before the drain begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetSaved {
    /// The node.
    pub node: String,
    /// By the label of the balancer.
    pub balancers: BTreeMap<String, SavedState>,
}

impl Fleet {
    pub(super) fn new(balancers: Vec<Box<dyn Balancer>>, unguarded: bool, min_serving: usize) -> Self {
        Self { balancers, unguarded, min_serving, gone: Vec::new() }
    }

    /// What somebody has to consent to (`--accept no-balancer`) when no balancer, or not every one, can be told to
    /// drain; `None` when all can.
    pub fn consent(&self) -> Option<&'static str> {
        self.unguarded.then_some(
            "No load balancer can be told to keep clients away from a node (kind none, or no [[balancer]] at all). Clients that \
             connect to the nodes directly are not moved: take the node out of their configuration yourself before its turn, or \
             the run waits in vain for them to leave, and those that stay hang in COMMIT for as long as the DDL runs.",
        )
    }

    /// The labels of all balancers.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.balancers.iter().map(|balancer| balancer.label())
    }

    /// Takes a person's word (`--gone-balancer`) that these balancers exist no more: what was remembered of them is not
    /// missed. `remembered` is all that was, and may be nothing where nobody can know yet.
    ///
    /// # Errors
    /// When this configuration still has one of them, or nothing was remembered of it in any of `remembered`.
    pub fn give_up(&mut self, gone: &[String], remembered: &[&FleetSaved]) -> Result<(), Error> {
        for label in gone {
            if self.labels().any(|one| one == label) {
                return Err(Error::new(
                    Trouble::Refused,
                    label,
                    "`--gone-balancer` names it, and this configuration has it. Nothing was changed.",
                )
                .hint("Take its [[balancer]] out of the configuration if it exists no more; otherwise leave the option out."));
            }
            if !remembered.iter().any(|saved| saved.balancers.contains_key(label)) {
                let known: BTreeSet<&str> =
                    remembered.iter().flat_map(|saved| saved.balancers.keys()).map(String::as_str).collect();
                let known = if known.is_empty() {
                    "No node is out of rotation in any balancer.".to_owned()
                } else {
                    format!("Nodes are out of rotation in: {}.", known.into_iter().collect::<Vec<_>>().join(", "))
                };
                return Err(Error::new(
                    Trouble::Refused,
                    label,
                    format!(
                        "`--gone-balancer` names it, and no node was taken out of rotation there. {known} Nothing was changed."
                    ),
                ));
            }
        }
        self.gone = gone.to_vec();
        Ok(())
    }

    /// Whether every balancer that a node was taken out of is in this configuration: only then can it be given back.
    ///
    /// # Errors
    /// The balancer that is missing here.
    pub fn has_all_of(&self, saved: &FleetSaved) -> Result<(), Error> {
        let Some(label) = self.missing_here(saved) else { return Ok(()) };
        Err(Error::new(
            Trouble::Refused,
            label,
            format!(
                "Node {} was taken out of rotation in this balancer, and this configuration does not have it. Nothing was \
                 changed; the node may still be out.",
                saved.node
            ),
        )
        .hint(
            "Use the configuration of the host on which the run began (--config), or add its [[balancer]] to this one: `name` \
             decides what it is called where it is reached in another way.",
        )
        .hint(format!("If the balancer exists no more, say so with --gone-balancer '{label}'.")))
    }

    /// Whether these are the balancers that a node was taken out of, and no others.
    ///
    /// # Errors
    /// The balancer that is missing here, or that was not there then.
    pub fn is_that_of(&self, saved: &FleetSaved) -> Result<(), Error> {
        self.has_all_of(saved)?;
        let node = &saved.node;
        if let Some(label) = self.labels().find(|label| !saved.balancers.contains_key(*label)) {
            return Err(Error::new(
                Trouble::Refused,
                label,
                format!(
                    "This balancer was not in the configuration when node {node} was taken out of rotation in all others. Nothing \
                     was changed; the node may still be out."
                ),
            )
            .hint("Use the configuration of the host on which the run began (--config)."));
        }
        Ok(())
    }

    /// A balancer that something was remembered of, that this configuration does not have, and that is not given up.
    fn missing_here<'a>(&self, saved: &'a FleetSaved) -> Option<&'a str> {
        let here = |label: &str| self.labels().any(|one| one == label) || self.gone.iter().any(|gone| gone == label);
        saved.balancers.keys().map(String::as_str).find(|label| !here(label))
    }

    /// The nodes in the order in which they are best drained: those that a balancer cannot let go of now come last.
    ///
    /// # Errors
    /// When a balancer cannot be seen.
    pub async fn order(&self, nodes: &[String]) -> Result<Vec<String>, Error> {
        let mut last = Vec::new();
        for balancer in &self.balancers {
            last.extend(balancer.observe().await?.last);
        }
        let (late, mut order): (Vec<String>, Vec<String>) = nodes.iter().cloned().partition(|node| last.contains(node));
        order.extend(late);
        Ok(order)
    }

    /// Users of the balancers' own health checks: their connections to a node are not clients.
    ///
    /// # Errors
    /// When a balancer cannot be seen.
    pub async fn monitors(&self) -> Result<Vec<String>, Error> {
        let mut users = Vec::new();
        for balancer in &self.balancers {
            users.extend(balancer.observe().await?.monitors);
        }
        Ok(users)
    }

    /// Whether every balancer can be used: reachable, willing, and with all names known. Changes nothing.
    ///
    /// # Errors
    /// The first balancer that cannot be used.
    pub async fn check(&self) -> Result<Vec<View>, Error> {
        let mut views = Vec::new();
        for balancer in &self.balancers {
            views.push(balancer.check().await?);
        }
        Ok(views)
    }

    /// What each balancer says now, with its label. One that cannot be seen does not hide the others.
    pub async fn observe(&self) -> Vec<(String, Result<View, Error>)> {
        let mut views = Vec::new();
        for balancer in &self.balancers {
            views.push((balancer.label().to_owned(), balancer.observe().await));
        }
        views
    }

    /// Whether every balancer sends new sessions to `node`, or would as soon as its better places are gone. True where
    /// there is no balancer.
    ///
    /// # Errors
    /// When a balancer cannot be seen.
    pub async fn serves(&self, node: &str) -> Result<bool, Error> {
        Ok(self.out_of(node).await?.is_empty())
    }

    /// The labels of the balancers that send no sessions to `node`, not even when its better places are gone.
    ///
    /// # Errors
    /// When a balancer cannot be seen.
    pub async fn out_of(&self, node: &str) -> Result<Vec<String>, Error> {
        let mut out = Vec::new();
        for balancer in &self.balancers {
            if !balancer.observe().await?.serves(node) {
                out.push(balancer.label().to_owned());
            }
        }
        Ok(out)
    }

    /// What has to be put back after `node` was drained. Changes nothing; journal it before [`Fleet::drain`].
    ///
    /// # Errors
    /// When a balancer cannot be read, when too few nodes would go on serving, or when it must not be drained now.
    pub async fn remember(&self, node: &str) -> Result<FleetSaved, Error> {
        self.spare(node).await?;
        let mut balancers = BTreeMap::new();
        for balancer in &self.balancers {
            balancers.insert(balancer.label().to_owned(), balancer.remember(node).await?);
        }
        Ok(FleetSaved { node: node.to_owned(), balancers })
    }

    /// What is remembered of the node, with the balancers and places that have come into the configuration since: they
    /// will be drained as well, and have to be put back. Changes nothing.
    ///
    /// # Errors
    /// When a balancer cannot be read.
    pub async fn extend(&self, saved: &FleetSaved) -> Result<FleetSaved, Error> {
        let mut extended = saved.clone();
        for balancer in &self.balancers {
            let state = match saved.balancers.get(balancer.label()) {
                Some(state) => balancer.extend(&saved.node, state).await?,
                None => balancer.remember(&saved.node).await?,
            };
            extended.balancers.insert(balancer.label().to_owned(), state);
        }
        Ok(extended)
    }

    /// Whether enough other nodes would go on serving without `node`. Changes nothing.
    ///
    /// # Errors
    /// When too few would, or when a balancer cannot be seen.
    pub async fn spare(&self, node: &str) -> Result<(), Error> {
        for balancer in &self.balancers {
            let view = balancer.check().await?;
            let others: Vec<&str> = view.others_usable(node).collect();
            if others.len() < self.min_serving {
                let serving = if others.is_empty() { "no other node".to_owned() } else { others.join(", ") };
                return Err(Error::new(
                    Trouble::Refused,
                    balancer.label(),
                    format!(
                        "Without {node} only {} node(s) would take sessions ({serving}), and the policy wants {}.",
                        others.len(),
                        self.min_serving
                    ),
                )
                .hint("Bring the other nodes back into service, or lower [policy] min_serving."));
            }
        }
        Ok(())
    }

    /// Keeps new sessions away from the node in every balancer. When one balancer fails, the others are put back.
    /// May be repeated.
    ///
    /// # Errors
    /// The balancer that failed; [`Error::left`] says what could not be put back.
    pub async fn drain(&self, saved: &FleetSaved) -> Result<(), Error> {
        for (at, balancer) in self.balancers.iter().enumerate() {
            let outcome = match self.state(balancer.as_ref(), saved) {
                Ok(state) => balancer.drain(&saved.node, state).await,
                Err(error) => Err(error),
            };
            let Err(mut error) = outcome else { continue };
            // The one that failed is put back as well: it may have been changed in part.
            for balancer in self.balancers[..=at].iter().rev() {
                error.left.extend(self.put_back(balancer.as_ref(), saved).await.err());
            }
            return Err(error);
        }
        Ok(())
    }

    /// Whether the node is still drained everywhere, and the sessions that are left. A balancer that has lost the
    /// drain (a reload, a restart, a monitor) is told again.
    ///
    /// # Errors
    /// When a balancer cannot be seen: the node is then not proven to be empty.
    pub async fn watch(&self, saved: &FleetSaved) -> Result<Watch, Error> {
        let mut all = Watch { holds: true, sessions: Some(0), begun: Some(0), ..Watch::default() };
        for balancer in &self.balancers {
            let state = self.state(balancer.as_ref(), saved)?;
            let seen = balancer.watch(&saved.node, state).await?;
            if !seen.holds {
                balancer.drain(&saved.node, state).await?;
                all.repaired.push(format!(
                    "{} had lost the drain of {}; it was set again.",
                    balancer.label(),
                    saved.node
                ));
            }
            all.holds &= seen.holds;
            all.sessions = all.sessions.zip(seen.sessions).map(|(sum, n)| sum + n);
            // One that does not count must not hide what the others have seen.
            all.begun = all.begun.map(|sum| sum + seen.begun.unwrap_or(0));
            all.notes.extend(seen.notes.into_iter().map(|note| format!("{}: {note}", balancer.label())));
        }
        Ok(all)
    }

    /// Looks again at a node that was proven to be empty.
    ///
    /// # Errors
    /// As [`Fleet::watch`] and [`Fleet::shut`], and [`Trouble::NotObeyed`] when a session is there again: the drain does not hold.
    pub async fn still_empty(&self, saved: &FleetSaved) -> Result<Watch, Error> {
        let watch = self.watch(saved).await?;
        match watch.sessions {
            None | Some(0) => {
                // A drain that was set again is one that lets some through again.
                if !watch.repaired.is_empty() {
                    self.shut(saved).await?;
                }
                Ok(watch)
            }
            Some(came) => {
                let mut error = Error::new(
                    Trouble::NotObeyed,
                    format!("node {}", saved.node),
                    format!(
                        "{came} session(s) have come to {} through the load balancers after it was drained and proven to be empty.",
                        saved.node
                    ),
                )
                .hint(PAST_THE_DRAIN);
                error.hints.extend(watch.notes.into_iter().chain(watch.repaired));
                Err(error)
            }
        }
    }

    /// Closes an empty node to sessions that a drain lets through, in the balancers that know such. Tells whether
    /// anything was changed.
    ///
    /// # Errors
    /// The balancer that failed.
    pub async fn shut(&self, saved: &FleetSaved) -> Result<bool, Error> {
        let mut changed = false;
        for balancer in &self.balancers {
            changed |= balancer.shut(&saved.node, self.state(balancer.as_ref(), saved)?).await?;
        }
        Ok(changed)
    }

    /// Ends the sessions that the balancers count on a drained node ([`super::Balancer::end_sessions`]).
    ///
    /// # Errors
    /// The balancer that failed.
    pub async fn end_sessions(&self, saved: &FleetSaved) -> Result<(), Error> {
        for balancer in &self.balancers {
            balancer.end_sessions(&saved.node).await?;
        }
        Ok(())
    }

    /// Puts every balancer back to what was found. All are tried, whatever happens to one of them. May be repeated.
    ///
    /// # Errors
    /// The first failure, with everything that is left in [`Error::left`].
    pub async fn admit(&self, saved: &FleetSaved) -> Result<(), Error> {
        let mut first: Option<Error> = self.missing_here(saved).map(|label| {
            let message =
                format!("Node {} was drained there, and this configuration does not have the balancer.", saved.node);
            Error::new(Trouble::Settings, label, message).left(format!("{} may be drained in {label}", saved.node))
        });
        for balancer in &self.balancers {
            let outcome = match self.state(balancer.as_ref(), saved) {
                Ok(state) => balancer.admit(&saved.node, state).await,
                Err(error) => Err(error),
            };
            if let Err(error) = outcome {
                let left = format!("{} in {error}", saved.node);
                match &mut first {
                    None => first = Some(if error.left.is_empty() { error.left(left) } else { error }),
                    Some(first) => first.left.push(left),
                }
            }
        }
        first.map_or(Ok(()), Err)
    }

    /// Waits until every balancer that sent sessions to the node would do so again (its health checks may take a
    /// while).
    ///
    /// # Errors
    /// When one still does not after a minute.
    pub async fn wait_until_served(&self, saved: &FleetSaved) -> Result<(), Error> {
        let started = tokio::time::Instant::now();
        for balancer in &self.balancers {
            let state = self.state(balancer.as_ref(), saved)?;
            while let Some(missing) = balancer.missing(&saved.node, state).await? {
                if started.elapsed() > BACK_WITHIN {
                    return Err(Error::new(
                        Trouble::NotObeyed,
                        balancer.label(),
                        format!(
                            "Node {} was put back, but after {} s it still gets no sessions: {missing}.",
                            saved.node,
                            BACK_WITHIN.as_secs()
                        ),
                    )
                    .hint("Look at the balancer's health check of the node."));
                }
                tokio::time::sleep(BACK_EVERY).await;
            }
        }
        Ok(())
    }

    async fn put_back(&self, balancer: &dyn Balancer, saved: &FleetSaved) -> Result<(), String> {
        let state = self.state(balancer, saved).map_err(|error| error.to_string())?;
        balancer.admit(&saved.node, state).await.map_err(|error| format!("{} in {error}", saved.node))
    }

    fn state<'a>(&self, balancer: &dyn Balancer, saved: &'a FleetSaved) -> Result<&'a SavedState, Error> {
        saved.balancers.get(balancer.label()).ok_or_else(|| {
            Error::new(
                Trouble::Settings,
                balancer.label(),
                format!(
                    "Nothing was remembered of this balancer when {} was drained; was it added to the configuration in mid-run?",
                    saved.node
                ),
            )
        })
    }
}
