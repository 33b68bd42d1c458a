//! A throwaway Galera cluster behind HAProxy on this machine: real servers, real state transfer, real health checks.
//!
//! `schema sandbox`, `schema demo` and the live tests use this one room. `docs/sandbox.md` tells how a sandbox is
//! laid out on disk, how it starts, and what its servers leave out that a production server must not.
//!
//! A [`Sandbox`] is a folder. Everything about it is written there, so that any process can open it again
//! ([`Sandbox::open`]); nothing depends on the process that started it. A [`Scoped`] sandbox goes down with its
//! value, and [`down_all_scoped`] takes all of them down when a signal ends the process.

mod clustercheck;
mod error;
mod files;
mod haproxy;
mod node;
mod place;
mod ports;
mod process;
mod scoped;
mod server;
mod up;
pub mod workload;

pub use clustercheck::ClusterCheck;
pub use error::Error;
pub use haproxy::{Check, Haproxy, HaproxyOptions};
pub use node::Node;
pub use place::{Place, default_base, running};
pub use scoped::{Scoped, down_all_on_signal, down_all_scoped};
pub use server::{DEBIAN_PACKAGES, missing_packages};
pub use up::{Options, Sandbox, UpEvent};
