//! One class of DDL: a file in `fixtures/bench`.

use std::path::Path;

/// What is run, and what has to be there before and after.
#[derive(Clone, Debug)]
pub struct Class {
    /// The file's name without its ending.
    pub name: String,
    /// In words.
    pub title: String,
    /// Run before, unmeasured.
    pub setup: Option<String>,
    /// Brings the table back, unmeasured.
    pub undo: Option<String>,
    /// Conditions that the clients keep, as `--accept` takes them.
    pub accept: Option<String>,
    /// The `--alter` of pt-online-schema-change, where it can do the same.
    pub pt: Option<String>,
    /// The statements.
    pub sql: String,
}

/// Reads all classes, in order of their names.
pub fn classes(folder: &Path) -> Vec<Class> {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().filter(|path| path.extension().is_some_and(|end| end == "sql")).map(|path| read(path)).collect()
}

fn read(path: &Path) -> Class {
    let text = std::fs::read_to_string(path).unwrap();
    let field = |name: &str| {
        let head = format!("-- {name}: ");
        text.lines().find_map(|line| line.strip_prefix(&head)).map(ToOwned::to_owned)
    };
    let sql: Vec<&str> = text.lines().filter(|line| !line.starts_with("-- ")).collect();
    Class {
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
        title: field("title").unwrap_or_else(|| panic!("{} has no title", path.display())),
        setup: field("setup"),
        undo: field("undo"),
        accept: field("accept"),
        pt: field("pt"),
        sql: sql.join("\n"),
    }
}
