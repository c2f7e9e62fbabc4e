//! `POST /api/chat`: checks what the real server checks, waits its turn, and answers by schema.

use super::{Load, State, body, failure, models};
use crate::brain;
use crate::clock;
use crate::faults::Kind;
use crate::wire::{Reply, Request};
use serde_json::{Value, json};
use std::sync::MutexGuard;
use tokio::time::Instant;

const BUSY: &str = "server busy, please try again.  maximum pending requests exceeded";
const TOO_LONG: &str = "the prompt is longer than the context length currently available to the model; shorten it \
    or raise num_ctx";
const LETTERS_PER_TOKEN: usize = 4;

pub(super) async fn answer(state: &State, request: &Request, fault: Option<Kind>) -> Reply {
    let body = match body(request) {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let name = body["model"].as_str().unwrap_or_default();
    if let Some(reply) = objection(state, body, name, fault) {
        return reply;
    }
    let full = models::with_tag(name);
    let empty = body["messages"].as_array().is_none_or(Vec::is_empty);
    if empty {
        return load_or_unload(state, body, name, &full);
    }
    let started = Instant::now();
    let (slots, queue, delay) = {
        let settings = state.settings();
        (std::sync::Arc::clone(&settings.slots), settings.queue, settings.delay)
    };
    let Some(place) = Place::join(state, slots.available_permits() > 0, queue) else {
        return failure(503, BUSY);
    };
    let _slot = slots.acquire_owned().await.expect("slots are never closed");
    let running = place.run();
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let was_loaded = !state.settings().loaded.insert(full);
    let reply = speak(body, name, fault, Took { started, was_loaded });
    running.done();
    reply
}

fn objection(state: &State, body: &Value, name: &str, fault: Option<Kind>) -> Option<Reply> {
    if name.is_empty() {
        return Some(failure(400, "model is required"));
    }
    if fault == Some(Kind::ModelMissing) || state.find(name).is_none() {
        return Some(failure(404, &format!("model '{name}' not found")));
    }
    let format = &body["format"];
    if format.as_str().is_some_and(|format| !matches!(format, "json" | "")) {
        return Some(failure(500, "invalid format: expected \"json\" or a JSON schema"));
    }
    if !(format.is_null() || format.is_string() || format.is_object()) {
        return Some(failure(400, "invalid format: expected \"json\" or a JSON schema"));
    }
    if body["think"] == true {
        return Some(failure(400, &format!("\"{name}\" does not support thinking")));
    }
    let context = body["options"]["num_ctx"].as_u64().unwrap_or(4096);
    if body["shift"] == false && tokens(body) > context {
        return Some(failure(400, TOO_LONG));
    }
    None
}

fn tokens(body: &Value) -> u64 {
    let messages = body["messages"].as_array().into_iter().flatten();
    let letters: usize =
        messages.map(|message| message["content"].as_str().unwrap_or_default().chars().count()).sum();
    u64::try_from(letters / LETTERS_PER_TOKEN + 10).unwrap_or(u64::MAX)
}

fn load_or_unload(state: &State, body: &Value, name: &str, full: &str) -> Reply {
    let unload = body["keep_alive"] == 0 || body["keep_alive"] == "0";
    let mut settings = state.settings();
    if unload {
        settings.loaded.remove(full);
    } else {
        settings.loaded.insert(full.to_owned());
    }
    let reason = if unload { "unload" } else { "load" };
    let answer = json!({"model": name, "created_at": clock::stamp(crate::now()),
        "message": {"role": "assistant", "content": ""}, "done_reason": reason, "done": true});
    Reply::json(200, &answer)
}

struct Took {
    started: Instant,
    was_loaded: bool,
}

fn speak(body: &Value, name: &str, fault: Option<Kind>, took: Took) -> Reply {
    let message = |role: &str| {
        let said =
            body["messages"].as_array().into_iter().flatten().filter(|message| message["role"] == role);
        said.filter_map(|message| message["content"].as_str()).collect::<Vec<_>>().join("\n")
    };
    let schema = Some(&body["format"]).filter(|format| format.is_object());
    let mut answer = brain::bend(brain::think(schema, &message("system"), &message("user")), fault);
    let limit = body["options"]["num_predict"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    if let Some(limit) = limit.filter(|limit| answer.text.chars().count() / LETTERS_PER_TOKEN > *limit) {
        let text = answer.text.chars().take(limit * LETTERS_PER_TOKEN).collect();
        answer = brain::Answer { text, is_cut: true };
    }
    let total = u64::try_from(took.started.elapsed().as_nanos()).unwrap_or(u64::MAX) + 400_000;
    let load = if took.was_loaded { 60_000 } else { 200_000 };
    let mut last = json!({"model": name, "created_at": clock::stamp(crate::now()),
        "message": {"role": "assistant", "content": answer.text},
        "done": true, "done_reason": if answer.is_cut { "length" } else { "stop" },
        "total_duration": total, "load_duration": load,
        "prompt_eval_count": tokens(body), "prompt_eval_duration": total / 5,
        "eval_count": answer.text.chars().count() / LETTERS_PER_TOKEN + 1, "eval_duration": total / 2});
    if body["stream"] == false {
        return Reply::json(200, &last);
    }
    let letters: Vec<char> = answer.text.chars().collect();
    let mut lines = String::new();
    for piece in letters.chunks(LETTERS_PER_TOKEN * 4) {
        let piece: String = piece.iter().collect();
        let line = json!({"model": name, "created_at": last["created_at"],
            "message": {"role": "assistant", "content": piece}, "done": false});
        lines.push_str(&format!("{line}\n"));
    }
    last["message"]["content"] = json!("");
    lines.push_str(&format!("{last}\n"));
    Reply::typed(200, "application/x-ndjson", lines)
}

/// A chat in the queue, then at work; leaves the counts right also when the caller goes away.
struct Place<'a> {
    state: &'a State,
    is_running: bool,
}

impl<'a> Place<'a> {
    fn join(state: &'a State, is_free: bool, queue: usize) -> Option<Self> {
        let mut load = state.load();
        if !is_free && load.waiting >= queue {
            return None;
        }
        load.waiting += 1;
        Some(Self { state, is_running: false })
    }

    fn run(mut self) -> Self {
        let mut load = self.state.load();
        load.waiting -= 1;
        load.running += 1;
        load.peak = load.peak.max(load.running);
        drop(load);
        self.is_running = true;
        self
    }

    fn done(self) {
        self.load().done += 1;
    }

    fn load(&self) -> MutexGuard<'_, Load> {
        self.state.load()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut load = self.load();
        if self.is_running {
            load.running -= 1;
        } else {
            load.waiting -= 1;
        }
    }
}
