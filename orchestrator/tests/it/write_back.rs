//! Writing verdicts back into HubSpot: once, only where nothing else stands, and so that it can be undone.

use std::time::Duration;

use link::{TriageDetail, TriageStatus, Written};
use orchestrator::queue::LEASE;
use orchestrator::store::Retry;
use orchestrator::worker::write_back::undo::{Error, Undone, undo};
use serde_json::json;
use sims::hubspot::Ticket;
use sims::sender::{Event, Sender};
use triage::ticket::TicketId;

use crate::support::{Database, TOKEN, TestApp, until};

const NOTE: (&str, &str) = ("HUBSPOT_WRITE_BACK", "note");
const PROPERTIES: (&str, &str) = ("HUBSPOT_WRITE_BACK", "properties");
const RETRIAGE: (&str, &str) = ("RETRIAGE_ON_CHANGE", "true");
const BILL: &str = "The invoice shows the wrong VAT number.";
const OUTAGE: &str = "Everything is down for everyone, the whole site is unreachable.";
const MINUTE: Duration = Duration::from_secs(60);

// ---- notes

on_both! {
    async fn a_note_says_once_and_as_plain_text_what_a_model_thinks(database) {
        let app = start(&database, &[NOTE, RETRIAGE]).await;
        app.ticket("1", "Invoice <img src=x onerror=alert(1)> https://evil.example", "<b>The invoice</b> shows the wrong VAT number.").await;
        let detail = app.wait_for("1", TriageStatus::Triaged).await;
        let notes = app.world.hubspot.notes_of(1);
        let html = &notes[0].body;
        assert!(html.contains("Triage by a language model. No person has checked it.") && html.contains("Category: Billing"), "{html}");
        assert!(html.contains("Model: llama3.2:latest on your machine"), "{html}");
        assert!(html.contains("Why: ") && html.contains("Confidence: "), "{html}");
        for markup in ["<img", "<b>", "https://"] {
            assert!(!html.contains(markup), "{markup}: {html}");
        }
        assert_eq!(hubspot(&detail), ("delivered", None));
        assert_eq!(detail.triage.deliveries[1].message_id.as_deref(), Some(notes[0].id.as_str()));
        assert_eq!(states(&detail), ["note written"]);

        app.ticket("1", "Invoice", OUTAGE).await;
        let second = until("the note to be rewritten", async || app.world.hubspot.notes_of(1).pop().filter(|note| note.body.contains("urgent"))).await;
        app.wait_for("1", TriageStatus::Triaged).await;
        assert_eq!((second.id, app.world.hubspot.notes().len()), (notes[0].id.clone(), 1));
    }
}

on_both! {
    async fn a_note_whose_answer_was_lost_is_found_again(database) {
        let app = start(&database, &[NOTE]).await;
        app.world.hubspot.faults.script("drop once on notes").unwrap();
        app.ticket("1", "Invoice", BILL).await;
        until("the note to be taken", async || (app.world.hubspot.notes().len() == 1).then_some(())).await;
        app.advance_at_rest(&database, MINUTE).await;
        let detail = app.wait_for("1", TriageStatus::Triaged).await;
        let notes = app.world.hubspot.notes();
        assert_eq!((notes.len(), detail.triage.deliveries[1].message_id.as_deref()), (1, Some(notes[0].id.as_str())));
        assert_eq!(states(&detail), ["note written"]);
        assert_eq!(app.world.ollama.chats(), 1);
    }
}

on_both! {
    async fn a_note_that_never_arrived_is_added(database) {
        let app = start(&database, &[NOTE]).await;
        app.world.hubspot.faults.script("503 once on notes").unwrap();
        app.ticket("1", "Invoice", BILL).await;
        app.world.hubspot.journal.wait_for_answers(1).await;
        app.advance_at_rest(&database, MINUTE).await;
        app.wait_for("1", TriageStatus::Triaged).await;
        assert_eq!(app.world.hubspot.notes().len(), 1);
    }
}

on_both! {
    async fn a_note_that_a_person_edited_or_deleted_is_left_alone(database) {
        let app = start(&database, &[NOTE, RETRIAGE]).await;
        for id in ["1", "2"] {
            app.ticket(id, "Invoice", BILL).await;
            app.wait_for(id, TriageStatus::Triaged).await;
        }
        let (edited, deleted) = (app.world.hubspot.notes_of(1).remove(0), app.world.hubspot.notes_of(2).remove(0));
        app.world.hubspot.set_note(&edited.id, &format!("{}<p>Called them.</p>", edited.body));
        app.world.hubspot.remove_note(&deleted.id);
        for id in ["1", "2"] {
            app.ticket(id, "Invoice", OUTAGE).await;
            let skipped = wait_for_status(&app, id, "skipped").await;
            assert_eq!(hubspot(&skipped), ("skipped", Some("a person has edited or deleted the note")));
        }
        assert!(app.world.hubspot.notes_of(1)[0].body.ends_with("<p>Called them.</p>"));
        assert_eq!(lines(&app, "1").await, ["note: left as it is: somebody has edited it since it was written"]);
        assert_eq!(app.world.hubspot.notes().len(), 1);
    }
}

on_both! {
    async fn undoing_deletes_the_note_and_holds_until_a_person_asks_again(database) {
        let app = start(&database, &[NOTE, RETRIAGE]).await;
        app.ticket("1", "Invoice", BILL).await;
        app.wait_for("1", TriageStatus::Triaged).await;
        assert_eq!(lines(&app, "1").await, ["note: deleted"]);
        assert_eq!(lines(&app, "1").await, [""; 0], "once is enough");
        assert_eq!(app.world.hubspot.notes().len(), 0);
        assert_eq!(hubspot(&app.detail("1").await.unwrap()), ("undone", None));

        app.ticket("1", "Invoice", OUTAGE).await;
        until("the second verdict", async || (app.world.discord.messages()[0].edits == 1).then_some(())).await;
        app.wait_for("1", TriageStatus::Triaged).await;
        database.rested().await;
        assert_eq!(app.world.hubspot.notes().len(), 0, "another verdict of itself writes nothing");

        assert_eq!(app.app.store.retry(&id("1"), app.app.clock.now()).await.unwrap(), Retry::Queued);
        app.advance(Duration::ZERO);
        until("the note that was asked for", async || (app.world.hubspot.notes().len() == 1).then_some(())).await;
    }
}

on_both! {
    async fn a_write_whose_worker_died_is_taken_over(database) {
        let app = start(&database, &[NOTE]).await;
        app.world.hubspot.faults.script("hang once on notes").unwrap();
        app.ticket("1", "Invoice", BILL).await;
        app.world.discord.wait_for_ticket("ticket 1").await;
        app.world.hubspot.journal.wait_for(1).await;
        app.advance(LEASE + Duration::from_secs(1));
        let detail = app.wait_for("1", TriageStatus::Triaged).await;
        assert_eq!((hubspot(&detail), app.world.hubspot.notes().len()), (("delivered", None), 1));
        let looked = app.world.hubspot.journal.entries_on("objects/tickets/1");
        assert_eq!(looked.len(), 1, "before adding a note it looked whether there is one");
    }
}

// ---- properties

on_both! {
    async fn only_empty_properties_are_set_and_only_to_options_there_are(database) {
        for family in ["v3", "2026-09"] {
            let app = start(&database, &[PROPERTIES, ("HUBSPOT_API_FAMILY", family)]).await;
            app.world.hubspot.set_options("hs_ticket_priority", &["LOW", "MEDIUM", "HIGH"]);
            app.world.hubspot.set(2, "hs_ticket_priority", "LOW");
            let [bill, taken, urgent] = if family == "v3" { ["1", "2", "3"] } else { ["4", "5", "6"] };
            app.world.hubspot.set(5, "hs_ticket_priority", "LOW");
            app.ticket(bill, "Invoice", BILL).await;
            app.ticket(taken, "Invoice", BILL).await;
            app.ticket(urgent, "Outage", OUTAGE).await;
            assert_eq!(states(&app.wait_for(bill, TriageStatus::Triaged).await), ["hs_ticket_priority written", "hs_ticket_category written"]);
            assert_eq!(values(&app, bill), ["MEDIUM", "BILLING_ISSUE"]);
            let detail = app.wait_for(taken, TriageStatus::Triaged).await;
            assert_eq!(states(&detail), ["hs_ticket_priority skipped: it has a value already", "hs_ticket_category written"]);
            assert_eq!((detail.written[0].former.as_deref(), values(&app, taken)), (Some("LOW"), ["LOW".into(), "BILLING_ISSUE".into()]));
            let detail = app.wait_for(urgent, TriageStatus::Triaged).await;
            assert_eq!(states(&detail), ["hs_ticket_priority skipped: the property has no option URGENT in HubSpot", "hs_ticket_category written"]);
            assert_eq!(values(&app, urgent), ["", "PRODUCT_ISSUE"], "a lesser priority would be wrong");
            assert_eq!(app.world.hubspot.notes().len(), 0);
            let definitions = app.world.hubspot.journal.entries_on("/properties/").len();
            assert!(definitions <= 6, "{definitions} times the definitions were read");
            app.stop().await;
        }
    }
}

on_both! {
    async fn properties_that_cannot_be_written_are_skipped_and_the_reason_is_kept(database) {
        let app = start(&database, &[PROPERTIES]).await;
        app.world.hubspot.define("hs_ticket_priority", json!({"modificationMetadata": {"readOnlyValue": true}}));
        app.world.hubspot.define("hs_ticket_category", json!({"options": [{"value": "BILLING_ISSUE", "label": "Billing", "hidden": true}]}));
        app.ticket("1", "Invoice", BILL).await;
        let detail = app.wait_for("1", TriageStatus::Triaged).await;
        let why = "hs_ticket_priority: the property can only be read in HubSpot; hs_ticket_category: the option BILLING_ISSUE is hidden in HubSpot";
        assert_eq!(hubspot(&detail), ("skipped", Some(why)));
        assert_eq!(app.world.hubspot.journal.entries().iter().filter(|e| e.method == "PATCH").count(), 0);
    }
}

on_both! {
    async fn options_that_went_meanwhile_are_noticed_and_decided_anew(database) {
        let app = start(&database, &[PROPERTIES]).await;
        app.ticket("1", "Invoice", BILL).await;
        app.wait_for("1", TriageStatus::Triaged).await;
        app.world.hubspot.set_options("hs_ticket_category", &["PRODUCT_ISSUE"]);
        app.ticket("2", "Invoice", BILL).await;
        let detail = app.wait_for("2", TriageStatus::Triaged).await;
        assert_eq!((hubspot(&detail), values(&app, "2")), (("delivered", None), ["MEDIUM".into(), String::new()]));
        let last = &states(&detail)[detail.written.len() - 2..];
        assert_eq!(last, ["hs_ticket_priority written", "hs_ticket_category skipped: the property has no option BILLING_ISSUE in HubSpot"]);
    }
}

on_both! {
    async fn nothing_is_written_for_a_ticket_that_needs_review(database) {
        for mode in [NOTE, PROPERTIES] {
            let app = start(&database, &[mode]).await;
            let ticket = if mode == NOTE { "1" } else { "2" };
            app.ticket(ticket, "Hello", "Lorem ipsum.").await;
            let detail = app.wait_for(ticket, TriageStatus::NeedsReview).await;
            assert_eq!(detail.triage.deliveries.iter().map(|d| d.target.as_str()).collect::<Vec<_>>(), ["discord"]);
            database.rested().await;
            assert_eq!((app.world.hubspot.journal.count(), detail.written.len()), (0, 0));
            app.stop().await;
        }
    }
}

on_both! {
    async fn a_verdict_that_came_to_need_review_before_it_was_written_is_not_written(database) {
        let app = start(&database, &[PROPERTIES, RETRIAGE]).await;
        app.world.hubspot.faults.script("503 once").unwrap();
        app.ticket("1", "Invoice", BILL).await;
        app.world.hubspot.journal.wait_for_answers(1).await;
        app.ticket("1", "Hello", "Lorem ipsum.").await;
        app.wait_for_triage("1", "to need review", |t| t.status == TriageStatus::NeedsReview).await;
        app.advance_at_rest(&database, MINUTE).await;
        let detail = app.wait_for("1", TriageStatus::NeedsReview).await;
        assert_eq!((hubspot(&detail), values(&app, "1")), (("skipped", Some("the verdict needs review")), [String::new(), String::new()]));
    }
}

on_both! {
    async fn a_second_verdict_replaces_what_is_still_ours_and_undoing_brings_back_what_was_there_first(database) {
        let app = start(&database, &[PROPERTIES, RETRIAGE]).await;
        app.ticket("1", "Invoice", BILL).await;
        app.wait_for("1", TriageStatus::Triaged).await;
        app.world.hubspot.set(1, "hs_ticket_category", "GENERAL_INQUIRY");
        app.ticket("1", "Invoice", OUTAGE).await;
        let detail = until("the second verdict", async || app.detail("1").await.filter(|d| d.written.iter().any(|w| w.value.as_deref() == Some("URGENT") && w.status == "written"))).await;
        assert_eq!(values(&app, "1"), ["URGENT", "GENERAL_INQUIRY"], "what a person chose stays");
        assert_eq!(detail.written.iter().filter(|w| w.what == "hs_ticket_priority").map(|w| w.former.clone()).collect::<Vec<_>>(), [None, None]);
        assert_eq!(lines(&app, "1").await, [
            "hs_ticket_category: left at GENERAL_INQUIRY: somebody has changed it since it was written",
            "hs_ticket_priority: was URGENT, is empty again",
        ]);
        assert_eq!(values(&app, "1"), ["", "GENERAL_INQUIRY"]);
        assert_eq!(lines(&app, "1").await, ["hs_ticket_category: left at GENERAL_INQUIRY: somebody has changed it since it was written"]);
    }
}

on_both! {
    async fn an_update_whose_answer_was_lost_is_known_for_ours(database) {
        let app = start(&database, &[PROPERTIES]).await;
        app.world.hubspot.faults.script("drop once on PATCH").unwrap();
        app.ticket("1", "Invoice", BILL).await;
        until("the values to stand", async || (values(&app, "1")[0] == "MEDIUM").then_some(())).await;
        app.advance_at_rest(&database, MINUTE).await;
        let detail = app.wait_for("1", TriageStatus::Triaged).await;
        assert_eq!((hubspot(&detail), states(&detail)), (("delivered", None), vec!["hs_ticket_priority written".into(), "hs_ticket_category written".to_owned()]));
        lines(&app, "1").await;
        assert_eq!(values(&app, "1"), ["", ""]);
    }
}

on_both! {
    async fn a_value_of_ours_whose_successor_cannot_be_written_is_withdrawn(database) {
        let app = start(&database, &[PROPERTIES, RETRIAGE]).await;
        app.ticket("1", "Invoice", BILL).await;
        app.wait_for("1", TriageStatus::Triaged).await;
        app.world.hubspot.set_options("hs_ticket_priority", &["LOW", "MEDIUM", "HIGH"]);
        app.ticket("1", "Invoice", OUTAGE).await;
        until("the category to follow", async || (values(&app, "1")[1] == "PRODUCT_ISSUE").then_some(())).await;
        let detail = app.wait_for("1", TriageStatus::Triaged).await;
        assert_eq!(values(&app, "1"), ["", "PRODUCT_ISSUE"], "medium would be wrong by now");
        let why = "hs_ticket_priority written: the property has no option URGENT in HubSpot";
        assert!(states(&detail).contains(&why.to_owned()), "{:?}", states(&detail));
        assert_eq!(lines(&app, "1").await, ["hs_ticket_category: was PRODUCT_ISSUE, is empty again", "hs_ticket_priority: is empty as before"]);
    }
}

// ---- webhooks about our own changes

on_both! {
    async fn our_own_changes_coming_back_are_ignored_and_a_persons_are_not(database) {
        let app = start(&database, &[PROPERTIES, RETRIAGE]).await;
        let sender = Sender::new(&format!("{}/webhooks/hubspot", app.url), TOKEN);
        // Each event comes back before the call that made it is answered.
        app.world.hubspot.tell(sender.clone());
        app.ticket("1", "Invoice", BILL).await;
        app.wait_for("1", TriageStatus::Triaged).await;
        let told = app.world.hubspot.told();
        assert_eq!((told.len(), &told[0].json), (1, &json!({"accepted": 0, "duplicates": 0, "ignored": 2})));

        let theirs = [Event::change(1, "hs_ticket_priority", "LOW"), Event::change(2, "hs_ticket_priority", "LOW")];
        app.world.hubspot.set(1, "hs_ticket_priority", "LOW");
        let answer = sender.events(&theirs).await.unwrap();
        assert_eq!((answer.status, &answer.json), (202, &json!({"accepted": 1, "duplicates": 0, "ignored": 1})));
        assert_eq!(sender.events(&theirs).await.unwrap().json, json!({"accepted": 0, "duplicates": 1, "ignored": 1}));
        assert_eq!(states(&app.detail("1").await.unwrap()), ["hs_ticket_priority overruled", "hs_ticket_category written"]);
        assert_eq!(database.ask("select cast(count(*) as text) from jobs").await, "0", "nothing is triaged for it");
        assert!(app.detail("2").await.is_none());

        // What is theirs stays theirs, even where they happen to choose what a model had chosen.
        app.world.hubspot.set(1, "hs_ticket_priority", "MEDIUM");
        app.ticket("1", "Invoice", OUTAGE).await;
        until("the second verdict", async || (values(&app, "1")[1] == "PRODUCT_ISSUE").then_some(())).await;
        app.wait_for("1", TriageStatus::Triaged).await;
        assert_eq!(values(&app, "1")[0], "MEDIUM");

        assert_eq!(lines(&app, "1").await, [
            "hs_ticket_category: was PRODUCT_ISSUE, is empty again",
            "hs_ticket_priority: left at MEDIUM: somebody has changed it since it was written",
        ]);
        let told = app.world.hubspot.told();
        assert_eq!((told.len(), &told[2].json), (3, &json!({"accepted": 0, "duplicates": 0, "ignored": 1})), "an undoing is our own, too");
    }
}

// ---- when HubSpot does not do what it should

on_both! {
    async fn an_outage_of_hubspot_holds_back_neither_discord_nor_later_writes(database) {
        let app = start(&database, &[PROPERTIES]).await;
        app.world.hubspot.faults.script("503 for 1h").unwrap();
        for ticket in ["1", "2"] {
            app.ticket(ticket, "Invoice", BILL).await;
            app.world.discord.wait_for_ticket(&format!("ticket {ticket}")).await;
        }
        app.world.hubspot.journal.wait_for_answers(2).await;
        database.rested().await;
        let detail = app.detail("1").await.unwrap();
        assert_eq!((detail.triage.status, hubspot(&detail)), (TriageStatus::Triaged, ("pending", None)));
        app.world.hubspot.faults.clear();
        app.ticket("3", "Invoice", BILL).await;
        for ticket in ["1", "2", "3"] {
            let detail = app.wait_for(ticket, TriageStatus::Triaged).await;
            assert_eq!((hubspot(&detail), values(&app, ticket)[0].as_str()), (("delivered", None), "MEDIUM"), "the first success brings the others");
        }
        assert_eq!((app.world.ollama.chats(), app.world.discord.journal.count()), (3, 3));
    }
}

on_both! {
    async fn a_refusal_says_what_to_do_and_costs_the_team_nothing(database) {
        let app = start(&database, &[NOTE]).await;
        app.world.hubspot.faults.script("403 once").unwrap();
        app.ticket("1", "Invoice", BILL).await;
        let detail = app.wait_for("1", TriageStatus::Triaged).await;
        let (status, why) = hubspot(&detail);
        assert_eq!(status, "failed");
        assert!(why.unwrap().contains("lacks a scope") && why.unwrap().contains("let HUBSPOT_ACCESS_TOKEN write tickets and notes"), "{why:?}");
        app.world.hubspot.set_token("another");
        app.ticket("2", "Invoice", BILL).await;
        let detail = app.wait_for("2", TriageStatus::Triaged).await;
        assert!(hubspot(&detail).1.unwrap().contains("give HUBSPOT_ACCESS_TOKEN a token that works and restart, then run `orchestrator triage retry`"), "{detail:?}");
        assert_eq!(app.world.discord.messages().len(), 2);
    }
}

on_both! {
    async fn a_ticket_that_is_gone_from_hubspot_is_looked_for_twice_more(database) {
        let app = start(&database, &[PROPERTIES]).await;
        app.ticket("404", "Invoice", BILL).await;
        for asked in 1..=2 {
            until("HubSpot to be asked", async || (app.world.hubspot.journal.entries_on("tickets/404").len() == asked).then_some(())).await;
            app.advance_at_rest(&database, MINUTE).await;
        }
        let detail = app.wait_for("404", TriageStatus::Triaged).await;
        assert_eq!(hubspot(&detail), ("skipped", Some("HubSpot does not have the ticket")));
    }
}

// ---- undoing what is on its way

on_both! {
    async fn undoing_stops_what_is_still_to_be_written(database) {
        let app = start(&database, &[NOTE]).await;
        app.world.hubspot.faults.script("503 once").unwrap();
        app.ticket("1", "Invoice", BILL).await;
        app.world.hubspot.journal.wait_for_answers(1).await;
        database.rested().await;
        assert!(matches!(undo(&app.app.store, None, &id("1"), app.app.clock.now()).await, Err(Error::NoToken)));
        assert_eq!(hubspot(&app.detail("1").await.unwrap()), ("undone", Some("not finished: run it again")));
        assert_eq!(lines(&app, "1").await, ["note: is not there"]);
        app.advance_at_rest(&database, MINUTE).await;
        assert_eq!((app.world.hubspot.notes().len(), hubspot(&app.detail("1").await.unwrap())), (0, ("undone", None)));
        assert_eq!(undo(&app.app.store, None, &id("77"), app.app.clock.now()).await.unwrap(), Undone::Unknown);
    }
}

on_both! {
    async fn undoing_waits_for_what_is_being_written(database) {
        let app = start(&database, &[NOTE]).await;
        app.world.hubspot.faults.script("hang once").unwrap();
        app.ticket("1", "Invoice", BILL).await;
        app.world.hubspot.journal.wait_for(1).await;
        assert_eq!(undo(&app.app.store, app.app.hubspot.as_ref(), &id("1"), app.app.clock.now()).await.unwrap(), Undone::Running);
    }
}

on_both! {
    async fn switched_off_it_writes_nothing_more_and_can_still_undo(database) {
        let app = start(&database, &[PROPERTIES]).await;
        app.ticket("1", "Invoice", BILL).await;
        app.wait_for("1", TriageStatus::Triaged).await;
        app.world.hubspot.faults.script("503 for 1h").unwrap();
        app.ticket("2", "Invoice", BILL).await;
        app.world.hubspot.journal.wait_for_answers(5).await;
        let world = app.world.clone();
        app.stop().await;
        world.hubspot.faults.clear();
        let app = TestApp::join(&database, world, &[]).await;
        app.advance(MINUTE);
        let detail = wait_for_status(&app, "2", "skipped").await;
        assert_eq!((hubspot(&detail).1, values(&app, "2")), (Some("HUBSPOT_WRITE_BACK is off"), [String::new(), String::new()]));
        assert_eq!(lines(&app, "1").await.len(), 2);
        assert_eq!(values(&app, "1"), ["", ""]);
    }
}

async fn start(database: &Database, edit: &[(&str, &str)]) -> TestApp {
    let app = TestApp::start(database, edit).await;
    for id in 1..=6 {
        app.world.hubspot.add_ticket(Ticket::new(id, "Invoice", BILL));
    }
    app
}

fn id(text: &str) -> TicketId {
    TicketId::parse(text).unwrap()
}

async fn lines(app: &TestApp, ticket: &str) -> Vec<String> {
    match undo(&app.app.store, app.app.hubspot.as_ref(), &id(ticket), app.app.clock.now()).await.unwrap() {
        Undone::Done(lines) => lines,
        other @ (Undone::Running | Undone::Unknown) => panic!("{other:?}"),
    }
}

async fn wait_for_status(app: &TestApp, ticket: &str, status: &str) -> TriageDetail {
    until(&format!("the write-back of {ticket} to be {status}"), async || {
        app.detail(ticket).await.filter(|detail| hubspot(detail).0 == status)
    })
    .await
}

/// Status and reason of the write-back.
fn hubspot(detail: &TriageDetail) -> (&str, Option<&str>) {
    let delivery = detail.triage.deliveries.iter().find(|delivery| delivery.target == "hubspot");
    delivery.map_or(("none", None), |delivery| (delivery.status.as_str(), delivery.error.as_deref()))
}

fn states(detail: &TriageDetail) -> Vec<String> {
    let state = |written: &Written| {
        let why = written.why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        format!("{} {}{why}", written.what, written.status)
    };
    detail.written.iter().map(state).collect()
}

/// Priority and category of the ticket in HubSpot.
fn values(app: &TestApp, ticket: &str) -> [String; 2] {
    let ticket = app.world.hubspot.ticket(ticket.parse().unwrap()).unwrap();
    ["hs_ticket_priority", "hs_ticket_category"].map(|name| ticket.get(name).unwrap_or_default())
}
