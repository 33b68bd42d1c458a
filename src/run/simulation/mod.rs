//! A cluster made of integers, on which runs are killed at every step, with every sort of answer, and taken over.

use std::time::Duration;

use proptest::prelude::*;

use super::script::{Chapter, Line};
use super::*;
use crate::plan::Method;

mod outages;
mod runs;

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
    /// For so many surveys the tool cannot ask it.
    away: usize,
    /// It is away because it is down.
    down: bool,
    /// For so many surveys from then on it is not Synced.
    joining: usize,
    /// It has lost the conversion window.
    restarted: bool,
    /// Its schema is like nothing that the run knows.
    odd: bool,
    /// It was down, or somebody has meddled with it.
    hit: bool,
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
    /// Rows are lost while some nodes hold these statements and others do not.
    incompatible: Vec<usize>,
    /// These statements leave no trace in the schema.
    silent: Vec<usize>,
    /// The server refuses to undo a statement in TOI.
    dear: bool,
    /// No kill ends a statement.
    stubborn: bool,
    /// A survey has seen a node without the conversion window while it was needed.
    noticed: bool,
    /// How often a statement was sent to all nodes.
    sent: usize,
    /// How often a node was taken out.
    drains: usize,
    /// The node that the checks before each node were last passed for.
    vetted: Option<usize>,
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
    /// RSU does not begin, a drain does not come to its end, or the cluster cannot spare a node.
    Refuses,
    /// Somebody changes the same table everywhere, with a plain ALTER.
    Stranger,
    /// The tool cannot reach the node for so many surveys.
    Cut(usize, usize),
    /// The node's server dies, and comes back after so many surveys.
    Crash(usize, usize),
    /// Somebody takes the node out of rotation.
    Outside(usize),
    /// Somebody changes the schema of that node alone.
    Odd(usize),
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

fn luck_with_outages() -> impl Strategy<Value = Luck> {
    prop_oneof![
        24 => Just(Luck::Good),
        2 => Just(Luck::DeadAfter),
        1 => Just(Luck::Unsure),
        2 => Just(Luck::Interrupt),
        2 => (0usize..3, 1usize..16).prop_map(|(node, time)| Luck::Cut(node, time)),
        2 => (0usize..3, 1usize..16).prop_map(|(node, time)| Luck::Crash(node, time)),
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
            away: 0,
            down: false,
            joining: 0,
            restarted: false,
            odd: false,
            hit: false,
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
            incompatible: Vec::new(),
            silent: Vec::new(),
            dear: false,
            stubborn: false,
            noticed: false,
            sent: 0,
            drains: 0,
            vetted: None,
        }
    }

    /// What a node looks like.
    fn print(&self, node: &SimNode) -> String {
        let shown = (0..node.schema).filter(|statement| !self.silent.contains(statement)).count();
        format!("f{shown}s{}{}", self.strange, if node.odd { " odd" } else { "" })
    }

    fn mixed(&self) -> bool {
        self.nodes.windows(2).any(|pair| pair[0].schema != pair[1].schema)
    }

    /// A node without the conversion window, while rows need it.
    fn windowless(&self) -> bool {
        self.window_needed
            && self.mixed()
            && self.nodes.iter().any(|node| node.away == 0 && node.conversions.is_empty())
    }

    /// Time passes: what runs on a server comes to its end, and clients write.
    fn tick(&mut self) {
        for node in &mut self.nodes {
            node.serving &= !std::mem::take(&mut node.late);
        }
        let never_had = |node: &SimNode| node.conversions.is_empty() && !node.restarted;
        if self.mixed() && self.window_needed && self.nodes.iter().any(never_had) {
            self.lost_rows = true;
        }
        let most = self.nodes.iter().map(|node| node.schema).max().unwrap_or(0);
        let least = self.nodes.iter().map(|node| node.schema).min().unwrap_or(0);
        if self.deaf.is_none() && self.incompatible.iter().any(|statement| (least..most).contains(statement)) {
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
        let complete = self.nodes.iter().all(|node| !node.down);
        let seen = |node: &SimNode| Seen {
            unreachable: None,
            primary: true,
            complete,
            synced: !node.desync && node.joining == 0,
            desync: node.desync,
            serving: node.serving,
            remembered: node.remembered,
            busy: node.running.map(|_| "a statement runs.".to_owned()),
            schema: Some(self.print(node)),
            conversions: Some(node.conversions.to_owned()),
            windowed: !node.conversions.is_empty(),
            misfit: None,
            swapped: self.old,
        };
        let look = |node: &SimNode| match node.away {
            0 => seen(node),
            _ => Seen { unreachable: Some("no answer".to_owned()), ..Seen::default() },
        };
        Answer::Survey(self.nodes.iter().map(look).collect())
    }

    /// Behind a survey time has passed.
    fn later(&mut self) {
        self.noticed = self.windowless();
        if !self.stubborn {
            self.finish_statements();
        }
        for node in &mut self.nodes {
            if node.away > 0 {
                node.away -= 1;
                node.down &= node.away > 0;
            } else {
                node.joining = node.joining.saturating_sub(1);
            }
        }
    }

    /// What the world does behind an action.
    fn strike(&mut self, luck: Luck) {
        match luck {
            Luck::Cut(node, time) => self.nodes[node].away = self.nodes[node].away.max(time),
            Luck::Crash(node, time) => {
                let it = &mut self.nodes[node];
                it.away = it.away.max(time);
                (it.down, it.restarted, it.hit) = (true, true, true);
                (it.running, it.desync, it.conversions, it.joining) = (None, false, "", 1);
            }
            Luck::Outside(node) => {
                self.nodes[node].serving = false;
                self.nodes[node].hit = true;
            }
            Luck::Odd(node) => {
                self.nodes[node].odd = true;
                self.nodes[node].hit = true;
            }
            _ => {}
        }
    }

    /// Everything that was away is back, and nobody meddles any more.
    fn mend(&mut self) {
        for node in &mut self.nodes {
            (node.away, node.down, node.joining, node.odd) = (0, false, 0, false);
        }
        self.stubborn = false;
        self.finish_statements();
    }

    /// Carries an action out. `base` is the number of statements in the passes before this one.
    fn act(&mut self, action: &Action, base: usize, cancelled: bool, refuses: bool, stopping: bool) -> Answer {
        let fault = |text: &str| Answer::Failed(Fault::new(FaultKind::Failed, text));
        if let Action::Copy { .. } = action {
            assert!(!self.copying && !self.old, "nothing of another copy is left");
            self.copying = true;
        }
        if cancelled && action.can_be_cancelled() && !matches!(action, Action::Release { .. }) {
            return Answer::Cancelled;
        }
        if self.noticed && self.windowless() && action.changes() && !matches!(action, Action::OpenWindow) {
            self.lost_rows = true;
        }
        match action {
            Action::Desync { node }
            | Action::Begin { node, .. }
            | Action::Release { node, .. }
            | Action::Kill { node }
            | Action::Compare { node }
            | Action::CatchUp { node }
                if self.nodes[*node].away > 0 =>
            {
                return Answer::Unsure("the connection is lost".into());
            }
            Action::Drain { node } if self.nodes[*node].away > 0 => return fault("no answer"),
            Action::Admit { node } if self.nodes[*node].down => return fault("it does not serve"),
            Action::Toi { .. } | Action::Swap { .. } if self.nodes[0].away > 0 => return fault("no answer"),
            Action::CloseWindow | Action::Clear { .. } | Action::Copy { .. } | Action::Tidy { .. }
                if self.nodes.iter().any(|node| node.away > 0) =>
            {
                return fault("no answer");
            }
            _ => {}
        }
        match action {
            Action::Survey => {
                let answer = self.survey();
                self.later();
                answer
            }
            Action::Pause { .. } | Action::Settle { .. } | Action::Clear { .. } => Answer::Done,
            Action::OpenWindow => {
                for node in self.nodes.iter_mut().filter(|node| node.away == 0) {
                    (node.conversions, node.restarted) = ("ALL_LOSSY", false);
                }
                let all = stopping || self.nodes.iter().all(|node| node.away == 0);
                if all { Answer::Done } else { Answer::Unsure("a node was left out".into()) }
            }
            Action::CloseWindow => {
                self.nodes.iter_mut().for_each(|node| node.conversions = "");
                Answer::Done
            }
            Action::Vet { .. } if refuses => {
                Answer::Failed(Fault::new(FaultKind::Refused, "without it the others are no majority"))
            }
            Action::Vet { node } => {
                self.vetted = Some(*node);
                Answer::Done
            }
            Action::Drain { node } => {
                self.drains += 1;
                let again = !self.nodes[*node].serving;
                assert!(again || self.vetted.take() == Some(*node), "a node leaves that nobody has looked at");
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
                    !it.serving && it.desync && it.running.is_none() && it.joining == 0,
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
                if cancelled && !self.stubborn {
                    self.nodes[*node].running = None;
                    return Answer::Cancelled;
                }
                self.finish_statements();
                Answer::Done
            }
            Action::Kill { node } => {
                if !self.stubborn {
                    self.nodes[*node].running = None;
                }
                Answer::Done
            }
            Action::Compare { node } => Answer::Fingerprint(self.print(&self.nodes[*node])),
            Action::CatchUp { node } => {
                assert!(self.nodes[*node].running.is_none());
                (self.nodes[*node].desync, self.nodes[*node].joining) = (false, 0);
                Answer::Done
            }
            Action::Admit { node } => {
                let it = &mut self.nodes[*node];
                assert!(!it.desync && it.running.is_none() && it.joining == 0, "only a whole node serves");
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
            Action::Toi { direction: Direction::Back, .. } if self.dear => {
                Answer::Failed(Fault::new(FaultKind::Refused, "it would copy the table"))
            }
            Action::Toi { statement, direction } => {
                self.sent += 1;
                let (from, to) = match direction {
                    Direction::Forward => (base + statement, base + statement + 1),
                    Direction::Back => (base + statement + 1, base + statement),
                };
                let failed = self.bad.is_some_and(|(_, bad)| bad == base + statement);
                for (number, node) in self.nodes.iter_mut().enumerate() {
                    if !failed && self.deaf != Some(number) && node.schema == from {
                        node.schema = to;
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
        (!self.mixed()).then(|| self.nodes[0].schema)
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
    let mut killed = false;
    for _ in 0..10_000 {
        let Some(Effect::Do(command)) = effects.first().cloned() else {
            *book = journalled(machine.state());
            let Some(Effect::End(ending)) = effects.pop() else { panic!("neither an action nor an end: {effects:?}") };
            return Exit::Ended(ending);
        };
        if command.action.changes() {
            *book = journalled(machine.state());
        }
        assert!(!(killed && command.action == Action::Survey), "a kill is given time");
        killed = matches!(command.action, Action::Kill { .. });
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
        let stopping = machine.state().goal == Goal::Stop;
        let answer = cluster.act(&command.action, base, cancelled, luck == Luck::Refuses, stopping);
        cluster.strike(luck);
        cluster.tick();
        // TOI does not run on a node whose provider is paused: the stranger's statement comes between two steps.
        if luck == Luck::Stranger && matches!(command.action, Action::Admit { .. }) {
            cluster.strange += 1;
        }
        if luck == Luck::DeadAfter {
            if let Action::CatchUp { node } = command.action {
                // It was told, and is not Synced yet.
                cluster.nodes[node].joining = 2;
            }
            return Exit::Died;
        }
        let loses = command.action.changes() || matches!(command.action, Action::Compare { .. });
        let answer = if luck == Luck::Unsure && loses { Answer::Unsure("lost".into()) } else { answer };
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
                    let name = "add column on d.t".to_owned();
                    let rollable = *method == Method::Rsu;
                    Line { index, invertible, must_show: true, repeatable: true, rollable, name }
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

/// Rows do not survive it when some nodes hold a TOI statement and others do not.
fn cluster_of(shape: &[(Method, usize, bool)]) -> Cluster {
    let mut cluster = Cluster::new(3);
    let mut number = 0;
    for (method, lines, _) in shape {
        if *method == Method::Toi {
            cluster.incompatible.push(number);
        }
        number += lines;
    }
    cluster
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

fn run(script: &Script, cluster: &mut Cluster) -> (Ending, State) {
    let mut book = State::fresh(script);
    let mut machine = Machine::new(script.clone(), book.clone());
    let ending = end_of(process(&mut machine, cluster, &mut std::iter::empty(), &mut book));
    (ending, book)
}
