//! Faults as people write them: `NAME [once|twice|N times|for 10s] [on PATH] [wait 2s]`, joined by `;`.

use crate::faults::{Fault, Kind, Lasts};
use std::time::Duration;

/// What every stand-in understands, beside statuses, `slow` and `confidence`.
const COMMON: [Kind; 4] = [Kind::Hang, Kind::Drop, Kind::Down, Kind::BadJson];

pub(crate) fn parse(text: &str, own: &[Kind]) -> Result<Vec<Fault>, String> {
    let parts = text.split([';', '\n']).map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| clause(part, own).ok_or_else(|| complaint(part, own))).collect()
}

fn clause(text: &str, own: &[Kind]) -> Option<Fault> {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut fault = Fault::new(Kind::Hang);
    while let Some(left) = qualifier(&words, &mut fault) {
        words.truncate(left);
    }
    fault.kind = kind(&words, own)?;
    Some(fault)
}

/// Takes one qualifier from the end; returns how many words are left.
fn qualifier(words: &[&str], fault: &mut Fault) -> Option<usize> {
    match *words {
        [.., "once"] => fault.lasts = Lasts::Times(1),
        [.., "twice"] => fault.lasts = Lasts::Times(2),
        [.., "forever"] => fault.lasts = Lasts::Ever,
        [.., "for", "ever"] => fault.lasts = Lasts::Ever,
        [.., number, "times" | "time"] => fault.lasts = Lasts::Times(number.parse().ok()?),
        [.., "for", time] => fault.lasts = Lasts::For(duration(time)?),
        [.., "wait", time] => fault.wait = Some(duration(time)?),
        [.., "on", path] => fault.on = Some(path.to_owned()),
        _ => return None,
    }
    let one_word = matches!(words.last(), Some(&("once" | "twice" | "forever")));
    Some(words.len() - if one_word { 1 } else { 2 })
}

fn kind(words: &[&str], own: &[Kind]) -> Option<Kind> {
    match *words {
        ["slow", time] => return Some(Kind::Slow(duration(time)?)),
        ["confidence", value] => {
            let offered = own.iter().any(|kind| matches!(kind, Kind::Confidence(_)));
            return value.parse().ok().filter(|_| offered).map(Kind::Confidence);
        }
        [number] if number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            return number.parse().ok().filter(|status| (200..=599).contains(status)).map(Kind::Status);
        }
        _ => {}
    }
    let wanted = words.join(" ").replace(['_', '-'], " ");
    COMMON.iter().chain(own).copied().find(|kind| name(*kind).replace('_', " ") == wanted)
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Status(_) => "429",
        Kind::Slow(_) => "slow 200ms",
        Kind::Confidence(_) => "confidence 1e12",
        Kind::Hang => "hang",
        Kind::Drop => "drop",
        Kind::Down => "down",
        Kind::BadJson => "bad json",
        Kind::Cut => "cut",
        Kind::UnknownCategory => "unknown category",
        Kind::EmptySummary => "empty summary",
        Kind::ModelMissing => "model missing",
        Kind::JsonValidateFailed => "json_validate_failed",
        Kind::NoJsonSchema => "no json_schema",
        Kind::HostRefused => "host refused",
        Kind::TunnelDown => "tunnel down",
        Kind::OriginDown => "origin down",
        Kind::AccessRefused => "access refused",
        Kind::LoginPage => "login page",
        Kind::Blocked1010 => "1010",
        Kind::Global429 => "global 429",
        Kind::Cloudflare429 => "cloudflare 429",
        Kind::Deleted => "deleted",
        Kind::BadToken => "bad token",
    }
}

/// `200ms`, `10s`, `2m`, or bare seconds.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let number: f64 = digits.parse().ok().filter(|number: &f64| (0.0..1e9).contains(number))?;
    let seconds = match &text[digits.len()..] {
        "ms" => number / 1000.0,
        "" | "s" => number,
        "m" | "min" => number * 60.0,
        "h" => number * 3600.0,
        _ => return None,
    };
    Some(Duration::from_secs_f64(seconds))
}

fn complaint(part: &str, own: &[Kind]) -> String {
    let statuses = [Kind::Status(429), Kind::Slow(Duration::ZERO)];
    let names: Vec<&str> = statuses.iter().chain(&COMMON).chain(own).map(|kind| name(*kind)).collect();
    format!(
        "\"{part}\" is no fault this service knows. Understood: any status from 200 to 599, {}; each may be followed \
         by once, twice, N times, for 10s, for ever, wait 2s (what a refusal announces), on PATH; several are \
         joined by \";\"",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &[Kind] = &[Kind::Confidence(0.0), Kind::JsonValidateFailed, Kind::Blocked1010];

    #[test]
    fn every_form_is_read() {
        let read = |text: &str| {
            let fault = parse(text, OWN).unwrap().remove(0);
            (fault.kind, fault.lasts)
        };
        assert_eq!(read("429 twice"), (Kind::Status(429), Lasts::Times(2)));
        assert_eq!(read("503 3 times"), (Kind::Status(503), Lasts::Times(3)));
        assert_eq!(read("hang"), (Kind::Hang, Lasts::Ever));
        assert_eq!(read("Hang once"), (Kind::Hang, Lasts::Times(1)));
        assert_eq!(read("bad json once"), (Kind::BadJson, Lasts::Times(1)));
        assert_eq!(read("confidence 1e12"), (Kind::Confidence(1e12), Lasts::Ever));
        assert_eq!(read("down for 10s"), (Kind::Down, Lasts::For(Duration::from_secs(10))));
        assert_eq!(read("slow 200ms for ever"), (Kind::Slow(Duration::from_millis(200)), Lasts::Ever));
        assert_eq!(read("json_validate_failed twice"), (Kind::JsonValidateFailed, Lasts::Times(2)));
        assert_eq!(read("1010"), (Kind::Blocked1010, Lasts::Ever));
    }

    #[test]
    fn qualifiers_combine() {
        let faults = parse("429 twice on /api/tags wait 2s; drop", OWN).unwrap();
        assert_eq!(faults.len(), 2);
        assert_eq!(faults[0].on.as_deref(), Some("/api/tags"));
        assert_eq!(faults[0].wait, Some(Duration::from_secs(2)));
        assert_eq!(faults[0].lasts, Lasts::Times(2));
    }

    #[test]
    fn unknown_text_names_what_is_understood() {
        let problem = parse("429 once; explode", OWN).unwrap_err();
        assert!(problem.starts_with("\"explode\""), "{problem}");
        assert!(problem.contains("json_validate_failed") && problem.contains("bad json"), "{problem}");
        assert!(parse("tunnel down", OWN).is_err(), "another service's fault is refused");
    }
}
