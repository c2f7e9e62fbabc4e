//! A desk in TOML: it is refused with reasons, or everything that is made from it works.
#![no_main]

use libfuzzer_sys::fuzz_target;
use triage::desk::Desk;
use triage::prompt::{Length, Mark, SchemaFlavour, build, schema, version};
use triage::ticket::Text;

fuzz_target!(|toml: &str| {
    let desk = match Desk::parse(toml) {
        Ok(desk) => desk,
        Err(problems) => {
            assert!(!problems.is_empty() && problems.iter().all(|problem| !problem.trim().is_empty()));
            return;
        }
    };
    assert!(desk.enabled_categories().count() > 0 && (0.0..=1.0).contains(&desk.review_threshold));
    let text = Text { subject: "Subject".to_owned(), content: toml.to_owned() };
    let mark = Mark::from_random(7);
    for length in [Length::Full, Length::Halved] {
        assert_eq!(build(&desk, &text, &mark, length).user.matches(mark.as_str()).count(), 3);
    }
    let keys =
        schema(&desk, SchemaFlavour::Strict)["properties"]["category"]["enum"].as_array().map_or(0, Vec::len);
    assert_eq!(keys, desk.enabled_categories().count());
    assert!(version(&desk).len() == 10);
    let _ = desk.floor(&text);
});
