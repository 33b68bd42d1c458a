//! Past runs on a page.

use std::fmt::Write;

use serde_json::Value;

use crate::report::{Style, table};

/// Runs as `history --format json` has them, newest first.
pub fn history(runs: &[Value], style: Style) -> String {
    let mut page = String::new();
    let mut overview = table(style, ["run", "began (UTC)", "what", "outcome", "predicted", "took"]);
    for run in runs {
        overview.add_row([
            word(&run["run"]),
            word(&run["started"]).chars().take(19).collect(),
            format!("{}: {}", word(&run["kind"]), word(&run["title"])),
            word(&run["state"]),
            seconds(&run["predicted_seconds"]),
            seconds(&run["outcome"]["seconds"]["total"]),
        ]);
    }
    let _ = writeln!(page, "{overview}");
    if let [run] = runs {
        for statement in run["statements"].as_array().into_iter().flatten() {
            let took: Vec<String> = statement["measured"].as_array().into_iter().flatten().map(on_node).collect();
            let each = if word(&statement["method"]) == "RSU" { " on a node" } else { "" };
            let _ = writeln!(
                page,
                "  {}. {} ({}, predicted {}{each}, took {})",
                statement["index"],
                word(&statement["sql"]),
                word(&statement["method"]),
                seconds(predicted(&statement["estimate"])),
                if took.is_empty() { "?".to_owned() } else { took.join(", ") }
            );
        }
        for (node, time) in run["outcome"]["seconds"]["ddl_by_node"].as_object().into_iter().flatten() {
            let _ = writeln!(page, "  DDL on {node}: {}", seconds(time));
        }
        let text = word(&run["outcome"]["text"]);
        if !text.is_empty() {
            let _ = writeln!(page, "  {text}");
        }
    }
    if let Some(open) = runs.iter().find(|run| run["open"] == true) {
        let _ = writeln!(page, "{} is open: `schema resume` finishes it, `schema abort` ends it.", word(&open["run"]));
    }
    page
}

/// What the figures of the run are to be held against: the time of a node, where the plan knew it.
fn predicted(estimate: &Value) -> &Value {
    if estimate["node_seconds"].is_null() { &estimate["total_seconds"] } else { &estimate["node_seconds"] }
}

fn on_node(measured: &Value) -> String {
    match measured["node"].as_str() {
        Some(node) => format!("{} on {node}", seconds(&measured["seconds"])),
        None => seconds(&measured["seconds"]),
    }
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn seconds(value: &Value) -> String {
    value.as_f64().map_or_else(|| "?".to_owned(), |seconds| format!("{seconds:.2} s"))
}
