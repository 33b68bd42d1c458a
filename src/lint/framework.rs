//! What migration frameworks write around the SQL: which part of a file is the way down, and which part is run again
//! when it fails.
//!
//! | framework | files | marks inside |
//! |---|---|---|
//! | Flyway | `V1__x.sql`, undo `U1__x.sql`, repeatable `R__x.sql` | - |
//! | Liquibase | `--liquibase formatted sql` | `--changeset .. endDelimiter:..`, `--rollback`, `/* liquibase rollback .. */` |
//! | golang-migrate, sqlx | `1_x.up.sql`, `1_x.down.sql` | - |
//! | dbmate | - | `-- migrate:up`, `-- migrate:down` |
//! | goose | - | `-- +goose Up`, `-- +goose Down` |
//! | sql-migrate | - | `-- +migrate Up`, `-- +migrate Down` |
//! | diesel | `up.sql`, `down.sql` | - |

use std::ops::Range;

/// The framework that a file is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framework {
    /// Nothing says which.
    Unknown,
    /// Flyway, by the file's name.
    Flyway,
    /// Liquibase's formatted SQL.
    Liquibase,
    /// golang-migrate or sqlx, by the file's name.
    UpDownFiles,
    /// dbmate.
    Dbmate,
    /// goose, or sql-migrate, whose marks are alike.
    Goose,
}

/// What a part of a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Forwards.
    Up,
    /// The way back; it runs only when somebody wants the change undone.
    Down,
}

/// A file as its framework sees it.
#[derive(Debug)]
pub struct Layout {
    /// The framework.
    pub framework: Framework,
    /// From where on the framework may run the file more than once, or no longer: Flyway's repeatable migrations,
    /// Liquibase's `runAlways` and `runOnChange`.
    repeats: Vec<(usize, bool)>,
    /// Where another direction begins, in the order of the text.
    turns: Vec<(usize, Direction)>,
}

impl Layout {
    /// Reads the name and the marks. `path` has `/` between its parts.
    pub fn read(path: &str, text: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        let (framework, direction, repeats) = by_name(&name);
        let mut layout = Self { framework, repeats: vec![(0, repeats)], turns: vec![(0, direction)] };
        for (start, line) in comment_lines(text) {
            layout.mark(start, line);
        }
        layout
    }

    /// The direction in force at a byte of the text.
    pub fn direction(&self, offset: usize) -> Direction {
        let at = self.turns.partition_point(|(start, _)| *start <= offset);
        self.turns.get(at.wrapping_sub(1)).map_or(Direction::Up, |(_, direction)| *direction)
    }

    /// Whether what stands at a byte of the text may be run again as a matter of course.
    pub fn repeats(&self, offset: usize) -> bool {
        let at = self.repeats.partition_point(|(start, _)| *start <= offset);
        self.repeats.get(at.wrapping_sub(1)).is_some_and(|(_, repeats)| *repeats)
    }

    fn mark(&mut self, start: usize, line: &str) {
        let line = line.trim_start_matches('-').trim().to_ascii_lowercase();
        let mut words = line.split_whitespace();
        let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match (first, second) {
            ("migrate:up", _) => self.turn(Framework::Dbmate, start, Direction::Up),
            ("migrate:down", _) => self.turn(Framework::Dbmate, start, Direction::Down),
            ("+goose" | "+migrate", "up") => self.turn(Framework::Goose, start, Direction::Up),
            ("+goose" | "+migrate", "down") => self.turn(Framework::Goose, start, Direction::Down),
            ("liquibase", "formatted") => self.framework = Framework::Liquibase,
            ("changeset", _) => {
                self.framework = Framework::Liquibase;
                let again = line.contains("runalways:true") || line.contains("runonchange:true");
                self.repeats.push((start, again));
            }
            _ => {}
        }
    }

    fn turn(&mut self, framework: Framework, start: usize, direction: Direction) {
        self.framework = framework;
        self.turns.push((start, direction));
    }
}

/// A line that ends the statement before it, with or without a delimiter: the framework runs each part by itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Boundary {
    /// Its bytes.
    pub(super) line: Range<usize>,
    /// What ends statements behind it.
    pub(super) delimiter: String,
}

/// The lines at which a framework begins something new.
pub(super) fn boundaries(text: &str) -> impl Iterator<Item = Boundary> {
    comment_lines(text).filter_map(|(start, line)| {
        let body = line.trim_start_matches('-').trim().to_ascii_lowercase();
        let mut words = body.split_whitespace();
        let delimiter = match (words.next().unwrap_or_default(), words.next().unwrap_or_default()) {
            ("migrate:up" | "migrate:down", _) => None,
            ("+goose" | "+migrate", "up" | "down" | "statementbegin" | "statementend") => None,
            ("changeset", id) if id.contains(':') => end_delimiter(line),
            _ => return None,
        };
        let delimiter = delimiter.unwrap_or_else(|| ";".to_owned());
        Some(Boundary { line: start..start + line.len(), delimiter })
    })
}

/// What `endDelimiter:..` asks for. It may be a regular expression, of which only line ends and white space around the
/// delimiter, and other ways to write it behind `|`, are understood; `None` for any other.
fn end_delimiter(line: &str) -> Option<String> {
    let attribute = line.split_whitespace().find_map(|word| {
        let (name, value) = word.split_once(':')?;
        name.eq_ignore_ascii_case("endDelimiter").then(|| value.trim_matches('"'))
    })?;
    let mut first = match attribute.split('|').next() {
        Some("") | None => attribute,
        Some(first) => first,
    };
    let space = [r"\s*", r"\s+", r"\s", r"\r", r"\n"];
    while let Some(rest) = space.iter().find_map(|space| first.strip_prefix(space)) {
        first = rest;
    }
    while let Some(rest) = space.iter().find_map(|space| first.strip_suffix(space)) {
        first = rest;
    }
    // A word, such as GO, would be found within other words.
    let plain = |char: char| char.is_ascii_punctuation() && !r"\*+?()[]{}'`".contains(char);
    (!first.is_empty() && first.chars().all(plain)).then(|| first.to_owned())
}

fn by_name(name: &str) -> (Framework, Direction, bool) {
    let stem = name.strip_suffix(".sql").unwrap_or(name);
    let versioned = |first: char| {
        stem.strip_prefix(first).and_then(|rest| rest.split_once("__")).is_some_and(|(version, _)| {
            !version.is_empty() && version.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '_')
        })
    };
    if versioned('v') || versioned('b') {
        (Framework::Flyway, Direction::Up, false)
    } else if versioned('u') {
        (Framework::Flyway, Direction::Down, false)
    } else if stem.starts_with("r__") {
        (Framework::Flyway, Direction::Up, true)
    } else if stem.ends_with(".up") {
        (Framework::UpDownFiles, Direction::Up, false)
    } else if stem.ends_with(".down") {
        (Framework::UpDownFiles, Direction::Down, false)
    } else {
        let down = ["down", "rollback", "undo", "revert"];
        let last = stem.rsplit(['.', '_', '-']).next().unwrap_or(stem);
        (Framework::Unknown, if down.contains(&last) { Direction::Down } else { Direction::Up }, false)
    }
}

/// The lines that begin with `--`, each with the offset of its first dash.
fn comment_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut offset = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let start = offset;
        offset += line.len();
        let body = line.trim_start_matches(['\u{feff}', ' ', '\t']);
        body.starts_with("--").then(|| (start + line.len() - body.len(), body.trim_end()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_direction() {
        use Direction::{Down, Up};
        for (path, direction) in [
            ("db/V1_2__add_users.sql", Up),
            ("db/U1_2__add_users.sql", Down),
            ("db/R__views.sql", Up),
            ("m/0001_init.up.sql", Up),
            ("m/0001_init.down.sql", Down),
            ("2024-01-01-000000_x/down.sql", Down),
            ("2024-01-01-000000_x/up.sql", Up),
            ("m/users_rollback.sql", Down),
            ("m/breakdown.sql", Up),
            ("-", Up),
        ] {
            assert_eq!(Layout::read(path, "").direction(0), direction, "{path}");
        }
        assert!(Layout::read("db/R__views.sql", "").repeats(0));
    }

    #[test]
    fn marks_turn_the_direction() {
        for (text, framework) in [
            ("-- migrate:up\nA;\n-- migrate:down\nB;", Framework::Dbmate),
            ("-- +goose Up\nA;\n  -- +goose Down\nB;", Framework::Goose),
            ("-- +migrate Up\nA;\n-- +migrate Down\nB;", Framework::Goose),
        ] {
            let layout = Layout::read("m/1_x.sql", text);
            assert_eq!(layout.framework, framework);
            assert_eq!(layout.direction(text.find('A').unwrap()), Direction::Up, "{text}");
            assert_eq!(layout.direction(text.find('B').unwrap()), Direction::Down, "{text}");
        }
    }

    #[test]
    fn end_delimiters_are_read() {
        for (attribute, delimiter) in [
            ("endDelimiter:/", Some("/")),
            ("splitStatements:true enddelimiter:$$", Some("$$")),
            ("endDelimiter:\"//\" runOnChange:true", Some("//")),
            (r"endDelimiter:\n/\s*\n|\n/\s*$", Some("/")),
            ("endDelimiter:|", Some("|")),
            ("endDelimiter:GO", None),
            ("endDelimiter:(x)", None),
            ("runOnChange:true", None),
        ] {
            assert_eq!(end_delimiter(&format!("--changeset a:1 {attribute}")).as_deref(), delimiter, "{attribute}");
        }
    }

    #[test]
    fn each_changeset_says_whether_it_runs_again() {
        let text = "--liquibase formatted sql\n--changeset a:1 runOnChange:true\nA;\n--changeset a:2\nB;";
        let layout = Layout::read("x.sql", text);
        assert!(layout.repeats(text.find("A;").unwrap()) && !layout.repeats(text.find("B;").unwrap()));
    }
}
