//! Cloudflare's API: its envelope, its refusals, and what an edge makes of the set-up.

use crate::{ask, header};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sims::cloudflare::{ACCOUNT_ID, Cloudflare, Permission, TOKEN, ZONE_ID};
use sims::edge::Edge;
use sims::ollama::Ollama;

const HOST: &str = "ollama.example.com";

fn call(api: &Cloudflare, method: Method, path: &str) -> RequestBuilder {
    sims::http_client().request(method, format!("{}{path}", api.url())).bearer_auth(TOKEN)
}

fn in_account(api: &Cloudflare, method: Method, path: &str) -> RequestBuilder {
    call(api, method, &format!("/accounts/{ACCOUNT_ID}/{path}"))
}

async fn made(api: &Cloudflare, path: &str, body: Value) -> Value {
    let (status, answer) = ask(in_account(api, Method::POST, path).json(&body)).await;
    assert!((200..300).contains(&status) && answer["success"] == true, "{status} {answer}");
    answer["result"].clone()
}

#[tokio::test]
async fn a_secret_is_shown_once_and_a_name_of_a_tunnel_is_taken_once() {
    let api = Cloudflare::start().await.unwrap();
    let token = made(&api, "access/service_tokens", json!({"name": "one", "duration": "8760h"})).await;
    assert!(token["client_secret"].as_str().unwrap().starts_with("cfast_"));
    let (_, listed) = ask(in_account(&api, Method::GET, "access/service_tokens")).await;
    assert_eq!(listed["result"][0]["id"], token["id"]);
    assert!(listed["result"][0].get("client_secret").is_none());
    made(&api, "cfd_tunnel", json!({"name": "box", "config_src": "cloudflare"})).await;
    let again = in_account(&api, Method::POST, "cfd_tunnel").json(&json!({"name": "box"}));
    let (status, answer) = ask(again).await;
    assert_eq!((status, answer["errors"][0]["code"].as_u64()), (409, Some(1013)));
}

#[tokio::test]
async fn a_connected_tunnel_and_a_policy_in_use_stay() {
    let api = Cloudflare::start().await.unwrap();
    let tunnel = made(&api, "cfd_tunnel", json!({"name": "box"})).await;
    let id = tunnel["id"].as_str().unwrap();
    api.connect(id, true);
    let path = format!("cfd_tunnel/{id}");
    assert_eq!(ask(in_account(&api, Method::DELETE, &path)).await.0, 400);
    assert_eq!(ask(in_account(&api, Method::DELETE, &format!("{path}/connections"))).await.0, 200);
    assert_eq!(ask(in_account(&api, Method::DELETE, &path)).await.0, 200);
    assert_eq!(api.contents()["tunnels"], json!([]));
    let policy =
        made(&api, "access/policies", json!({"name": "p", "decision": "non_identity", "include": []})).await;
    made(&api, "access/apps", json!({"domain": HOST, "policies": [{"id": policy["id"]}]})).await;
    let path = format!("access/policies/{}", policy["id"].as_str().unwrap());
    assert_eq!(ask(in_account(&api, Method::DELETE, &path)).await.0, 409);
}

#[tokio::test]
async fn refusals_have_their_codes() {
    let api = Cloudflare::start().await.unwrap();
    api.revoke(Permission::Dns);
    let records = format!("/zones/{ZONE_ID}/dns_records");
    let (status, answer) = ask(call(&api, Method::GET, &records)).await;
    assert_eq!((status, answer["errors"][0]["code"].as_u64()), (403, Some(10_000)));
    api.grant(Permission::Dns);
    let record = json!({"type": "CNAME", "name": HOST, "content": "x.cfargotunnel.com", "proxied": true});
    assert_eq!(ask(call(&api, Method::POST, &records).json(&record)).await.0, 200);
    let (_, same) = ask(call(&api, Method::POST, &records).json(&record)).await;
    assert_eq!(same["errors"][0]["code"], 81_058);
    let address = json!({"type": "A", "name": HOST, "content": "203.0.113.9"});
    let (_, clash) = ask(call(&api, Method::POST, &records).json(&address)).await;
    assert_eq!(clash["errors"][0]["code"], 81_053);
    let stranger = sims::http_client().get(format!("{}/user/tokens/verify", api.url())).bearer_auth("wrong");
    assert_eq!(ask(stranger).await.0, 401);
    api.faults.script("429 once wait 7s").unwrap();
    let busy = call(&api, Method::GET, &records).send().await.unwrap();
    assert_eq!((busy.status().as_u16(), header(&busy, "retry-after").as_str()), (429, "7"));
}

#[tokio::test]
async fn lists_come_in_pages() {
    let api = Cloudflare::start().await.unwrap();
    for number in 0..45 {
        made(&api, "access/service_tokens", json!({"name": format!("token {number}")})).await;
    }
    let (_, page) = ask(in_account(&api, Method::GET, "access/service_tokens?page=3&per_page=20")).await;
    assert_eq!(page["result"].as_array().unwrap().len(), 5);
    assert_eq!(page["result_info"]["total_count"], 45);
}

#[tokio::test]
async fn an_edge_does_what_the_account_says() {
    let (api, ollama) = (Cloudflare::start().await.unwrap(), Ollama::start().await.unwrap());
    let edge = Edge::start(&ollama.url(), "other.access", "other").await.unwrap();
    api.show(&edge, HOST);
    let plain = || sims::http_client().get(format!("{}/api/version", edge.url()));
    assert_eq!(ask(plain()).await.0, 200, "without an application everyone passes");
    let token = made(&api, "access/service_tokens", json!({"name": "one"})).await;
    let include = json!([{"service_token": {"token_id": token["id"]}}]);
    let policy = json!({"name": "p", "decision": "allow", "include": include});
    let policy = made(&api, "access/policies", policy).await;
    let app = json!({"type": "self_hosted", "domain": HOST, "policies": [{"id": policy["id"]}]});
    made(&api, "access/apps", app).await;
    let with_token = || {
        plain()
            .header("CF-Access-Client-Id", token["client_id"].as_str().unwrap())
            .header("CF-Access-Client-Secret", token["client_secret"].as_str().unwrap())
    };
    assert_eq!(ask(plain()).await.0, 302);
    assert_eq!(ask(with_token()).await.0, 302, "an Allow policy wants a person");
    let path = format!("access/policies/{}", policy["id"].as_str().unwrap());
    let right = json!({"name": "p", "decision": "non_identity", "include": include});
    assert_eq!(ask(in_account(&api, Method::PUT, &path).json(&right)).await.0, 200);
    assert_eq!(ask(with_token()).await.0, 200);
    api.set_expiry("one", "2020-01-01T00:00:00Z");
    assert_eq!(ask(with_token()).await.0, 302);
}

#[tokio::test]
async fn a_changed_secret_and_the_one_before_work_together_until_the_old_one_ends() {
    let (api, ollama) = (Cloudflare::start().await.unwrap(), Ollama::start().await.unwrap());
    let edge = Edge::start(&ollama.url(), "other.access", "other").await.unwrap();
    let token = made(&api, "access/service_tokens", json!({"name": "one"})).await;
    let include = json!([{"service_token": {"token_id": token["id"]}}]);
    let policy = json!({"name": "p", "decision": "non_identity", "include": include});
    let policy = made(&api, "access/policies", policy).await;
    let app = json!({"type": "self_hosted", "domain": HOST, "policies": [{"id": policy["id"]}]});
    made(&api, "access/apps", app).await;
    api.show(&edge, HOST);
    let answered = async |secret: &str| {
        let call = sims::http_client()
            .get(format!("{}/api/version", edge.url()))
            .header("CF-Access-Client-Id", token["client_id"].as_str().unwrap())
            .header("CF-Access-Client-Secret", secret);
        ask(call).await.0
    };
    let path = format!("access/service_tokens/{}/rotate", token["id"].as_str().unwrap());
    let rotated = async |ends: &str| {
        let body = json!({"previous_client_secret_expires_at": ends});
        made(&api, &path, body).await["client_secret"].as_str().unwrap().to_owned()
    };
    let first = token["client_secret"].as_str().unwrap();
    let second = rotated("2999-01-01T00:00:00Z").await;
    assert_eq!((answered(first).await, answered(&second).await), (200, 200));
    let third = rotated("2020-01-01T00:00:00Z").await;
    assert_eq!((answered(first).await, answered(&second).await, answered(&third).await), (302, 302, 200));
    let fourth = made(&api, &path, json!({})).await["client_secret"].as_str().unwrap().to_owned();
    assert_eq!((answered(&third).await, answered(&fourth).await), (302, 200), "left out, it ends now");
    let wrong = in_account(&api, Method::POST, &path).json(&json!({"previous_client_secret_expires_at": 7}));
    assert_eq!(ask(wrong).await.0, 400);
}
