//! What the packages offer, and which of them a node already has.

use super::checks::{Check, Finding, Subject};
use super::target::Runs;
use super::{NodeFacts, Target};

/// The name by which somebody has a revision installed that no server shows.
pub(super) const REVISION: &str = "package-revision";

/// Whether it can be seen who runs the target's release and package revision.
pub(super) fn revision(subject: &Subject) -> Check {
    let target = subject.target;
    let unknown: Vec<&str> =
        subject.cluster.up().filter(|node| node.runs(target) == Runs::Unknown).map(|node| node.name.as_str()).collect();
    if unknown.is_empty() {
        return Check::pass(REVISION, "Whether a node runs the target can be seen from its version.");
    }
    let numbers = target.version;
    let text = format!(
        "{} report {numbers}, and not which package of it: whether that is {} cannot be told. With --accept {REVISION} it is installed there whatever there is; with --to {numbers} the three numbers are enough.",
        unknown.join(", "),
        target.text
    );
    // Beside nodes that are still to be upgraded it is most likely the work of an earlier run.
    let rest = subject.cluster.up().any(|node| node.runs(target) == Runs::No);
    Check::new(REVISION, if rest { Finding::Warning } else { Finding::Unknown }, text).acceptable()
}

/// Whether the packages, left to themselves, would bring the target.
pub(super) fn offered(subject: &Subject) -> Check {
    let code = "packages-offer-it";
    let target = subject.target;
    let offers: Vec<(&String, &String)> =
        subject.pending.iter().filter_map(|node| Some((node, subject.around.offered.get(node)?))).collect();
    if offers.is_empty() {
        return Check::pass(code, "Not asked: [upgrade] has no `offered` command, or nothing is to be installed.");
    }
    let told = |found: Vec<&(&String, &String)>, verb: &str| -> Vec<String> {
        found.into_iter().map(|(node, text)| format!("{node} {verb} `{text}`")).collect()
    };
    let unread = told(offers.iter().filter(|(_, text)| Target::parse(text).is_err()).collect(), "says");
    if !unread.is_empty() {
        return Check::new(
            code,
            Finding::Unknown,
            format!(
                "What the packages offer could not be read: {}. That is no version; is the repository configured, and does [upgrade] `offered` print a version and nothing else?",
                unread.join(", ")
            ),
        )
        .acceptable();
    }
    let agrees = |text: &str| {
        Target::parse(text).is_ok_and(|offered| {
            let revision =
                target.revision.is_none() || offered.revision.is_none() || offered.revision == target.revision;
            offered.version == target.version && revision
        })
    };
    let other = told(offers.iter().filter(|(_, text)| !agrees(text)).collect(), "would get");
    if !other.is_empty() {
        return Check::new(
            code,
            Finding::Warning,
            format!(
                "Left to themselves the packages offer another version ({}); the install command must ask for {target} by name.",
                other.join(", ")
            ),
        );
    }
    Check::pass(code, format!("The packages offer {target}."))
}

impl NodeFacts {
    /// Whether the node runs a target, as far as its `VERSION()` shows.
    pub fn runs(&self, target: &Target) -> Runs {
        self.variable("version").map_or(Runs::No, |reported| target.runs_on(reported))
    }
}
