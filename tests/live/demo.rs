//! The first command of the README, from its beginning to its end.

use galera_schema::sandbox::Error;
use libtest_mimic::Trial;

use crate::support::{Ran, program, trial};

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    vec![trial("demo::applies_draws_and_leaves_nothing", applies_draws_and_leaves_nothing)]
}

async fn applies_draws_and_leaves_nothing() -> Result<(), Error> {
    let mut command = program();
    command.args(["demo", "--quiet", "--rows", "400000"]).stdout(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    let name = format!("demo-{}", child.id());
    let ran: Ran = child.wait_with_output().unwrap().into();
    let place = galera_schema::sandbox::Place::choose(Some(&name), None)?;
    let page = ran.expect_code(0).stdout;
    // Gaps and wall times depend on the machine and are shown; what was promised to hold everywhere is asserted.
    for sentence in [
        "ALTER TABLE orders FORCE: node by node (RSU)",
        "ALTER TABLE orders FORCE: plain TOI",
        "statements failed during the rolls.",
        "ok  0 of the clients'",
        "0 are missing or too many",
        "ok  All nodes are Synced, in rotation and not desynced, and hold the same schema.",
    ] {
        assert!(page.contains(sentence), "`{sentence}` is missing in\n{page}");
    }
    assert!(page.lines().any(|line| line.starts_with("writes")), "{page}");
    assert!(!page.contains('\u{1b}'), "colour in a pipe");
    assert!(!place.dir.exists());
    eprintln!("{page}");
    Ok(())
}
