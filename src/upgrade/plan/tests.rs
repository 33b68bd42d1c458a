//! A healthy cluster, and one thing wrong with it at a time.

use std::collections::BTreeMap;

use super::*;

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn node(name: &str, version: &str) -> NodeFacts {
    let variables = map(&[
        ("version", version),
        ("hostname", &format!("{name}.example")),
        ("innodb_fast_shutdown", "1"),
        ("wsrep_osu_method", "TOI"),
        ("wsrep_desync", "OFF"),
        ("wsrep_sst_method", "rsync"),
        (
            "wsrep_provider_options",
            "evs.join_retrans_period = PT1S; evs.keepalive_period = PT1S; gcache.size = 128M; pc.ignore_sb = false; pc.wait_prim = true; pc.weight = 1; ",
        ),
    ]);
    let status = map(&[
        ("wsrep_cluster_status", "Primary"),
        ("wsrep_connected", "ON"),
        ("wsrep_ready", "ON"),
        ("wsrep_local_state_comment", "Synced"),
        ("wsrep_cluster_size", "3"),
        ("wsrep_cluster_weight", "3"),
        ("wsrep_incoming_addresses", "AUTO,AUTO,AUTO"),
        ("wsrep_cluster_state_uuid", "u"),
        ("wsrep_cluster_conf_id", "3"),
        ("wsrep_provider_version", "4.23(rXXXX)"),
        ("wsrep_protocol_gcs", "5"),
    ]);
    let mut facts = NodeFacts::up(name, variables, status, Some(["port".to_owned()].into()));
    facts.write_rate = Some(1e5);
    facts.commit_rate = Some(0.0);
    facts
}

struct Case {
    cluster: ClusterFacts,
    around: Surroundings,
    target: &'static str,
    direction: Direction,
}

fn case() -> Case {
    let cluster = ClusterFacts { nodes: ["n1", "n2", "n3"].map(|name| node(name, "10.11.18-MariaDB")).into() };
    let around = Surroundings {
        backup_age: Some(Ok(3600)),
        backup_max_age: 86_400,
        open_run: Ok(None),
        has_balancer: true,
        host_names: ["n1", "n2", "n3"].map(|name| (name.to_owned(), name.to_owned())).into(),
        free_bytes: ["n1", "n2", "n3"].map(|name| (name.to_owned(), 10 << 30)).into(),
        away_seconds: 120.0,
        min_serving: 2,
        ..Surroundings::default()
    };
    Case { cluster, around, target: "1:10.11.19-0+deb12u1", direction: Direction::Forward }
}

fn plan(case: &Case) -> UpgradePlan {
    make(&case.cluster, &case.around, &Target::parse(case.target).unwrap(), case.direction, &[])
}

fn turns(plan: &UpgradePlan) -> Vec<(String, Step)> {
    plan.turns().into_iter().map(|turn| (turn.node, turn.begin)).collect()
}

#[track_caller]
fn check(change: impl FnOnce(&mut Case), code: &str, expected: Finding) -> UpgradePlan {
    let mut case = case();
    change(&mut case);
    let plan = plan(&case);
    let check = plan.checks.iter().find(|check| check.code == code).unwrap();
    assert_eq!(check.finding, expected, "{check:?}");
    if expected >= Finding::Refuse {
        assert_eq!(plan.verdict(), expected, "{plan:?}");
    }
    plan
}

#[test]
fn a_healthy_cluster_may_be_upgraded_with_the_writer_last() {
    let mut case = case();
    case.cluster.nodes[0].commit_rate = Some(500.0);
    let plan = plan(&case);
    // Known: the bug of 10.11.18 that this upgrade fixes.
    assert_eq!(plan.verdict(), Finding::Warning, "{plan:?}");
    assert_eq!(turns(&plan), ["n2", "n3", "n1"].map(|name| (name.to_owned(), Step::Check)));
    insta::assert_snapshot!(crate::upgrade::human(&plan));
}

#[test]
fn each_thing_that_is_wrong_is_named() {
    use Finding::{Pass, Refuse, Unknown, Warning};
    let set = |at: usize, name: &'static str, value: &'static str| {
        move |case: &mut Case| {
            let node = &mut case.cluster.nodes[at];
            let values = if node.status.contains_key(name) { &mut node.status } else { &mut node.variables };
            values.insert(name.to_owned(), value.to_owned());
        }
    };
    check(set(1, "wsrep_local_state_comment", "Donor/Desynced"), "nodes-healthy", Refuse);
    check(set(1, "wsrep_cluster_state_uuid", "other"), "nodes-healthy", Refuse);
    check(set(1, "wsrep_desync", "ON"), "nodes-healthy", Refuse);
    check(|case| case.cluster.nodes[2] = NodeFacts::down("n3", "refused"), "nodes-healthy", Unknown);
    check(set(0, "wsrep_cluster_size", "4"), "members", Refuse);
    check(
        |case| {
            for node in &mut case.cluster.nodes {
                node.status.insert("wsrep_cluster_size".into(), "4".into());
                node.status.insert("wsrep_incoming_addresses".into(), "AUTO,AUTO,,AUTO".into());
            }
        },
        "members",
        Warning,
    );
    check(set(1, "version", "10.11.19-MariaDB"), "one-version", Warning);
    check(set(1, "version", "10.11.17-MariaDB"), "one-version", Refuse);
    check(|case| case.target = "10.11.17", "target", Refuse);
    check(|case| case.target = "12.3.1", "target", Refuse);
    check(|case| case.target = "11.4.9", "target", Refuse);
    check(|case| case.direction = Direction::Back, "target", Refuse);
    check(set(0, "innodb_fast_shutdown", "2"), "clean-shutdown", Refuse);
    check(set(0, "wsrep_osu_method", "RSU"), "osu-method", Refuse);
    check(|case| case.around.has_balancer = false, "no-balancer", Refuse);
    check(|case| case.around.balancer_trouble.push("It is gone.".into()), "load-balancer", Refuse);
    check(|case| case.around.open_run = Ok(Some("Run 7 is open.".into())), "no-open-run", Refuse);
    check(|case| case.around.open_run = Err("no access".into()), "no-open-run", Unknown);
    check(|case| case.around.backup_age = None, "backup", Warning);
    check(|case| case.around.backup_age = Some(Ok(90_000)), "backup", Refuse);
    check(|case| case.around.backup_age = Some(Err("no file".into())), "backup", Unknown);
    check(|case| case.around.min_serving = 3, "quorum", Refuse);
    check(set(0, "wsrep_cluster_size", "3"), "quorum", Pass);
    check(|case| case.around.free_bytes = [("n2".to_owned(), 1 << 20)].into(), "disk-space", Refuse);
    check(|case| drop(case.around.host_trouble.insert("n2".into(), "ssh: refused".into())), "hosts", Unknown);
}

#[test]
fn what_the_packages_offer_is_read_or_said_to_be_unreadable() {
    use Finding::{Pass, Unknown, Warning};
    let offer = |text: &'static str| {
        move |case: &mut Case| case.around.offered = ["n1", "n2"].map(|name| (name.to_owned(), text.to_owned())).into()
    };
    for (text, expected) in [
        ("1:10.11.19-0+deb12u1", Pass),
        ("10.11.19", Pass),
        ("1:10.11.19-0+deb12u2", Warning),
        ("1:10.11.20-0+deb12u1", Warning),
        ("(none)", Unknown),
        ("", Unknown),
        ("%10.11.19", Unknown),
    ] {
        let plan = check(offer(text), "packages-offer-it", expected);
        let said = crate::upgrade::human(&plan);
        assert_eq!(said.contains("The packages offer 1:10.11.19-0+deb12u1."), expected == Pass, "{said}");
    }
}

#[test]
fn a_release_or_a_package_of_the_same_numbers_is_not_taken_for_another() {
    let on = |reported: &'static str, target: &'static str| {
        move |case: &mut Case| {
            case.cluster = ClusterFacts { nodes: ["n1", "n2", "n3"].map(|name| node(name, reported)).into() };
            case.target = target;
        }
    };
    let all = ["n1", "n2", "n3"].map(|name| (name.to_owned(), Step::Check));
    // They are seen to differ.
    for (reported, target) in [
        ("10.6.20-16-MariaDB-enterprise-log", "10.6.20-17"),
        ("10.11.19-MariaDB-0+deb12u1-log", "1:10.11.19-0+deb12u2"),
    ] {
        let plan = check(on(reported, target), "package-revision", Finding::Pass);
        assert_eq!(turns(&plan), all, "{target}");
    }
    // They are seen to agree, or the three numbers are all that was asked for.
    for (reported, target) in [
        ("10.6.20-17-MariaDB-enterprise-log", "10.6.20_17-1.el9"),
        ("10.11.19-MariaDB-0+deb12u1-log", "1:10.11.19-0+deb12u1"),
        ("10.11.19-MariaDB-log", "10.11.19"),
    ] {
        let plan = check(on(reported, target), "package-revision", Finding::Pass);
        assert!(plan.is_done(), "{target}");
        assert!(crate::upgrade::human(&plan).contains("Nothing to do"), "{target}");
    }
    // It cannot be told, and nobody claims that nothing is to be done.
    let unsure = check(on("10.11.19-MariaDB-log", "10.11.19-1.el9"), "package-revision", Finding::Unknown);
    let said = crate::upgrade::human(&unsure);
    assert!(said.contains("--accept package-revision") && !said.contains("Nothing to do"), "{said}");
    let mut case = case();
    on("10.11.19-MariaDB-log", "10.11.19-1.el9")(&mut case);
    let target = Target::parse(case.target).unwrap();
    let accepted = make(&case.cluster, &case.around, &target, case.direction, &["package-revision".to_owned()]);
    assert_eq!((turns(&accepted), accepted.verdict()), (all.into(), Finding::Warning));
    // Beside nodes that are still to be upgraded it does not stand in the way.
    case.cluster.nodes[1] = node("n2", "10.11.18-MariaDB-log");
    let plan = plan(&case);
    assert_eq!((turns(&plan)[2].clone(), plan.verdict()), (("n2".to_owned(), Step::Check), Finding::Warning));
}

#[test]
fn a_node_that_a_balancer_cannot_let_go_of_comes_last() {
    let mut case = case();
    case.cluster.nodes[1].commit_rate = Some(500.0);
    case.around.last = vec!["n1".into()];
    let order: Vec<String> = turns(&plan(&case)).into_iter().map(|(node, _)| node).collect();
    assert_eq!(order, ["n3", "n2", "n1"]);
}

#[test]
fn a_node_that_was_out_of_service_is_not_expected_back() {
    let out = |case: &mut Case| drop(case.around.out_of_service.insert("n2".into(), vec!["reports".into()]));
    check(out, "in-service", Finding::Refuse);
    let with_fewer = |case: &mut Case| {
        out(case);
        case.around.min_serving = 1;
    };
    let planned = check(with_fewer, "in-service", Finding::Warning);
    let n2 = planned.nodes.iter().find(|node| node.name == "n2").unwrap();
    assert_eq!(n2.out_of_service, ["reports"]);
    assert!(planned.found_out_of("reports", "n2") && !planned.found_out_of("galera", "n2"));
    // Unless it was an earlier run that took it out.
    let plan = check(
        |case| {
            out(case);
            case.around.half_done = vec!["n2".into()];
        },
        "in-service",
        Finding::Pass,
    );
    assert!(plan.nodes[0].name == "n2" && plan.nodes[0].out_of_service.is_empty(), "{plan:?}");
}

#[test]
fn commands_that_reach_another_nodes_host_are_refused() {
    let swap = |case: &mut Case| {
        case.around.host_names.insert("n1".into(), "N2.example".into());
        case.around.host_names.insert("n2".into(), "n1".into());
    };
    check(swap, "host-is-the-nodes", Finding::Refuse);
    check(|case| drop(case.around.host_names.remove("n3")), "host-is-the-nodes", Finding::Warning);
    check(|_| {}, "host-is-the-nodes", Finding::Pass);
}

#[test]
fn a_quick_join_is_told_from_a_slow_one() {
    let plan = check(|_| {}, "join-stall", Finding::Warning);
    assert!(crate::upgrade::human(&plan).contains("up to about 3.5 s"));
    let quick = |case: &mut Case| {
        for node in &mut case.cluster.nodes {
            let options = node.variables.get_mut("wsrep_provider_options").unwrap();
            *options = options.replace("PT1S", "PT0.1S").replace("wait_prim = true", "wait_prim = false");
        }
    };
    check(quick, "join-stall", Finding::Pass);
    let told = |case: &mut Case, name: &str| {
        (case.around.quick_timers, case.around.start_takes_join_options) = (true, true);
        case.cluster.nodes[0].variables.get_mut("wsrep_provider_options").unwrap().push_str(name);
    };
    check(|case| told(case, "evs.auto_evict = 0; "), "join-stall", Finding::Pass);
    // Where late members are put out, the timers are left alone.
    check(|case| told(case, "evs.auto_evict = 5; "), "join-stall", Finding::Warning);
    // The running nodes alone are not enough: the one that comes back has timers of its own.
    let plan = check(|case| case.around.quick_timers = true, "join-stall", Finding::Warning);
    assert!(crate::upgrade::human(&plan).contains("{join_options}"));
}

#[test]
fn a_full_transfer_is_announced_and_refused_where_it_cannot_work() {
    let busy = |case: &mut Case| case.cluster.nodes.iter_mut().for_each(|node| node.write_rate = Some(5e6));
    let plan = check(busy, "incremental-transfer", Finding::Warning);
    assert!(plan.nodes.iter().all(|node| node.transfer == TransferForecast::Full));
    assert!(crate::upgrade::human(&plan).contains("FULL TRANSFER expected for n1, n2, n3"));
    let over = |case: &mut Case| {
        busy(case);
        for node in &mut case.cluster.nodes {
            node.variables.insert("version".into(), "10.6.20-MariaDB".into());
        }
    };
    check(over, "incremental-transfer", Finding::Refuse);
}

#[test]
fn the_way_back_is_closed_by_the_providers_protocol() {
    let back = |protocol: &'static str| {
        move |case: &mut Case| {
            case.direction = Direction::Back;
            case.target = "10.11.17";
            let earlier = crate::upgrade::ProviderVersion { generation: 4, release: 18 };
            for node in &mut case.cluster.nodes {
                case.around.earlier_provider.insert(node.name.clone(), earlier);
                node.status.insert("wsrep_protocol_gcs".into(), protocol.into());
            }
        }
    };
    check(back("5"), "provider", Finding::Refuse);
    // One node still has the earlier provider, so the group has not moved up.
    check(back("3"), "provider", Finding::Pass);
}

#[test]
fn a_half_done_upgrade_is_gone_on_with() {
    let mut case = case();
    case.cluster.nodes[1] = NodeFacts::down("n2", "refused");
    case.cluster.nodes[2].variables.insert("version".into(), "10.11.19-MariaDB".into());
    for node in &mut case.cluster.nodes {
        node.status.insert("wsrep_cluster_size".into(), "2".into());
        node.status.insert("wsrep_incoming_addresses".into(), "AUTO,AUTO".into());
    }
    case.around.half_done = vec!["n2".into()];
    let plan = plan(&case);
    assert_eq!(plan.verdict(), Finding::Warning, "{}", crate::upgrade::human(&plan));
    assert_eq!(
        turns(&plan),
        [("n2".to_owned(), Step::Stop), ("n3".to_owned(), Step::Join), ("n1".to_owned(), Step::Check)]
    );
}

#[test]
fn accepting_a_condition_opens_only_that_one() {
    let mut case = case();
    case.around.has_balancer = false;
    case.around.open_run = Ok(Some("Run 7 is open.".into()));
    let target = Target::parse(case.target).unwrap();
    let accept = ["no-balancer".to_owned(), "no-open-run".to_owned()];
    let plan = make(&case.cluster, &case.around, &target, case.direction, &accept);
    let obstacles: Vec<&str> = plan.obstacles().map(|check| check.code.as_str()).collect();
    assert_eq!(obstacles, ["no-open-run"]);
}
