//! The names under which InnoDB keeps tables: `app/t`, `app/t#P#p0`, with other characters as `@` and four digits.

use crate::plan::facts::TableName;

/// The table that an InnoDB name belongs to; `None` when it is no user table's, or is written in the short forms that
/// a few alphabets have.
pub(super) fn table(name: &str) -> Option<TableName> {
    let (database, table) = name.split_once('/')?;
    let end = ["#P#", "#p#", "#SP#", "#sp#"].iter().filter_map(|mark| table.find(mark)).min().unwrap_or(table.len());
    Some(TableName { database: decode(database)?, table: decode(&table[..end])? })
}

/// Whether an InnoDB name is a partition's.
pub(super) fn is_partition(name: &str) -> bool {
    name.contains("#P#") || name.contains("#p#")
}

fn decode(encoded: &str) -> Option<String> {
    let mut out = String::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((before, after)) = rest.split_once('@') {
        out.push_str(before);
        out.push(char::from_u32(u32::from_str_radix(after.get(..4)?, 16).ok()?)?);
        rest = &after[4..];
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded() {
        for (name, expected) in [
            ("app/t", Some("app.t")),
            ("app/t#P#p0", Some("app.t")),
            ("a@002db/t@0020x", Some("a-b.t x")),
            ("innodb_system", None),
            ("app/@1gx", None),
        ] {
            assert_eq!(table(name).map(|table| table.to_string()).as_deref(), expected, "{name}");
        }
    }
}
