//! `schema verify` for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Style;
use crate::verify::{Comparison, Difference};

/// The answer for people. `missing` are nodes that could not be asked, and why.
pub fn human(comparison: &Comparison, missing: &[(String, String)], style: Style) -> String {
    let mut out = String::new();
    for difference in &comparison.differences {
        describe(&mut out, difference, style);
    }
    for (node, object, why) in &comparison.unreadable {
        let kind = object.kind.word().replace('_', " ");
        let _ = writeln!(out, "{} {kind} {object} on node {node}: {why}", style.warn("not readable:"));
    }
    for (node, why) in missing {
        let _ = writeln!(out, "{} node {node}: {why}", style.warn("not seen:"));
    }
    let nodes = comparison.nodes.join(", ");
    let objects = comparison.objects;
    let verdict = if !comparison.differences.is_empty() {
        let count = comparison.differences.len();
        let (objects_are, differ) = if objects == 1 { ("object", "") } else { ("objects", "") };
        style.bad(&format!("{count} of {objects} {objects_are} differ{differ} between the nodes {nodes}."))
    } else if !comparison.unreadable.is_empty() || !missing.is_empty() || comparison.nodes.is_empty() {
        style.warn(&format!(
            "No difference in what could be read of {objects} objects on {}, but not everything could be read.",
            if nodes.is_empty() { "no node".to_owned() } else { format!("the nodes {nodes}") }
        ))
    } else {
        style.good(&format!("All {objects} objects are the same on the nodes {nodes}."))
    };
    let _ = writeln!(out, "{verdict}");
    out
}

fn describe(out: &mut String, difference: &Difference, style: Style) {
    let groups: Vec<String> = difference.groups.iter().map(|group| group.join(", ")).collect();
    let kind = difference.kind.replace('_', " ");
    let title = style.bold(&format!("{kind} {}", difference.name));
    let _ = writeln!(out, "{title}: {} | {}", groups[0], groups[1..].join(" | "));
    for line in difference.diff.lines() {
        let line = match line.as_bytes().first() {
            Some(b'+') => style.good(line),
            Some(b'-') => style.bad(line),
            _ => line.to_owned(),
        };
        let _ = writeln!(out, "  {line}");
    }
    if !difference.repair.is_empty() {
        let which = if difference.majority {
            format!("To bring the others to the form of {}", groups[0])
        } else {
            format!("No form has a majority. To bring the others to the form of {}", groups[0])
        };
        let _ = writeln!(out, "  {which}, on that node alone:");
        let mut node = "";
        for repair in &difference.repair {
            if repair.node != node {
                node = &repair.node;
                let _ = writeln!(out, "    -- on {node}\n    SET SESSION wsrep_OSU_method = 'RSU';");
            }
            let end = if repair.sql.starts_with("--") { "" } else { ";" };
            let _ = writeln!(out, "    {}{end}", repair.sql.replace('\n', "\n    "));
        }
    }
    out.push('\n');
}

/// The answer for programs.
pub fn json(comparison: &Comparison, missing: &[(String, String)]) -> Value {
    json!({
        "v": 1,
        "converged": comparison.is_converged() && missing.is_empty(),
        "nodes": comparison.nodes,
        "objects": comparison.objects,
        "differences": comparison.differences,
        "unreadable": comparison
            .unreadable
            .iter()
            .map(|(node, object, why)| json!({
                "node": node, "object": object.to_string(), "kind": object.kind.word(), "why": why.why, "grant": why.grant,
            }))
            .collect::<Vec<_>>(),
        "missing": missing.iter().map(|(node, why)| json!({"node": node, "why": why})).collect::<Vec<_>>(),
    })
}
