//! What HubSpot sends: workflow objects, "all properties" objects and arrays of app events, made into one shape.
//!
//! Everything but the ticket's id is optional and unknown fields are ignored. Ids come as numbers or strings, property
//! values bare or as `{"value": …}`. Text that no database or JSON parser takes (NUL, lone surrogates) is mended
//! rather than refused, so that an odd character never costs a ticket.

mod event;
mod mend;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

pub use event::{About, Change, Event};

/// A request's body, understood.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parsed {
    /// Events about the creation or the content of a ticket, in order.
    pub events: Vec<Event>,
    /// Changes of properties that a verdict may be written into, in order.
    pub changes: Vec<Change>,
    /// How many events were about something else, or about another account.
    pub ignored: usize,
    /// Accounts that events came from although they are not the configured one.
    pub other_portals: BTreeSet<i64>,
    /// The first few of the events that are about a ticket but do not say which, each as a sentence.
    pub problems: Vec<String>,
    /// How many such events there are beyond those.
    pub more_problems: usize,
}

/// A body has room for hundreds of thousands of bad events; after so many its sender knows what is wrong.
const MOST_PROBLEMS: usize = 10;

/// Why a body cannot be used at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It is not JSON.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// It is JSON of another shape.
    #[error("the body must be a JSON object or an array of events, not {0}")]
    WrongShape(&'static str),
}

/// Reads a webhook's body. `portal` limits it to one HubSpot account: events of others are ignored.
pub fn parse(body: &[u8], portal: Option<i64>) -> Result<Parsed, Problem> {
    let mut parsed = Parsed::default();
    match read(body)? {
        Value::Array(items) => {
            let count = items.len();
            for (index, item) in items.into_iter().enumerate() {
                let place = format!("event {} of {count}", index + 1);
                match item.as_object() {
                    Some(object) => take(&mut parsed, object, portal, &place),
                    None => parsed.problem(|| format!("{place} is {}, not an object", kind_of(&item))),
                }
            }
        }
        Value::Object(object) => take(&mut parsed, &object, portal, "the object"),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            return Err(Problem::WrongShape(kind_of(&other)));
        }
    }
    Ok(parsed)
}

impl Parsed {
    fn problem(&mut self, sentence: impl FnOnce() -> String) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(sentence());
        } else {
            self.more_problems += 1;
        }
    }
}

fn take(parsed: &mut Parsed, object: &Map<String, Value>, portal: Option<i64>, place: &str) {
    match event::read(object) {
        event::Reading::Event(event) if portal.is_none() || event.portal_id.is_none() || event.portal_id == portal => {
            // Workflows do not say of which account they are.
            parsed.events.push(event::Event { portal_id: event.portal_id.or(portal), ..*event });
        }
        event::Reading::Event(event) => {
            parsed.ignored += 1;
            parsed.other_portals.extend(event.portal_id);
        }
        event::Reading::Change(change)
            if portal.is_none() || change.portal_id.is_none() || change.portal_id == portal =>
        {
            parsed.changes.push(change);
        }
        event::Reading::Change(change) => {
            parsed.ignored += 1;
            parsed.other_portals.extend(change.portal_id);
        }
        event::Reading::Irrelevant => parsed.ignored += 1,
        event::Reading::NoTicketId => parsed.problem(|| format!(
            "{place} names no ticket: expected one of ticket_id, ticketId, hs_object_id, objectId as a number or a string"
        )),
    }
}

fn read(body: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(body).or_else(|first| {
        serde_json::from_str(&mend::body(body)).map_err(|_| Problem::NotJson(first.to_string()))
    })
}

const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticket::Text;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_workflow_object_carries_the_text() {
        let parsed = parse(br#"{"ticket_id":"31415926535","subject":"Printer on fire","content":"It is \"hot\".","priority":"HIGH"}"#, None).unwrap();
        let event = &parsed.events[0];
        assert_eq!(event.ticket_id.as_str(), "31415926535");
        assert_eq!(
            event.text,
            Some(Text { subject: "Printer on fire".into(), content: "It is \"hot\".".into() })
        );
        assert_eq!((event.about, event.kind.as_str()), (About::Creation, "workflow"));
    }

    #[test]
    fn every_way_to_name_the_ticket_is_understood() {
        for body in [
            json!({"ticketId": 31415926535_i64}),
            json!({"hs_object_id": "31415926535"}),
            json!({"objectId": 31415926535_i64, "objectType": "TICKET"}),
            json!({"properties": {"hs_object_id": "31415926535"}}),
            json!({"properties": {"hs_object_id": {"value": "31415926535"}}}),
            json!({"objectId": 31415926535.0}),
        ] {
            let parsed = one(&body);
            assert_eq!(parsed.events.first().map(|e| e.ticket_id.as_str()), Some("31415926535"), "{body}");
        }
    }

    #[test]
    fn a_property_bag_carries_the_text_too() {
        let parsed = one(&json!({"objectType":"TICKET","objectId":31415926535_i64,"portalId":20260001,
            "properties":{"subject":{"value":"Printer on fire","timestamp":1795392000123_i64},"content":{"value":null}}}));
        assert_eq!(
            parsed.events[0].text,
            Some(Text { subject: "Printer on fire".into(), content: String::new() })
        );
        assert_eq!(parsed.events[0].portal_id, Some(20_260_001));
    }

    #[test]
    fn app_events_are_sorted_into_creation_content_restoration_and_the_rest() {
        let parsed = one(&json!([
            {"eventId":1,"portalId":7,"occurredAt":1,"subscriptionType":"object.creation","objectId":11,"objectTypeId":"0-5"},
            {"eventId":2,"portalId":7,"occurredAt":2,"subscriptionType":"ticket.creation","objectId":"12"},
            {"eventId":3,"portalId":7,"occurredAt":3,"eventType":"ticket.propertyChange","objectId":12,"propertyName":"subject","propertyValue":"x"},
            {"eventId":4,"portalId":7,"occurredAt":4,"subscriptionType":"ticket.propertyChange","objectId":12,"propertyName":"hs_pipeline_stage"},
            {"eventId":5,"portalId":7,"occurredAt":5,"subscriptionType":"object.creation","objectId":13,"objectTypeId":"0-1"},
            {"eventId":6,"portalId":7,"occurredAt":6,"subscriptionType":"ticket.deletion","objectId":12},
            {"eventId":7,"portalId":7,"occurredAt":7,"subscriptionType":"contact.creation"},
            {"eventId":8,"portalId":7,"occurredAt":8,"subscriptionType":"ticket.restore","objectId":12}
        ]));
        let seen: Vec<_> = parsed.events.iter().map(|e| (e.ticket_id.as_str(), e.about)).collect();
        assert_eq!(
            seen,
            [
                ("11", About::Creation),
                ("12", About::Creation),
                ("12", About::Content),
                ("12", About::Restoration)
            ]
        );
        assert_eq!((parsed.ignored, parsed.problems.len()), (4, 0));
        assert!(parsed.events.iter().all(|e| e.text.is_none()), "events carry no text");
    }

    #[test]
    fn changes_of_what_may_be_written_are_kept_apart() {
        let event = |extra: Value| {
            let mut event = json!({"portalId":7,"subscriptionType":"ticket.propertyChange","objectId":11,"propertyName":"hs_ticket_priority"});
            event.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            event
        };
        let parsed = one(&json!([
            event(json!({"propertyValue":"HIGH","changeSource":"INTEGRATION"})),
            event(
                json!({"subscriptionType":"object.propertyChange","objectTypeId":"0-5","propertyName":"hs_ticket_category","changeSource":"CRM_UI"})
            ),
            event(
                json!({"subscriptionType":"object.propertyChange","objectTypeId":"0-1","propertyValue":"HIGH"})
            ),
            event(json!({"propertyValue":"REDACTED","isSensitive":true})),
            event(json!({"subscriptionType":"ticket.creation","objectId":12})),
        ]));
        let seen: Vec<_> =
            parsed.changes.iter().map(|c| (c.property.as_str(), c.value.as_str(), c.by_hand)).collect();
        assert_eq!(seen, [("hs_ticket_priority", "HIGH", false), ("hs_ticket_category", "", true)]);
        assert_eq!((parsed.events.len(), parsed.ignored), (1, 2));
        let other = parse(json!([event(json!({}))]).to_string().as_bytes(), Some(8)).unwrap();
        assert_eq!((other.changes.len(), other.ignored, other.other_portals), (0, 1, BTreeSet::from([7])));
    }

    #[test]
    fn a_repeated_event_has_the_same_key_and_another_attempt_number() {
        let event = |attempt: i64, event_id: i64| json!([{"eventId":event_id,"portalId":7,"occurredAt":1,"subscriptionType":"ticket.creation","objectId":11,"attemptNumber":attempt}]);
        let key = |body: &Value| one(body).events[0].key.clone();
        assert_eq!(key(&event(0, 1)), key(&event(3, 1)));
        assert_ne!(key(&event(0, 1)), key(&event(0, 2)));
        let workflow = json!({"ticket_id": "1", "subject": "a"});
        assert_eq!(key(&workflow), key(&workflow));
        assert_ne!(key(&workflow), key(&json!({"ticket_id": "1", "subject": "b"})));
    }

    #[test]
    fn a_found_ticket_is_the_same_event_each_time_and_no_webhook() {
        let found = |id: &str, portal, at| {
            let id = crate::ticket::TicketId::parse(id).unwrap();
            Event::found(id, portal, Some(crate::time::Timestamp::from_millis(at)))
        };
        assert_eq!(found("11", Some(7), 1).key, found("11", Some(7), 2).key);
        assert_ne!(found("11", Some(7), 1).key, found("12", Some(7), 1).key);
        assert_ne!(found("11", Some(7), 1).key, found("11", None, 1).key);
        let event = found("11", None, 5);
        assert_eq!((event.kind.as_str(), event.about, event.text), ("reconciliation", About::Creation, None));
        assert_eq!(event.occurred_at, Some(5));
        assert_ne!(event.key, one(&json!({"ticket_id": "11"})).events[0].key);
    }

    #[test]
    fn an_event_without_a_ticket_is_named() {
        let parsed = one(
            &json!([{"subscriptionType":"ticket.creation","objectId":1}, {"subscriptionType":"ticket.creation"}, 5]),
        );
        assert_eq!(parsed.events.len(), 1);
        assert!(parsed.problems[0].starts_with("event 2 of 3 names no ticket"), "{:?}", parsed.problems);
        assert_eq!(parsed.problems[1], "event 3 of 3 is a number, not an object");
    }

    #[test]
    fn of_many_bad_events_the_first_are_named_and_the_others_counted() {
        let parsed = one(&json!(vec![5; 50_000]));
        assert_eq!((parsed.problems.len(), parsed.more_problems), (10, 49_990));
        assert_eq!(parsed.problems[9], "event 10 of 50000 is a number, not an object");
        assert_eq!(one(&json!(vec![5; 10])).more_problems, 0);
    }

    #[test]
    fn who_does_not_say_of_which_account_it_is_means_the_configured_one() {
        let body = br#"{"ticket_id":"1"}"#;
        let of = |portal| parse(body, portal).unwrap().events.remove(0);
        assert_eq!((of(None).portal_id, of(Some(6)).portal_id), (None, Some(6)));
        assert_eq!(of(None).key, of(Some(6)).key, "the same event, whatever is configured");
    }

    #[test]
    fn other_accounts_are_ignored_when_one_is_configured() {
        let body = br#"[{"portalId":7,"subscriptionType":"ticket.creation","objectId":1}]"#;
        let other = parse(body, Some(8)).unwrap();
        assert_eq!((other.ignored, other.other_portals), (1, BTreeSet::from([7])));
        assert_eq!(parse(body, Some(7)).unwrap().events.len(), 1);
    }

    #[test]
    fn nul_bytes_and_broken_surrogates_are_mended() {
        let text = |body: &[u8]| parse(body, None).unwrap().events[0].text.clone().unwrap().subject;
        assert_eq!(text(br#"{"ticket_id":1,"subject":"a\u0000b"}"#), "a\u{fffd}b");
        assert_eq!(text(br#"{"ticket_id":1,"subject":"a\ud800b"}"#), "a\u{fffd}b");
        assert_eq!(
            text(br#"{"ticket_id":1,"subject":"\udc00\\ud800 \ud83d\ude00"}"#),
            "\u{fffd}\\ud800 \u{1f600}"
        );
        assert_eq!(text(b"{\"ticket_id\":1,\"subject\":\"a\xff\0b\"}"), "a\u{fffd}\u{fffd}b");
    }

    #[test]
    fn what_is_no_webhook_says_so() {
        assert!(matches!(parse(b"hello", None), Err(Problem::NotJson(_))));
        assert!(matches!(parse(b"", None), Err(Problem::NotJson(_))));
        assert_eq!(parse(b"\"x\"", None), Err(Problem::WrongShape("a string")));
        assert_eq!(parse(b"[]", None), Ok(Parsed::default()));
    }

    #[test]
    fn names_of_the_contact_are_collected_for_redaction() {
        let parsed = one(
            &json!({"ticket_id":1,"contact_name":"Ada Lovelace","contact":{"firstname":"Ada","lastname":{"value":"Lovelace"}},"properties":{"lastname":"King"}}),
        );
        assert_eq!(parsed.events[0].contacts, ["Ada", "Ada Lovelace", "King", "Lovelace"]);
    }

    proptest! {
        #[test]
        fn never_panics_on_bytes(body in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&body, None);
        }

        #[test]
        fn never_panics_on_json_and_never_keeps_a_nul(subject in ".*", id in any::<i64>(), key in "[a-zA-Z_]{0,12}") {
            let body = json!({"ticket_id": id, "subject": subject, key: {"value": subject}}).to_string();
            for event in parse(body.as_bytes(), None).unwrap().events {
                prop_assert!(!event.text.unwrap().subject.contains('\0'));
            }
        }

        #[test]
        fn mending_leaves_good_json_alone(text in "\\PC*") {
            let body = json!({"ticket_id": 1, "subject": text}).to_string();
            prop_assert_eq!(mend::body(body.as_bytes()), body);
        }
    }

    fn one(body: &Value) -> Parsed {
        parse(body.to_string().as_bytes(), None).unwrap()
    }
}
