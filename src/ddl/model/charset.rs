//! Character sets: their default collations and how many bytes a character takes.

use super::Settings;

/// (character set, its default collation, bytes of its longest character), as
/// `SELECT CHARACTER_SET_NAME, DEFAULT_COLLATE_NAME, MAXLEN FROM information_schema.CHARACTER_SETS` of 10.11.
const CHARSETS: &[(&str, &str, u64)] = &[
    ("armscii8", "armscii8_general_ci", 1),
    ("ascii", "ascii_general_ci", 1),
    ("big5", "big5_chinese_ci", 2),
    ("binary", "binary", 1),
    ("cp1250", "cp1250_general_ci", 1),
    ("cp1251", "cp1251_general_ci", 1),
    ("cp1256", "cp1256_general_ci", 1),
    ("cp1257", "cp1257_general_ci", 1),
    ("cp850", "cp850_general_ci", 1),
    ("cp852", "cp852_general_ci", 1),
    ("cp866", "cp866_general_ci", 1),
    ("cp932", "cp932_japanese_ci", 2),
    ("dec8", "dec8_swedish_ci", 1),
    ("eucjpms", "eucjpms_japanese_ci", 3),
    ("euckr", "euckr_korean_ci", 2),
    ("gb2312", "gb2312_chinese_ci", 2),
    ("gbk", "gbk_chinese_ci", 2),
    ("geostd8", "geostd8_general_ci", 1),
    ("greek", "greek_general_ci", 1),
    ("hebrew", "hebrew_general_ci", 1),
    ("hp8", "hp8_english_ci", 1),
    ("keybcs2", "keybcs2_general_ci", 1),
    ("koi8r", "koi8r_general_ci", 1),
    ("koi8u", "koi8u_general_ci", 1),
    ("latin1", "latin1_swedish_ci", 1),
    ("latin2", "latin2_general_ci", 1),
    ("latin5", "latin5_turkish_ci", 1),
    ("latin7", "latin7_general_ci", 1),
    ("macce", "macce_general_ci", 1),
    ("macroman", "macroman_general_ci", 1),
    ("sjis", "sjis_japanese_ci", 2),
    ("swe7", "swe7_swedish_ci", 1),
    ("tis620", "tis620_thai_ci", 1),
    ("ucs2", "ucs2_general_ci", 2),
    ("ujis", "ujis_japanese_ci", 3),
    ("utf16", "utf16_general_ci", 4),
    ("utf16le", "utf16le_general_ci", 4),
    ("utf32", "utf32_general_ci", 4),
    ("utf8mb3", "utf8mb3_general_ci", 3),
    ("utf8mb4", "utf8mb4_general_ci", 4),
];

fn entry(charset: &str) -> Option<&'static (&'static str, &'static str, u64)> {
    CHARSETS.binary_search_by(|(name, _, _)| (*name).cmp(charset)).ok().map(|index| &CHARSETS[index])
}

/// Bytes of the longest character of a character set; 4 where it is not known.
pub fn bytes_per_character(charset: Option<&str>) -> u64 {
    charset.and_then(entry).map_or(4, |(_, _, bytes)| *bytes)
}

/// A character set's name without its alias: `utf8` is `utf8mb3` unless `old_mode` says otherwise, which is not the
/// default.
pub(super) fn canonical(name: &str) -> String {
    if name == "utf8" { "utf8mb3".to_owned() } else { name.to_owned() }
}

/// `utf8_bin` is `utf8mb3_bin`.
pub(super) fn canonical_collation(name: &str) -> String {
    name.strip_prefix("utf8_").map_or_else(|| name.to_owned(), |rest| format!("utf8mb3_{rest}"))
}

/// The character set that a collation belongs to. `None` for names without one, such as `uca1400_ai_ci`.
pub(super) fn of_collation(collation: &str) -> Option<String> {
    let first = collation.split('_').next().unwrap_or_default();
    entry(first).map(|(name, _, _)| (*name).to_owned())
}

/// The collation that a character set has in every server, whatever `character_set_collations` says.
pub(super) fn own_collation(charset: &str) -> Option<String> {
    entry(charset).map(|(_, collation, _)| (*collation).to_owned())
}

/// The collation of a character set when none is written.
pub(super) fn default_collation(charset: &str, settings: &Settings) -> Option<String> {
    let changed = settings.charset_collations.iter().find(|(name, _)| name == charset);
    match changed {
        Some((_, collation)) => Some(collation.clone()),
        None => own_collation(charset),
    }
}

/// What CHARACTER SET and COLLATE, one or both or none of them written, mean where `inherited` holds otherwise.
pub(super) fn resolve(
    charset: Option<&str>,
    collation: Option<&str>,
    inherited: (Option<&str>, Option<&str>),
    settings: &Settings,
) -> (Option<String>, Option<String>) {
    let charset = charset.filter(|name| *name != "default").map(canonical);
    let collation = collation.filter(|name| *name != "default").map(canonical_collation);
    match (charset, collation) {
        (None, None) => (inherited.0.map(str::to_owned), inherited.1.map(str::to_owned)),
        (Some(charset), None) => {
            let collation = default_collation(&charset, settings);
            (Some(charset), collation)
        }
        (charset, Some(collation)) => {
            let of_collation = of_collation(&collation);
            let contextual = of_collation.is_none();
            let charset = of_collation.or(charset).or_else(|| inherited.0.map(str::to_owned));
            let collation = match &charset {
                Some(charset) if contextual => format!("{charset}_{collation}"),
                _ => collation,
            };
            (charset, Some(collation))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::ServerVersion;

    #[test]
    fn the_table_is_sorted() {
        assert!(CHARSETS.is_sorted_by_key(|(name, _, _)| *name));
    }

    #[test]
    fn resolves_what_is_written_and_what_is_not() {
        let settings = Settings::of(ServerVersion::new(10, 11, 19));
        for (charset, collation, expected) in [
            (None, None, ("latin1", "latin1_german1_ci")),
            (Some("utf8"), None, ("utf8mb3", "utf8mb3_general_ci")),
            (Some("latin1"), None, ("latin1", "latin1_swedish_ci")),
            (None, Some("utf8mb4_bin"), ("utf8mb4", "utf8mb4_bin")),
            (Some("utf8mb4"), Some("uca1400_ai_ci"), ("utf8mb4", "utf8mb4_uca1400_ai_ci")),
        ] {
            let found = resolve(charset, collation, (Some("latin1"), Some("latin1_german1_ci")), &settings);
            assert_eq!((found.0.as_deref(), found.1.as_deref()), (Some(expected.0), Some(expected.1)));
        }
        let young = Settings::of(ServerVersion::new(11, 8, 0));
        assert_eq!(default_collation("utf8mb4", &young).as_deref(), Some("utf8mb4_uca1400_ai_ci"));
    }
}
