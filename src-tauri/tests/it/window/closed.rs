//! What the window must not do, whatever runs in it.

use std::net::TcpListener;

use e2e::machine::{ACCESS_ID, ACCESS_SECRET, TUNNEL};
use serde_json::{Value, json};
use sims::edge::tunnel_token;
use sims::hubspot::Ticket;

use super::driver::Page;
use super::scene::Scene;

/// Commands of the app and of its plugins that no page may call.
pub(super) async fn nothing_leaves_the_window(page: &Page) {
    for (command, arguments) in [
        ("plugin:fs|read_file", json!({ "path": "/etc/passwd" })),
        ("plugin:shell|execute", json!({ "program": "true", "args": [] })),
        ("plugin:event|emit", json!({ "event": "status", "payload": {} })),
        ("plugin:window|close", json!({})),
        ("plugin:webview|create_webview_window", json!({ "options": { "label": "other", "url": "/" } })),
        ("plugin:autostart|enable", json!({})),
        ("read_secret", json!({ "name": "tunnel-token" })),
    ] {
        let answer = page.call(command, &arguments).await;
        assert!(answer.get("refused").is_some(), "{command}: {answer}");
    }
    nothing_is_loaded(page).await;
}

async fn nothing_is_loaded(page: &Page) {
    let outside = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    outside.set_nonblocking(true).unwrap();
    let script = "const [url, end] = arguments; const told = {}; \
        const tell = (what, how) => { told[what] = how; if (Object.keys(told).length === 5) end(told); }; \
        for (const what of ['img', 'script']) { \
            const it = document.createElement(what); \
            it.onload = () => tell(what, 'loaded'); it.onerror = () => tell(what, 'blocked'); \
            it.src = `${url}${what}`; document.body.append(it); } \
        fetch(`${url}fetch`, { mode: 'no-cors' }).then(() => tell('fetch', 'loaded'), () => tell('fetch', 'blocked')); \
        try { const it = new WebSocket(url.replace('http', 'ws')); \
            it.onopen = () => tell('socket', 'loaded'); it.onerror = () => tell('socket', 'blocked'); } \
        catch { tell('socket', 'blocked'); } \
        try { (0, eval)('1'); tell('eval', 'loaded'); } catch { tell('eval', 'blocked'); }";
    let url = format!("http://{}/", outside.local_addr().unwrap());
    let told = page.wait(script, vec![json!(url)]).await;
    for what in ["img", "script", "fetch", "socket", "eval"] {
        assert_eq!(told[what], "blocked", "{what}: {told}");
    }
    assert!(outside.accept().is_err(), "somebody came");
    page.run("document.querySelectorAll('body > img, body > script').forEach((it) => it.remove())", vec![])
        .await;
}

/// After secrets were set, no command that can be called tells one.
pub(super) async fn no_secret_comes_back(page: &Page) {
    let told = page.call("secrets", &json!({})).await;
    assert_eq!(told["done"][0]["is_set"], true, "{told}");
    let mut all = vec![told];
    for (command, arguments) in [
        ("status", json!({})),
        ("settings", json!({})),
        ("test_secrets", json!({})),
        ("logs", json!({ "program": "cloudflared" })),
        ("logs", json!({ "program": "ollama" })),
        ("evidence", json!({ "layer": "edge" })),
        ("evidence", json!({ "layer": "public_address" })),
        ("set_secret", json!({ "name": "cf-access-client-secret", "value": "" })),
        ("set_secret", json!({ "name": "device-token", "value": ACCESS_SECRET })),
    ] {
        all.push(page.call(command, &arguments).await);
    }
    let told = serde_json::to_string(&all).unwrap();
    for secret in [ACCESS_ID, ACCESS_SECRET, &tunnel_token(TUNNEL), "hst_"] {
        assert!(!told.contains(secret), "{secret} came back: {told}");
    }
}

/// Whatever a ticket says is text.
pub(super) async fn tickets_are_text(scene: &Scene, page: &Page) {
    let markup = "<img src=x onerror=\"window.owned=1\"> VAT invoice";
    let turned = "\u{202E}مرحبا <b>invoice</b> \u{2067}שלום";
    let long: String = (1..=900).map(|number| format!("VAT{number} ")).collect();
    let long: String = long.chars().take(4_000).collect();
    let tickets = [(101, markup), (102, turned), (103, long.as_str())];
    for (id, subject) in tickets {
        let ticket = Ticket::new(id, subject, "The invoice shows the wrong VAT number.");
        assert_eq!(scene.orchestrator.sender().workflow(&ticket).await.unwrap().status, 202);
    }
    page.go("Tickets").await;
    for (id, subject) in tickets {
        page.click(&format!("//main//div[@role='option'][contains(@id,'-{id}')]")).await;
        page.find(&format!("//article//span[@class[contains(.,'id')]][normalize-space()='{id}']")).await;
        let start: String = subject.trim().chars().take(40).collect();
        page.until_text("the subject as text", |text| text.contains(start.trim())).await;
        page.until_text("its verdict", |text| text.contains("Why") && text.contains("Confidence")).await;
        scene.desktop.shoot(&format!("ticket-{id}"));
    }
    let seen = page
        .run(
            "const { scrollWidth, clientWidth } = document.documentElement; \
             return { owned: window.owned ?? null, images: document.querySelectorAll('main img, main b').length, \
             wide: scrollWidth - clientWidth }",
            vec![],
        )
        .await;
    assert_eq!(seen, json!({ "owned": Value::Null, "images": 0, "wide": 0 }));
}
