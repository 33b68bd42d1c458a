//! Diagnostics for people: the source line, carets, what happens and what to write instead.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

use super::{Placed, placed, tally};
use crate::lint::{LintedFile, Severity};
use crate::sql::starred;

/// More lines than this are not shown; the first one says enough.
const MOST_LINES: usize = 4;
/// Longer lines (a dump's INSERT) are cut around the finding.
const LONGEST_LINE: usize = 400;

/// Everything, in the order of the files, with a count at the end. Styled; print it through `anstream`.
pub fn human(files: &[LintedFile]) -> String {
    let renderer = Renderer::styled().term_width(160);
    let mut out = String::new();
    let all = placed(files);
    for at in &all {
        out.push_str(&one(&renderer, at));
        out.push_str("\n\n");
    }
    out.push_str(&tally(files));
    if !all.is_empty() {
        out.push_str(" `schema rules ID` explains a rule.");
    }
    out.push('\n');
    out
}

fn one(renderer: &Renderer, at: &Placed) -> String {
    let finding = at.finding;
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let view = View::new(&at.file.text, &finding.span);
    let path = at.file.path.as_str();
    let title = level.primary_title(finding.message.as_str()).id(finding.rule);
    let snippet = Snippet::source(view.text)
        .line_start(at.start.line)
        .fold(false)
        .annotation(AnnotationKind::Primary.span(view.span));
    // The column is counted in what is shown, so where the line was cut it has to be said.
    let mut group = if view.cut {
        title.element(Origin::path(path).line(at.start.line).char_column(at.start.column)).element(snippet)
    } else {
        title.element(snippet.path(path))
    };
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}

/// The part of a file that is shown, and the finding's place in it.
struct View {
    text: String,
    span: Range<usize>,
    /// The line's beginning is not shown.
    cut: bool,
}

impl View {
    fn new(text: &str, span: &Range<usize>) -> Self {
        // What lies further away is not shown anyway, and a line may hold megabytes and thousands of findings.
        let bytes = text.as_bytes();
        let far = span.start.saturating_sub(LONGEST_LINE + 1);
        let begin = memchr::memrchr2(b'\n', b'\r', &bytes[far..span.start]).map_or(far, |at| far + at + 1);
        let line_end = |from: usize| {
            let far = (from + LONGEST_LINE + 1).min(bytes.len());
            memchr::memchr2(b'\n', b'\r', &bytes[from..far]).map_or(far, |at| from + at)
        };
        let mut end = line_end(span.end.max(span.start));
        let mut last = span.end;
        if memchr::memchr_iter(b'\n', &bytes[begin..end]).take(MOST_LINES).count() == MOST_LINES {
            end = line_end(span.start);
            last = end;
        }
        let cut = end - begin > LONGEST_LINE;
        let begin = if cut { boundary(text, span.start.saturating_sub(60), begin) } else { begin };
        if end - begin > LONGEST_LINE {
            end = boundary(text, begin + LONGEST_LINE, begin);
            last = last.min(end);
        }
        let shown = &text[begin..end];
        let (shown, begin) = match shown.strip_prefix('\u{feff}') {
            Some(rest) => (rest, begin + '\u{feff}'.len_utf8()),
            None => (shown, begin),
        };
        let span = span.start.max(begin) - begin..last.max(begin) - begin;
        // A carriage return would let the terminal write over the line; one byte for one byte keeps the carets right.
        Self { text: starred(shown).replace('\r', " "), span, cut }
    }
}

/// The nearest character boundary at or before `at`, and not before `least`.
fn boundary(text: &str, at: usize, least: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at.max(least)
}
