//! Runs that are killed at every step, with every sort of answer, and taken over.

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// Killed any number of times, at any step: one `resume` without further mishap completes the run.
    #[test]
    fn resume_completes(shape in shapes(), mishaps in proptest::collection::vec(proptest::collection::vec(luck(), 0..60), 1..4)) {
        let script = script(&shape, true);
        let mut cluster = cluster_of(&shape);
        cluster.window_needed = shape.iter().any(|(_, _, window)| *window) && shape.len() == 1;
        let mut book = State::fresh(&script);
        let mut ending = None;
        for (number, mishaps) in mishaps.into_iter().enumerate() {
            let state = if number == 0 { book.clone() } else { book.clone().taken_over(Goal::Forward) };
            let mut machine = Machine::new(script.clone(), state);
            let exit = process(&mut machine, &mut cluster, &mut mishaps.into_iter(), &mut book);
            if let Exit::Ended(end) = exit
                && (end.outcome.is_final() || end.outcome == Outcome::Unknown)
            {
                ending = Some(end);
                break;
            }
        }
        let ending = ending.unwrap_or_else(|| {
            let mut machine = Machine::new(script.clone(), book.clone().taken_over(Goal::Forward));
            end_of(process(&mut machine, &mut cluster, &mut std::iter::empty(), &mut book))
        });
        match ending.outcome {
            Outcome::Done => prop_assert_eq!(cluster.equal(), Some(total(&script))),
            Outcome::Undone | Outcome::Refused => prop_assert_eq!(cluster.equal(), Some(0)),
            other => prop_assert!(false, "{:?}: {:?} {:?}", other, ending, cluster),
        }
        prop_assert!(cluster.home(), "{:?} {:?}", ending, cluster);
        prop_assert!(ending.left.is_empty());
        prop_assert!(!cluster.lost_rows && !cluster.overdrained);
        prop_assert!(cluster.nodes.iter().all(|node| node.conversions.is_empty()));
    }

    /// Somebody else changes the table on all nodes in the middle of a roll: it goes on, or is resumed.
    #[test]
    fn strangers_are_survived(lines in 1usize..4, mishaps in proptest::collection::vec(luck_with_strangers(), 0..60)) {
        let script = script(&[(Method::Rsu, lines, false)], true);
        let mut cluster = Cluster::new(3);
        let mut book = State::fresh(&script);
        let mut machine = Machine::new(script.clone(), book.clone());
        let done = match process(&mut machine, &mut cluster, &mut mishaps.into_iter(), &mut book) {
            Exit::Ended(ending) => ending.outcome == Outcome::Done,
            Exit::Died => false,
        };
        if !done {
            let mut machine = Machine::new(script.clone(), book.clone().taken_over(Goal::Forward));
            let ending = end_of(process(&mut machine, &mut cluster, &mut std::iter::empty(), &mut book));
            prop_assert_eq!(ending.outcome, Outcome::Done, "{:?} {:?}", ending, cluster);
        }
        prop_assert!(cluster.home());
        prop_assert_eq!(cluster.equal(), Some(lines));
    }

    /// Killed anywhere: one `abort` ends the pass as it was before.
    #[test]
    fn abort_ends_safely(shape in shapes(), mishaps in proptest::collection::vec(luck(), 0..60)) {
        let script = script(&shape, true);
        let mut cluster = cluster_of(&shape);
        let mut book = State::fresh(&script);
        let mut machine = Machine::new(script.clone(), book.clone());
        let exit = process(&mut machine, &mut cluster, &mut mishaps.into_iter(), &mut book);
        if let Exit::Ended(end) = exit
            && end.outcome != Outcome::Resumable
        {
            prop_assert!(end.outcome.is_final() && cluster.home() && cluster.equal().is_some());
            return Ok(());
        }
        let mut machine = Machine::new(script.clone(), book.clone().taken_over(Goal::Back));
        let ending = end_of(process(&mut machine, &mut cluster, &mut std::iter::empty(), &mut book));
        // What was written since a swap is not in the old table, so a swap is not undone.
        let swapped = shape.iter().any(|(method, ..)| *method == Method::PtOsc) && cluster.equal() > Some(0);
        let ended = matches!(ending.outcome, Outcome::RolledBack | Outcome::Done);
        prop_assert!(ended || (swapped && ending.outcome == Outcome::Resumable), "{:?} {:?}", ending, cluster);
        prop_assert!(cluster.home() && !cluster.lost_rows, "{:?}", cluster);
        prop_assert!(cluster.equal().is_some(), "{:?}", cluster);
    }

    /// A statement that fails on some node because of its data: undone where it can be, safe everywhere.
    #[test]
    fn failing_ddl(lines in 1usize..4, bad_node in 0usize..3, bad in 0usize..3, invertible in any::<bool>(), mishaps in proptest::collection::vec(luck(), 0..40)) {
        let bad = bad % lines;
        let script = script(&[(Method::Rsu, lines, false)], invertible);
        let mut cluster = Cluster::new(3);
        cluster.bad = Some((bad_node, bad));
        let mut book = State::fresh(&script);
        let mut machine = Machine::new(script.clone(), book.clone());
        let died = match process(&mut machine, &mut cluster, &mut mishaps.into_iter(), &mut book) {
            Exit::Ended(ending) => !ending.outcome.is_final(),
            Exit::Died => true,
        };
        if died {
            let mut machine = Machine::new(script.clone(), book.clone().taken_over(Goal::Forward));
            let ending = end_of(process(&mut machine, &mut cluster, &mut std::iter::empty(), &mut book));
            let expected = if invertible || cluster.equal() == Some(0) { Outcome::Undone } else { Outcome::Resumable };
            prop_assert_eq!(ending.outcome, expected, "{:?}", cluster);
        }
        prop_assert!(cluster.home(), "{:?}", cluster);
        if invertible {
            prop_assert_eq!(cluster.equal(), Some(0));
        }
    }
}

#[test]
fn a_node_that_ignored_a_toi_statement_is_mended_by_rsu() {
    let script = script(&[(Method::Toi, 1, false)], true);
    let mut cluster = Cluster::new(3);
    cluster.deaf = Some(1);
    let (ending, _) = run(&script, &mut cluster);
    assert_eq!((ending.outcome, cluster.equal()), (Outcome::Done, Some(1)));
}

#[test]
fn a_toi_statement_that_fails_everywhere_leaves_nothing() {
    let script = script(&[(Method::Toi, 1, false)], false);
    let mut cluster = Cluster::new(3);
    cluster.bad = Some((0, 0));
    let (ending, _) = run(&script, &mut cluster);
    assert_eq!((ending.outcome, cluster.equal()), (Outcome::Undone, Some(0)));
}

#[test]
fn the_last_serving_nodes_are_never_drained() {
    let mut script = script(&[(Method::Rsu, 1, false)], true);
    script.min_serving = 3;
    let (ending, state) = run(&script, &mut Cluster::new(3));
    assert_eq!(ending.outcome, Outcome::Refused);
    assert!(!state.touched);
}

/// Runs to the `at`-th look before a node, counted from 0, which finds that the cluster cannot spare it.
fn refused_before_node(at: usize, window: bool) -> (Ending, Cluster) {
    let script = script(&[(Method::Rsu, 2, window)], true);
    let mut cluster = Cluster::new(3);
    let mut machine = Machine::new(script.clone(), State::fresh(&script));
    let mut effects = machine.step(Input::Start);
    let mut seen = 0;
    loop {
        match effects.pop() {
            Some(Effect::Do(command)) => {
                let is_look = matches!(command.action, Action::Vet { .. });
                let answer = cluster.act(&command.action, 0, false, is_look && seen == at, false);
                seen += usize::from(is_look);
                effects = machine.step(Input::Answer(command.id, answer));
            }
            Some(Effect::End(ending)) => return (ending, cluster),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_node_that_cannot_be_spared_stays() {
    for (at, window, outcome, done) in [
        (0, false, Outcome::Refused, [0, 0, 0]),
        // The window was opened, and is closed again.
        (0, true, Outcome::Undone, [0, 0, 0]),
        (1, false, Outcome::Resumable, [2, 0, 0]),
        (2, true, Outcome::Resumable, [2, 2, 0]),
    ] {
        let (ending, cluster) = refused_before_node(at, window);
        assert_eq!(ending.outcome, outcome, "{ending:?}");
        assert!(ending.text.contains("no majority") && cluster.home(), "{ending:?}");
        let schemas: Vec<usize> = cluster.nodes.iter().map(|node| node.schema).collect();
        assert_eq!(schemas, done);
        // While schemas are mixed rows must be able to cross.
        assert_eq!(cluster.nodes[0].conversions.is_empty(), !window || at == 0);
    }
}

#[test]
fn a_node_away_by_someone_else_is_a_refusal() {
    let script = script(&[(Method::Rsu, 1, false)], true);
    for spoil in [|node: &mut SimNode| node.serving = false, |node: &mut SimNode| node.desync = true] {
        let mut cluster = Cluster::new(3);
        spoil(&mut cluster.nodes[2]);
        assert_eq!(run(&script, &mut cluster).0.outcome, Outcome::Refused);
    }
}

#[test]
fn a_lost_lease_stops_everything_at_once() {
    let script = script(&[(Method::Rsu, 1, false)], true);
    let mut machine = Machine::new(script.clone(), State::fresh(&script));
    let effects = machine.step(Input::Start);
    assert!(matches!(effects[..], [Effect::Do(_)]));
    assert!(matches!(machine.step(Input::LeaseLost("taken".into()))[..], [Effect::End(_)]));
    assert!(machine.step(Input::Answer(1, Answer::Done)).is_empty());
}
