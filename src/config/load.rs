//! Files, environment and command line become [`Settings`].

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::file::{self, File, Text};
use super::option_file::{self, ClientOptions};
use super::settings::{Journal, Node, Settings, Timeouts, Tls, TlsMode, Upgrade};
use super::{Address, ConfigError, ConnectionArgs, Environment, Login, PasswordSource, units};
use crate::lint::LintConfig;
use crate::plan::{AfterDrainTimeout, Policy};

/// The configuration file when none is named.
const DEFAULT_FILE: &str = "schema.toml";

impl Settings {
    /// Reads the configuration file (`config`, or `./schema.toml` when there is one), the option file, and the
    /// process's environment, and lets the command line win.
    ///
    /// # Errors
    /// Names the file, the place, the key and the reason.
    pub fn load(config: Option<&Path>, args: &ConnectionArgs) -> Result<Self, ConfigError> {
        Self::load_from(named_or_default(config), args, &Environment::of_process())
    }

    /// As [`Settings::load`], with the environment and the presence of a file given.
    ///
    /// # Errors
    /// As there.
    pub fn load_from(
        config: Option<&Path>,
        args: &ConnectionArgs,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let (path, text) = read(config)?;
        let file = file::parse(&path, &text)?;
        let source = Source { path: &path, text: &text, environment };
        let mut settings = source.settings(file, args)?;
        settings.file = config.map(Path::to_owned);
        Ok(settings)
    }
}

/// What commands that meet no cluster need of the configuration file. The whole file must be sound in its form; that
/// the other commands could use it is not looked at.
#[derive(Debug)]
pub struct Offline {
    /// `[policy]`.
    pub policy: Policy,
    /// `[lint]`.
    pub lint: LintConfig,
}

impl Offline {
    /// Reads the configuration file (`config`, or `./schema.toml` when there is one).
    ///
    /// # Errors
    /// Names the file, the place, the key and the reason.
    pub fn load(config: Option<&Path>) -> Result<Self, ConfigError> {
        let (path, text) = read(named_or_default(config))?;
        let file = file::parse(&path, &text)?;
        let source = Source { path: &path, text: &text, environment: &Environment::default() };
        Ok(Self { policy: source.policy(&file.policy)?, lint: file.lint })
    }
}

fn named_or_default(config: Option<&Path>) -> Option<&Path> {
    let default = Path::new(DEFAULT_FILE);
    config.or_else(|| default.exists().then_some(default))
}

fn read(config: Option<&Path>) -> Result<(PathBuf, String), ConfigError> {
    let Some(path) = config else { return Ok((PathBuf::new(), String::new())) };
    let text =
        fs::read_to_string(path).map_err(|error| ConfigError::in_file(path, format!("cannot be read: {error}")))?;
    Ok((path.to_owned(), text))
}

/// The configuration file at hand, for paths and messages.
pub(super) struct Source<'a> {
    path: &'a Path,
    text: &'a str,
    environment: &'a Environment,
}

impl Source<'_> {
    pub(super) fn error(&self, span: Range<usize>, message: impl Into<String>) -> ConfigError {
        ConfigError::at(self.path, self.text, span.start, message)
    }

    pub(super) fn duration(&self, key: &str, text: Option<&Text>, default: Duration) -> Result<Duration, ConfigError> {
        text.map_or(Ok(default), |text| {
            units::duration(text.get_ref()).map_err(|why| self.error(text.span(), format!("`{key}`: {why}")))
        })
    }

    pub(super) fn resolve(&self, text: &Text) -> PathBuf {
        self.environment.resolve(text.get_ref(), self.path.parent().unwrap_or(Path::new("")))
    }

    pub(super) fn address(&self, text: &Text, default_port: u16) -> Result<Address, ConfigError> {
        Address::parse(text.get_ref(), default_port).map_err(|error| self.error(text.span(), error.to_string()))
    }

    fn settings(&self, file: File, args: &ConnectionArgs) -> Result<Settings, ConfigError> {
        let options = self.client_options(&file.cluster, args)?;
        let (nodes, discover_from) = self.nodes(&file.cluster, args, &options.1)?;
        Ok(Settings {
            file: None,
            nodes,
            discover_from,
            login: self.login(&file.cluster, args, &options)?,
            tls: self.tls(&file.cluster, args, &options.1)?,
            timeouts: self.timeouts(&file.cluster, args)?,
            policy: self.policy(&file.policy)?,
            balancers: file
                .balancer
                .into_iter()
                .map(|balancer| {
                    let span = balancer.span();
                    self.balancer(balancer.into_inner(), span)
                })
                .collect::<Result<_, _>>()?,
            upgrade: self.upgrade(file.upgrade)?,
            journal: self.journal(&file.journal)?,
        })
    }

    /// The option file that counts, and whether somebody named it.
    fn client_options(
        &self,
        cluster: &file::Cluster,
        args: &ConnectionArgs,
    ) -> Result<(bool, ClientOptions), ConfigError> {
        let named = match (&args.defaults_file, &cluster.defaults_file) {
            (Some(path), _) => Some(path.clone()),
            (None, Some(text)) => Some(self.resolve(text)),
            (None, None) => None,
        };
        if let Some(path) = named {
            return Ok((true, option_file::read(&path, self.environment)?));
        }
        let usual = self.environment.home.as_ref().map(|home| home.join(".my.cnf")).filter(|path| path.exists());
        let options = usual.map(|path| option_file::read(&path, self.environment)).transpose()?;
        Ok((false, options.unwrap_or_default()))
    }

    fn nodes(
        &self,
        cluster: &file::Cluster,
        args: &ConnectionArgs,
        options: &ClientOptions,
    ) -> Result<(Vec<Node>, Option<Address>), ConfigError> {
        let typed = |error: super::NotAnAddress| ConfigError::typed(error.to_string());
        if !args.nodes.is_empty() {
            let nodes = args.nodes.iter().map(|text| typed_node(text)).collect::<Result<Vec<_>, _>>()?;
            distinct(&nodes).map_err(|(_, message)| ConfigError::typed(format!("--nodes: {message}")))?;
            return Ok((nodes, None));
        }
        if let Some(node) = &args.node {
            return Ok((Vec::new(), Some(node.parse().map_err(typed)?)));
        }
        let mut nodes = Vec::new();
        for node in &cluster.nodes {
            let node = node.get_ref();
            let address = self.address(&node.address, 3306)?;
            let name = node.name.as_ref().map_or_else(|| node.address.get_ref().clone(), |name| name.get_ref().clone());
            nodes.push(Node { name, address });
        }
        distinct(&nodes).map_err(|(at, message)| self.error(cluster.nodes[at].span(), message))?;
        if let (Some(node), false) = (&cluster.node, nodes.is_empty()) {
            return Err(self.error(node.span(), "`node` is for discovery; give either `nodes` or `node`"));
        }
        let seed = cluster.node.as_ref().map(|node| self.address(node, 3306)).transpose()?;
        Ok((nodes, seed.or_else(|| options.address.clone())))
    }

    fn login(
        &self,
        cluster: &file::Cluster,
        args: &ConnectionArgs,
        (named, options): &(bool, ClientOptions),
    ) -> Result<Login, ConfigError> {
        let given = args.user.clone().or_else(|| cluster.user.as_ref().map(|user| user.get_ref().clone()));
        // A password in an option file belongs to that file's user and to nobody else.
        let same_user = given.is_none() || options.user.is_none() || given == options.user;
        let from_options = options.password.clone().filter(|_| same_user).map(PasswordSource::Known);
        let from_environment = self.environment.mysql_pwd.clone().map(PasswordSource::Known);
        let from_file = match (&cluster.password_file, &cluster.password_command) {
            (Some(_), Some(command)) => {
                return Err(self.error(command.span(), "give either `password_file` or `password_command`"));
            }
            (Some(file), None) => Some(PasswordSource::File(self.resolve(file))),
            (None, Some(command)) => Some(PasswordSource::Command(command.get_ref().clone())),
            (None, None) => None,
        };
        let password = if args.ask_pass {
            PasswordSource::Prompt
        } else if let Some(file) = &args.password_file {
            PasswordSource::File(file.clone())
        } else if let Some(source) = from_file {
            source
        } else {
            // An option file that somebody named says more than the environment, one that merely lies there less.
            let (first, second) =
                if *named { (from_options, from_environment) } else { (from_environment, from_options) };
            first.or(second).unwrap_or_default()
        };
        let user = given.or_else(|| options.user.clone()).or_else(|| self.environment.user.clone());
        Ok(Login { user: user.unwrap_or_default(), password })
    }

    fn tls(&self, cluster: &file::Cluster, args: &ConnectionArgs, options: &ClientOptions) -> Result<Tls, ConfigError> {
        let known = |word: &str| {
            TlsMode::NAMES.iter().find(|(name, _)| *name == word).map(|(_, mode)| *mode).ok_or_else(|| {
                let names = TlsMode::NAMES.map(|(name, _)| name).join(", ");
                format!("`{word}` is no way to encrypt; it is one of {names}")
            })
        };
        let ca = args.tls_ca.clone().or_else(|| cluster.ca.as_ref().map(|path| self.resolve(path)));
        let mode = match (&args.tls, &cluster.tls) {
            (Some(word), _) => known(word).map_err(|why| ConfigError::typed(format!("--tls: {why}")))?,
            (None, Some(word)) => {
                known(word.get_ref()).map_err(|why| self.error(word.span(), format!("`tls`: {why}")))?
            }
            // Who names an authority wants it to be asked.
            (None, None) if ca.is_some() => TlsMode::VerifyCa,
            (None, None) => options.tls.unwrap_or_default(),
        };
        let pair = |cert: Option<PathBuf>, key: Option<PathBuf>| match (cert, key) {
            (Some(cert), Some(key)) => Ok(Some((cert, key))),
            (None, None) => Ok(None),
            _ => Err("a client certificate needs both `cert` and `key`"),
        };
        let from_file = pair(
            cluster.cert.as_ref().map(|path| self.resolve(path)),
            cluster.key.as_ref().map(|path| self.resolve(path)),
        )
        .map_err(|why| self.error(cluster.cert.as_ref().or(cluster.key.as_ref()).map_or(0..0, Text::span), why))?;
        let from_options = pair(options.cert.clone(), options.key.clone())
            .map_err(|why| ConfigError::typed(format!("Option file: {why}")))?;
        let typed = args.tls_cert.clone().zip(args.tls_key.clone());
        Ok(Tls { mode, ca: ca.or_else(|| options.ca.clone()), identity: typed.or(from_file).or(from_options) })
    }

    fn timeouts(&self, cluster: &file::Cluster, args: &ConnectionArgs) -> Result<Timeouts, ConfigError> {
        let default = Timeouts::default();
        let connect = match &args.connect_timeout {
            Some(text) => {
                units::duration(text).map_err(|why| ConfigError::typed(format!("--connect-timeout: {why}")))?
            }
            None => self.duration("connect_timeout", cluster.connect_timeout.as_ref(), default.connect)?,
        };
        let query = self.duration("query_timeout", cluster.query_timeout.as_ref(), default.query)?;
        if connect.is_zero() || query.is_zero() {
            return Err(ConfigError::typed("A time-out of 0 would let nothing happen."));
        }
        Ok(Timeouts { connect, query })
    }

    fn policy(&self, policy: &file::Policy) -> Result<Policy, ConfigError> {
        let default = Policy::default();
        let after_drain_timeout = match &policy.after_drain_timeout {
            None => default.after_drain_timeout,
            Some(word) => match word.get_ref().as_str() {
                "stop" => AfterDrainTimeout::Stop,
                "close-idle" => AfterDrainTimeout::CloseIdle,
                "close-all" => AfterDrainTimeout::CloseAll,
                other => {
                    let why = format!("`after_drain_timeout` is stop, close-idle or close-all, not `{other}`");
                    return Err(self.error(word.span(), why));
                }
            },
        };
        Ok(Policy {
            max_stall: self.duration("max_stall", policy.max_stall.as_ref(), default.max_stall)?,
            drain_timeout: self.duration("drain_timeout", policy.drain_timeout.as_ref(), default.drain_timeout)?,
            after_drain_timeout,
            settle: self.duration("settle", policy.settle.as_ref(), default.settle)?,
            min_serving: policy.min_serving.unwrap_or(default.min_serving),
        })
    }

    fn upgrade(&self, upgrade: file::Upgrade) -> Result<Upgrade, ConfigError> {
        let default = Upgrade::default();
        Ok(Upgrade {
            settle: self.duration("settle", upgrade.settle.as_ref(), default.settle)?,
            command_timeout: self.duration(
                "command_timeout",
                upgrade.command_timeout.as_ref(),
                default.command_timeout,
            )?,
            shell: upgrade.shell.unwrap_or(default.shell),
            hosts: upgrade.hosts.unwrap_or(default.hosts),
            prepare: upgrade.prepare.unwrap_or(default.prepare),
            quick_timers: upgrade.quick_timers.unwrap_or(default.quick_timers),
            stop: upgrade.stop.unwrap_or(default.stop),
            install: upgrade.install.unwrap_or(default.install),
            configure: upgrade.configure.unwrap_or(default.configure),
            check_config: upgrade.check_config.unwrap_or(default.check_config),
            offered: upgrade.offered.unwrap_or(default.offered),
            log: upgrade.log.unwrap_or(default.log),
            backup: upgrade.backup.unwrap_or(default.backup),
            backup_file: upgrade.backup_file.as_ref().map(|path| self.resolve(path)),
            backup_max_age: self.duration("backup_max_age", upgrade.backup_max_age.as_ref(), default.backup_max_age)?,
            expected_away: self.duration("expected_away", upgrade.expected_away.as_ref(), default.expected_away)?,
            join_timeout: self.duration("join_timeout", upgrade.join_timeout.as_ref(), default.join_timeout)?,
            bundles: upgrade.bundles.as_ref().map_or(default.bundles, |path| self.resolve(path)),
            start: upgrade.start.unwrap_or(default.start),
            upgrade_tables: upgrade.upgrade_tables.unwrap_or(default.upgrade_tables),
        })
    }

    fn journal(&self, journal: &file::Journal) -> Result<Journal, ConfigError> {
        let Some(database) = &journal.database else { return Ok(Journal::default()) };
        let name = database.get_ref();
        if name.is_empty() || name.chars().count() > 64 || name.ends_with(' ') {
            return Err(self.error(database.span(), format!("`database`: `{name}` cannot be a database's name")));
        }
        Ok(Journal { database: name.clone() })
    }
}

/// `HOST[:PORT]` or `NAME=HOST[:PORT]`; without a name, the text itself is the name.
fn typed_node(text: &str) -> Result<Node, ConfigError> {
    let (name, address) = text.split_once('=').unwrap_or((text, text));
    let address = address.parse().map_err(|error| ConfigError::typed(format!("--nodes: {error}")))?;
    if name.trim().is_empty() {
        return Err(ConfigError::typed(format!("--nodes: `{text}` has no name before the =")));
    }
    Ok(Node { name: name.trim().to_owned(), address })
}

/// Names and addresses must tell the nodes apart. The error holds the index of the second one.
fn distinct(nodes: &[Node]) -> Result<(), (usize, String)> {
    let (mut names, mut addresses) = (BTreeSet::new(), BTreeSet::new());
    for (at, node) in nodes.iter().enumerate() {
        if node.name.is_empty() || node.name.contains(char::is_control) {
            return Err((at, "a node needs a name".to_owned()));
        }
        if !names.insert(&node.name) {
            return Err((at, format!("two nodes have the name `{}`", node.name)));
        }
        if !addresses.insert(node.address.to_string()) {
            return Err((at, format!("two nodes have the address {}", node.address)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
