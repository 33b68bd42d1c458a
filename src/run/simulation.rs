//! A cluster made of integers, on which runs are killed at every step, with every sort of answer, and taken over.

use std::time::Duration;

use proptest::prelude::*;

use super::script::{Chapter, Line};
use super::*;
use crate::plan::Method;

#[derive(Clone, Debug)]
struct SimNode {
    serving: bool,
    /// What the balancers held for it is in the journal.
    remembered: bool,
    /// It was ordered out of rotation, and the balancer follows in a moment.
    late: bool,
    desync: bool,
    /// How many statements of all passes the node holds.
    schema: usize,
    /// A statement that runs on the server whether or not anybody listens.
    running: Option<usize>,
    conversions: &'static str,
}

#[derive(Clone, Debug)]
struct Cluster {
    nodes: Vec<SimNode>,
    /// This statement (counted over all passes) fails on this node, always.
    bad: Option<(usize, usize)>,
    /// This node ignores TOI statements.
    deaf: Option<usize>,
    /// Rows were written while the nodes held different schemas and no window was open although one is needed.
    lost_rows: bool,
    /// More than one node was out of rotation at a time.
    overdrained: bool,
    window_needed: bool,
    /// A second table and triggers that fill it are there.
    copying: bool,
    /// The table that was swapped out is still there.
    old: bool,
    /// How often a stranger has changed the table everywhere.
    strange: usize,
}

/// What goes wrong with one action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Luck {
    Good,
    /// The tool dies before the action.
    DeadBefore,
    /// The tool dies after it.
    DeadAfter,
    /// The action takes effect and its answer is lost.
    Unsure,
    /// The answer comes twice, and an old one once more.
    Twice,
    /// The user presses Ctrl-C while it runs.
    Interrupt,
    /// RSU does not begin, or a drain does not come to its end.
    Refuses,
    /// Somebody changes the same table everywhere, with a plain ALTER.
    Stranger,
}

fn luck() -> impl Strategy<Value = Luck> {
    prop_oneof![
        12 => Just(Luck::Good),
        2 => Just(Luck::DeadBefore),
        2 => Just(Luck::DeadAfter),
        2 => Just(Luck::Unsure),
        1 => Just(Luck::Twice),
        1 => Just(Luck::Interrupt),
        1 => Just(Luck::Refuses),
    ]
}

fn luck_with_strangers() -> impl Strategy<Value = Luck> {
    prop_oneof![8 => Just(Luck::Good), 1 => Just(Luck::Stranger), 1 => Just(Luck::DeadAfter)]
}

impl Cluster {
    fn new(nodes: usize) -> Self {
        let node = SimNode {
            serving: true,
            remembered: false,
            late: false,
            desync: false,
            schema: 0,
            running: None,
            conversions: "",
        };
        Self {
            nodes: vec![node; nodes],
            bad: None,
            deaf: None,
            lost_rows: false,
            overdrained: false,
            window_needed: false,
            copying: false,
            old: false,
            strange: 0,
        }
    }

    /// What a node with so many statements looks like.
    fn print(&self, schema: usize) -> String {
        format!("f{schema}s{}", self.strange)
    }

    /// Time passes: what runs on a server comes to its end, and clients write.
    fn tick(&mut self) {
        for node in &mut self.nodes {
            node.serving &= !std::mem::take(&mut node.late);
        }
        let mixed = self.nodes.windows(2).any(|pair| pair[0].schema != pair[1].schema);
        if mixed && self.window_needed && self.nodes.iter().any(|node| node.conversions.is_empty()) {
            self.lost_rows = true;
        }
        if self.nodes.iter().filter(|node| !node.serving).count() > 1 {
            self.overdrained = true;
        }
    }

    fn finish_statements(&mut self) {
        for node in &mut self.nodes {
            if let Some(schema) = node.running.take() {
                node.schema = schema;
            }
        }
    }

    fn survey(&self) -> Answer {
        let seen = |node: &SimNode| Seen {
            unreachable: None,
            primary: true,
            synced: !node.desync,
            desync: node.desync,
            serving: node.serving,
            remembered: node.remembered,
            busy: node.running.map(|_| "a statement runs.".to_owned()),
            schema: Some(self.print(node.schema)),
            conversions: Some(node.conversions.to_owned()),
            misfit: None,
            swapped: self.old,
        };
        Answer::Survey(self.nodes.iter().map(seen).collect())
    }

    /// Carries an action out. `base` is the number of statements in the passes before this one.
    fn act(&mut self, action: &Action, base: usize, cancelled: bool, refuses: bool) -> Answer {
        let fault = |text: &str| Answer::Failed(Fault::new(FaultKind::Failed, text));
        if let Action::Copy { .. } = action {
            assert!(!self.copying && !self.old, "nothing of another copy is left");
            self.copying = true;
        }
        if cancelled && action.can_be_cancelled() && !matches!(action, Action::Release { .. }) {
            return Answer::Cancelled;
        }
        match action {
            Action::Survey => {
                let answer = self.survey();
                self.finish_statements();
                answer
            }
            Action::Pause { .. } | Action::Settle { .. } | Action::Clear { .. } => Answer::Done,
            Action::OpenWindow => {
                self.nodes.iter_mut().for_each(|node| node.conversions = "ALL_LOSSY");
                Answer::Done
            }
            Action::CloseWindow => {
                self.nodes.iter_mut().for_each(|node| node.conversions = "");
                Answer::Done
            }
            Action::Drain { node } => {
                self.nodes[*node].serving = false;
                self.nodes[*node].late = false;
                if refuses { fault("sessions stay") } else { Answer::Done }
            }
            Action::Desync { node } => {
                assert!(!self.nodes[*node].serving, "desync only out of rotation");
                self.nodes[*node].desync = true;
                Answer::Done
            }
            Action::Begin { node, statement, direction } => {
                let it = &mut self.nodes[*node];
                assert!(
                    !it.serving && it.desync && it.running.is_none(),
                    "RSU only on a node that is out and desynced"
                );
                if refuses {
                    return Answer::Begun(Begun::NotRsu("pending transactions".into()));
                }
                let wanted = base + statement + usize::from(*direction == Direction::Forward);
                assert_eq!(it.schema.abs_diff(wanted), 1, "statements in order");
                if self.bad == Some((*node, base + statement)) && *direction == Direction::Forward {
                    return fault("duplicate key");
                }
                it.running = Some(wanted);
                Answer::Begun(Begun::Proven)
            }
            Action::Release { node, .. } => {
                if cancelled {
                    self.nodes[*node].running = None;
                    return Answer::Cancelled;
                }
                self.finish_statements();
                Answer::Done
            }
            Action::Kill { node } => {
                self.nodes[*node].running = None;
                Answer::Done
            }
            Action::Compare { node } => Answer::Fingerprint(self.print(self.nodes[*node].schema)),
            Action::CatchUp { node } => {
                assert!(self.nodes[*node].running.is_none());
                self.nodes[*node].desync = false;
                Answer::Done
            }
            Action::Admit { node } => {
                assert!(!self.nodes[*node].desync && self.nodes[*node].running.is_none(), "only a whole node serves");
                let it = &mut self.nodes[*node];
                (it.serving, it.remembered, it.late) = (true, false, false);
                Answer::Done
            }
            Action::Copy { .. } if refuses => fault("a chunk could not be copied"),
            Action::Copy { .. } => Answer::Done,
            Action::Swap { .. } if refuses => fault("the table is locked"),
            Action::Swap { .. } => {
                assert!(self.copying, "only a copy is swapped in");
                (self.copying, self.old) = (false, true);
                self.nodes.iter_mut().for_each(|node| node.schema += 1);
                Answer::Done
            }
            Action::Tidy { .. } => {
                (self.copying, self.old) = (false, false);
                Answer::Done
            }
            Action::Toi { statement } => {
                let failed = self.bad.is_some_and(|(_, bad)| bad == base + statement);
                for (number, node) in self.nodes.iter_mut().enumerate() {
                    if !failed && self.deaf != Some(number) && node.schema == base + statement {
                        node.schema += 1;
                    }
                }
                if failed { fault("no such column") } else { Answer::Done }
            }
        }
    }

    fn home(&self) -> bool {
        !self.copying
            && !self.old
            && self.nodes.iter().all(|node| node.serving && !node.late && !node.desync && node.running.is_none())
    }

    fn equal(&self) -> Option<usize> {
        self.nodes.windows(2).all(|pair| pair[0].schema == pair[1].schema).then(|| self.nodes[0].schema)
    }
}

/// What a process leaves behind.
enum Exit {
    Ended(Ending),
    Died,
}

fn journalled(state: &State) -> State {
    serde_json::from_str(&serde_json::to_string(state).unwrap()).unwrap()
}

/// One process: until the run ends or the process dies.
fn process(
    machine: &mut Machine,
    cluster: &mut Cluster,
    luck: &mut dyn Iterator<Item = Luck>,
    book: &mut State,
) -> Exit {
    let script = machine.script().clone();
    let mut effects = machine.step(Input::Start);
    for _ in 0..10_000 {
        let Some(Effect::Do(command)) = effects.first().cloned() else {
            *book = journalled(machine.state());
            let Some(Effect::End(ending)) = effects.pop() else { panic!("neither an action nor an end: {effects:?}") };
            return Exit::Ended(ending);
        };
        if command.action.changes() {
            *book = journalled(machine.state());
        }
        let base = script.chapters[..machine.state().pass].iter().map(|chapter| chapter.lines.len()).sum();
        let luck = luck.next().unwrap_or(Luck::Good);
        if let Action::Drain { node } = &command.action {
            cluster.nodes[*node].remembered = true;
            // The balancer has taken the order, and does not show it yet.
            cluster.nodes[*node].late = matches!(luck, Luck::DeadBefore | Luck::Interrupt);
        }
        if luck == Luck::DeadBefore {
            return Exit::Died;
        }
        let mut cancelled = false;
        if luck == Luck::Interrupt {
            let asked = machine.step(Input::Interrupt);
            assert!(asked.iter().all(|effect| matches!(effect, Effect::Cancel(id) if *id == command.id)));
            cancelled = !asked.is_empty();
        }
        let answer = cluster.act(&command.action, base, cancelled, luck == Luck::Refuses);
        cluster.tick();
        // TOI does not run on a node whose provider is paused: the stranger's statement comes between two steps.
        if luck == Luck::Stranger && matches!(command.action, Action::Admit { .. }) {
            cluster.strange += 1;
        }
        if luck == Luck::DeadAfter {
            return Exit::Died;
        }
        let answer =
            if luck == Luck::Unsure && command.action.changes() { Answer::Unsure("lost".into()) } else { answer };
        if luck == Luck::Twice {
            assert!(machine.step(Input::Answer(command.id + 7, Answer::Done)).is_empty());
        }
        effects = machine.step(Input::Answer(command.id, answer.clone()));
        if luck == Luck::Twice {
            assert!(machine.step(Input::Answer(command.id, answer)).is_empty());
        }
    }
    panic!("the run does not come to an end");
}

fn script(shape: &[(Method, usize, bool)], invertible: bool) -> Script {
    let mut index = 0;
    let chapters = shape
        .iter()
        .map(|(method, lines, window)| Chapter {
            method: *method,
            lines: (0..*lines)
                .map(|_| {
                    index += 1;
                    let invertible = invertible && *method != Method::PtOsc;
                    Line { index, invertible, must_show: true, repeatable: true }
                })
                .collect(),
            window: *window,
        })
        .collect();
    Script {
        chapters,
        nodes: ["n1", "n2", "n3"].map(str::to_owned).to_vec(),
        min_serving: 2,
        patience: Duration::from_secs(5),
    }
}

fn shapes() -> impl Strategy<Value = Vec<(Method, usize, bool)>> {
    let pass = prop_oneof![
        Just((Method::Toi, 1, false)),
        Just((Method::PtOsc, 1, false)),
        (1usize..4, any::<bool>()).prop_map(|(lines, window)| (Method::Rsu, lines, window)),
    ];
    proptest::collection::vec(pass, 1..3)
}

fn total(script: &Script) -> usize {
    script.chapters.iter().map(|chapter| chapter.lines.len()).sum()
}

fn end_of(exit: Exit) -> Ending {
    match exit {
        Exit::Ended(ending) => ending,
        Exit::Died => panic!("died"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// Killed any number of times, at any step: one `resume` without further mishap completes the run.
    #[test]
    fn resume_completes(shape in shapes(), mishaps in proptest::collection::vec(proptest::collection::vec(luck(), 0..60), 1..4)) {
        let script = script(&shape, true);
        let mut cluster = Cluster::new(3);
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
            Outcome::Undone => prop_assert_eq!(cluster.equal(), Some(0)),
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
        let mut cluster = Cluster::new(3);
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
        prop_assert!(cluster.home());
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

fn run(script: &Script, cluster: &mut Cluster) -> (Ending, State) {
    let mut book = State::fresh(script);
    let mut machine = Machine::new(script.clone(), book.clone());
    let ending = end_of(process(&mut machine, cluster, &mut std::iter::empty(), &mut book));
    (ending, book)
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
