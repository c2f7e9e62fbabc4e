//! The link alone. The clock stands still except where nothing else is left to happen.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use agent::link::{Client, Error, Link, Peer, report};
use agent::model::Model;
use agent::model::linked::Said;
use alerts::rule::Rules;
use link::{DeviceInfo, PairRequest};
use secrecy::SecretString;
use supervise::health::facts::LinkAnswer;
use supervise::install::Platform;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use url::Url;

use super::orchestrator::Orchestrator;

/// A link, and what it says.
async fn linked(orchestrator: &Orchestrator) -> (Link, mpsc::Receiver<Said>) {
    orchestrator.code("A", None);
    let url = Url::parse(&orchestrator.url()).expect("a scene can be made");
    let device = DeviceInfo { name: "n".into(), platform: "linux".into(), version: "0".into() };
    let request = PairRequest { code: "A".into(), device };
    let paired = Client::new(&url, None)
        .expect("a scene can be made")
        .pair(&request)
        .await
        .expect("a scene can be made");
    let model = Model::new(Platform::Linux, "m".to_owned(), Rules::default());
    let (says, said) = mpsc::channel(64);
    let mut link = Link::new(report(&model, None, false), Arc::new(|| SystemTime::UNIX_EPOCH), says);
    let peer = Peer { url, token: SecretString::from(paired.token), offer: None };
    assert_eq!(link.change(Some(peer)), Some(Said::Begun));
    (link, said)
}

async fn next_answer(said: &mut mpsc::Receiver<Said>) -> LinkAnswer {
    loop {
        match said.recv().await.expect("a scene can be made") {
            Said::Heard { .. } => return LinkAnswer::Accepted,
            Said::NotHeard { answer, .. } => return answer,
            Said::NotSetUp
            | Said::Begun
            | Said::Tickets(_)
            | Said::Changed(_)
            | Said::Checked(_)
            | Said::HandedOver(_)
            | Said::NotHandedOver(_)
            | Said::Alerts(_)
            | Said::Desk(_) => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn heartbeats_keep_the_rhythm_that_is_wished_for_and_come_at_once_after_sleep() {
    let orchestrator = Orchestrator::start().await;
    orchestrator.beat_every(20_000);
    let (mut link, mut said) = linked(&orchestrator).await;
    assert_eq!(next_answer(&mut said).await, LinkAnswer::Accepted);
    let begun = Instant::now();
    for _ in 0..3 {
        assert_eq!(next_answer(&mut said).await, LinkAnswer::Accepted);
    }
    let took = begun.elapsed();
    assert!((Duration::from_secs(60)..Duration::from_secs(62)).contains(&took), "{took:?}");
    let woke = Instant::now();
    link.begin_anew();
    assert_eq!(next_answer(&mut said).await, LinkAnswer::Accepted);
    assert!(woke.elapsed() < Duration::from_secs(1), "{:?}", woke.elapsed());
    assert_eq!(link.change(None), Some(Said::NotSetUp));
    // What was under way may still arrive.
    sleep(Duration::from_secs(10)).await;
    let calls = orchestrator.calls();
    sleep(Duration::from_hours(1)).await;
    assert_eq!(orchestrator.calls(), calls, "nobody is called any more");
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_asked_about_every_five_minutes() {
    let orchestrator = Orchestrator::start().await;
    let (_link, mut said) = linked(&orchestrator).await;
    assert_eq!(next_answer(&mut said).await, LinkAnswer::Accepted);
    orchestrator.revoke();
    assert_eq!(next_answer(&mut said).await, LinkAnswer::NotPaired);
    let begun = Instant::now();
    assert_eq!(next_answer(&mut said).await, LinkAnswer::NotPaired);
    let took = begun.elapsed();
    assert!((Duration::from_secs(300)..Duration::from_secs(302)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_silent_for_45_seconds_is_opened_anew() {
    let orchestrator = Orchestrator::start().await;
    let (_link, mut said) = linked(&orchestrator).await;
    tokio::spawn(async move { while said.recv().await.is_some() {} });
    let opened = async |times: usize| {
        while orchestrator.resumed().len() < times {
            sleep(Duration::from_millis(100)).await;
        }
        Instant::now()
    };
    let first = opened(1).await;
    let second = opened(2).await;
    let took = second - first;
    assert!((Duration::from_secs(44)..Duration::from_secs(48)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_token_is_never_sent_in_the_clear() {
    let url = Url::parse("http://triage.example.com").unwrap();
    assert_eq!(Client::new(&url, None).map(drop), Err(Error::UnsafeAddress));
}
