//! What a language is called in a message.

/// `German (de)`; the code alone when the language has no name here.
pub(super) fn spelled(code: &str) -> String {
    let code = code.trim();
    let primary = code.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    match name(&primary) {
        Some(name) => format!("{name} ({code})"),
        None if primary == "und" => "not clear".to_owned(),
        None => code.to_owned(),
    }
}

#[rustfmt::skip]
const NAMES: &[(&str, &str)] = &[
    ("ar", "Arabic"), ("bg", "Bulgarian"), ("bn", "Bengali"), ("ca", "Catalan"), ("cs", "Czech"), ("da", "Danish"),
    ("de", "German"), ("el", "Greek"), ("en", "English"), ("es", "Spanish"), ("et", "Estonian"), ("fa", "Persian"),
    ("fi", "Finnish"), ("fr", "French"), ("he", "Hebrew"), ("hi", "Hindi"), ("hr", "Croatian"), ("hu", "Hungarian"),
    ("id", "Indonesian"), ("it", "Italian"), ("ja", "Japanese"), ("ko", "Korean"), ("lt", "Lithuanian"),
    ("lv", "Latvian"), ("ms", "Malay"), ("nb", "Norwegian"), ("nl", "Dutch"), ("nn", "Norwegian"), ("no", "Norwegian"),
    ("pl", "Polish"), ("pt", "Portuguese"), ("ro", "Romanian"), ("ru", "Russian"), ("sk", "Slovak"),
    ("sl", "Slovenian"), ("sr", "Serbian"), ("sv", "Swedish"), ("th", "Thai"), ("tr", "Turkish"), ("uk", "Ukrainian"),
    ("vi", "Vietnamese"), ("zh", "Chinese"),
];

fn name(primary: &str) -> Option<&'static str> {
    NAMES.iter().find(|(code, _)| *code == primary).map(|(_, name)| *name)
}
