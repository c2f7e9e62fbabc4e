//! Discord's wire.

use crate::{ask, header};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sims::discord::{Discord, WEBHOOK_ID, WEBHOOK_TOKEN};
use std::time::Duration;

fn send(discord: &Discord, body: &Value) -> RequestBuilder {
    sims::http_client().post(format!("{}?wait=true", discord.webhook_url())).json(body)
}

fn embed(embed: &Value) -> Value {
    json!({"embeds": [embed], "allowed_mentions": {"parse": []}})
}

#[tokio::test]
async fn messages_are_posted_edited_read_and_deleted() {
    let discord = Discord::start().await.unwrap();
    let body = embed(&json!({"title": " Printer on fire ", "footer": {"text": "ticket 31415926535"}}));
    let (status, first) = ask(send(&discord, &body)).await;
    assert_eq!(status, 200);
    assert_eq!(first["embeds"][0]["title"], "Printer on fire");
    let (_, second) = ask(send(&discord, &json!({"content": "two"}))).await;
    let id = |message: &Value| message["id"].as_str().unwrap().parse::<u64>().unwrap();
    assert!(id(&second) > id(&first));
    let place = format!("{}/messages/{}", discord.webhook_url(), first["id"].as_str().unwrap());
    let client = sims::http_client();
    let edit = embed(&json!({"title": "Printer is wet", "footer": {"text": "ticket 31415926535"}}));
    assert_eq!(ask(client.patch(&place).json(&edit)).await.0, 200);
    assert_eq!(ask(client.get(&place)).await.1["embeds"][0]["title"], "Printer is wet");
    let message = discord.message_for("31415926535").unwrap();
    assert_eq!((message.edits, message.title()), (1, "Printer is wet".to_owned()));
    assert!(discord.message_for("3141592653").is_none(), "whole numbers only");
    assert!(discord.messages_text().contains("two"));
    discord.set_bucket(5, Duration::from_secs(2));
    assert_eq!(ask(client.delete(&place)).await.0, 204);
    let gone = ask(client.patch(&place).json(&edit)).await;
    assert_eq!(gone, (404, json!({"message": "Unknown Message", "code": 10008})));
    assert_eq!(discord.messages().len(), 1);
}

#[tokio::test]
async fn without_wait_there_is_no_body() {
    let discord = Discord::start().await.unwrap();
    let call = sims::http_client().post(discord.webhook_url()).json(&json!({"content": "x"}));
    assert_eq!(ask(call).await, (204, Value::Null));
}

#[tokio::test]
async fn webhooks_are_known_by_id_and_token_in_both_paths() {
    let discord = Discord::start().await.unwrap();
    let client = sims::http_client();
    let v10 = format!("{}/api/v10/webhooks/{WEBHOOK_ID}/{WEBHOOK_TOKEN}", discord.url());
    let (status, hook) = ask(client.get(&v10)).await;
    assert_eq!((status, &hook["id"]), (200, &json!(WEBHOOK_ID)));
    let wrong = client.get(format!("{}/api/webhooks/{WEBHOOK_ID}/wrong", discord.url()));
    assert_eq!(ask(wrong).await, (401, json!({"message": "Invalid Webhook Token", "code": 50027})));
    discord.remove_webhook(WEBHOOK_ID);
    assert_eq!(ask(client.get(&v10)).await, (404, json!({"message": "Unknown Webhook", "code": 10015})));
}

#[tokio::test]
async fn limits_are_checked_by_characters_at_the_leaf() {
    let discord = Discord::start().await.unwrap();
    discord.unlimited();
    let (status, body) = ask(send(&discord, &embed(&json!({"description": "é".repeat(4097)})))).await;
    let expected = json!({"message": "Invalid Form Body", "code": 50035, "errors": {"embeds": {"0": {"description":
        {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 4096 or fewer in length."}]}}}}});
    assert_eq!((status, body), (400, expected));
    assert_eq!(ask(send(&discord, &embed(&json!({"description": "é".repeat(4096)})))).await.0, 200);
    let leaf = |body: Value, path: &str| {
        let call = send(&discord, &body);
        let path = format!("/errors/{path}/_errors/0/code");
        async move {
            let (status, answer) = ask(call).await;
            assert_eq!(status, 400, "{answer}");
            answer.pointer(&path).unwrap_or_else(|| panic!("{path} in {answer}")).as_str().unwrap().to_owned()
        }
    };
    assert_eq!(leaf(json!({"content": "x".repeat(2001)}), "content").await, "BASE_TYPE_MAX_LENGTH");
    let field = embed(&json!({"fields": [{"name": "a", "value": " "}]}));
    assert_eq!(leaf(field, "embeds/0/fields/0/value").await, "BASE_TYPE_REQUIRED");
    let fields: Vec<Value> = (0..26).map(|_| json!({"name": "a", "value": "b"})).collect();
    assert_eq!(leaf(embed(&json!({"fields": fields})), "embeds/0/fields").await, "BASE_TYPE_MAX_LENGTH");
    let big = json!({"embeds": [{"description": "x".repeat(4000)}, {"description": "x".repeat(2001)}]});
    assert_eq!(leaf(big, "embeds").await, "MAX_EMBED_SIZE_EXCEEDED");
    let name = json!({"content": "x", "username": "My Discord"});
    assert_eq!(leaf(name, "username").await, "USERNAME_INVALID_CONTAINS");
    assert_eq!(
        leaf(embed(&json!({"title": "x", "color": 16_777_216})), "embeds/0/color").await,
        "NUMBER_TYPE_MAX"
    );
    let both = json!({"content": "x", "allowed_mentions": {"parse": ["roles"], "roles": ["1"]}});
    assert_eq!(leaf(both, "allowed_mentions").await, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE");
    let empty = ask(send(&discord, &json!({"content": "  "}))).await;
    assert_eq!(empty, (400, json!({"message": "Cannot send an empty message", "code": 50006})));
    assert_eq!(discord.messages().len(), 1);
}

#[tokio::test]
async fn the_bucket_holds_five() {
    let discord = Discord::start().await.unwrap();
    discord.set_bucket(5, Duration::from_secs(3600));
    for left in (0..5).rev() {
        let answer = send(&discord, &json!({"content": "x"})).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(header(&answer, "x-ratelimit-remaining"), left.to_string());
    }
    let over = send(&discord, &json!({"content": "x"})).send().await.unwrap();
    assert_eq!(over.status(), 429);
    assert_eq!(header(&over, "x-ratelimit-scope"), "user");
    let body: Value = over.json().await.unwrap();
    assert!(body["retry_after"].is_f64() && body["global"] == false, "{body}");
    assert_eq!(discord.messages().len(), 5);
}

#[tokio::test]
async fn faults_look_as_discord_looks() {
    let discord = Discord::start().await.unwrap();
    discord
        .faults
        .script("429 once wait 850ms; global 429 once; cloudflare 429 once; deleted once; bad token once")
        .unwrap();
    let hello = json!({"content": "x"});
    let (status, body) = ask(send(&discord, &hello)).await;
    assert_eq!((status, &body["retry_after"]), (429, &json!(0.85)));
    let global = send(&discord, &hello).send().await.unwrap();
    assert_eq!(header(&global, "x-ratelimit-global"), "true");
    let banned = send(&discord, &hello).send().await.unwrap();
    assert_eq!((banned.status().as_u16(), header(&banned, "retry-after")), (429, "60".to_owned()));
    assert!(banned.headers().get("x-ratelimit-limit").is_none());
    assert!(banned.text().await.unwrap().contains("<html"));
    assert_eq!(ask(send(&discord, &hello)).await.1["code"], 10015);
    assert_eq!(ask(send(&discord, &hello)).await.1["code"], 50027);
    assert_eq!(ask(send(&discord, &hello)).await.0, 200);
}

#[tokio::test]
async fn the_page_and_its_feed_are_there() {
    let discord = Discord::start().await.unwrap();
    ask(send(&discord, &json!({"content": "one"}))).await;
    let client = sims::http_client();
    let (_, feed) = ask(client.get(format!("{}/_sim/messages", discord.url()))).await;
    assert_eq!((&feed["version"], &feed["messages"][0]["content"]), (&json!(1), &json!("one")));
    let (_, later) = ask(client.get(format!("{}/_sim/messages?after=1", discord.url()))).await;
    assert_eq!(later["messages"], json!([]));
    assert_eq!(ask(client.get(discord.url())).await.0, 200);
    assert_eq!(discord.journal.count(), 1, "the page is not journaled");
}
