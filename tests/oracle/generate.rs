//! Tables and clauses, alone and in pairs, from a seed.

use crate::clauses::{CLAUSES, EXTRAS, Extra, PARTITION_STATEMENTS, RARE, STATEMENTS, TOGETHER};

/// A small generator of numbers (splitmix64): the same seed gives the same sample on every machine.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

/// A table to try a statement on.
pub(crate) struct Case {
    /// Statements that make the tables `t`, `p` and `other` and fill them.
    pub(crate) setup: Vec<String>,
    /// The statement to judge.
    pub(crate) statement: String,
}

/// A table, and what belongs to it alone.
struct Made {
    setup: Vec<String>,
    extras: Vec<&'static Extra>,
    partitioned: bool,
}

/// Settings of the session that decide what a statement does. A server that does not know one is not asked.
const SETTINGS: &[&str] = &[
    "SET SESSION foreign_key_checks = 0",
    "SET SESSION foreign_key_checks = 0",
    "SET SESSION sql_mode = ''",
    "SET SESSION sql_mode = 'NO_ZERO_DATE'",
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE'",
    "SET SESSION sql_mode = 'TRADITIONAL'",
    "SET SESSION old_mode = 'LOCK_ALTER_TABLE_COPY'",
    "SET SESSION alter_algorithm = 'COPY'",
    "SET SESSION alter_algorithm = 'INPLACE'",
    "SET SESSION explicit_defaults_for_timestamp = 0",
    "SET SESSION system_versioning_alter_history = KEEP",
];

/// One case.
pub(crate) fn case(dice: &mut Dice) -> Case {
    let mut setup = vec![
        "CREATE TABLE p (id INT PRIMARY KEY, k INT NOT NULL, UNIQUE (k)) ENGINE=InnoDB".to_owned(),
        "INSERT INTO p VALUES (1,1),(2,2),(3,3)".to_owned(),
        "CREATE SEQUENCE sq".to_owned(),
    ];
    let made = if dice.one_in(40) { odd_table(dice) } else { table(dice) };
    setup.extend(made.setup);
    if dice.one_in(12) {
        setup.push(dice.pick(SETTINGS).to_owned());
    }
    let statement = statement(dice, &made.extras, made.partitioned);
    Case { setup, statement }
}

/// Tables of engines that take no keys, or no column without NOT NULL, and a sequence.
fn odd_table(dice: &mut Dice) -> Made {
    let columns = "id INT NOT NULL, a INT NOT NULL, b VARCHAR(20) NOT NULL, n INT NOT NULL DEFAULT 0";
    let setup = match dice.below(5) {
        0 => vec![format!("CREATE TABLE t ({columns}) ENGINE=CSV"), "INSERT INTO t VALUES (1,1,'b',1)".into()],
        1 => vec![format!("CREATE TABLE t ({columns}) ENGINE=ARCHIVE"), "INSERT INTO t VALUES (1,1,'b',1)".into()],
        2 => vec![
            format!("CREATE TABLE m1 ({columns}, KEY ka (a)) ENGINE=MyISAM"),
            "CREATE TABLE m2 LIKE m1".into(),
            "INSERT INTO m1 VALUES (1,1,'b',1)".into(),
            format!("CREATE TABLE t ({columns}, KEY ka (a)) ENGINE=MERGE UNION=(m1, m2) INSERT_METHOD=LAST"),
        ],
        3 => vec![
            format!("CREATE TEMPORARY TABLE t ({columns}, KEY ka (a), PRIMARY KEY (id)) ENGINE=InnoDB"),
            "INSERT INTO t VALUES (1,1,'b',1)".into(),
        ],
        _ => vec!["CREATE SEQUENCE t".into()],
    };
    Made { setup, extras: Vec::new(), partitioned: false }
}

fn table(dice: &mut Dice) -> Made {
    let engine = dice.pick(&[
        "InnoDB", "InnoDB", "InnoDB", "InnoDB", "InnoDB", "InnoDB", "InnoDB", "InnoDB", "MyISAM", "Aria", "MEMORY",
    ]);
    let innodb = engine == "InnoDB";
    let memory = engine == "MEMORY";
    let partition = match dice.below(12) {
        0 => "PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (3), PARTITION p1 VALUES LESS THAN (1000))",
        1 => "PARTITION BY HASH (id) PARTITIONS 3",
        2 => dice.pick(&[
            "PARTITION BY KEY (id) PARTITIONS 2",
            "PARTITION BY LIST (id) (PARTITION p0 VALUES IN (1,2,3), PARTITION p1 VALUES IN (4,5,6,7,8))",
            "PARTITION BY RANGE COLUMNS (id) (PARTITION p0 VALUES LESS THAN (3), PARTITION p1 VALUES LESS THAN (MAXVALUE))",
            "PARTITION BY LINEAR HASH (id) PARTITIONS 2",
            "PARTITION BY SYSTEM_TIME (PARTITION p0 HISTORY, PARTITION pn CURRENT)",
            "PARTITION BY RANGE (id) SUBPARTITION BY HASH (id) SUBPARTITIONS 2 (PARTITION p0 VALUES LESS THAN (3), PARTITION p1 VALUES LESS THAN (1000))",
            "PARTITION BY RANGE (id) SUBPARTITION BY KEY (id) SUBPARTITIONS 2 (PARTITION p0 VALUES LESS THAN (3), PARTITION p1 VALUES LESS THAN (1000))",
            "PARTITION BY KEY () PARTITIONS 2",
            "PARTITION BY LIST COLUMNS (id) (PARTITION p0 VALUES IN (1,2,3), PARTITION p1 DEFAULT)",
            "PARTITION BY LIST (id MOD 3) (PARTITION p0 VALUES IN (0,1), PARTITION p1 VALUES IN (2))",
            "PARTITION BY RANGE (id * 2) (PARTITION p0 VALUES LESS THAN (3), PARTITION p1 VALUES LESS THAN (1000))",
            "PARTITION BY SYSTEM_TIME INTERVAL 1 DAY PARTITIONS 3",
            "PARTITION BY SYSTEM_TIME LIMIT 100 (PARTITION p0 HISTORY, PARTITION p1 HISTORY, PARTITION pn CURRENT)",
            "PARTITION BY SYSTEM_TIME SUBPARTITION BY KEY (id) SUBPARTITIONS 2 (PARTITION p0 HISTORY, PARTITION pn CURRENT)",
            "PARTITION BY SYSTEM_TIME INTERVAL 1 DAY STARTS '2026-01-01' PARTITIONS 3",
        ]),
        _ => "",
    };
    let versioned = partition.contains("SYSTEM_TIME") || (!memory && dice.one_in(14));
    let text = if memory { "VARCHAR(300)" } else { "TEXT" };
    let mut columns: Vec<String> = [
        "id INT NOT NULL",
        "a INT",
        "b VARCHAR(20)",
        "c CHAR(10)",
        "d DECIMAL(8,2)",
        "e ENUM('x','y')",
        "f SET('m','n')",
        "n INT NOT NULL DEFAULT 0",
    ]
    .map(str::to_owned)
    .to_vec();
    columns.push(format!("t {text}"));
    for extra in [
        "ts TIMESTAMP NULL",
        "dt DATETIME NOT NULL DEFAULT '2020-01-01'",
        "u VARCHAR(100) NOT NULL DEFAULT ''",
        "w VARCHAR(300)",
    ] {
        columns.push(extra.to_owned());
    }
    let mut keys: Vec<&str> = Vec::new();
    match dice.below(10) {
        0 => keys.push("PRIMARY KEY (id, n)"),
        1 => keys.push("UNIQUE KEY uid (id)"),
        2 if partition.is_empty() => {}
        3 if partition.is_empty() => keys.push("UNIQUE KEY ua (a)"),
        4 => keys.extend(["UNIQUE KEY uid (id)", "UNIQUE KEY uid2 (id, n)"]),
        5 => {
            columns[0] = "id INT NOT NULL AUTO_INCREMENT".into();
            keys.push("PRIMARY KEY (id)");
        }
        _ => keys.push("PRIMARY KEY (id)"),
    }
    for (one_in, key) in [
        (3, "KEY ka (a)"),
        (5, "KEY kb (b)"),
        (8, "KEY kab (a, b)"),
        (9, "KEY kc (c(4))"),
        (9, "KEY kd (d DESC)"),
        (12, "KEY ku (u)"),
        (14, "KEY kn (n) COMMENT 'n'"),
        (14, "KEY kig (n, a) IGNORED"),
        (14, "KEY kbt (a) USING BTREE"),
    ] {
        if dice.one_in(one_in) {
            keys.push(key);
        }
    }
    if partition.is_empty() && dice.one_in(10) {
        keys.push("UNIQUE KEY ub (b)");
    }
    if !memory {
        if dice.one_in(14) {
            keys.push("KEY kt (t(10))");
        }
        if dice.one_in(14) && partition.is_empty() {
            keys.push("UNIQUE KEY hash_t (t)");
        }
        if dice.one_in(12) && partition.is_empty() {
            keys.push("FULLTEXT KEY ft (t)");
            if dice.one_in(4) {
                keys.push("FULLTEXT KEY ft2 (u)");
            }
        }
        if dice.one_in(20) && partition.is_empty() {
            columns.push("g POINT NOT NULL DEFAULT (POINT(1,1))".into());
            keys.push("SPATIAL KEY sp (g)");
        }
        if dice.one_in(9) {
            columns.push("v INT AS (n + 1) VIRTUAL".into());
            if dice.one_in(2) {
                keys.push("KEY kv (v)");
            }
        }
        if dice.one_in(12) {
            columns.push("s INT AS (n + 2) STORED".into());
        }
    }
    if dice.one_in(12) {
        keys.push("CONSTRAINT ck CHECK (n < 100000)");
    }
    if dice.one_in(25) {
        columns.push("jc INT DEFAULT 7 CHECK (jc > 0)".into());
    }
    if innodb && partition.is_empty() && dice.one_in(10) {
        keys.push(dice.pick(&[
            "CONSTRAINT fk FOREIGN KEY (a) REFERENCES p (id)",
            "CONSTRAINT fk FOREIGN KEY (a) REFERENCES p (id) ON DELETE CASCADE",
            "CONSTRAINT fk FOREIGN KEY (n) REFERENCES p (k) ON UPDATE CASCADE",
        ]));
    }
    if dice.one_in(25) {
        columns.push("inv INT DEFAULT 3 INVISIBLE".into());
    }
    if innodb && dice.one_in(25) {
        columns.push("z VARCHAR(200) COMPRESSED".into());
    }
    let mut period = "";
    if dice.one_in(20) && partition.is_empty() {
        columns.push("ps DATE NOT NULL DEFAULT '2020-01-01'".into());
        columns.push("pe DATE NOT NULL DEFAULT '2021-01-01'".into());
        keys.push("PERIOD FOR app (ps, pe)");
        if dice.one_in(2) {
            period = "UNIQUE (id, app WITHOUT OVERLAPS)";
        }
    }
    let mut extras: Vec<&'static Extra> = Vec::new();
    for _ in 0..[0, 0, 1, 1, 2, 3][dice.below(6)] {
        let one = &EXTRAS[dice.below(EXTRAS.len())];
        if !extras.iter().any(|other| other.part == one.part) {
            extras.push(one);
        }
    }
    let mut parts = columns;
    parts.extend(extras.iter().map(|extra| extra.part.to_owned()));
    parts.extend(keys.into_iter().map(str::to_owned));
    if !period.is_empty() {
        parts.push(period.to_owned());
    }
    let mut options = format!("ENGINE={engine}");
    if innodb {
        let format = dice.pick(&[
            "",
            "",
            "",
            "",
            " ROW_FORMAT=DYNAMIC",
            " ROW_FORMAT=REDUNDANT",
            " ROW_FORMAT=COMPACT",
            " ROW_FORMAT=COMPRESSED",
        ]);
        options.push_str(format);
        if dice.one_in(20) {
            options.push_str(" PAGE_COMPRESSED=1");
        }
        options.push_str(match dice.below(30) {
            0 => " ENCRYPTED=YES",
            1 => " KEY_BLOCK_SIZE=4",
            2 => " STATS_PERSISTENT=1",
            _ => "",
        });
    } else if dice.one_in(4) {
        options.push_str(dice.pick(&[
            " ROW_FORMAT=FIXED",
            " ROW_FORMAT=DYNAMIC",
            " CHECKSUM=1",
            " PACK_KEYS=1",
            " MAX_ROWS=1000",
            " TRANSACTIONAL=0",
            " PAGE_CHECKSUM=0",
            " DELAY_KEY_WRITE=1",
        ]));
    }
    options.push_str(dice.pick(&[
        " DEFAULT CHARSET=utf8mb4",
        " DEFAULT CHARSET=utf8mb4",
        " DEFAULT CHARSET=latin1",
        " DEFAULT CHARSET=utf8mb3",
        " DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
        " DEFAULT CHARSET=ascii",
        " DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_uca1400_ai_ci",
        "",
    ]));
    if versioned {
        options.push_str(" WITH SYSTEM VERSIONING");
    }
    let mut setup = vec![format!("CREATE TABLE t (\n  {}\n) {options} {partition}", parts.join(",\n  "))];
    setup.push(
        "INSERT INTO t (id, a, b, c, d, e, f, n, t, u, w) VALUES (1,1,'b1','c1',1.5,'x','m',1,'text one','u1','w1'), \
         (2,2,'b2','c2',2.5,'y','n',2,'text two','u2','w2'), (3,3,'b3','c3',3.5,'x','m,n',3,'text three','u3','w3')"
            .to_owned(),
    );
    if dice.one_in(20) {
        setup.pop();
    }
    match dice.below(40) {
        0 | 1 => setup.push("ALTER TABLE t ADD COLUMN early INT DEFAULT 5 AFTER a".into()),
        2 => setup.push("ALTER TABLE t DROP COLUMN f".into()),
        3 => setup.push("ALTER TABLE t MODIFY n INT NOT NULL DEFAULT 0 AFTER id".into()),
        4 if innodb && partition.is_empty() => setup.push(
            "CREATE TABLE child (c INT PRIMARY KEY, tid INT, CONSTRAINT fkc FOREIGN KEY (tid) REFERENCES t (id)) \
             ENGINE=InnoDB"
                .into(),
        ),
        _ => {}
    }
    setup.push("CREATE TABLE other LIKE p".into());
    if !partition.is_empty() {
        for name in ["fits", "fits9"] {
            setup.push(format!("CREATE TABLE {name} LIKE t"));
            setup.push(format!("ALTER TABLE {name} REMOVE PARTITIONING"));
        }
        setup.push("INSERT INTO fits (id, n) VALUES (3, 1)".into());
        setup.push("INSERT INTO fits9 (id, n) VALUES (2000, 1)".into());
    }
    Made { setup, extras, partitioned: !partition.is_empty() }
}

/// A statement; `extras` are what the table has besides what every table has.
fn statement(dice: &mut Dice, extras: &[&Extra], partitioned: bool) -> String {
    if partitioned && dice.one_in(3) {
        return dice.pick(PARTITION_STATEMENTS).to_owned();
    }
    if dice.one_in(16) {
        return dice.pick(STATEMENTS).to_owned();
    }
    let clause = |dice: &mut Dice| match dice.below(8) {
        0 => dice.pick(TOGETHER),
        1 | 2 => dice.pick(RARE),
        3 | 4 if !extras.is_empty() => {
            let extra = extras[dice.below(extras.len())];
            dice.pick(extra.clauses)
        }
        _ => dice.pick(CLAUSES),
    };
    let mut clauses = vec![clause(dice)];
    for _ in 0..[0, 0, 0, 0, 0, 1, 1, 1, 2][dice.below(9)] {
        let next = clause(dice);
        if !clauses.contains(&next) {
            clauses.push(next);
        }
    }
    if dice.one_in(25) {
        clauses.push(dice.pick(&[
            "ALGORITHM=COPY",
            "ALGORITHM=INPLACE",
            "ALGORITHM=NOCOPY",
            "ALGORITHM=INSTANT",
            "LOCK=NONE",
            "LOCK=SHARED",
            "LOCK=EXCLUSIVE",
        ]));
    }
    let head = match dice.below(60) {
        0 => "ALTER IGNORE TABLE t",
        1 => "ALTER ONLINE TABLE t",
        2 => "ALTER TABLE IF EXISTS t",
        _ => "ALTER TABLE t",
    };
    format!("{head} {}", clauses.join(", "))
}
