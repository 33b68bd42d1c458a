//! A statement for all nodes at once. It cannot be stopped once it is sent, so what could hold it up goes first.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::crew::{Crew, failed};
use super::fingerprint::{Objects, objects};
use super::in_use::{InUse, Table};
use super::look::provider;
use crate::cluster::facts::signs_of_locks;
use crate::cluster::{ClusterError, Session};
use crate::plan::AfterDrainTimeout;
use crate::plan::check::names;
use crate::plan::facts::TableName;
use crate::run::{Answer, Direction, Event, Fault, FaultKind};
use crate::sql::without_secrets;

/// How often blockers are looked for.
const LOOK: Duration = Duration::from_millis(100);
/// How long a table that is in use by clients at work is looked at, for a moment at which it is not: then nobody holds it by
/// LOCK TABLES.
const DOUBT: Duration = Duration::from_secs(1);
/// How often a node's progress is told.
const PROGRESS: Duration = Duration::from_millis(500);
/// How often a node is asked whether it has the statement behind it.
const COMMITTED: Duration = Duration::from_millis(10);
/// How long the statement may wait for a lock on the node that it is sent to, before it is replicated. In seconds.
const LOCK_WAIT_SECONDS: u64 = 5;
/// How long the node that has the statement may be out of service before its answer is no longer waited for. A node
/// that was voted out can hold its clients' statements for ever (seen on 10.11.19: "Waiting for certification").
const OUT_OF_SERVICE: Duration = Duration::from_secs(30);

/// ER_ALTER_OPERATION_NOT_SUPPORTED and the same with a reason: the server would need a dearer ALGORITHM than the one that
/// was asked for.
const TOO_DEAR: u16 = 1845;
const TOO_DEAR_BECAUSE: u16 = 1846;

/// An inverse as it is sent to all nodes at once. No policy has weighed what it costs; that it neither copies nor rebuilds
/// the table, nor builds an index, is left to the server, which refuses it otherwise.
fn cheap(sql: &str) -> String {
    let upper = sql.to_ascii_uppercase();
    if !upper.starts_with("ALTER TABLE ") {
        return sql.to_owned();
    }
    // Index work alone is cheap when indexes only go. The word in a name or a comment makes it stricter, no more.
    let builds = upper.replace("ADD COLUMN", "").contains("ADD ");
    format!("{sql}, ALGORITHM={}", if builds { "INSTANT" } else { "NOCOPY" })
}

/// Somebody who would hold a statement up.
struct Blocker {
    /// The node, the session and what it holds, in words.
    text: String,
    /// The session's thread there; `None` where the holder is not known.
    thread: Option<u64>,
}

/// What one look at a node shows.
#[derive(Default)]
struct Look {
    blockers: Vec<Blocker>,
    /// Where holders of locks are not told: the tables concerned that are in use at this moment, perhaps by LOCK TABLES.
    in_use: BTreeSet<Table>,
    /// What those do who are at work, and may be using them.
    at_work: Vec<String>,
}

/// Who would hold a statement up: running backups and DDL, and holders of locks on the tables or on everything.
///
/// `metadata_lock_info` is a plugin; where it is loaded it names every holder. Otherwise long transactions count as
/// holders, since nobody can tell which tables they have touched, and so does whoever others wait for.
async fn look(session: &mut Session, objects: &Objects) -> Result<Look, ClusterError> {
    let node = session.node().to_owned();
    let mut found = Vec::new();
    let rows = session
        .query(
            "SELECT ID, USER, INFO, STATE FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND COMMAND IN \
             ('Query', 'Execute') AND INFO REGEXP '^[[:space:]]*(alter|create|drop|rename|optimize|truncate|repair|lock|flush|backup)[[:space:]]'",
        )
        .await?;
    for row in rows.iter() {
        let info: String = row.get::<String>("INFO")?.chars().take(80).collect();
        let thread = row.get("ID")?;
        let text = format!("{node}: `{info}` of {} (thread {thread})", row.get::<String>("USER")?);
        found.push(Blocker { text, thread: Some(thread) });
    }
    let locks = session
        .query(
            "SELECT l.THREAD_ID, l.LOCK_MODE, l.LOCK_TYPE, l.TABLE_SCHEMA, l.TABLE_NAME, p.USER, p.COMMAND FROM \
             information_schema.METADATA_LOCK_INFO l LEFT JOIN information_schema.PROCESSLIST p ON p.ID = l.THREAD_ID WHERE \
             l.THREAD_ID <> CONNECTION_ID()",
        )
        .await;
    let rows = match locks {
        Ok(rows) => rows,
        // Unknown table: the plugin is not loaded.
        Err(error) if matches!(error.code(), Some(1109 | 1146)) => return by_signs(session, objects, found).await,
        Err(error) => return Err(error),
    };
    for row in rows.iter() {
        let (mode, kind): (String, String) = (row.get("LOCK_MODE")?, row.get("LOCK_TYPE")?);
        let schema = row.get::<Option<String>>("TABLE_SCHEMA")?.unwrap_or_default();
        let table = row.get::<Option<String>>("TABLE_NAME")?.unwrap_or_default();
        let global = kind.contains("lobal") || kind.contains("ackup") || kind.contains("BACKUP");
        let backup =
            mode.contains("BACKUP") && !mode.contains("DML") && !mode.contains("DDL") || mode.contains("FTWRL");
        let ours = objects.tables.iter().any(|one| one.database == schema && one.table == table);
        if (global && (backup || mode == "MDL_SHARED")) || (ours && row.get::<Option<String>>("USER")?.is_some()) {
            let user = row.get::<Option<String>>("USER")?.unwrap_or_default();
            let what = if ours { format!("{mode} on {schema}.{table}") } else { format!("{kind} ({mode})") };
            let thread = row.get("THREAD_ID")?;
            let text = format!("{node}: {user} (thread {thread}) holds {what}");
            found.push(Blocker { text, thread: Some(thread) });
        }
    }
    Ok(Look { blockers: found, ..Look::default() })
}

/// The same where the server does not tell who holds what.
async fn by_signs(session: &mut Session, objects: &Objects, mut found: Vec<Blocker>) -> Result<Look, ClusterError> {
    let node = session.node().to_owned();
    let rows = session
        .query(
            "SELECT trx_mysql_thread_id, p.USER, TIMESTAMPDIFF(SECOND, trx_started, NOW()) AS seconds FROM \
             information_schema.INNODB_TRX JOIN information_schema.PROCESSLIST p ON p.ID = trx_mysql_thread_id WHERE \
             trx_started < NOW() - INTERVAL 1 SECOND AND p.USER <> 'system user'",
        )
        .await?;
    for row in rows.iter() {
        let thread = row.get(0)?;
        let (user, seconds): (String, i64) = (row.get("USER")?, row.get("seconds")?);
        let text = format!("{node}: {user} (thread {thread}) is in a transaction for {seconds} s");
        found.push(Blocker { text, thread: Some(thread) });
    }
    let signs = signs_of_locks(session).await?;
    let concerned = |text: &str| objects.tables.iter().any(|table| names(text, &table.table));
    for one in signs.waiting.iter().filter(|one| one.statement.as_ref().is_none_or(|text| concerned(text))) {
        let text = format!("{node}: {} waits for a lock that somebody holds ({})", one.who, one.state);
        found.push(Blocker { text, thread: None });
    }
    let ours = |(database, table): &&Table| {
        let same =
            |one: &TableName| one.database.eq_ignore_ascii_case(database) && one.table.eq_ignore_ascii_case(table);
        objects.tables.iter().any(same)
    };
    Ok(Look { blockers: found, in_use: signs.in_use.iter().filter(ours).cloned().collect(), at_work: signs.at_work })
}

impl Crew<'_> {
    /// Waits until nothing on any node could hold the statement up.
    pub(super) async fn clear(&mut self, pass: usize) -> Answer {
        let objects = objects(&self.statements(pass));
        let mut started = Instant::now();
        let (mut told, mut closed) = (false, false);
        let mut watched: Vec<InUse> = Vec::new();
        let mut since = Instant::now();
        loop {
            if watched.is_empty() {
                watched.extend(self.nodes.iter().map(|_| InUse::default()));
                since = Instant::now();
            }
            for node in 0..self.nodes.len() {
                if let Err(error) = self.eye(node).await {
                    return Answer::Failed(Fault::new(FaultKind::Unobservable, error.to_string()));
                }
            }
            let objects = &objects;
            let looks = join_all(self.eyes.iter_mut().flatten().map(|eye| look(eye, objects))).await;
            let mut found = Vec::new();
            let mut doubtful = Vec::new();
            for (node, look) in looks.into_iter().enumerate() {
                let look = match look {
                    Ok(look) => look,
                    Err(error) => return Answer::Failed(Fault::new(FaultKind::Unobservable, error.to_string())),
                };
                watched[node].look(&look.in_use, &look.at_work);
                found.extend(look.blockers.into_iter().map(|blocker| (node, blocker)));
                for ((database, table), named) in watched[node].tables() {
                    doubtful.push((node, format!("{}: {database}.{table}", self.name(node)), named));
                }
            }
            if !found.is_empty() {
                // Whoever is waited for now may be followed by somebody else: tables are watched from then on.
                watched.clear();
            } else if !doubtful.is_empty() {
                if since.elapsed() < DOUBT {
                    sleep(DOUBT / 50).await;
                    continue;
                }
                let (named, locked): (Vec<_>, Vec<_>) = doubtful.into_iter().partition(|(_, _, named)| *named);
                for (_, table, _) in named.into_iter().filter(|_| locked.is_empty()) {
                    self.hint(format!(
                        "{table} was in use at every look. Those who are at work there name it, so that is taken for their doing; LOCK \
                         TABLES READ could not be told from it (INSTALL SONAME 'metadata_lock_info' would tell)."
                    ));
                }
                let in_use = |table: String| {
                    let text = format!(
                        "{table} is in use all the time, and nobody at work names it: LOCK TABLES, most likely (INSTALL SONAME \
                         'metadata_lock_info' would tell by whom)"
                    );
                    Blocker { text, thread: None }
                };
                found.extend(locked.into_iter().map(|(node, table, _)| (node, in_use(table))));
            }
            if found.is_empty() {
                return Answer::Done;
            }
            let who = found.iter().map(|(_, blocker)| blocker.text.as_str()).collect::<Vec<_>>().join("; ");
            if started.elapsed() > self.plan.policy.drain_timeout {
                if self.plan.policy.after_drain_timeout == AfterDrainTimeout::CloseAll && !closed {
                    closed = true;
                    self.hint(format!("Closing the sessions that would hold the statement up (close-all): {who}."));
                    for (node, blocker) in &found {
                        let Some(thread) = blocker.thread else { continue };
                        if let Err(error) = self.close_session(*node, thread).await {
                            return Answer::Failed(failed(error));
                        }
                    }
                    // They get a moment to roll back.
                    started = Instant::now();
                    continue;
                }
                return Answer::Failed(Fault::new(
                    FaultKind::Refused,
                    format!(
                        "The statement was not sent, because it cannot be stopped once it is, and after {} s it would still \
                         be held up: {who}.",
                        self.plan.policy.drain_timeout.as_secs(),
                    ),
                ));
            }
            if !told {
                told = true;
                self.tell(Event::Waiting { text: format!("Before the statement is sent: {who}.") });
            }
            sleep(LOOK).await;
        }
    }

    /// Closes a session because the policy says so. One that has left by itself is closed.
    pub(super) async fn close_session(&mut self, node: usize, thread: u64) -> Result<(), ClusterError> {
        /// ER_NO_SUCH_THREAD.
        const NO_SUCH_THREAD: u16 = 1094;
        match self.eye(node).await?.query_all(&format!("KILL CONNECTION {thread}")).await {
            Err(error) if error.code() != Some(NO_SUCH_THREAD) => Err(error),
            _ => Ok(()),
        }
    }

    /// Sends the statement, or its inverse, from the first node of the plan.
    pub(super) async fn toi(&mut self, pass: usize, place: usize, direction: Direction) -> Answer {
        let Some((statement, sql, before)) = self.text(pass, place, direction) else {
            return Answer::Failed(failed(
                "The text of this statement is not in the journal, because it may hold a secret; nothing was sent. End the run with `schema abort`, and apply the rest from its file.",
            ));
        };
        if direction == Direction::Forward {
            return self.send(statement, sql, &before).await.0;
        }
        self.hint(format!("Undoing statement {statement} on all nodes at once."));
        match self.send(statement, cheap(&sql), &before).await {
            (Answer::Failed(fault), Some(TOO_DEAR | TOO_DEAR_BECAUSE)) => Answer::Failed(Fault::new(
                FaultKind::Refused,
                format!(
                    "Statement {statement} was not undone: no write of the cluster would finish while its inverse works on the \
                     rows of the table, and it cannot be stopped. The inverse is: {sql} ({})",
                    fault.text
                ),
            )),
            (answer, _) => answer,
        }
    }

    /// Sends a text in TOI, and waits until every node has it behind it. `before` goes before it in the same session. With
    /// the answer comes the number of the server's error, where it gave one.
    pub(super) async fn send(&mut self, statement: usize, sql: String, before: &str) -> (Answer, Option<u16>) {
        let mut session = match self.toi_session(before).await {
            Ok(session) => session,
            Err(error) => return (Answer::Failed(failed(error)), None),
        };
        let node = session.node().to_owned();
        self.tell(Event::ToiSent { node, statement, sql: without_secrets(&sql).into_owned() });
        let started = Instant::now();
        let mut work = tokio::spawn(async move {
            let outcome = session.execute(&sql, None).await;
            if session.is_usable() {
                session.close().await;
            }
            outcome
        });
        let mut next = Instant::now() + PROGRESS;
        let mut in_service = Instant::now();
        let outcome = loop {
            tokio::select! {
                biased;
                ended = &mut work => break ended,
                () = tokio::time::sleep_until(next) => {
                    next = Instant::now() + PROGRESS;
                    self.toi_progress(statement).await;
                    if self.is_in_service(0).await {
                        in_service = Instant::now();
                    } else if in_service.elapsed() > OUT_OF_SERVICE {
                        work.abort();
                        let text = format!(
                            "{} has been out of the cluster's primary component for {} s and does not answer the statement \
                             that was sent to it. Bring it back, then run `schema resume`, which looks what became of it.",
                            self.name(0),
                            OUT_OF_SERVICE.as_secs(),
                        );
                        return (Answer::Unsure(text), None);
                    }
                }
            }
        };
        // The node that answered is done; the others may still be at it, and only behind it can they be compared. Whether
        // they can be seen or not, what the server has answered stands.
        if let Err(why) = self.everywhere(statement, started.elapsed()).await {
            self.hint(format!("Not every node could be seen to have statement {statement} behind it: {why}"));
        }
        let seconds = started.elapsed().as_secs_f64();
        self.seconds.toi += seconds;
        let outcome = outcome
            .unwrap_or_else(|error| Err(ClusterError::Interrupted { node: String::new(), why: error.to_string() }));
        let error = outcome.as_ref().err().map(ToString::to_string);
        self.tell(Event::ToiFinished { statement, seconds, error });
        match outcome {
            Ok(_) => (Answer::Done, None),
            Err(error) if error.outcome_unknown() => (Answer::Unsure(error.to_string()), None),
            Err(error) => {
                let text = format!("Statement {statement} failed: {error}");
                (Answer::Failed(Fault::new(FaultKind::Failed, text)), error.code())
            }
        }
    }

    /// Waits until every node has committed what the first one has, the statement among it. Nodes are given ten times
    /// what the first one needed, and a minute: a slower disk is no failure.
    async fn everywhere(&mut self, statement: usize, needed: Duration) -> Result<(), String> {
        let deadline = Instant::now() + needed * 10 + Duration::from_secs(60);
        let target = self.last_committed(0).await?;
        let mut tell = Instant::now() + PROGRESS;
        for node in 1..self.nodes.len() {
            while self.last_committed(node).await? < target {
                if Instant::now() > deadline {
                    return Err(format!("{} has not finished the statement that the others have.", self.name(node)));
                }
                if Instant::now() > tell {
                    tell = Instant::now() + PROGRESS;
                    self.toi_progress(statement).await;
                }
                sleep(COMMITTED).await;
            }
        }
        Ok(())
    }

    /// Whether a node takes part in the cluster, as far as it says.
    async fn is_in_service(&mut self, node: usize) -> bool {
        let Ok(eye) = self.eye(node).await else { return false };
        provider(eye).await.is_ok_and(|now| now.ready && now.primary)
    }

    pub(super) async fn last_committed(&mut self, node: usize) -> Result<u64, String> {
        let seen = match self.eye(node).await {
            Ok(eye) => provider(eye).await,
            Err(error) => Err(error),
        };
        seen.map(|provider| provider.last_committed).map_err(|error| error.to_string())
    }

    pub(super) async fn toi_session(&self, before: &str) -> Result<Session, ClusterError> {
        let mut session = self.connector.session(&self.nodes[0]).await?;
        session
            .query_all(&format!(
                "SET SESSION wsrep_OSU_method = 'TOI', lock_wait_timeout = {LOCK_WAIT_SECONDS}{before}"
            ))
            .await?;
        Ok(session)
    }

    /// What each node does while the statement runs.
    async fn toi_progress(&mut self, statement: usize) {
        for node in 0..self.nodes.len() {
            let Ok(eye) = self.eye(node).await else { continue };
            let Ok(now) = provider(eye).await else { continue };
            let state = eye
                .query(
                    "SELECT STATE FROM information_schema.PROCESSLIST WHERE INFO REGEXP \
                     '^[[:space:]]*(alter|create|drop|rename|optimize|truncate|repair)[[:space:]]' AND ID <> CONNECTION_ID() LIMIT 1",
                )
                .await
                .and_then(|rows| rows.scalar::<Option<String>>());
            let state = state.ok().flatten().flatten().unwrap_or_default();
            let event = Event::ToiProgress { node: self.name(node), statement, state, queue: now.recv_queue };
            self.tell(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::cheap;

    #[test]
    fn an_inverse_in_toi_is_held_to_what_is_cheap() {
        for (sql, algorithm) in [
            ("ALTER TABLE `d`.`t` DROP COLUMN `c`", "NOCOPY"),
            ("ALTER TABLE `d`.`t` DROP KEY `k`, ADD COLUMN `c` INT AFTER `a`", "NOCOPY"),
            ("ALTER TABLE `d`.`t` ADD KEY `k` (`a`)", "INSTANT"),
            ("ALTER TABLE `d`.`t` DROP COLUMN `c`, ADD CONSTRAINT `x` CHECK (a > 0)", "INSTANT"),
        ] {
            assert_eq!(cheap(sql), format!("{sql}, ALGORITHM={algorithm}"));
        }
        assert_eq!(cheap("DROP TABLE `d`.`t`"), "DROP TABLE `d`.`t`");
    }
}
