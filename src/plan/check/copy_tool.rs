//! A table is copied by Percona Toolkit, which must be on the machine that this program runs on.

use super::{AHEAD, Check, Notes, Scene, Verdict};
use crate::plan::COPY_TOOL;

pub(super) const CHECK: Check =
    Check { name: "copy-tool", holds: "Percona Toolkit is here, or no table is copied.", stages: AHEAD, look };

/// The release whose behaviour is known: what it leaves behind, and in which order it works.
const KNOWN: &str = "3.2.1";

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    if scene.copies().next().is_none() {
        return;
    }
    let tool = scene.copying.map(|facts| &facts.tool);
    let install = format!("Install the package percona-toolkit on this machine; {COPY_TOOL} must be in PATH.");
    match tool {
        Some(Ok(version)) if version == KNOWN => {}
        Some(Ok(version)) => notes.add(
            Verdict::Warned,
            None,
            format!("{COPY_TOOL} {version} is here; this program was tried with {KNOWN}."),
            "What it leaves of a copy is looked at in any case before the tables are swapped.",
        ),
        Some(Err(unseen)) => {
            notes.add(Verdict::Failed, None, format!("{COPY_TOOL} cannot be run here: {unseen}."), install);
        }
        None => notes.add(Verdict::Unseen, None, format!("Nobody looked for {COPY_TOOL} on this machine."), install),
    }
}
