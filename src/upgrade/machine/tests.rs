//! A simulated cluster on which a run is killed everywhere.

use super::*;
use crate::sql::ServerVersion;
use crate::upgrade::{NodeFacts, Target};

#[derive(Clone, Debug, PartialEq)]
struct Node {
    /// A server process lives, whether or not it answers.
    process: bool,
    /// It answers.
    running: bool,
    version: u8,
    installed: u8,
    drained: bool,
    tables: u8,
    verified: bool,
}

#[derive(Clone)]
struct World {
    nodes: BTreeMap<String, Node>,
    /// The version that the run goes to.
    target: u8,
    record: Vec<Entry>,
    /// The nodes whose server was stopped, once for each time.
    stops: Vec<String>,
}

const OLD: u8 = 18;
const NEW: u8 = 19;

impl World {
    fn new() -> Self {
        let node = Node {
            process: true,
            running: true,
            version: OLD,
            installed: OLD,
            drained: false,
            tables: OLD,
            verified: false,
        };
        let nodes = ["n1", "n2", "n3"].map(|name| (name.to_owned(), node.clone())).into();
        Self { nodes, target: NEW, record: Vec::new(), stops: Vec::new() }
    }

    fn names(&self) -> Vec<String> {
        self.nodes.keys().cloned().collect()
    }

    fn observe(&self) -> BTreeMap<String, Observed> {
        let see = |node: &Node| match (node.running, node.version) {
            (false, _) => Observed::Down,
            (true, version) if version == self.target => Observed::OnTarget,
            (true, _) => Observed::OnOther,
        };
        self.nodes.iter().map(|(name, node)| (name.clone(), see(node))).collect()
    }

    /// What must hold at any instant, whoever dies.
    fn assert_safe(&self) {
        let serving = self.nodes.values().filter(|node| node.running && !node.drained).count();
        assert!(serving >= 2, "two nodes out at once: {:?}\n{:?}", self.nodes, self.record);
    }

    fn perform(&mut self, name: &str, step: Step) -> StepResult {
        let healthy = self.nodes.values().all(|node| node.running && !node.drained);
        let target = self.target;
        let node = self.nodes.get_mut(name).unwrap();
        let failed = |reason: &str, serving| StepResult::Failed { reason: reason.into(), serving };
        match step {
            // As the engine does it: a node that an interrupted drain left behind is drained again, not refused.
            Step::Check if !node.running => return failed("down", false),
            Step::Check | Step::Capture | Step::Prepare => {}
            Step::Drain => node.drained = true,
            Step::Stop => {
                assert!(node.drained, "stopped a node that clients use");
                (node.process, node.running) = (false, false);
                self.stops.push(name.to_owned());
            }
            Step::Install => {
                assert!(!node.process, "replaced the binaries of a running server");
                node.installed = target;
            }
            Step::Configure => {}
            // It is there, and says nothing until it has its state transfer.
            Step::Start if !node.process => {
                node.process = true;
                node.version = node.installed;
                node.verified = false;
            }
            Step::Start => {}
            Step::Join => {
                assert!(node.process);
                node.running = true;
            }
            Step::ReadLog | Step::CatchUp => assert!(node.running),
            Step::UpgradeTables => node.tables = target,
            Step::Verify => {
                if node.version != target || node.tables != target {
                    return failed("not what was wanted", false);
                }
                node.verified = true;
            }
            Step::Admit => {
                assert!(node.running && node.verified, "let clients onto a node that was not verified");
                node.drained = false;
            }
            Step::Settle => {}
            Step::Health => assert!(healthy, "went on although the cluster was not healthy"),
        }
        StepResult::Done { note: String::new(), seconds_milli: 0 }
    }

    /// Runs until the end, or until `budget` instants have passed. Each effect has an instant before it and one
    /// after it whose answer is lost.
    fn drive(&mut self, mut machine: Machine, budget: &mut usize, fail: Option<(&str, Step)>) -> Option<Ending> {
        let mut effect = machine.begin();
        loop {
            if *budget == 0 {
                return None;
            }
            *budget -= 1;
            let event = match effect {
                Effect::Record(entry) => {
                    self.record.push(entry);
                    // As the journal keeps it.
                    self.record = compact(&self.record);
                    Event::Recorded
                }
                Effect::Perform { node, step } if fail == Some((&node, step)) => {
                    let serving = self.nodes[&node].running;
                    Event::Did(StepResult::Failed { reason: "as told".into(), serving })
                }
                Effect::Perform { node, step } => Event::Did(self.perform(&node, step)),
                Effect::PutBack { node } => {
                    let node = self.nodes.get_mut(&node).unwrap();
                    assert!(node.running);
                    node.drained = false;
                    Event::Did(StepResult::Done { note: String::new(), seconds_milli: 0 })
                }
                Effect::Watch => Event::Did(StepResult::Done { note: String::new(), seconds_milli: 0 }),
                Effect::Ask { .. } => Event::Answered(true),
                Effect::Finish(ending) => return Some(ending),
            };
            self.assert_safe();
            if *budget == 0 {
                return None;
            }
            *budget -= 1;
            effect = machine.on(event);
        }
    }

    fn planned(&self) -> Vec<Turn> {
        let turn = |node| Turn { node, begin: Step::Check, open: false };
        self.names().into_iter().map(turn).collect()
    }

    fn fresh(&self) -> Machine {
        Machine::new(self.planned(), false)
    }

    fn resumed(&self) -> Machine {
        Machine::resume(self.planned(), &self.names(), &self.record, &self.observe(), false)
    }

    /// The way back, as the plan makes its turns.
    fn rollback(&mut self) -> Machine {
        self.target = OLD;
        let open = left_open(&self.record, &self.names());
        let version = |version: u8| ServerVersion::new(10, 11, version.into());
        let mut turns: Vec<Turn> = self
            .nodes
            .iter()
            .filter_map(|(name, node)| {
                let variables = [("version".to_owned(), version(node.version).to_string())].into();
                let facts = match node.running {
                    true => NodeFacts::up(name, variables, BTreeMap::new(), None),
                    false => NodeFacts::down(name, "refused"),
                };
                let open = open.contains(name);
                let runs = facts.runs(&Target::numbers(version(OLD)));
                let begin = crate::upgrade::plan::begin(&facts, runs, open, true)?;
                Some(Turn { node: name.clone(), begin, open })
            })
            .collect();
        turns.sort_by_key(|turn| (!turn.open, turn.begin < Step::Stop));
        self.record.clear();
        Machine::new(turns, false)
    }

    fn assert_all_run(&self, version: u8) {
        for (name, node) in &self.nodes {
            let wanted = Node {
                process: true,
                running: true,
                version,
                installed: version,
                drained: false,
                tables: version,
                verified: true,
            };
            assert_eq!(*node, wanted, "{name}");
        }
    }
}

#[test]
fn killed_at_any_instant_and_rolled_back_no_running_server_loses_its_files() {
    for instant in 1.. {
        let mut world = World::new();
        let machine = world.fresh();
        let ended = world.drive(machine, &mut { instant }, None).is_some();
        let machine = world.rollback();
        assert_eq!(world.drive(machine, &mut { usize::MAX }, None), Some(Ending::Complete), "killed at {instant}");
        world.assert_all_run(OLD);
        if ended {
            return;
        }
    }
}

#[test]
fn killed_at_any_instant_and_resumed_it_ends_with_every_node_upgraded() {
    for instant in 1.. {
        let mut world = World::new();
        let machine = world.fresh();
        if world.drive(machine, &mut { instant }, None).is_some() {
            assert!(instant > 150, "only {instant} instants");
            return;
        }
        let machine = world.resumed();
        assert_eq!(world.drive(machine, &mut { usize::MAX }, None), Some(Ending::Complete), "killed at {instant}");
        world.assert_all_run(NEW);
        // At most the one that was being stopped is stopped again.
        assert!(world.stops.len() <= 4, "killed at {instant}: {:?}", world.stops);
    }
}

#[test]
fn killed_twice_it_still_ends_well() {
    for first in (1..200).step_by(3) {
        for second in (1..200).step_by(7) {
            let mut world = World::new();
            let machine = world.fresh();
            if world.drive(machine, &mut { first }, None).is_some() {
                break;
            }
            let machine = world.resumed();
            if world.drive(machine, &mut { second }, None).is_none() {
                let machine = world.resumed();
                assert_eq!(world.drive(machine, &mut { usize::MAX }, None), Some(Ending::Complete));
            }
            world.assert_all_run(NEW);
        }
    }
}

#[test]
fn each_step_that_fails_leaves_the_others_in_service_and_resume_finishes() {
    for step in Step::ALL {
        for node in ["n1", "n2"] {
            let mut world = World::new();
            let machine = world.fresh();
            let ending = world.drive(machine, &mut { usize::MAX }, Some((node, step))).unwrap();
            match ending {
                Ending::StoppedInService { changed, .. } => {
                    assert!(world.nodes.values().all(|node| node.running && !node.drained), "{step:?}");
                    assert_eq!(changed, node != "n1" || step >= Step::Settle, "{step:?}");
                }
                Ending::StoppedWithout { node: out, step: at, .. } => {
                    assert_eq!((out.as_str(), at), (node, step));
                    assert!(step >= Step::Stop, "{step:?}");
                }
                Ending::Complete => panic!("{step:?} failed and nobody noticed"),
            }
            let machine = world.resumed();
            assert_eq!(world.drive(machine, &mut { usize::MAX }, None), Some(Ending::Complete), "{step:?}");
            world.assert_all_run(NEW);
            // What is done is not done again.
            let stops = |name: &str| world.stops.iter().filter(|stopped| *stopped == name).count();
            assert_eq!(stops("n3"), 1, "{step:?}");
            assert!(node == "n1" || stops("n1") == 1, "{step:?}");
        }
    }
}

#[test]
fn a_stop_request_never_leaves_a_node_out() {
    for steps in 0..60 {
        let mut world = World::new();
        let mut machine = world.fresh();
        let mut effect = machine.begin();
        let mut performed = 0;
        let ending = loop {
            let event = match effect {
                Effect::Record(entry) => {
                    world.record.push(entry);
                    Event::Recorded
                }
                Effect::Perform { node, step } => {
                    if performed == steps {
                        machine.request_stop("Ctrl-C");
                    }
                    performed += 1;
                    Event::Did(world.perform(&node, step))
                }
                Effect::PutBack { node } => {
                    world.nodes.get_mut(&node).unwrap().drained = false;
                    Event::Did(StepResult::Done { note: String::new(), seconds_milli: 0 })
                }
                Effect::Watch => Event::Did(StepResult::Done { note: String::new(), seconds_milli: 0 }),
                Effect::Ask { .. } => Event::Answered(true),
                Effect::Finish(ending) => break ending,
            };
            effect = machine.on(event);
        };
        assert!(world.nodes.values().all(|node| node.running && !node.drained), "{steps}: {ending:?}");
    }
}

#[test]
fn the_nodes_win_over_the_record() {
    let done = |step| Last::Done(step);
    for (last, seen, expected) in [
        (Last::Nothing, Observed::OnOther, Some(Step::Check)),
        (Last::Nothing, Observed::OnTarget, Some(Step::Join)),
        (Last::Nothing, Observed::Down, Some(Step::Check)),
        (Last::Begun(Step::Drain), Observed::OnOther, Some(Step::Check)),
        (Last::Begun(Step::Stop), Observed::Down, Some(Step::Stop)),
        (Last::Begun(Step::Install), Observed::Down, Some(Step::Stop)),
        (done(Step::Stop), Observed::Down, Some(Step::Stop)),
        (Last::Begun(Step::Configure), Observed::Down, Some(Step::Configure)),
        (Last::Begun(Step::Install), Observed::OnOther, Some(Step::Check)),
        (Last::Begun(Step::Start), Observed::OnTarget, Some(Step::Join)),
        (Last::Begun(Step::Verify), Observed::Down, Some(Step::Start)),
        (done(Step::Verify), Observed::OnTarget, Some(Step::CatchUp)),
        (done(Step::Health), Observed::OnTarget, None),
        // Which package it runs is not seen: the record says whether it is the new one.
        (Last::Nothing, Observed::Unsure, Some(Step::Check)),
        (Last::Begun(Step::Install), Observed::Unsure, Some(Step::Check)),
        (done(Step::Install), Observed::Unsure, Some(Step::Join)),
        (Last::Begun(Step::Verify), Observed::Unsure, Some(Step::Verify)),
        (done(Step::Health), Observed::Unsure, None),
        (done(Step::Health), Observed::OnOther, Some(Step::Check)),
        (done(Step::Health), Observed::Down, Some(Step::Check)),
        (Last::PuttingBack, Observed::OnOther, Some(Step::Check)),
    ] {
        assert_eq!(resume_at(last, seen), expected, "{last:?} {seen:?}");
    }
}

#[test]
fn a_node_that_a_dead_run_left_drained_goes_back_when_the_next_one_must_not_begin() {
    for instant in 1..40 {
        let mut world = World::new();
        let machine = world.fresh();
        if world.drive(machine, &mut { instant }, None).is_some() || !world.nodes["n1"].running {
            break;
        }
        let machine = world.resumed();
        let ending = world.drive(machine, &mut { usize::MAX }, Some(("n1", Step::Check)));
        assert!(matches!(ending, Some(Ending::StoppedInService { changed: false, .. })), "{ending:?}");
        assert!(world.nodes.values().all(|node| node.running && !node.drained), "killed at {instant}");
    }
}

#[test]
fn a_no_before_a_node_that_is_out_leaves_it_to_a_later_resume() {
    let turn = |node: &str, begin, open| Turn { node: node.into(), begin, open };
    let end = |turns| {
        let mut machine = Machine::new(turns, true);
        assert!(matches!(machine.begin(), Effect::Ask { .. }));
        machine.on(Event::Answered(false))
    };
    let Effect::Finish(out) = end(vec![turn("n1", Step::Stop, true)]) else { panic!("it went on") };
    assert!(matches!(out, Ending::StoppedWithout { step: Step::Stop, .. }), "{out:?}");
    // The nodes ran different versions before this run began.
    let Effect::Finish(mixed) = end(vec![turn("n1", Step::Check, false), turn("n3", Step::Join, false)]) else {
        panic!("it went on")
    };
    assert!(matches!(mixed, Ending::StoppedInService { changed: true, .. }), "{mixed:?}");
    let Effect::Finish(fresh) = end(vec![turn("n1", Step::Check, false)]) else { panic!("it went on") };
    assert!(matches!(fresh, Ending::StoppedInService { changed: false, .. }), "{fresh:?}");
}

#[test]
fn a_record_comes_back_from_the_journal_as_it_was_written() {
    let result = StepResult::Done { note: "n".into(), seconds_milli: 7 };
    let node = || "n1".to_owned();
    let record = vec![
        Entry::Intent { node: node(), step: Step::ReadLog },
        Entry::Outcome { node: node(), step: Step::ReadLog, result },
        Entry::Outcome {
            node: node(),
            step: Step::Stop,
            result: StepResult::Failed { reason: "x".into(), serving: true },
        },
        Entry::PutBackIntent { node: node() },
        Entry::WatchIntent,
        Entry::Note { node: node(), key: "balancers".into(), value: serde_json::Value::Null },
        Entry::Note { node: node(), key: "before".into(), value: serde_json::json!({"a": "b"}) },
    ];
    let written = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Entry>>(&written).unwrap(), record);
}
