//! The load balancers in front of the cluster: what they say of a node, how it is drained, and how it comes back.
//!
//! [`Fleet`] is the door: all balancers of the configuration together. Behind it stands one file or folder for each
//! kind, and all of them keep the rules of the [`Balancer`] trait. What was found is remembered *before* anything is
//! changed ([`Balancer::remember`]), in a form that goes into the journal, so that another process can put it back.
//! Every call is set, read back and compared. `docs/balancers.md` says what was proven on the real programs.

mod command;
mod empty;
mod error;
mod fleet;
mod haproxy;
mod maxscale;
mod open;
mod proof;
mod proxysql;
mod secret;
mod view;

use std::future::Future;
use std::pin::Pin;

use serde::{Deserialize, Serialize};

pub use empty::{Clients, Emptied, Progress};
pub use error::{Error, Trouble};
pub use fleet::{Fleet, FleetSaved};
pub use proof::{Client, Next, Proof, Rules, by_user_and_host};
pub use view::{NodeView, Place, Standing, View};

/// What a balancer's method returns: work that ends with `T` or with an [`Error`].
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// One load balancer.
///
/// The order of calls for one node is `check`, `remember`, (journal), `drain`, `watch` again and again, `shut`, `watch`,
/// `admit`.
/// `drain` and `admit` may be repeated at any time with the same [`Saved`]: they end in the same state.
pub trait Balancer: Send + Sync {
    /// What messages call it: `haproxy unix:/run/haproxy/admin.sock`, or its name in the configuration.
    fn label(&self) -> &str;

    /// Whether it can be used: it answers, it lets us change things, and it knows every name of the configuration.
    /// Changes nothing.
    fn check(&self) -> Pending<'_, View>;

    /// What it says now. Changes nothing.
    fn observe(&self) -> Pending<'_, View>;

    /// What is there now and has to be put back later. Changes nothing, and refuses where a drain must not begin.
    fn remember<'a>(&'a self, node: &'a str) -> Pending<'a, SavedState>;

    /// `saved`, with what is found now in places that it does not hold yet, such as a backend that the configuration
    /// has got since. Changes nothing.
    fn extend<'a>(&'a self, _node: &'a str, saved: &'a SavedState) -> Pending<'a, SavedState> {
        Box::pin(async move { Ok(saved.clone()) })
    }

    /// Keeps new sessions away from `node`, reads that back, and keeps away whatever would undo it.
    fn drain<'a>(&'a self, node: &'a str, saved: &'a SavedState) -> Pending<'a, ()>;

    /// Whether the drain still holds, and the sessions that are left.
    fn watch<'a>(&'a self, node: &'a str, saved: &'a SavedState) -> Pending<'a, Watch>;

    /// Ends the sessions that it counts on `node`, where it may hold some whose connection to the node is gone already. Only for
    /// a node whose process list shows no client.
    fn end_sessions<'a>(&'a self, _node: &'a str) -> Pending<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    /// Closes an empty node also to sessions that a drain lets through, where the balancer knows such. Tells whether
    /// anything was changed. May cut sessions, so it is only for a node on which none is left; [`Balancer::admit`]
    /// ends it with the drain.
    fn shut<'a>(&'a self, _node: &'a str, _saved: &'a SavedState) -> Pending<'a, bool> {
        Box::pin(async { Ok(false) })
    }

    /// Puts back exactly what `saved` holds and reads it back. Does not wait for health checks.
    fn admit<'a>(&'a self, node: &'a str, saved: &'a SavedState) -> Pending<'a, ()>;

    /// Whether the node is back where it was found as far as sessions go: `None` when it is, else what is missing,
    /// which may come with the next health check.
    fn missing<'a>(&'a self, node: &'a str, saved: &'a SavedState) -> Pending<'a, Option<String>>;
}

/// What was found in one balancer before a drain, for the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SavedState {
    /// The servers of a HAProxy.
    Haproxy(haproxy::Found),
    /// The tables of a ProxySQL.
    Proxysql(proxysql::Found),
    /// A server of a MaxScale.
    Maxscale(maxscale::Found),
    /// What a script said.
    Command(command::Found),
}

/// What is seen of a drained node in one look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// Whether the balancer still keeps new sessions away, as far as its settings say.
    pub holds: bool,
    /// Sessions that are left, in all of the balancer's processes that can be asked; `None` when it cannot count.
    pub sessions: Option<u64>,
    /// Sessions that have ever come to the node; a count that rises tells of one that came and went between two
    /// looks. It begins anew when the balancer does. `None` when it does not count them.
    pub begun: Option<u64>,
    /// What a person should know of this moment, one sentence each.
    pub notes: Vec<String>,
    /// Drains that were lost and set again in this look ([`Fleet::watch`]).
    pub repaired: Vec<String>,
}

fn other_kind(label: &str) -> Error {
    Error::new(
        Trouble::Settings,
        label,
        "The journal remembers another kind of balancer under this name; was the configuration changed in mid-run?",
    )
}
