//! Each rule has a page that says everything, and whose examples are true.

use galera_schema::lint::{Context, RULES};

use super::{findings, project, sorted};

/// One example of a page, with what it needs to be understood.
struct Example {
    path: String,
    context: Context,
    sql: String,
}

/// Reads the section under `## heading`.
fn example(page: &str, heading: &str) -> Example {
    let section = page.split(&format!("\n## {heading}\n")).nth(1).unwrap_or_else(|| panic!("no section {heading}"));
    let section = section.split("\n## ").next().unwrap();
    let mut context = Context::default();
    if let Some(version) = section.split("`--server-version ").nth(1) {
        context.version = Some(version.split('`').next().unwrap().parse().unwrap());
    }
    let path = section.split("As `").nth(1).map_or("example.sql", |rest| rest.split('`').next().unwrap()).to_owned();
    let block =
        |fence: &str| section.split(&format!("```{fence}\n")).nth(1).map(|rest| rest.split("```").next().unwrap());
    if let Some(schema) = block("sql schema") {
        context.read_schema(schema);
    }
    Example { path, context, sql: block("sql").expect("an example").to_owned() }
}

#[test]
fn every_page_says_what_why_and_how() {
    for rule in RULES {
        let page = rule.page;
        assert!(page.starts_with("# "), "{}", rule.id);
        for heading in ["What happens on a cluster", "Why", "The safe way", "Wrong", "Right"] {
            assert!(page.contains(&format!("\n## {heading}\n")), "{} has no section {heading}", rule.id);
        }
        assert!(!rule.summary().is_empty() && !rule.summary().starts_with('#'), "{} has no summary", rule.id);
        let kebab = |c: char| c.is_ascii_lowercase() || c == '-';
        assert!(rule.id.chars().all(kebab), "{}", rule.id);
    }
}

#[test]
fn the_wrong_example_is_found_and_the_right_one_is_not() {
    let mut wrong = Vec::new();
    for rule in RULES {
        for (heading, expected) in [("Wrong", true), ("Right", false)] {
            let example = example(rule.page, heading);
            let found = findings(&example.path, &example.sql, &example.context);
            if found.iter().any(|finding| finding.rule == rule.id) != expected {
                let rules: Vec<_> = found.iter().map(|finding| finding.rule).collect();
                wrong.push(format!("{} / {heading}: {rules:?}", rule.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_page_has_its_rule() {
    for page in sorted(&project("docs/rules")) {
        let id = page.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(galera_schema::lint::find(&id).is_some(), "{id}");
    }
}
