//! Values that a column's new definition would refuse, cut or lose.

use super::{Asked, DataCheck, nulls};
use crate::ddl::ast::{ColumnDef, DataType, TypeName};
use crate::sql::quote_name as quote;

/// The questions of MODIFY and CHANGE; `name` is the column's name before the statement.
pub(super) fn checks(name: &str, column: &ColumnDef, text: &str, asked: Asked<'_>, checks: &mut Vec<DataCheck>) {
    if column.generated.is_some() {
        return;
    }
    if column.nullable == Some(false) {
        checks.push(nulls(name, asked));
    }
    let quoted = quote(name);
    if let Some(characters) = longest_text(&column.data_type) {
        let condition = format!("CHAR_LENGTH({quoted}) > {characters}");
        checks.push(asked.rows(
            "too-long",
            format!("values of `{name}` over {characters} characters"),
            &[name],
            &condition,
        ));
    }
    if let Some((low, high)) = range(&column.data_type) {
        let condition = format!("{quoted} < {low} OR {quoted} > {high}");
        checks.push(asked.rows(
            "out-of-range",
            format!("values of `{name}` outside {low} to {high}"),
            &[name],
            &condition,
        ));
    }
    if let Some(charset) = &column.data_type.charset
        && is_plain_word(charset)
        && charset != "binary"
    {
        // What the new character set does not have becomes `?`, so it does not survive the way there and back.
        let condition = format!(
            "BINARY CONVERT(CONVERT({quoted} USING {charset}) USING utf8mb4) <> BINARY CONVERT({quoted} USING utf8mb4)"
        );
        checks.push(asked.rows(
            "invalid-characters",
            format!("values of `{name}` that {charset} cannot hold"),
            &[name],
            &condition,
        ));
    }
    if column.data_type.name == TypeName::Enum && !column.data_type.members.is_empty() {
        let members: Vec<&str> = column.data_type.members.iter().map(|member| member.span.of(text)).collect();
        let condition = format!("{quoted} NOT IN ({})", members.join(", "));
        checks.push(asked.rows(
            "members-in-use",
            format!("values of `{name}` that are no longer members"),
            &[name],
            &condition,
        ));
    }
}

/// The most characters that a text type takes. Bytes are not counted here: a TEXT type's limit depends on the
/// character set and is left to the server.
fn longest_text(data_type: &DataType) -> Option<u64> {
    match data_type.name {
        TypeName::Char => Some(data_type.length.unwrap_or(1)),
        TypeName::VarChar => data_type.length,
        _ => None,
    }
}

/// The smallest and the largest value of an integer type.
fn range(data_type: &DataType) -> Option<(i128, i128)> {
    let bits = match data_type.name {
        TypeName::TinyInt | TypeName::Bool => 8,
        TypeName::SmallInt => 16,
        TypeName::MediumInt => 24,
        TypeName::Int => 32,
        TypeName::BigInt => 64,
        TypeName::Decimal => {
            let digits = data_type.length.unwrap_or(10).saturating_sub(u64::from(data_type.decimals.unwrap_or(0)));
            // An i128 holds 38 digits; the server's widest DECIMAL has 65, and nothing to check there is lost.
            let top = 10_i128.checked_pow(u32::try_from(digits).ok()?)? - 1;
            return Some((if data_type.unsigned { 0 } else { -top }, top));
        }
        _ => return None,
    };
    Some(if data_type.unsigned { (0, (1 << bits) - 1) } else { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) })
}

fn is_plain_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
