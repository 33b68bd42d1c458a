-- schema: ignore[destructive-statement] the data moved to preferences in release 40
DROP TABLE user_settings;

DROP TABLE sessions; -- schema: ignore[destructive-statement] kept in memory since release 12

-- schema: ignore[destructive-statement]
DROP TABLE without_reason;

-- schema: ignore[no-such-rule] a reason
-- schema: ignore[drop-column] nothing is dropped here
CREATE TABLE t (id INT NOT NULL PRIMARY KEY);
