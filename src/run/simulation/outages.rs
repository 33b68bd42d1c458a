//! Nodes that go away, statements sent to all nodes at once that are undone, fail or are not heard of, and looks that
//! find what they should not.

use super::*;

/// Longer than any run that comes to an end.
const FOR_EVER: usize = 1_000_000;

const TOI: (Method, usize, bool) = (Method::Toi, 1, false);

/// How many actions a run has that nothing happens to.
fn length(script: &Script, mut cluster: Cluster) -> usize {
    let mut count = 0;
    let mut lucks = std::iter::from_fn(|| {
        count += 1;
        Some(Luck::Good)
    });
    let mut book = State::fresh(script);
    process(&mut Machine::new(script.clone(), book.clone()), &mut cluster, &mut lucks, &mut book);
    count
}

/// A process that goes on from the book, with that luck at one of its actions.
fn with(script: &Script, cluster: &mut Cluster, book: &mut State, at: usize, luck: Luck) -> Exit {
    let mut lucks = std::iter::repeat_n(Luck::Good, at).chain([luck]);
    process(&mut Machine::new(script.clone(), book.clone()), cluster, &mut lucks, book)
}

/// `resume` or `abort`, without mishap.
fn end_it(script: &Script, cluster: &mut Cluster, book: &mut State, goal: Goal) -> Ending {
    *book = book.clone().taken_over(goal);
    end_of(with(script, cluster, book, 0, Luck::Good))
}

#[test]
fn what_all_nodes_hold_by_toi_is_undone_by_toi() {
    let script = script(&[TOI, TOI], true);
    for first in 0..2 {
        let mut cluster = cluster_of(&[TOI, TOI]);
        let mut book = State::fresh(&script);
        // Survey, clear, TOI for each.
        assert!(matches!(with(&script, &mut cluster, &mut book, 4 * first + 2, Luck::DeadAfter), Exit::Died));
        assert_eq!(cluster.equal(), Some(first + 1));
        let ending = end_it(&script, &mut cluster, &mut book, Goal::Back);
        assert_eq!((ending.outcome, cluster.equal()), (Outcome::RolledBack, Some(first)), "{ending:?}");
        assert_eq!((cluster.drains, cluster.lost_rows), (0, false));
        // What earlier passes have done is said to stay.
        assert_eq!(ending.left.len(), first, "{ending:?}");
    }
}

#[test]
fn an_inverse_that_is_too_dear_for_toi_goes_node_by_node_or_not_at_all() {
    for rollable in [true, false] {
        let mut script = script(&[TOI], true);
        script.chapters[0].lines[0].rollable = rollable;
        let mut cluster = Cluster::new(3);
        cluster.dear = true;
        let mut book = State::fresh(&script);
        with(&script, &mut cluster, &mut book, 2, Luck::DeadAfter);
        let ending = end_it(&script, &mut cluster, &mut book, Goal::Back);
        let expected = if rollable { (Outcome::RolledBack, Some(0), 3) } else { (Outcome::Resumable, Some(1), 0) };
        assert_eq!((ending.outcome, cluster.equal(), cluster.drains), expected, "{ending:?}");
        assert!(cluster.home());
        if !rollable {
            assert!(ending.text.contains("copy the table"), "{ending:?}");
            assert_eq!(end_it(&script, &mut cluster, &mut book, Goal::Forward).outcome, Outcome::Done);
        }
    }
}

#[test]
fn nodes_that_differ_are_not_taken_back_one_by_one_where_rows_would_be_lost() {
    let script = script(&[TOI], true);
    let mut cluster = Cluster::new(3);
    cluster.deaf = Some(1);
    let mut book = State::fresh(&script);
    with(&script, &mut cluster, &mut book, 2, Luck::DeadAfter);
    let ending = end_it(&script, &mut cluster, &mut book, Goal::Back);
    assert_eq!((ending.outcome, cluster.drains), (Outcome::Resumable, 0), "{ending:?}");
    assert!(ending.text.contains("resume") && cluster.home(), "{ending:?}");
    let ending = end_it(&script, &mut cluster, &mut book, Goal::Forward);
    assert_eq!((ending.outcome, cluster.equal()), (Outcome::Done, Some(1)), "{ending:?}");
}

#[test]
fn a_node_that_ignored_the_inverse_is_mended() {
    let script = script(&[TOI], true);
    let mut cluster = Cluster::new(3);
    let mut book = State::fresh(&script);
    with(&script, &mut cluster, &mut book, 2, Luck::DeadAfter);
    cluster.deaf = Some(2);
    let ending = end_it(&script, &mut cluster, &mut book, Goal::Back);
    assert_eq!((ending.outcome, cluster.equal(), cluster.drains), (Outcome::RolledBack, Some(0), 1), "{ending:?}");
}

#[test]
fn a_toi_statement_that_failed_is_sent_again_by_resume() {
    let shape = [TOI, TOI, TOI];
    let script = script(&shape, true);
    let mut cluster = cluster_of(&shape);
    cluster.bad = Some((0, 1));
    let (ending, mut book) = run(&script, &mut cluster);
    assert_eq!((ending.outcome, cluster.equal()), (Outcome::Resumable, Some(1)), "{ending:?}");
    // It fails once more: that is no end.
    let ending = end_it(&script, &mut cluster, &mut book, Goal::Forward);
    assert_eq!((ending.outcome, cluster.equal(), cluster.sent), (Outcome::Resumable, Some(1), 3), "{ending:?}");
    cluster.bad = None;
    let ending = end_it(&script, &mut cluster, &mut book, Goal::Forward);
    assert_eq!((ending.outcome, cluster.equal(), cluster.sent), (Outcome::Done, Some(3), 5), "{ending:?}");
}

#[test]
fn a_run_is_done_only_when_the_last_look_says_so() {
    for shape in [[(Method::Rsu, 1, false)], [TOI]] {
        let script = script(&shape, true);
        let last = length(&script, Cluster::new(3)) - 1;
        for node in 0..3 {
            for (luck, expected) in [
                (Luck::Outside(node), Outcome::Resumable),
                (Luck::Cut(node, 100), Outcome::Resumable),
                (Luck::Crash(node, 100), Outcome::Resumable),
                (Luck::Odd(node), Outcome::Unknown),
            ] {
                if luck == Luck::Outside(node) && shape[0] == TOI {
                    continue;
                }
                let mut cluster = Cluster::new(3);
                let mut book = State::fresh(&script);
                // The action before the last one, which is the survey.
                let ending = end_of(with(&script, &mut cluster, &mut book, last - 1, luck));
                assert_eq!(ending.outcome, expected, "{luck:?} {ending:?}");
                cluster.mend();
                cluster.nodes[node].serving = true;
                let ending = end_it(&script, &mut cluster, &mut book, Goal::Forward);
                assert_eq!((ending.outcome, cluster.equal()), (Outcome::Done, Some(1)), "{luck:?} {ending:?}");
            }
        }
    }
}

/// Told to stop when everything is done, a run says so only if that is what it sees.
#[test]
fn a_stop_at_the_very_end_is_no_excuse_for_not_looking() {
    let script = script(&[(Method::Rsu, 1, false)], true);
    let last = length(&script, Cluster::new(3)) - 1;
    for (luck, expected) in [(Luck::Good, Outcome::Done), (Luck::Outside(2), Outcome::Resumable)] {
        let mut cluster = Cluster::new(3);
        let mut book = State::fresh(&script);
        let mut lucks = std::iter::repeat_n(Luck::Good, last - 1).chain([luck, Luck::Interrupt]);
        let mut machine = Machine::new(script.clone(), book.clone());
        let ending = end_of(process(&mut machine, &mut cluster, &mut lucks, &mut book));
        assert_eq!(ending.outcome, expected, "{luck:?} {ending:?}");
    }
}

#[test]
fn what_leaves_no_trace_is_not_sent_twice() {
    for repeatable in [true, false] {
        let mut script = script(&[TOI], false);
        let line = &mut script.chapters[0].lines[0];
        (line.must_show, line.repeatable) = (false, repeatable);
        for luck in [Luck::Good, Luck::Unsure, Luck::DeadBefore, Luck::DeadAfter] {
            let mut cluster = Cluster::new(3);
            cluster.silent = vec![0];
            let mut book = State::fresh(&script);
            let ending = match with(&script, &mut cluster, &mut book, 2, luck) {
                Exit::Ended(ending) => ending,
                Exit::Died => end_it(&script, &mut cluster, &mut book, Goal::Forward),
            };
            if repeatable || luck == Luck::Good {
                assert_eq!((ending.outcome, cluster.equal()), (Outcome::Done, Some(1)), "{luck:?} {ending:?}");
            } else {
                assert_eq!(ending.outcome, Outcome::Unknown, "{luck:?} {ending:?}");
                assert!(ending.text.contains("d.t") && ending.text.contains("--forget"), "{ending:?}");
                assert!(cluster.sent <= 1, "{luck:?}");
            }
        }
    }
}

#[test]
fn an_answer_that_no_node_shows_is_for_a_person() {
    let script = script(&[TOI], true);
    let mut cluster = Cluster::new(3);
    let mut book = State::fresh(&script);
    with(&script, &mut cluster, &mut book, 2, Luck::DeadAfter);
    // Nobody carries the inverse out, and the server says that it did.
    cluster.nodes.iter_mut().for_each(|node| node.schema = 1);
    let mut machine = Machine::new(script.clone(), book.taken_over(Goal::Back));
    let mut effects = machine.step(Input::Start);
    let ending = loop {
        match effects.pop() {
            Some(Effect::Do(Command { id, action })) => {
                let answer = match action {
                    Action::Toi { .. } => Answer::Done,
                    other => cluster.act(&other, 0, false, false, false),
                };
                effects = machine.step(Input::Answer(id, answer));
            }
            Some(Effect::End(ending)) => break ending,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ending.outcome, Outcome::Unknown, "{ending:?}");
}

/// At every step of a roll another node goes away, and at the next one the user asks to stop.
#[test]
fn a_run_that_stops_brings_its_node_home_whatever_becomes_of_the_others() {
    let script = script(&[(Method::Rsu, 2, false)], true);
    let steps = length(&script, Cluster::new(3));
    for at in 0..steps {
        for node in 0..3 {
            for luck in [Luck::Cut(node, FOR_EVER), Luck::Crash(node, FOR_EVER)] {
                for later in [0, 1, 2] {
                    let mut cluster = Cluster::new(3);
                    let mut book = State::fresh(&script);
                    let mut lucks = std::iter::repeat_n(Luck::Good, at)
                        .chain([luck])
                        .chain(std::iter::repeat_n(Luck::Good, later))
                        .chain([Luck::Interrupt]);
                    let mut machine = Machine::new(script.clone(), book.clone());
                    let ending = end_of(process(&mut machine, &mut cluster, &mut lucks, &mut book));
                    for (number, it) in cluster.nodes.iter().enumerate().filter(|(number, _)| *number != node) {
                        let home = it.serving && !it.desync && it.running.is_none();
                        assert!(home, "{luck:?} at {at}, stopped {later} later: {number} {it:?} {ending:?}");
                    }
                    cluster.mend();
                    if !ending.outcome.is_final() {
                        let ending = end_it(&script, &mut cluster, &mut book, Goal::Forward);
                        assert_eq!(ending.outcome, Outcome::Done, "{luck:?} at {at}: {ending:?} {cluster:?}");
                        assert!(cluster.home() && cluster.equal() == Some(2));
                    }
                }
            }
        }
    }
}

/// A node that comes back soon is waited for, also by a run that stops.
#[test]
fn a_run_that_stops_waits_for_its_own_node() {
    let script = script(&[(Method::Rsu, 1, false)], true);
    let steps = length(&script, Cluster::new(3));
    for at in 0..steps {
        let mut cluster = Cluster::new(3);
        let mut book = State::fresh(&script);
        let mut lucks = std::iter::repeat_n(Luck::Good, at).chain([Luck::Crash(0, 4), Luck::Interrupt]);
        let mut machine = Machine::new(script.clone(), book.clone());
        let ending = end_of(process(&mut machine, &mut cluster, &mut lucks, &mut book));
        let it = &cluster.nodes[0];
        // Where its fall comes into a step that cannot be tried again, the run may end before it is back.
        let gone = ending.left.iter().any(|left| left.contains("n1"));
        assert!(it.serving && !it.desync && it.running.is_none() || gone && it.down, "{at} {ending:?} {cluster:?}");
    }
}

#[test]
fn a_statement_that_no_kill_ends_is_named_and_left() {
    let script = script(&[(Method::Rsu, 1, false)], true);
    let mut cluster = Cluster::new(3);
    cluster.stubborn = true;
    let mut book = State::fresh(&script);
    // Survey, vet, drain, desync, begin.
    with(&script, &mut cluster, &mut book, 4, Luck::DeadAfter);
    // The next one waits, and is told to stop while it does.
    book = book.taken_over(Goal::Forward);
    let mut lucks = std::iter::repeat_n(Luck::Good, 40).chain([Luck::Interrupt]);
    let mut machine = Machine::new(script.clone(), book.clone());
    let ending = end_of(process(&mut machine, &mut cluster, &mut lucks, &mut book));
    assert_eq!(ending.outcome, Outcome::Resumable, "{ending:?}");
    assert!(ending.left.iter().any(|left| left.contains("may still be running on node n1")), "{ending:?}");
    cluster.mend();
    let ending = end_it(&script, &mut cluster, &mut book, Goal::Forward);
    assert_eq!((ending.outcome, cluster.equal()), (Outcome::Done, Some(1)), "{ending:?}");
}

#[test]
fn a_strange_schema_on_another_node_does_not_keep_ours_away() {
    let script = script(&[(Method::Rsu, 1, false)], true);
    let steps = length(&script, Cluster::new(3));
    for at in 0..steps - 1 {
        let mut cluster = Cluster::new(3);
        let mut book = State::fresh(&script);
        let mut lucks = std::iter::repeat_n(Luck::Good, at).chain([Luck::Odd(2), Luck::DeadAfter]);
        let mut machine = Machine::new(script.clone(), book.clone());
        let ending = match process(&mut machine, &mut cluster, &mut lucks, &mut book) {
            Exit::Ended(ending) => ending,
            Exit::Died => end_it(&script, &mut cluster, &mut book, Goal::Forward),
        };
        // What was there before the first look is the schema of before.
        if !(ending.outcome == Outcome::Refused && at == 0) {
            assert_eq!(ending.outcome, Outcome::Unknown, "{at} {ending:?}");
        }
        for it in &cluster.nodes[..2] {
            assert!(it.serving && !it.desync && it.running.is_none(), "{at} {ending:?} {cluster:?}");
        }
    }
}

#[test]
fn a_node_that_restarts_gets_the_conversion_window_back_before_anything_else() {
    let script = script(&[(Method::Rsu, 1, true)], true);
    let mut cluster = Cluster::new(3);
    cluster.window_needed = true;
    let steps = length(&script, cluster.clone());
    for at in 0..steps {
        for node in 0..3 {
            for stop in [Luck::Good, Luck::Interrupt, Luck::DeadAfter] {
                let mut cluster = cluster.clone();
                let mut book = State::fresh(&script);
                let mut lucks = std::iter::repeat_n(Luck::Good, at).chain([Luck::Crash(node, 1), stop]);
                let mut machine = Machine::new(script.clone(), book.clone());
                let exit = process(&mut machine, &mut cluster, &mut lucks, &mut book);
                if !matches!(&exit, Exit::Ended(ending) if ending.outcome.is_final()) {
                    cluster.mend();
                    let ending = end_it(&script, &mut cluster, &mut book, Goal::Forward);
                    assert_eq!(ending.outcome, Outcome::Done, "{at} {node} {stop:?} {ending:?} {cluster:?}");
                }
                assert!(!cluster.lost_rows, "{at} {node} {stop:?} {cluster:?}");
                assert!(cluster.home() && cluster.equal().is_some(), "{at} {node} {stop:?} {cluster:?}");
                assert!(cluster.nodes.iter().all(|node| node.conversions.is_empty()), "{at} {node} {cluster:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    /// Nodes come and go, the tool dies and is told to stop: no run takes a node out that it does not bring home unless
    /// that very node was hit, and one `resume` in quiet times completes it.
    #[test]
    fn outages_are_survived(
        shape in proptest::collection::vec(prop_oneof![
            Just(TOI), (1usize..3, any::<bool>()).prop_map(|(lines, window)| (Method::Rsu, lines, window))
        ], 1..3),
        mishaps in proptest::collection::vec(proptest::collection::vec(luck_with_outages(), 0..50), 1..4),
    ) {
        let script = script(&shape, true);
        let mut cluster = cluster_of(&shape);
        cluster.window_needed = shape.iter().any(|(_, _, window)| *window) && shape.len() == 1;
        let mut book = State::fresh(&script);
        let mut over = false;
        for (number, mishaps) in mishaps.into_iter().enumerate() {
            let state = if number == 0 { book.clone() } else { book.clone().taken_over(Goal::Forward) };
            let mut machine = Machine::new(script.clone(), state);
            let mut cut = false;
            let mut lucks = mishaps.into_iter().inspect(|luck| cut |= matches!(luck, Luck::Cut(..) | Luck::Unsure));
            let exit = process(&mut machine, &mut cluster, &mut lucks, &mut book);
            if let Exit::Ended(ending) = exit {
                let left = cluster.nodes.iter().any(|it| !it.hit && (!it.serving || it.desync || it.running.is_some()));
                prop_assert!(cut || number > 0 || !left, "{:?} {:?}", ending, cluster);
                if ending.outcome.is_final() {
                    over = true;
                    break;
                }
            }
        }
        cluster.mend();
        if !over {
            let ending = end_it(&script, &mut cluster, &mut book, Goal::Forward);
            prop_assert_eq!(ending.outcome, Outcome::Done, "{:?} {:?}", ending, cluster);
            prop_assert_eq!(cluster.equal(), Some(total(&script)));
        }
        prop_assert!(cluster.home(), "{:?}", cluster);
        prop_assert!(cluster.equal().is_some() && !cluster.lost_rows && !cluster.overdrained, "{:?}", cluster);
        prop_assert!(cluster.nodes.iter().all(|node| node.conversions.is_empty()));
    }
}
