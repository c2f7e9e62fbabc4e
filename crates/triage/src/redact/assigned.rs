//! Finds secrets by the word before them: `password: …`, `api_key=…`, "my password is …", in the languages customers
//! write. Only the value goes; the word stays.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// What a secret is called. Any prefix is allowed (`DB_PASSWORD`, `csrfToken`), a longer word is not (`secretary`).
const WORD: &str = r"(?:
      pass(?:word|wd|phrase|code|wort|ord) | kennwort | mot\s+de\s+passe | contrase[ñn]a | wachtwoord
    | api[\s_-]?key | (?:access|secret|private|signing|encryption|auth)[\s_-]?(?:access[\s_-]?)?key | token | secret
    | (?:\b|_)(?:pass|pwd?|mdp|senha|parola|has[łl]o|heslo|l[öo]senord|adgangskode|salasana|[şs]ifre|пароль)
    | パスワード | 密码 | 密碼 | 비밀번호
    )\d{0,2}";

static ASSIGNED: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = format!(
        r#"(?xi) {WORD}
        (?: (?:\\?["'`\]*_]){{0,3}} [\ \t]* (?: => | :=? | ={{1,2}} | ： | ＝ ) [*_]{{0,3}} [\ \t]* | > )
        (?: (?:bearer|basic|token)[\ \t]+ )?
        (?: "((?:[^"\\\r\n]|\\.)+)" | \\"([^"\\\r\n]+)\\" | '([^'\r\n]+)' | `([^`\r\n]+)` | (\S+) )"#
    );
    Regex::new(&pattern).expect("the pattern is constant and valid")
});

static SAID: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = format!(
        r#"(?xi) {WORD} [\ \t]+ (?: is | was | ist | war | lautet | est | es | era | é | è | je | är | er ) :?
        [\ \t]+ ["'`“„«]? ([^\s"'`”“»]+)"#
    );
    Regex::new(&pattern).expect("the pattern is constant and valid")
});

/// The next parameter of a query string, or the tag that closes an element.
static VALUE_END: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"&[\w.\[\]-]+=|</").expect("the pattern is constant and valid"));

/// The values, in order.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let mut hits = Vec::new();
    let mut at = 0;
    while let Some(found) = ASSIGNED.captures_at(text, at) {
        let whole = found.get_match();
        if text[..whole.start()].ends_with('[') && whole.as_str().starts_with("secret]") {
            // The word is a placeholder.
            at = whole.start() + "secret]".len();
            continue;
        }
        at = whole.end();
        let quoted = (1..=4).find_map(|group| found.get(group));
        hits.extend(quoted.map(|value| value.range()));
        hits.extend(found.get(5).map(|value| bare(text, value.range())));
    }
    for found in SAID.captures_iter(text) {
        // "My password is wrong" tells of a problem; "my password is hunter2" gives it away.
        let value = found.get(1).map(|value| bare(text, value.range()));
        let tells = |value: &Range<usize>| {
            text[value.clone()].chars().any(|c| c.is_ascii_digit() || "!@#$%^&*+=_?~".contains(c))
        };
        hits.extend(value.filter(tells));
    }
    merged(hits)
}

/// A value without quotes: up to the next white space, without the punctuation of the sentence around it.
fn bare(text: &str, value: Range<usize>) -> Range<usize> {
    let whole = &text[value.clone()];
    let whole = VALUE_END.find(whole).map_or(whole, |end| &whole[..end.start()]);
    let whole =
        whole.trim_end_matches([',', ';', '.', ':', '?', ')', ']', '}', '>', '"', '\'', '`', '”', '“', '»']);
    let inner = whole.trim_start_matches(['"', '\'', '`', '“', '„', '«']);
    let start = value.start + whole.len() - inner.len();
    start..start + inner.len()
}

fn merged(mut hits: Vec<Range<usize>>) -> Vec<Range<usize>> {
    hits.retain(|hit| !hit.is_empty());
    hits.sort_by_key(|hit| hit.start);
    let mut out: Vec<Range<usize>> = Vec::with_capacity(hits.len());
    for hit in hits {
        match out.last_mut().filter(|last| hit.start < last.end) {
            Some(last) => last.end = last.end.max(hit.end),
            None => out.push(hit),
        }
    }
    out
}
