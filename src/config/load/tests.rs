use secrecy::ExposeSecret;

use super::*;
use crate::config::BalancerKind;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn environment(&self) -> Environment {
        Environment { home: Some(self.0.path().to_owned()), mysql_pwd: None, user: Some("me".into()) }
    }

    fn load(&self, toml: &str, args: &ConnectionArgs) -> Result<Settings, ConfigError> {
        let path = self.file("schema.toml", toml);
        Settings::load_from(Some(&path), args, &self.environment())
    }
}

fn load(toml: &str) -> Result<Settings, ConfigError> {
    Folder::new().load(toml, &ConnectionArgs::default())
}

fn password(settings: &Settings) -> Option<String> {
    settings.login.password.fetch("u").unwrap().map(|password| password.expose_secret().to_owned())
}

/// The example of the user's documentation, to the letter.
#[test]
fn the_documented_example_is_read() {
    let folder = Folder::new();
    folder.file(".my.cnf", "[client]\nuser=dba\npassword=pw\n");
    let settings = folder
        .load(
            r#"
[cluster]
nodes = [ { name = "n1", address = "10.0.0.1:3306" }, { name = "n2", address = "10.0.0.2:3306" }, { name = "n3", address = "10.0.0.3:3306" } ]
defaults_file = "~/.my.cnf"          # [client] section
tls = "preferred"

[[balancer]]
kind = "haproxy"
address = "unix:/run/haproxy/admin.sock"
backend = "galera"
servers = { n1 = "n1", n2 = "web2", n3 = "n3" }

[[balancer]]
kind = "command"
name = "keepalived"
command = "balance {action} {node}"

[policy]
max_stall = "1s"
drain_timeout = "60s"
after_drain_timeout = "stop"
settle = "5s"
min_serving = 2

[upgrade]
shell = "ssh {host}"
stop = "systemctl stop mariadb"
install = "apt-get install -y mariadb-server={version}"
configure = ""
start = "systemctl start mariadb"
upgrade_tables = "mariadb-upgrade --skip-write-binlog"
settle = "60s"
"#,
            &ConnectionArgs::default(),
        )
        .unwrap();
    assert_eq!(settings.nodes.len(), 3);
    assert_eq!((settings.login.user.as_str(), password(&settings).as_deref()), ("dba", Some("pw")));
    assert_eq!(settings.policy, Policy::default());
    let haproxy = &settings.balancers[0];
    assert_eq!((haproxy.servers.of("n2"), haproxy.servers.of("n9")), ("web2", "n9"));
    let BalancerKind::HaProxy(kind) = &haproxy.kind else { panic!("{haproxy:?}") };
    assert_eq!(kind.backends, ["galera"]);
    let BalancerKind::Command(command) = &settings.balancers[1].kind else { panic!() };
    assert_eq!(command.command, ["sh", "-c", "balance {action} {node}"]);
}

#[test]
fn lists_and_texts_are_both_taken() {
    let toml = r#"
[[balancer]]
kind = "haproxy"
address = ["unix:/a.sock", "tcp:lb2:9999"]
backend = ["rw", "ro"]
[[balancer]]
kind = "command"
command = ["/usr/bin/balance", "--node"]
"#;
    let settings = load(toml).unwrap();
    let BalancerKind::HaProxy(haproxy) = &settings.balancers[0].kind else { panic!() };
    assert_eq!((haproxy.addresses.len(), haproxy.backends.len()), (2, 2));
    let BalancerKind::Command(command) = &settings.balancers[1].kind else { panic!() };
    assert_eq!(command.command, ["/usr/bin/balance", "--node"]);
}

#[test]
fn every_mistake_names_file_place_key_and_reason() {
    for (toml, expected) in [
        ("[policy]\nmax_stal = '1s'\n", "schema.toml:2:1: unknown key `max_stal`; did you mean `max_stall`?"),
        ("[polic]\n", "schema.toml:1:2: unknown key `polic`; did you mean `policy`?"),
        ("[cluster]\nzebra = 1\n", "schema.toml:2:1: unknown key `zebra`; the keys here are"),
        ("[cluster]\npassword = 'x'\n", "a password does not stand in schema.toml"),
        ("[policy]\nmax_stall = '1'\n", "schema.toml:2:13: `max_stall`: `1` is not a duration"),
        ("[policy]\nmin_serving = 'two'\n", "schema.toml:2:15: invalid type"),
        (
            "[policy]\nafter_drain_timeout = 'kill'\n",
            "`after_drain_timeout` is stop, close-idle or close-all, not `kill`",
        ),
        ("[cluster]\ntls = 'maybe'\n", "schema.toml:2:7: `tls`: `maybe` is no way to encrypt"),
        ("[cluster]\nnodes = [{name='a', address='h:x'}]\n", "schema.toml:2:29: `h:x` is not an address"),
        (
            "[cluster]\nnodes = [{name='a', address='h'}, {name='a', address='i'}]\n",
            "schema.toml:2:35: two nodes have the name `a`",
        ),
        (
            "[[balancer]]\nkind = 'haprox'\n",
            "schema.toml:2:8: unknown kind of balancer `haprox`; did you mean `haproxy`?",
        ),
        ("[[balancer]]\nkind = 'haproxy'\n", "a balancer of kind haproxy needs `address`"),
        ("[[balancer]]\nkind = 'none'\nbackend = 'x'\n", "`backend` means nothing to a balancer of kind none"),
        ("[cluster\n", "schema.toml:1:9"),
    ] {
        let error = load(toml).unwrap_err().to_string();
        assert!(error.contains(expected), "{toml}\n{error}");
    }
}

#[test]
fn the_command_line_wins() {
    let folder = Folder::new();
    let toml = "[cluster]\nuser = 'u'\npassword_file = 'pw'\nnodes = [{name='a', address='h'}]\n";
    folder.file("pw", "from file\n");
    let typed = folder.file("typed", "typed\n");
    let args = ConnectionArgs {
        nodes: vec!["x=h1:1".into(), "h2".into()],
        user: Some("v".into()),
        password_file: Some(typed),
        tls: Some("required".into()),
        ..ConnectionArgs::default()
    };
    let settings = folder.load(toml, &args).unwrap();
    let nodes: Vec<String> = settings.nodes.iter().map(|node| format!("{}={}", node.name, node.address)).collect();
    assert_eq!(nodes, ["x=h1:1", "h2=h2:3306"]);
    assert_eq!((settings.login.user.as_str(), password(&settings).as_deref()), ("v", Some("typed")));
    assert_eq!(settings.tls.mode, TlsMode::Required);
    let settings = folder.load(toml, &ConnectionArgs::default()).unwrap();
    assert_eq!(password(&settings).as_deref(), Some("from file"));
}

#[test]
fn where_the_password_comes_from() {
    let with = |toml: &str, cnf: Option<&str>, pwd: Option<&str>| {
        let folder = Folder::new();
        if let Some(text) = cnf {
            folder.file(".my.cnf", text);
        }
        let path = folder.file("schema.toml", toml);
        let environment = Environment { mysql_pwd: pwd.map(|pwd| pwd.to_owned().into()), ..folder.environment() };
        let settings = Settings::load_from(Some(&path), &ConnectionArgs::default(), &environment).unwrap();
        (settings.login.user.clone(), password(&settings))
    };
    let (named, cnf) = ("[cluster]\ndefaults_file = '~/.my.cnf'\n", "[client]\nuser=c\npassword=cnf\n");
    for (toml, cnf, pwd, user, expected) in [
        ("", None, None, "me", None),
        ("", None, Some("env"), "me", Some("env")),
        ("", Some(cnf), None, "c", Some("cnf")),
        // An option file that merely lies there says less than the environment; one that is named says more.
        ("", Some(cnf), Some("env"), "c", Some("env")),
        (named, Some(cnf), Some("env"), "c", Some("cnf")),
        // A password belongs to the user beside whom it stands.
        ("[cluster]\nuser = 'other'\n", Some(cnf), None, "other", None),
        ("[cluster]\nuser = 'c'\n", Some(cnf), None, "c", Some("cnf")),
        ("[cluster]\npassword_command = 'echo cmd'\n", Some(cnf), Some("env"), "c", Some("cmd")),
    ] {
        let found = with(toml, cnf, pwd);
        assert_eq!(found, (user.to_owned(), expected.map(ToOwned::to_owned)), "{toml} {cnf:?} {pwd:?}");
    }
}

/// What the documentation lists is what is read, key by key.
#[test]
fn the_listed_keys_are_read() {
    let page = include_str!("../../../docs/configuration.md");
    let block = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = Folder::new();
    folder.file(".my.cnf", "[client]\nuser=dba\n");
    let listed = folder.load(block, &ConnectionArgs::default()).unwrap();
    let defaults = load("").unwrap();
    // Only what has no default differs.
    assert_eq!(
        (listed.policy, listed.journal, listed.timeouts),
        (defaults.policy, defaults.journal, defaults.timeouts)
    );
    assert_eq!(listed.tls, defaults.tls);
    assert_eq!(Upgrade { bundles: defaults.upgrade.bundles.clone(), ..listed.upgrade }, defaults.upgrade);
}
