//! Columns whose type changes: what both types hold, what only one holds, and what became of it.
//!
//! Each row makes up to three experiments: values that both types hold without a setting; the same with a conversion
//! window, where rows were refused without; and values that one type cannot hold.

use super::lab::Outcome::{self, Chance, Differ, Lost, Same, Stuck};
use super::lab::{Direction, Experiment};

/// A type before and after.
#[derive(Clone, Copy)]
pub struct TypeCase {
    old: &'static str,
    new: &'static str,
    /// SQL of values that both types hold.
    both: &'static [&'static str],
    old_only: &'static [&'static str],
    new_only: &'static [&'static str],
    /// Values of both, `slave_type_conversions` empty: from unchanged to changed nodes, and back.
    bare: [Outcome; 2],
    /// The same in a conversion window.
    window: [Outcome; 2],
    /// Values of one type only, in a conversion window where one is needed.
    edges: [Outcome; 2],
    daily: bool,
    /// Without a setting since 11.8, where that is different.
    since_11_8: Option<[Outcome; 2]>,
}

const OK: [Outcome; 2] = [Same, Same];
const LOST: [Outcome; 2] = [Lost, Lost];
const DIFFER: [Outcome; 2] = [Differ, Differ];

/// Rows cross without a setting.
const fn crosses(old: &'static str, new: &'static str, both: &'static [&'static str]) -> TypeCase {
    TypeCase {
        old,
        new,
        both,
        old_only: &[],
        new_only: &[],
        bare: OK,
        window: OK,
        edges: OK,
        daily: false,
        since_11_8: None,
    }
}

/// Rows need a conversion window.
const fn converts(old: &'static str, new: &'static str, both: &'static [&'static str]) -> TypeCase {
    TypeCase { bare: LOST, ..crosses(old, new, both) }
}

/// Rows are refused whatever is set.
const fn refused(old: &'static str, new: &'static str, both: &'static [&'static str]) -> TypeCase {
    TypeCase { bare: LOST, window: LOST, ..crosses(old, new, both) }
}

impl TypeCase {
    const fn old_only(self, old_only: &'static [&'static str], becomes: Outcome) -> Self {
        Self { old_only, edges: [becomes, self.edges[1]], ..self }
    }

    const fn new_only(self, new_only: &'static [&'static str], becomes: Outcome) -> Self {
        Self { new_only, edges: [self.edges[0], becomes], ..self }
    }

    /// Harm comes without a setting and within a window, whatever is written.
    const fn never(self, seen: [Outcome; 2]) -> Self {
        Self { bare: seen, window: seen, ..self }
    }

    /// Refused without a window, and in one its values are taken for something else.
    const fn becomes(self, window: [Outcome; 2]) -> Self {
        Self { window, ..self }
    }

    const fn since_11_8(self, seen: [Outcome; 2]) -> Self {
        Self { since_11_8: Some(seen), ..self }
    }

    const fn daily(self) -> Self {
        Self { daily: true, ..self }
    }

    fn experiment(&self, only: bool, window: bool, expected: [Outcome; 2]) -> Experiment {
        let rows = |only: &[&str]| -> Vec<String> {
            let mut values: Vec<&str> = self.both.to_vec();
            values.extend(only);
            let count = values.len();
            let mut rows = Vec::new();
            for (number, value) in values.iter().enumerate() {
                rows.push(format!("INSERT INTO $t (id, f, v) VALUES ({}, 1, {value})", 100 + number));
                rows.push(format!("UPDATE $t SET v = {value} WHERE id = {}", 100 + (number + 1) % count));
            }
            rows.push("UPDATE $t SET f = f + 1 WHERE id = 1 OR id >= 100".to_owned());
            rows.push("UPDATE $t SET v = ".to_owned() + values[count - 1] + ", w = 8 WHERE id = 2");
            rows.push("DELETE FROM $t WHERE id IN (3, 101)".to_owned());
            rows
        };
        let seeds: Vec<String> =
            (0..4).map(|id| format!("({}, 0, {})", id + 1, self.both[id % self.both.len()])).collect();
        let (old_only, new_only) = if only { (self.old_only, self.new_only) } else { (&[][..], &[][..]) };
        Experiment {
            setup: vec![
                format!(
                    "CREATE TABLE $t (id INT NOT NULL PRIMARY KEY, f INT NOT NULL DEFAULT 0, v {}, \
                     w INT NOT NULL DEFAULT 7) ENGINE=InnoDB DEFAULT CHARSET=latin1",
                    members(self.old)
                ),
                format!("INSERT INTO $t (id, f, v) VALUES {}", seeds.join(", ")),
            ],
            alter: format!("ALTER TABLE $t MODIFY v {}", members(self.new)),
            old: rows(old_only),
            new: rows(new_only),
            window,
            image: None,
            broken: only || (!window && self.bare != OK),
            daily: self.daily,
            one_way: None,
            expected,
            expected_since_11_8: self.since_11_8,
        }
    }
}

/// `ENUM(#255)` has 255 members, m1 to m255.
fn members(text: &str) -> String {
    let Some((before, rest)) = text.split_once('#') else { return text.to_owned() };
    let (count, after) = rest.split_once(')').unwrap_or_default();
    let count: u32 = count.parse().unwrap();
    let members: Vec<String> = (1..=count).map(|number| format!("'m{number}'")).collect();
    format!("{before}{}){after}", members.join(","))
}

/// The experiments of all types.
pub fn experiments() -> Vec<Experiment> {
    let mut all = Vec::new();
    for (number, case) in TYPES.iter().enumerate() {
        let window = case.bare == LOST;
        let side = if number % 2 == 0 { Direction::OldToNew } else { Direction::NewToOld };
        // A node is lost by a refusal, which takes time: one side is enough to see it, and one pair of types in five to
        // see that without a window nothing crosses.
        if !window || (case.window != LOST && (number % 5 == 0 || case.daily)) {
            let one_way = window.then_some(side);
            all.push(Experiment { one_way, ..case.experiment(false, false, case.bare) });
        }
        if window {
            let one_way = (case.window == LOST).then_some(side);
            all.push(Experiment { one_way, ..case.experiment(false, true, case.window) });
        }
        if !case.old_only.is_empty() || !case.new_only.is_empty() {
            all.push(case.experiment(true, window, case.edges));
        }
    }
    all
}

#[rustfmt::skip]
const TYPES: &[TypeCase] = &[
    // Whole numbers.
    converts("INT", "BIGINT", &["1", "-7", "2147483647"]).new_only(&["2147483648"], Differ).daily(),
    converts("INT", "SMALLINT", &["1", "-7", "32767"]).old_only(&["40000"], Stuck),
    converts("SMALLINT", "INT", &["1", "-7"]).new_only(&["40000"], Differ),
    converts("TINYINT", "SMALLINT", &["1", "-7"]).new_only(&["300"], Differ),
    converts("MEDIUMINT", "INT", &["1", "-7", "8388607"]),
    converts("INT", "MEDIUMINT", &["1", "-7", "8388607"]),
    converts("BIGINT", "INT", &["1", "-7"]).old_only(&["9000000000"], Stuck),
    crosses("INT", "INT UNSIGNED", &["0", "2147483647"]).old_only(&["-5"], Stuck).new_only(&["4000000000"], Stuck).daily(),
    crosses("INT UNSIGNED", "INT", &["0", "2147483647"]).old_only(&["4000000000"], Stuck).new_only(&["-5"], Stuck),
    crosses("BIGINT", "BIGINT UNSIGNED", &["0", "9223372036854775807"]),
    converts("INT UNSIGNED", "BIGINT UNSIGNED", &["1", "2147483647", "4000000000"]).new_only(&["9000000000"], Differ),
    converts("INT UNSIGNED", "BIGINT", &["1", "2147483647"]).old_only(&["4000000000"], Differ).new_only(&["-1"], Differ),
    converts("INT", "BIGINT UNSIGNED", &["1", "2147483647"]).old_only(&["-5"], Stuck).new_only(&["9000000000"], Differ),
    converts("BIGINT UNSIGNED", "INT UNSIGNED", &["1", "4000000000"]),
    converts("INT UNSIGNED", "SMALLINT", &["1", "32767"]),
    crosses("INT(11)", "INT(4)", &["1", "-70000"]),
    crosses("INT UNSIGNED", "INT(8) ZEROFILL", &["1", "4000000000"]),
    crosses("TINYINT(1)", "BOOLEAN", &["0", "1"]),
    refused("INT", "DECIMAL(10,0)", &["1", "-7"]),
    refused("DECIMAL(9,0)", "INT", &["1", "-7"]),
    refused("INT", "VARCHAR(20)", &["1", "-7"]),
    refused("VARCHAR(20)", "INT", &["'1'", "'-7'"]),
    refused("INT", "DOUBLE", &["1", "-7"]),
    refused("FLOAT", "INT", &["1", "-7"]),
    refused("TINYINT", "BIT(8)", &["1", "0"]),
    refused("YEAR", "SMALLINT", &["2020", "1999"]),
    refused("INT", "TIMESTAMP NULL", &["NULL"]),
    // Exact and floating numbers.
    converts("DECIMAL(8,2)", "DECIMAL(10,2)", &["1.25", "-999999.99"]).new_only(&["1000000.00"], Differ).daily(),
    converts("DECIMAL(8,2)", "DECIMAL(12,4)", &["1.25", "-999999.99"]).new_only(&["1.2345"], Differ),
    converts("DECIMAL(8,2)", "DECIMAL(8,4)", &["1.25", "-9999.99"]).old_only(&["999999.99"], Stuck).new_only(&["1.2345"], Differ),
    converts("DECIMAL(8,2)", "DECIMAL(6,2)", &["1.25", "-9999.99"]).old_only(&["999999.99"], Stuck),
    converts("DECIMAL(8,2)", "DECIMAL(8,1)", &["1.5", "-9999.9"]).old_only(&["1.25"], Same),
    crosses("DECIMAL(8,2)", "DECIMAL(8,2) UNSIGNED", &["1.25", "9999.99"]).old_only(&["-1.25"], Stuck),
    crosses("DECIMAL(8,2) UNSIGNED", "DECIMAL(8,2)", &["1.25", "9999.99"]).new_only(&["-1.25"], Same),
    converts("DECIMAL(8,2)", "DOUBLE", &["1.25", "-9999.5"]).new_only(&["1.2345"], Differ),
    converts("DOUBLE", "DECIMAL(8,2)", &["1.25", "-9999.5"]),
    converts("DECIMAL(8,2)", "FLOAT", &["1.25", "-9999.5"]),
    converts("FLOAT", "DECIMAL(8,2)", &["1.25", "-9999.5"]),
    converts("FLOAT", "DOUBLE", &["1.5", "-7.25"]).new_only(&["0.1"], Differ),
    converts("DOUBLE", "FLOAT", &["1.5", "-7.25"]).old_only(&["0.1"], Same),
    crosses("FLOAT(8,2)", "FLOAT(10,2)", &["1.5", "-7.25"]),
    crosses("DOUBLE(8,2)", "DOUBLE", &["1.5", "-7.25"]).new_only(&["1.2345"], Same),
    crosses("DOUBLE", "DOUBLE UNSIGNED", &["1.5", "7.25"]).old_only(&["-1.5"], Stuck),
    converts("BIT(8)", "BIT(16)", &["b'1'", "b'11111111'"]).new_only(&["b'100000000'"], Differ),
    converts("BIT(16)", "BIT(8)", &["b'1'", "b'11111111'"]).old_only(&["b'100000000'"], Stuck),
    converts("BIT(4)", "BIT(7)", &["b'1'", "b'1111'"]).new_only(&["b'1111111'"], Differ),
    refused("BIT(8)", "TINYINT UNSIGNED", &["1", "255"]),
    // Strings, their lengths on both sides of 255 bytes.
    converts("VARCHAR(20)", "VARCHAR(60)", &["'a'", "''", "'12345678901234567890'"]).new_only(&["REPEAT('y', 60)"], Differ).daily(),
    converts("VARCHAR(20)", "VARCHAR(255)", &["'a'", "'12345678901234567890'"]),
    converts("VARCHAR(255)", "VARCHAR(256)", &["'a'", "REPEAT('x', 255)"]).new_only(&["REPEAT('y', 256)"], Differ),
    converts("VARCHAR(20)", "VARCHAR(600)", &["'a'", "'12345678901234567890'"]).new_only(&["REPEAT('y', 600)"], Differ),
    converts("VARCHAR(300)", "VARCHAR(600)", &["'a'", "REPEAT('x', 300)"]).new_only(&["REPEAT('y', 600)"], Differ),
    converts("VARCHAR(20)", "VARCHAR(5)", &["'a'", "'12345'"]).old_only(&["'123456'"], Stuck),
    converts("VARCHAR(600)", "VARCHAR(20)", &["'a'", "'12345'"]).old_only(&["REPEAT('y', 600)"], Stuck),
    converts("VARCHAR(20)", "CHAR(20)", &["'a'", "'12345678901234567890'"]).old_only(&["'b  '"], Same),
    converts("CHAR(20)", "VARCHAR(20)", &["'a'", "'12345678901234567890'"]).new_only(&["'b  '"], Differ),
    converts("CHAR(5)", "CHAR(9)", &["'a'", "'12345'"]).new_only(&["'123456789'"], Differ),
    converts("CHAR(9)", "CHAR(5)", &["'a'", "'12345'"]).old_only(&["'123456789'"], Stuck),
    converts("CHAR(5)", "VARCHAR(9)", &["'a'", "'12345'"]),
    converts("CHAR(70) CHARACTER SET utf8mb4", "CHAR(80) CHARACTER SET utf8mb4", &["'a'", "REPEAT('é', 70)"]),
    converts("VARCHAR(20)", "TEXT", &["'a'", "'12345678901234567890'"]).new_only(&["REPEAT('y', 600)"], Differ),
    converts("TEXT", "VARCHAR(200)", &["'a'", "REPEAT('x', 200)"]).old_only(&["REPEAT('y', 600)"], Stuck),
    converts("VARCHAR(20)", "TINYTEXT", &["'a'", "'12345678901234567890'"]),
    converts("VARCHAR(600)", "LONGTEXT", &["'a'", "REPEAT('x', 600)"]),
    converts("CHAR(5)", "TEXT", &["'a'", "'12345'"]),
    converts("TINYTEXT", "TEXT", &["'a'", "REPEAT('x', 255)"]).new_only(&["REPEAT('y', 600)"], Differ),
    converts("TEXT", "MEDIUMTEXT", &["'a'", "REPEAT('x', 600)"]).new_only(&["REPEAT('y', 70000)"], Differ),
    converts("TEXT", "LONGTEXT", &["'a'", "REPEAT('x', 600)"]),
    converts("LONGTEXT", "TEXT", &["'a'", "REPEAT('x', 600)"]).old_only(&["REPEAT('y', 70000)"], Stuck),
    converts("TEXT", "TINYTEXT", &["'a'", "'b'"]),
    crosses("TEXT", "BLOB", &["'a'", "'bcd'"]),
    crosses("BLOB", "TEXT", &["'a'", "'bcd'"]).old_only(&["x'ff00'"], Same),
    crosses("VARCHAR(20)", "VARBINARY(20)", &["'a'", "'bcd'"]),
    crosses("VARBINARY(20)", "VARCHAR(20)", &["'a'", "'bcd'"]),
    crosses("CHAR(8)", "BINARY(8)", &["'12345678'"]).old_only(&["'a'"], Same),
    crosses("BINARY(8)", "CHAR(8)", &["'12345678'"]).old_only(&["'a'"], Differ),
    converts("VARBINARY(20)", "VARBINARY(60)", &["'a'", "x'00ff'"]),
    converts("VARBINARY(20)", "BLOB", &["'a'", "x'00ff'"]),
    converts("VARBINARY(60)", "VARBINARY(20)", &["'a'", "x'00ff'"]),
    converts("BINARY(8)", "BINARY(12)", &["'a'", "'12345678'"]),
    converts("BINARY(8)", "VARBINARY(8)", &["'12345678'"]),
    converts("BLOB", "LONGBLOB", &["'a'", "x'00ff'"]),
    converts("TINYBLOB", "BLOB", &["'a'", "x'00ff'"]),
    crosses("LONGTEXT", "JSON", &["'{}'", "'[1]'"]),
    crosses("JSON", "LONGTEXT", &["'{}'", "'[1]'"]).new_only(&["'no'"], Same),
    converts("TEXT", "JSON", &["'{}'", "'[1]'"]),
    converts("VARCHAR(200)", "JSON", &["'{}'", "'[1]'"]),
    converts("VARCHAR(20)", "VARCHAR(20) COMPRESSED", &["'a'", "'bcd'"]),
    converts("VARCHAR(300)", "VARCHAR(300) COMPRESSED", &["'a'", "REPEAT('x', 200)"]),
    converts("VARCHAR(300) COMPRESSED", "VARCHAR(300)", &["'a'", "REPEAT('x', 200)"]),
    converts("TEXT", "TEXT COMPRESSED", &["'a'", "REPEAT('x', 600)"]),
    converts("BLOB COMPRESSED", "BLOB", &["'a'", "REPEAT('x', 600)"]),
    converts("VARCHAR(200) COMPRESSED", "VARCHAR(300) COMPRESSED", &["'a'", "REPEAT('x', 200)"]),
    // Character sets and collations.
    converts("VARCHAR(20)", "VARCHAR(20) CHARACTER SET utf8mb4", &["'a'", "''"]).old_only(&["'é'"], Differ).new_only(&["'é'"], Differ).daily(),
    converts("VARCHAR(20) CHARACTER SET utf8mb3", "VARCHAR(20) CHARACTER SET utf8mb4", &["'a'", "'é'"]).new_only(&["'😀'"], Differ).daily(),
    converts("VARCHAR(70) CHARACTER SET utf8mb3", "VARCHAR(70) CHARACTER SET utf8mb4", &["'a'", "REPEAT('é', 70)"]),
    converts("VARCHAR(100) CHARACTER SET utf8mb3", "VARCHAR(100) CHARACTER SET utf8mb4", &["'a'", "REPEAT('é', 100)"]),
    converts("CHAR(5) CHARACTER SET utf8mb3", "CHAR(5) CHARACTER SET utf8mb4", &["'a'", "'ééééé'"]),
    crosses("TEXT CHARACTER SET utf8mb3", "TEXT CHARACTER SET utf8mb4", &["'a'", "'é'"]).new_only(&["'😀'"], Same),
    crosses("TEXT", "TEXT CHARACTER SET utf8mb4", &["'a'", "''"]).old_only(&["'é'"], Differ).new_only(&["'é'"], Differ),
    converts("TEXT", "MEDIUMTEXT CHARACTER SET utf8mb4", &["'a'", "''"]),
    converts("VARCHAR(20) CHARACTER SET utf8mb4", "VARCHAR(20) CHARACTER SET utf8mb3", &["'a'", "'é'"]).old_only(&["'😀'"], Stuck),
    converts("VARCHAR(20) CHARACTER SET utf8mb4", "VARCHAR(20)", &["'a'", "''"]).old_only(&["'é'"], Differ),
    crosses("VARCHAR(20)", "VARCHAR(20) CHARACTER SET latin2", &["'a'", "''"]).old_only(&["'£'"], Stuck),
    crosses("VARCHAR(20) CHARACTER SET ascii", "VARCHAR(20)", &["'a'", "''"]).new_only(&["'é'"], Stuck),
    converts("VARCHAR(20) CHARACTER SET ascii", "VARCHAR(20) CHARACTER SET utf8mb4", &["'a'", "''"]).new_only(&["'é'"], Stuck),
    crosses("VARCHAR(40)", "VARCHAR(10) CHARACTER SET utf8mb4", &["'a'", "''"]).old_only(&["REPEAT('x', 40)"], Stuck).new_only(&["'é'"], Differ),
    crosses("TEXT CHARACTER SET ucs2", "TEXT CHARACTER SET utf8mb4", &["'a'", "'b'"]).never([Differ, Stuck]),
    crosses("VARCHAR(20)", "VARCHAR(20) COLLATE latin1_bin", &["'a'", "'é'"]),
    crosses("TEXT CHARACTER SET utf8mb4", "TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", &["'a'", "'é'"]),
    crosses("ENUM('a','b')", "ENUM('a','b') CHARACTER SET utf8mb4", &["'a'", "'b'"]),
    // Members.
    crosses("ENUM('x','y')", "ENUM('x','y','z')", &["'x'", "'y'"]).new_only(&["'z'"], Same).daily(),
    crosses("ENUM('x','y')", "ENUM('z','x','y')", &["'x'", "'y'"]).never([Differ, Stuck]).daily(),
    crosses("ENUM('x','y')", "ENUM('y','x')", &["'x'", "'y'"]).never(DIFFER),
    crosses("ENUM('x','y','z')", "ENUM('x','y')", &["'x'", "'y'"]).old_only(&["'z'"], Stuck),
    crosses("ENUM('x','y','z')", "ENUM('x','z')", &["'x'", "'z'"]).never([Differ, Stuck]),
    crosses("ENUM('x','y')", "ENUM('x','w')", &["'x'"]).old_only(&["'y'"], Stuck),
    converts("ENUM(#255)", "ENUM(#256)", &["'m1'", "'m255'"]).new_only(&["'m256'"], Differ),
    crosses("SET('x','y')", "SET('x','y','z')", &["'x'", "'x,y'"]).new_only(&["'z'"], Same),
    crosses("SET('x','y')", "SET('y','x')", &["'x'", "'y'"]).never(DIFFER),
    crosses("SET('x','y','z')", "SET('x','y')", &["'x'", "'x,y'"]).old_only(&["'z'"], Stuck),
    converts("SET(#8)", "SET(#9)", &["'m1'", "'m8'"]).new_only(&["'m9'"], Differ),
    refused("ENUM('x','y')", "SET('x','y')", &["'x'", "'y'"]),
    refused("ENUM('x','y')", "VARCHAR(10)", &["'x'", "'y'"]),
    refused("VARCHAR(10)", "ENUM('x','y')", &["'x'", "'y'"]),
    // Dates and times.
    converts("DATE", "DATETIME", &["'2020-01-02'", "'1999-12-31'"]).new_only(&["'2020-01-02 03:04:05'"], Differ),
    converts("DATETIME", "DATE", &["'2020-01-02'", "'1999-12-31'"]).old_only(&["'2020-01-02 03:04:05'"], Same),
    refused("DATETIME", "TIMESTAMP NULL", &["'2020-01-02 03:04:05'"]),
    refused("TIMESTAMP NULL", "DATETIME", &["'2020-01-02 03:04:05'"]),
    crosses("DATETIME", "DATETIME(6)", &["'2020-01-02 03:04:05'"]).never([Lost, Chance]).daily(),
    crosses("DATETIME(6)", "DATETIME", &["'2020-01-02 03:04:05'"]).never([Chance, Lost]),
    converts("DATETIME(3)", "DATETIME(6)", &["'2020-01-02 03:04:05.678'"]).new_only(&["'2020-01-02 03:04:05.678901'"], Differ),
    crosses("TIMESTAMP NULL", "TIMESTAMP(6) NULL", &["'2020-01-02 03:04:05'"]).never([Lost, Chance]),
    converts("TIMESTAMP(6) NULL", "TIMESTAMP(3) NULL", &["'2020-01-02 03:04:05.678'"]),
    crosses("TIME", "TIME(3)", &["'03:04:05'", "'-800:00:00'"]).never([Lost, Chance]),
    converts("TIME(6)", "TIME(3)", &["'03:04:05.678'"]),
    refused("TIME", "DATETIME", &["'00:00:01'"]),
    refused("DATE", "VARCHAR(20)", &["'2020-01-02'"]),
    refused("DATE", "TIMESTAMP NULL", &["'2020-01-02'"]),
    // Special types.
    crosses("BINARY(16)", "UUID", &["UNHEX('0123456789ABCDEF0123456789ABCDEF')"]),
    crosses("UUID", "BINARY(16)", &["UNHEX('550E8400E29B41D4A716446655440000')"]),
    crosses("BINARY(16)", "UUID", &["UNHEX('550E8400E29B41D4A716446655440000')"]),
    crosses("BINARY(16)", "UUID", &["UNHEX('550E8400E29B11D4A716446655440000')"]),
    converts("CHAR(36)", "UUID", &["'550e8400-e29b-41d4-a716-446655440000'"]).becomes([Lost, Stuck]),
    converts("UUID", "CHAR(36)", &["'550e8400-e29b-41d4-a716-446655440000'"]).becomes([Differ, Lost]),
    converts("VARCHAR(15)", "INET4", &["'10.0.0.1'"]).becomes([Lost, Stuck]),
    converts("VARCHAR(39)", "INET6", &["'::1'"]).becomes([Lost, Stuck]),
    converts("INET6", "VARCHAR(39)", &["'::1'"]).becomes([Differ, Lost]),
    crosses("BINARY(16)", "INET6", &["UNHEX('20010DB8000000000000000000000001')"]),
    crosses("POINT", "GEOMETRY", &["ST_GeomFromText('POINT(1 2)')"]).new_only(&["ST_GeomFromText('LINESTRING(1 2,3 4)')"], Same),
    crosses("GEOMETRY", "POINT", &["ST_GeomFromText('POINT(1 2)')"]).old_only(&["ST_GeomFromText('LINESTRING(1 2,3 4)')"], Stuck),
    refused("POINT", "BLOB", &["ST_GeomFromText('POINT(1 2)')"]),
    crosses("POINT", "POINT REF_SYSTEM_ID=4326", &["ST_GeomFromText('POINT(1 2)')"]),
    // Attributes.
    crosses("INT NULL", "INT NOT NULL", &["1", "2"]).old_only(&["NULL"], Stuck).daily(),
    crosses("INT NOT NULL", "INT NULL", &["1", "2"]).new_only(&["NULL"], Differ),
    crosses("VARCHAR(20) NULL", "VARCHAR(20) NOT NULL DEFAULT 'x'", &["'1'", "'2'"]).old_only(&["NULL"], Stuck),
    crosses("VARCHAR(20) NOT NULL", "VARCHAR(20) NULL", &["'1'", "'2'"]).new_only(&["NULL"], Differ),
    converts("VARCHAR(20) NOT NULL", "VARCHAR(60) NULL", &["'1'", "'2'"]).new_only(&["NULL"], Differ),
    crosses("INT DEFAULT 5", "INT DEFAULT 6", &["1", "DEFAULT"]),
    crosses("INT", "INT DEFAULT (f + 1)", &["1", "DEFAULT"]),
    crosses("INT NOT NULL", "INT NOT NULL DEFAULT (FLOOR(RAND() * 1000))", &["1", "2"]).new_only(&["DEFAULT"], Same),
    crosses("TIMESTAMP NULL", "TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP", &["'2020-01-02 03:04:05'", "DEFAULT"]),
    crosses("DATETIME DEFAULT NOW()", "DATETIME", &["'2020-01-02 03:04:05'", "DEFAULT"]),
    crosses("VARCHAR(40)", "VARCHAR(40) DEFAULT (UUID())", &["'1'", "DEFAULT"]),
    crosses("INT", "INT INVISIBLE COMMENT 'x'", &["1", "2"]),
    crosses("INT CHECK (v > 0)", "INT", &["1", "2"]).new_only(&["-1"], Same),
    crosses("INT", "INT CHECK (v > 0)", &["1", "2"]).old_only(&["-1"], Same),
    crosses("INT AS (f + 1) VIRTUAL", "INT AS (f + 2) VIRTUAL", &["DEFAULT"]).never(DIFFER),
    crosses("INT AS (f + 1) STORED", "INT AS (f + 2) STORED", &["DEFAULT"]).never(DIFFER),
    converts("INT AS (f + 1) VIRTUAL", "BIGINT AS (f + 1) VIRTUAL", &["DEFAULT"]),
    converts("INT AS (f + 1) STORED", "BIGINT AS (f + 1) STORED", &["DEFAULT"]),
    crosses("INT AS (f + 1) STORED", "INT", &["DEFAULT"]).since_11_8([Same, Differ]),
    crosses("INT", "INT AS (f + 1) STORED", &["NULL"]).never([Differ, Same]).since_11_8(OK),
];
