//! Alerts: raised once, changed as they grow, cleared once, told to every device, however many orchestrators look.

use std::time::Duration;

use link::{Alerts, Check, Heartbeat, LayerHealth, LayerReport, Receipt, Standing};
use orchestrator::alerting::evaluate;
use serde::Serialize;

use crate::support::{Database, Device, TestApp, until};

const FIVE_MINUTES: Duration = Duration::from_secs(5 * 60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// How an alert shows: rule, severity, sentence.
type Seen = (String, String, String);

async fn alerts(app: &TestApp, device: &Device) -> Alerts {
    let (status, alerts) = device.get(app, "/alerts").await;
    assert_eq!(status, 200, "{alerts}");
    serde_json::from_value(alerts).unwrap()
}

async fn open(app: &TestApp, device: &Device) -> Vec<Seen> {
    let open = alerts(app, device).await.open;
    open.into_iter().map(|alert| (alert.kind, alert.severity, alert.sentence)).collect()
}

/// Both look at once, until one of them had its turn: the service's own look, every 15 s, may be at it and have read
/// before the test's last change.
async fn look(app: &TestApp, other: &TestApp) {
    until("a look at all that is known", async || {
        let (one, two) = tokio::join!(evaluate(&app.app), evaluate(&other.app));
        one.unwrap().or(two.unwrap())
    })
    .await;
}

/// The device has reported when `later` has passed: said before the clock moves, as the service looks by itself too.
async fn heard_in(database: &Database, app: &TestApp, device: &Device, later: Duration) {
    let at = app.app.clock.now().plus(later).as_millis();
    database.run_made(format!("update devices set last_seen_at = {at} where id = '{}'", device.id)).await;
}

async fn set(database: &Database, device: &Device, column: &str, value: &impl Serialize) {
    let json = serde_json::to_string(value).unwrap();
    database.run_made(format!("update devices set {column} = '{json}' where id = '{}'", device.id)).await;
}

fn heartbeat(access_closed: LayerHealth) -> Heartbeat {
    Heartbeat {
        version: "0.1.0".to_owned(),
        sent_at: "2026-11-23T00:00:00.000Z".to_owned(),
        overall: "healthy".to_owned(),
        standing: Standing::default(),
        layers: vec![LayerReport {
            layer: "access_closed".to_owned(),
            health: access_closed,
            sentence: "A call without token was answered.".to_owned(),
            latency_ms: None,
        }],
        programs: Vec::new(),
        models: Vec::new(),
        wanted_model: "llama3.2:latest".to_owned(),
        public_url: None,
        load: None,
    }
}

fn receipt(refused: Option<bool>) -> Receipt {
    Receipt {
        checked_at: "2026-11-23T00:00:00.000Z".to_owned(),
        url: "https://llm.example.com".to_owned(),
        closed: refused == Some(true),
        checks: vec![Check {
            what: "/api/pull".to_owned(),
            refused,
            status: None,
            sentence: "/api/pull is served".to_owned(),
        }],
    }
}

on_both! {
    async fn a_silent_device_is_told_once_and_so_is_its_return(database) {
        let one = TestApp::start(&database, &[]).await;
        let start = one.app.clock.now();
        let other = TestApp::join_at(&database, one.world.clone(), &[], Some(start)).await;
        let (watcher, device) = (Device::pair(&one.app.store, "watcher", start).await, Device::pair(&one.app.store, "studio", start).await);
        let mut stream = watcher.follow(&other, None).await;
        heard_in(&database, &one, &watcher, FIVE_MINUTES).await;
        for app in [&one, &other] {
            app.app.clock.advance(FIVE_MINUTES);
        }
        for _ in 0..3 {
            look(&one, &other).await;
        }
        let raised = stream.next().await.unwrap();
        let alert = raised.alert.unwrap();
        assert_eq!((raised.kind.as_str(), raised.ticket_id, raised.triage), ("alert_raised", None, None));
        assert_eq!((alert.kind.as_str(), alert.subject.as_str(), alert.cleared_at), ("device_silent", device.id.as_str(), None));
        assert!(alert.what_to_do.contains("triage-agent run"));
        let seen = ("device_silent".to_owned(), "email".to_owned(), "studio does not report any more.".to_owned());
        assert_eq!(open(&one, &watcher).await, [seen]);

        heard_in(&database, &one, &device, Duration::ZERO).await;
        for _ in 0..3 {
            look(&one, &other).await;
        }
        let cleared = stream.next().await.unwrap();
        assert_eq!((cleared.kind.as_str(), cleared.alert.as_ref().map(|a| a.id.clone())), ("alert_cleared", Some(alert.id.clone())));
        assert!(cleared.alert.unwrap().cleared_at.is_some());
        let alerts = alerts(&other, &watcher).await;
        assert_eq!((alerts.open.len(), alerts.recent.len()), (0, 1));
        let steps = database.ask("select cast(count(*) as text) from changes").await;
        assert_eq!(steps, "2", "each was told once");

        for device in [&watcher, &device] {
            heard_in(&database, &one, device, DAY * 8).await;
        }
        for app in [&one, &other] {
            app.app.clock.advance(DAY * 8);
        }
        assert_eq!(self::alerts(&one, &watcher).await.recent, [], "after a week nobody wants to know");
    }
}

on_both! {
    async fn an_open_tunnel_is_urgent_whoever_saw_it(database) {
        let app = TestApp::start(&database, &[]).await;
        let device = Device::of(&app).await;
        let of = |sentence: &str| vec![("tunnel_exposed".to_owned(), "page".to_owned(), format!("Strangers can reach the model on studio: {sentence}."))];
        set(&database, &device, "heartbeat", &heartbeat(LayerHealth::Fail)).await;
        look(&app, &app).await;
        assert_eq!(open(&app, &device).await, of("A call without token was answered"));
        set(&database, &device, "receipt", &receipt(Some(false))).await;
        look(&app, &app).await;
        assert_eq!(open(&app, &device).await, of("/api/pull is served"), "the alert stays the same one and says what is known");
        set(&database, &device, "heartbeat", &heartbeat(LayerHealth::Unknown)).await;
        set(&database, &device, "receipt", &receipt(None)).await;
        look(&app, &app).await;
        assert_eq!(open(&app, &device).await, [], "no answer is no open door");
        assert_eq!(database.ask("select cast(count(*) as text) from alerts").await, "1");
        let told = database.ask("select cast(count(*) as text) from changes where kind in ('alert_raised', 'alert_changed', 'alert_cleared')").await;
        assert_eq!(told, "3");
    }
}

on_both! {
    async fn credentials_count_down_and_a_revoked_device_needs_nobody(database) {
        let app = TestApp::start(&database, &[]).await;
        let (watcher, device) = (Device::of(&app).await, Device::of(&app).await);
        let ends = app.app.clock.now().plus(DAY * 30).as_millis();
        database.run_made(format!(
            "insert into tunnels (device_id, url, model, verified_at, expires_at) values ('{}', 'https://llm.example.com', 'm', 1, {ends})", device.id)).await;
        let mut told = Vec::new();
        for days in [0, 23, 6, 1] {
            for device in [&device, &watcher] {
                heard_in(&database, &app, device, DAY * days).await;
            }
            app.app.clock.advance(DAY * days);
            look(&app, &app).await;
            told.extend(open(&app, &watcher).await.into_iter().map(|(kind, severity, sentence)| {
                assert_eq!(kind, "credentials_expire");
                (severity, sentence.split_once("tunnel ").unwrap().1.to_owned())
            }));
        }
        let expected = [("email", "expire in 30 days."), ("email", "expire soon, in 7 days."), ("page", "expire within a day."), ("page", "have expired.")];
        assert_eq!(told, expected.map(|(severity, when)| (severity.to_owned(), when.to_owned())));
        app.app.store.revoke_device(&device.id, app.app.clock.now()).await.unwrap();
        look(&app, &app).await;
        assert_eq!(open(&app, &watcher).await, []);
        assert_eq!(alerts(&app, &watcher).await.recent.len(), 1);
    }
}
