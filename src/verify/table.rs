//! SHOW CREATE TABLE's text, taken apart as far as comparing needs it.
//!
//! The server prints one column, key or constraint a line, each with two blanks before it, and the options after the
//! closing parenthesis. Texts in quotes may hold anything, line ends included, so lines are only believed outside of
//! quotes. What a line says stays the server's own text.

/// A table's definition in pieces, each in the server's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableText {
    /// Name and definition of each column, in order: (`a`, `` `a` int(11) NOT NULL ``).
    pub columns: Vec<(String, String)>,
    /// Name and definition of each key and constraint, in order. The name tells what it is: `PRIMARY KEY`, `` KEY `k` ``,
    /// `` FOREIGN KEY `f` ``, `` CHECK `c` ``, `PERIOD FOR p`, `SYSTEM VERSIONING`.
    pub keys: Vec<(String, String)>,
    /// Name and value of each table option, in order, without AUTO_INCREMENT.
    pub options: Vec<(String, String)>,
    /// The PARTITION BY clause; empty without one.
    pub partitions: String,
}

impl TableText {
    /// Takes the text of SHOW CREATE TABLE apart; `None` when it does not look as expected.
    pub fn parse(sql: &str) -> Option<Self> {
        let open = find(sql, 0, |c, depth| c == '(' && depth == 0)?;
        let close = find(sql, open + 1, |c, depth| c == ')' && depth == 0)?;
        let mut table = Self::default();
        for piece in split(&sql[open + 1..close], ',') {
            let piece = piece.trim();
            if piece.starts_with('`') {
                table.columns.push((unquote(piece)?.0, piece.to_owned()));
            } else {
                table.keys.push((key_name(piece)?, piece.to_owned()));
            }
        }
        let tail = &sql[close + 1..];
        let cut = partition_start(tail).unwrap_or(tail.len());
        table.partitions = tail[cut..].trim().to_owned();
        table.options = options(&tail[..cut])?;
        Some(table)
    }

    /// The definition of a column.
    pub fn column(&self, name: &str) -> Option<&str> {
        self.columns.iter().find(|(one, _)| one == name).map(|(_, text)| text.as_str())
    }
}

/// SHOW CREATE TABLE's text without the next AUTO_INCREMENT value, which rightly differs between nodes.
pub(super) fn without_counter(sql: &str) -> String {
    let parts = find(sql, 0, |c, depth| c == '(' && depth == 0)
        .and_then(|open| find(sql, open + 1, |c, depth| c == ')' && depth == 0));
    let Some(close) = parts else { return sql.to_owned() };
    let mut depth_free = close + 1;
    while let Some(at) = find(sql, depth_free, |c, depth| c == ' ' && depth == 0) {
        let rest = &sql[at + 1..];
        if let Some(digits) = rest.strip_prefix("AUTO_INCREMENT=") {
            let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            return format!("{}{}", &sql[..at], &digits[end..]);
        }
        depth_free = at + 1;
    }
    sql.to_owned()
}

/// The position of the first character from `from` that `wanted` accepts, outside of quotes, given how many
/// parentheses have been opened since `from`. A closing parenthesis counts at the depth outside of its pair.
fn find(sql: &str, from: usize, wanted: impl Fn(char, usize) -> bool) -> Option<usize> {
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    for (at, c) in sql[from..].char_indices() {
        if let Some(open) = quote {
            if escaped {
                escaped = false;
            } else if c == '\\' && open != '`' {
                escaped = true;
            } else if c == open {
                // A doubled quote closes and opens again, which comes to the same.
                quote = None;
            }
            continue;
        }
        if wanted(c, depth) {
            return Some(from + at);
        }
        match c {
            '\'' | '"' | '`' => quote = Some(c),
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// The pieces between a separator outside of quotes and parentheses.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    while let Some(at) = find(text, start, |c, depth| c == separator && depth == 0) {
        pieces.push(&text[start..at]);
        start = at + separator.len_utf8();
    }
    pieces.push(&text[start..]);
    pieces
}

/// The name in backquotes at the beginning, and what follows it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('`')?;
    let mut name = String::new();
    loop {
        let (before, after) = rest.split_once('`')?;
        name.push_str(before);
        match after.strip_prefix('`') {
            Some(more) => {
                name.push('`');
                rest = more;
            }
            None => return Some((name, after)),
        }
    }
}

/// As [`unquote`], with the name in backquotes again.
fn quoted(text: &str) -> Option<(String, &str)> {
    unquote(text).map(|(name, after)| (format!("`{}`", name.replace('`', "``")), after))
}

/// What a key or constraint is called when it is dropped.
fn key_name(piece: &str) -> Option<String> {
    if piece.starts_with("PRIMARY KEY") {
        return Some("PRIMARY KEY".to_owned());
    }
    for word in ["UNIQUE KEY ", "FULLTEXT KEY ", "SPATIAL KEY ", "VECTOR KEY ", "KEY "] {
        if let Some(rest) = piece.strip_prefix(word) {
            return Some(format!("KEY {}", quoted(rest)?.0));
        }
    }
    if let Some(rest) = piece.strip_prefix("CONSTRAINT ") {
        let (name, after) = quoted(rest)?;
        let what = if after.trim_start().starts_with("FOREIGN KEY") { "FOREIGN KEY" } else { "CONSTRAINT" };
        return Some(format!("{what} {name}"));
    }
    if let Some(rest) = piece.strip_prefix("PERIOD FOR ") {
        let end = find(rest, 0, |c, depth| c == '(' && depth == 0).unwrap_or(rest.len());
        return Some(format!("PERIOD FOR {}", rest[..end].trim()));
    }
    None
}

/// Where PARTITION BY begins in the text after the closing parenthesis, with the comment that may hold it.
fn partition_start(tail: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = find(tail, from, |c, depth| (c == 'P' || c == '/') && depth == 0) {
        let rest = &tail[at..];
        let bare = rest
            .strip_prefix("/*!")
            .map_or(rest, |inner| inner.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' '));
        if bare.starts_with("PARTITION BY") {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// `ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='a b' WITH SYSTEM VERSIONING` in pairs.
fn options(text: &str) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    let mut name = String::new();
    for word in split(text.trim(), ' ') {
        if word.is_empty() {
            continue;
        }
        match find(word, 0, |c, _| c == '=') {
            Some(at) => {
                name.push_str(&word[..at]);
                let value = word[at + 1..].to_owned();
                if name != "AUTO_INCREMENT" {
                    pairs.push((std::mem::take(&mut name), value));
                } else {
                    name.clear();
                }
            }
            // A name of several words, such as DEFAULT CHARSET.
            None => {
                name.push_str(word);
                name.push(' ');
            }
        }
    }
    match name.trim() {
        "" => {}
        words => pairs.push((words.to_owned(), String::new())),
    }
    Some(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "CREATE TABLE `t,(` (\n  `a``b` int(11) NOT NULL DEFAULT 1 COMMENT 'x, (y) \\' ''',\n  \
        `c` enum('a','b)') DEFAULT NULL,\n  PRIMARY KEY (`a``b`),\n  UNIQUE KEY `u` (`c`(10)),\n  \
        CONSTRAINT `f` FOREIGN KEY (`c`) REFERENCES `p` (`id`),\n  CONSTRAINT `ck` CHECK (`a``b` > 0)\n) \
        ENGINE=InnoDB AUTO_INCREMENT=17 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci COMMENT='it is AUTO_INCREMENT=9'\n \
        PARTITION BY HASH (`a``b`)\nPARTITIONS 4";

    #[test]
    fn takes_a_table_apart() {
        let table = TableText::parse(TABLE).unwrap();
        let names: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a`b", "c"]);
        let keys: Vec<&str> = table.keys.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(keys, ["PRIMARY KEY", "KEY `u`", "FOREIGN KEY `f`", "CONSTRAINT `ck`"]);
        let options: Vec<&str> = table.options.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(options, ["ENGINE", "DEFAULT CHARSET", "COLLATE", "COMMENT"]);
        assert_eq!(table.options[3].1, "'it is AUTO_INCREMENT=9'");
        assert_eq!(table.partitions, "PARTITION BY HASH (`a``b`)\nPARTITIONS 4");
    }

    #[test]
    fn only_the_counter_itself_is_taken_away() {
        let bare = without_counter(TABLE);
        assert!(!bare.contains("AUTO_INCREMENT=17") && bare.contains("it is AUTO_INCREMENT=9"));
        assert_eq!(bare.len() + " AUTO_INCREMENT=17".len(), TABLE.len());
        assert_eq!(without_counter(&bare), bare);
    }

    #[test]
    fn options_without_a_value() {
        let table =
            TableText::parse("CREATE TABLE `t` (\n  `a` int(11)\n) ENGINE=InnoDB WITH SYSTEM VERSIONING").unwrap();
        assert_eq!(table.options[1], ("WITH SYSTEM VERSIONING".to_owned(), String::new()));
    }
}
