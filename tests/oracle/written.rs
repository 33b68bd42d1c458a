//! Cases that were written by hand, after reading the server's source: where it looks at more than a definition shows.

/// Statements that make a table `t`, and statements of which each is tried on the table as it was made.
pub(crate) struct Written {
    /// What makes the table.
    pub(crate) setup: &'static [&'static str],
    /// What is tried.
    pub(crate) statements: &'static [&'static str],
}

const fn written(setup: &'static [&'static str], statements: &'static [&'static str]) -> Written {
    Written { setup, statements }
}

const ROW: &str = "INSERT INTO t (id) VALUES (1), (2), (3)";

/// The cases.
pub(crate) const WRITTEN: &[Written] = &[
    // When two keys are the same: compare_keys_but_name().
    written(
        &[
            "CREATE TABLE t (id INT PRIMARY KEY, b VARCHAR(20), n INT NOT NULL DEFAULT 0, KEY kb (b), \
             KEY kn (n) COMMENT 'n', KEY kt (n, b) USING BTREE, KEY kp (b(5)), KEY ki (n, id) IGNORED) \
             ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
            ROW,
        ],
        &[
            "ALTER TABLE t MODIFY b VARCHAR(40)",
            "ALTER TABLE t RENAME INDEX kb TO kc",
            "ALTER TABLE t RENAME INDEX kn TO kz",
            "ALTER TABLE t RENAME INDEX kb TO kc, MODIFY b VARCHAR(40)",
            "ALTER TABLE t RENAME INDEX kb TO kc, CHANGE b b VARCHAR(40)",
            "ALTER TABLE t RENAME INDEX kp TO kc, DROP INDEX kb, DROP INDEX kt, MODIFY b VARCHAR(40)",
            "ALTER TABLE t DROP INDEX kn, ADD INDEX kz (n)",
            "ALTER TABLE t DROP INDEX kn, ADD INDEX kz (n) COMMENT 'n'",
            "ALTER TABLE t DROP INDEX kn, ADD INDEX kn (n)",
            "ALTER TABLE t DROP INDEX kb, ADD INDEX kz (b) COMMENT 'x'",
            "ALTER TABLE t DROP INDEX kb, ADD INDEX kb (b) COMMENT 'x'",
            "ALTER TABLE t MODIFY b VARCHAR(40), DROP INDEX kb, ADD INDEX kb (b) COMMENT 'x'",
            "ALTER TABLE t MODIFY b VARCHAR(40), DROP INDEX kb, ADD INDEX kb (b)",
            "ALTER TABLE t MODIFY b VARCHAR(40), DROP INDEX kb, ADD INDEX kb (b(20))",
            "ALTER TABLE t MODIFY b VARCHAR(40), DROP INDEX kb, ADD INDEX kc (b(20))",
            "ALTER TABLE t MODIFY b VARCHAR(40), DROP INDEX kb, ADD INDEX kb (b(30))",
            "ALTER TABLE t DROP INDEX kb, ADD INDEX kb USING BTREE (b)",
            "ALTER TABLE t DROP INDEX kb, ADD INDEX kc USING BTREE (b)",
            "ALTER TABLE t DROP INDEX kt, ADD INDEX kt (n, b)",
            "ALTER TABLE t DROP INDEX kt, ADD INDEX kt USING BTREE (n, b)",
            "ALTER TABLE t DROP INDEX kt, ADD INDEX kc (n, b) USING BTREE",
            "ALTER TABLE t RENAME INDEX kt TO kc",
            "ALTER TABLE t DROP INDEX ki, ADD INDEX ki (n, id)",
            "ALTER TABLE t DROP INDEX ki, ADD INDEX kc (n, id)",
            "ALTER TABLE t DROP INDEX kb, ADD INDEX kc (b) IGNORED",
            "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY USING BTREE (id)",
            "CREATE OR REPLACE INDEX kb ON t (b) USING BTREE",
            "CREATE OR REPLACE INDEX kb ON t (b)",
            "CREATE OR REPLACE INDEX kt ON t (n, b)",
            "CREATE OR REPLACE INDEX kn ON t (n)",
        ],
    ),
    written(
        &[
            "CREATE TABLE t (id INT PRIMARY KEY, b VARCHAR(50), KEY kb (b)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 \
             COLLATE=utf8mb3_general_ci",
            ROW,
        ],
        &[
            "ALTER TABLE t RENAME INDEX kb TO kc, CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
            "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
            "ALTER TABLE t RENAME INDEX kb TO kc, CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
        ],
    ),
    // Defaults that are not constant: is_non_const_value().
    written(
        &["CREATE TABLE t (id INT PRIMARY KEY) ENGINE=InnoDB", ROW, "CREATE SEQUENCE sq"],
        &[
            "ALTER TABLE t ADD COLUMN q DATETIME DEFAULT (utc_timestamp())",
            "ALTER TABLE t ADD COLUMN q DATETIME DEFAULT (sysdate())",
            "ALTER TABLE t ADD COLUMN q DATE DEFAULT (utc_date())",
            "ALTER TABLE t ADD COLUMN q TIME DEFAULT (utc_time())",
            "ALTER TABLE t ADD COLUMN q DATE DEFAULT (curdate())",
            "ALTER TABLE t ADD COLUMN q DATE DEFAULT (now() + INTERVAL 1 DAY)",
            "ALTER TABLE t ADD COLUMN q VARCHAR(20) DEFAULT (concat('x', @u))",
            "ALTER TABLE t ADD COLUMN q VARCHAR(20) DEFAULT (concat('x', @@version))",
            "ALTER TABLE t ADD COLUMN q VARCHAR(20) DEFAULT (natural_sort_key('x'))",
            "ALTER TABLE t ADD COLUMN q VARCHAR(20) DEFAULT (upper('x'))",
            "ALTER TABLE t ADD COLUMN q VARCHAR(20) DEFAULT (CAST(5 AS CHAR(3)))",
            "ALTER TABLE t ADD COLUMN q VARCHAR(20) DEFAULT (json_extract('[1]', '$[0]'))",
            "ALTER TABLE t ADD COLUMN q VARCHAR(20) DEFAULT (if(1, left('abc', 1), 'b'))",
            "ALTER TABLE t ADD COLUMN q DOUBLE DEFAULT (rand())",
            "ALTER TABLE t ADD COLUMN q BIGINT DEFAULT (NEXT VALUE FOR sq)",
            "ALTER TABLE t ADD COLUMN q BIGINT DEFAULT (PREVIOUS VALUE FOR sq)",
            "ALTER TABLE t ADD COLUMN q BIGINT DEFAULT (lastval(sq))",
        ],
    ),
    // What the session or the time gives does not always fit: Field::set_default() in check_if_supported_inplace_alter().
    written(
        &["CREATE TABLE t (id INT PRIMARY KEY) ENGINE=InnoDB", ROW, "SET SESSION sql_mode = ''"],
        &[
            "ALTER TABLE t ADD COLUMN q TINYINT DEFAULT (unix_timestamp())",
            "ALTER TABLE t ADD COLUMN q VARCHAR(20) DEFAULT (concat(@@version, @@version))",
            "ALTER TABLE t ADD COLUMN q VARCHAR(20) DEFAULT (concat('x', 'y'))",
            "ALTER TABLE t ADD COLUMN q DATE DEFAULT (now() + INTERVAL 1 DAY)",
            "ALTER TABLE t ADD COLUMN q DECIMAL(4,1) DEFAULT (unix_timestamp(now(6)))",
            "ALTER TABLE t ADD COLUMN q DOUBLE DEFAULT (rand())",
        ],
    ),
    // Generated columns whose values a statement changes: ALTER_COLUMN_VCOL.
    written(
        &[
            "CREATE TABLE t (id INT PRIMARY KEY, b VARCHAR(20), v VARCHAR(50) AS (concat(b,'-')) STORED) \
             ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci",
            ROW,
        ],
        &[
            "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
            "ALTER TABLE t MODIFY b VARCHAR(20) COLLATE utf8mb4_unicode_ci",
            "ALTER TABLE t MODIFY b VARCHAR(30)",
            "ALTER TABLE t DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
        ],
    ),
    written(
        &[
            "CREATE TABLE t (id INT PRIMARY KEY, b VARCHAR(20), v VARCHAR(50) AS (concat(b,'-')) STORED) \
             ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci",
            ROW,
        ],
        &["ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"],
    ),
    written(
        &[
            "CREATE TABLE t (id INT PRIMARY KEY, b VARCHAR(20), v VARCHAR(50) AS (concat(b,'-')) VIRTUAL, KEY kv (v)) \
             ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci",
            ROW,
        ],
        &["ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"],
    ),
    written(
        &[
            "CREATE TABLE t (id INT PRIMARY KEY, b VARCHAR(20), v VARCHAR(50) AS (concat(b,'-')) VIRTUAL) \
             ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci",
            ROW,
        ],
        &["ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"],
    ),
    // Tables partitioned by an expression, whose primary key is named: prep_alter_part_table().
    written(
        &[
            "CREATE TABLE t (id INT NOT NULL, n INT NOT NULL DEFAULT 0, UNIQUE KEY uid (id)) ENGINE=InnoDB \
             PARTITION BY HASH (id) PARTITIONS 2",
            ROW,
        ],
        &[
            "ALTER TABLE t DROP INDEX uid, ADD UNIQUE u3 (id)",
            "ALTER TABLE t DROP INDEX uid",
            "ALTER TABLE t DROP CONSTRAINT uid",
            "ALTER TABLE t ADD PRIMARY KEY (id)",
            "ALTER TABLE t RENAME INDEX uid TO u3",
            "ALTER TABLE t ADD UNIQUE u3 (id, n)",
            "CREATE OR REPLACE UNIQUE INDEX uid ON t (id)",
            "CREATE OR REPLACE UNIQUE INDEX u3 ON t (id)",
            "ALTER TABLE t MODIFY id INT NULL",
            "DROP INDEX uid ON t",
        ],
    ),
    written(
        &[
            "CREATE TABLE t (id INT NOT NULL, n INT NOT NULL DEFAULT 0, UNIQUE KEY uid (id), UNIQUE KEY uid2 (id, n)) \
             ENGINE=InnoDB PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (100))",
            ROW,
        ],
        &[
            "ALTER TABLE t DROP INDEX uid",
            "ALTER TABLE t DROP INDEX uid2",
            "ALTER TABLE t DROP INDEX uid2, ADD UNIQUE u3 (id, n)",
            "ALTER TABLE t ADD PRIMARY KEY (id)",
            "CREATE OR REPLACE UNIQUE INDEX uid ON t (id)",
            "CREATE OR REPLACE UNIQUE INDEX uid2 ON t (id, n)",
        ],
    ),
    written(
        &[
            "CREATE TABLE t (id INT NOT NULL, n INT NOT NULL DEFAULT 0, UNIQUE KEY uid (id)) ENGINE=InnoDB \
             PARTITION BY KEY () PARTITIONS 2",
            ROW,
        ],
        &[
            "ALTER TABLE t DROP INDEX uid, ADD UNIQUE u3 (id)",
            "ALTER TABLE t ADD PRIMARY KEY (id)",
            "ALTER TABLE t RENAME INDEX uid TO u3",
            "ALTER TABLE t ADD UNIQUE u3 (id, n)",
        ],
    ),
    written(
        &[
            "CREATE TABLE t (id INT NOT NULL, n INT NOT NULL DEFAULT 0, UNIQUE KEY uid (id)) ENGINE=InnoDB \
             PARTITION BY KEY (id) PARTITIONS 2",
            ROW,
        ],
        &["ALTER TABLE t DROP INDEX uid, ADD UNIQUE u3 (id)", "ALTER TABLE t ADD PRIMARY KEY (id)"],
    ),
    written(
        &["CREATE TABLE t (id INT NOT NULL, n INT) ENGINE=InnoDB PARTITION BY HASH (id) PARTITIONS 2", ROW],
        &[
            "ALTER TABLE t ADD PRIMARY KEY (id)",
            "ALTER TABLE t ADD UNIQUE u3 (id)",
            "ALTER TABLE t ADD UNIQUE u3 (id, n)",
        ],
    ),
    written(
        &[
            "CREATE TABLE t (id INT NOT NULL, n INT, PRIMARY KEY (id)) ENGINE=InnoDB PARTITION BY HASH (id) \
             PARTITIONS 2",
            ROW,
        ],
        &[
            "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (id)",
            "ALTER TABLE t DROP PRIMARY KEY",
            "ALTER TABLE t ADD UNIQUE u3 (id)",
            "ALTER TABLE t OPTIMIZE PARTITION p0",
            "ALTER TABLE t OPTIMIZE PARTITION ALL",
        ],
    ),
    written(
        &[
            "CREATE TABLE t (id INT NOT NULL, n INT NOT NULL DEFAULT 0, PRIMARY KEY (id), UNIQUE KEY uid2 (id, n)) \
             ENGINE=InnoDB WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME (PARTITION p0 HISTORY, PARTITION pn CURRENT)",
            ROW,
        ],
        &[
            "ALTER TABLE t DROP PRIMARY KEY",
            "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (id)",
            "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (id, n)",
            "ALTER TABLE t DROP INDEX uid2",
            "ALTER TABLE t DROP INDEX uid2, ADD UNIQUE u3 (id, n)",
            "ALTER TABLE t ADD UNIQUE u3 (id)",
        ],
    ),
    written(
        &[
            "CREATE TABLE t (id INT NOT NULL, n INT NOT NULL DEFAULT 0, UNIQUE KEY uid (id), UNIQUE KEY uid2 (id, n)) \
             ENGINE=InnoDB WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME (PARTITION p0 HISTORY, PARTITION pn CURRENT)",
            ROW,
        ],
        &[
            "ALTER TABLE t DROP INDEX uid",
            "ALTER TABLE t DROP INDEX uid, ADD UNIQUE u3 (id)",
            "ALTER TABLE t ADD PRIMARY KEY (id)",
            "CREATE OR REPLACE UNIQUE INDEX uid ON t (id)",
        ],
    ),
    written(
        &[
            "CREATE TABLE t (id INT NOT NULL, n INT NOT NULL DEFAULT 0, PRIMARY KEY (id), UNIQUE KEY uid2 (id, n)) \
             ENGINE=InnoDB PARTITION BY RANGE COLUMNS (id) (PARTITION p0 VALUES LESS THAN (100))",
            ROW,
        ],
        &[
            "ALTER TABLE t DROP PRIMARY KEY",
            "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (id)",
            "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (id, n)",
        ],
    ),
    // Which of two unique keys stands for a primary key follows from the order in which they were made.
    written(
        &[
            "CREATE TABLE t (id INT NOT NULL, n INT NOT NULL DEFAULT 0, UNIQUE KEY uid (id), UNIQUE KEY uid2 (id, n)) \
             ENGINE=InnoDB",
            ROW,
        ],
        &[
            "CREATE OR REPLACE UNIQUE INDEX uid ON t (id)",
            "CREATE OR REPLACE UNIQUE INDEX uid2 ON t (id, n)",
            "ALTER TABLE t DROP INDEX uid, ADD UNIQUE uid (id)",
            "ALTER TABLE t DROP INDEX uid, ADD UNIQUE u3 (id)",
            "ALTER TABLE t RENAME INDEX uid TO u3",
            "ALTER TABLE t DROP INDEX uid2, ADD UNIQUE u3 (id, n)",
            "ALTER TABLE t DROP INDEX uid",
            "ALTER TABLE t ADD PRIMARY KEY (id)",
            "ALTER TABLE t ADD PRIMARY KEY (id, n)",
        ],
    ),
    written(
        &[
            "CREATE TABLE t (id INT NOT NULL, n INT NOT NULL DEFAULT 0, PRIMARY KEY (id), UNIQUE KEY uid (id), \
             UNIQUE KEY uid2 (id, n)) ENGINE=InnoDB",
            ROW,
        ],
        &[
            "ALTER TABLE t DROP PRIMARY KEY",
            "ALTER TABLE t DROP PRIMARY KEY, DROP INDEX uid",
            "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (id, n)",
            "ALTER TABLE t DROP INDEX uid",
        ],
    ),
    // OPTIMIZE: mysql_recreate_table(), Alter_info::vers_prohibited().
    written(
        &[
            "CREATE TABLE t (id INT NOT NULL, n INT, PRIMARY KEY (id)) ENGINE=InnoDB WITH SYSTEM VERSIONING \
             PARTITION BY HASH (id) PARTITIONS 2",
            ROW,
        ],
        &["ALTER TABLE t OPTIMIZE PARTITION p0", "OPTIMIZE TABLE t", "ALTER TABLE t FORCE"],
    ),
    written(
        &[
            "CREATE TABLE t (id INT NOT NULL, n INT, PRIMARY KEY (id)) ENGINE=InnoDB WITH SYSTEM VERSIONING \
             PARTITION BY HASH (id) PARTITIONS 2",
            ROW,
            "SET SESSION system_versioning_alter_history = KEEP",
        ],
        &["ALTER TABLE t OPTIMIZE PARTITION p0", "OPTIMIZE TABLE t"],
    ),
    written(
        &["CREATE TABLE t (id INT NOT NULL, n INT, PRIMARY KEY (id)) ENGINE=InnoDB WITH SYSTEM VERSIONING", ROW],
        &["OPTIMIZE TABLE t"],
    ),
    written(
        &["CREATE TABLE t (id INT NOT NULL, n INT, FULLTEXT KEY f (w), w TEXT) ENGINE=InnoDB", ROW],
        &["OPTIMIZE TABLE t"],
    ),
    // Partitions by virtual columns: Virtual_column_info::is_in_partitioning_expr().
    written(
        &[
            "CREATE TABLE t (id INT NOT NULL, a INT DEFAULT 1, n INT NOT NULL DEFAULT 0, v INT AS (n + 1) VIRTUAL) \
             ENGINE=InnoDB PARTITION BY HASH (v) PARTITIONS 2",
            ROW,
        ],
        &[
            "ALTER TABLE t MODIFY a INT NOT NULL",
            "ALTER TABLE t MODIFY v INT AS (n + 3) VIRTUAL",
            "ALTER TABLE t MODIFY a INT COMMENT 'x'",
            "ALTER TABLE t ADD COLUMN q INT",
        ],
    ),
    written(
        &[
            "CREATE TABLE t (id INT NOT NULL, a INT DEFAULT 1, n INT NOT NULL DEFAULT 0, v INT AS (n + 1) VIRTUAL) \
             ENGINE=InnoDB PARTITION BY RANGE (id) SUBPARTITION BY HASH (v) SUBPARTITIONS 2 \
             (PARTITION p0 VALUES LESS THAN (100))",
            ROW,
        ],
        &[
            "ALTER TABLE t MODIFY a INT NOT NULL",
            "ALTER TABLE t MODIFY v INT AS (n + 3) VIRTUAL",
            "ALTER TABLE t MODIFY a INT COMMENT 'x'",
        ],
    ),
    written(
        &[
            "CREATE TABLE t (id INT NOT NULL, a INT DEFAULT 1, n INT NOT NULL DEFAULT 0, v INT AS (n + 1) VIRTUAL) \
             ENGINE=InnoDB PARTITION BY KEY (v) PARTITIONS 2",
            ROW,
        ],
        &["ALTER TABLE t MODIFY a INT NOT NULL", "ALTER TABLE t MODIFY v INT AS (n + 3) VIRTUAL"],
    ),
    // DEFAULT(column) in a generated column: check_func_default_processor.
    written(
        &[
            "CREATE TABLE t (id INT PRIMARY KEY, a INT DEFAULT 1, b INT, c VARCHAR(20), s INT AS (default(a)) STORED, \
             KEY kb (b)) ENGINE=InnoDB",
            ROW,
        ],
        &[
            "ALTER TABLE t MODIFY b INT COMMENT 'x'",
            "ALTER TABLE t MODIFY b INT",
            "ALTER TABLE t CHANGE b b2 INT",
            "ALTER TABLE t ALTER COLUMN b SET DEFAULT 5",
            "ALTER TABLE t ALTER COLUMN b DROP DEFAULT",
            "ALTER TABLE t ALTER COLUMN IF EXISTS nothere SET DEFAULT 5",
            "ALTER TABLE t MODIFY IF EXISTS nothere INT",
            "ALTER TABLE t MODIFY IF EXISTS nothere INT, COMMENT='x'",
            "ALTER TABLE t CHANGE IF EXISTS nothere here INT",
            "ALTER TABLE t RENAME COLUMN b TO b2",
            "ALTER TABLE t ADD COLUMN q INT",
            "ALTER TABLE t ADD COLUMN q INT, ALTER COLUMN q SET DEFAULT 5",
            "ALTER TABLE t COMMENT='x'",
            "ALTER TABLE t ALTER INDEX kb IGNORED",
            "ALTER TABLE t ADD INDEX kc (c)",
            "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
            "ALTER TABLE t FORCE",
            "OPTIMIZE TABLE t",
        ],
    ),
    written(
        &[
            "CREATE TABLE t (id INT PRIMARY KEY, a INT DEFAULT 1, b INT, v INT AS (default(a)) VIRTUAL, KEY kv (v)) \
             ENGINE=InnoDB",
            ROW,
        ],
        &["ALTER TABLE t MODIFY b INT COMMENT 'x'", "ALTER TABLE t ALTER COLUMN b SET DEFAULT 5"],
    ),
    written(
        &[
            "CREATE TABLE t (id INT PRIMARY KEY, a INT DEFAULT 1, b INT, v INT AS (default(a)) VIRTUAL) ENGINE=InnoDB",
            ROW,
        ],
        &["ALTER TABLE t MODIFY b INT COMMENT 'x'", "ALTER TABLE t ALTER COLUMN b SET DEFAULT 5"],
    ),
    // History by time: prep_alter_part_table(), Vers_part_info::interval.
    written(
        &[
            "CREATE TABLE t (id INT PRIMARY KEY) ENGINE=InnoDB WITH SYSTEM VERSIONING \
             PARTITION BY SYSTEM_TIME INTERVAL 1 DAY STARTS '2026-01-01' PARTITIONS 3",
            ROW,
        ],
        &[
            "ALTER TABLE t PARTITION BY SYSTEM_TIME INTERVAL 1 DAY STARTS '2026-01-01'",
            "ALTER TABLE t PARTITION BY SYSTEM_TIME INTERVAL 1 DAY STARTS '2026-01-01 00:00:00'",
            "ALTER TABLE t PARTITION BY SYSTEM_TIME INTERVAL 1 DAY STARTS '2026-01-02'",
            "ALTER TABLE t PARTITION BY SYSTEM_TIME INTERVAL 2 DAY STARTS '2026-01-01'",
            "ALTER TABLE t PARTITION BY SYSTEM_TIME INTERVAL 24 HOUR STARTS '2026-01-01'",
            "ALTER TABLE t PARTITION BY SYSTEM_TIME INTERVAL 1 WEEK",
            "ALTER TABLE t PARTITION BY SYSTEM_TIME INTERVAL 1 DAY AUTO STARTS '2026-01-02'",
            "ALTER TABLE t PARTITION BY SYSTEM_TIME LIMIT 100",
            "ALTER TABLE t PARTITION BY SYSTEM_TIME",
            "ALTER TABLE t PARTITION BY SYSTEM_TIME INTERVAL 2 DAY PARTITIONS 3",
        ],
    ),
    written(
        &[
            "CREATE TABLE t (id INT PRIMARY KEY) ENGINE=InnoDB WITH SYSTEM VERSIONING \
             PARTITION BY SYSTEM_TIME INTERVAL 1 DAY PARTITIONS 3",
            ROW,
        ],
        &[
            "ALTER TABLE t PARTITION BY SYSTEM_TIME INTERVAL 1 DAY",
            "ALTER TABLE t PARTITION BY SYSTEM_TIME INTERVAL 2 DAY",
        ],
    ),
    written(
        &[
            "CREATE TABLE t (id INT PRIMARY KEY) ENGINE=InnoDB WITH SYSTEM VERSIONING \
             PARTITION BY SYSTEM_TIME LIMIT 100 PARTITIONS 3",
            ROW,
        ],
        &[
            "ALTER TABLE t PARTITION BY SYSTEM_TIME INTERVAL 1 DAY",
            "ALTER TABLE t PARTITION BY SYSTEM_TIME LIMIT 100",
            "ALTER TABLE t PARTITION BY SYSTEM_TIME LIMIT 200",
            "ALTER TABLE t PARTITION BY SYSTEM_TIME",
        ],
    ),
    // Types that were stored otherwise once: Column_definition_implicit_upgrade().
    written(
        &[
            "SET GLOBAL mysql56_temporal_format = OFF",
            "CREATE TABLE t (id INT PRIMARY KEY, d DATETIME, e DATETIME(3), ti TIME, ts TIMESTAMP NULL) ENGINE=InnoDB",
            ROW,
            "SET GLOBAL mysql56_temporal_format = ON",
        ],
        &[
            "ALTER TABLE t COMMENT='x'",
            "ALTER TABLE t ADD COLUMN IF NOT EXISTS id INT",
            "ALTER TABLE t RENAME TO t2",
            "ALTER TABLE t MODIFY d DATETIME",
            "ALTER TABLE t DROP COLUMN d, DROP COLUMN e, DROP COLUMN ti, DROP COLUMN ts",
            "ALTER TABLE t ADD COLUMN q INT",
            "CREATE INDEX k ON t (id)",
        ],
    ),
    written(
        &[
            "SET GLOBAL mysql56_temporal_format = OFF",
            "CREATE TABLE t (id INT PRIMARY KEY, ti TIME DEFAULT '10:00:00' COMMENT 'x') ENGINE=InnoDB",
            ROW,
            "SET GLOBAL mysql56_temporal_format = ON",
        ],
        &["ALTER TABLE t COMMENT='x'"],
    ),
    // Keys without overlaps.
    written(
        &[
            "CREATE TABLE t (id INT PRIMARY KEY, s DATE NOT NULL DEFAULT '2020-01-01', \
             e DATE NOT NULL DEFAULT '2021-01-01', PERIOD FOR p (s, e), UNIQUE KEY k (id, p WITHOUT OVERLAPS)) \
             ENGINE=InnoDB",
            ROW,
        ],
        &["ALTER TABLE t DROP KEY k", "ALTER TABLE t DROP KEY k, ADD COLUMN q INT", "ALTER TABLE t COMMENT='x'"],
    ),
    written(
        &[
            "CREATE TABLE t (id INT NOT NULL, s DATE NOT NULL DEFAULT '2020-01-01', \
             e DATE NOT NULL DEFAULT '2021-01-01', PERIOD FOR p (s, e), UNIQUE KEY k (id, p WITHOUT OVERLAPS)) \
             ENGINE=InnoDB",
            ROW,
        ],
        &["ALTER TABLE t DROP KEY k", "ALTER TABLE t DROP KEY k, ADD PRIMARY KEY (id)"],
    ),
    // Members of ENUM and SET are compared by the collation.
    written(
        &[
            "CREATE TABLE t (id INT PRIMARY KEY, e ENUM('x','y'), f SET('m','n')) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 \
             COLLATE=utf8mb4_general_ci",
            ROW,
        ],
        &[
            "ALTER TABLE t MODIFY e ENUM('X','Y')",
            "ALTER TABLE t MODIFY e ENUM('X','y','z')",
            "ALTER TABLE t MODIFY f SET('M','n')",
            "ALTER TABLE t MODIFY e ENUM('y','x')",
            "ALTER TABLE t MODIFY e ENUM('X','Y') COLLATE utf8mb4_bin",
        ],
    ),
    written(
        &[
            "CREATE TABLE t (id INT PRIMARY KEY, e ENUM('x','y')) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 \
             COLLATE=utf8mb4_bin",
            ROW,
        ],
        &["ALTER TABLE t MODIFY e ENUM('X','Y')"],
    ),
    written(
        &[
            "CREATE TABLE t (id INT PRIMARY KEY, e ENUM('i','y')) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 \
             COLLATE=utf8mb4_turkish_ci",
            ROW,
        ],
        &["ALTER TABLE t MODIFY e ENUM('I','Y')", "ALTER TABLE t MODIFY e ENUM('i','Y')"],
    ),
    // AUTO_INCREMENT, and what finds rows by: online_alter_check_autoinc().
    written(
        &["CREATE TABLE t (id INT PRIMARY KEY, x INT) ENGINE=InnoDB", "INSERT INTO t VALUES (1, 1), (2, 2)"],
        &[
            "ALTER TABLE t DROP COLUMN id, MODIFY x INT NOT NULL AUTO_INCREMENT PRIMARY KEY",
            "ALTER TABLE t DROP PRIMARY KEY, MODIFY x INT NOT NULL AUTO_INCREMENT PRIMARY KEY",
        ],
    ),
    written(
        &[
            "CREATE TABLE t (id INT PRIMARY KEY, x INT, u INT NOT NULL, UNIQUE KEY uu (u)) ENGINE=InnoDB",
            "INSERT INTO t VALUES (1, 1, 1), (2, 2, 2)",
        ],
        &[
            "ALTER TABLE t DROP COLUMN id, MODIFY x INT NOT NULL AUTO_INCREMENT PRIMARY KEY",
            "ALTER TABLE t DROP COLUMN id, DROP KEY uu, MODIFY x INT NOT NULL AUTO_INCREMENT PRIMARY KEY",
            "ALTER TABLE t DROP COLUMN id, MODIFY u INT NOT NULL COMMENT 'x', MODIFY x INT NOT NULL AUTO_INCREMENT PRIMARY KEY",
        ],
    ),
];
