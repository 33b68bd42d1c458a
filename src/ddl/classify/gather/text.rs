//! Expressions as texts.

/// An expression without what the server adds and drops when it prints one: quotes of names, spaces, outer
/// parentheses, case.
pub(crate) fn plain_text(text: &str) -> String {
    let mut plain: String =
        text.chars().filter(|c| !c.is_whitespace() && *c != '`').collect::<String>().to_ascii_lowercase();
    while plain.starts_with('(') && plain.ends_with(')') && closes_at_end(&plain) {
        plain = plain.get(1..plain.len() - 1).unwrap_or_default().to_owned();
    }
    plain
}

fn closes_at_end(text: &str) -> bool {
    let mut depth = 0_usize;
    for (place, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return place + 1 == text.len();
                }
            }
            _ => {}
        }
    }
    false
}
