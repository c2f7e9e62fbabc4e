//! How the service is doing. `/health` always answers 200, because Railway restarts what does not; readiness is apart.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use link::{Dependencies, Dependency, Health, Status};
use serde_json::{Value, json};

use crate::app::App;
use crate::store::{self, Schema};
use crate::worker::providers::Condition;

/// A database that takes longer to answer is taken for gone: who asks for our health waits for the answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is said when the database answers, but takes nothing.
const CANNOT_STORE: &str = "the database cannot store anything: is its disk full?";

/// How everything is doing
///
/// The database is asked for this answer; the others are reported from their last real use.
#[utoipa::path(get, path = "/health", tag = "health", responses((status = 200, description = "Always", body = Health)))]
pub(super) async fn health(State(app): State<Arc<App>>) -> Json<Health> {
    let (database, hubspot) = tokio::join!(database(&app), hubspot(&app));
    let dependencies = Dependencies {
        database,
        local_llm: local(&app.providers.local()),
        groq_api: app.providers.groq().map_or_else(|| bare(Status::NotConfigured), |groq| provider(&groq)),
        discord: discord(&app),
        hubspot,
    };
    let is_broken = |dependency: &Dependency| dependency.status == Status::Unhealthy;
    let broken = [
        &dependencies.database,
        &dependencies.local_llm,
        &dependencies.groq_api,
        &dependencies.discord,
        &dependencies.hubspot,
    ];
    Json(Health {
        status: if broken.into_iter().any(is_broken) { Status::Degraded } else { Status::Healthy },
        timestamp: app.clock.now().to_rfc3339(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_seconds: app.started.elapsed().as_secs(),
        dependencies,
    })
}

/// Whether the process is alive
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, description = "Alive")))]
pub(super) async fn live() -> Json<Value> {
    Json(json!({ "status": "alive" }))
}

/// Whether webhooks can be stored
///
/// The database is reachable, its schema is current, and the service is not stopping.
#[utoipa::path(get, path = "/health/ready", tag = "health", responses(
    (status = 200, description = "Ready"),
    (status = 503, description = "Not ready, and why")
))]
pub(super) async fn ready(State(app): State<Arc<App>>) -> (StatusCode, Json<Value>) {
    let not_ready =
        |why: &str| (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "not_ready", "error": why })));
    if app.draining() {
        return not_ready("the service is stopping");
    }
    let look = async {
        let schema = app.store.schema().await?;
        Ok::<_, store::Error>((schema, can_store(&app).await))
    };
    match soon(look).await {
        Ok((_, false)) => not_ready(CANNOT_STORE),
        Ok((Schema::Current, true)) => (StatusCode::OK, Json(json!({ "status": "ready" }))),
        Ok((Schema::Behind(_), true)) => {
            not_ready("the database's schema is behind: run `orchestrator migrate`")
        }
        Err(_) => not_ready("the database cannot be reached"),
    }
}

async fn database(app: &App) -> Dependency {
    let asked = Instant::now();
    let look = async {
        app.store.now_millis().await?;
        Ok::<_, store::Error>(can_store(app).await)
    };
    match soon(look).await {
        Ok(false) => broken(CANNOT_STORE.to_owned()),
        Ok(true) => Dependency {
            status: Status::Healthy,
            latency_ms: Some(millis(asked.elapsed())),
            checked_at: None,
            error: None,
        },
        Err(_) => broken("the database cannot be reached".to_owned()),
    }
}

async fn soon<T>(answer: impl Future<Output = store::Result<T>>) -> store::Result<T> {
    tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err(store::Error::timed_out()))
}

/// Asked of the database only after it has failed: a look at the health should not cost a write.
async fn can_store(app: &App) -> bool {
    !app.intake.is_failing() || app.store.try_write().await.is_ok()
}

/// Several machines in one word: as good as the best of them, and degraded when another cannot be used.
fn local(machines: &[Condition]) -> Dependency {
    let mut each: Vec<(&str, Dependency)> =
        machines.iter().map(|machine| (machine.name.as_str(), provider(machine))).collect();
    let is_broken = |(_, dependency): &(&str, Dependency)| dependency.status == Status::Unhealthy;
    match each.len() {
        0 => return bare(Status::NotConfigured),
        1 => return each.remove(0).1,
        _ => {}
    }
    let error =
        |(name, dependency): &(&str, Dependency)| Some(format!("{name}: {}", dependency.error.as_deref()?));
    let errors: Vec<String> = each.iter().filter_map(error).collect();
    let all_broken = each.iter().all(is_broken);
    let any_broken = each.iter().any(is_broken);
    let best =
        each.into_iter().map(|(_, dependency)| dependency).min_by_key(|dependency| match dependency.status {
            Status::Healthy => 0,
            Status::NotChecked => 1,
            Status::Degraded | Status::Unhealthy | Status::NotConfigured => 2,
        });
    let best = best.unwrap_or_else(|| bare(Status::NotConfigured));
    let status = if any_broken && !all_broken { Status::Degraded } else { best.status };
    Dependency { status, error: Some(errors.join("; ")).filter(|text| !text.is_empty()), ..best }
}

fn provider(condition: &Condition) -> Dependency {
    let checked_at = condition.last.as_ref().map(|last| last.at.to_rfc3339());
    match (&condition.trouble, condition.last.as_ref().map(|last| &last.result)) {
        (_, Some(Err(error))) | (Some(error), _) => Dependency { checked_at, ..broken(error.clone()) },
        (None, None) => bare(Status::NotChecked),
        (None, Some(Ok(latency))) => {
            Dependency { latency_ms: Some(millis(*latency)), checked_at, ..bare(Status::Healthy) }
        }
    }
}

fn discord(app: &App) -> Dependency {
    match (&app.discord, app.discord_stopped()) {
        (None, _) => bare(Status::NotConfigured),
        (Some(_), Some(why)) => broken(why),
        (Some(_), None) => bare(Status::Healthy),
    }
}

/// The search for missed tickets asks HubSpot every few minutes, so its last outcome tells how HubSpot is doing.
async fn hubspot(app: &App) -> Dependency {
    if app.hubspot.is_none() {
        return bare(Status::NotConfigured);
    }
    let Ok(Some(progress)) = soon(app.store.reconciliation()).await else { return bare(Status::NotChecked) };
    let Some(ended) = progress.ended else { return bare(Status::NotChecked) };
    let state = progress.error.map_or_else(|| bare(Status::Healthy), broken);
    Dependency { checked_at: Some(ended.to_rfc3339()), ..state }
}

const fn bare(status: Status) -> Dependency {
    Dependency { status, latency_ms: None, checked_at: None, error: None }
}

fn broken(error: String) -> Dependency {
    Dependency { error: Some(error), ..bare(Status::Unhealthy) }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
