//! What comes too late, twice, or in the wrong order: each of these the simulation of the queue's life has found.

use orchestrator::queue::{
    Delivered, Finished, Incoming, Job, Kind, LEASE, Sent, Settled, WriteEnd, WroteBack,
};
use orchestrator::store::{HubSpotWrite, Retry, Store};
use serde_json::json;
use triage::ticket::{Provider, Text};
use triage::time::Timestamp;
use triage::writeback::State;

use crate::life::verdict;
use crate::queue::{NOW, accept_event, delivered, finish, id, incoming, open};

/// When a lease that began at `NOW` has ended.
const LATER: Timestamp = Timestamp::from_millis(NOW.as_millis() + LEASE.as_millis() as i64);

on_both! {
    async fn text_that_comes_while_blank_strings_are_being_triaged_is_triaged_too(database) {
        let store = open(&database).await;
        accept(&store, &[blank("0")], false).await;
        let job = claim(&store, Kind::Triage, NOW).await;
        accept(&store, &[incoming("0", "the text")], false).await;
        assert!(finish(&store, &job, &[], &verdict_about(""), true, NOW).await.unwrap());
        assert_eq!(claim(&store, Kind::Triage, NOW).await.reason, "changed", "not a mere look, which needs access to HubSpot");
    }
}

on_both! {
    async fn a_repeated_event_brings_no_old_text_back(database) {
        let store = open(&database).await;
        accept(&store, &[incoming("0", "old")], true).await;
        accept(&store, &[incoming("0", "new")], true).await;
        let job = claim(&store, Kind::Triage, NOW).await;
        assert!(finish(&store, &job, &[], &verdict_about("new"), true, NOW).await.unwrap());
        let creation = json!([{"subscriptionType": "ticket.creation", "objectId": "0", "eventId": 9}]);
        accept(&store, &[parsed(&creation), incoming("0", "old")], true).await;
        assert_eq!(text(&store).await, "new");
        assert!(store.claim(Kind::Triage, 1, NOW).await.unwrap().is_empty(), "nothing has changed");
    }
}

on_both! {
    async fn of_several_texts_that_come_together_the_one_that_says_something_is_kept(database) {
        let store = open(&database).await;
        // Which of two events comes first depends on their keys, so both orders are among these.
        for ticket in ["0", "1", "2", "3", "4", "5", "6", "7"] {
            accept(&store, &[blank(ticket), incoming(ticket, "the text")], false).await;
            let known = store.ticket(&id(ticket)).await.unwrap().unwrap();
            assert_eq!(known.text.unwrap().content, "the text", "ticket {ticket}");
        }
    }
}

on_both! {
    async fn who_delivers_too_late_only_leaves_the_id_of_the_message(database) {
        let store = open(&database).await;
        let (late, current) = delivered_twice(&store).await;
        let message = Delivered::Message { message_id: "current".into(), triage_id: Some("1".into()) };
        assert!(delivered(&store, &current, &message, LATER).await.unwrap());
        let failed = Delivered::Failed { why: "it was refused".into() };
        assert!(!delivered(&store, &late, &failed, LATER).await.unwrap());
        assert_eq!(database.ask("select status || ' ' || message_id || ' ' || attempts from deliveries").await, "delivered current 1");
        let message = Delivered::Message { message_id: "late".into(), triage_id: Some("0".into()) };
        assert!(!delivered(&store, &late, &message, LATER).await.unwrap());
        assert_eq!(database.ask("select message_id || ' ' || triage_id from deliveries").await, "late 1");
        assert_eq!(database.ask("select cast(count(*) as text) from changes where kind in ('delivered', 'failed')").await, "1");
    }
}

on_both! {
    async fn a_message_whose_worker_died_before_its_end_was_stored_is_known(database) {
        let store = open(&database).await;
        let (died, current) = delivered_twice(&store).await;
        store.keep_message(&died, "77").await.unwrap();
        assert_eq!(store.subject(&current).await.unwrap().unwrap().message_id.as_deref(), Some("77"), "it is edited");
    }
}

on_both! {
    async fn deliveries_that_end_together_end_as_if_alone(database) {
        let store = open(&database).await;
        let (late, current) = delivered_twice(&store).await;
        for ticket in ["1", "2"] {
            accept(&store, &[incoming(ticket, "the text")], false).await;
            let job = claim(&store, Kind::Triage, LATER).await;
            let failed = Finished::Failed { why: "why".into(), what_to_do: "what".into() };
            assert!(finish(&store, &job, &[], &failed, true, LATER).await.unwrap());
        }
        let (ended, asked_again) = (claim(&store, Kind::Discord, LATER).await, claim(&store, Kind::Discord, LATER).await);
        assert!(store.retry(&asked_again.ticket_id, LATER).await.unwrap() == Retry::Queued);
        let again = claim(&store, Kind::Triage, LATER).await;
        let verdict = verdict_about("the text");
        assert!(finish(&store, &again, &[], &verdict, true, LATER).await.unwrap());
        let message = |id: &str| Delivered::Message { message_id: id.into(), triage_id: None };
        let sent: Vec<Sent> = [(&current, message("a")), (&ended, message("b")), (&asked_again, message("c"))]
            .into_iter()
            .chain([(&late, Delivered::Failed { why: "it was refused".into() })])
            .map(|(job, end)| Sent { job: job.clone(), end })
            .collect();
        let stored: Vec<bool> = store.delivered(&sent, LATER).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(stored, [true, true, true, false]);
        let deliveries = "select string_agg(ticket_id || status || message_id, ' ' order by ticket_id) from deliveries";
        assert_eq!(database.ask(deliveries).await, "0delivereda 1deliveredb 2deliveredc");
        let left = "select string_agg(ticket_id || state, ' ') from jobs";
        assert_eq!(database.ask(left).await, "2ready", "of that one there is more to tell");
    }
}

on_both! {
    async fn who_writes_into_hubspot_too_late_only_leaves_what_hubspot_has(database) {
        let store = open(&database).await;
        accept(&store, &[incoming("0", "the text")], false).await;
        let job = claim(&store, Kind::Triage, NOW).await;
        let mut end = verdict_about("the text");
        if let Finished::Verdict(triage) = &mut end {
            triage.write_back = true;
        }
        assert!(finish(&store, &job, &[], &end, true, NOW).await.unwrap());
        let late = claim(&store, Kind::HubSpot, NOW).await;
        let note = HubSpotWrite {
            id: "write".into(),
            triage_id: "verdict".into(),
            what: "note".into(),
            value: None,
            former: None,
            marker: Some("marker".into()),
            note_id: None,
            state: State::Intended,
            why: None,
            at: NOW,
            undone_at: None,
        };
        assert!(store.intend(&late, &[note]).await.unwrap());
        let current = claim(&store, Kind::HubSpot, LATER).await;
        let settled = |state| vec![Settled { id: "write".into(), state, why: None }];
        let wrote = |end, note_id: Option<&str>, settled| WroteBack {
            end,
            why: None,
            note_id: note_id.map(str::to_owned),
            triage_id: None,
            settled,
        };
        let failed = wrote(WriteEnd::Failed, Some("note 1"), settled(State::Written));
        assert!(!store.wrote_back(&late, &failed, LATER).await.unwrap());
        let delivery = "select status || ' ' || coalesce(message_id, 'none') || ' ' || attempts from deliveries where target = 'hubspot'";
        assert_eq!(database.ask(delivery).await, "pending note 1 0");
        assert_eq!(database.ask("select state || ' ' || note_id from hubspot_writes").await, "written note 1");
        assert!(store.wrote_back(&current, &wrote(WriteEnd::Delivered, None, Vec::new()), LATER).await.unwrap());
        assert_eq!(database.ask(delivery).await, "delivered note 1 1");
        assert_eq!(database.ask("select cast(count(*) as text) from changes where kind in ('delivered', 'failed')").await, "1");
    }
}

on_both! {
    async fn a_message_that_was_posted_meanwhile_is_not_forgotten(database) {
        let store = open(&database).await;
        let (late, current) = delivered_twice(&store).await;
        let message = Delivered::Message { message_id: "new".into(), triage_id: None };
        assert!(delivered(&store, &current, &message, LATER).await.unwrap());
        store.forget_message(&late, "deleted").await.unwrap();
        assert_eq!(database.ask("select message_id from deliveries").await, "new");
        store.forget_message(&late, "new").await.unwrap();
        assert_eq!(database.ask("select coalesce(message_id, 'none') from deliveries").await, "none");
    }
}

on_both! {
    async fn who_reads_too_late_leaves_the_newer_text(database) {
        let store = open(&database).await;
        accept_event(&store, "0", "creation", 1).await;
        let late = claim(&store, Kind::Triage, NOW).await;
        let current = claim(&store, Kind::Triage, LATER).await;
        for (job, content) in [(&current, "newer"), (&late, "older")] {
            let mut ticket = store.ticket(&id("0")).await.unwrap().unwrap();
            ticket.text = Some(Text { subject: "Subject".into(), content: content.into() });
            store.keep_text(job, &ticket, None, LATER).await.unwrap();
        }
        assert_eq!(text(&store).await, "newer");
    }
}

on_both! {
    async fn a_verdict_whose_commit_was_not_confirmed_is_stored_once_and_is_no_error(database) {
        let store = open(&database).await;
        accept(&store, &[incoming("0", "the text")], false).await;
        let job = claim(&store, Kind::Triage, NOW).await;
        let end = verdict_about("the text");
        assert!(finish(&store, &job, &[], &end, true, NOW).await.unwrap());
        assert!(!finish(&store, &job, &[], &end, true, NOW).await.unwrap());
        assert_eq!(database.ask("select cast(count(*) as text) from triages").await, "1");
    }
}

on_both! {
    async fn no_plan_of_the_database_claims_more_than_was_asked_for(database) {
        // Such a plan looks for what is due once for every row, and each time skips what it has locked.
        let plan = "-c enable_hashjoin=off -c enable_mergejoin=off -c enable_hashagg=off -c enable_sort=off -c enable_material=off";
        let mut url = url::Url::parse(&database.url).unwrap();
        if database.is_postgres() {
            url.query_pairs_mut().append_pair("options", plan);
        }
        let store = Store::open(url.as_str(), 2).await.unwrap();
        store.migrate().await.unwrap();
        let requests: Vec<Incoming> = (0..9).map(|ticket| incoming(&ticket.to_string(), "the text")).collect();
        accept(&store, &requests, false).await;
        for left in [9, 7, 5] {
            assert_eq!(store.claim(Kind::Triage, 2, NOW).await.unwrap().len(), 2, "{left} are due");
        }
    }
}

/// One delivery in the hands of a worker that has lost its lease and of the one that took over.
async fn delivered_twice(store: &Store) -> (Job, Job) {
    accept(store, &[incoming("0", "the text")], false).await;
    let job = claim(store, Kind::Triage, NOW).await;
    assert!(finish(store, &job, &[], &verdict_about("the text"), true, NOW).await.unwrap());
    (claim(store, Kind::Discord, NOW).await, claim(store, Kind::Discord, LATER).await)
}

async fn accept(store: &Store, together: &[Incoming], retriage: bool) {
    store.accept(together, retriage, NOW).await.unwrap();
}

async fn claim(store: &Store, kind: Kind, now: Timestamp) -> Job {
    store.claim(kind, 1, now).await.unwrap().remove(0)
}

async fn text(store: &Store) -> String {
    store.ticket(&id("0")).await.unwrap().unwrap().text.unwrap().content
}

fn verdict_about(content: &str) -> Finished {
    let text = Text { subject: "Subject".into(), content: content.into() };
    Finished::Verdict(Box::new(verdict("verdict".into(), Provider::Local, &text)))
}

fn blank(ticket: &str) -> Incoming {
    parsed(&json!({"ticket_id": ticket, "subject": "", "content": ""}))
}

fn parsed(body: &serde_json::Value) -> Incoming {
    let events = triage::webhook::parse(body.to_string().as_bytes(), None).unwrap().events;
    Incoming { request_id: "test".into(), events }
}
