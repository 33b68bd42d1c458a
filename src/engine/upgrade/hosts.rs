//! The site's commands, bound to the nodes' hosts.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::{Address, Node, Settings};
use crate::failure::Failure;
use crate::host::{Finished, Output, Shell, Template, Values, quote};
use crate::upgrade::JOIN_OPTIONS;

/// How long a command that only looks may take.
const LOOK: Duration = Duration::from_secs(30);
/// How much of an error log is read, in bytes.
const LOG_BYTES: u64 = 2_000_000;

/// One of the commands of `[upgrade]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Command {
    Prepare,
    Stop,
    Install,
    Configure,
    CheckConfig,
    Start,
    UpgradeTables,
    Offered,
    Log,
}

/// All commands, and the way to the hosts.
#[derive(Debug)]
pub(super) struct Hosts {
    shell: Shell,
    commands: BTreeMap<Command, Template>,
    hosts: BTreeMap<String, String>,
    version: String,
    join_options: &'static str,
    limit: Duration,
    join_limit: Duration,
}

impl Hosts {
    /// Reads the templates of the configuration.
    pub(super) fn new(settings: &Settings, nodes: &[Node]) -> Result<Self, Failure> {
        let upgrade = &settings.upgrade;
        let texts = [
            (Command::Prepare, "prepare", &upgrade.prepare),
            (Command::Stop, "stop", &upgrade.stop),
            (Command::Install, "install", &upgrade.install),
            (Command::Configure, "configure", &upgrade.configure),
            (Command::CheckConfig, "check_config", &upgrade.check_config),
            (Command::Start, "start", &upgrade.start),
            (Command::UpgradeTables, "upgrade_tables", &upgrade.upgrade_tables),
            (Command::Offered, "offered", &upgrade.offered),
            (Command::Log, "log", &upgrade.log),
        ];
        let wrong = |key: &str, error: &dyn std::fmt::Display| Failure::usage(format!("[upgrade] {key}: {error}."));
        let mut commands = BTreeMap::new();
        for (command, key, text) in texts {
            let template = Template::parse(text).map_err(|error| wrong(key, &error))?;
            let needed = matches!(command, Command::Stop | Command::Install | Command::Start);
            if template.is_empty() && needed {
                return Err(wrong(key, &"it is empty, and there is no upgrade without it"));
            }
            commands.insert(command, template);
        }
        if let Some(stranger) = upgrade.hosts.keys().find(|name| !nodes.iter().any(|node| node.name == **name)) {
            return Err(wrong("hosts", &format!("there is no node `{stranger}`")));
        }
        let host = |node: &Node| match (upgrade.hosts.get(&node.name), &node.address) {
            (Some(host), _) => host.clone(),
            (None, Address::Tcp { host, .. }) => host.clone(),
            (None, Address::Unix(_)) => "localhost".to_owned(),
        };
        Ok(Self {
            shell: Shell::parse(&upgrade.shell).map_err(|error| wrong("shell", &error))?,
            commands,
            hosts: nodes.iter().map(|node| (node.name.clone(), host(node))).collect(),
            version: String::new(),
            join_options: if upgrade.quick_timers { JOIN_OPTIONS } else { "" },
            limit: upgrade.command_timeout,
            join_limit: upgrade.join_timeout,
        })
    }

    /// `{version}` stands for this from now on.
    pub(super) fn set_version(&mut self, version: &str) {
        version.clone_into(&mut self.version);
    }

    /// Whether the start command hands the returning node its options.
    pub(super) fn start_takes_join_options(&self) -> bool {
        self.commands.get(&Command::Start).is_some_and(Template::takes_join_options)
    }

    /// `{join_options}` stands for nothing from now on.
    pub(super) fn without_join_options(&mut self) {
        self.join_options = "";
    }

    /// Whether the site gave such a command.
    pub(super) fn has(&self, command: Command) -> bool {
        self.commands.get(&command).is_some_and(|template| !template.is_empty())
    }

    /// Runs one of the site's commands.
    pub(super) async fn run(&self, node: &str, command: Command, see: impl FnMut(&Output)) -> Finished {
        let empty = Template::literal("");
        let template = self.commands.get(&command).unwrap_or(&empty);
        let limit = match command {
            Command::Offered | Command::Log => LOOK,
            // A service manager comes back once the node has its state transfer.
            Command::Start => self.join_limit,
            _ => self.limit,
        };
        self.shell.run(template, self.values(node), limit, see).await
    }

    /// The end of the node's error log. `log_error` is what the server said of it when it last answered.
    pub(super) async fn log(&self, node: &str, log_error: Option<&str>) -> Result<String, String> {
        let finished = if self.has(Command::Log) {
            self.run(node, Command::Log, |_| {}).await
        } else {
            let command = match log_error {
                Some("") => "journalctl -u mariadb --no-pager -o cat -n 5000".to_owned(),
                Some(path) => format!("tail -c {LOG_BYTES} -- {}", quote(path)),
                None => return Err("the server never said where its log is, and [upgrade] has no `log`".to_owned()),
            };
            self.look(node, command).await
        };
        if finished.succeeded() { Ok(finished.stdout()) } else { Err(finished.why()) }
    }

    /// Runs a command of ours that only looks.
    pub(super) async fn look(&self, node: &str, command: String) -> Finished {
        self.shell.run(&Template::literal(command), self.values(node), LOOK, |_| {}).await
    }

    fn values<'a>(&'a self, node: &'a str) -> Values<'a> {
        let host = self.hosts.get(node).map_or(node, String::as_str);
        Values { node, host, version: &self.version, join_options: self.join_options }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{ConnectionArgs, Environment};

    #[test]
    fn the_ready_made_sets_are_configurations_that_can_be_used() {
        for set in ["apt", "dnf", "zypper"] {
            let file = format!("{}/fixtures/upgrade/{set}.toml", env!("CARGO_MANIFEST_DIR"));
            let args = ConnectionArgs::default();
            let settings = Settings::load_from(Some(Path::new(&file)), &args, &Environment::default()).unwrap();
            let node = Node { name: "n1".into(), address: "db1.example".parse().unwrap() };
            let mut hosts = Hosts::new(&settings, &[node]).unwrap();
            hosts.set_version("1:10.11.19-0+deb12u1");
            let install = hosts.commands[&Command::Install].for_shell(hosts.values("n1"));
            assert!(install.contains("1:10.11.19-0+deb12u1"), "{install}");
            // What only looks does not depend on the target, and nowhere stands a format of a package manager for one.
            let upgrade = &settings.upgrade;
            for (command, text) in [
                (Command::Stop, &upgrade.stop),
                (Command::CheckConfig, &upgrade.check_config),
                (Command::UpgradeTables, &upgrade.upgrade_tables),
                (Command::Offered, &upgrade.offered),
                (Command::Log, &upgrade.log),
            ] {
                assert_eq!(hosts.commands[&command].for_shell(hosts.values("n1")), *text, "{set}");
            }
            for text in [&upgrade.prepare, &upgrade.install, &upgrade.start] {
                let rendered = Template::parse(text).unwrap().for_shell(hosts.values("n1"));
                let misread = |mark: char, value: &str| rendered.contains(&format!("{mark}{value}"));
                for mark in ['%', '$'] {
                    assert!(!misread(mark, "1:10.11.19"), "{set}: {rendered}");
                    assert!(!misread(mark, &quote(JOIN_OPTIONS)), "{set}: {rendered}");
                }
            }
            // The shell itself reads the whole text and finds nothing wrong.
            for command in hosts.commands.values() {
                let text = command.for_shell(hosts.values("n1"));
                let read = std::process::Command::new("sh").args(["-n", "-c", &text]).status().unwrap();
                assert!(read.success(), "{set}: {text}");
            }
        }
    }
}
