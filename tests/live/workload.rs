//! The application that tests and the demo run: it must itself be beyond doubt before it may judge others.

use std::time::Duration;

use galera_schema::sandbox::Error;
use galera_schema::sandbox::workload::{Figures, Kind, Profile, Window, Workload, fill, prepare};
use libtest_mimic::Trial;

use crate::support::{shared, trial, until};

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    vec![
        trial(
            "workload::idle_cluster_gives_no_errors_and_loses_nothing",
            idle_cluster_gives_no_errors_and_loses_nothing,
        ),
        trial("workload::a_cut_and_a_stall_show", a_cut_and_a_stall_show),
    ]
}

async fn idle_cluster_gives_no_errors_and_loses_nothing() -> Result<(), Error> {
    let sandbox = shared().await;
    let renew = (Duration::from_millis(300), Duration::from_millis(600));
    let profile = Profile { database: "workload_idle".into(), rows: 5_000, renew, ..Profile::default() };
    prepare(&sandbox, &profile.database, profile.clients).await?;
    fill(&sandbox, &profile.database, profile.rows, |_| ()).await?;
    let workload = Workload::start(sandbox.app_opts()?, profile.clone()).unwrap();
    until("a thousand writes", Duration::from_secs(30), async || {
        workload.figures(Window { from: Duration::ZERO, to: workload.now() }).writes > 1_000
    })
    .await;
    let (recording, ledger) = workload.stop();
    let figures = Figures::of(&recording, recording.whole());
    assert_eq!(figures.failed, std::collections::BTreeMap::new());
    let logins = recording.samples().iter().filter(|sample| sample.kind == Kind::Connect).count();
    assert!(logins > 12, "connections are renewed: {logins} logins");
    assert!(ledger.acknowledged() > 100);
    for node in sandbox.nodes() {
        let losses = ledger.check(node, &profile.database).await?;
        assert!(losses.is_none(), "{}: {losses:?}", node.name());
    }
    // And the check itself can fail.
    sandbox.nodes()[1].execute("delete from workload_idle.ledger order by client, number limit 1").await?;
    assert_eq!(ledger.check(&sandbox.nodes()[2], &profile.database).await?.lost.len(), 1);
    Ok(())
}

async fn a_cut_and_a_stall_show() -> Result<(), Error> {
    let sandbox = shared().await;
    let profile = Profile { database: "workload_cut".into(), clients: 4, ..Profile::default() };
    prepare(&sandbox, &profile.database, profile.clients).await?;
    let workload = Workload::start(sandbox.app_opts()?, profile).unwrap();
    let writes = |workload: &Workload| workload.figures(Window { from: Duration::ZERO, to: workload.now() }).writes;
    until("writes", Duration::from_secs(20), async || writes(&workload) > 50).await;

    // No write commits anywhere while one node answers nothing: each message waits for all members.
    let from = workload.now();
    sandbox.nodes()[2].pause()?;
    tokio::time::sleep(Duration::from_millis(800)).await;
    sandbox.nodes()[2].unpause()?;
    until("writes after the stall", Duration::from_secs(10), async || {
        workload.recording().samples().last().is_some_and(|s| s.is_acknowledged_write() && s.start > from)
    })
    .await;
    let stall = Window { from, to: workload.now() };
    let gap = workload.figures(stall).longest_write_gap;
    assert!(gap > Duration::from_millis(600), "{gap:?}");

    let haproxy = sandbox.haproxy().unwrap();
    haproxy.stop().await?;
    until("failures", Duration::from_secs(10), async || {
        workload.figures(Window { from: stall.to, to: workload.now() }).failures() > 3
    })
    .await;
    haproxy.start().await?;
    let back = workload.now();
    until("writes again", Duration::from_secs(10), async || {
        workload.figures(Window { from: back, to: workload.now() }).writes > 20
    })
    .await;
    haproxy.wait_up(sandbox.nodes(), Duration::from_secs(10)).await?;
    Ok(())
}
