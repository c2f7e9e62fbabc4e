//! The queue's promises, on both databases.

use std::collections::BTreeSet;
use std::time::Duration;

use orchestrator::queue::{
    AttemptRow, Back, Delivered, Ended, Finished, Incoming, Job, Kind, LEASE, Proof, Sent,
};
use orchestrator::store::{Retry, Schema, Store};
use serde_json::json;
use sqlx::postgres::PgListener;
use triage::ticket::TicketId;
use triage::time::Timestamp;

use crate::support::{Database, PATIENCE, until};

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_392_000_000);

on_both! {
    async fn concurrent_claimers_get_every_job_exactly_once(database) {
        let store = open(&database).await;
        accept(&store, 0..200, false).await;
        let claimers = (0..8).map(|_| async {
            let mut mine = Vec::new();
            loop {
                let jobs = store.claim(Kind::Triage, 7, NOW).await.unwrap();
                if jobs.is_empty() { return mine; }
                mine.extend(jobs.into_iter().map(|job| job.ticket_id.to_string()));
            }
        });
        let claimed: Vec<String> = futures::future::join_all(claimers).await.into_iter().flatten().collect();
        assert_eq!((claimed.len(), claimed.iter().collect::<BTreeSet<_>>().len()), (200, 200));
    }
}

on_both! {
    async fn events_that_outlived_their_ticket_stand_in_nobodys_way(database) {
        let store = open(&database).await;
        accept(&store, 0..1, false).await;
        database.run("delete from tickets").await;
        let requests = [incoming("0", "the same"), incoming("1", "the same")];
        let accepted = store.accept(&requests, false, NOW).await.unwrap();
        assert_eq!((accepted[0].duplicates, accepted[1].accepted), (1, 1));
        let mut claimed: Vec<_> = store.claim(Kind::Triage, 9, NOW).await.unwrap();
        claimed.sort_by_key(|job| job.ticket_id.to_string());
        assert_eq!(claimed.iter().map(|job| job.ticket_id.as_str()).collect::<Vec<_>>(), ["0", "1"]);
        assert!(store.ticket(&id("0")).await.unwrap().is_some());
    }
}

on_both! {
    async fn a_dead_workers_job_is_taken_over_and_its_late_work_is_refused(database) {
        let store = open(&database).await;
        accept(&store, 0..1, false).await;
        let dead = store.claim(Kind::Triage, 1, NOW).await.unwrap().remove(0);
        assert_eq!(dead.takeovers, 0);
        let almost = NOW.plus(LEASE - Duration::from_millis(1));
        assert!(store.claim(Kind::Triage, 1, almost).await.unwrap().is_empty(), "the lease holds");
        assert!(store.extend(&dead, NOW.plus(Duration::from_secs(10))).await.unwrap());
        assert!(store.claim(Kind::Triage, 1, NOW.plus(LEASE)).await.unwrap().is_empty(), "an extended lease holds longer");
        let later = NOW.plus(Duration::from_secs(10)).plus(LEASE);
        let taken = store.claim(Kind::Triage, 1, later).await.unwrap().remove(0);
        assert_eq!(taken.takeovers, 1);
        assert!(!finish(&store, &dead, &[], &Finished::Gone, true, later).await.unwrap(), "too late");
        assert!(!store.extend(&dead, later).await.unwrap() && !store.put_back(&dead, Back::Failed, LEASE, "late", later).await.unwrap());
        assert!(finish(&store, &taken, &[], &Finished::Gone, true, later).await.unwrap());
        assert_eq!(store.next_due(Kind::Triage).await.unwrap(), None);
    }
}

on_both! {
    async fn a_request_that_arrives_while_a_job_runs_makes_it_run_again(database) {
        let store = open(&database).await;
        accept(&store, 0..1, true).await;
        accept_change(&store, "0", "one").await;
        let job = store.claim(Kind::Triage, 1, NOW).await.unwrap().remove(0);
        assert_eq!(job.reason, "changed");
        accept_change(&store, "0", "two").await;
        accept_check(&store, "0").await;
        assert!(finish(&store, &job, &[], &Finished::Unchanged, true, NOW).await.unwrap());
        let again = store.claim(Kind::Triage, 1, NOW).await.unwrap();
        assert_eq!(again.iter().map(|job| job.reason.as_str()).collect::<Vec<_>>(), ["changed"], "what came meanwhile is not lost");
        assert!(finish(&store, &again[0], &[], &Finished::Unchanged, true, NOW).await.unwrap());
        assert!(store.claim(Kind::Triage, 1, NOW.plus(LEASE)).await.unwrap().is_empty(), "and the rest ran with it");
    }
}

on_both! {
    async fn what_came_during_a_failing_run_is_part_of_the_next_one(database) {
        let store = open(&database).await;
        accept(&store, 0..1, true).await;
        let job = store.claim(Kind::Triage, 1, NOW).await.unwrap().remove(0);
        accept_change(&store, "0", "another").await;
        assert!(store.put_back(&job, Back::Failed, Duration::ZERO, "because", NOW).await.unwrap());
        let next = store.claim(Kind::Triage, 1, NOW).await.unwrap().remove(0);
        assert_eq!(next.reason, "changed");
        assert!(finish(&store, &next, &[], &Finished::Unchanged, true, NOW).await.unwrap());
        assert!(store.claim(Kind::Triage, 1, NOW).await.unwrap().is_empty(), "one round for both");
    }
}

on_both! {
    async fn a_look_for_changes_never_replaces_what_is_to_be_done(database) {
        let store = open(&database).await;
        accept(&store, 0..1, true).await;
        accept_check(&store, "0").await;
        assert_eq!(store.claim(Kind::Triage, 1, NOW).await.unwrap()[0].reason, "created");
    }
}

on_both! {
    async fn text_that_comes_while_a_job_without_text_is_failing_is_not_lost(database) {
        let store = open(&database).await;
        accept_event(&store, "0", "creation", 1).await;
        let job = store.claim(Kind::Triage, 1, NOW).await.unwrap().remove(0);
        accept_change(&store, "0", "the text").await;
        let failed = Finished::Failed { why: "no text".into(), what_to_do: "send it".into() };
        assert!(finish(&store, &job, &[], &failed, true, NOW).await.unwrap());
        assert_eq!(store.claim(Kind::Triage, 1, NOW).await.unwrap().len(), 1);
        let ticket = store.ticket(&id("0")).await.unwrap().unwrap();
        assert_eq!((ticket.text.unwrap().content.as_str(), ticket.has_verdict), ("the text", false));
    }
}

on_both! {
    async fn text_brings_a_backed_off_ticket_forward(database) {
        let store = open(&database).await;
        accept_event(&store, "0", "creation", 1).await;
        let job = store.claim(Kind::Triage, 1, NOW).await.unwrap().remove(0);
        store.put_back(&job, Back::ServiceFailed, Duration::from_secs(7200), "HubSpot failed", NOW).await.unwrap();
        accept_change(&store, "0", "the text").await;
        let job = store.claim(Kind::Triage, 1, NOW).await.unwrap().remove(0);
        assert_eq!((job.failures, job.reason.as_str()), (0, "created"));
    }
}

on_both! {
    async fn a_schema_that_a_later_version_extended_is_current(database) {
        let store = open(&database).await;
        let later = "insert into _sqlx_migrations (version, description, installed_on, success, checksum, execution_time)
            select 9999, description, installed_on, success, checksum, execution_time from _sqlx_migrations limit 1 returning 'done'";
        assert_eq!(database.ask(later).await, "done");
        store.migrate().await.unwrap();
        assert_eq!(store.schema().await.unwrap(), Schema::Current);
    }
}

on_both! {
    async fn waiting_jobs_come_forward_and_failed_ones_keep_their_time(database) {
        let store = open(&database).await;
        accept(&store, 0..4, false).await;
        let jobs = store.claim(Kind::Triage, 4, NOW).await.unwrap();
        let hour = Duration::from_secs(3600);
        for (job, back) in jobs.iter().zip([Back::Waiting, Back::ServiceFailed, Back::Failed, Back::Unread]) {
            assert!(store.put_back(job, back, hour, "because", NOW).await.unwrap());
        }
        assert!(store.claim(Kind::Triage, 3, NOW).await.unwrap().is_empty());
        assert_eq!(store.wake_waiting(Kind::Triage, Proof::Answers, NOW).await.unwrap(), 1, "a probe costs no attempt");
        assert_eq!(store.wake_waiting(Kind::Triage, Proof::Works, NOW).await.unwrap(), 1);
        let mut failures: Vec<u32> = store.claim(Kind::Triage, 3, NOW).await.unwrap().iter().map(|job| job.failures).collect();
        failures.sort_unstable();
        assert_eq!(failures, [0, 1]);
        assert_eq!(store.wake_waiting(Kind::Triage, Proof::Reads, NOW).await.unwrap(), 1, "no model helps against HubSpot");
        assert_eq!(store.claim(Kind::Triage, 3, NOW).await.unwrap().len(), 1);
        assert_eq!(store.next_due(Kind::Triage).await.unwrap(), Some(NOW.plus(LEASE)));
    }
}

on_both! {
    async fn handing_back_costs_no_time_and_counts_as_nothing(database) {
        let store = open(&database).await;
        accept(&store, 0..1, false).await;
        let job = store.claim(Kind::Triage, 1, NOW).await.unwrap().remove(0);
        store.hand_back(&job, NOW).await.unwrap();
        let again = store.claim(Kind::Triage, 1, NOW).await.unwrap().remove(0);
        assert_eq!((again.failures, again.takeovers), (0, 0));
    }
}

#[tokio::test]
async fn what_is_handed_back_or_asked_for_again_wakes_every_orchestrator() {
    let Some(database) = Database::postgres().await else {
        eprintln!("skipped: TEST_DATABASE_URL is not set");
        return;
    };
    let store = open(&database).await;
    accept(&store, 0..1, false).await;
    let jobs = store.claim(Kind::Triage, 1, NOW).await.unwrap();
    let mut others = PgListener::connect(&database.url).await.unwrap();
    others.listen("hubspot_triage_jobs").await.unwrap();
    let mut heard = async || {
        let heard = tokio::time::timeout(Duration::from_secs(30), others.recv()).await;
        heard.expect("a notification comes").unwrap().payload().to_owned()
    };
    store.hand_back(&jobs[0], NOW).await.unwrap();
    assert_eq!(heard().await, "triage");
    let jobs = store.claim(Kind::Triage, 1, NOW).await.unwrap();
    accept_change(&store, "0", "another").await;
    assert!(finish(&store, &jobs[0], &[], &Finished::Unchanged, true, NOW).await.unwrap());
    assert_eq!(heard().await, "triage", "another round is due at once");
}

const CONNECTIONS: &str = "select cast(count(*) as text) from pg_stat_activity
    where application_name = 'hubspot-triage' and datname = current_database()";

#[tokio::test]
async fn short_statements_one_after_the_other_share_a_connection_and_none_is_left_open() {
    let Some(database) = Database::postgres().await else {
        eprintln!("skipped: TEST_DATABASE_URL is not set");
        return;
    };
    let store = Store::open(&database.url, 8).await.unwrap();
    for _ in 0..20 {
        store.now_millis().await.unwrap();
    }
    assert_eq!(database.ask(CONNECTIONS).await, "1");
    tokio::time::timeout(PATIENCE, store.close()).await.expect("what is at hand is closed too");
    none_open(&database).await;
}

#[tokio::test]
async fn connections_that_are_lost_cost_one_statement_at_most() {
    let Some(database) = Database::postgres().await else {
        eprintln!("skipped: TEST_DATABASE_URL is not set");
        return;
    };
    let store = Store::open(&database.url, 8).await.unwrap();
    let together = (0..4).map(|_| store.now_millis());
    assert!(futures::future::join_all(together).await.iter().all(Result::is_ok));
    database
        .run(
            "select pg_terminate_backend(pid) from pg_stat_activity
                where application_name = 'hubspot-triage' and datname = current_database()",
        )
        .await;
    none_open(&database).await;
    let mut failed = 0;
    for _ in 0..20 {
        failed += usize::from(store.now_millis().await.is_err());
    }
    assert!(failed <= 1, "{failed}");
}

async fn none_open(database: &Database) {
    until("all connections to be closed", async || (database.ask(CONNECTIONS).await == "0").then_some(()))
        .await;
}

on_both! {
    async fn a_failure_is_announced_and_a_message_is_remembered(database) {
        let store = open(&database).await;
        accept(&store, 0..1, false).await;
        let job = store.claim(Kind::Triage, 1, NOW).await.unwrap().remove(0);
        let failed = Finished::Failed { why: "why".into(), what_to_do: "what".into() };
        assert!(finish(&store, &job, &[], &failed, true, NOW).await.unwrap());
        let delivery = store.claim(Kind::Discord, 1, NOW).await.unwrap().remove(0);
        assert_eq!(store.subject(&delivery).await.unwrap().unwrap().message_id, None);
        let end = Delivered::Message { message_id: "77".into(), triage_id: None };
        assert!(delivered(&store, &delivery, &end, NOW).await.unwrap());
        assert_eq!(store.subject(&delivery).await.unwrap().unwrap().message_id.as_deref(), Some("77"));
        let detail = store.triage(&id("0")).await.unwrap().unwrap();
        assert_eq!(detail.triage.error.as_deref(), Some("why"));
        assert_eq!((detail.triage.deliveries[0].status.as_str(), detail.triage.deliveries[0].message_id.as_deref()), ("delivered", Some("77")));
    }
}

on_both! {
    async fn asking_again_is_queued_unless_it_runs(database) {
        let store = open(&database).await;
        assert_eq!(store.retry(&id("0"), NOW).await.unwrap(), Retry::Unknown);
        accept(&store, 0..1, false).await;
        assert_eq!(store.retry(&id("0"), NOW).await.unwrap(), Retry::Queued);
        let job = store.claim(Kind::Triage, 2, NOW).await.unwrap();
        assert_eq!((job.len(), store.retry(&id("0"), NOW).await.unwrap()), (1, Retry::Running));
    }
}

on_both! {
    async fn migrating_twice_and_at_once_is_harmless(database) {
        let store = Store::open(&database.url, 4).await.unwrap();
        assert!(matches!(store.schema().await.unwrap(), Schema::Behind(missing) if missing > 0));
        let (first, second) = tokio::join!(store.migrate(), store.migrate());
        first.unwrap();
        second.unwrap();
        assert_eq!(store.schema().await.unwrap(), Schema::Current);
    }
}

pub(crate) async fn open(database: &Database) -> Store {
    let store = Store::open(&database.url, 10).await.unwrap();
    store.migrate().await.unwrap();
    store
}

/// Ends one triage job.
pub(crate) async fn finish(
    store: &Store,
    job: &Job,
    attempts: &[AttemptRow],
    end: &Finished,
    announce: bool,
    now: Timestamp,
) -> orchestrator::store::Result<bool> {
    let ended = Ended { job: job.clone(), attempts: attempts.to_vec(), end: end.clone(), announce };
    store.finish(&[ended], now).await.remove(0)
}

/// Ends one delivery job.
pub(crate) async fn delivered(
    store: &Store,
    job: &Job,
    end: &Delivered,
    now: Timestamp,
) -> orchestrator::store::Result<bool> {
    store.delivered(&[Sent { job: job.clone(), end: end.clone() }], now).await.remove(0)
}

pub(crate) fn id(text: &str) -> TicketId {
    TicketId::parse(text).unwrap()
}

async fn accept(store: &Store, ids: std::ops::Range<u32>, retriage: bool) {
    let requests: Vec<Incoming> = ids.map(|id| incoming(&id.to_string(), "the same")).collect();
    let accepted = store.accept(&requests, retriage, NOW).await.unwrap();
    assert!(accepted.iter().all(|a| (a.accepted, a.duplicates) == (1, 0)));
}

async fn accept_change(store: &Store, id: &str, content: &str) {
    assert_eq!(store.accept(&[incoming(id, content)], true, NOW).await.unwrap()[0].accepted, 1);
}

async fn accept_check(store: &Store, id: &str) {
    accept_event(store, id, "propertyChange", 2).await;
}

pub(crate) async fn accept_event(store: &Store, id: &str, what: &str, event_id: u32) {
    let body = json!([{"subscriptionType": format!("ticket.{what}"), "objectId": id, "eventId": event_id, "propertyName": "content"}]);
    let events = triage::webhook::parse(body.to_string().as_bytes(), None).unwrap().events;
    let request = Incoming { request_id: "test".into(), events };
    assert_eq!(store.accept(&[request], true, NOW).await.unwrap()[0].accepted, 1);
}

pub(crate) fn incoming(id: &str, content: &str) -> Incoming {
    let body = json!({"ticket_id": id, "subject": "Subject", "content": content}).to_string();
    let events = triage::webhook::parse(body.as_bytes(), None).unwrap().events;
    Incoming { request_id: "test".into(), events }
}
