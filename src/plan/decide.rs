//! TOI, RSU, or neither: the decision, with every reason kept.

use serde::{Deserialize, Serialize};

use super::{Estimate, Method, Policy, TableCopy};
use crate::ddl::{Compatibility, Condition, Reason, Verdict};

/// The override that `--method` gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Override {
    /// The plan chooses.
    #[default]
    Auto,
    /// Everything in TOI.
    Toi,
    /// Everything by RSU.
    Rsu,
    /// Every ALTER TABLE by a copying tool; the plan chooses for other statements.
    PtOsc,
}

impl Override {
    /// Whether a statement may come to be rolled.
    pub fn may_roll(self) -> bool {
        matches!(self, Self::Auto | Self::Rsu)
    }

    /// Whether the plan chooses.
    pub fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}

/// Where a roll could happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rolling {
    /// No cluster is at hand: the plan assumes one that can roll, and says so.
    Offline,
    /// This many nodes are in service now.
    Nodes(usize),
}

/// Everything that the decision on one schema change rests on.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The server changes definitions only and reads no row.
    pub metadata_only: bool,
    /// Why the nodes would not do the same with it in TOI.
    pub stays_here: Option<&'a Reason>,
    /// Seconds that the shortest statement costs in TOI, whatever it does.
    pub shortest: f64,
    /// Whether old and new schema can live side by side.
    pub rsu: &'a Compatibility,
    /// What the rows of today have against it.
    pub misfits: Option<&'a Reason>,
    /// What a copying tool would be asked for, or why it is none for this statement; `None` when it is no ALTER TABLE.
    pub copy: Option<&'a Result<TableCopy, Vec<Reason>>>,
    /// What TOI would cost: the stall, and where the figure comes from.
    pub toi: Estimate,
    /// By which factor the truth may lie above the estimate.
    pub uncertainty: f64,
    /// The site's limits.
    pub policy: &'a Policy,
    /// Where a roll could happen.
    pub rolling: Rolling,
    /// What the user asked for.
    pub wanted: Override,
    /// The codes that the user accepted.
    pub accepted: &'a [String],
}

/// The method, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// How the statement will run.
    pub method: Method,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Conditions that an override must accept beyond those of the compatibility.
    pub conditions: Vec<Condition>,
    /// What else would be possible.
    pub alternatives: Vec<Reason>,
}

/// Accepting this code allows a TOI statement that stalls writes for longer than the policy says.
pub const WRITE_STALL: &str = "write-stall";
/// Accepting this code allows a roll of a statement whose old and new schema cannot live side by side.
pub const ROLL_UNSAFE: &str = "roll-unsafe";

/// By how much a statement may be longer than the shortest one and still be as short as it gets: by chance they differ by
/// more.
const SHORT: f64 = 1.5;

fn reason(code: &str, text: impl Into<String>) -> Reason {
    Reason { code: code.to_owned(), text: text.into() }
}

/// Decides on one schema change.
pub fn decide(question: &Question) -> Decision {
    let toi = toi_verdict(question);
    let rsu = rsu_verdict(question);
    match question.wanted {
        Override::Toi => overridden(question, Method::Toi, toi),
        Override::Rsu => overridden(question, Method::Rsu, rsu),
        Override::PtOsc => match question.copy {
            Some(Ok(copy)) => overridden(question, Method::PtOsc, copy_verdict(copy)),
            Some(Err(objections)) => no_copy(objections),
            None => automatic(question, toi, rsu),
        },
        Override::Auto => automatic(question, toi, rsu),
    }
}

/// Whether one method is acceptable, and what is to be said about it either way.
struct Answer {
    acceptable: bool,
    reason: Reason,
    conditions: Vec<Condition>,
}

fn toi_verdict(question: &Question) -> Answer {
    if let Some(reason) = question.stays_here {
        // No code accepts this away: nodes that differ are what all of this is to prevent.
        return Answer { acceptable: false, reason: reason.clone(), conditions: Vec::new() };
    }
    let limit = question.policy.max_stall.as_secs_f64();
    let Some(stall) = question.toi.stall_seconds else {
        return Answer {
            acceptable: false,
            reason: reason(
                "stall-unknown",
                "The size of the table is not known, so in TOI no write of the whole cluster might finish for any length of time.",
            ),
            conditions: vec![write_stall("an unknown time")],
        };
    };
    let worst = stall * question.uncertainty;
    // Many partitions, and files that are removed, make long what changes definitions only. What is as short as a TOI
    // statement gets is none of that, whatever the policy.
    if question.metadata_only && (worst <= limit || stall <= SHORT * question.shortest) {
        return Answer {
            acceptable: true,
            reason: reason(
                "toi-brief",
                "TOI runs it everywhere at the same point of the replication order; the cluster's writes wait a moment, and what \
                 has the table open then, a transaction or a single read, ends with a deadlock (1213), to be tried again. A \
                 single write is tried again by the server, where wsrep_retry_autocommit is not 0.",
            ),
            conditions: Vec::new(),
        };
    }
    if worst <= limit {
        return Answer {
            acceptable: true,
            reason: reason(
                "stall-within-policy",
                format!(
                    "In TOI the cluster's writes wait about {}, at worst {}; the policy allows {}.",
                    seconds(stall),
                    seconds(worst),
                    seconds(limit)
                ),
            ),
            conditions: Vec::new(),
        };
    }
    Answer {
        acceptable: false,
        reason: reason(
            "stall-over-policy",
            format!(
                "In TOI no write of the whole cluster would finish for about {}, at worst {}; the policy allows {}.",
                seconds(stall),
                seconds(worst),
                seconds(limit)
            ),
        ),
        conditions: vec![write_stall(&format!("about {}, at worst {}", seconds(stall), seconds(worst)))],
    }
}

fn write_stall(how_long: &str) -> Condition {
    Condition {
        code: WRITE_STALL.to_owned(),
        text: format!(
            "No write on any table of the cluster finishes for {how_long}, and the statement cannot be stopped once it is sent."
        ),
    }
}

fn rsu_verdict(question: &Question) -> Answer {
    let conditions = || question.rsu.conditions.clone();
    if let Rolling::Nodes(nodes) = question.rolling
        && nodes <= question.policy.min_serving
    {
        return Answer {
            acceptable: false,
            reason: reason(
                "too-few-nodes",
                format!(
                    "A roll takes one node out of service, and only {nodes} serve now; the policy wants {} to stay.",
                    question.policy.min_serving
                ),
            ),
            // No code accepts this away: the last nodes are never drained.
            conditions: Vec::new(),
        };
    }
    if let Some(misfits) = question.misfits {
        // Nor this: the roll would stop behind its first node.
        return Answer { acceptable: false, reason: misfits.clone(), conditions: Vec::new() };
    }
    match question.rsu.verdict {
        Verdict::Safe => Answer {
            acceptable: true,
            reason: reason(
                "roll-safe",
                "Old and new schema can live side by side, so RSU changes one node after the other, out of the load balancer, while the others serve.",
            ),
            conditions: Vec::new(),
        },
        Verdict::Conditional => {
            let open: Vec<&str> = open_codes(&question.rsu.conditions, question.accepted).collect();
            if open.is_empty() {
                Answer {
                    acceptable: true,
                    reason: reason(
                        "roll-conditions-accepted",
                        "RSU is safe while the conditions hold that were accepted on the command line.",
                    ),
                    conditions: conditions(),
                }
            } else {
                Answer {
                    acceptable: false,
                    reason: reason(
                        "roll-conditions-open",
                        format!(
                            "RSU is safe only while conditions hold that nobody has accepted yet: {}.",
                            open.join(", ")
                        ),
                    ),
                    conditions: conditions(),
                }
            }
        }
        Verdict::Unsafe => {
            let mut all = conditions();
            all.push(Condition {
                code: ROLL_UNSAFE.to_owned(),
                text: "While old and new schema live side by side, a row written on one node is lost or differs on another; \
                       the application must not write to the table until every node is changed."
                    .to_owned(),
            });
            Answer {
                acceptable: false,
                reason: reason(
                    "roll-unsafe",
                    "RSU is not safe: row replication does not survive the time in which old and new schema live side by side.",
                ),
                conditions: all,
            }
        }
    }
}

fn copy_verdict(copy: &TableCopy) -> Answer {
    Answer {
        acceptable: true,
        reason: reason(
            "copied-online",
            "pt-online-schema-change copies the table in chunks while triggers keep the copy in step; then the tables are \
             swapped in one statement. It takes long and makes every write to the table dearer, and nobody waits long.",
        ),
        conditions: copy.conditions(),
    }
}

/// The tool cannot make this change.
fn no_copy(objections: &[Reason]) -> Decision {
    let mut reasons = objections.to_vec();
    reasons.push(reason("method-override", "--method pt-osc was given."));
    Decision { method: Method::Refuse, reasons, conditions: Vec::new(), alternatives: vec![leave_out_method()] }
}

fn leave_out_method() -> Reason {
    reason("method-auto", "Leave out --method, and the plan chooses a way that the policy allows, if there is one.")
}

fn open_codes<'a>(conditions: &'a [Condition], accepted: &'a [String]) -> impl Iterator<Item = &'a str> {
    conditions.iter().map(|condition| condition.code.as_str()).filter(|code| !accepted.iter().any(|ok| ok == code))
}

fn automatic(question: &Question, toi: Answer, rsu: Answer) -> Decision {
    if toi.acceptable {
        return Decision {
            method: Method::Toi,
            reasons: vec![toi.reason],
            conditions: Vec::new(),
            alternatives: Vec::new(),
        };
    }
    if rsu.acceptable {
        return Decision {
            method: Method::Rsu,
            reasons: vec![toi.reason, rsu.reason],
            conditions: Vec::new(),
            alternatives: Vec::new(),
        };
    }
    let mut alternatives = Vec::new();
    if question.rsu.verdict == Verdict::Conditional && rsu.reason.code == "roll-conditions-open" {
        let accepts: Vec<String> =
            open_codes(&question.rsu.conditions, question.accepted).map(|code| format!("--accept {code}")).collect();
        alternatives.push(reason(
            "accept-conditions",
            format!("Roll it by RSU once the application keeps the conditions: add {}.", accepts.join(" ")),
        ));
    }
    if !toi.conditions.is_empty() {
        let price = question.toi.stall_seconds.map_or_else(
            || "a write stall of unknown length".to_owned(),
            |stall| format!("a cluster-wide write stall of about {}", seconds(stall)),
        );
        alternatives.push(reason(
            "toi-in-a-window",
            format!(
                "Run it in TOI in a maintenance window, at the price of {price}: --method toi --accept {WRITE_STALL}."
            ),
        ));
    }
    Decision { method: Method::Refuse, reasons: vec![toi.reason, rsu.reason], conditions: Vec::new(), alternatives }
}

fn overridden(question: &Question, method: Method, answer: Answer) -> Decision {
    let open: Vec<String> =
        open_codes(&answer.conditions, question.accepted).map(|code| format!("--accept {code}")).collect();
    let wanted = match method {
        Method::Rsu => "rsu",
        Method::PtOsc => "pt-osc",
        _ => "toi",
    };
    let asked = reason("method-override", format!("--method {wanted} was given."));
    let hopeless = !answer.acceptable && answer.conditions.is_empty();
    if hopeless || !open.is_empty() {
        let mut alternatives = Vec::new();
        if !hopeless {
            alternatives.push(reason(
                "accept-conditions",
                format!("Accept each condition by its code to do it all the same: {}.", open.join(" ")),
            ));
        }
        alternatives.push(leave_out_method());
        return Decision {
            method: Method::Refuse,
            reasons: vec![answer.reason, asked],
            conditions: answer.conditions,
            alternatives,
        };
    }
    Decision { method, reasons: vec![asked, answer.reason], conditions: answer.conditions, alternatives: Vec::new() }
}

/// Seconds as a person reads them.
pub fn seconds(value: f64) -> String {
    if value < 0.0995 {
        format!("{:.0} ms", (value * 1000.0).max(1.0))
    } else if value < 9.95 {
        format!("{value:.1} s")
    } else if value < 119.5 {
        format!("{value:.0} s")
    } else if value < 7170.0 {
        format!("{:.0} min", value / 60.0)
    } else {
        format!("{:.1} h", value / 3600.0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ddl::Flow;

    fn compatibility(verdict: Verdict, codes: &[&str]) -> Compatibility {
        let conditions = codes.iter().map(|code| Condition { code: (*code).to_owned(), text: String::new() }).collect();
        Compatibility { verdict, old_to_new: Flow::Ok, new_to_old: Flow::Ok, conditions }
    }

    struct Case {
        metadata_only: bool,
        max_stall: f64,
        stall: Option<f64>,
        rsu: Compatibility,
        misfits: Option<Reason>,
        wanted: Override,
        accepted: &'static [&'static str],
        nodes: usize,
    }

    impl Default for Case {
        fn default() -> Self {
            Self {
                metadata_only: false,
                max_stall: 1.0,
                stall: Some(10.0),
                rsu: compatibility(Verdict::Safe, &[]),
                misfits: None,
                wanted: Override::Auto,
                accepted: &[],
                nodes: 3,
            }
        }
    }

    fn check(case: Case, expected: Method, code: &str) {
        let accepted: Vec<String> = case.accepted.iter().map(|code| (*code).to_owned()).collect();
        let decision = decide(&Question {
            metadata_only: case.metadata_only,
            stays_here: None,
            shortest: 0.02,
            rsu: &case.rsu,
            misfits: case.misfits.as_ref(),
            copy: None,
            toi: Estimate { stall_seconds: case.stall, ..Estimate::default() },
            uncertainty: 2.0,
            policy: &Policy { max_stall: Duration::from_secs_f64(case.max_stall), ..Policy::default() },
            rolling: Rolling::Nodes(case.nodes),
            wanted: case.wanted,
            accepted: &accepted,
        });
        assert_eq!(decision.method, expected, "{decision:?}");
        assert!(decision.reasons.iter().any(|reason| reason.code == code), "{decision:?}");
    }

    #[test]
    fn metadata_goes_by_toi_whatever_the_compatibility() {
        let rsu = compatibility(Verdict::Unsafe, &[]);
        check(Case { metadata_only: true, stall: Some(0.02), rsu, ..Case::default() }, Method::Toi, "toi-brief");
    }

    #[test]
    fn definitions_alone_may_stall_too_long() {
        let rsu = || compatibility(Verdict::Unsafe, &[]);
        let case = |stall, max_stall| Case {
            metadata_only: true,
            stall: Some(stall),
            max_stall,
            rsu: rsu(),
            ..Case::default()
        };
        check(case(50.0, 1.0), Method::Refuse, "stall-over-policy");
        check(case(0.6, 1.0), Method::Refuse, "stall-over-policy");
        check(case(0.4, 1.0), Method::Toi, "toi-brief");
        // No policy forbids the shortest statement.
        check(case(0.02, 0.0), Method::Toi, "toi-brief");
        check(case(0.2, 0.1), Method::Refuse, "stall-over-policy");
        check(Case { stall: None, ..case(0.0, 1.0) }, Method::Refuse, "stall-unknown");
    }

    #[test]
    fn a_short_stall_goes_by_toi_only_when_twice_the_estimate_still_fits() {
        check(Case { stall: Some(0.4), ..Case::default() }, Method::Toi, "stall-within-policy");
        check(Case { stall: Some(0.6), ..Case::default() }, Method::Rsu, "stall-over-policy");
    }

    #[test]
    fn an_unknown_size_is_never_cheap() {
        check(Case { stall: None, ..Case::default() }, Method::Rsu, "stall-unknown");
    }

    #[test]
    fn conditions_must_be_accepted_by_name() {
        let rsu = || compatibility(Verdict::Conditional, &["no-nulls", "no-duplicates"]);
        check(Case { rsu: rsu(), ..Case::default() }, Method::Refuse, "roll-conditions-open");
        check(Case { rsu: rsu(), accepted: &["no-nulls"], ..Case::default() }, Method::Refuse, "roll-conditions-open");
        let accepted: &[&str] = &["no-nulls", "no-duplicates"];
        check(Case { rsu: rsu(), accepted, ..Case::default() }, Method::Rsu, "roll-conditions-accepted");
    }

    #[test]
    fn no_word_accepts_away_what_the_rows_have_against_a_roll() {
        let rsu = || compatibility(Verdict::Conditional, &["ascii-only"]);
        let misfits = || Some(reason("rows-misfit", ""));
        let accepted: &[&str] = &["ascii-only"];
        for wanted in [Override::Auto, Override::Rsu] {
            check(Case { rsu: rsu(), wanted, accepted, ..Case::default() }, Method::Rsu, "roll-conditions-accepted");
            let case = Case { rsu: rsu(), misfits: misfits(), wanted, accepted, ..Case::default() };
            check(case, Method::Refuse, "rows-misfit");
        }
        // In TOI nothing has to cross.
        let accepted: &[&str] = &[WRITE_STALL];
        let case = Case { rsu: rsu(), misfits: misfits(), wanted: Override::Toi, accepted, ..Case::default() };
        check(case, Method::Toi, "method-override");
    }

    #[test]
    fn the_last_serving_nodes_are_never_drained_whatever_was_accepted() {
        check(Case { nodes: 2, ..Case::default() }, Method::Refuse, "too-few-nodes");
        let accepted: &[&str] = &[ROLL_UNSAFE];
        check(Case { nodes: 2, wanted: Override::Rsu, accepted, ..Case::default() }, Method::Refuse, "too-few-nodes");
    }

    #[test]
    fn an_override_needs_each_condition_that_was_printed() {
        check(Case { wanted: Override::Toi, ..Case::default() }, Method::Refuse, "stall-over-policy");
        check(
            Case { wanted: Override::Toi, accepted: &[WRITE_STALL], ..Case::default() },
            Method::Toi,
            "method-override",
        );
        let rsu = || compatibility(Verdict::Unsafe, &["no-orphans"]);
        check(
            Case { wanted: Override::Rsu, rsu: rsu(), accepted: &[ROLL_UNSAFE], ..Case::default() },
            Method::Refuse,
            "roll-unsafe",
        );
        let accepted: &[&str] = &[ROLL_UNSAFE, "no-orphans"];
        check(Case { wanted: Override::Rsu, rsu: rsu(), accepted, ..Case::default() }, Method::Rsu, "method-override");
    }

    #[test]
    fn seconds_read_like_a_person_says_them() {
        for (value, expected) in
            [(0.02, "20 ms"), (0.0, "1 ms"), (1.0, "1.0 s"), (12.6, "13 s"), (600.0, "10 min"), (9000.0, "2.5 h")]
        {
            assert_eq!(seconds(value), expected);
        }
    }
}
