//! Redaction: doing it twice changes nothing, the counts are those of the placeholders, and what is planted is gone.
#![no_main]

use libfuzzer_sys::fuzz_target;
use triage::redact::{Kind, redact};
use triage::ticket::Text;

const PLANTED: [&str; 4] =
    ["anna.smith@example.com", "+49 30 1234567", "DE89 3704 0044 0532 0130 00", "4111 1111 1111 1111"];

fuzz_target!(|input: &str| {
    let names = ["Anna Smith".to_owned()];
    let (subject, content) = input.split_once('\n').unwrap_or(("", input));
    let text = Text { subject: subject.to_owned(), content: content.to_owned() };
    let once = redact(&text, &names);
    let placeholders = |text: &Text, kind: Kind| {
        [&text.subject, &text.content]
            .map(|part| part.matches(kind.placeholder()).count())
            .iter()
            .sum::<usize>()
    };
    for kind in Kind::ALL {
        let counted = once.counts.get(kind).copied().unwrap_or(0) as usize;
        // Invisible characters inside a placeholder of the input can make one more of it.
        assert!(placeholders(&once.text, *kind) >= counted, "{kind}: {:?}", once.text);
    }
    assert_eq!(redact(&once.text, &names).text, once.text);
    let middle = input.floor_char_boundary(input.len() / 2);
    for piece in PLANTED {
        let content = format!("{}\n{piece}\n{}", &input[..middle], &input[middle..]);
        let out = redact(&Text { subject: String::new(), content }, &names);
        assert!(input.contains(piece) || !out.text.content.contains(piece), "{:?}", out.text.content);
    }
});
