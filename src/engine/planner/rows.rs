//! Asks the rows, on a node that can spare it and within a time limit.

use std::time::Instant;

use futures_util::stream::{self, StreamExt as _};

use super::Wish;
use crate::cluster::{ClusterError, Connector, Rows};
use crate::config::Node;
use crate::ddl::Reason;
use crate::plan::{DataCheck, Draft};

/// What is found against a roll only.
const MISFIT: &str = "rows-misfit";

/// Accepting this code lets a statement pass whose questions to the rows did not end in time.
const UNCHECKED: &str = "rows-unchecked";

/// How many questions are put at the same time. Each may read a whole table that is larger than the node's memory: side by
/// side they read it from the disk once, and one after the other each time anew.
const AT_ONCE: usize = 3;

/// What the rows have against a statement, empty when nothing; and what they have against a roll of it.
pub(super) async fn ask(
    connector: &Connector,
    node: &Node,
    draft: &Draft,
    wish: &Wish<'_>,
) -> (Vec<Reason>, Option<Reason>) {
    let end = Instant::now() + wish.check_timeout;
    let guard = draft.window.as_ref().and_then(|window| window.today.as_deref()).filter(|_| wish.wanted.may_roll());
    let checks = draft.data_checks.iter().map(|check| (Some(check), check.sql.as_str()));
    let questions: Vec<(Option<&DataCheck>, &str)> =
        guard.map(|guard| (None, guard)).into_iter().chain(checks).collect();
    let answers: Vec<Result<Rows, ClusterError>> = stream::iter(questions.iter().map(async |(check, sql)| {
        let settings = check.filter(|check| check.as_written).map(|_| in_its_session(draft));
        question(connector, node, sql, settings.as_deref(), end).await
    }))
    .buffered(AT_ONCE)
    .collect()
    .await;
    let accepted = wish.accepted.iter().any(|code| code == UNCHECKED);
    let (mut found, mut misfit) = (Vec::new(), None);
    for ((check, sql), answer) in questions.into_iter().zip(answers) {
        match (check, answer) {
            (_, Ok(rows)) if rows.is_empty() => {}
            // A statement before this one makes it, and the run asks when it is there.
            (None, Err(error)) if error.names_nothing() => {}
            (None, Ok(_)) => misfit = Some(cannot_cross(sql)),
            (Some(check), Ok(rows)) => match &check.blind {
                None => found.push(in_the_way(check, &rows)),
                Some(why) if accepted => tracing::warn!("{}: {why}", check.code),
                Some(why) => found.push(unasked(check, why)),
            },
            (_, Err(error)) if accepted => tracing::warn!("{}: {error}", check.map_or("misfit", |check| check.code)),
            (None, Err(error)) => {
                misfit = Some(unchecked("values that only one of the two schemas can hold", sql, &error, wish))
            }
            (Some(check), Err(error)) => found.push(unchecked(&check.what, sql, &error, wish)),
        }
    }
    (found, misfit)
}

/// Puts one question, in a session of the user's settings where they decide what it means.
async fn question(
    connector: &Connector,
    node: &Node,
    sql: &str,
    settings: Option<&str>,
    end: Instant,
) -> Result<Rows, ClusterError> {
    let mut session = connector.observer(node).await?;
    if let Some(settings) = settings {
        // What the user wrote means here what it will mean in the statement: `"x"` is a text, or a name.
        session.query_all(settings).await?;
    }
    let rows = session.ask(sql, end.saturating_duration_since(Instant::now())).await;
    session.close().await;
    rows
}

/// Rows of today would be cut while two schemas live side by side.
fn cannot_cross(guard: &str) -> Reason {
    Reason {
        code: MISFIT.to_owned(),
        text: format!(
            "There are values that only one of the old and the new schema can hold. While a roll lasts, a write to their rows \
             would store something else on the nodes with the other schema. Mend them, or take a way on which all nodes \
             change at once. The question that found them: {guard}"
        ),
    }
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

fn unchecked(what: &str, sql: &str, error: &ClusterError, wish: &Wish) -> Reason {
    let why = if error.is_too_late() {
        format!("it did not end within {} s", wish.check_timeout.as_secs_f64())
    } else {
        error.to_string().trim_end_matches('.').to_owned()
    };
    Reason {
        code: UNCHECKED.to_owned(),
        text: format!(
            "Whether there are {what} is not known: {why}. Allow more with --check-timeout, look yourself ({sql}), or accept it \
             with --accept {UNCHECKED}."
        ),
    }
}
