//! Values that a column's new definition would refuse, cut or lose: what it held before, and holds no longer.

use super::source::Source;
use super::{DataCheck, nulls, rows_where};
use crate::ddl::model::{BaseType, Column, ColumnType};
use crate::sql::{quote_name, quote_text};

/// The questions of a column that is there before and after; `source` is its table before.
pub(super) fn checks(old: &Column, new: &Column, source: Source<'_>, checks: &mut Vec<DataCheck>) {
    if old.generated.is_some() || new.generated.is_some() {
        return;
    }
    let name = old.name.as_str();
    let quoted = quote_name(name);
    let mut ask =
        |code, what: String, condition: String| checks.push(rows_where(&source, code, what, &[name], true, &condition));
    if let Some(characters) = longest_text(&new.data_type)
        && longest_text(&old.data_type).is_none_or(|before| before > characters)
    {
        ask(
            "too-long",
            format!("values of `{name}` over {characters} characters"),
            format!("CHAR_LENGTH({quoted}) > {characters}"),
        );
    }
    if let Some(bytes) = longest_bytes(&new.data_type)
        && most_bytes(&old.data_type, &new.data_type).is_none_or(|before| before > bytes)
    {
        let stored = match new.data_type.charset.as_deref().filter(|charset| is_plain(charset)) {
            Some(charset) if new.data_type.base.is_text() => format!("CONVERT({quoted} USING {charset})"),
            _ => quoted.clone(),
        };
        ask("too-long", format!("values of `{name}` over {bytes} bytes"), format!("LENGTH({stored}) > {bytes}"));
    }
    if let Some((what, condition)) = out_of_range(&old.data_type, &new.data_type, &quoted) {
        ask("out-of-range", format!("values of `{name}` {what}"), condition);
    }
    if let Some(charset) = narrower_charset(&old.data_type, &new.data_type) {
        // What the new character set does not have becomes `?`, so it does not survive the way there and back.
        ask(
            "invalid-characters",
            format!("values of `{name}` that {charset} cannot hold"),
            format!(
                "BINARY CONVERT(CONVERT({quoted} USING {charset}) USING utf8mb4) <> BINARY CONVERT({quoted} USING utf8mb4)"
            ),
        );
    }
    let gone: Vec<&String> =
        old.data_type.members.iter().filter(|member| !new.data_type.members.contains(member)).collect();
    if !gone.is_empty() && !new.data_type.members.is_empty() {
        let condition = if old.data_type.base == BaseType::Set {
            let each: Vec<String> =
                gone.iter().map(|member| format!("FIND_IN_SET({}, {quoted})", quote_text(member))).collect();
            each.join(" OR ")
        } else {
            let each: Vec<String> = gone.iter().map(|member| quote_text(member)).collect();
            format!("{quoted} IN ({})", each.join(", "))
        };
        ask("members-in-use", format!("values of `{name}` that are no longer members"), condition);
    }
    if old.nullable && !new.nullable {
        checks.push(nulls(name, &source));
    }
}

/// The most characters that a text type takes whose limit is in characters.
fn longest_text(data_type: &ColumnType) -> Option<u64> {
    match data_type.base {
        BaseType::Char => Some(data_type.length.unwrap_or(1)),
        BaseType::VarChar => data_type.length,
        // The longest number, date or address is shorter than what people declare for it; the server decides.
        _ => None,
    }
}

/// The most bytes that a type takes whose limit is in bytes.
fn longest_bytes(data_type: &ColumnType) -> Option<u64> {
    match data_type.base {
        BaseType::TinyText | BaseType::TinyBlob => Some((1 << 8) - 1),
        BaseType::Text | BaseType::Blob => Some((1 << 16) - 1),
        BaseType::MediumText | BaseType::MediumBlob => Some((1 << 24) - 1),
        BaseType::Binary | BaseType::VarBinary => data_type.length,
        _ => None,
    }
}

/// The most bytes that a value of `old` can have once it is of type `new`; `None` where there is no use in knowing.
fn most_bytes(old: &ColumnType, new: &ColumnType) -> Option<u64> {
    match old.base {
        BaseType::Char | BaseType::VarChar => old.length?.checked_mul(4),
        // The same characters may take more bytes in another character set.
        _ if old.base.is_text() && old.charset != new.charset => longest_bytes(old)?.checked_mul(4),
        _ => longest_bytes(old),
    }
}

/// Which values of `quoted` a number of type `new` does not hold, in words and as a condition; `None` where all values of
/// `old` fit. What has more decimals than the new type is rounded before it is compared, as the server does.
fn out_of_range(old: &ColumnType, new: &ColumnType, quoted: &str) -> Option<(String, String)> {
    if new.base == BaseType::Decimal {
        let (digits, decimals) = digits(new);
        let fits = match old.base {
            BaseType::Decimal => {
                let (old_digits, old_decimals) = self::digits(old);
                // Rounding may carry into one more digit.
                old_digits < digits || old_digits == digits && old_decimals <= decimals
            }
            _ => integers(old).is_some_and(|(low, high)| digits > 38 || low.abs().max(high) < 10_i128.pow(digits)),
        };
        if fits && (old.unsigned || !new.unsigned) {
            return None;
        }
        let negative = if new.unsigned { format!(" OR {quoted} < 0") } else { String::new() };
        let unsigned = if new.unsigned { " UNSIGNED" } else { "" };
        let bound = format!("1{}", "0".repeat(digits as usize));
        return Some((
            format!("that DECIMAL({},{decimals}){unsigned} does not hold", digits + decimals),
            format!("ROUND(ABS({quoted}), {decimals}) >= {bound}{negative}"),
        ));
    }
    let (low, high) = integers(new)?;
    let reach = match old.base {
        // Rounding may carry into one more digit.
        BaseType::Decimal => {
            10_i128.checked_pow(digits(old).0).map(|most| (if old.unsigned { 0 } else { -most }, most))
        }
        _ => integers(old),
    };
    if reach.is_some_and(|(old_low, old_high)| old_low >= low && old_high <= high) {
        return None;
    }
    let rounded = if old.base.is_integer() { quoted.to_owned() } else { format!("ROUND({quoted})") };
    Some((format!("outside {low} to {high}"), format!("{rounded} < {low} OR {rounded} > {high}")))
}

/// Digits of a DECIMAL before and behind its point.
fn digits(data_type: &ColumnType) -> (u32, u32) {
    let decimals = data_type.decimals.unwrap_or(0);
    let all = u32::try_from(data_type.length.unwrap_or(10)).unwrap_or(u32::MAX);
    // The server's widest DECIMAL has 65 digits.
    (all.saturating_sub(decimals).min(65), decimals)
}

/// The smallest and the largest value of an integer type.
fn integers(data_type: &ColumnType) -> Option<(i128, i128)> {
    let bits = match data_type.base {
        BaseType::TinyInt => 8,
        BaseType::SmallInt => 16,
        BaseType::MediumInt => 24,
        BaseType::Int => 32,
        BaseType::BigInt => 64,
        _ => return None,
    };
    Some(if data_type.unsigned { (0, (1 << bits) - 1) } else { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) })
}

/// The new character set, where it may lack characters of the old one.
fn narrower_charset<'a>(old: &ColumnType, new: &'a ColumnType) -> Option<&'a str> {
    const UNICODE: [&str; 4] = ["utf8mb4", "utf16", "utf16le", "utf32"];
    let charset = new.charset.as_deref()?;
    let same = old.charset.as_deref() == Some(charset);
    (!same && is_plain(charset) && charset != "binary" && !UNICODE.contains(&charset) && old.base.has_charset())
        .then_some(charset)
}

/// Whether a character set's name may stand in a query as it is.
fn is_plain(charset: &str) -> bool {
    charset.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
