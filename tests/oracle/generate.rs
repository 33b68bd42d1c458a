//! Tables and clauses, alone and in pairs, from a seed.

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

/// One case.
pub(crate) fn case(dice: &mut Dice) -> Case {
    let mut setup = vec![
        "CREATE TABLE p (id INT PRIMARY KEY, k INT NOT NULL, UNIQUE (k)) ENGINE=InnoDB".to_owned(),
        "INSERT INTO p VALUES (1,1),(2,2),(3,3)".to_owned(),
    ];
    setup.extend(table(dice));
    let statement = statement(dice);
    Case { setup, statement }
}

fn table(dice: &mut Dice) -> Vec<String> {
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
        1 if partition.is_empty() => keys.push("UNIQUE KEY uid (id)"),
        2 if partition.is_empty() => {}
        3 if partition.is_empty() => keys.push("UNIQUE KEY ua (a)"),
        4 if partition.is_empty() => keys.extend(["UNIQUE KEY uid (id)", "UNIQUE KEY uid2 (id, n)"]),
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
    let mut parts = columns;
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
    }
    options.push_str(dice.pick(&[
        " DEFAULT CHARSET=utf8mb4",
        " DEFAULT CHARSET=utf8mb4",
        " DEFAULT CHARSET=latin1",
        " DEFAULT CHARSET=utf8mb3",
        " DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
        " DEFAULT CHARSET=ascii",
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
    if dice.one_in(12) {
        setup.push("ALTER TABLE t ADD COLUMN early INT DEFAULT 5 AFTER a".into());
    }
    setup.push("CREATE TABLE other LIKE p".into());
    setup
}

fn statement(dice: &mut Dice) -> String {
    match dice.below(40) {
        0 => return dice.pick(STATEMENTS).to_owned(),
        1 => return dice.pick(PARTITION_STATEMENTS).to_owned(),
        2 => return dice.pick(STATEMENTS).to_owned(),
        _ => {}
    }
    let first = dice.pick(CLAUSES);
    if dice.one_in(3) {
        let mut second = dice.pick(CLAUSES);
        while second == first {
            second = dice.pick(CLAUSES);
        }
        return format!("ALTER TABLE t {first}, {second}");
    }
    format!("ALTER TABLE t {first}")
}

/// Statements that stand alone.
const STATEMENTS: &[&str] = &[
    "CREATE INDEX i1 ON t (a)",
    "CREATE INDEX i1 ON t (n, a)",
    "CREATE UNIQUE INDEX i1 ON t (b)",
    "CREATE FULLTEXT INDEX i1 ON t (w)",
    "CREATE OR REPLACE INDEX ka ON t (a)",
    "CREATE OR REPLACE INDEX ka ON t (a, n)",
    "CREATE INDEX IF NOT EXISTS ka ON t (a)",
    "DROP INDEX ka ON t",
    "DROP INDEX kb ON t",
    "DROP INDEX uid ON t",
    "DROP INDEX ub ON t",
    "DROP INDEX ft ON t",
    "DROP INDEX IF EXISTS kb ON t",
    "DROP INDEX `PRIMARY` ON t",
    "ALTER IGNORE TABLE t ADD UNIQUE i1 (u)",
    "ALTER ONLINE TABLE t ADD COLUMN c1 INT",
    "ALTER TABLE t PARTITION BY HASH (id) PARTITIONS 2",
    "ALTER TABLE t REMOVE PARTITIONING",
    "ALTER TABLE t PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN MAXVALUE)",
    "ALTER TABLE t DROP SYSTEM VERSIONING",
    "ALTER TABLE t ADD SYSTEM VERSIONING",
];

/// Partition maintenance.
const PARTITION_STATEMENTS: &[&str] = &[
    "ALTER TABLE t ADD PARTITION (PARTITION p9 VALUES LESS THAN (5000))",
    "ALTER TABLE t ADD PARTITION (PARTITION p9 VALUES IN (99))",
    "ALTER TABLE t ADD PARTITION PARTITIONS 1",
    "ALTER TABLE t COALESCE PARTITION 1",
    "ALTER TABLE t DROP PARTITION p1",
    "ALTER TABLE t TRUNCATE PARTITION p0",
    "ALTER TABLE t REORGANIZE PARTITION p0 INTO (PARTITION p00 VALUES LESS THAN (2), PARTITION p01 VALUES LESS THAN (3))",
    "ALTER TABLE t REBUILD PARTITION p0",
    "ALTER TABLE t REBUILD PARTITION ALL",
    "ALTER TABLE t ANALYZE PARTITION p0",
    "ALTER TABLE t CHECK PARTITION ALL",
    "ALTER TABLE t OPTIMIZE PARTITION p0",
    "ALTER TABLE t REPAIR PARTITION p0",
    "ALTER TABLE t CONVERT PARTITION p0 TO TABLE t_p0",
    "ALTER TABLE t REMOVE PARTITIONING",
    "ALTER TABLE t PARTITION BY KEY (id) PARTITIONS 2",
    "ALTER TABLE t PARTITION BY SYSTEM_TIME (PARTITION p0 HISTORY, PARTITION p1 HISTORY, PARTITION pn CURRENT)",
];

/// Clauses of ALTER TABLE.
const CLAUSES: &[&str] = &[
    "ADD COLUMN c1 INT",
    "ADD COLUMN c1 INT NOT NULL",
    "ADD COLUMN c1 INT NOT NULL DEFAULT 4",
    "ADD COLUMN c1 INT FIRST",
    "ADD COLUMN c2 VARCHAR(30) AFTER a",
    "ADD COLUMN c3 TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP",
    "ADD COLUMN c3 DATETIME DEFAULT NOW()",
    "ADD COLUMN c3 DATETIME NOT NULL",
    "ADD COLUMN c4 VARCHAR(36) DEFAULT uuid()",
    "ADD COLUMN c4 INT DEFAULT (n + 1)",
    "ADD COLUMN c4 INT DEFAULT (1 + 1)",
    "ADD COLUMN c4 DOUBLE DEFAULT (rand())",
    "ADD COLUMN c5 INT AS (n * 2) VIRTUAL",
    "ADD COLUMN c5 INT AS (n * 2) VIRTUAL AFTER a",
    "ADD COLUMN c5 INT AS (n * 2) STORED",
    "ADD COLUMN c6 TEXT",
    "ADD COLUMN c6 TEXT DEFAULT 'abc'",
    "ADD COLUMN c7 INT INVISIBLE",
    "ADD COLUMN c8 INT UNIQUE",
    "ADD COLUMN c8 INT, ADD INDEX i8 (c8)",
    "ADD COLUMN c8 INT CHECK (c8 > 0)",
    "ADD COLUMN c9 BIGINT NOT NULL AUTO_INCREMENT UNIQUE",
    "ADD COLUMN IF NOT EXISTS a INT",
    "ADD COLUMN IF NOT EXISTS c1 INT",
    "ADD COLUMN (c1 INT, c2 INT)",
    "ADD COLUMN c1 BLOB COMPRESSED",
    "ADD COLUMN c1 JSON",
    "ADD COLUMN c1 UUID",
    "ADD COLUMN c1 INT WITHOUT SYSTEM VERSIONING",
    "ADD COLUMN c1 INT REFERENCES p (id)",
    "ADD COLUMN c1 GEOMETRY",
    "ADD COLUMN c1 ENUM('a','b') NOT NULL",
    "DROP COLUMN a",
    "DROP COLUMN b",
    "DROP COLUMN n",
    "DROP COLUMN t",
    "DROP COLUMN w",
    "DROP COLUMN v",
    "DROP COLUMN s",
    "DROP COLUMN z",
    "DROP COLUMN inv",
    "DROP COLUMN jc",
    "DROP COLUMN id",
    "DROP COLUMN IF EXISTS nothere",
    "DROP COLUMN IF EXISTS dt",
    "MODIFY a BIGINT",
    "MODIFY a INT NOT NULL",
    "MODIFY a INT(5)",
    "MODIFY a INT UNSIGNED",
    "MODIFY a SMALLINT",
    "MODIFY a INT COMMENT 'hello'",
    "MODIFY a INT DEFAULT 9",
    "MODIFY a INT FIRST",
    "MODIFY a INT AFTER n",
    "MODIFY a VARCHAR(20)",
    "MODIFY a INT INVISIBLE",
    "MODIFY n INT",
    "MODIFY n INT NULL DEFAULT NULL",
    "MODIFY n INT NOT NULL",
    "MODIFY n INT NOT NULL AUTO_INCREMENT",
    "MODIFY id BIGINT NOT NULL",
    "MODIFY id INT NOT NULL",
    "MODIFY id INT NOT NULL AUTO_INCREMENT",
    "MODIFY id INT NOT NULL FIRST",
    "MODIFY id INT",
    "MODIFY b VARCHAR(30)",
    "MODIFY b VARCHAR(60)",
    "MODIFY b VARCHAR(10)",
    "MODIFY b VARCHAR(300)",
    "MODIFY b VARCHAR(20) CHARACTER SET utf8mb4",
    "MODIFY b VARCHAR(20) CHARACTER SET latin1",
    "MODIFY b VARCHAR(20) CHARACTER SET utf8mb3",
    "MODIFY b VARCHAR(20) COLLATE utf8mb4_bin",
    "MODIFY b VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
    "MODIFY b TEXT",
    "MODIFY b VARCHAR(20) NOT NULL DEFAULT ''",
    "MODIFY b CHAR(20)",
    "MODIFY b VARCHAR(20) COMPRESSED",
    "MODIFY b VARBINARY(20)",
    "MODIFY c CHAR(12)",
    "MODIFY c VARCHAR(10)",
    "MODIFY c CHAR(10) CHARACTER SET utf8mb4",
    "MODIFY u VARCHAR(120) NOT NULL DEFAULT ''",
    "MODIFY u VARCHAR(260) NOT NULL DEFAULT ''",
    "MODIFY u VARCHAR(100)",
    "MODIFY w VARCHAR(400)",
    "MODIFY w VARCHAR(255)",
    "MODIFY w VARCHAR(300) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
    "MODIFY d DECIMAL(10,2)",
    "MODIFY d DECIMAL(8,3)",
    "MODIFY e ENUM('x','y','z')",
    "MODIFY e ENUM('x','z','y')",
    "MODIFY e ENUM('x')",
    "MODIFY e ENUM('y','x')",
    "MODIFY f SET('m','n','o')",
    "MODIFY f SET('m','n','o','p','q','r','s','t','u')",
    "MODIFY t MEDIUMTEXT",
    "MODIFY t TEXT CHARACTER SET utf8mb4",
    "MODIFY t TEXT NOT NULL",
    "MODIFY t TEXT COLLATE utf8mb4_bin",
    "MODIFY t BLOB",
    "MODIFY ts TIMESTAMP(6) NULL",
    "MODIFY ts TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP",
    "MODIFY dt DATETIME",
    "MODIFY dt DATETIME(6) NOT NULL DEFAULT '2020-01-01'",
    "MODIFY dt DATE NOT NULL DEFAULT '2020-01-01'",
    "MODIFY v INT AS (n + 3) VIRTUAL",
    "MODIFY v INT AS (n + 1) VIRTUAL",
    "MODIFY v INT AS (n + 1) STORED",
    "MODIFY v INT",
    "MODIFY v INT AS (n + 1) VIRTUAL AFTER a",
    "MODIFY s INT AS (n + 3) STORED",
    "MODIFY s INT AS (n + 2) STORED",
    "MODIFY s INT AS (n + 2) STORED COMMENT 'x'",
    "MODIFY s INT",
    "MODIFY s INT AS (n + 2) VIRTUAL",
    "MODIFY a INT AS (n + 1) STORED",
    "MODIFY a INT AS (n + 1) VIRTUAL",
    "MODIFY a INT CHECK (a < 1000)",
    "MODIFY a INT WITHOUT SYSTEM VERSIONING",
    "MODIFY IF EXISTS nothere INT",
    "CHANGE a a1 INT",
    "CHANGE a a1 BIGINT",
    "CHANGE b b1 VARCHAR(20)",
    "CHANGE b b1 VARCHAR(25) AFTER id",
    "CHANGE n n1 INT NOT NULL DEFAULT 0",
    "CHANGE id id1 INT NOT NULL",
    "CHANGE v v1 INT AS (n + 1) VIRTUAL",
    "CHANGE a A INT",
    "RENAME COLUMN a TO a1",
    "RENAME COLUMN id TO id1",
    "RENAME COLUMN n TO n1",
    "RENAME COLUMN w TO w1",
    "RENAME INDEX ka TO ka1",
    "RENAME INDEX ft TO ft1",
    "RENAME TO t2",
    "ALTER COLUMN a SET DEFAULT 3",
    "ALTER COLUMN n DROP DEFAULT",
    "ALTER COLUMN a SET DEFAULT (1 + 2)",
    "ALTER COLUMN a SET DEFAULT (n + 2)",
    "ALTER COLUMN b SET DEFAULT 'x'",
    "ALTER INDEX ka IGNORED",
    "ALTER INDEX ka NOT IGNORED",
    "ADD INDEX i1 (a)",
    "ADD INDEX i1 (n)",
    "ADD INDEX i2 (b(5))",
    "ADD INDEX i3 (a DESC)",
    "ADD INDEX i1 (v)",
    "ADD INDEX i4 USING HASH (n)",
    "ADD INDEX i5 (t(20))",
    "ADD INDEX IF NOT EXISTS ka (a)",
    "ADD UNIQUE u1 (b)",
    "ADD UNIQUE u1 (n)",
    "ADD UNIQUE u2 (id, n)",
    "ADD UNIQUE u3 (t)",
    "ADD UNIQUE u4 (w)",
    "ADD UNIQUE u5 USING HASH (u)",
    "ADD UNIQUE u6 (t(10))",
    "ADD FULLTEXT f1 (w)",
    "ADD FULLTEXT f1 (w), ADD FULLTEXT f2 (b)",
    "ADD PRIMARY KEY (id)",
    "ADD PRIMARY KEY (n)",
    "ADD PRIMARY KEY (a)",
    "DROP PRIMARY KEY",
    "DROP PRIMARY KEY, ADD PRIMARY KEY (n)",
    "DROP PRIMARY KEY, ADD PRIMARY KEY (id)",
    "DROP PRIMARY KEY, ADD PRIMARY KEY (id, n)",
    "DROP PRIMARY KEY, ADD PRIMARY KEY (id DESC)",
    "DROP INDEX ka",
    "DROP INDEX kb",
    "DROP INDEX uid",
    "DROP INDEX ua",
    "DROP INDEX ub",
    "DROP INDEX kv",
    "DROP INDEX ft",
    "DROP INDEX sp",
    "DROP INDEX hash_t",
    "DROP INDEX ka, ADD INDEX ka (a)",
    "DROP INDEX ka, ADD INDEX ka (a, n)",
    "DROP INDEX ka, ADD INDEX kz (a)",
    "DROP INDEX IF EXISTS kb",
    "DROP INDEX IF EXISTS nothere",
    "ADD CONSTRAINT fk1 FOREIGN KEY (a) REFERENCES p (id)",
    "ADD FOREIGN KEY (n) REFERENCES p (k) ON DELETE CASCADE",
    "DROP FOREIGN KEY fk",
    "DROP FOREIGN KEY IF EXISTS nothere",
    "ADD CONSTRAINT ck1 CHECK (n < 1000000)",
    "DROP CONSTRAINT ck",
    "DROP CONSTRAINT IF EXISTS nothere",
    "DROP CONSTRAINT fk",
    "ADD PERIOD FOR app2 (ps, pe)",
    "DROP PERIOD FOR app",
    "ADD SYSTEM VERSIONING",
    "DROP SYSTEM VERSIONING",
    "FORCE",
    "ENGINE=InnoDB",
    "ENGINE=MyISAM",
    "ENGINE=Aria",
    "ENGINE=MEMORY",
    "ROW_FORMAT=DYNAMIC",
    "ROW_FORMAT=COMPRESSED",
    "ROW_FORMAT=REDUNDANT",
    "KEY_BLOCK_SIZE=8",
    "COMMENT='hello'",
    "AUTO_INCREMENT=1000",
    "DEFAULT CHARACTER SET latin1",
    "DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
    "CONVERT TO CHARACTER SET utf8mb4",
    "CONVERT TO CHARACTER SET latin1",
    "CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
    "STATS_PERSISTENT=1",
    "STATS_AUTO_RECALC=0",
    "STATS_SAMPLE_PAGES=30",
    "PAGE_COMPRESSED=1",
    "PAGE_COMPRESSED=0",
    "MAX_ROWS=1000",
    "CHECKSUM=1",
    "PACK_KEYS=1",
    "DELAY_KEY_WRITE=1",
    "AVG_ROW_LENGTH=100",
    "TRANSACTIONAL=1",
    "INSERT_METHOD=LAST",
    "UNION=()",
    "DISABLE KEYS",
    "ENABLE KEYS",
    "ORDER BY a",
    "DROP COLUMN a, ADD COLUMN a INT",
    "ADD COLUMN c1 INT, ADD COLUMN c2 VARCHAR(10) FIRST, DROP COLUMN w",
];
