//! When is a node empty? A machine without I/O: it is told what the balancers and the node's process list show, and
//! says what to do next.
//!
//! Neither end is believed alone. A balancer that says DRAIN may still hold sessions; one that counts no session may
//! be one of two, or may have been reloaded, with the old process still serving. So a node is empty when the balancers
//! count nothing *and* the node's own process list shows no client, several times in a row.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Watch;
use crate::plan::AfterDrainTimeout;

/// How often both ends must show nothing, one look after the other.
const LOOKS: u32 = 3;
/// The time between two looks.
pub(super) const EVERY: Duration = Duration::from_millis(200);
/// The time between two looks once nothing was seen.
const EVERY_EMPTY: Duration = Duration::from_millis(100);
/// The time between two looks while connections are being closed.
const EVERY_CLOSING: Duration = Duration::from_millis(50);
/// How long a connection must have been idle to be closed: first the pool's true idlers, and as the time runs out
/// those with ever shorter pauses. A transaction that has begun and not run its first statement cannot be told from
/// idleness on MariaDB, so a pause that an application makes between the two must never be long enough.
const IDLE: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_millis(200), Duration::from_millis(50), Duration::from_millis(15)];
/// Connections are closed in rounds: InnoDB shows its transactions anew only after 100 ms without a reader.
const ROUND: Duration = Duration::from_millis(150);
/// With `close-all`, how long those in the middle of something get once the idle ones are being closed.
const LAST_CALL: Duration = Duration::from_secs(3);

/// A client's connection, as the node's process list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The connection's id on the node.
    pub id: u64,
    /// The user.
    pub user: String,
    /// Host and port, as the node sees them: behind a balancer it is the balancer.
    pub host: String,
    /// `Sleep`, `Query`, `Execute`...
    pub command: String,
    /// The id of its last statement: as long as it is the same, the connection has run nothing new.
    pub query_id: u64,
    /// How long it has been in this state.
    pub since: Duration,
}

/// How long to wait, and what then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long sessions may take to leave by themselves. No connection is closed before that.
    pub timeout: Duration,
    /// What happens with those that did not.
    pub then: AfterDrainTimeout,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The node is empty, seen from both ends.
    Empty,
    /// Look again after this time.
    Look(Duration),
    /// Close those of these connections that idle outside a transaction and have run nothing since, then look again.
    CloseIdle(Vec<Client>),
    /// Close these connections, whatever they do, then look again.
    CloseAll(Vec<Client>),
    /// Let the balancers end the sessions that they still count: none of them has a connection on the node any more.
    EndLeftovers,
    /// The time is over and the node is not empty.
    Stayed,
}

/// The proof that a node is empty, from the moment of the drain on.
#[derive(Clone, Debug)]
pub struct Proof {
    rules: Rules,
    empty: u32,
    /// How many sessions the balancers had begun by the last look.
    begun: Option<u64>,
    /// How many came while the node was drained.
    came: u64,
    /// When connections were closed last.
    round: Option<Duration>,
    /// How many looks in a row have shown sessions at the balancers and no client on the node.
    left: u32,
}

impl Proof {
    /// The beginning: nothing has been seen.
    pub fn new(rules: Rules) -> Self {
        Self { rules, empty: 0, begun: None, came: 0, round: None, left: 0 }
    }

    /// Takes in one look at both ends, `now` after the drain was set.
    pub fn look(&mut self, now: Duration, balancers: &Watch, clients: &[Client]) -> Next {
        let came = balancers.begun.zip(self.begun).map_or(0, |(now, before)| now.saturating_sub(before));
        self.begun = balancers.begun.or(self.begun);
        self.came += came;
        // A balancer that cannot count leaves the answer to the process list.
        let counted = balancers.sessions.unwrap_or(0) > 0;
        let quiet = balancers.holds && came == 0 && clients.is_empty();
        let nothing = quiet && !counted;
        self.empty = if nothing { self.empty + 1 } else { 0 };
        // A pool does not notice that its idle connection was closed before it uses it, and HAProxy keeps such a session.
        self.left = if quiet && counted { self.left + 1 } else { 0 };
        if self.empty >= LOOKS {
            return Next::Empty;
        }
        if nothing {
            // Whatever the time: a proof that has begun may end.
            return Next::Look(EVERY_EMPTY);
        }
        let Some(late) = now.checked_sub(self.rules.timeout) else { return Next::Look(EVERY) };
        let grace = self.rules.timeout.max(LAST_CALL);
        let then = self.rules.then;
        match then {
            AfterDrainTimeout::Stop => Next::Stayed,
            AfterDrainTimeout::CloseIdle | AfterDrainTimeout::CloseAll if late >= grace => Next::Stayed,
            AfterDrainTimeout::CloseIdle | AfterDrainTimeout::CloseAll
                if self.left >= LOOKS && self.begin_round(now) =>
            {
                Next::EndLeftovers
            }
            AfterDrainTimeout::CloseAll if late >= LAST_CALL && !clients.is_empty() && self.begin_round(now) => {
                Next::CloseAll(clients.to_vec())
            }
            AfterDrainTimeout::CloseIdle => self.close_idle(now, late, grace, clients),
            AfterDrainTimeout::CloseAll => self.close_idle(now, late, LAST_CALL, clients),
        }
    }

    /// The node was closed further after the proof: one more look must show nothing.
    pub fn confirm(&mut self) {
        self.empty = LOOKS - 1;
    }

    /// How many sessions came to the node while it was drained, by the balancers' count.
    pub fn came(&self) -> u64 {
        self.came
    }

    fn close_idle(&mut self, now: Duration, late: Duration, grace: Duration, clients: &[Client]) -> Next {
        let stage = (IDLE.len() as u128 * late.as_millis() / grace.as_millis().max(1)) as usize;
        let pause = IDLE[stage.min(IDLE.len() - 1)];
        let idle: Vec<Client> =
            clients.iter().filter(|client| client.command == "Sleep" && client.since >= pause).cloned().collect();
        if !idle.is_empty() && self.begin_round(now) { Next::CloseIdle(idle) } else { Next::Look(EVERY_CLOSING) }
    }

    fn begin_round(&mut self, now: Duration) -> bool {
        let due = self.round.is_none_or(|last| now.saturating_sub(last) >= ROUND);
        if due {
            self.round = Some(now);
        }
        due
    }
}

/// Counts connections by user and host, for a message: `app@10.0.0.9 (3), cron@db7 (1)`.
pub fn by_user_and_host(clients: &[Client]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for client in clients {
        let host = match client.host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => &client.host,
        };
        *counts.entry(format!("{}@{host}", client.user)).or_default() += 1;
    }
    counts.iter().map(|(who, n)| format!("{who} ({n})")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(id: u64, command: &str, since: u64) -> Client {
        let (user, host) = ("app".into(), "10.0.0.9:4711".into());
        Client { id, user, host, command: command.into(), query_id: id, since: at(since) }
    }

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn proof(then: AfterDrainTimeout) -> Proof {
        Proof::new(Rules { timeout: at(6000), then })
    }

    fn quiet() -> Watch {
        Watch { holds: true, sessions: Some(0), notes: vec![], ..Watch::default() }
    }

    #[test]
    fn empty_is_what_both_ends_show_three_times_in_a_row() {
        let mut proof = proof(AfterDrainTimeout::Stop);
        let busy = Watch { sessions: Some(1), ..quiet() };
        let lost = Watch { holds: false, ..quiet() };
        for (balancers, clients, expected) in [
            (quiet(), vec![], Next::Look(EVERY_EMPTY)),
            (quiet(), vec![], Next::Look(EVERY_EMPTY)),
            (busy, vec![], Next::Look(EVERY)),
            (quiet(), vec![], Next::Look(EVERY_EMPTY)),
            (quiet(), vec![client(1, "Sleep", 1)], Next::Look(EVERY)),
            (quiet(), vec![], Next::Look(EVERY_EMPTY)),
            (lost, vec![], Next::Look(EVERY)),
            (quiet(), vec![], Next::Look(EVERY_EMPTY)),
            (quiet(), vec![], Next::Look(EVERY_EMPTY)),
            (quiet(), vec![], Next::Empty),
        ] {
            assert_eq!(proof.look(at(10), &balancers, &clients), expected);
        }
    }

    #[test]
    fn a_session_that_came_and_went_between_two_looks_begins_the_proof_anew() {
        let mut proof = proof(AfterDrainTimeout::Stop);
        let count = |begun| Watch { begun: Some(begun), ..quiet() };
        for (begun, expected) in [
            (7, Next::Look(EVERY_EMPTY)),
            (7, Next::Look(EVERY_EMPTY)),
            (8, Next::Look(EVERY)),
            // A balancer that was reloaded counts from the start.
            (0, Next::Look(EVERY_EMPTY)),
            (0, Next::Look(EVERY_EMPTY)),
            (0, Next::Empty),
        ] {
            assert_eq!(proof.look(at(10), &count(begun), &[]), expected, "{begun}");
        }
        assert_eq!(proof.came(), 1);
    }

    #[test]
    fn a_node_that_was_closed_further_is_looked_at_once_more() {
        let mut proof = proof(AfterDrainTimeout::Stop);
        proof.confirm();
        assert_eq!(proof.look(at(10), &quiet(), &[]), Next::Empty);
        proof.confirm();
        assert_eq!(proof.look(at(10), &Watch { sessions: Some(1), ..quiet() }, &[]), Next::Look(EVERY));
        assert_eq!(proof.look(at(10), &quiet(), &[]), Next::Look(EVERY_EMPTY));
    }

    #[test]
    fn a_proof_that_has_begun_in_time_may_end_after_it() {
        let mut proof = proof(AfterDrainTimeout::Stop);
        assert_eq!(proof.look(at(5900), &quiet(), &[]), Next::Look(EVERY_EMPTY));
        assert_eq!(proof.look(at(6100), &quiet(), &[]), Next::Look(EVERY_EMPTY));
        assert_eq!(proof.look(at(6300), &quiet(), &[]), Next::Empty);
    }

    #[test]
    fn nothing_is_closed_before_the_deadline_whatever_the_policy() {
        for then in [AfterDrainTimeout::Stop, AfterDrainTimeout::CloseIdle, AfterDrainTimeout::CloseAll] {
            let mut proof = proof(then);
            for now in (0..6000).step_by(200) {
                assert_eq!(
                    proof.look(at(now), &quiet(), &[client(1, "Sleep", 1)]),
                    Next::Look(EVERY),
                    "{then:?} {now}"
                );
            }
        }
    }

    #[test]
    fn stop_stops_at_the_deadline() {
        let mut proof = proof(AfterDrainTimeout::Stop);
        assert_eq!(proof.look(at(6000), &quiet(), &[client(1, "Sleep", 1)]), Next::Stayed);
    }

    #[test]
    fn close_idle_takes_only_those_that_sleep() {
        let mut proof = proof(AfterDrainTimeout::CloseIdle);
        let (idler, worker) = (client(1, "Sleep", 1000), client(2, "Query", 9000));
        let next = proof.look(at(6000), &quiet(), &[idler.clone(), worker.clone(), client(3, "Sleep", 999)]);
        assert_eq!(next, Next::CloseIdle(vec![idler.clone()]));
        // The next round waits, and the time that is left ends in giving up.
        assert_eq!(proof.look(at(6050), &quiet(), &[idler.clone(), worker.clone()]), Next::Look(EVERY_CLOSING));
        assert_eq!(proof.look(at(6200), &quiet(), &[idler.clone(), worker.clone()]), Next::CloseIdle(vec![idler]));
        assert_eq!(proof.look(at(12_000), &quiet(), &[worker]), Next::Stayed);
    }

    #[test]
    fn shorter_pauses_count_as_idle_when_the_time_runs_out() {
        for (late, pause) in [(0, 1000), (1499, 1000), (1500, 200), (3000, 50), (4500, 15), (5999, 15)] {
            for (since, closed) in [(pause, true), (pause - 1, false)] {
                let next =
                    proof(AfterDrainTimeout::CloseIdle).look(at(6000 + late), &quiet(), &[client(1, "Sleep", since)]);
                assert_eq!(matches!(next, Next::CloseIdle(_)), closed, "{late} {since} {next:?}");
            }
        }
    }

    #[test]
    fn close_all_lets_the_idle_go_first_and_then_takes_the_rest() {
        let mut proof = proof(AfterDrainTimeout::CloseAll);
        let worker = client(2, "Query", 8);
        assert_eq!(proof.look(at(6000), &quiet(), std::slice::from_ref(&worker)), Next::Look(EVERY_CLOSING));
        assert_eq!(proof.look(at(8900), &quiet(), std::slice::from_ref(&worker)), Next::Look(EVERY_CLOSING));
        assert_eq!(proof.look(at(9000), &quiet(), std::slice::from_ref(&worker)), Next::CloseAll(vec![worker]));
    }

    #[test]
    fn sessions_without_a_connection_on_the_node_are_ended_where_closing_is_allowed() {
        let left = Watch { sessions: Some(2), begun: Some(9), ..quiet() };
        for then in [AfterDrainTimeout::CloseIdle, AfterDrainTimeout::CloseAll] {
            let mut proof = proof(then);
            // Not before the time is over, and not before several looks have shown the same.
            assert_eq!(proof.look(at(5000), &left, &[]), Next::Look(EVERY));
            assert_eq!(proof.look(at(6000), &left, &[client(1, "Query", 1)]), Next::Look(EVERY_CLOSING));
            assert_eq!(proof.look(at(6050), &left, &[]), Next::Look(EVERY_CLOSING));
            assert_eq!(proof.look(at(6100), &left, &[]), Next::Look(EVERY_CLOSING));
            assert_eq!(proof.look(at(6250), &left, &[]), Next::EndLeftovers);
            // One that has just come is none of them.
            let more = Watch { begun: Some(10), ..left.clone() };
            assert_eq!(proof.look(at(6450), &more, &[]), Next::Look(EVERY_CLOSING));
        }
        let mut stop = proof(AfterDrainTimeout::Stop);
        assert_eq!(stop.look(at(6000), &left, &[]), Next::Stayed);
    }

    #[test]
    fn those_that_stay_are_counted_by_user_and_host() {
        let mut other = client(3, "Sleep", 1);
        other.host = "localhost".into();
        assert_eq!(
            by_user_and_host(&[client(1, "Sleep", 1), client(2, "Query", 2), other]),
            "app@10.0.0.9 (2), app@localhost (1)"
        );
    }
}
