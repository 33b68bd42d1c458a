//! Where settings come from: `schema.toml`, option files, the environment and the command line.
//!
//! What was typed ([`ConnectionArgs`], the file's own shape) is kept apart from what is meant ([`Settings`]). Nothing
//! here talks to the network. A password is fetched only when somebody is about to connect, so that a command that
//! never does runs no password command and asks no question. `docs/configuration.md` lists every key.

mod address;
mod args;
mod balancer;
mod environment;
mod error;
mod file;
mod load;
mod load_balancer;
mod login;
mod option_file;
mod settings;
mod suggest;
mod units;

pub use address::{Address, NotAnAddress};
pub use args::ConnectionArgs;
pub use balancer::{BalancerKind, BalancerSettings, Command, HaProxy, MaxScale, ProxySql, ServerNames};
pub use environment::Environment;
pub use error::ConfigError;
pub use load::Offline;
pub use login::{Login, PasswordSource};
pub use settings::{Journal, Node, Settings, Timeouts, Tls, TlsMode, Upgrade};
pub use units::duration as parse_duration;
