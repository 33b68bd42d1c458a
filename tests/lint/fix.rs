//! `--fix`: certain, re-parsed, idempotent.

use galera_schema::lint::{Context, Settings, fix};

fn check(path: &str, schema: &str, before: &str, after: &str) {
    let mut context = Context { version: Some("10.11.19".parse().unwrap()), ..Context::default() };
    context.read_schema(schema);
    let fixed = fix(path, before, &context, &Settings::default());
    let text = fixed.map_or(before.to_owned(), |fixed| fixed.text);
    assert_eq!(text, after);
    assert_eq!(fix(path, &text, &context, &Settings::default()), None, "a second time nothing is left to do");
}

const TABLE: &str = "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, a VARCHAR(20)) ENGINE=InnoDB;";
const FULLTEXT: &str = "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, a TEXT, FULLTEXT KEY (a)) ENGINE=InnoDB;";

#[test]
fn what_is_certain_is_rewritten_and_nothing_else() {
    for (path, schema, before, after) in [
        (
            "a.sql",
            TABLE,
            "ALTER TABLE t ADD COLUMN b INT; -- é\r\nALTER TABLE t ADD c INT;\r\n",
            "ALTER TABLE t ADD COLUMN b INT, ALGORITHM=INSTANT; -- é\r\nALTER TABLE t ADD c INT, ALGORITHM=INSTANT;\r\n",
        ),
        // Here it would be a rebuild.
        ("a.sql", FULLTEXT, "ALTER TABLE t ADD COLUMN b INT;", "ALTER TABLE t ADD COLUMN b INT;"),
        // Here nobody knows.
        ("a.sql", "", "ALTER TABLE t ADD COLUMN b INT;", "ALTER TABLE t ADD COLUMN b INT;"),
        (
            "a.sql",
            "",
            "CREATE TABLE m (id INT NOT NULL PRIMARY KEY, offset INT, `rows` INT)",
            "CREATE TABLE m (id INT NOT NULL PRIMARY KEY, `offset` INT, `rows` INT)",
        ),
        ("R__v.sql", "", "create view v as select 1", "create OR REPLACE view v as select 1"),
        ("V1__v.sql", "", "create view v as select 1", "create view v as select 1"),
    ] {
        check(path, schema, before, after);
    }
}
