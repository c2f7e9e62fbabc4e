//! A webhook's body: whatever it is, each of its items becomes an event, is ignored, or is named as a problem.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use triage::webhook::parse;

fuzz_target!(|body: &[u8]| {
    let Ok(parsed) = parse(body, None) else { return };
    if let Ok(Value::Array(items)) = serde_json::from_slice(body) {
        assert_eq!(parsed.events.len() + parsed.ignored + parsed.problems.len(), items.len());
    }
    for event in &parsed.events {
        assert!(event.ticket_id.as_str().len() <= 255 && event.key.len() == 32);
        let texts = event.text.iter().flat_map(|text| [&text.subject, &text.content]);
        assert!(texts.chain(&event.contacts).all(|text| !text.contains('\0')));
    }
    let ours = parse(body, Some(7)).expect("the account changes nothing about the shape");
    assert!(ours.events.iter().all(|event| event.portal_id.is_none_or(|portal| portal == 7)));
});
