//! Webhooks that never came, on both databases.

use std::time::Duration;

use link::{GapReport, TriageStatus};
use orchestrator::commands::reconcile::report;
use orchestrator::store::{RunEnd, Store, Turn};
use orchestrator::worker::find::Means;
use serde_json::{Value, json};
use sims::hubspot::Ticket;
use sims::sender::Sender;
use triage::reconcile::{EVERY, OVERLAP};
use triage::ticket::TicketId;
use triage::time::Timestamp;

use crate::support::{Database, TOKEN, TestApp, World, until, until_ok};

const NOW: Timestamp = Timestamp::from_millis(1_795_392_000_000);
const MINUTE: Duration = Duration::from_secs(60);

on_both! {
    async fn a_hundred_webhooks_that_never_came_are_triaged_after_one_reconciliation(database) {
        let app = started(&database, &[]).await;
        let sender = Sender::new(&format!("{}/webhooks/hubspot", app.url), TOKEN);
        sender.lose(100);
        for id in 1000..1105 {
            app.world.hubspot.add_ticket(ticket(id));
            sender.created(id).await.unwrap();
        }
        for id in 1100..1105 {
            app.wait_for(&id.to_string(), TriageStatus::Triaged).await;
        }
        assert_eq!(app.world.ollama.chats(), 5, "nobody has told of the others");

        app.advance_at_rest(&database, EVERY).await;
        until("every ticket to be triaged", async || (triaged(&database).await == "105").then_some(())).await;
        assert_eq!((searches(&app).len(), app.world.ollama.chats()), (1, 105));
        let report = gap_report(&app, MINUTE * 60).await;
        assert_eq!((report.tickets, report.triaged + report.needs_review, report.enqueued), (105, 105, 0));
        assert_eq!((report.waiting, report.failed.count, report.gone, report.unaccounted.count), (0, 0, 0, 0));
        let detail = app.detail("1000").await.unwrap();
        assert_eq!((detail.events.len(), detail.events[0].kind.as_str()), (1, "reconciliation"));
        assert_eq!(detail.triage.subject.as_deref(), Some("Question 1000"));
    }
}

on_both! {
    async fn a_ticket_whose_job_was_lost_is_found_and_triaged_once(database) {
        let app = started(&database, &[]).await;
        for id in [1, 2] {
            app.world.hubspot.add_ticket(ticket(id));
            app.world.hubspot.faults.script("500 once").unwrap();
            app.send(&json!([{"subscriptionType": "ticket.creation", "objectId": id}])).await;
            app.wait_for_triage(&id.to_string(), "to wait for its text", |t| t.status == TriageStatus::Waiting).await;
            database.run("delete from jobs").await;
            let id = TicketId::parse(&id.to_string()).unwrap();
            assert!(app.app.store.standings(std::slice::from_ref(&id)).await.unwrap()[id.as_str()].is_lost);
            if id.as_str() == "1" {
                let report = gap_report(&app, MINUTE * 60).await;
                assert_eq!((report.tickets, report.enqueued, report.waiting, report.unaccounted.count), (1, 1, 1, 0));
                app.advance_at_rest(&database, Duration::ZERO).await;
            } else {
                app.advance_at_rest(&database, EVERY).await;
            }
            app.wait_for(id.as_str(), TriageStatus::Triaged).await;
        }
        assert_eq!(database.ask("select cast(count(*) as text) from triages").await, "2");
        let report = gap_report(&app, MINUTE * 60).await;
        assert_eq!((report.tickets, report.enqueued, report.waiting, report.unaccounted.count), (2, 0, 0, 0));
    }
}

on_both! {
    async fn a_webhook_that_comes_too_leads_to_nothing_twice(database) {
        let app = started(&database, &[("RETRIAGE_ON_CHANGE", "true")]).await;
        let sender = Sender::new(&format!("{}/webhooks/hubspot", app.url), TOKEN);
        for id in 1..=40 {
            app.world.hubspot.add_ticket(ticket(id));
        }
        // At the same time …
        app.advance(EVERY);
        for id in 1..=20 {
            assert_eq!(sender.created(id).await.unwrap().status, 202);
        }
        until("every ticket to be triaged", async || (triaged(&database).await == "40").then_some(())).await;
        // … long after it, and once more by the next reconciliation.
        for id in 21..=40 {
            assert_eq!(sender.created(id).await.unwrap().status, 202);
        }
        app.advance_at_rest(&database, EVERY).await;
        run_to_end(&app, 2).await;
        database.rested().await;
        assert_eq!((app.world.ollama.chats(), triaged(&database).await.as_str()), (40, "40"));
        assert_eq!(app.world.discord.messages().len(), 40);
    }
}

on_both! {
    async fn what_was_there_before_the_first_start_is_left_alone_until_somebody_asks_for_it(database) {
        let world = World::start().await;
        let hour_ago = sims::now() - MINUTE * 60;
        world.hubspot.add_ticket(ticket(1).created_at(hour_ago));
        world.hubspot.add_ticket(ticket(2).created_at(sims::now() - MINUTE));
        let app = started_in(&database, world, &[]).await;
        app.world.hubspot.add_ticket(ticket(3));
        app.advance(EVERY);
        app.wait_for("3", TriageStatus::Triaged).await;
        run_to_end(&app, 1).await;
        assert!(app.detail("1").await.is_none() && app.detail("2").await.is_none());

        let report = gap_report(&app, MINUTE * 120).await;
        assert_eq!((report.tickets, report.enqueued, report.unaccounted.count), (3, 2, 0));
        app.advance(Duration::ZERO);
        for id in ["1", "2"] {
            app.wait_for(id, TriageStatus::Triaged).await;
        }
    }
}

on_both! {
    async fn a_ticket_that_searches_find_late_is_found_by_the_next_one(database) {
        let app = started(&database, &[]).await;
        app.world.hubspot.set_search_lag(Duration::from_secs(3600));
        app.world.hubspot.add_ticket(ticket(1));
        app.advance(EVERY);
        run_to_end(&app, 1).await;
        assert!(app.detail("1").await.is_none());
        app.world.hubspot.set_search_lag(Duration::ZERO);
        app.advance(EVERY);
        app.wait_for("1", TriageStatus::Triaged).await;
        run_to_end(&app, 2).await;
        let began = progress(&app).await.began;
        for run in 3..=5 {
            let mark = progress(&app).await.mark;
            app.advance_at_rest(&database, EVERY).await;
            run_to_end(&app, run).await;
            let expected = mark.minus(OVERLAP).max(began).as_millis().to_string();
            assert_eq!(searches(&app).pop().unwrap()["filterGroups"][0]["filters"][0]["value"], expected);
        }
        assert!(progress(&app).await.mark.minus(OVERLAP) > began, "the last of them looked behind its mark");
    }
}

on_both! {
    async fn more_tickets_than_hubspot_pages_through_are_all_found(database) {
        let app = started(&database, &[]).await;
        app.world.hubspot.set_search_depth(300);
        // Imported together: one moment for all of them.
        let together = sims::now();
        for id in 1..=650 {
            app.world.hubspot.add_ticket(ticket(id).created_at(together));
        }
        app.advance(EVERY);
        let first = app.app.clock.now();
        app.world.hubspot.journal.wait_for_on("/search", 1).await;
        until("the pages to be gone through", async || {
            app.app.clock.advance(Duration::from_millis(10));
            (searches(&app).len() == 4).then_some(())
        })
        .await;
        assert!(app.app.clock.now().since(first) >= Duration::from_millis(750), "four in a second at the most");
        until("every ticket to be stored", async || {
            (database.ask("select cast(count(*) as text) from tickets").await == "650").then_some(())
        })
        .await;
        run_to_end(&app, 4).await;
        let above: Vec<Value> =
            searches(&app).iter().map(|s| s["filterGroups"][0]["filters"][1]["value"].clone()).collect();
        assert_eq!(above, [json!("0"), json!("200"), json!("400"), json!("600")]);
        assert_eq!(searches(&app)[0]["properties"], json!(["createdate"]), "no text moves");
    }
}

on_both! {
    async fn of_two_orchestrators_one_searches(database) {
        let world = World::start().await;
        let one = started_in(&database, world.clone(), &[("HUBSPOT_API_FAMILY", "2026-09")]).await;
        let other = TestApp::join_at(&database, world, &[("HUBSPOT_API_FAMILY", "2026-09")], Some(one.app.clock.now())).await;
        one.world.hubspot.add_ticket(ticket(1));
        one.world.hubspot.faults.script("slow 100ms once on search").unwrap();
        for app in [&one, &other] {
            app.advance(EVERY);
        }
        one.wait_for("1", TriageStatus::Triaged).await;
        run_to_end(&one, 1).await;
        for app in [one, other] {
            assert_eq!(searches(&app).len(), 1);
            app.stop().await;
        }
    }
}

on_both! {
    async fn a_run_belongs_to_one_until_its_lease_ends(database) {
        let store = open(&database).await;
        let begin = async |at: Timestamp| store.begin_reconciliation(at.plus(EVERY), at).await.unwrap();
        assert!(matches!(begin(NOW).await, Turn::Began { due } if due == NOW.plus(EVERY)));
        assert!(matches!(begin(NOW).await, Turn::NotYet { due } if due == NOW.plus(EVERY)));
        let start = NOW.plus(EVERY);
        let all = futures::future::join_all((0..8).map(|_| begin(start))).await;
        let runs: Vec<_> = all.into_iter().filter_map(|turn| if let Turn::Run(run) = turn { Some(run) } else { None }).collect();
        let [first] = runs.as_slice() else { panic!("{runs:?}") };
        assert_eq!((first.mark, first.began), (NOW, NOW));
        assert!(store.extend_reconciliation(first, start.plus(MINUTE)).await.unwrap());
        assert!(matches!(begin(start.plus(MINUTE * 2)).await, Turn::NotYet { .. }), "it is still being made");

        let later = start.plus(MINUTE * 4);
        let Turn::Run(second) = begin(later).await else { panic!("a dead one's run is free") };
        assert!(!store.extend_reconciliation(first, later).await.unwrap());
        store.end_reconciliation(first, RunEnd::Done, later.plus(EVERY), later).await.unwrap();
        assert_eq!(store.reconciliation().await.unwrap().unwrap().mark, NOW, "too late to move the mark");
        store.end_reconciliation(&second, RunEnd::Abandoned, later, later).await.unwrap();
        let Turn::Run(third) = begin(later).await else { panic!("an abandoned one is free at once") };
        assert_eq!(third.mark, NOW);
        let failed = RunEnd::Failed { error_type: "refused", error: "because" };
        store.end_reconciliation(&third, failed, later, later).await.unwrap();
        let Turn::Run(fourth) = begin(later).await else { panic!("it is due") };
        assert_eq!((fourth.mark, fourth.failing.as_deref()), (NOW, Some("refused")), "what was said once is not said again");
        store.end_reconciliation(&fourth, RunEnd::Done, later.plus(EVERY), later.plus(MINUTE)).await.unwrap();
        let progress = store.reconciliation().await.unwrap().unwrap();
        assert_eq!((progress.mark, progress.error), (later, None), "the start of the run");
    }
}

on_both! {
    async fn a_failed_search_keeps_the_mark_and_nothing_is_lost(database) {
        let app = started(&database, &[]).await;
        app.world.hubspot.faults.script("502 3 times on search").unwrap();
        app.world.hubspot.add_ticket(ticket(1));
        let began = progress(&app).await.mark;
        app.advance(EVERY);
        // Three attempts, then a minute's rest.
        advance_until(&app, 3).await;
        let failed = until("the failure to be stored", async || Some(progress(&app).await).filter(|p| p.error.is_some())).await;
        assert_eq!(failed.mark, began);
        assert!(failed.error.unwrap().starts_with("HubSpot failed (502, correlation id "));
        let (_, health) = app.get("/health").await;
        assert_eq!((&health["status"], &health["dependencies"]["hubspot"]["status"]), (&json!("degraded"), &json!("unhealthy")));
        advance_until(&app, 4).await;
        app.wait_for("1", TriageStatus::Triaged).await;
        let done = until("the run to end", async || Some(progress(&app).await).filter(|p| p.error.is_none())).await;
        assert!(done.mark > began);
        let (_, health) = app.get("/health").await;
        assert_eq!((&health["status"], &health["dependencies"]["hubspot"]["status"]), (&json!("healthy"), &json!("healthy")));
    }
}

on_both! {
    async fn a_rate_limit_is_waited_for_as_long_as_hubspot_says(database) {
        let app = started(&database, &[]).await;
        for (fault, seconds) in [("429 once on search", 1), ("429 once wait 7s on search", 7)] {
            app.world.hubspot.faults.script(fault).unwrap();
            app.world.hubspot.add_ticket(ticket(seconds));
            let before = searches(&app).len();
            app.advance_at_rest(&database, EVERY).await;
            until("the first search to be refused", async || {
                let searches = app.world.hubspot.journal.entries_on("/search");
                (searches.len() > before && searches.last()?.status == Some(429)).then_some(())
            })
            .await;
            let tenths = advance_until(&app, before + 2).await;
            assert!(tenths >= seconds * 10, "{fault}: asked again after {tenths} tenths of a second");
            app.wait_for(&seconds.to_string(), TriageStatus::Triaged).await;
            run_to_end(&app, before + 2).await;
        }
    }
}

on_both! {
    async fn a_stop_in_the_middle_of_a_run_leaves_it_to_others_at_once(database) {
        let app = started(&database, &[]).await;
        app.world.hubspot.faults.script("hang on search").unwrap();
        app.advance(EVERY);
        app.world.hubspot.journal.wait_for_on("/search", 1).await;
        let now = app.app.clock.now();
        assert!(matches!(open(&database).await.begin_reconciliation(now, now).await.unwrap(), Turn::NotYet { .. }));
        app.stop().await;
        assert!(matches!(open(&database).await.begin_reconciliation(now, now).await.unwrap(), Turn::Run(_)));
    }
}

on_both! {
    async fn a_refused_token_is_told_and_the_next_run_tries_again(database) {
        let app = started(&database, &[]).await;
        app.world.hubspot.add_ticket(ticket(1));
        app.world.hubspot.set_token("another");
        app.advance(EVERY);
        until("the refusal to be told", async || {
            let (_, health) = app.get("/health").await;
            let error = health["dependencies"]["hubspot"]["error"].as_str()?;
            assert!(error.starts_with("HubSpot does not accept the access token (401"), "{error}");
            Some(())
        })
        .await;
        assert_eq!(searches(&app).len(), 1, "waiting does not help");
        app.world.hubspot.set_token(sims::hubspot::TOKEN);
        app.advance(EVERY);
        app.wait_for("1", TriageStatus::Triaged).await;
    }
}

on_both! {
    async fn a_ticket_that_was_taken_for_deleted_is_triaged_when_a_search_finds_it(database) {
        let app = started(&database, &[]).await;
        app.send(&json!([{"subscriptionType": "ticket.creation", "objectId": 1}])).await;
        for asked in 1..=2 {
            app.world.hubspot.journal.wait_for_on("tickets/1", asked).await;
            app.advance_at_rest(&database, MINUTE).await;
        }
        app.wait_for("1", TriageStatus::Gone).await;
        app.world.hubspot.add_ticket(ticket(1));
        app.advance(EVERY);
        app.wait_for("1", TriageStatus::Triaged).await;
    }
}

on_both! {
    async fn a_ticket_of_which_only_the_verdict_is_remembered_is_known(database) {
        let app = started(&database, &[]).await;
        app.ticket("1", "Question", "How do I change my plan?").await;
        app.wait_for("1", TriageStatus::Triaged).await;
        database.run("delete from tickets").await;
        let ids = ["1", "2"].map(|id| TicketId::parse(id).unwrap());
        let standings = app.app.store.standings(&ids).await.unwrap();
        assert_eq!(standings.len(), 1);
        assert_eq!(standings["1"].status, TriageStatus::Triaged);
    }
}

on_both! {
    async fn the_report_names_what_failed_and_why(database) {
        let app = started(&database, &[]).await;
        app.world.ollama.faults.script("bad json").unwrap();
        app.world.groq.faults.script("bad json").unwrap();
        app.world.hubspot.add_ticket(ticket(1));
        app.ticket("1", "Question", "How do I change my plan?").await;
        until_ok("the ticket to fail", async || {
            app.advance_at_rest(&database, MINUTE).await;
            match app.detail("1").await { Some(d) if d.triage.status == TriageStatus::Failed => Ok(()), other => Err(other) }
        })
        .await;
        let report = gap_report(&app, MINUTE * 60 * 24 * 365).await;
        assert_eq!((report.tickets, report.failed.count, report.unaccounted.count), (1, 1, 0));
        assert_eq!(report.failed.tickets[0].ticket_id, "1");
        assert!(!report.failed.tickets[0].reason.is_empty());
    }
}

async fn started(database: &Database, edit: &[(&str, &str)]) -> TestApp {
    started_in(database, World::start().await, edit).await
}

/// Starts and waits for the mark, so that every ticket made from here on is looked for.
async fn started_in(database: &Database, world: World, edit: &[(&str, &str)]) -> TestApp {
    let app = TestApp::join(database, world, edit).await;
    until("reconciliation to begin", async || app.app.store.reconciliation().await.unwrap()).await;
    app
}

fn ticket(id: u64) -> Ticket {
    Ticket::new(id, &format!("Question {id}"), "How do I change my plan?")
}

/// The bodies of all searches so far.
fn searches(app: &TestApp) -> Vec<Value> {
    let entries = app.world.hubspot.journal.entries_on("/search");
    entries.iter().map(|entry| entry.json.clone().unwrap()).collect()
}

/// Waits until so many searches were made and their run has ended.
async fn run_to_end(app: &TestApp, count: usize) {
    app.world.hubspot.journal.wait_for_on("/search", count).await;
    until("the run to end", async || {
        let ended = progress(app).await.ended?;
        (ended.since(app.app.clock.now().minus(Duration::from_secs(30))) > Duration::ZERO).then_some(())
    })
    .await;
}

/// Moves the clock by tenths of a second until so many searches were made; how many steps that took.
async fn advance_until(app: &TestApp, count: usize) -> u64 {
    let mut steps = 0;
    until("another search", async || {
        if searches(app).len() >= count {
            return Some(());
        }
        app.app.clock.advance(Duration::from_millis(100));
        steps += 1;
        None
    })
    .await;
    steps
}

async fn progress(app: &TestApp) -> orchestrator::store::Progress {
    app.app.store.reconciliation().await.unwrap().unwrap()
}

async fn triaged(database: &Database) -> String {
    database
        .ask("select cast(count(*) as text) from tickets where status in ('triaged', 'needs_review')")
        .await
}

/// The report that `orchestrator reconcile` prints.
async fn gap_report(app: &TestApp, back: Duration) -> GapReport {
    let means = Means {
        hubspot: app.app.hubspot.as_ref().unwrap(),
        store: &app.app.store,
        intake: &app.app.intake,
        clock: &app.app.clock,
        portal_id: None,
    };
    report(means, app.app.clock.now().minus(back), |_| ()).await.unwrap()
}

async fn open(database: &Database) -> Store {
    let store = Store::open(&database.url, 8).await.unwrap();
    store.migrate().await.unwrap();
    store
}
