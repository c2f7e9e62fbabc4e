//! `POST /chat/completions`: Groq's rules for structured output, then an answer by schema.

use super::{State, failure};
use crate::brain;
use crate::clock;
use crate::faults::Kind;
use crate::wire::{Reply, Request};
use serde_json::{Value, json};

const INVALID: &str = "invalid_request_error";
const LETTERS_PER_TOKEN: usize = 4;

pub(super) fn missing_model(model: &str) -> Reply {
    let text = format!("The model `{model}` does not exist or you do not have access to it.");
    failure(404, &text, (INVALID, Some("model_not_found")))
}

pub(super) async fn answer(state: &State, request: &Request, fault: Option<Kind>) -> Reply {
    let Some(body) = &request.json else {
        return failure(400, "The request body is not valid JSON.", (INVALID, None));
    };
    let model = body["model"].as_str().unwrap_or_default();
    let known = state.settings().models.iter().any(|known| known == model);
    if !known || fault == Some(Kind::ModelMissing) {
        return missing_model(model);
    }
    if let Some(text) = objection(body, model, fault) {
        return failure(400, &text, (INVALID, None));
    }
    if fault == Some(Kind::JsonValidateFailed) {
        return validate_failed();
    }
    let prompt_tokens = text_of(body, None).chars().count() / LETTERS_PER_TOKEN;
    let (delay, taken) = {
        let mut settings = state.settings();
        let taken = settings.limits.take(u32::try_from(prompt_tokens + 100).unwrap_or(u32::MAX));
        (settings.delay, taken)
    };
    if let Err(wait) = taken {
        return state.settings().limits.exceeded(model, wait);
    }
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let headers = state.settings().limits.headers();
    speak(body, model, fault, prompt_tokens).headers(headers)
}

fn objection(body: &Value, model: &str, fault: Option<Kind>) -> Option<String> {
    if body["messages"].as_array().is_none_or(Vec::is_empty) {
        return Some("'messages' : minimum number of items is 1".to_owned());
    }
    let format = &body["response_format"];
    let is_oss = model.starts_with("openai/gpt-oss");
    if body["reasoning_effort"] == "none" && is_oss {
        return Some("`reasoning_effort` must be one of `low`, `medium`, or `high`".to_owned());
    }
    if body.get("include_reasoning").is_some() && body.get("reasoning_format").is_some() {
        return Some("`include_reasoning` and `reasoning_format` cannot be used together".to_owned());
    }
    match format["type"].as_str() {
        None | Some("text") => None,
        Some("json_object") => {
            let says_json = text_of(body, None).to_lowercase().contains("json");
            (!says_json).then(|| {
                "'messages' must contain the word 'json' in some form, to use 'response_format' of type \
                 'json_object'."
                    .to_owned()
            })
        }
        Some("json_schema") => {
            if fault == Some(Kind::NoJsonSchema) || !is_oss {
                return Some(
                    "This model does not support response format `json_schema`. See supported models at \
                    https://console.groq.com/docs/structured-outputs#supported-models"
                        .to_owned(),
                );
            }
            if body["stream"] == true {
                return Some("response format `json_schema` cannot be combined with `stream`".to_owned());
            }
            schema_objection(&format["json_schema"])
        }
        Some(other) => Some(format!("response_format type `{other}` is not supported")),
    }
}

fn schema_objection(named: &Value) -> Option<String> {
    if named["name"].as_str().is_none_or(str::is_empty) {
        return Some("'response_format.json_schema.name' : property is missing".to_owned());
    }
    if !named["schema"].is_object() {
        return Some("'response_format.json_schema.schema' : property is missing".to_owned());
    }
    if named["strict"] != true {
        return None;
    }
    loose_object(&named["schema"], "/").map(|problem| {
        format!(
            "invalid JSON schema for response_format: '{}': {problem}",
            named["name"].as_str().unwrap_or_default()
        )
    })
}

/// What breaks the strict rules, anywhere in the schema.
fn loose_object(schema: &Value, place: &str) -> Option<String> {
    let types = &schema["type"];
    let is_object = types == "object" || types.as_array().is_some_and(|all| all.contains(&json!("object")));
    if is_object || schema.get("properties").is_some() {
        if schema["additionalProperties"] != false {
            return Some(format!("{place}: `additionalProperties:false` must be set on every object"));
        }
        let empty = serde_json::Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&empty);
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (name, form) in properties {
            if !required.contains(&json!(name)) {
                return Some(format!(
                    "{place}: `required` is required to be supplied and to be an array including every key in \
                     properties. Missing '{name}'"
                ));
            }
            if let Some(problem) = loose_object(form, &format!("{place}properties/{name}/")) {
                return Some(problem);
            }
        }
    }
    let items = schema.get("items").into_iter();
    let choices = ["anyOf", "$defs"].into_iter().filter_map(|key| schema.get(key)).flat_map(|inner| {
        let list = inner.as_array().into_iter().flatten();
        list.chain(inner.as_object().into_iter().flat_map(|named| named.values()))
    });
    items.chain(choices).find_map(|inner| loose_object(inner, place))
}

fn validate_failed() -> Reply {
    let error = json!({"message": "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more \
        details.", "type": INVALID, "code": "json_validate_failed", "failed_generation": "{\"priority\": \"HI"});
    Reply::json(400, &json!({"error": error}))
}

fn text_of(body: &Value, role: Option<&str>) -> String {
    let messages = body["messages"].as_array().into_iter().flatten();
    let wanted = messages.filter(|message| role.is_none_or(|role| message["role"] == role));
    wanted.filter_map(|message| message["content"].as_str()).collect::<Vec<_>>().join("\n")
}

fn speak(body: &Value, model: &str, fault: Option<Kind>, prompt_tokens: usize) -> Reply {
    let schema = body["response_format"]["json_schema"].get("schema");
    let thought = brain::think(schema, &text_of(body, Some("system")), &text_of(body, Some("user")));
    let mut answer = brain::bend(thought, fault);
    if answer.is_cut {
        // The reasoning took all the room.
        answer.text.clear();
    }
    let tokens = answer.text.chars().count() / LETTERS_PER_TOKEN + 32;
    let finish = if answer.is_cut { "length" } else { "stop" };
    let reply = json!({"id": format!("chatcmpl-{}", clock::uuid()), "object": "chat.completion",
        "created": crate::now().timestamp(), "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": answer.text}, "logprobs": null,
            "finish_reason": finish}],
        "usage": {"queue_time": 0.02, "prompt_tokens": prompt_tokens, "prompt_time": 0.009,
            "completion_tokens": tokens, "completion_time": 0.08, "total_tokens": prompt_tokens + tokens,
            "total_time": 0.089, "completion_tokens_details": {"reasoning_tokens": 32},
            "prompt_tokens_details": {"cached_tokens": 0}},
        "system_fingerprint": "fp_0123456789", "service_tier": "on_demand",
        "x_groq": {"id": format!("req_{:026x}", clock::scatter())}});
    Reply::json(200, &reply)
}
