//! What clients may use up.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{TOKEN, TestApp, until};

on_both! {
    async fn a_client_with_wrong_credentials_is_slowed_down_and_forgiven(database) {
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
        let (status, wait, body) = send(TOKEN, "198.51.100.1").await;
        assert_eq!((status, wait.as_deref()), (StatusCode::TOO_MANY_REQUESTS, Some("2000")));
        assert_eq!(body["error"]["code"], "too_many_requests");
        assert_eq!(send(TOKEN, "198.51.100.2").await.0, StatusCode::ACCEPTED, "another client");
        app.app.clock.advance(Duration::from_secs(2));
        assert_eq!(send(TOKEN, "198.51.100.1").await.0, StatusCode::ACCEPTED);
    }
}

on_both! {
    async fn bodies_that_never_end_do_not_fill_the_memory(database) {
        let app = TestApp::start(&database, &[]).await;
        let ticket = json!({ "ticket_id": "1", "subject": "a", "content": "b" });
        let mut held = Vec::new();
        for _ in 0..36 {
            let mut stream = TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap();
            let head = "POST /webhooks/hubspot HTTP/1.1\r\nhost: test\r\ncontent-length: 1000000\r\n\r\n";
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(&vec![b' '; 990_000]).await.unwrap();
            held.push(stream);
        }
        // 32 MiB have room; some of these clients are told so.
        let told = futures::future::select_all(held.iter_mut().map(|stream| {
            Box::pin(async move {
                let mut begin = [0; 12];
                stream.read_exact(&mut begin).await.unwrap();
                String::from_utf8_lossy(&begin).into_owned()
            })
        }));
        assert_eq!(told.await.0, "HTTP/1.1 503");
        drop(held);
        until("there is room again", async || (app.send(&ticket).await.0 == 202).then_some(())).await;
    }
}
