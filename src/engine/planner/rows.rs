//! Asks the rows, on a node that can spare it and within a time limit.

use std::time::Instant;

use super::Wish;
use crate::cluster::{ClusterError, Connector, Rows};
use crate::config::Node;
use crate::ddl::Reason;
use crate::plan::{DataCheck, Draft};

/// Accepting this code lets a statement pass whose questions to the rows did not end in time.
const UNCHECKED: &str = "rows-unchecked";

/// What the rows have against a statement; empty when nothing.
pub(super) async fn ask(connector: &Connector, node: &Node, draft: &Draft, wish: &Wish<'_>) -> Vec<Reason> {
    let mut found = Vec::new();
    let end = Instant::now() + wish.check_timeout;
    let accepted = wish.accepted.iter().any(|code| code == UNCHECKED);
    for check in &draft.data_checks {
        let left = end.saturating_duration_since(Instant::now());
        let limited =
            format!("SET STATEMENT max_statement_time = {:.3} FOR {}", left.as_secs_f64().max(0.001), check.sql);
        let answer = async {
            let mut session = connector.observer(node).await?;
            if check.as_written {
                // What the user wrote means here what it will mean in the statement: `"x"` is a text, or a name.
                session.query_all(&in_its_session(draft)).await?;
            }
            let rows = session.query_all_within(&limited, left + std::time::Duration::from_secs(5)).await;
            session.close().await;
            rows
        };
        match answer.await.map(|sets| sets.into_iter().next().unwrap_or_default()) {
            Ok(rows) if rows.is_empty() => {}
            Ok(rows) => match &check.blind {
                None => found.push(in_the_way(check, &rows)),
                Some(why) if accepted => tracing::warn!("{}: {why}", check.code),
                Some(why) => found.push(unasked(check, why)),
            },
            Err(error) if accepted => tracing::warn!("{}: {error}", check.code),
            Err(error) => found.push(unchecked(check, &error, wish)),
        }
    }
    found
}

fn in_the_way(check: &DataCheck, rows: &Rows) -> Reason {
    let samples: Vec<String> = rows
        .iter()
        .map(|row| {
            let values = (0..row.width()).map(|column| match row.get::<Option<String>>(column) {
                Ok(Some(value)) => value.chars().take(40).collect(),
                Ok(None) => "NULL".to_owned(),
                Err(_) => "(not text)".to_owned(),
            });
            format!("({})", values.collect::<Vec<String>>().join(", "))
        })
        .collect();
    Reason {
        code: format!("rows-{}", check.code),
        text: format!(
            "There are {}, such as {}. Mend them first; all of them: {}",
            check.what,
            samples.join(", "),
            check.all()
        ),
    }
}

/// The settings of the session in which the statement will run, as far as they decide what its words mean.
fn in_its_session(draft: &Draft) -> String {
    let mut settings = "SET SESSION sql_mode = @@GLOBAL.sql_mode".to_owned();
    for set in &draft.session {
        settings.push_str("; ");
        settings.push_str(set.trim().trim_end_matches(';'));
    }
    settings
}

/// The rows of today do not tell, and there are some.
fn unasked(check: &DataCheck, why: &str) -> Reason {
    Reason {
        code: UNCHECKED.to_owned(),
        text: format!(
            "Whether there will be {} is not known, because {why}, and the rows of today cannot be asked for it. Run what comes \
             before it first and plan the rest then, or accept it with --accept {UNCHECKED}.",
            check.what
        ),
    }
}

fn unchecked(check: &DataCheck, error: &ClusterError, wish: &Wish<'_>) -> Reason {
    let why = match error.code() {
        // ER_STATEMENT_TIMEOUT
        Some(1969) => format!("it did not end within {} s", wish.check_timeout.as_secs_f64()),
        _ => error.to_string().trim_end_matches('.').to_owned(),
    };
    Reason {
        code: UNCHECKED.to_owned(),
        text: format!(
            "Whether there are {} is not known: {why}. Allow more with --check-timeout, look yourself ({}), or accept it with \
             --accept {UNCHECKED}.",
            check.what, check.sql
        ),
    }
}
