//! The live stream: every change exactly once, from any orchestrator, to whoever is allowed to see it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use orchestrator::store::Store;
use reqwest::Method;
use sqlx::{Connection, PgConnection};

use crate::support::{Database, Device, Stream, TestApp, until};

async fn all_ids(store: &Store, after: i64) -> Vec<i64> {
    store.change_ids(after, 100_000).await.unwrap()
}

/// Reads until the event with this id came.
async fn read_to(stream: &mut Stream, last: i64) -> Vec<i64> {
    let mut ids = Vec::new();
    while ids.last() != Some(&last) {
        ids.push(stream.next().await.unwrap().id);
    }
    ids
}

on_both! {
    async fn a_tickets_life_is_told_as_it_happens(database) {
        let app = TestApp::start(&database, &[]).await;
        let device = Device::of(&app).await;
        app.ticket("1", "Old", "Told to nobody").await;
        app.wait_for_triage("1", "to be told", |triage| triage.deliveries.iter().any(|d| d.status == "delivered")).await;
        let mut stream = device.follow(&app, None).await;
        app.ticket("2", "Invoice wrong", "I was billed twice.").await;
        let mut told = Vec::new();
        while told.last().is_none_or(|kind| kind != "delivered") {
            let change = stream.next().await.unwrap();
            assert_eq!(change.ticket_id.as_deref(), Some("2"), "from now on, and not what was before: {change:?}");
            assert_eq!(change.triage.as_ref().unwrap().subject.as_deref(), Some("Invoice wrong"));
            told.push(change.kind);
        }
        assert!(told == ["received", "triaged", "delivered"] || told == ["received", "needs_review", "delivered"], "{told:?}");
    }
}

on_both! {
    async fn a_client_cut_twenty_times_gets_every_event_exactly_once(database) {
        let app = TestApp::start(&database, &[]).await;
        let device = Device::of(&app).await;
        let first = device.follow(&app, None).await;
        drop(first);
        let send = async {
            for id in 0..500 {
                app.ticket(&(5000 + id).to_string(), "Invoice wrong", "I was billed twice.").await;
            }
        };
        let read = async {
            let (mut ids, mut last) = (Vec::new(), 0);
            for cut in 1..=20 {
                let mut stream = device.follow(&app, Some(last)).await;
                while ids.len() < cut * 70 {
                    let change = stream.next().await.unwrap();
                    ids.push(change.id);
                    last = change.id;
                }
            }
            (ids, last)
        };
        let ((), (mut ids, last)) = tokio::join!(send, read);
        until("everything to be delivered", async || {
            let open = database.ask("select cast((select count(*) from jobs) + (select count(*) from tickets where triage_id is null) as text)").await;
            (open == "0").then_some(())
        }).await;
        let expected = all_ids(&app.app.store, 0).await;
        let mut rest = device.follow(&app, Some(last)).await;
        ids.extend(read_to(&mut rest, *expected.last().unwrap()).await);
        assert_eq!(ids, expected);
        assert!(ids.len() >= 1500, "{}", ids.len());
    }
}

on_both! {
    async fn what_one_orchestrator_did_is_streamed_by_the_other(database) {
        let one = TestApp::start(&database, &[]).await;
        let other = TestApp::join(&database, one.world.clone(), &[]).await;
        let device = Device::of(&one).await;
        let mut stream = device.follow(&other, None).await;
        one.ticket("7", "Invoice wrong", "I was billed twice.").await;
        let mut told = Vec::new();
        while told.last().is_none_or(|kind| kind != "delivered") {
            told.push(stream.next().await.unwrap().kind);
        }
        assert_eq!((told.len(), told[0].as_str()), (3, "received"));
    }
}

on_both! {
    async fn a_change_that_is_committed_after_a_later_one_is_not_missed(database) {
        if !database.is_postgres() {
            return;
        }
        let app = TestApp::start(&database, &[]).await;
        let device = Device::of(&app).await;
        let mut stream = device.follow(&app, None).await;
        // The first holds the lower id, and no number of a transaction: it has only taken an id when the second commits.
        let (mut first, mut second) = (connect(&database).await, connect(&database).await);
        let mut early = first.begin().await.unwrap();
        sqlx::query("lock table changes in row exclusive mode").execute(&mut *early).await.unwrap();
        let low: i64 = sqlx::query_scalar("select nextval(pg_get_serial_sequence('changes', 'id'))").fetch_one(&mut *early).await.unwrap();
        let high: i64 = sqlx::query_scalar("insert into changes (ticket_id, kind, detail, at) values ('2', 'second', '{}', 2) returning id")
            .fetch_one(&mut second).await.unwrap();
        assert!(low < high);
        assert!(stream.next_within(Duration::from_millis(300)).await.is_none(), "the order is kept");
        sqlx::query("insert into changes (id, ticket_id, kind, detail, at) overriding system value values ($1, '1', 'first', '{}', 1)")
            .bind(low).execute(&mut *early).await.unwrap();
        early.commit().await.unwrap();
        let told = [stream.next().await.unwrap(), stream.next().await.unwrap()];
        assert_eq!(told.map(|change| change.kind), ["first", "second"]);
    }
}

on_both! {
    async fn an_id_that_was_rolled_back_is_passed_though_others_go_on_writing(database) {
        if !database.is_postgres() {
            return;
        }
        let app = TestApp::start(&database, &[]).await;
        let device = Device::of(&app).await;
        let mut stream = device.follow(&app, None).await;
        let (mut first, mut second, mut third) = (connect(&database).await, connect(&database).await, connect(&database).await);
        let mut lost = first.begin().await.unwrap();
        sqlx::query(LOST).execute(&mut *lost).await.unwrap();
        sqlx::query("insert into changes (ticket_id, kind, detail, at) values ('2', 'kept', '{}', 2)").execute(&mut second).await.unwrap();
        assert!(stream.next_within(Duration::from_millis(300)).await.is_none(), "it may still be committed");
        // Somebody who began to write later, and a transaction that writes elsewhere, hold nobody up.
        let mut elsewhere = second.begin().await.unwrap();
        sqlx::query("update devices set version = '2'").execute(&mut *elsewhere).await.unwrap();
        let mut later = third.begin().await.unwrap();
        lost.rollback().await.unwrap();
        assert_eq!(stream.next().await.unwrap().kind, "kept");
        sqlx::query(LOST).execute(&mut *later).await.unwrap();
        later.rollback().await.unwrap();
        elsewhere.rollback().await.unwrap();
        database.run("insert into changes (ticket_id, kind, detail, at) values ('3', 'last', '{}', 3)").await;
        assert_eq!(stream.next().await.unwrap().kind, "last");
    }
}

const LOST: &str = "insert into changes (ticket_id, kind, detail, at) values ('1', 'lost', '{}', 1)";

async fn connect(database: &Database) -> PgConnection {
    PgConnection::connect(&database.url).await.unwrap()
}

on_both! {
    async fn a_revoked_device_hears_nothing_more(database) {
        let app = TestApp::start(&database, &[]).await;
        let (device, other) = (Device::of(&app).await, Device::of(&app).await);
        let (mut stream, mut stays) = (device.follow(&app, None).await, other.follow(&app, None).await);
        // As the command line does it on the embedded database: nobody is told.
        app.app.store.revoke_device(&device.id, app.app.clock.now()).await.unwrap();
        let revoked = Instant::now();
        assert!(stream.next().await.is_none(), "it ends");
        assert!(revoked.elapsed() < Duration::from_secs(5), "{:?}", revoked.elapsed());
        assert_eq!(device.get(&app, "/events").await.0, 401);
        app.ticket("1", "Invoice wrong", "I was billed twice.").await;
        assert_eq!(stays.next().await.unwrap().kind, "received");
    }
}

on_both! {
    async fn streams_end_when_the_orchestrator_stops(database) {
        let app = TestApp::start(&database, &[]).await;
        let mut stream = Device::of(&app).await.follow(&app, None).await;
        app.stop().await;
        assert!(stream.next().await.is_none());
    }
}

on_both! {
    async fn a_device_has_eight_streams_and_each_place_can_be_used_again(database) {
        let app = TestApp::start(&database, &[]).await;
        let (device, other) = (Device::of(&app).await, Device::of(&app).await);
        let mut streams = Vec::new();
        for _ in 0..8 {
            streams.push(device.follow(&app, None).await);
        }
        let (status, answer) = device.get(&app, "/events").await;
        assert_eq!((status, answer["error"]["code"].as_str()), (429, Some("too_many_streams")));
        drop(other.follow(&app, None).await);
        streams.pop();
        until("its place to be free", async || {
            let response = device.request(&app, Method::GET, "/events").send().await.unwrap();
            (response.status().as_u16() == 200).then_some(())
        }).await;
    }
}

on_both! {
    async fn a_client_that_does_not_read_keeps_nobody_and_misses_nothing(database) {
        let app = TestApp::start(&database, &[]).await;
        let device = Device::of(&app).await;
        let (mut slow, mut quick) = (device.follow(&app, None).await, device.follow(&app, None).await);
        // Ten times what the buffers between them hold.
        database.run("insert into tickets (ticket_id, subject, contacts, status, received_at, updated_at)
            values ('1', 'A very long subject', '[]', 'triaged', 1, 1)").await;
        database.run("insert into changes (ticket_id, kind, detail, at)
            with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000) select '1', 'step', '{}', i from n").await;
        let expected = all_ids(&app.app.store, 0).await;
        let last = *expected.last().unwrap();
        let ids = read_to(&mut quick, last).await;
        assert_eq!(ids.len(), 20_000);
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 20_000);
        assert_eq!(read_to(&mut slow, last).await, ids, "it gets the same, later");
    }
}

on_both! {
    async fn a_place_that_never_was_is_refused_and_one_that_was_cleaned_away_is_not(database) {
        let app = TestApp::start(&database, &[]).await;
        let device = Device::of(&app).await;
        database.run("insert into changes (ticket_id, kind, detail, at) values ('1', 'a', '{}', 1), ('2', 'b', '{}', 2)").await;
        for id in ["3", "x", "-1", "1.5", ""] {
            let request = device.request(&app, Method::GET, "/events").header("last-event-id", id);
            assert_eq!(request.send().await.unwrap().status().as_u16(), 400, "{id}");
        }
        let both = device.request(&app, Method::GET, "/events?after=0").header("last-event-id", "1").send().await.unwrap();
        assert_eq!(both.status().as_u16(), 200);
        let mut stream = device.follow(&app, Some(1)).await;
        assert_eq!(stream.next().await.unwrap().kind, "b");
        database.run("delete from changes").await;
        let mut stream = device.follow(&app, Some(2)).await;
        database.run("insert into changes (ticket_id, kind, detail, at) values ('3', 'c', '{}', 3)").await;
        assert_eq!(stream.next().await.unwrap().id, 3);
    }
}
