//! Groq's wire.

use crate::{ask, ask_text, header};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sims::groq::{Groq, KEY};

fn question() -> Value {
    json!({"model": "openai/gpt-oss-20b", "messages": [
        {"role": "system", "content": "Answer in JSON."},
        {"role": "user", "content": "Subject: Cannot log in\n\nMy password does not work, please help with the login."}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "triage", "strict": true, "schema": {
            "type": "object", "additionalProperties": false, "required": ["category", "confidence"],
            "properties": {"category": {"type": "string", "enum": ["billing", "account", "other"]},
                "confidence": {"type": "number"}}}}}})
}

fn complete(groq: &Groq, body: &Value) -> RequestBuilder {
    sims::http_client().post(format!("{}/chat/completions", groq.base_url())).bearer_auth(KEY).json(body)
}

#[tokio::test]
async fn a_completion_keeps_to_the_schema_and_tells_its_limits() {
    let groq = Groq::start().await.unwrap();
    let answer = complete(&groq, &question()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    for name in ["limit-requests", "limit-tokens", "remaining-requests", "remaining-tokens", "reset-tokens"] {
        header(&answer, &format!("x-ratelimit-{name}"));
    }
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    let verdict: Value =
        serde_json::from_str(answer["choices"][0]["message"]["content"].as_str().unwrap()).unwrap();
    assert_eq!(verdict["category"], "account");
}

#[tokio::test]
async fn errors_have_their_bodies() {
    let groq = Groq::start().await.unwrap();
    let wrong = complete(&groq, &question()).bearer_auth("gsk_wrong");
    let wrong = sims::http_client().execute({
        let mut call = wrong.build().unwrap();
        call.headers_mut().insert("authorization", "Bearer gsk_wrong".parse().unwrap());
        call
    });
    let wrong = wrong.await.unwrap();
    assert_eq!(wrong.status(), 401);
    let body: Value = wrong.json().await.unwrap();
    assert_eq!(
        body,
        json!({"error": {"message": "Invalid API Key", "type": "invalid_request_error",
        "code": "invalid_api_key"}})
    );
    let mut old = question();
    old["model"] = json!("llama-3.1-8b-instant");
    let (status, body) = ask(complete(&groq, &old)).await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("model_not_found")));
    groq.faults
        .script("json_validate_failed once; no json_schema once; 1010 once; 429 once wait 6s; 498 once")
        .unwrap();
    let (status, body) = ask(complete(&groq, &question())).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!("json_validate_failed")));
    assert!(body["error"]["failed_generation"].is_string());
    let (status, body) = ask(complete(&groq, &question())).await;
    assert_eq!(status, 400);
    assert!(
        body["error"]["message"].as_str().unwrap().contains("does not support response format `json_schema`")
    );
    assert_eq!(ask_text(complete(&groq, &question())).await, (403, "error code: 1010".to_owned()));
    let limited = complete(&groq, &question()).send().await.unwrap();
    assert_eq!((limited.status().as_u16(), header(&limited, "retry-after")), (429, "6".to_owned()));
    assert_eq!(ask(complete(&groq, &question())).await.0, 498);
}

#[tokio::test]
async fn strict_schemas_must_be_complete_and_closed() {
    let groq = Groq::start().await.unwrap();
    let mut body = question();
    body["response_format"]["json_schema"]["schema"]["required"] = json!(["category"]);
    let (status, answer) = ask(complete(&groq, &body)).await;
    assert_eq!(status, 400);
    assert!(answer["error"]["message"].as_str().unwrap().contains("Missing 'confidence'"), "{answer}");
    let mut body = question();
    body["response_format"]["json_schema"]["schema"]["additionalProperties"] = json!(true);
    assert_eq!(ask(complete(&groq, &body)).await.0, 400);
}

#[tokio::test]
async fn json_objects_need_the_word_and_take_the_keys_of_the_prompt() {
    let groq = Groq::start().await.unwrap();
    let mut body = question();
    body["response_format"] = json!({"type": "json_object"});
    body["messages"][0]["content"] = json!("Answer shortly.");
    assert_eq!(ask(complete(&groq, &body)).await.0, 400);
    body["messages"][0]["content"] =
        json!("Answer in JSON.\n- access: login and passwords\n- money: invoices");
    let (status, answer) = ask(complete(&groq, &body)).await;
    assert_eq!(status, 200);
    let verdict: Value =
        serde_json::from_str(answer["choices"][0]["message"]["content"].as_str().unwrap()).unwrap();
    assert_eq!(verdict["category"], "access");
}

#[tokio::test]
async fn tokens_run_out() {
    let groq = Groq::start().await.unwrap();
    groq.set_limits(1000, 150);
    assert_eq!(ask(complete(&groq, &question())).await.0, 200);
    let limited = complete(&groq, &question()).send().await.unwrap();
    assert_eq!(limited.status(), 429);
    assert!(header(&limited, "retry-after").parse::<u32>().unwrap() >= 1);
}

#[tokio::test]
async fn models_are_listed() {
    let groq = Groq::start().await.unwrap();
    let call = sims::http_client().get(format!("{}/models", groq.base_url())).bearer_auth(KEY);
    assert_eq!(ask(call).await.1["data"][0]["id"], "openai/gpt-oss-20b");
}
