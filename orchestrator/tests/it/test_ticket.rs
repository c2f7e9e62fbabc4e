//! A device's test ticket: through the real way in, to the message that Discord has, and nowhere near HubSpot.

use link::{TestMessage, TestTicket, TriageStatus};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

use crate::support::fleet::{Pc, SECRETS_KEY, add, pair};
use crate::support::{Database, TestApp, until_ok};

const DEVICES: [(&str, &str); 4] = [
    ("SECRETS_KEY", SECRETS_KEY),
    ("LOCAL_LLM_URL", ""),
    ("CF_ACCESS_CLIENT_ID", ""),
    ("CF_ACCESS_CLIENT_SECRET", ""),
];

async fn started(database: &Database, more: &[(&str, &str)]) -> TestApp {
    TestApp::start(database, &[&DEVICES[..], more].concat()).await
}

/// `(status, Retry-After, body)`.
async fn send(app: &TestApp, token: &str) -> (u16, Option<String>, Value) {
    let request = sims::http_client().post(format!("{}/api/v1/test-ticket", app.url)).bearer_auth(token);
    let answer = request.send().await.unwrap();
    let retry_after = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    (answer.status().as_u16(), retry_after, answer.json().await.unwrap())
}

async fn sent(app: &TestApp, token: &str) -> String {
    let (status, _, body) = send(app, token).await;
    assert_eq!(status, 202, "{body}");
    body["ticket_id"].as_str().unwrap().to_owned()
}

async fn follow(app: &TestApp, token: &str, id: &str) -> (u16, Value) {
    let url = format!("{}/api/v1/test-ticket/{id}", app.url);
    let answer = sims::http_client().get(url).bearer_auth(token).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn until(app: &TestApp, token: &str, id: &str, is: impl Fn(&TestTicket) -> bool) -> TestTicket {
    until_ok("the test ticket to be there", async || {
        let (status, body) = follow(app, token, id).await;
        assert_eq!(status, 200, "{body}");
        let ticket: TestTicket = serde_json::from_value(body).unwrap();
        if is(&ticket) { Ok(ticket) } else { Err(ticket) }
    })
    .await
}

fn is_confirmed(ticket: &TestTicket) -> bool {
    matches!(ticket.message, TestMessage::Confirmed { .. })
}

on_both! {
    async fn a_test_ticket_is_followed_to_discord_and_hubspot_is_never_asked_about_it(database) {
        let app = started(&database, &[("HUBSPOT_WRITE_BACK", "note")]).await;
        let pc = Pc::start().await;
        pair(&database, &app.app, "a", &pc).await;
        add(&app.app, "b").await;
        let id = sent(&app, "a").await;
        assert!(id.starts_with("test-"), "{id}");
        let ticket = until(&app, "a", &id, is_confirmed).await;
        let triaged = ticket.triaged.unwrap();
        assert_eq!((triaged.provider.as_str(), triaged.here, triaged.device.as_deref()), ("local", true, Some("PC a")));
        assert_eq!((ticket.status, ticket.why_not_here), (TriageStatus::Triaged, None));
        assert!(!until(&app, "b", &id, is_confirmed).await.triaged.unwrap().here, "to another device it was elsewhere");
        let message = app.world.discord.wait_for_ticket(&id).await;
        assert!(message.text().contains("A test: no customer wrote this"), "{}", message.text());

        let retry = sims::http_client().post(format!("{}/api/v1/triages/{id}/retry", app.url)).bearer_auth("a");
        assert_eq!(retry.send().await.unwrap().status(), 202);
        app.wait_for_triage(&id, "to be triaged again", |triage| triage.attempts == 2).await;
        let detail = app.wait_for(&id, TriageStatus::Triaged).await;
        assert_eq!(detail.triage.deliveries.len(), 1, "{:?}", detail.triage.deliveries);
        let asked = app.world.hubspot.journal.entries();
        assert!(asked.iter().all(|call| !call.path.contains(&id) && !call.body.contains(&id)), "{asked:#?}");
    }
}

on_both! {
    async fn who_may_send_one_and_how_often(database) {
        let app = started(&database, &[]).await;
        for id in ["a", "b"] {
            add(&app.app, id).await;
        }
        assert_eq!(send(&app, "nobody").await.0, 401);
        let id = sent(&app, "a").await;
        let (status, retry_after, body) = send(&app, "a").await;
        assert_eq!((status, body["error"]["code"].as_str(), retry_after.as_deref()), (429, Some("too_soon"), Some("5")));
        sent(&app, "b").await;
        app.advance(std::time::Duration::from_secs(5));
        assert_ne!(sent(&app, "a").await, id);
        app.ticket("4711", "Question", "How do I change my plan?").await;
        for unknown in ["4711", "test-0"] {
            assert_eq!(follow(&app, "a", unknown).await.0, 404, "{unknown}");
        }
        assert_eq!(follow(&app, "nobody", &id).await.0, 401);
    }
}

on_both! {
    async fn a_public_address_that_leads_nowhere_or_elsewhere_is_said(database) {
        let nowhere = started(&database, &[("PUBLIC_URL", "http://127.0.0.1:1")]).await;
        add(&nowhere.app, "a").await;
        let (status, _, body) = send(&nowhere, "a").await;
        assert_eq!((status, body["error"]["code"].as_str()), (503, Some("way_in_unanswered")));
        let elsewhere = nowhere.world.groq.base_url();
        let elsewhere = TestApp::join(&database, nowhere.world.clone(), &[("PUBLIC_URL", &elsewhere)]).await;
        let (status, _, body) = send(&elsewhere, "a").await;
        assert_eq!((status, body["error"]["code"].as_str()), (502, Some("way_in_refused")));
        let said = body["error"]["message"].as_str().unwrap();
        assert!(said.contains("did not take the ticket: http://127.0.0.1") && said.ends_with('.'), "{said}");
    }
}

on_both! {
    async fn where_signatures_are_checked_the_test_ticket_is_signed(database) {
        let secret = ("HUBSPOT_CLIENT_SECRET", "client-secret-of-the-tests");
        let token = ("HUBSPOT_WEBHOOK_TOKEN", "");
        let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let public_url = format!("http://{}", front.local_addr().unwrap());
        let app = started(&database, &[secret, token, ("PUBLIC_URL", &public_url)]).await;
        let inside = app.url.trim_start_matches("http://").to_owned();
        let passing = tokio::spawn(async move {
            let (mut outside, _) = front.accept().await.unwrap();
            let mut inside = TcpStream::connect(inside).await.unwrap();
            tokio::io::copy_bidirectional(&mut outside, &mut inside).await
        });
        add(&app.app, "a").await;
        let id = sent(&app, "a").await;
        app.world.discord.wait_for_ticket(&id).await;
        passing.abort();
    }
}

on_both! {
    async fn who_else_triaged_it_and_why_and_what_became_of_the_message_is_said(database) {
        let app = started(&database, &[]).await;
        add(&app.app, "a").await;
        app.world.discord.faults.script("deleted").unwrap();
        let id = sent(&app, "a").await;
        let is_refused = |ticket: &TestTicket| matches!(ticket.message, TestMessage::Refused { .. });
        let ticket = until(&app, "a", &id, |ticket| ticket.triaged.is_some() && is_refused(ticket)).await;
        let TestMessage::Refused { why } = &ticket.message else { panic!("{ticket:?}") };
        assert!(why.contains("does not exist any more"), "{why}");
        let triaged = ticket.triaged.unwrap();
        assert_eq!((triaged.provider.as_str(), triaged.here, triaged.device), ("groq", false, None));
        assert_eq!(ticket.why_not_here.as_deref(), Some("no local model is configured"));

        let silent = TestApp::join(&database, app.world.clone(), &[&DEVICES[..], &[("DISCORD_WEBHOOK_URL", "")]].concat()).await;
        let id = sent(&silent, "a").await;
        let ticket = until(&silent, "a", &id, |ticket| ticket.triaged.is_some()).await;
        assert_eq!(ticket.message, TestMessage::NoChannel);
    }
}

on_both! {
    async fn a_call_to_this_machine_that_failed_is_why_somebody_else_triaged_it(database) {
        let app = started(&database, &[]).await;
        let pc = Pc::start().await;
        pair(&database, &app.app, "a", &pc).await;
        pc.edge.faults.script("530 for ever").unwrap();
        let id = sent(&app, "a").await;
        let ticket = until(&app, "a", &id, is_confirmed).await;
        assert_eq!(ticket.triaged.unwrap().provider, "groq");
        let why = ticket.why_not_here.unwrap();
        assert!(why.contains("tunnel"), "{why}");
    }
}
