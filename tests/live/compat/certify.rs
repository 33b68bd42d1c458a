//! Conflicting writes at the same moment on nodes with different schemas. Nodes find them by the keys of rows: where
//! a change alters those keys, a conflict passes unnoticed.
//!
//! The moment is made to last: a table lock holds up what the second node applies, so that it cannot know what the
//! first one committed when it sends its own write.

use std::time::{Duration, Instant};

use galera_schema::ddl::Rolling;
use galera_schema::sandbox::Error;
use mysql_async::prelude::Queryable;

use super::lab::{Lab, Outcome, roll, session};

/// One pair of writes.
pub struct Race {
    setup: &'static [&'static str],
    pub alter: &'static str,
    /// What the changed node commits first, and what the unchanged one does then.
    changed: &'static str,
    unchanged: &'static str,
    window: bool,
    /// The second write is refused (error 1213), as it is when both nodes have one schema.
    pub noticed: bool,
    pub daily: bool,
}

const KEYED: &[&str] = &[
    "CREATE TABLE $t (id INT NOT NULL PRIMARY KEY, n INT NOT NULL DEFAULT 0, a INT, u INT, w INT NOT NULL, \
     s VARCHAR(20), e ENUM('x','y'), UNIQUE KEY uw (w), UNIQUE KEY uu (u), UNIQUE KEY us (s), UNIQUE KEY ue (e, a), \
     KEY ka (a)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3",
    "INSERT INTO $t (id, n, a, u, w, s) SELECT seq, 0, seq, seq, seq, CONCAT('s', seq) FROM seq_1_to_9",
];

/// One key only, so that no other key notices what it misses.
const SINGLE: &[&str] = &[
    "CREATE TABLE $t (id INT NOT NULL PRIMARY KEY, n INT NOT NULL DEFAULT 0) ENGINE=InnoDB",
    "INSERT INTO $t SELECT seq, 0 FROM seq_1_to_9",
];

const TEXTUAL: &[&str] = &[
    "CREATE TABLE $t (id VARCHAR(20) NOT NULL PRIMARY KEY, n INT NOT NULL DEFAULT 0) ENGINE=InnoDB CHARSET=utf8mb3",
    "INSERT INTO $t SELECT seq, 0 FROM seq_1_to_9",
];

const KEYLESS: &[&str] = &[
    "CREATE TABLE $t (id INT NOT NULL, n INT NOT NULL DEFAULT 0) ENGINE=InnoDB",
    "INSERT INTO $t SELECT seq, 0 FROM seq_1_to_9",
];

const FAMILY: &[&str] = &[
    "CREATE TABLE $tq (id INT NOT NULL PRIMARY KEY, v INT, UNIQUE KEY uv (v)) ENGINE=InnoDB",
    "INSERT INTO $tq SELECT seq, seq FROM seq_1_to_9",
    "CREATE TABLE $t (id INT NOT NULL PRIMARY KEY, n INT, p INT, KEY kn (n), KEY kp (p), \
     CONSTRAINT fk FOREIGN KEY (p) REFERENCES $tq (id)) ENGINE=InnoDB",
    "INSERT INTO $t SELECT seq, seq, seq FROM seq_1_to_3",
];

/// Both nodes change the same row.
const fn update(setup: &'static [&'static str], alter: &'static str, noticed: bool) -> Race {
    let sql = "UPDATE $t SET n = n + 1 WHERE id = '5'";
    Race { setup, alter, changed: sql, unchanged: sql, window: false, noticed, daily: false }
}

/// The row that one changes is deleted by the other.
const fn gone(setup: &'static [&'static str], alter: &'static str, noticed: bool) -> Race {
    let changed = "DELETE FROM $t WHERE id = '5'";
    let unchanged = "UPDATE $t SET n = 9 WHERE id = '5'";
    Race { setup, alter, changed, unchanged, window: false, noticed, daily: false }
}

const fn both(alter: &'static str, changed: &'static str, unchanged: &'static str, noticed: bool) -> Race {
    Race { setup: KEYED, alter, changed, unchanged, window: false, noticed, daily: false }
}

const SAME_U: [&str; 2] =
    ["INSERT INTO $t (id, u, w) VALUES (100, 77, 100)", "INSERT INTO $t (id, u, w) VALUES (101, 77, 101)"];
const SAME_S: [&str; 2] =
    ["INSERT INTO $t (id, s, w) VALUES (100, 'new', 100)", "INSERT INTO $t (id, s, w) VALUES (101, 'new', 101)"];
const SAME_E: [&str; 2] = [
    "INSERT INTO $t (id, e, a, w) VALUES (100, 'x', 7, 100)",
    "INSERT INTO $t (id, e, a, w) VALUES (101, 'x', 7, 101)",
];

impl Race {
    const fn window(self) -> Self {
        Self { window: true, ..self }
    }

    const fn daily(self) -> Self {
        Self { daily: true, ..self }
    }
}

#[rustfmt::skip]
pub const RACES: &[Race] = &[
    // What leaves the keys as they are.
    update(KEYED, "COMMENT='x'", true).daily(),
    update(KEYED, "ADD COLUMN q INT", true),
    update(KEYED, "DROP KEY ka, ADD KEY kn (n)", true),
    update(KEYED, "MODIFY id INT UNSIGNED NOT NULL", true),
    both("ADD KEY kn (n)", SAME_U[0], SAME_U[1], true),
    both("MODIFY u INT UNSIGNED", SAME_U[0], SAME_U[1], true),
    both("MODIFY e ENUM('x','y','z')", SAME_E[0], SAME_E[1], true),
    both("ADD UNIQUE KEY u2 (a, u)", SAME_U[0], SAME_U[1], true),
    both("DROP KEY ue", SAME_U[0], SAME_U[1], true),
    update(KEYLESS, "COMMENT='x'", true),
    update(KEYED, "DROP KEY uw, DROP KEY uu, DROP KEY us, DROP KEY ue PARTITION BY HASH (id) PARTITIONS 3", true),
    // What alters them, or their order.
    both("ADD UNIQUE KEY un (n, id)", SAME_S[0], SAME_S[1], false),
    update(SINGLE, "MODIFY id BIGINT NOT NULL", false).window().daily(),
    gone(SINGLE, "MODIFY id BIGINT NOT NULL", false).window(),
    update(SINGLE, "MODIFY id SMALLINT NOT NULL", false).window(),
    update(SINGLE, "MODIFY id INT UNSIGNED NOT NULL", true),
    update(SINGLE, "MODIFY id INT NOT NULL AUTO_INCREMENT", true),
    update(SINGLE, "DROP PRIMARY KEY, ADD PRIMARY KEY (id, n)", false),
    gone(SINGLE, "DROP PRIMARY KEY, ADD PRIMARY KEY (id, n)", false),
    update(SINGLE, "DROP PRIMARY KEY, ADD UNIQUE KEY ui (id)", true),
    update(SINGLE, "DROP PRIMARY KEY", false),
    gone(SINGLE, "DROP PRIMARY KEY", false),
    update(SINGLE, "ADD UNIQUE KEY un (id, n)", true),
    update(SINGLE, "ADD KEY un (n)", true),
    update(SINGLE, "PARTITION BY HASH (id) PARTITIONS 3", true),
    update(TEXTUAL, "MODIFY id VARCHAR(60) NOT NULL", true).window(),
    update(TEXTUAL, "MODIFY id CHAR(20) NOT NULL", false).window(),
    update(TEXTUAL, "MODIFY id VARCHAR(20) CHARACTER SET utf8mb4 NOT NULL", true).window(),
    update(TEXTUAL, "MODIFY id VARCHAR(20) CHARACTER SET latin1 NOT NULL", false).window(),
    update(TEXTUAL, "MODIFY id VARBINARY(20) NOT NULL", false).window(),
    gone(KEYLESS, "ADD PRIMARY KEY (id)", false),
    update(KEYLESS, "ADD PRIMARY KEY (id)", false),
    update(KEYLESS, "ADD UNIQUE KEY ui (id)", false),
    both("MODIFY u BIGINT", SAME_U[0], SAME_U[1], false).window(),
    both("MODIFY u INT NOT NULL", SAME_U[0], SAME_U[1], false),
    both("DROP KEY uw", SAME_U[0], SAME_U[1], false),
    both("DROP KEY uu", SAME_S[0], SAME_S[1], false),
    both("MODIFY s VARCHAR(60)", SAME_S[0], SAME_S[1], true).window(),
    both("MODIFY s VARCHAR(20) COLLATE utf8mb3_bin", SAME_S[0], SAME_S[1], false),
    both("MODIFY s VARCHAR(20) CHARACTER SET utf8mb4", SAME_S[0], SAME_S[1], true).window(),
    both("DROP KEY ka, DROP KEY ue, ADD UNIQUE KEY ue (e, a)", SAME_E[0], SAME_E[1], true),
    // A parent goes while a child comes.
    Race { setup: FAMILY, alter: "DROP KEY kn", changed: "DELETE FROM $tq WHERE id = 7", unchanged: "INSERT INTO $t VALUES (50, 1, 7)", window: false, noticed: true, daily: false },
    Race { setup: FAMILY, alter: "ADD KEY kx (n, p)", changed: "INSERT INTO $t VALUES (50, 1, 7)", unchanged: "DELETE FROM $tq WHERE id = 7", window: false, noticed: true, daily: false },
    Race { setup: FAMILY, alter: "ADD UNIQUE KEY kx (n, id)", changed: "INSERT INTO $t VALUES (50, 1, 7)", unchanged: "DELETE FROM $tq WHERE id = 7", window: false, noticed: true, daily: false },
];

impl Lab {
    /// Runs a race. In the answer: what the second write was told, and what became of the rows.
    pub async fn race(&mut self, race: &Race) -> Result<(Rolling, Result<(), String>, Outcome), Error> {
        let mut setup: Vec<String> = race.setup.iter().map(|sql| (*sql).to_owned()).collect();
        setup.push("CREATE TABLE $p (id INT NOT NULL PRIMARY KEY, v INT NOT NULL) ENGINE=InnoDB".to_owned());
        setup.push("INSERT INTO $p VALUES (1, 0)".to_owned());
        let alter = format!("ALTER TABLE $t {}", race.alter);
        let (prediction, named) = self.prepare(&setup, &alter, None).await?.unwrap_or_else(|why| panic!("{why}"));
        self.conversions(race.window).await?;
        let (changed, unchanged) = (self.nodes()[0].clone(), self.nodes()[1].clone());
        roll(&changed, &named(&alter)).await?.unwrap_or_else(|why| panic!("{alter}: {why}"));
        assert!(self.settled().await);

        let mut lock = session(&unchanged).await?;
        lock.query_drop(named("LOCK TABLES $p READ")).await.unwrap();
        let mut first = session(&changed).await?;
        first.query_drop(named("UPDATE $p SET v = v + 1")).await.unwrap();
        first.query_drop(named(race.changed)).await.unwrap();
        // In a transaction, because a statement of its own would be tried again silently.
        let mut second = session(&unchanged).await?;
        second.query_drop("BEGIN").await.unwrap();
        second.query_drop(named(race.unchanged)).await.unwrap();
        let sent = async || unchanged.status("wsrep_replicated").await;
        let before = sent().await?;
        let second = tokio::spawn(async move { second.query_drop("COMMIT").await });
        let deadline = Instant::now() + Duration::from_secs(5);
        while !second.is_finished() && sent().await? == before {
            assert!(Instant::now() < deadline, "{alter}: the second write does not reach the cluster");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        lock.query_drop("UNLOCK TABLES").await.unwrap();
        let answer = second.await.unwrap();
        let answer = answer.map_err(|error| error.to_string());
        let mut outcome = if self.settled().await { Outcome::Same } else { Outcome::Lost };
        if outcome == Outcome::Same && !self.same_rows(&named("$t"), "*").await? {
            outcome = Outcome::Differ;
        }
        self.conversions(false).await?;
        Ok((prediction, answer, outcome))
    }
}
