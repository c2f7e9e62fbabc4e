//! All routes on one screen, and their description.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use axum::{Json, Router, middleware};
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{
    administration, events, health, heartbeat, json, me, outside, pair, request_id, results, stats,
    test_ticket, tunnel, webhook,
};
use crate::app::App;
use crate::error::ApiError;

#[derive(OpenApi)]
#[openapi(info(
    title = "HubSpot support triage",
    description = "Takes HubSpot's webhooks, has tickets triaged by a model and tells the team."
))]
struct Description;

/// The service.
pub fn router(app: Arc<App>) -> Router {
    let (routes, description) = documented().split_for_parts();
    routes
        .route("/openapi.json", get(move || async move { Json(finish(description)) }))
        .fallback(async || ApiError::NotFound)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(DefaultBodyLimit::max(json::LARGEST_BODY))
        .layer(middleware::from_fn(request_id::name_request))
        .with_state(app)
}

/// The description of the interface.
pub fn openapi() -> utoipa::openapi::OpenApi {
    finish(documented().into_openapi())
}

fn documented() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(webhook::receive))
        .routes(routes!(health::health))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(pair::pair))
        .routes(routes!(me::show, me::unpair))
        .routes(routes!(heartbeat::beat))
        .routes(routes!(tunnel::take))
        .routes(routes!(administration::list, administration::add))
        .routes(routes!(administration::remove))
        .routes(routes!(administration::make_code))
        .routes(routes!(outside::check))
        .routes(routes!(results::list))
        .routes(routes!(results::show))
        .routes(routes!(results::retry))
        .routes(routes!(results::correct))
        .routes(routes!(test_ticket::send))
        .routes(routes!(test_ticket::follow))
        .routes(routes!(stats::stats))
        .routes(routes!(stats::alerts))
        .routes(routes!(events::stream))
}

fn finish(mut description: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let components = description.components.get_or_insert_default();
    components.add_security_scheme(
        "bearer",
        SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
    );
    components.add_security_scheme(
        "token",
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-Webhook-Token"))),
    );
    components.add_security_scheme(
        "signature",
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-HubSpot-Signature-v3"))),
    );
    description
}
