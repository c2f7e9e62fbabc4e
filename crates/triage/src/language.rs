//! The languages known by name: for what the prompt and the message say, and for models that write `English` or `eng`
//! where `en` was asked for.

/// Code (ISO 639-1, some with a region), its three-letter codes, and its name in English.
const LANGUAGES: &[(&str, &[&str], &str)] = &[
    ("ar", &["ara"], "Arabic"),
    ("bg", &["bul"], "Bulgarian"),
    ("bn", &["ben"], "Bengali"),
    ("ca", &["cat"], "Catalan"),
    ("cs", &["ces", "cze"], "Czech"),
    ("da", &["dan"], "Danish"),
    ("de", &["deu", "ger"], "German"),
    ("el", &["ell", "gre"], "Greek"),
    ("en", &["eng"], "English"),
    ("es", &["spa"], "Spanish"),
    ("et", &["est"], "Estonian"),
    ("fa", &["fas", "per"], "Persian"),
    ("fi", &["fin"], "Finnish"),
    ("fr", &["fra", "fre"], "French"),
    ("he", &["heb"], "Hebrew"),
    ("hi", &["hin"], "Hindi"),
    ("hr", &["hrv"], "Croatian"),
    ("hu", &["hun"], "Hungarian"),
    ("id", &["ind"], "Indonesian"),
    ("it", &["ita"], "Italian"),
    ("ja", &["jpn"], "Japanese"),
    ("ko", &["kor"], "Korean"),
    ("lt", &["lit"], "Lithuanian"),
    ("lv", &["lav"], "Latvian"),
    ("ms", &["msa", "may"], "Malay"),
    ("nl", &["nld", "dut"], "Dutch"),
    ("no", &["nor"], "Norwegian"),
    ("pl", &["pol"], "Polish"),
    ("pt", &["por"], "Portuguese"),
    ("pt-br", &[], "Brazilian Portuguese"),
    ("ro", &["ron", "rum"], "Romanian"),
    ("ru", &["rus"], "Russian"),
    ("sk", &["slk", "slo"], "Slovak"),
    ("sl", &["slv"], "Slovenian"),
    ("sr", &["srp"], "Serbian"),
    ("sv", &["swe"], "Swedish"),
    ("th", &["tha"], "Thai"),
    ("tr", &["tur"], "Turkish"),
    ("uk", &["ukr"], "Ukrainian"),
    ("vi", &["vie"], "Vietnamese"),
    ("zh", &["zho", "chi"], "Chinese"),
    ("zh-cn", &[], "Chinese in simplified characters"),
    ("zh-tw", &[], "Chinese in traditional characters"),
];

/// The name of a language in English; the code in lower case.
pub(crate) fn name_of(code: &str) -> Option<&'static str> {
    LANGUAGES.iter().find(|(known, ..)| *known == code).map(|(.., name)| *name)
}

/// `German (de)`; the code alone when the language has no name here.
pub(crate) fn spelled(code: &str) -> String {
    let code = code.trim();
    let primary = code.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    match name_of(&primary) {
        Some(name) => format!("{name} ({code})"),
        None if primary == "und" => "not clear".to_owned(),
        None => code.to_owned(),
    }
}

/// Every code that [`name_of`] knows, for people.
pub(crate) fn known_codes() -> String {
    LANGUAGES.iter().map(|(code, ..)| *code).collect::<Vec<_>>().join(", ")
}

/// What a model said of a ticket's language as an ISO 639 code in lower case without region; `und` when it is no code.
pub(crate) fn normalised(said: &str) -> String {
    let said = said.trim().to_lowercase();
    let by_name = LANGUAGES.iter().find(|(.., name)| name.to_lowercase() == said);
    let word = by_name.map_or(said.as_str(), |(code, ..)| code);
    let primary = word.split(['-', '_']).next().unwrap_or_default();
    if !(2..=3).contains(&primary.len()) || !primary.bytes().all(|b| b.is_ascii_lowercase()) {
        return "und".to_owned();
    }
    let by_three_letters = LANGUAGES.iter().find(|(_, three, _)| three.contains(&primary));
    by_three_letters.map_or(primary, |(code, ..)| code).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_becomes_a_lower_case_code_without_region() {
        for (said, expected) in [
            ("en", "en"),
            (" DE ", "de"),
            ("pt-BR", "pt"),
            ("zh_Hant_TW", "zh"),
            ("eng", "en"),
            ("ger", "de"),
            ("gsw", "gsw"),
            ("und", "und"),
            ("English", "en"),
            ("Brazilian Portuguese", "pt"),
            ("Klingon", "und"),
            ("", "und"),
            ("e", "und"),
            ("12", "und"),
            ("éé", "und"),
            ("日本語", "und"),
            ("-en", "und"),
        ] {
            assert_eq!(normalised(said), expected, "{said:?}");
        }
    }

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(LANGUAGES.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(name_of("ja"), Some("Japanese"));
        assert_eq!(name_of("xx"), None);
    }
}
