//! HubSpot's wire, both directions.

use crate::{ask, header};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sims::hubspot::{Contact, HubSpot, TOKEN, Ticket};
use sims::sender::{Auth, Event, Sender};

const ID: u64 = 31_415_926_535;

async fn with_ticket() -> HubSpot {
    let hubspot = HubSpot::start().await.expect("a port");
    let contact =
        Contact { id: "501".to_owned(), email: Some("ada@example.com".to_owned()), ..Contact::default() };
    hubspot.add_ticket(Ticket::new(ID, "Printer on fire", "It is hot.").with_contact(contact));
    hubspot
}

fn get(hubspot: &HubSpot, path: &str) -> RequestBuilder {
    sims::http_client().get(format!("{}{path}", hubspot.url())).bearer_auth(TOKEN)
}

fn post(hubspot: &HubSpot, path: &str, body: &Value) -> RequestBuilder {
    sims::http_client().post(format!("{}{path}", hubspot.url())).bearer_auth(TOKEN).json(body)
}

#[tokio::test]
async fn tickets_are_read_in_both_path_families() {
    let hubspot = with_ticket().await;
    for family in ["/crm/v3/objects/tickets", "/crm/objects/2026-09/tickets"] {
        let path = format!("{family}/{ID}?properties=subject,content,nonsense&associations=contacts");
        let answer = get(&hubspot, &path).send().await.unwrap();
        header(&answer, "x-hubspot-ratelimit-remaining");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["id"], ID.to_string());
        assert_eq!(body["properties"]["subject"], "Printer on fire");
        assert_eq!(body["associations"]["contacts"]["results"][0]["id"], "501");
        assert_eq!(body["url"], format!("https://app.hubspot.com/contacts/20260001/record/0-5/{ID}"));
    }
    hubspot.remove_ticket(ID);
    let (status, body) = ask(get(&hubspot, &format!("/crm/v3/objects/tickets/{ID}"))).await;
    assert_eq!((status, &body["category"]), (404, &json!("OBJECT_NOT_FOUND")));
}

#[tokio::test]
async fn wrong_tokens_are_refused() {
    let hubspot = with_ticket().await;
    let call =
        sims::http_client().get(format!("{}/crm/v3/objects/tickets/{ID}", hubspot.url())).bearer_auth("no");
    let (status, body) = ask(call).await;
    assert_eq!((status, &body["category"]), (401, &json!("INVALID_AUTHENTICATION")));
}

#[tokio::test]
async fn batches_say_what_is_missing() {
    let hubspot = with_ticket().await;
    let both = json!({"properties": ["subject"], "inputs": [{"id": ID.to_string()}, {"id": "1"}]});
    let (status, body) = ask(post(&hubspot, "/crm/v3/objects/tickets/batch/read", &both)).await;
    assert_eq!((status, body["results"].as_array().unwrap().len(), &body["numErrors"]), (207, 1, &json!(1)));
    let one = json!({"properties": ["email"], "inputs": [{"id": "501"}]});
    let (status, body) = ask(post(&hubspot, "/crm/objects/2026-09/contacts/batch/read", &one)).await;
    assert_eq!((status, &body["results"][0]["properties"]["email"]), (200, &json!("ada@example.com")));
}

#[tokio::test]
async fn search_filters_sorts_and_pages() {
    let hubspot = HubSpot::start().await.unwrap();
    let base = sims::now();
    for minute in 0..5_u64 {
        let at = base + chrono::TimeDelta::minutes(i64::try_from(minute).unwrap());
        hubspot.add_ticket(Ticket::new(100 - minute, "s", "c").created_at(at));
    }
    let since = (base + chrono::TimeDelta::minutes(1)).timestamp_millis().to_string();
    let filters = json!([{"filters": [{"propertyName": "createdate", "operator": "GTE", "value": since}]}]);
    let sorts = json!([{"propertyName": "createdate", "direction": "ASCENDING"}]);
    let query = |after: &str| json!({"filterGroups": filters, "sorts": sorts, "limit": 3, "after": after});
    let (_, first) = ask(post(&hubspot, "/crm/v3/objects/tickets/search", &query("0"))).await;
    let ids = |page: &Value| -> Vec<String> {
        page["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|found| found["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        (first["total"].clone(), ids(&first)),
        (json!(4), vec!["99".into(), "98".into(), "97".into()])
    );
    let after = first["paging"]["next"]["after"].as_str().unwrap();
    let (_, last) = ask(post(&hubspot, "/crm/v3/objects/tickets/search", &query(after))).await;
    assert_eq!((ids(&last), last.get("paging")), (vec!["96".to_owned()], None));
}

#[tokio::test]
async fn searches_lag_and_end_at_their_depth() {
    let hubspot = with_ticket().await;
    hubspot.unlimited();
    let search = |body: Value| ask(post(&hubspot, "/crm/objects/2026-09/tickets/search", &body));
    hubspot.set_search_lag(std::time::Duration::from_secs(3600));
    assert_eq!(search(json!({})).await.1["total"], 0, "not in the index yet");
    assert_eq!(ask(get(&hubspot, &format!("/crm/v3/objects/tickets/{ID}"))).await.0, 200, "but there");
    hubspot.set_search_lag(std::time::Duration::ZERO);
    assert_eq!(search(json!({})).await.1["total"], 1);
    hubspot.set_search_depth(300);
    assert_eq!(search(json!({"limit": 200, "after": "100"})).await.0, 200);
    for body in [json!({"limit": 200, "after": "101"}), json!({"limit": 201})] {
        let (status, answer) = search(body).await;
        assert_eq!((status, &answer["category"]), (400, &json!("VALIDATION_ERROR")));
    }
    let above =
        json!([{"filters": [{"propertyName": "hs_object_id", "operator": "GT", "value": ID.to_string()}]}]);
    assert_eq!(search(json!({"filterGroups": above})).await.1["total"], 0);
}

#[tokio::test]
async fn a_lost_webhook_never_arrives() {
    let receiver = HubSpot::start().await.unwrap();
    let sender = Sender::new(&format!("{}/webhooks/hubspot", receiver.url()), "secret");
    sender.lose(2);
    let both = [sender.created(1).await.unwrap().status, sender.clone().created(2).await.unwrap().status];
    assert_eq!((both, receiver.journal.count()), ([0, 0], 0));
    sender.created(3).await.unwrap();
    assert_eq!(receiver.journal.count(), 1);
}

#[tokio::test]
async fn updates_check_options_and_notes_link_to_tickets() {
    let hubspot = with_ticket().await;
    let patch = |value: &str| {
        let body = json!({"properties": {"hs_ticket_priority": value}});
        sims::http_client()
            .patch(format!("{}/crm/v3/objects/tickets/{ID}", hubspot.url()))
            .bearer_auth(TOKEN)
            .json(&body)
    };
    assert_eq!(ask(patch("HIGH")).await.0, 200);
    assert_eq!(hubspot.ticket(ID).unwrap().get("hs_ticket_priority").as_deref(), Some("HIGH"));
    let (status, body) = ask(patch("NOPE")).await;
    assert_eq!((status, &body["errors"][0]["code"]), (400, &json!("INVALID_OPTION")));
    let note = json!({"properties": {"hs_timestamp": "2026-11-23T00:01:00Z", "hs_note_body": "AI triage"},
        "associations": [{"to": {"id": ID.to_string()},
            "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 228}]}]});
    assert_eq!(ask(post(&hubspot, "/crm/v3/objects/notes", &note)).await.0, 201);
    assert_eq!(hubspot.notes_of(ID)[0].body, "AI triage");
    let id = &hubspot.notes_of(ID)[0].id;
    let (_, found) =
        ask(get(&hubspot, &format!("/crm/objects/2026-09/tickets/{ID}?associations=notes"))).await;
    assert_eq!(found["associations"]["notes"]["results"][0]["id"], id.as_str());
    let read = json!({"properties": ["hs_note_body"], "inputs": [{"id": id}]});
    let (_, read) = ask(post(&hubspot, "/crm/v3/objects/notes/batch/read", &read)).await;
    assert_eq!(read["results"][0]["properties"]["hs_note_body"], "AI triage");
    let path = format!("{}/crm/v3/objects/notes/{id}", hubspot.url());
    let edit = json!({"properties": {"hs_note_body": "edited"}});
    let edited = ask(sims::http_client().patch(&path).bearer_auth(TOKEN).json(&edit)).await;
    assert_eq!((edited.0, hubspot.notes_of(ID)[0].body.as_str()), (200, "edited"));
    for _ in 0..2 {
        assert_eq!(ask(sims::http_client().delete(&path).bearer_auth(TOKEN)).await.0, 204);
    }
    let (status, gone) = ask(get(&hubspot, &format!("/crm/v3/objects/notes/{id}"))).await;
    assert_eq!((status, &gone["category"]), (404, &json!("OBJECT_NOT_FOUND")));
    let (_, definition) = ask(get(&hubspot, "/crm/v3/properties/tickets/hs_ticket_priority")).await;
    assert_eq!(definition["options"][3]["value"], "URGENT");
}

#[tokio::test]
async fn changes_by_calls_are_told_before_the_call_is_answered() {
    let (hubspot, receiver) = (with_ticket().await, HubSpot::start().await.unwrap());
    hubspot.tell(Sender::new(&format!("{}/webhooks/hubspot", receiver.url()), "secret"));
    let set = || {
        let body = json!({"properties": {"hs_ticket_priority": "HIGH", "hs_ticket_category": ""}});
        let url = format!("{}/crm/v3/objects/tickets/{ID}", hubspot.url());
        ask(sims::http_client().patch(url).bearer_auth(TOKEN).json(&body))
    };
    assert_eq!((set().await.0, hubspot.told().len()), (200, 1));
    let told = receiver.journal.entries()[0].json.clone().unwrap();
    assert_eq!((told.as_array().unwrap().len(), &told[0]["propertyName"]), (1, &json!("hs_ticket_priority")));
    assert_eq!(
        (&told[0]["propertyValue"], &told[0]["changeSource"]),
        (&json!("HIGH"), &json!("INTEGRATION"))
    );
    assert_eq!((set().await.0, hubspot.told().len()), (200, 1), "no change, no event");
}

#[tokio::test]
async fn limits_answer_with_their_policy() {
    let hubspot = with_ticket().await;
    hubspot.set_limits(1, 0);
    let read = || get(&hubspot, &format!("/crm/v3/objects/tickets/{ID}"));
    assert_eq!(ask(read()).await.0, 200);
    let (status, body) = ask(read()).await;
    assert_eq!((status, &body["policyName"]), (429, &json!("TEN_SECONDLY_ROLLING")));
    let (status, body) = ask(post(&hubspot, "/crm/v3/objects/tickets/search", &json!({}))).await;
    assert_eq!((status, &body["policyName"]), (429, &json!("SECONDLY")));
}

/// Any stand-in keeps a journal of what it is sent, so one serves as the receiver.
#[tokio::test]
async fn webhooks_leave_as_hubspot_sends_them() {
    let receiver = HubSpot::start().await.unwrap();
    let sender = Sender::new(&format!("{}/webhooks/hubspot", receiver.url()), "secret");
    let ticket = Ticket::new(ID, "Printer on fire", "It is \"hot\".").with("hs_ticket_priority", "HIGH");
    sender.workflow(&ticket).await.unwrap();
    sender.all_properties(&ticket).await.unwrap();
    sender.property_bag(&ticket).await.unwrap();
    sender.repeated(&[Event::creation(ID), Event::change(ID, "subject", "x")], 2).await.unwrap();
    sender.with_auth(Auth::Header("other".to_owned())).created(ID).await.unwrap();
    let seen = receiver.journal.entries();
    assert_eq!(seen[0].header("authorization"), Some("Bearer secret"));
    assert!(seen[0].header("user-agent").unwrap().starts_with("HubSpot Connect 2.0"));
    let body = |place: usize| seen[place].json.clone().unwrap();
    assert_eq!((&body(0)["ticket_id"], &body(0)["priority"]), (&json!(ID.to_string()), &json!("HIGH")));
    assert_eq!(body(1)["properties"]["subject"]["value"], "Printer on fire");
    assert_eq!(body(2)["properties"]["hs_object_id"], ID.to_string());
    assert_eq!(body(3)[1]["attemptNumber"], 0);
    assert_eq!(body(4)[1]["attemptNumber"], 1);
    assert_eq!(body(3)[0]["eventId"], body(4)[0]["eventId"]);
    assert_eq!(seen[5].header("x-webhook-token"), Some("other"));
    assert_eq!(body(5)[0]["objectId"], json!(ID));
}
