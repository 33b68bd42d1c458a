//! The arrows of the house: what the core may not use, and which edges may not know each other.
//!
//! This reads the sources. A line that breaks a rule for a good reason is listed in [`EXCEPTIONS`], with the reason.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// Plain data and functions: no files, network, clock, environment or printing.
const CORE: &[&str] = &["ddl", "failure", "lint", "plan", "report", "run", "sql", "upgrade", "verify"];

/// Each ignorant of the others. All of them may read `config`'s types.
const EDGES: &[&str] = &["balancer", "cluster", "config", "host", "sandbox"];

/// Rooms that bring edges together. Nothing else may use them.
const TOP: &[&str] = &["cli", "engine"];

/// What a core room may not name.
const OUTSIDE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process::Command",
    "std::io",
    "std::thread",
    "std::time::SystemTime",
    "std::time::Instant",
    "SystemTime::now",
    "Instant::now",
    "tokio",
    "mysql_async",
    "nix",
    "ureq",
    "tempfile",
    "jiff::Timestamp::now",
    "Timestamp::now",
    "Zoned::now",
    "println!",
    "eprintln!",
    "print!",
    "eprint!",
    "dbg!",
    "anstream::print",
    "anstream::eprint",
    "anstream::stdout",
    "anstream::stderr",
];

/// (file, what it names, why it may)
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    if folder.is_file() {
        found.push(folder.to_owned());
        return;
    }
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("an entry of a folder").path();
        if path.is_dir() || path.extension().is_some_and(|extension| extension == "rs") {
            sources(&path, found);
        }
    }
}

/// A room's code without comments and without its tests, by file.
fn code(room: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    sources(&root.join("src").join(room), &mut found);
    sources(&root.join("src").join(format!("{room}.rs")), &mut found);
    found.retain(|path| path.exists() && !is_test(path));
    assert!(!found.is_empty(), "the room {room} has no source");
    found
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a source");
            let name = path.strip_prefix(root).expect("a path below the root").display().to_string();
            (name, without_tests(&text))
        })
        .collect()
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests")
        || path.file_stem().is_some_and(|stem| stem == "tests" || stem == "simulation")
}

fn without_tests(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether `text` names `path`, and not something whose name only ends or begins with it.
fn names(text: &str, path: &str) -> bool {
    text.match_indices(path).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + path.len()..].chars().next();
        let part = |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_');
        !part(before) && (path.ends_with('!') || !part(after))
    })
}

fn excepted(file: &str, what: &str) -> bool {
    EXCEPTIONS.iter().any(|(name, named, _)| *name == file && *named == what)
}

/// The rooms of this crate that a source uses, also in `use crate::{a, b::c}`.
fn rooms(code: &str) -> Vec<&'static str> {
    let all = [CORE, EDGES, TOP].concat();
    let grouped: String = code
        .match_indices("crate::{")
        .map(|(at, opening)| code[at + opening.len()..].split(';').next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    let direct = |room: &str| names(code, &format!("crate::{room}"));
    // In a group, a room stands at the beginning or behind a comma at the group's own level.
    let mut depth = 0;
    let mut flat = String::new();
    for char in grouped.chars() {
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ if depth <= 0 => flat.push(char),
            _ => {}
        }
    }
    let first = |room: &str| flat.split([',', '\n']).any(|item| item.trim().split("::").next() == Some(room));
    all.into_iter().filter(|room| direct(room) || first(room)).collect()
}

#[test]
fn the_core_does_no_io() {
    let mut broken = Vec::new();
    for room in CORE {
        for (file, code) in code(room) {
            let found = OUTSIDE.iter().filter(|outside| names(&code, outside) && !excepted(&file, outside));
            broken.extend(found.map(|outside| format!("{file} names {outside}")));
        }
    }
    assert!(broken.is_empty(), "core rooms do no I/O and know no clock:\n{}", broken.join("\n"));
}

#[test]
fn arrows_point_one_way() {
    let mut broken = Vec::new();
    for (kind, list) in [("core", CORE), ("edge", EDGES)] {
        for room in list {
            for (file, code) in code(room) {
                for used in rooms(&code) {
                    let edge = EDGES.contains(&used) && used != *room && !(kind == "edge" && used == "config");
                    if (edge || TOP.contains(&used)) && !excepted(&file, used) {
                        broken.push(format!("{file} ({kind}) uses {used}"));
                    }
                }
            }
        }
    }
    assert!(broken.is_empty(), "wrong arrows:\n{}", broken.join("\n"));
}

#[test]
fn exceptions_are_in_use() {
    for (file, what, why) in EXCEPTIONS {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect(file);
        assert!(text.contains(what) && !why.is_empty(), "{file} no longer needs its exception for {what}");
    }
}

#[test]
fn finds_what_it_looks_for() {
    assert!(names("use std::fs;", "std::fs") && names("std::fs::read(x)", "std::fs"));
    assert!(!names("use std::fst;", "std::fs") && !names("sprintln!()", "println!"));
    assert_eq!(rooms("use crate::{ddl::{self, plan}, cluster};"), ["ddl", "cluster"]);
    assert_eq!(rooms("let x = crate::engine::run();"), ["engine"]);
    assert!(!without_tests("a // std::fs\n#[cfg(test)]\nmod tests {\n tokio").contains("tokio"));
}
