//! The webhook endpoints: find the webhook, take from its bucket, check the form, keep or change the message.

use super::bucket::Level;
use super::limits;
use super::message::Message;
use super::{State, Webhook};
use crate::wire::{Reply, Request};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) fn failure(status: u16, code: u32, message: &str) -> Reply {
    Reply::json(status, &json!({"message": message, "code": code}))
}

/// A 429 that a fault ordered.
pub(super) fn too_many(wait: Duration, is_global: bool) -> Reply {
    let level = Level { is_over: true, limit: 5, remaining: 0, reset_after: wait };
    limited(&level, is_global)
}

/// The block page of Cloudflare: no JSON, no `X-RateLimit` headers.
pub(super) fn banned(wait: Duration) -> Reply {
    let page = "<!doctype html><html><head><title>Access denied | discord.com used Cloudflare to restrict access</title>\
        </head><body><h1>Error 1015</h1><p>You are being rate limited</p></body></html>";
    Reply::html(429, page).header("Retry-After", wait.as_secs()).header("Server", "cloudflare")
}

fn limited(level: &Level, is_global: bool) -> Reply {
    let seconds = level.reset_after.as_secs_f64();
    let seconds = (seconds * 1000.0).ceil() / 1000.0;
    let body = json!({"message": "You are being rate limited.", "retry_after": seconds, "global": is_global});
    let scope = if is_global { "global" } else { "user" };
    let reply = Reply::json(429, &body)
        .headers(level.headers())
        .header("Retry-After", seconds.ceil())
        .header("X-RateLimit-Scope", scope);
    if is_global { reply.header("X-RateLimit-Global", "true") } else { reply }
}

pub(super) fn answer(state: &State, request: &Request) -> Reply {
    if request.header("user-agent").is_none_or(str::is_empty) {
        return failure(403, 40333, "internal network error");
    }
    let segments = request.segments();
    let rest = match segments.as_slice() {
        ["api", "webhooks", rest @ ..] | ["api", _, "webhooks", rest @ ..] => rest,
        _ => return failure(404, 0, "404: Not Found"),
    };
    let [id, token, ..] = *rest else { return failure(404, 0, "404: Not Found") };
    let mut webhooks = state.webhooks();
    let Some(webhook) = webhooks.get_mut(id) else { return failure(404, 10015, "Unknown Webhook") };
    if webhook.token != token {
        return failure(401, 50027, "Invalid Webhook Token");
    }
    let level = webhook.bucket.take();
    if level.is_over {
        return limited(&level, false);
    }
    let hook = Hook { id, token, name: webhook.name.clone() };
    let reply = match (request.method.as_str(), &rest[2..]) {
        ("GET", []) => hook.describe(),
        ("PATCH", []) => rename(webhook, request, hook),
        ("DELETE", []) => {
            webhooks.remove(id);
            Reply::empty(204)
        }
        ("POST", []) => {
            drop(webhooks);
            post(state, request, &hook)
        }
        (method, ["messages", message]) => {
            drop(webhooks);
            on_message(state, request, method, message)
        }
        (_, []) => failure(405, 0, "405: Method Not Allowed"),
        _ => failure(404, 0, "404: Not Found"),
    };
    reply.headers(level.headers())
}

struct Hook<'a> {
    id: &'a str,
    token: &'a str,
    name: String,
}

impl Hook<'_> {
    fn describe(&self) -> Reply {
        let body = json!({"application_id": null, "avatar": null, "channel_id": "1300000000000000000",
            "guild_id": "1200000000000000000", "id": self.id, "name": self.name, "type": 1, "token": self.token,
            "url": format!("https://discord.com/api/webhooks/{}/{}", self.id, self.token)});
        Reply::json(200, &body)
    }
}

fn rename(webhook: &mut Webhook, request: &Request, hook: Hook) -> Reply {
    let name =
        request.json.as_ref().and_then(|body| body["name"].as_str()).unwrap_or(&webhook.name).to_owned();
    if let Err(errors) = limits::check(&json!({"username": name})) {
        return invalid(&errors);
    }
    webhook.name.clone_from(&name);
    Hook { name, ..hook }.describe()
}

fn invalid(errors: &Value) -> Reply {
    Reply::json(400, &json!({"message": "Invalid Form Body", "code": 50035, "errors": errors}))
}

fn form(request: &Request) -> Result<&Value, Reply> {
    let Some(body) = request.json.as_ref().filter(|body| body.is_object()) else {
        return Err(failure(400, 50109, "The request body contains invalid JSON."));
    };
    match limits::check(body) {
        Ok(()) => Ok(body),
        Err(errors) => Err(invalid(&errors)),
    }
}

fn post(state: &State, request: &Request, hook: &Hook) -> Reply {
    let body = match form(request) {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    if body.get("thread_name").is_some_and(|name| !name.is_null()) {
        return failure(400, 220_003, "Webhooks can only create threads in forum channels");
    }
    let with_components = request.param("with_components").as_deref() == Some("true");
    if Message::is_empty(body, with_components) {
        return failure(400, 50006, "Cannot send an empty message");
    }
    let message = state.channel().post(body, hook.id, &hook.name, with_components);
    state.changed.notify_waiters();
    if request.param("wait").as_deref() == Some("true") {
        return Reply::json(200, &message.to_wire());
    }
    Reply::empty(204)
}

fn on_message(state: &State, request: &Request, method: &str, id: &str) -> Reply {
    let mut channel = state.channel();
    let Some(message) = channel.find(id) else { return failure(404, 10008, "Unknown Message") };
    match method {
        "GET" => Reply::json(200, &message.to_wire()),
        "DELETE" => {
            channel.remove(id);
            drop(channel);
            state.changed.notify_waiters();
            Reply::empty(204)
        }
        "PATCH" => {
            let body = match form(request) {
                Ok(body) => body,
                Err(reply) => return reply,
            };
            let with_components = request.param("with_components").as_deref() == Some("true");
            let edited = channel.edit(id, body, with_components);
            drop(channel);
            state.changed.notify_waiters();
            match edited {
                Some(message) => Reply::json(200, &message.to_wire()),
                None => failure(400, 50006, "Cannot send an empty message"),
            }
        }
        _ => failure(405, 0, "405: Method Not Allowed"),
    }
}
