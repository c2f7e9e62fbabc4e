use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_795_392_000_000);

fn code(text: &str) -> Code {
    Code::read(text).unwrap()
}

/// A code that was made a minute ago.
fn kept(text: &str) -> Kept {
    Kept {
        id: format!("id of {text}"),
        hash: code(text).hash().as_str().to_owned(),
        expires_at: NOW.plus(GOOD_FOR - Duration::from_secs(60)),
        used_at: None,
        wrong_tries: 0,
    }
}

#[test]
fn a_code_is_read_however_it_is_typed() {
    let expected = code("A0B1-VXYZ");
    for typed in
        ["a0b1vxyz", " A0B1 VXYZ ", "AOBI-UXYZ", "aobl-uxyz", "a 0 b 1 v x y z", "A0B1\u{2013}VXYZ\n"]
    {
        assert_eq!(Code::read(typed), Some(expected), "{typed:?}");
    }
    for typed in ["", "A0B1VXY", "A0B1VXYZ2", "A0B1VXY!", "Ä0B1VXYZ", "--------", "ａ0B1VXYZ"] {
        assert_eq!(Code::read(typed), None, "{typed:?}");
    }
}

#[test]
fn every_code_that_is_made_can_be_read_again_and_has_no_look_alikes() {
    for byte in 0..=u8::MAX {
        let made = Code::of_random([byte, 1, 2, 3, 200, 201, 202, byte]);
        let shown = made.shown();
        assert_eq!(Code::read(&shown), Some(made));
        assert_eq!(Code::read(&shown.to_lowercase()), Some(made));
        assert!(shown.chars().all(|c| !"ILOU".contains(c)) && shown.len() == 9, "{shown}");
    }
    let first: std::collections::BTreeSet<String> =
        (0..=u8::MAX).map(|byte| Code::of_random([byte; 8]).shown()).collect();
    assert_eq!(first.len(), 32, "each character is as likely as any other");
}

#[test]
fn neither_debug_nor_what_is_kept_shows_the_code() {
    let code = code("ABCD-EFGH");
    assert_eq!(format!("{code:?}"), "Code(…)");
    assert_eq!(code.hash().as_str().len(), 64);
    assert!(!code.hash().as_str().to_uppercase().contains("ABCDEFGH"));
}

#[test]
fn the_link_survives_any_address() {
    for (url, link) in [
        (
            "https://triage.example.com",
            "hubspot-triage://pair?url=https%3A%2F%2Ftriage.example.com&code=ABCD-EFGH",
        ),
        (
            "https://a.example/b c/?d=e&f#g",
            "hubspot-triage://pair?url=https%3A%2F%2Fa.example%2Fb%2520c%2F%3Fd%3De%26f%23g&code=ABCD-EFGH",
        ),
        ("http://127.0.0.1:3000/", "hubspot-triage://pair?url=http%3A%2F%2F127.0.0.1%3A3000&code=ABCD-EFGH"),
    ] {
        let url = Url::parse(url).unwrap();
        assert_eq!(code("ABCD-EFGH").link(&url), link);
        let pairs: Vec<(String, String)> = Url::parse(link).unwrap().query_pairs().into_owned().collect();
        assert_eq!(pairs[0].1, url.as_str().trim_end_matches('/'));
        assert_eq!(pairs[1].1, "ABCD-EFGH");
    }
}

#[test]
fn what_a_code_is_worth() {
    let open = kept("ABCD-EFGH");
    let used = Kept { used_at: Some(NOW), ..kept("ABCD-EFGH") };
    let late = Kept { expires_at: NOW, ..kept("ABCD-EFGH") };
    let tried = Kept { wrong_tries: MOST_WRONG_TRIES, ..kept("ABCD-EFGH") };
    let almost = Kept { wrong_tries: MOST_WRONG_TRIES - 1, ..kept("ABCD-EFGH") };
    let other = kept("2222-2222");
    let pairs = || Decision::Pairs("id of ABCD-EFGH".to_owned());
    let right = "abcd efgh";
    for (typed, kept, expected) in [
        (right, vec![open.clone()], pairs()),
        (right, vec![other.clone(), open.clone(), other.clone()], pairs()),
        (right, vec![almost], pairs()),
        (right, vec![], Decision::Wrong),
        (right, vec![other.clone()], Decision::Wrong),
        (right, vec![used.clone()], Decision::Used),
        (right, vec![Kept { expires_at: NOW, ..used.clone() }], Decision::Used),
        (right, vec![late.clone(), other], Decision::Expired),
        (right, vec![tried.clone()], Decision::TooManyTries),
        (right, vec![Kept { expires_at: NOW, ..tried.clone() }], Decision::TooManyTries),
        ("3333-3333", vec![open.clone()], Decision::Wrong),
        ("3333-3333", vec![tried.clone(), open], Decision::Wrong),
        ("3333-3333", vec![tried.clone()], Decision::TooManyTries),
        ("3333-3333", vec![Kept { expires_at: NOW, ..tried }], Decision::Wrong),
        ("3333-3333", vec![used, late], Decision::Wrong),
    ] {
        assert_eq!(decide(&code(typed).hash(), &kept, NOW), expected, "{typed} among {kept:?}");
    }
}
