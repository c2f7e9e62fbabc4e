use serde_json::json;

use super::*;
use crate::ticket::{Confidence, Priority, Sentiment};

fn definition() -> Definition {
    let options =
        ["LOW", "MEDIUM", "HIGH"].map(|value| json!({"value": value, "label": "x", "hidden": false}));
    let mut json = json!({"type": "enumeration", "fieldType": "select", "options": options});
    json["options"][0]["hidden"] = json!(true);
    Definition::read(&json)
}

fn ours(value: &str, former: Option<&str>, state: State) -> Ours {
    Ours { value: value.to_owned(), former: former.map(str::to_owned), state }
}

fn decide_on(wanted: &str, current: Option<&str>, ours: &[Ours]) -> Decision {
    decide(Ok(wanted.to_owned()), current, Some(&definition()), ours)
}

fn write(value: &str, former: Option<&str>) -> Decision {
    Decision::Write { value: value.to_owned(), former: former.map(str::to_owned) }
}

fn why(decision: Decision) -> String {
    let Decision::Skip { why, .. } = decision else { panic!("{decision:?}") };
    why
}

#[test]
fn only_empty_properties_are_set() {
    assert_eq!(decide_on("HIGH", None, &[]), write("HIGH", None));
    assert_eq!(decide_on("HIGH", Some(""), &[]), write("HIGH", Some("")));
    for taken in ["MEDIUM", "HIGH", " "] {
        assert_eq!(why(decide_on("HIGH", Some(taken), &[])), "it has a value already");
    }
}

#[test]
fn only_offered_options_of_a_list_that_can_be_written_are_used() {
    assert_eq!(why(decide_on("URGENT", None, &[])), "the property has no option URGENT in HubSpot");
    assert_eq!(why(decide_on("LOW", None, &[])), "the option LOW is hidden in HubSpot");
    assert_eq!(why(decide_on("high", None, &[])), "the property has no option high in HubSpot");
    assert_eq!(why(decide(Ok("HIGH".into()), None, None, &[])), "HubSpot has no such property");
    let list = |extra: serde_json::Value| {
        let mut json = json!({"type": "enumeration", "options": [{"value": "HIGH"}]});
        json.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        why(decide(Ok("HIGH".into()), None, Some(&Definition::read(&json)), &[]))
    };
    assert!(list(json!({"modificationMetadata": {"readOnlyValue": true}})).contains("only be read"));
    assert!(list(json!({"archived": true})).contains("archived"));
    assert!(list(json!({"type": "string"})).contains("no list of options"));
    assert!(list(json!({"options": [{"value": "HIGH", "archived": true}]})).contains("hidden"));
}

#[test]
fn a_second_verdict_replaces_only_what_is_still_ours() {
    let written = [ours("MEDIUM", None, State::Written)];
    assert_eq!(decide_on("HIGH", Some("MEDIUM"), &written), write("HIGH", None));
    assert_eq!(decide_on("MEDIUM", Some("MEDIUM"), &written), Decision::Stands);
    for theirs in [Some("HIGH"), None, Some("")] {
        assert!(why(decide_on("HIGH", theirs, &written)).starts_with("a person has changed it"));
    }
    let overruled = [ours("MEDIUM", None, State::Overruled)];
    assert!(why(decide_on("HIGH", Some("MEDIUM"), &overruled)).starts_with("a person has changed it"));
    let undone = [ours("MEDIUM", None, State::Undone)];
    assert_eq!(decide_on("HIGH", None, &undone), write("HIGH", None));
    assert_eq!(why(decide_on("HIGH", Some("MEDIUM"), &undone)), "it has a value already");
}

#[test]
fn what_was_only_intended_is_found_either_way() {
    let intended = [ours("HIGH", None, State::Intended)];
    assert_eq!(decide_on("HIGH", Some("HIGH"), &intended), Decision::Stands);
    assert!(stands(Some("HIGH"), &intended[0]) && !stands(None, &intended[0]));
    assert_eq!(decide_on("HIGH", None, &intended), write("HIGH", None), "it never arrived");
    assert_eq!(why(decide_on("HIGH", Some("LOW"), &intended)), "it has a value already");
    let over = [ours("HIGH", Some(""), State::Intended), ours("MEDIUM", Some(""), State::Written)];
    assert_eq!(decide_on("HIGH", Some("MEDIUM"), &over), write("HIGH", Some("")));
    assert_eq!(decide_on("HIGH", Some("HIGH"), &over), Decision::Stands);
}

#[test]
fn a_value_of_ours_that_no_longer_holds_is_withdrawn_when_the_new_one_cannot_be_written() {
    let written = [ours("HIGH", None, State::Written)];
    let decision = decide_on("URGENT", Some("HIGH"), &written);
    assert_eq!(
        decision,
        Decision::Withdraw { former: None, why: "the property has no option URGENT in HubSpot".to_owned() }
    );
    let withdrawn = [ours("", None, State::Written), ours("HIGH", None, State::Written)];
    assert!(matches!(decide_on("URGENT", None, &withdrawn), Decision::Skip { .. }));
    assert_eq!(decide_on("MEDIUM", None, &withdrawn), write("MEDIUM", None));
}

#[test]
fn undoing_brings_back_what_was_there_unless_somebody_changed_it() {
    let two = [ours("HIGH", Some(""), State::Written), ours("MEDIUM", Some(""), State::Written)];
    assert_eq!(undo(Some("HIGH"), &two), Undo::Restore(String::new()));
    assert_eq!(undo(None, &two), Undo::Done);
    assert_eq!(undo(Some("MEDIUM"), &two), Undo::Leave, "not what we wrote last");
    assert_eq!(undo(Some("HIGH"), &[ours("HIGH", None, State::Undoing)]), Undo::Restore(String::new()));
    assert_eq!(undo(Some("HIGH"), &[ours("HIGH", None, State::Overruled)]), Undo::Leave);
    assert_eq!(undo(Some("HIGH"), &[ours("HIGH", None, State::Undone)]), Undo::Done);
    assert_eq!(undo(Some("HIGH"), &[ours("HIGH", None, State::Intended)]), Undo::Restore(String::new()));
}

#[test]
fn our_own_changes_are_told_from_those_of_others() {
    let two = [ours("HIGH", None, State::Intended), ours("MEDIUM", None, State::Written)];
    for value in ["HIGH", "MEDIUM"] {
        assert_eq!(origin(value, false, &two), Origin::Ours, "{value}");
        assert_eq!(origin(value, true, &two), Origin::Somebody, "{value}");
    }
    assert_eq!(origin("LOW", false, &two), Origin::Somebody);
    assert_eq!(origin("", false, &two), Origin::Somebody);
    assert_eq!(origin("", false, &[ours("HIGH", None, State::Undoing)]), Origin::Ours);
    assert_eq!(origin("LOW", false, &[ours("HIGH", None, State::Undone)]), Origin::Unrelated);
    assert_eq!(origin("HIGH", false, &[ours("HIGH", None, State::Skipped)]), Origin::Unrelated);
    assert_eq!(origin("HIGH", false, &[]), Origin::Unrelated);
}

#[test]
fn a_verdict_is_said_in_the_portals_options() {
    let verdict = |category: &str, priority| Verdict {
        category: category.to_owned(),
        priority,
        sentiment: Sentiment::Neutral,
        language: "en".to_owned(),
        summary: String::new(),
        reason: String::new(),
        confidence: Confidence::parse(0.9).unwrap(),
        team: "t".to_owned(),
        suggested_reply: None,
    };
    let desk = Desk::default();
    for (priority, option) in Priority::ALL.iter().zip(["LOW", "MEDIUM", "HIGH", "URGENT"]) {
        assert_eq!(wanted(&desk, &verdict("bug", *priority), PRIORITY), Ok(option.to_owned()));
    }
    let of = |category: &str| wanted(&desk, &verdict(category, Priority::Low), CATEGORY);
    assert_eq!(of("billing"), Ok("BILLING_ISSUE".to_owned()));
    assert_eq!(of("spam").unwrap_err(), "the desk names no hubspot_category for the category spam");
}
