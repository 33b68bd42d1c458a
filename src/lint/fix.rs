//! The rewrites that are certain.

use super::{Context, Edit, Finding, Settings, lint};
use crate::sql::split;

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The new text.
    pub text: String,
    /// How many findings were rewritten.
    pub edits: usize,
}

/// A fix may uncover another; more rounds than this are a mistake of a rule.
const ROUNDS: usize = 8;

/// Applies every rewrite that the findings offer, until none is left. `None` when nothing was to be done, or when the
/// result would not read as the same number of statements: then the file is better left alone.
pub fn fix(path: &str, text: &str, context: &Context, settings: &Settings) -> Option<Fixed> {
    let mut fixed = Fixed { text: text.to_owned(), edits: 0 };
    for _ in 0..ROUNDS {
        let findings = lint(path, &fixed.text, context, settings);
        let edits = disjoint(&findings);
        if edits.is_empty() {
            return (fixed.edits > 0).then_some(fixed);
        }
        let next = apply(&fixed.text, &edits);
        if !reads_alike(&fixed.text, &next, context) {
            return None;
        }
        fixed = Fixed { text: next, edits: fixed.edits + edits.len() };
    }
    None
}

/// The edits in the order of the text; of two that touch, the first.
fn disjoint(findings: &[Finding]) -> Vec<&Edit> {
    let mut edits: Vec<&Edit> = findings.iter().filter_map(|finding| finding.fix.as_ref()).collect();
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut end = None;
    edits.retain(|edit| {
        let free = end.is_none_or(|end| edit.range.start > end);
        if free {
            end = Some(edit.range.end);
        }
        free
    });
    edits
}

fn apply(text: &str, edits: &[&Edit]) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut from = 0;
    for edit in edits {
        out.push_str(&text[from..edit.range.start]);
        out.push_str(&edit.text);
        from = edit.range.end;
    }
    out.push_str(&text[from..]);
    out
}

/// Whether both texts are the same statements as far as their kinds and objects go, and none is less understood.
fn reads_alike(before: &str, after: &str, context: &Context) -> bool {
    use crate::ddl::ast::{Body, Kind};
    let outline = |text: &str| -> Vec<(Kind, Vec<String>, bool)> {
        split(&super::mask::mask(text).code, &context.dialect())
            .statements()
            .map(|statement| {
                let ast = crate::ddl::parse(statement.text, statement.dialect);
                let objects = ast.objects.iter().map(|name| name.qualified(None)).collect();
                (ast.kind, objects, matches!(ast.body, Body::Opaque))
            })
            .collect()
    };
    outline(before) == outline(after)
}
