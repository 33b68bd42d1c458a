//! How sessions come about: addresses, accounts, encryption, discovery, and what is said when they do not.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use galera_schema::cluster::{ClusterError, ConnectReason, Connector, Session};
use galera_schema::config::{ConnectionArgs, Environment, Settings};
use galera_schema::sandbox::{Error, Options, Scoped};
use libtest_mimic::Trial;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{program, schema_with, shared, trial, until};

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    vec![
        trial("connections::addresses_and_accounts", addresses_and_accounts),
        trial("connections::discovery_from_one_node", discovery_from_one_node),
        trial("connections::what_is_said_when_there_is_no_session", what_is_said_when_there_is_no_session),
        trial("connections::an_interrupted_session_is_never_used_again", an_interrupted_session_is_never_used_again),
        trial("connections::a_slow_link_is_only_slow", a_slow_link_is_only_slow),
        trial("connections::encryption_in_every_mode", encryption_in_every_mode),
        trial("connections::another_product_is_refused_in_one_sentence", another_product_is_refused_in_one_sentence),
    ]
}

/// Settings from the command line alone, with a home folder of their own.
fn settings(home: &Path, args: ConnectionArgs) -> Settings {
    let environment = Environment { home: Some(home.to_owned()), mysql_pwd: None, user: Some("nobody".into()) };
    Settings::load_from(None, &args, &environment).unwrap()
}

async fn session(settings: &Settings) -> Result<Session, ClusterError> {
    let connector = Connector::open(settings).await?;
    connector.session(&connector.nodes()[0]).await
}

fn reason(error: &ClusterError) -> Option<ConnectReason> {
    match error {
        ClusterError::Connect { reason, .. } => Some(*reason),
        _ => None,
    }
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

async fn addresses_and_accounts() -> Result<(), Error> {
    let options = Options {
        nodes: 1,
        extra_my_cnf: format!(
            "plugin_load_add = auth_ed25519\nbind_address = {}\n",
            if has_ipv6() { "127.0.0.1,::1" } else { "127.0.0.1" }
        ),
        haproxies: Vec::new(),
        ..Options::default()
    };
    let sandbox = Scoped::up("accounts", &options).await?;
    let node = &sandbox.nodes()[0];
    node.execute("create user native@'%' identified via mysql_native_password using password('n a#t\"ive')").await?;
    node.execute("create user edward@'%' identified via ed25519 using password('ed\\\\25519')").await?;
    node.execute("create user native@localhost identified via mysql_native_password using password('n a#t\"ive')")
        .await?;
    let folder = tempfile::tempdir().unwrap();
    let native = write(folder.path(), "native.cnf", "[client]\nuser = native\npassword = 'n a#t\"ive'\n");
    let edward = write(folder.path(), "edward", "ed\\25519\nand a second line\n");
    let port = node.port();
    let mut addresses = vec![format!("127.0.0.1:{port}"), format!("unix:{}", node.socket().display())];
    if has_ipv6() {
        addresses.push(format!("[::1]:{port}"));
    }
    for address in addresses {
        let args = ConnectionArgs {
            nodes: vec![format!("n1={address}")],
            defaults_file: Some(native.clone()),
            ..ConnectionArgs::default()
        };
        let mut session =
            session(&settings(folder.path(), args)).await.unwrap_or_else(|error| panic!("{address}: {error}"));
        let user: Option<String> = session.query("select user()").await.unwrap().scalar().unwrap();
        assert!(user.unwrap().starts_with("native@"), "{address}");
        // What every session of ours relies on.
        let wait: Option<u32> = session.query("select @@wsrep_sync_wait").await.unwrap().scalar().unwrap();
        assert_eq!(wait, Some(0));
        session.close().await;
    }
    let args = ConnectionArgs {
        nodes: vec![format!("127.0.0.1:{port}")],
        user: Some("edward".into()),
        password_file: Some(edward),
        ..ConnectionArgs::default()
    };
    session(&settings(folder.path(), args)).await.unwrap();
    Ok(())
}

fn has_ipv6() -> bool {
    std::net::TcpListener::bind("[::1]:0").is_ok()
}

async fn discovery_from_one_node() -> Result<(), Error> {
    let sandbox = shared().await;
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(sandbox.schema_toml()).unwrap();
    let from = text.find("nodes = [").unwrap();
    let to = text[from..].find("\n]").unwrap() + from + 2;
    let config = write(folder.path(), "schema.toml", &format!("{}{}", &text[..from], &text[to..]));
    let ran =
        schema_with(&config, &["verify", "--format", "json", "--node", &sandbox.nodes()[1].address()]).expect_code(0);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["nodes"], serde_json::json!(["n1", "n2", "n3"]));
    // Without any node there is nothing to start from.
    let ran = schema_with(&config, &["verify"]).expect_code(2);
    assert!(ran.stderr.contains("--nodes or --node"), "{}", ran.stderr);
    Ok(())
}

async fn what_is_said_when_there_is_no_session() -> Result<(), Error> {
    let sandbox = shared().await;
    let folder = tempfile::tempdir().unwrap();
    let wrong = write(folder.path(), "wrong", "not the password\n");
    let good = sandbox.dir().join("password");
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = silent.local_addr().unwrap().to_string();
    let live = sandbox.nodes()[0].address();
    for (address, password, expected, words) in [
        (live.as_str(), &wrong, ConnectReason::Denied, "Access denied"),
        ("127.0.0.1:1", &good, ConnectReason::Refused, "refused"),
        (silent.as_str(), &good, ConnectReason::TimedOut, "no answer within 0.5 seconds"),
        ("no-such-host.invalid", &good, ConnectReason::NoSuchHost, "lookup"),
    ] {
        let args = ConnectionArgs {
            nodes: vec![format!("n1={address}")],
            user: Some("schema".into()),
            password_file: Some(password.clone()),
            connect_timeout: Some("500ms".into()),
            ..ConnectionArgs::default()
        };
        let error = session(&settings(folder.path(), args)).await.unwrap_err();
        assert_eq!(reason(&error), Some(expected), "{error}");
        let text = error.to_string();
        assert!(text.contains(words) && text.contains("n1") && !text.contains("not the password"), "{text}");
    }
    // The whole program: exit 4, the node and the reason named, no secret shown.
    let ran = program()
        .args(["verify", "--nodes", &format!("n1={live}"), "--user", "schema", "--password-file"])
        .arg(&wrong)
        .output()
        .unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert_eq!(ran.status.code(), Some(4), "{text}");
    assert!(text.contains("n1") && text.contains("Access denied") && !text.contains("not the password"), "{text}");
    Ok(())
}

async fn an_interrupted_session_is_never_used_again() -> Result<(), Error> {
    let sandbox = shared().await;
    let settings = Settings::load(Some(&sandbox.schema_toml()), &ConnectionArgs::default()).unwrap();
    let connector = Connector::open(&settings).await.unwrap();
    let node = &connector.nodes()[0];
    let mut session = connector.session(node).await.unwrap();
    let error = session.execute("select sleep(30)", Some(Duration::from_millis(200))).await.unwrap_err();
    assert!(error.outcome_unknown(), "{error}");
    assert!(!session.is_usable());
    assert!(matches!(session.query("select 1").await, Err(ClusterError::Unusable { .. })));
    // The statement goes on in the server until it is ended through another session.
    let thread = session.thread_id();
    let mut other = connector.session(node).await.unwrap();
    let running = format!(
        "select count(*) from information_schema.processlist where id = {thread} and info like 'select sleep%'"
    );
    let count: Option<u64> = other.query(&running).await.unwrap().scalar().unwrap();
    assert_eq!(count, Some(1));
    connector.kill_query(node, thread).await.unwrap();
    until("the statement has ended", Duration::from_secs(5), async || {
        sandbox.nodes()[0].value(&running).await.unwrap().as_deref() == Some("0")
    })
    .await;
    // To kill what is gone already is no error.
    connector.kill_connection(node, u32::MAX).await.unwrap();
    // A server's error leaves a session as it was.
    assert_eq!(other.query("select nothing").await.unwrap_err().code(), Some(1054));
    assert_eq!(other.query("select 7").await.unwrap().scalar::<u32>().unwrap(), Some(7));
    Ok(())
}

/// Passes bytes on, each packet a while later.
async fn slow_link(to: String, delay: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&to).await.unwrap();
            let (client_in, client_out) = client.into_split();
            let (server_in, server_out) = server.into_split();
            for (mut from, mut to) in [(client_in, server_out), (server_in, client_out)] {
                tokio::spawn(async move {
                    let mut buffer = vec![0; 64 * 1024];
                    while let Ok(count @ 1..) = from.read(&mut buffer).await {
                        tokio::time::sleep(delay).await;
                        if to.write_all(&buffer[..count]).await.is_err() {
                            break;
                        }
                    }
                });
            }
        }
    });
    address
}

async fn a_slow_link_is_only_slow() -> Result<(), Error> {
    let sandbox = shared().await;
    let link = slow_link(sandbox.nodes()[0].address(), Duration::from_millis(100)).await;
    let args = ConnectionArgs { nodes: vec![format!("n1={link}")], ..ConnectionArgs::default() };
    let settings = Settings::load(Some(&sandbox.schema_toml()), &args).unwrap();
    let connector = Connector::open(&settings).await.unwrap();
    let began = Instant::now();
    let seen = galera_schema::cluster::facts::observe_all(&connector, Duration::ZERO).await;
    assert!(seen[0].facts.is_ok(), "{:?}", seen[0].facts);
    // 200 ms a round trip: few of them.
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    Ok(())
}

struct Certificates(tempfile::TempDir);

impl Certificates {
    /// An authority, another one, and a client's certificate.
    fn new() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let folder = Self(tempfile::tempdir().unwrap());
        // The server runs as another user.
        std::fs::set_permissions(folder.0.path(), PermissionsExt::from_mode(0o755)).unwrap();
        for ca in ["ca", "other"] {
            let (key, pem) = (format!("{ca}.key"), format!("{ca}.pem"));
            folder.openssl(&[
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                &format!("/CN=test {ca}"),
                "-keyout",
                &key,
                "-out",
                &pem,
            ]);
        }
        folder.issue("client", "DNS:client");
        folder.issue("server", "DNS:db.example");
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn openssl(&self, arguments: &[&str]) {
        let output =
            Command::new("openssl").args(arguments).current_dir(self.0.path()).output().expect("openssl is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// A certificate by the first authority for these names.
    fn issue(&self, name: &str, names: &str) {
        use std::os::unix::fs::PermissionsExt;
        let (key, csr, pem) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.pem"));
        write(self.0.path(), "ext", &format!("subjectAltName={names}\n"));
        self.openssl(&[
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            &format!("/CN={name}"),
            "-keyout",
            &key,
            "-out",
            &csr,
        ]);
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &csr,
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            "ext",
            "-out",
            &pem,
        ]);
        std::fs::set_permissions(self.path(&key), PermissionsExt::from_mode(0o644)).unwrap();
    }
}

async fn encryption_in_every_mode() -> Result<(), Error> {
    let certificates = Certificates::new();
    let at = |name: &str| certificates.path(name).display().to_string();
    let options = Options {
        nodes: 1,
        extra_my_cnf: format!(
            "ssl_ca = {}\nssl_cert = {}\nssl_key = {}\n",
            at("ca.pem"),
            at("server.pem"),
            at("server.key")
        ),
        haproxies: Vec::new(),
        ..Options::default()
    };
    let sandbox = Scoped::up("tls", &options).await?;
    let node = &sandbox.nodes()[0];
    node.execute("create user plain@'%' identified by 'pw'").await?;
    node.execute("create user certified@'%' identified by 'pw' require x509").await?;
    let password = write(certificates.0.path(), "pw", "pw\n");
    let connect = async |user: &str, mode: &str, ca: Option<&str>, identity: bool| {
        let args = ConnectionArgs {
            nodes: vec![format!("n1=127.0.0.1:{}", node.port())],
            user: Some(user.into()),
            password_file: Some(password.clone()),
            tls: Some(mode.into()),
            tls_ca: ca.map(|ca| certificates.path(ca)),
            tls_cert: identity.then(|| certificates.path("client.pem")),
            tls_key: identity.then(|| certificates.path("client.key")),
            ..ConnectionArgs::default()
        };
        let mut session = session(&settings(certificates.0.path(), args)).await?;
        let cipher: Option<String> =
            session.query("show session status like 'Ssl_cipher'").await?.first().unwrap().get(1)?;
        session.close().await;
        Ok::<_, ClusterError>(cipher.is_some_and(|cipher| !cipher.is_empty()))
    };
    for (mode, ca, expected) in [
        ("disabled", None, Ok(false)),
        ("preferred", None, Ok(true)),
        ("required", None, Ok(true)),
        ("verify-ca", Some("ca.pem"), Ok(true)),
        ("verify-ca", Some("other.pem"), Err(ConnectReason::Tls)),
        // The certificate is for another host.
        ("verify-identity", Some("ca.pem"), Err(ConnectReason::Tls)),
    ] {
        let got = connect("plain", mode, ca, false).await;
        let told = format!("{mode} {ca:?}: {got:?}");
        assert_eq!(got.map_err(|error| reason(&error).expect("a reason")), expected, "{told}");
    }
    // One with a name in its subject only, as many clusters have: good enough for the authority, for no host.
    certificates.issue("server", "email:dba@db.example");
    node.execute("flush ssl").await?;
    assert!(connect("plain", "verify-ca", Some("ca.pem"), false).await.unwrap());
    assert!(connect("plain", "verify-identity", Some("ca.pem"), false).await.is_err());
    assert!(connect("plain", "verify-ca", Some("other.pem"), false).await.is_err());
    // Now one for this host.
    certificates.issue("server", "DNS:localhost,IP:127.0.0.1");
    node.execute("flush ssl").await?;
    assert!(connect("plain", "verify-identity", Some("ca.pem"), false).await.unwrap());
    // An account that demands a certificate.
    assert_eq!(reason(&connect("certified", "required", None, false).await.unwrap_err()), Some(ConnectReason::Denied));
    assert!(connect("certified", "verify-identity", Some("ca.pem"), true).await.unwrap());
    // Another client program logs in as this one does: the copying tool, with the certificate that the account demands.
    node.execute("grant all on *.* to certified@'%'").await?;
    node.execute("create database app").await?;
    node.execute("create table app.t (id int primary key, a int)").await?;
    let copied = program()
        .args(["apply", "--method", "pt-osc", "-e", "alter table app.t add column n int"])
        .args(["--nodes", &format!("n1=127.0.0.1:{}", node.port()), "--user", "certified", "--tls", "verify-identity"])
        .args(["--tls-ca", &at("ca.pem"), "--tls-cert", &at("client.pem"), "--tls-key", &at("client.key")])
        .arg("--password-file")
        .arg(&password)
        .output()
        .unwrap();
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    // A server without encryption: preferred goes without, required does not.
    let bare = shared().await;
    let args = |mode: &str| ConnectionArgs {
        nodes: vec![format!("n1={}", bare.nodes()[0].address())],
        user: Some("schema".into()),
        password_file: Some(bare.dir().join("password")),
        tls: Some(mode.into()),
        ..ConnectionArgs::default()
    };
    session(&settings(certificates.0.path(), args("preferred"))).await.unwrap();
    let error = session(&settings(certificates.0.path(), args("required"))).await.unwrap_err();
    assert_eq!(reason(&error), Some(ConnectReason::Tls), "{error}");
    Ok(())
}

async fn another_product_is_refused_in_one_sentence() -> Result<(), Error> {
    let options = Options {
        nodes: 1,
        extra_my_cnf: "version = 8.0.36-28.1\n".into(),
        haproxies: Vec::new(),
        ..Options::default()
    };
    let sandbox = Scoped::up("other", &options).await?;
    let ran = schema_with(&sandbox.schema_toml(), &["verify"]).expect_code(4);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("8.0.36-28.1") && said.contains("works with MariaDB Galera Cluster only"), "{said}");
    Ok(())
}
