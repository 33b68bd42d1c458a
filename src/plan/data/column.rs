//! Values that a column's new definition would refuse, cut or lose: what it held before, and holds no longer.

use super::{Asked, DataCheck, nulls};
use crate::ddl::model::{BaseType, Column, ColumnType};
use crate::sql::{quote_name, quote_text};

/// The questions of a column that is there before and after.
pub(super) fn checks(old: &Column, new: &Column, asked: Asked<'_>, checks: &mut Vec<DataCheck>) {
    if old.generated.is_some() || new.generated.is_some() {
        return;
    }
    let name = old.name.as_str();
    let quoted = quote_name(name);
    let mut ask = |code, what: String, condition: String| checks.push(asked.rows(code, what, &[name], &condition));
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
    if let Some((low, high)) = range(&new.data_type)
        && range(&old.data_type).is_none_or(|(old_low, old_high)| old_low < low || old_high > high)
    {
        ask(
            "out-of-range",
            format!("values of `{name}` outside {low} to {high}"),
            format!("{quoted} < {low} OR {quoted} > {high}"),
        );
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
        checks.push(nulls(name, asked));
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

/// The smallest and the largest value of an exact number.
fn range(data_type: &ColumnType) -> Option<(i128, i128)> {
    let bits = match data_type.base {
        BaseType::TinyInt => 8,
        BaseType::SmallInt => 16,
        BaseType::MediumInt => 24,
        BaseType::Int => 32,
        BaseType::BigInt => 64,
        BaseType::Decimal => {
            let decimals = u64::from(data_type.decimals.unwrap_or(0));
            let digits = data_type.length.unwrap_or(10).saturating_sub(decimals);
            // An i128 holds 38 digits; the server's widest DECIMAL has 65, and there is nothing to lose up there.
            let top = 10_i128.checked_pow(u32::try_from(digits).ok()?)? - 1;
            return Some((if data_type.unsigned { 0 } else { -top }, top));
        }
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
