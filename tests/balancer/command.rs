//! A site's own script: the examples of `fixtures/balancer/` with stand-ins for the tools that they call, and scripts
//! that misbehave.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use galera_schema::balancer::{Fleet, Standing, Trouble};
use galera_schema::config::{BalancerKind, BalancerSettings, Command};

use super::{drain, fleet, nodes, settings};

fn kind(words: &[&str]) -> BalancerKind {
    BalancerKind::Command(Command { command: words.iter().map(|word| (*word).to_owned()).collect() })
}

fn example(name: &str, environment: &[String]) -> Fleet {
    let script = format!("{}/fixtures/balancer/{name}", env!("CARGO_MANIFEST_DIR"));
    let words: Vec<&str> =
        ["env"].into_iter().chain(environment.iter().map(String::as_str)).chain([&*script]).collect();
    fleet(kind(&words))
}

fn program(dir: &Path, name: &str, text: &str) -> String {
    let file = dir.join(name);
    fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    file.display().to_string()
}

/// Out and back, twice, each read back from both sides.
async fn there_and_back(fleet: &Fleet, what: &str) {
    for _ in 0..2 {
        let saved = drain(fleet, "n2").await.unwrap();
        assert!(fleet.watch(&saved).await.unwrap().holds, "{what}");
        assert!(!fleet.serves("n2").await.unwrap() && fleet.serves("n1").await.unwrap(), "{what}");
        fleet.admit(&saved).await.unwrap();
        fleet.wait_until_served(&saved).await.unwrap();
        assert!(fleet.serves("n2").await.unwrap(), "{what}");
    }
}

#[tokio::test]
async fn a_clustercheck_file() {
    let dir = tempfile::tempdir().unwrap();
    let on = program(dir.path(), "on", "shift 0; exec env -C \"$DIR/$SCHEMA_NODE\" \"$@\"");
    for node in nodes() {
        fs::create_dir(dir.path().join(node.name)).unwrap();
    }
    let environment = [format!("DIR={}", dir.path().display()), format!("ON={on}"), "FILE=disabled".into()];
    let fleet = example("clustercheck-file.sh", &environment);
    there_and_back(&fleet, "clustercheck").await;
    // A host that cannot be asked is not taken for one whose file is missing.
    fs::remove_dir(dir.path().join("n3")).unwrap();
    let error = fleet.check().await.unwrap_err();
    assert!(error.trouble == Trouble::Unreachable && error.message.contains("n3 cannot be asked"), "{error}");
}

#[tokio::test]
async fn a_keepalived_virtual_server() {
    let dir = tempfile::tempdir().unwrap();
    for node in nodes() {
        fs::write(dir.path().join(node.address.to_string()), "100").unwrap();
    }
    let ipvsadm = program(
        dir.path(),
        "ipvsadm",
        "cd \"$(dirname \"$0\")\"\nif [ \"$1\" = -e ]; then [ \"$6 $4\" = \"$SCHEMA_ADDRESS -r\" ] || [ \"$5\" = \"$SCHEMA_ADDRESS\" ]; echo \"$7\" > \"$5\"; exit; fi\n\
         echo 'TCP  10.0.0.100:3306 wlc'\nfor f in 127*; do echo \"  -> $f   Route   $(cat \"$f\")   7   0\"; done",
    );
    let fleet = example("keepalived.sh", &[format!("IPVSADM={ipvsadm}"), "VIP=10.0.0.100:3306".into()]);
    there_and_back(&fleet, "keepalived").await;
    assert_eq!(fleet.check().await.unwrap()[0].node("n1").unwrap().sessions, Some(7));
    fs::remove_file(dir.path().join("127.0.0.1:46063")).unwrap();
    let error = fleet.check().await.unwrap_err();
    assert!(error.message.contains("IPVS has no server 127.0.0.1:46063"), "{error}");
}

#[tokio::test]
async fn a_label_of_kubernetes() {
    let dir = tempfile::tempdir().unwrap();
    for node in nodes() {
        fs::write(dir.path().join(node.name), "true").unwrap();
    }
    let kubectl = program(
        dir.path(),
        "kubectl",
        "cd \"$(dirname \"$0\")\"\ncase $1 in label) echo \"${5#*=}\" > \"$3\"; echo \"pod/$3 labeled\";; get) cat \"$3\";; esac",
    );
    there_and_back(&example("kubernetes-label.sh", &[format!("KUBECTL={kubectl}")]), "kubernetes").await;
}

#[tokio::test]
async fn what_was_found_out_of_service_stays_out() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let text = format!(
        "echo $1 $2 >> {}; [ $2 = n3 ] && s=maintenance || s=serving; echo \"{{\\\"state\\\": \\\"$s\\\"}}\"",
        log.display()
    );
    let script = program(dir.path(), "script", &text);
    let one = Fleet::open(&[settings(kind(&[&script]))], &nodes(), 2).unwrap();
    let saved = drain(&one, "n3").await.unwrap();
    one.admit(&saved).await.unwrap();
    let log = fs::read_to_string(log).unwrap();
    assert!(!log.contains("drain") && !log.contains("admit"), "{log}");
    // And one that takes an order and does not follow it is seen.
    let error = one.remember("n1").await.unwrap_err();
    assert!(error.trouble == Trouble::Refused && error.message.contains("only 1 node(s)"), "{error}");
    let one = Fleet::open(&[settings(kind(&[&script]))], &nodes(), 1).unwrap();
    let error = drain(&one, "n1").await.unwrap_err();
    assert!(error.trouble == Trouble::NotObeyed && error.message.contains("says serving"), "{error}");
}

/// Whether a process of that number runs.
fn runs(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

#[tokio::test]
async fn a_drain_that_is_cut_off_does_not_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let (log, pid) = (dir.path().join("log"), dir.path().join("pid"));
    let text = format!(
        "echo $1 >> {}\ncase $1 in drain) sleep 60 & echo $! > {}; wait;; state) echo '{{\"state\": \"serving\"}}';; esac",
        log.display(),
        pid.display()
    );
    let one = fleet(kind(&[&program(dir.path(), "script", &text)]));
    let saved = one.remember("n1").await.unwrap();
    let child = async {
        loop {
            match fs::read_to_string(&pid) {
                Ok(pid) if pid.ends_with('\n') => break pid,
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    let child = tokio::select! {
        child = child => child,
        drained = one.drain(&saved) => panic!("{drained:?}"),
    };
    let began = Instant::now();
    while runs(&child) {
        assert!(began.elapsed() < Duration::from_secs(5), "the command's child lives on, and may drain the node later");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The node looks as if nothing had happened, and is told all the same.
    fs::write(&log, "").unwrap();
    one.admit(&saved).await.unwrap();
    assert!(fs::read_to_string(&log).unwrap().contains("admit"));
}

#[tokio::test]
async fn a_node_is_given_back_to_the_balancers_that_it_left() {
    let serving = kind(&["sh", "-c", r#"echo '{"state": "serving"}'"#]);
    let with = |names: &[&str]| {
        let all: Vec<_> =
            names.iter().map(|name| BalancerSettings { name: (*name).into(), ..settings(serving.clone()) }).collect();
        Fleet::open(&all, &nodes(), 2).unwrap()
    };
    let saved = with(&["edge", "inner"]).remember("n2").await.unwrap();
    with(&["inner", "edge"]).is_that_of(&saved).unwrap();
    for (names, expected) in [(&["edge"][..], "inner"), (&[], "edge"), (&["edge", "inner", "new"], "new")] {
        let error = with(names).is_that_of(&saved).unwrap_err();
        assert!(error.trouble == Trouble::Refused && error.balancer == expected, "{names:?}: {error}");
    }
    let error = with(&["edge"]).admit(&saved).await.unwrap_err();
    assert!(error.left.iter().any(|left| left.contains("inner")), "{error:?}");

    // One that exists no more is not missed, but only on a person's word, and only one that is neither here nor unheard of.
    let mut fleet = with(&["edge"]);
    for (wrong, expected) in [("edge", "has it"), ("other", "edge, inner")] {
        let error = fleet.give_up(&[wrong.to_owned()], &[&saved]).unwrap_err();
        assert!(error.trouble == Trouble::Refused && error.message.contains(expected), "{wrong}: {error}");
        fleet.is_that_of(&saved).unwrap_err();
    }
    fleet.give_up(&["inner".to_owned()], &[&saved]).unwrap();
    fleet.is_that_of(&saved).unwrap();
    fleet.admit(&saved).await.unwrap();
    fleet.wait_until_served(&saved).await.unwrap();
}

#[tokio::test]
async fn a_script_that_misbehaves_is_no_answer() {
    for (script, expected) in [
        ("echo nonsense", "did not print the JSON"),
        (r#"echo '{"state": "happy"}'"#, "did not print the JSON"),
        ("echo first >&2; echo why >&2; exit 3", "it said: why"),
    ] {
        let error = fleet(kind(&["sh", "-c", script])).check().await.unwrap_err();
        assert!(error.trouble == Trouble::Unreachable && error.message.contains(expected), "{script}: {error}");
    }
    let error = fleet(kind(&["/nonexistent/script"])).check().await.unwrap_err();
    assert!(error.message.contains("did not start"), "{error}");

    // One that hangs is stopped, and its children with it.
    let mut slow = settings(kind(&["sh", "-c", "sleep 60 & sleep 60"]));
    slow.timeout = Duration::from_millis(300);
    let began = Instant::now();
    let error = Fleet::open(&[slow], &nodes(), 2).unwrap().check().await.unwrap_err();
    assert!(error.message.contains("did not end within 0.3 s") && began.elapsed() < Duration::from_secs(5), "{error}");

    let view = &fleet(kind(&["sh", "-c", r#"echo '{"state": "backup", "sessions": 3, "notes": ["x"]}'"#]))
        .check()
        .await
        .unwrap()[0];
    let node = view.node("n1").unwrap();
    assert_eq!((node.standing, node.sessions), (Standing::Backup, Some(3)));
}
