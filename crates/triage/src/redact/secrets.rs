//! Finds secrets by their shape: private keys, credentials in URLs and headers, tokens with a known prefix, and long
//! random-looking strings. Secrets named by a word before them are in `assigned`.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

static KEY_BEGIN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
        .expect("the pattern is constant and valid")
});

static KEY_END: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----").expect("the pattern is constant and valid")
});

/// The lines of a key that was cut off before its end.
static KEY_LINES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\A(?:(?:\s|\\[nr])*[A-Za-z0-9+/=]{16,})*").expect("the pattern is constant and valid")
});

/// PEM and PGP private keys, whole.
pub(super) fn private_keys(text: &str) -> Vec<Range<usize>> {
    let mut hits: Vec<Range<usize>> = Vec::new();
    let mut ends = KEY_END.find_iter(text).peekable();
    for begin in KEY_BEGIN.find_iter(text) {
        if hits.last().is_some_and(|last| begin.start() < last.end) {
            continue;
        }
        while ends.next_if(|end| end.start() < begin.end()).is_some() {}
        let end = ends.peek().map_or_else(
            || begin.end() + KEY_LINES.find(&text[begin.end()..]).map_or(0, |lines| lines.end()),
            |end| end.end(),
        );
        hits.push(begin.start()..end);
    }
    hits
}

static IN_URL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?xi)
          \b[a-z][a-z0-9+.-]*://([^\s/?\#"'<>]+)@
        | \bdiscord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+/([\w-]+)
        | \bhooks\.slack\.com/(?:services|workflows|triggers)/([\w/-]+)"#,
    )
    .expect("the pattern is constant and valid")
});

/// The credentials in `https://user:password@host`, and the part of a webhook's address that is its key.
pub(super) fn in_urls(text: &str) -> Vec<Range<usize>> {
    groups(&IN_URL, text)
}

static AUTHORIZATION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?xi)
        \b authorization \\?["']? [\ \t]* [:=] [\ \t]* \\?["']?
        (?: (?:bearer|basic|token|digest|negotiate|apikey|key) [\ \t]+ ([^\s"'\\,;]+) | ([^\s"'\\,;]{8,}) )
        | \b (?:bearer|basic) [\ \t]+ ([a-z0-9._~+/-]{8,}=*)"#,
    )
    .expect("the pattern is constant and valid")
});

/// What stands in an `Authorization` header with its scheme; without one of the two, what does not look like a word.
pub(super) fn authorizations(text: &str) -> Vec<Range<usize>> {
    let mut hits = Vec::new();
    for found in AUTHORIZATION.captures_iter(text) {
        let with_scheme = found.get(1).map(|value| value.range());
        let other = found.get(2).or_else(|| found.get(3));
        let other = other.filter(|value| looks_chosen_by_chance(value.as_str())).map(|value| value.range());
        hits.extend(with_scheme.or(other));
    }
    hits
}

fn looks_chosen_by_chance(value: &str) -> bool {
    let has_digit = value.bytes().any(|b| b.is_ascii_digit());
    let has_inner_capital = value.bytes().skip(1).any(|b| b.is_ascii_uppercase())
        && value.bytes().any(|b| b.is_ascii_lowercase());
    has_digit || has_inner_capital || value.ends_with('=')
}

static KNOWN_PREFIX: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x-u)
        (?:\b|_)
        ( sk-[\w-]{16,}
        | (?:sk|pk|rk)_(?:live|test)_\w{8,}
        | whsec_[\w+/=]{8,}
        | gsk_\w{10,}
        | gh[oprsu]_\w{10,}
        | github_pat_\w{10,}
        | glpat-[\w-]{10,}
        | xox[abeprs]-[\w-]{8,}
        | (?:AKIA|ASIA)[0-9A-Z]{16}
        | AIza[\w-]{20,}
        | ya29\.[\w-]{8,}
        | SG\.[\w-]{8,}(?:\.[\w-]+)?
        | (?:hf|npm)_[A-Za-z0-9]{16,}
        | pypi-[\w-]{16,}
        | cfast_\w{8,}
        | eyJ[\w-]{16,}(?:\.[\w-]+){0,4}={0,2}
        | pat-[a-z]{2}\d-[0-9A-Za-z-]{8,}
        )",
    )
    .expect("the pattern is constant and valid")
});

/// Keys and tokens whose first characters name the service that made them.
pub(super) fn with_known_prefix(text: &str) -> Vec<Range<usize>> {
    groups(&KNOWN_PREFIX, text)
}

static LONG_TOKEN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[A-Za-z0-9+/_-]{32,}={0,2}").expect("the pattern is constant and valid"));

static UUID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
        .expect("the pattern is constant and valid")
});

/// Shorter strings are too often ordinary identifiers.
const RANDOM_MIN_CHARS: usize = 32;

/// Strings of 32 characters or more, as keys, hashes and base64 are written, that mix letters and digits as words and
/// paths do not. UUIDs stay: they are how systems name a request.
pub(super) fn random_looking(text: &str) -> Vec<Range<usize>> {
    let mut hits = Vec::new();
    for token in LONG_TOKEN.find_iter(text) {
        let mut start = token.start();
        for uuid in UUID.find_iter(token.as_str()) {
            let uuid = token.start() + uuid.start()..token.start() + uuid.end();
            hits.extend(random_within(text, start..uuid.start));
            start = uuid.end;
        }
        hits.extend(random_within(text, start..token.end()));
    }
    hits
}

fn random_within(text: &str, token: Range<usize>) -> Option<Range<usize>> {
    let core = without_plain_segments(text, token);
    let chars = text[core.clone()].as_bytes();
    let digits = chars.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = chars.iter().filter(|b| b.is_ascii_alphabetic()).count();
    if core.len() < RANDOM_MIN_CHARS || digits == 0 || letters == 0 {
        return None;
    }
    let longest = chars.split(|b| !b.is_ascii_alphanumeric()).map(<[u8]>::len).max().unwrap_or(0);
    // Random text changes between letters and digits, or goes up to a capital, at every second to fourth character;
    // words, paths and file names at every sixth or more, and camelCase has hardly a digit.
    let pairs = || chars.windows(2).map(|pair| (pair[0], pair[1]));
    let to_digits = pairs().filter(|(a, b)| a.is_ascii_alphabetic() && b.is_ascii_digit()).count();
    let to_letters = pairs().filter(|(a, b)| a.is_ascii_digit() && b.is_ascii_alphabetic()).count();
    let to_capitals = pairs().filter(|(a, b)| a.is_ascii_lowercase() && b.is_ascii_uppercase()).count();
    let restless =
        (to_digits + to_letters + to_capitals) * 100 >= chars.len() * 18 && to_digits + to_letters >= 2;
    (longest >= RANDOM_MIN_CHARS || restless).then_some(core)
}

/// Peels off the parts of a path around its interesting middle: `/reset/` of `/reset/4f9a…`.
fn without_plain_segments(text: &str, token: Range<usize>) -> Range<usize> {
    let plain = |segment: &str| {
        segment.len() <= 20
            && (segment.bytes().all(|b| b.is_ascii_lowercase() || b == b'-' || b == b'_')
                || segment.bytes().all(|b| b.is_ascii_digit()))
    };
    let Range { mut start, mut end } = token;
    while let Some((first, _)) = text[start..end].split_once('/').filter(|(first, _)| plain(first)) {
        start += first.len() + 1;
    }
    while let Some((_, last)) = text[start..end].rsplit_once('/').filter(|(_, last)| plain(last)) {
        end -= last.len() + 1;
    }
    start..end
}

/// The first capture group that took part in each match.
fn groups(pattern: &Regex, text: &str) -> Vec<Range<usize>> {
    let value = |found: regex::Captures<'_>| found.iter().skip(1).flatten().next().map(|group| group.range());
    pattern.captures_iter(text).filter_map(value).collect()
}
