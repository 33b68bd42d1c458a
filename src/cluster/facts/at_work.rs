//! Who is at work on a node: replicas, holders of locks, transactions.

use std::collections::{BTreeMap, BTreeSet};

use super::unseen;
use crate::cluster::{ClusterError, Rows, Session};
use crate::plan::facts::{Activity, Blocker, Replica, Seen, Unseen};

/// A statement's text is cut after this many characters.
const STATEMENT: usize = 200;
/// `Unknown table` of information_schema: the plugin behind it is not loaded.
const UNKNOWN_TABLE: u16 = 1109;

/// A thread of the server.
pub(super) struct Thread {
    id: u64,
    user: String,
    host: String,
    database: Option<String>,
    command: String,
    seconds: u64,
    state: String,
    statement: Option<String>,
    transaction_seconds: Option<u64>,
}

impl Thread {
    fn is_system(&self) -> bool {
        ["system user", "event_scheduler"].contains(&self.user.as_str())
            || ["Daemon", "Slave_IO", "Slave_SQL", "Slave_worker"].contains(&self.command.as_str())
    }

    fn is_replica(&self) -> bool {
        self.command.starts_with("Binlog Dump")
    }

    fn is_client(&self) -> bool {
        !self.is_system() && !self.is_replica()
    }

    /// Whether it may be using a table at this moment. An applier between two write sets says so in its state.
    fn is_busy(&self) -> bool {
        if self.is_system() {
            !self.state.is_empty()
                && !["idle", "committed", "Committed", "After apply log event"]
                    .iter()
                    .any(|word| self.state.contains(word))
        } else {
            self.is_client() && self.command != "Sleep"
        }
    }

    /// Whether it waits for somebody's lock: `Waiting for table metadata lock`, `Waiting for backup lock`, ...
    fn waits(&self) -> bool {
        self.state.starts_with("Waiting for ") && self.state.ends_with(" lock")
    }
}

/// Every thread but our own.
pub(super) async fn people(session: &mut Session) -> Result<Seen<Vec<Thread>>, ClusterError> {
    let own = session.thread_id();
    // INNODB_TRX comes first: without PROCESS it is refused, while the process list merely leaves the others out.
    let answer = session
        .query_all(&format!(
            "SELECT trx_mysql_thread_id, GREATEST(0, TIMESTAMPDIFF(SECOND, trx_started, NOW())) \
             FROM information_schema.innodb_trx WHERE trx_mysql_thread_id > 0; {THREADS}"
        ))
        .await;
    let sets = match answer {
        Ok(sets) => sets,
        Err(error @ ClusterError::Server { .. }) => return Ok(Err(unseen(&error))),
        Err(error) => return Err(error),
    };
    let [transactions, processes] = &sets[..] else {
        return Err(ClusterError::Shape { node: session.node().to_owned(), what: "two results were expected".into() });
    };
    let mut ages = BTreeMap::new();
    for row in transactions.iter() {
        ages.insert(row.get::<u64>(0)?, row.get::<u64>(1)?);
    }
    Ok(Ok(threads(processes, u64::from(own), &ages)?))
}

/// What a second look at the threads shows.
#[derive(Debug, Default)]
pub(super) struct Glance {
    /// Somebody is at work, or write sets of other nodes came in between the two looks.
    pub(super) busy: bool,
    /// Threads that wait for somebody's lock.
    pub(super) waiting: BTreeSet<u64>,
}

/// Looks at the threads once more.
pub(super) async fn glance(session: &mut Session) -> Result<Glance, ClusterError> {
    let own = u64::from(session.thread_id());
    let threads = threads(&session.query(THREADS).await?, own, &BTreeMap::new())?;
    let waiting = threads.iter().filter(|thread| thread.waits()).map(|thread| thread.id).collect();
    Ok(Glance { busy: threads.iter().any(Thread::is_busy), waiting })
}

/// By what locks show whose holders the server does not tell, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// Who waits for somebody's lock.
    pub waiting: Vec<Waiting>,
    /// Tables in use, database and name. LOCK TABLES keeps a table in use for as long as it is held.
    pub in_use: BTreeSet<(String, String)>,
    /// What those do who are at work, and may be using them: a client's statement, the state of an applier.
    pub at_work: Vec<String>,
}

/// A thread that waits for somebody's lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Whose it is: `user@host (thread n)`, or replication.
    pub who: String,
    /// Its statement; `None` for replication.
    pub statement: Option<String>,
    /// What it waits for, in the server's words.
    pub state: String,
}

/// Looks for them.
pub(super) async fn signs(session: &mut Session) -> Result<Signs, ClusterError> {
    let own = u64::from(session.thread_id());
    let sets = session.query_all(&format!("{THREADS}; {OPEN_TABLES}")).await?;
    let [people, open] = &sets[..] else {
        return Err(ClusterError::Shape { node: session.node().to_owned(), what: "two results were expected".into() });
    };
    let people = threads(people, own, &BTreeMap::new())?;
    let waiting = people.iter().filter(|thread| thread.waits()).map(|thread| match thread.is_system() {
        true => Waiting { who: "replication".to_owned(), statement: None, state: thread.state.clone() },
        false => Waiting {
            who: format!("{}@{} (thread {})", thread.user, thread.host, thread.id),
            statement: Some(thread.statement.clone().unwrap_or_default()),
            state: thread.state.clone(),
        },
    });
    let at_work = people.iter().filter(|thread| thread.is_busy()).map(|thread| match &thread.statement {
        Some(statement) if !thread.is_system() => statement.clone(),
        _ => thread.state.clone(),
    });
    Ok(Signs { waiting: waiting.collect(), in_use: tables(open)?.0, at_work: at_work.collect() })
}

/// InnoDB's list of transactions is left out: each look at it keeps the server from renewing it for a tenth of a second.
const THREADS: &str =
    "SELECT id, user, host, db, command, time, state, LEFT(info, 1000) FROM information_schema.processlist";

/// Reads the rows of [`THREADS`], all but our own. `ages` are those of transactions, by thread.
fn threads(rows: &Rows, own: u64, ages: &BTreeMap<u64, u64>) -> Result<Vec<Thread>, ClusterError> {
    let mut threads = Vec::new();
    for row in rows.iter() {
        let id = row.get(0)?;
        if id == own {
            continue;
        }
        threads.push(Thread {
            id,
            user: row.get(1)?,
            host: row.get(2)?,
            database: row.get(3)?,
            command: row.get(4)?,
            // A thread that has just begun is -1 seconds old on some versions.
            seconds: row.get::<i64>(5)?.try_into().unwrap_or(0),
            state: row.get::<Option<String>>(6)?.unwrap_or_default(),
            statement: row.get(7)?,
            transaction_seconds: ages.get(&id).copied(),
        });
    }
    Ok(threads)
}

/// A metadata lock.
pub(super) struct Lock {
    thread: u64,
    mode: String,
    kind: String,
    table: Option<String>,
}

/// Every metadata lock, by the `metadata_lock_info` plugin.
pub(super) async fn metadata_locks(session: &mut Session) -> Result<Seen<Vec<Lock>>, ClusterError> {
    let own = u64::from(session.thread_id());
    let sql =
        "SELECT thread_id, lock_mode, lock_type, table_schema, table_name FROM information_schema.metadata_lock_info";
    let rows = match session.query(sql).await {
        Ok(rows) => rows,
        Err(error) if error.code() == Some(UNKNOWN_TABLE) => {
            return Ok(Err(Unseen {
                why: "the server's plugin `metadata_lock_info` is not loaded".into(),
                grant: None,
            }));
        }
        Err(error @ ClusterError::Server { .. }) => return Ok(Err(unseen(&error))),
        Err(error) => return Err(error),
    };
    let mut locks = Vec::new();
    for row in rows.iter() {
        let (database, table): (Option<String>, Option<String>) = (row.get(3)?, row.get(4)?);
        let table = match (database, table) {
            (Some(database), Some(table)) if !table.is_empty() => Some(format!("{database}.{table}")),
            _ => None,
        };
        let lock = Lock {
            thread: row.get(0)?,
            mode: row.get::<Option<String>>(1)?.unwrap_or_default(),
            kind: row.get::<Option<String>>(2)?.unwrap_or_default(),
            table,
        };
        if lock.thread != own {
            locks.push(lock);
        }
    }
    Ok(Ok(locks))
}

/// Tables in use at a moment: a transaction between two statements uses none, LOCK TABLES does.
#[derive(Debug, Default)]
pub(super) struct OpenTables(BTreeSet<(String, String)>);

impl OpenTables {
    /// Leaves out the tables that were not in use at another look.
    pub(super) fn keep(&mut self, other: &Self) {
        self.0.retain(|table| other.0.contains(table));
    }

    /// Whether no table was in use at every look.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Tables in use.
pub(super) async fn open_tables(session: &mut Session) -> Result<Seen<OpenTables>, ClusterError> {
    match session.query(OPEN_TABLES).await {
        Ok(rows) => Ok(Ok(tables(&rows)?)),
        Err(error @ ClusterError::Server { .. }) => Ok(Err(unseen(&error))),
        Err(error) => Err(error),
    }
}

const OPEN_TABLES: &str = "SHOW OPEN TABLES WHERE In_use > 0";

fn tables(rows: &Rows) -> Result<OpenTables, ClusterError> {
    let mut open = OpenTables::default();
    for row in rows.iter() {
        open.0.insert((row.get(0)?, row.get(1)?));
    }
    Ok(open)
}

/// What the threads and locks mean for a schema change.
pub(super) struct Told {
    pub(super) replicas: Seen<Vec<Replica>>,
    pub(super) blockers: Seen<Vec<Blocker>>,
    pub(super) lock_holders: Seen<()>,
    pub(super) in_use: Vec<String>,
    pub(super) activity: Seen<Vec<Activity>>,
    pub(super) client_sessions: Seen<u64>,
}

/// Draws the conclusions. `open` are the tables in use at every look.
pub(super) fn tell(
    people: &Seen<Vec<Thread>>,
    locks: &Seen<Vec<Lock>>,
    open: Seen<OpenTables>,
    glance: &Glance,
) -> Told {
    let lock_holders = locks.as_ref().map(|_| ()).map_err(Clone::clone);
    let people = match people {
        Ok(people) => people,
        Err(why) => {
            return Told {
                replicas: Err(why.clone()),
                blockers: Err(why.clone()),
                lock_holders,
                in_use: Vec::new(),
                activity: Err(why.clone()),
                client_sessions: Err(why.clone()),
            };
        }
    };
    let replicas = people
        .iter()
        .filter(|thread| thread.is_replica())
        .map(|thread| Replica { thread_id: thread.id, user: thread.user.clone(), host: thread.host.clone() })
        .collect();
    let mut activity: Vec<Activity> = people
        .iter()
        .filter(|thread| thread.is_client() && (thread.command != "Sleep" || thread.transaction_seconds.is_some()))
        .map(|thread| Activity {
            thread_id: thread.id,
            user: thread.user.clone(),
            host: thread.host.clone(),
            database: thread.database.clone(),
            command: thread.command.clone(),
            seconds: thread.seconds,
            transaction_seconds: thread.transaction_seconds,
            statement: thread.statement.as_ref().map(|text| text.chars().take(STATEMENT).collect()),
            // A wait that is over at the second look is no sign of a lock that is held.
            waits_for: (thread.waits() && glance.waiting.contains(&thread.id)).then(|| thread.state.clone()),
            tables: locks.as_ref().ok().map(|locks| tables_of(thread.id, locks)),
        })
        .collect();
    activity.sort_by_key(|one| std::cmp::Reverse(one.transaction_seconds.max(Some(one.seconds))));
    // Anybody at work may be using any table, by way of a view, a trigger or a foreign key.
    let busy = glance.busy || people.iter().any(Thread::is_busy);
    let names = |open: &OpenTables| open.0.iter().map(|(database, table)| format!("{database}.{table}")).collect();
    let at_rest = open.as_ref().ok().filter(|_| !busy).map(names).unwrap_or_default();
    let in_use = open.as_ref().ok().filter(|_| busy && locks.is_err()).map(names).unwrap_or_default();
    Told {
        replicas: Ok(replicas),
        blockers: open.map(|_| blockers(people, locks, at_rest, glance)),
        lock_holders,
        in_use,
        activity: Ok(activity),
        client_sessions: Ok(people.iter().filter(|thread| thread.is_client()).count() as u64),
    }
}

fn tables_of(thread: u64, locks: &[Lock]) -> Vec<String> {
    let mut tables: Vec<String> =
        locks.iter().filter(|lock| lock.thread == thread).filter_map(|lock| lock.table.clone()).collect();
    tables.sort();
    tables.dedup();
    tables
}

/// With the plugin, every lock that TOI cannot break is named with its holder. Without it, what remains visible is who
/// says in the process list that he takes one, replication that waits for one, and tables that are in use while nobody is
/// at work (`at_rest`): LOCK TABLES on a node without load. A FLUSH TABLES WITH READ LOCK or a backup stage also pauses the
/// provider, so `wsrep_desync_count` shows it in any case.
fn blockers(people: &[Thread], locks: &Seen<Vec<Lock>>, at_rest: Vec<String>, glance: &Glance) -> Vec<Blocker> {
    let mut blockers: Vec<Blocker> = Vec::new();
    let who = |id: u64| match people.iter().find(|thread| thread.id == id) {
        Some(thread) => format!("{}@{}", thread.user, thread.host),
        None => format!("thread {id}"),
    };
    // An applier's locks are DDL of the cluster itself, which is in order already.
    let of_system = |id: u64| people.iter().any(|thread| thread.id == id && thread.is_system());
    for lock in locks.iter().flatten().filter(|lock| !of_system(lock.thread)) {
        let what = match (lock.kind.as_str(), lock.mode.as_str()) {
            ("Backup lock", "MDL_BACKUP_FTWRL1" | "MDL_BACKUP_FTWRL2") => "FLUSH TABLES WITH READ LOCK".to_owned(),
            ("Backup lock", mode)
                if ["START", "FLUSH", "WAIT_FLUSH", "WAIT_DDL", "WAIT_COMMIT"]
                    .iter()
                    .any(|stage| mode.strip_prefix("MDL_BACKUP_") == Some(stage)) =>
            {
                format!("a backup stage ({mode})")
            }
            ("Global read lock", mode) => format!("a global read lock ({mode})"),
            (
                "Table metadata lock",
                "MDL_SHARED_READ_ONLY" | "MDL_SHARED_NO_WRITE" | "MDL_SHARED_NO_READ_WRITE" | "MDL_EXCLUSIVE",
            ) => {
                format!("LOCK TABLES or DDL ({})", lock.mode)
            }
            _ => continue,
        };
        blockers.push(Blocker { thread_id: Some(lock.thread), who: who(lock.thread), what, table: lock.table.clone() });
    }
    for thread in people.iter().filter(|thread| thread.is_client()) {
        let statement = thread.statement.as_deref().unwrap_or_default().trim_start().to_uppercase();
        let says = [
            "BACKUP STAGE",
            "FLUSH TABLES WITH READ LOCK",
            "FLUSH TABLE WITH READ LOCK",
            "FLUSH LOCAL TABLES WITH READ",
        ]
        .iter()
        .any(|words| statement.starts_with(words));
        if says && !blockers.iter().any(|blocker| blocker.thread_id == Some(thread.id)) {
            let what = statement.chars().take(60).collect();
            blockers.push(Blocker { thread_id: Some(thread.id), who: who(thread.id), what, table: None });
        }
    }
    // An applier ends whoever is in its way, but not holders of LOCK TABLES. Where the holder is known he is named above.
    let stuck = |thread: &&Thread| thread.is_system() && thread.waits() && glance.waiting.contains(&thread.id);
    if let Some(applier) = people.iter().find(stuck).filter(|_| locks.is_err()) {
        let what = format!("a lock that replication waits for ({})", applier.state);
        blockers.push(Blocker { thread_id: None, who: "somebody".to_owned(), what, table: None });
    }
    for name in at_rest {
        if !blockers.iter().any(|blocker| blocker.table.as_ref() == Some(&name)) {
            blockers.push(Blocker {
                thread_id: None,
                who: "a session that is not at work".to_owned(),
                what: "LOCK TABLES".to_owned(),
                table: Some(name),
            });
        }
    }
    blockers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread(id: u64, user: &str, command: &str, statement: Option<&str>) -> Thread {
        Thread {
            id,
            user: user.into(),
            host: "h:1".into(),
            database: None,
            command: command.into(),
            seconds: 3,
            state: String::new(),
            statement: statement.map(Into::into),
            transaction_seconds: None,
        }
    }

    fn open(tables: &[&str]) -> Seen<OpenTables> {
        Ok(OpenTables(tables.iter().map(|table| ("app".to_owned(), (*table).to_owned())).collect()))
    }

    fn no_plugin() -> Seen<Vec<Lock>> {
        Err(Unseen { why: "not loaded".into(), grant: None })
    }

    fn quiet() -> Glance {
        Glance::default()
    }

    fn busy() -> Glance {
        Glance { busy: true, ..Glance::default() }
    }

    #[test]
    fn a_table_in_use_that_nobody_uses_is_locked() {
        let people = Ok(vec![thread(1, "system user", "Sleep", None), thread(7, "app", "Sleep", None)]);
        let told = tell(&people, &no_plugin(), open(&["t"]), &quiet());
        assert_eq!(told.blockers.unwrap()[0].table.as_deref(), Some("app.t"));
        // Write sets that came in, an applier inside of one, or anybody's statement explain it.
        assert_eq!(tell(&people, &no_plugin(), open(&["t"]), &busy()).blockers.unwrap(), []);
        let mut applier = thread(1, "system user", "Sleep", None);
        applier.state = "Write_rows_log_event::write_row(3) on table `t`".into();
        for busy in [applier, thread(7, "app", "Query", Some("call p()"))] {
            let told = tell(&Ok(vec![busy]), &no_plugin(), open(&["t"]), &quiet());
            assert_eq!(told.blockers.unwrap(), []);
            // But nobody can say that it is not locked.
            assert_eq!(told.in_use, ["app.t"]);
        }
        assert!(tell(&people, &no_plugin(), open(&["t"]), &quiet()).lock_holders.is_err());
    }

    #[test]
    fn replication_that_waits_shows_a_lock() {
        let mut applier = thread(2, "system user", "Sleep", None);
        applier.state = "Waiting for table metadata lock".into();
        let mut client = thread(7, "app", "Query", Some("insert into t values (1)"));
        client.state = applier.state.clone();
        let people = Ok(vec![applier, client]);
        let still = Glance { busy: true, waiting: [2, 7].into() };
        let told = tell(&people, &no_plugin(), open(&[]), &still);
        assert_eq!(told.blockers.unwrap()[0].who, "somebody");
        assert_eq!(told.activity.unwrap()[0].waits_for.as_deref(), Some("Waiting for table metadata lock"));
        // A wait that is over is none; and the plugin names the holder.
        let told = tell(&people, &no_plugin(), open(&[]), &busy());
        assert_eq!((told.blockers.unwrap().len(), &told.activity.unwrap()[0].waits_for), (0, &None));
        let told = tell(&people, &Ok(Vec::new()), open(&[]), &still);
        assert_eq!((told.blockers.unwrap().len(), told.lock_holders, told.in_use.len()), (0, Ok(()), 0));
    }

    #[test]
    fn with_the_plugin_the_holder_is_named() {
        let people = Ok(vec![thread(7, "backup", "Sleep", None), thread(8, "app", "Sleep", None)]);
        let lock = |thread, mode: &str, kind: &str, table: Option<&str>| Lock {
            thread,
            mode: mode.into(),
            kind: kind.into(),
            table: table.map(Into::into),
        };
        let locks = Ok(vec![
            lock(7, "MDL_BACKUP_FTWRL2", "Backup lock", None),
            lock(8, "MDL_SHARED_WRITE", "Table metadata lock", Some("app.t")),
            lock(8, "MDL_BACKUP_TRANS_DML", "Backup lock", None),
        ]);
        let told = tell(&people, &locks, open(&[]), &quiet());
        let blockers = told.blockers.unwrap();
        assert_eq!(blockers.len(), 1);
        assert_eq!((blockers[0].thread_id, blockers[0].who.as_str()), (Some(7), "backup@h:1"));
    }

    #[test]
    fn replicas_and_system_threads_are_no_clients() {
        let people = Ok(vec![
            thread(1, "system user", "Sleep", None),
            thread(2, "repl", "Binlog Dump", None),
            thread(3, "app", "Sleep", None),
        ]);
        let told = tell(&people, &no_plugin(), open(&[]), &quiet());
        assert_eq!(told.client_sessions, Ok(1));
        assert_eq!(told.replicas.unwrap()[0].user, "repl");
        assert!(told.activity.unwrap().is_empty());
    }

    #[test]
    fn without_the_process_privilege_nothing_is_taken_for_quiet() {
        let people = Err(Unseen { why: "denied".into(), grant: Some("GRANT PROCESS ON *.* TO CURRENT_USER".into()) });
        let told = tell(&people, &no_plugin(), open(&[]), &quiet());
        assert!(told.blockers.is_err() && told.activity.is_err() && told.client_sessions.is_err());
    }
}
