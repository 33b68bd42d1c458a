//! A plan on a page that a person can decide on in ten seconds: one table, then the reasons, then the totals.

use std::fmt::Write;

use super::{Style, table};
use crate::ddl;
use crate::plan::check::{Finding, Verdict};
use crate::plan::{Costs, Method, Plan, PlannedStatement, seconds};

/// Renders the plan, and what the checks have to say, for a person.
pub fn human(plan: &Plan, findings: &[Finding], style: Style) -> String {
    let mut page = String::new();
    let count = plan.statements.len();
    let plural = if count == 1 { "statement" } else { "statements" };
    let _ = write!(page, "{} for MariaDB {}", style.bold(&format!("{count} {plural}")), plan.server_version);
    if !plan.nodes.is_empty() {
        let _ = write!(page, ", nodes in this order: {}", plan.nodes.join(", "));
    }
    page.push_str("\n\n");
    let mut overview = table(style, ["#", "what", "object", "the server does", "method", "stall", "total"]);
    for statement in &plan.statements {
        overview.add_row([
            statement.index.to_string(),
            what(statement),
            statement.object.clone().unwrap_or_default(),
            server_does(statement),
            how(statement).to_owned(),
            time(statement.estimate.stall_seconds),
            time(statement.estimate.total_seconds),
        ]);
    }
    let _ = writeln!(page, "{overview}\n");
    for statement in &plan.statements {
        details(&mut page, statement, style);
    }
    checks(&mut page, findings, style);
    totals(&mut page, plan, style);
    page
}

/// What a calibration has measured, in a line.
pub fn calibration(costs: &Costs) -> String {
    // Of a row of usual length, with one key.
    let rate = |seconds: f64| 100.0 / seconds.max(1e-12) / 1e6;
    let key = costs.key.of(1.0, 4.0);
    format!(
        "Calibrated, for rows of 100 bytes: an index {:.0} MB/s, a rebuild {:.0} MB/s, a copy {:.0} MB/s.",
        rate(key + costs.scan * 100.0),
        rate(costs.rebuild.of(1.0, 100.0) + key),
        rate(costs.copy.of(1.0, 100.0) + costs.copy_key)
    )
}

fn what(statement: &PlannedStatement) -> String {
    let ops: Vec<&str> = statement.operations.iter().filter_map(|op| op.get("op")?.as_str()).collect();
    match ops.as_slice() {
        [] => statement.kind.clone(),
        [one] => (*one).to_owned(),
        [first, rest @ ..] => format!("{first} +{}", rest.len()),
    }
}

fn server_does(statement: &PlannedStatement) -> String {
    match (statement.algorithm, statement.lock) {
        (Some(algorithm), Some(lock)) => format!("{}, LOCK={}", algorithm.keyword(), lock.keyword()),
        (Some(algorithm), None) => algorithm.keyword().to_owned(),
        (None, _) => "-".to_owned(),
    }
}

/// The method, or that there is nothing to send.
fn how(statement: &PlannedStatement) -> &'static str {
    let sent = statement.touches_cluster() || statement.method == Method::Refuse;
    if sent { method(statement.method) } else { "-" }
}

fn time(value: Option<f64>) -> String {
    match value {
        None => "?".to_owned(),
        Some(value) if value <= 0.0 => "none".to_owned(),
        Some(value) => seconds(value),
    }
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Toi => "TOI",
        Method::Rsu => "RSU",
        Method::PtOsc => "PT-OSC",
        Method::Refuse => "REFUSE",
    }
}

fn details(page: &mut String, statement: &PlannedStatement, style: Style) {
    let place = format!("{}:{}", statement.file, statement.line);
    let name = match statement.method {
        Method::Refuse => style.bad("REFUSE"),
        _ => style.good(how(statement)),
    };
    let first_line = statement.sql.lines().next().unwrap_or_default();
    let more = if statement.sql.lines().nth(1).is_some() { " ..." } else { "" };
    let _ = writeln!(page, "{}. {name}  {first_line}{more}  {}", statement.index, style.dim(&place));
    for reason in &statement.reasons {
        item(page, style, "why", &reason.code, &reason.text);
    }
    let mixes = match statement.method {
        Method::Rsu | Method::Refuse => true,
        Method::Toi => statement.rsu.verdict == ddl::Verdict::Unsafe,
        Method::PtOsc => false,
    };
    if mixes {
        for condition in &statement.rsu.conditions {
            item(page, style, "holds while", &condition.code, &condition.text);
        }
    }
    for condition in &statement.conditions {
        if statement.rsu.conditions.iter().all(|known| known.code != condition.code) {
            item(page, style, "accept", &condition.code, &condition.text);
        }
    }
    for alternative in &statement.alternatives {
        item(page, style, "instead", &alternative.code, &alternative.text);
    }
    if let Some(back) = &statement.way_back {
        let text = match &back.sql {
            Some(sql) => format!("{sql}  ({})", back.text),
            None => back.text.clone(),
        };
        item(page, style, "way back", "", &text);
    }
    if statement.execute != statement.sql && statement.method != Method::Refuse {
        item(page, style, "sends", "", statement.execute.trim());
    }
    page.push('\n');
}

/// One labelled sentence, wrapped to the page under its own indentation.
fn item(page: &mut String, style: Style, label: &str, code: &str, text: &str) {
    const INDENT: usize = 15;
    let code = if code.is_empty() { String::new() } else { format!(" [{code}]") };
    let width = usize::from(style.width).saturating_sub(INDENT).max(30);
    let mut label = format!("   {label:<12}");
    for line in wrap(&format!("{text}{code}"), width) {
        let _ = writeln!(page, "{}{line}", style.dim(&label));
        label = " ".repeat(INDENT);
    }
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        let used = lines[last].chars().count();
        if used > 0 && used + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            if used > 0 {
                lines[last].push(' ');
            }
            lines[last].push_str(word);
        }
    }
    lines
}

/// Only what is not as it should be; that the rest holds is one line.
fn checks(page: &mut String, findings: &[Finding], style: Style) {
    if findings.is_empty() {
        return;
    }
    let bad: Vec<&Finding> = findings.iter().filter(|finding| finding.verdict > Verdict::Passed).collect();
    let passed = findings.len() - bad.len();
    let _ = writeln!(page, "{} {passed} of {} passed.", style.bold("Checks:"), findings.len());
    for finding in bad {
        let label = match finding.verdict {
            Verdict::Warned => style.warn("note"),
            Verdict::Failed => style.bad("failed"),
            _ => style.bad("unseen"),
        };
        let text = format!("{} {} [{}]", finding.saw, finding.advice, finding.check);
        let width = usize::from(style.width).saturating_sub(4).max(30);
        for (at, line) in wrap(&text, width).into_iter().enumerate() {
            let _ = if at == 0 { writeln!(page, "  {label}  {line}") } else { writeln!(page, "          {line}") };
        }
    }
    page.push('\n');
}

fn totals(page: &mut String, plan: &Plan, style: Style) {
    let refused = plan.statements.iter().filter(|statement| statement.method == Method::Refuse).count();
    if refused > 0 {
        let text = format!("{refused} of {} refused: nothing of this plan will run.", plan.statements.len());
        let _ = writeln!(page, "{}", style.bad(&text));
        return;
    }
    let add = |pick: fn(&PlannedStatement) -> Option<f64>| plan.statements.iter().map(pick).sum::<Option<f64>>();
    let total = add(|statement| statement.estimate.total_seconds);
    let stall = plan.statements.iter().map(|statement| statement.estimate.stall_seconds).collect::<Option<Vec<f64>>>();
    let longest = stall.map(|all| all.into_iter().fold(0.0, f64::max));
    let _ = writeln!(page, "{} {} in all, longest write stall {}.", style.bold("Total:"), time(total), time(longest));
    if let Some(rates) = plan.rates {
        let (from, worst) = (rates.source.words(), rates.uncertainty());
        let _ = writeln!(page, "Estimates are {from}; the truth may be {worst:.1} times as much.");
    }
}
