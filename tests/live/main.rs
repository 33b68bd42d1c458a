//! Live tests: everything here runs against real servers, started by the project itself.
//!
//! Each area has a module with `pub fn tests() -> Vec<Trial>`; add yours to [`areas`]. Most tests share one cluster
//! ([`support::shared`]); one that breaks nodes on purpose brings up its own. They run one after the other unless
//! `--test-threads` says otherwise. A test that cannot run fails.

// A test says what it expects by panicking; and a test program has no outside to hide from.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod apply;
mod arbitrator;
mod balancer;
mod calibrate;
mod checks;
mod compat;
mod connections;
mod copy;
mod demo;
mod facts;
mod faults;
mod lease;
mod plan;
mod privileges;
mod resume;
mod running;
mod sandbox;
mod support;
mod upgrade;
mod verify;
mod workload;

use libtest_mimic::{Arguments, Trial};

#[rustfmt::skip]
fn areas() -> Vec<Trial> {
    // One a line: areas are added side by side.
    let areas = [
        apply::tests(),
        arbitrator::tests(),
        balancer::tests(),
        calibrate::tests(),
        checks::tests(),
        compat::tests(),
        connections::tests(),
        copy::tests(),
        demo::tests(),
        facts::tests(),
        faults::tests(),
        lease::tests(),
        plan::tests(),
        privileges::tests(),
        resume::tests(),
        sandbox::tests(),
        upgrade::tests(),
        verify::tests(),
        workload::tests(),
    ];
    areas.into_iter().flatten().collect()
}

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(1);
    galera_schema::sandbox::down_all_on_signal().unwrap();
    let conclusion = libtest_mimic::run(&arguments, areas());
    galera_schema::sandbox::down_all_scoped();
    conclusion.exit();
}
