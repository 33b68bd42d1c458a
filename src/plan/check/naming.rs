//! Whether a text that a session runs names a table.

/// Whether a statement may name the table. A quote within a quoted name is written twice.
pub fn names(statement: &str, table: &str) -> bool {
    let (statement, table) = (statement.to_lowercase(), table.to_lowercase());
    ['`', '"'].iter().any(|quote| has_word(&statement, &table.replace(*quote, &quote.to_string().repeat(2))))
        || has_word(&statement, &table)
}

/// Whether a text holds a name, and not only as a part of a longer one.
fn has_word(text: &str, name: &str) -> bool {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '$'));
    text.match_indices(name)
        .any(|(at, _)| !part(text[..at].chars().next_back()) && !part(text[at + name.len()..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_name_is_written_twice() {
        assert!(names("ALTER TABLE `we``ird` FORCE", "we`ird"));
        assert!(names("alter table \"we\"\"ird\" force", "WE\"ird"));
        assert!(names("alter table `we\"ird` force", "we\"ird"));
        assert!(!names("alter table weird force", "we`ird"));
    }

    #[test]
    fn a_name_within_a_longer_one_is_another() {
        assert!(names("alter table d.t force", "t") && names("alter table `T`force", "t"));
        assert!(!names("create table `d`.journal (at varchar(40) not null)", "t"));
        assert!(!names("alter table t_old rename t$, add ät int", "t"));
    }
}
