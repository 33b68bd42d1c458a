//! What is being said about both directions, collected.

use std::collections::BTreeSet;

use super::values::Limit;
use crate::ddl::{Compatibility, Condition, Flow, Reason, Verdict};

/// The directions of rows while a change rolls, and everything that limits them.
#[derive(Debug)]
pub(super) struct Sides {
    old_to_new: Flow,
    new_to_old: Flow,
    unsafe_: bool,
    conditions: Vec<Condition>,
    seen: BTreeSet<String>,
    /// Why it is unsafe.
    pub(super) why: Vec<Reason>,
    /// `slave_type_conversions` must allow conversions on every node.
    pub(super) window: bool,
    /// Conditions that are true of rows with a value that one of the two schemas cannot hold, and what it is about them.
    pub(super) misfits: Vec<(Limit, String)>,
}

impl Sides {
    pub(super) const fn new() -> Self {
        Self {
            old_to_new: Flow::Ok,
            new_to_old: Flow::Ok,
            unsafe_: false,
            conditions: Vec::new(),
            seen: BTreeSet::new(),
            why: Vec::new(),
            window: false,
            misfits: Vec::new(),
        }
    }

    /// Rows cross like this at best.
    pub(super) fn flows(&mut self, old_to_new: Flow, new_to_old: Flow) {
        self.old_to_new = worse(self.old_to_new, old_to_new);
        self.new_to_old = worse(self.new_to_old, new_to_old);
    }

    /// A condition that the application can keep.
    pub(super) fn condition(&mut self, code: &str, text: impl Into<String>) {
        let text = text.into();
        if self.seen.insert(format!("{code}\0{text}")) {
            self.conditions.push(Condition { code: code.to_owned(), text });
        }
    }

    /// Not at all, for this reason.
    pub(super) fn never(&mut self, old_to_new: Flow, new_to_old: Flow, code: &str, text: impl Into<String>) {
        self.flows(old_to_new, new_to_old);
        self.unsafe_ = true;
        let text = text.into();
        if self.seen.insert(format!("never\0{code}\0{text}")) {
            self.why.push(Reason { code: code.to_owned(), text });
        }
    }

    pub(super) fn compatibility(&self) -> Compatibility {
        let verdict = match (self.unsafe_, self.conditions.is_empty()) {
            (true, _) => Verdict::Unsafe,
            (false, false) => Verdict::Conditional,
            (false, true) => Verdict::Safe,
        };
        Compatibility {
            verdict,
            old_to_new: self.old_to_new,
            new_to_old: self.new_to_old,
            conditions: merged(&self.conditions),
        }
    }
}

/// One condition for each code: the texts of the same code are joined.
fn merged(conditions: &[Condition]) -> Vec<Condition> {
    let mut merged: Vec<Condition> = Vec::new();
    for condition in conditions {
        match merged.iter_mut().find(|one| one.code == condition.code) {
            Some(one) => {
                one.text.push(' ');
                one.text.push_str(&condition.text);
            }
            None => merged.push(condition.clone()),
        }
    }
    merged
}

const fn rank(flow: Flow) -> u8 {
    match flow {
        Flow::Ok => 0,
        Flow::Conditional => 1,
        Flow::Differs => 2,
        Flow::Lost => 3,
    }
}

const fn worse(a: Flow, b: Flow) -> Flow {
    if rank(a) >= rank(b) { a } else { b }
}
