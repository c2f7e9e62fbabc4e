//! What clients may use up.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use triage::signature::{Request, sign};

use crate::support::{TOKEN, TestApp, until};

/// An app that signs its webhooks.
const SIGNS: &[(&str, &str)] =
    &[("PUBLIC_URL", "https://triage.example.com"), ("HUBSPOT_CLIENT_SECRET", SECRET)];
const SECRET: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
const STRANGER: &str = "x-real-ip: 198.51.100.1\r\nx-hubspot-signature-v3: bm8=";

on_both! {
    async fn a_client_with_wrong_credentials_is_told_to_wait_and_the_right_ones_always_get_in(database) {
        let app = TestApp::start(&database, &[]).await;
        let send = async |token: &str, client: &str| {
            let sent = sims::http_client().post(format!("{}/webhooks/hubspot", app.url))
                .header("x-webhook-token", token).header("x-real-ip", client)
                .json(&json!({ "ticket_id": "1", "subject": "a", "content": "b" })).send().await.unwrap();
            let wait = sent.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
            (sent.status(), wait, sent.json::<Value>().await.unwrap())
        };
        for _ in 0..30 {
            assert_eq!(send("guess", "198.51.100.1").await.0, StatusCode::UNAUTHORIZED);
        }
        let (status, wait, body) = send("guess", "198.51.100.1").await;
        assert_eq!((status, wait.as_deref()), (StatusCode::TOO_MANY_REQUESTS, Some("2000")));
        assert_eq!(body["error"]["code"], "too_many_requests");
        assert_eq!(send(TOKEN, "198.51.100.1").await.0, StatusCode::ACCEPTED, "from the same address");
        assert_eq!(send("guess", "198.51.100.2").await.0, StatusCode::UNAUTHORIZED, "another client");
        app.app.clock.advance(Duration::from_secs(2));
        assert_eq!(send("guess", "198.51.100.1").await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(send("guess", "198.51.100.1").await.0, StatusCode::TOO_MANY_REQUESTS);
    }
}

on_both! {
    async fn a_signed_webhook_gets_in_from_an_address_that_was_refused_too_often(database) {
        let app = TestApp::start(&database, SIGNS).await;
        let wrong = [("x-real-ip", "198.51.100.1"), ("content-type", "application/json"), ("x-hubspot-signature-v3", "bm8=")];
        for _ in 0..30 {
            assert_eq!(app.post(b"{}".to_vec(), &wrong).await.0, 401);
        }
        assert_eq!(app.post(b"{}".to_vec(), &wrong).await.0, 429);
        assert_eq!(signed(&app, "198.51.100.1", 0).await, 202);
    }
}

on_both! {
    async fn without_credentials_nothing_of_a_body_is_waited_for(database) {
        let app = TestApp::start(&database, &[]).await;
        for headers in ["x-webhook-token: guess", "x-hubspot-signature-v3: bm8="] {
            let mut stalled = stall(&app, headers, 100).await;
            assert_eq!(status(&mut stalled).await, "401", "{headers}");
        }
    }
}

on_both! {
    async fn bodies_that_never_end_do_not_fill_the_memory(database) {
        let app = TestApp::start(&database, &[]).await;
        let ticket = json!({ "ticket_id": "1", "subject": "a", "content": "b" });
        let mut held = Vec::new();
        for _ in 0..36 {
            held.push(stall(&app, &format!("x-webhook-token: {TOKEN}"), 990_000).await);
        }
        // 32 MiB have room; some of these clients are told so.
        assert_eq!(first_status(&mut held).await, "503");
        drop(held);
        until("there is room again", async || (app.send(&ticket).await.0 == 202).then_some(())).await;
    }
}

on_both! {
    async fn a_stranger_who_stalls_bodies_keeps_nobody_else_out(database) {
        let app = TestApp::start(&database, SIGNS).await;
        let mut held = Vec::new();
        for _ in 0..40 {
            held.push(stall(&app, STRANGER, 990_000).await);
        }
        // A quarter of the room is this client's; then it is told that there is none. Others find room for as much.
        assert_eq!(first_status(&mut held).await, "503");
        assert_eq!(signed(&app, "198.51.100.2", 990_000).await, 202, "another client");
        let token = [("x-webhook-token", TOKEN), ("content-type", "application/json")];
        assert_eq!(app.post(padded(990_000).into_bytes(), &token).await.0, 202, "with the token");
    }
}

on_both! {
    async fn a_slow_body_is_cut_off_after_its_time(database) {
        let app = TestApp::start(&database, SIGNS).await;
        for headers in [STRANGER.to_owned(), format!("x-webhook-token: {TOKEN}")] {
            let slow = stall(&app, &headers, 100).await;
            let answered = tokio::spawn(answer(slow));
            // Its time begins when the request has arrived, which cannot be seen from here.
            until("the body to be cut off", async || {
                app.app.clock.advance(Duration::from_secs(20));
                answered.is_finished().then_some(())
            }).await;
            let answer = answered.await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
            assert!(answer.contains("retry-after: 10000\r\n"), "in milliseconds: {answer}");
            assert!(answer.contains("did not arrive in time"), "{answer}");
        }
    }
}

on_both! {
    async fn bodies_that_break_off_count_against_whoever_has_not_shown_who_it_is(database) {
        let app = TestApp::start(&database, SIGNS).await;
        let guess = async || app.post(b"{}".to_vec(), &[("x-real-ip", "198.51.100.1"), ("x-webhook-token", "guess")]).await.0;
        let break_off = async |headers: &str| {
            let mut broken = stall(&app, headers, 100).await;
            broken.shutdown().await.unwrap();
            assert_eq!(status(&mut broken).await, "503");
        };
        for _ in 0..30 {
            break_off(&format!("x-real-ip: 198.51.100.1\r\nx-webhook-token: {TOKEN}")).await;
        }
        assert_eq!(guess().await, 401, "with the token it is nobody's fault");
        for _ in 0..29 {
            break_off(STRANGER).await;
        }
        assert_eq!(guess().await, 429);
        assert_eq!(signed(&app, "198.51.100.1", 0).await, 202);
    }
}

/// Begins a webhook whose body has 1,000,000 bytes, and sends so many of them.
async fn stall(app: &TestApp, headers: &str, body_bytes: usize) -> TcpStream {
    let mut stream = TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap();
    let head = format!(
        "POST /webhooks/hubspot HTTP/1.1\r\nhost: test\r\n{headers}\r\ncontent-length: 1000000\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b' '; body_bytes]).await.unwrap();
    stream
}

/// The status of the answer that begins.
async fn status(stream: &mut TcpStream) -> String {
    let mut begin = [0; 12];
    stream.read_exact(&mut begin).await.unwrap();
    String::from_utf8_lossy(&begin).replace("HTTP/1.1 ", "")
}

/// The first answer of any of them.
async fn first_status(streams: &mut [TcpStream]) -> String {
    futures::future::select_all(streams.iter_mut().map(|stream| Box::pin(status(stream)))).await.0
}

/// The whole answer, after which the connection may stay open.
async fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    while !answer.ends_with('}') {
        let mut some = [0; 1024];
        let count = stream.read(&mut some).await.unwrap();
        assert!(count > 0, "{answer}");
        answer.push_str(&String::from_utf8_lossy(&some[..count]));
    }
    answer
}

/// A ticket, and so many bytes of nothing.
fn padded(bytes: usize) -> String {
    json!({ "ticket_id": "1", "subject": "a", "content": "b" }).to_string() + &" ".repeat(bytes)
}

/// Sends such a ticket as HubSpot would have signed it, and returns the status.
async fn signed(app: &TestApp, client: &str, padding_bytes: usize) -> u16 {
    let body = padded(padding_bytes);
    let at = app.app.clock.now().as_millis().to_string();
    let url = "https://triage.example.com/webhooks/hubspot";
    let signature = sign(Request { method: "POST", url, body: body.as_bytes() }, &at, SECRET);
    let headers = [
        ("x-real-ip", client),
        ("content-type", "application/json"),
        ("x-hubspot-signature-v3", &signature),
        ("x-hubspot-request-timestamp", &at),
    ];
    app.post(body.into_bytes(), &headers).await.0
}
