//! A small orchestrator that speaks the wire types: pairing, heartbeats, hand-over by a real call, a stream that can be
//! cut, and being away.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use futures::stream;
use link::{
    Alert, Change, Correction, CorrectionRequest, Heartbeat, PairRequest, Paired, Receipt, Server, Triage,
    Tunnel, TunnelOffer,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) const TIME: &str = "2026-11-23T10:00:00Z";

/// A running stand-in; ends with its test.
pub(crate) struct Orchestrator {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: Option<(CancellationToken, tokio::task::JoinHandle<()>)>,
}

struct Shared {
    inner: Mutex<Inner>,
    /// Counts what happened.
    moved: watch::Sender<u64>,
    client: reqwest::Client,
}

#[derive(Default)]
struct Inner {
    /// Codes, with the refusal of those that pair nobody.
    codes: BTreeMap<String, Option<(u16, &'static str, &'static str)>>,
    tokens: Vec<String>,
    paired: Vec<PairRequest>,
    heartbeats: Vec<(Instant, Heartbeat)>,
    calls: Vec<String>,
    offers: Vec<TunnelOffer>,
    taken: Option<(Tunnel, TunnelOffer)>,
    refusal: Option<&'static str>,
    receipt: Option<Receipt>,
    looks: usize,
    changes: Vec<Change>,
    tickets: Vec<Triage>,
    alerts: Vec<Alert>,
    resumed: Vec<Option<String>>,
    cuts: u64,
    next_in_ms: u64,
    /// What follows a test ticket: one answer after the other, the last one for ever.
    test: Vec<Value>,
    test_refusal: Option<(u16, &'static str, &'static str)>,
    followed: usize,
}

impl Orchestrator {
    pub(crate) async fn start() -> Self {
        let inner = Inner { next_in_ms: 60_000, ..Inner::default() };
        let (moved, _) = watch::channel(0);
        let shared = Shared { inner: Mutex::new(inner), moved, client: sims::http_client() };
        let mut orchestrator =
            Self { address: ([127, 0, 0, 1], 0).into(), shared: Arc::new(shared), serving: None };
        orchestrator.come_back().await;
        orchestrator
    }

    /// Nobody listens any more.
    pub(crate) async fn go_away(&mut self) {
        self.cut();
        let (stop, serving) = self.serving.take().expect("it is there");
        stop.cancel();
        serving.await.expect("it ends");
    }

    pub(crate) async fn come_back(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("a port");
        self.address = listener.local_addr().expect("it has one");
        let (app, stop) = (routes(Arc::clone(&self.shared)), CancellationToken::new());
        let stopped = stop.clone().cancelled_owned();
        let serving = tokio::spawn(async move {
            axum::serve(listener, app).with_graceful_shutdown(stopped).await.expect("it serves");
        });
        self.serving = Some((stop, serving));
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A code that pairs, or is refused with that status, name and sentence.
    pub(crate) fn code(&self, code: &str, refusal: Option<(u16, &'static str, &'static str)>) {
        self.shared.change(|inner| inner.codes.extend([(code.to_owned(), refusal)]));
    }

    /// No device is known any more.
    pub(crate) fn revoke(&self) {
        self.shared.change(|inner| inner.tokens.clear());
        self.cut();
    }

    pub(crate) fn tokens(&self) -> Vec<String> {
        self.shared.inner().tokens.clone()
    }

    pub(crate) fn paired(&self) -> Vec<PairRequest> {
        self.shared.inner().paired.clone()
    }

    pub(crate) fn beat_every(&self, millis: u64) {
        self.shared.change(|inner| inner.next_in_ms = millis);
    }

    pub(crate) fn calls(&self) -> usize {
        self.shared.inner().calls.len()
    }

    pub(crate) fn offers(&self) -> Vec<TunnelOffer> {
        self.shared.inner().offers.clone()
    }

    pub(crate) fn taken(&self) -> Option<TunnelOffer> {
        self.shared.inner().taken.as_ref().map(|(_, offer)| offer.clone())
    }

    /// What is taken at any time, for another task.
    pub(crate) fn what_is_taken(&self) -> impl Fn() -> Option<TunnelOffer> + Send + use<> {
        let shared = Arc::clone(&self.shared);
        move || shared.inner().taken.as_ref().map(|(_, offer)| offer.clone())
    }

    /// From now on tunnels are refused with that sentence, or taken when they work.
    pub(crate) fn refuse_tunnels(&self, sentence: Option<&'static str>) {
        self.shared.change(|inner| inner.refusal = sentence);
    }

    pub(crate) fn set_receipt(&self, receipt: Value) {
        let receipt = serde_json::from_value(receipt).expect("a receipt");
        self.shared.change(|inner| inner.receipt = Some(receipt));
    }

    pub(crate) fn looks(&self) -> usize {
        self.shared.inner().looks
    }

    pub(crate) fn tickets(&self, tickets: Vec<Triage>) {
        self.shared.change(|inner| inner.tickets = tickets);
    }

    pub(crate) fn alerts(&self, open: Vec<Alert>) {
        self.shared.change(|inner| inner.alerts = open);
    }

    pub(crate) fn push(&self, change: Change) {
        self.shared.change(|inner| inner.changes.push(change));
    }

    /// What whoever follows a test ticket is told: one after the other, the last one for ever.
    pub(crate) fn test_ticket(&self, answers: Vec<Value>) {
        self.shared.change(|inner| (inner.test, inner.followed) = (answers, 0));
    }

    /// With what test tickets are refused from now on.
    pub(crate) fn refuse_test_tickets(&self, refusal: (u16, &'static str, &'static str)) {
        self.shared.change(|inner| inner.test_refusal = Some(refusal));
    }

    pub(crate) async fn until_followed(&self, times: usize) {
        self.until("a test ticket to be followed", |inner| (inner.followed >= times).then_some(())).await;
    }

    /// Ends all streams.
    pub(crate) fn cut(&self) {
        self.shared.change(|inner| inner.cuts += 1);
    }

    /// With which id each stream began.
    pub(crate) fn resumed(&self) -> Vec<Option<String>> {
        self.shared.inner().resumed.clone()
    }

    /// Waits for a heartbeat from the one with that number on, and tells when it came.
    pub(crate) async fn heartbeat(
        &self,
        from: usize,
        is_it: impl Fn(&Heartbeat) -> bool,
    ) -> (Instant, Heartbeat) {
        let find = |inner: &Inner| inner.heartbeats.iter().skip(from).find(|(_, beat)| is_it(beat)).cloned();
        self.until("a heartbeat", find).await
    }

    pub(crate) fn heartbeats(&self) -> usize {
        self.shared.inner().heartbeats.len()
    }

    pub(crate) async fn until_resumed(&self, times: usize) {
        self.until("a stream", |inner| (inner.resumed.len() >= times).then_some(())).await;
    }

    pub(crate) async fn until_offered(&self, times: usize) {
        self.until("an offer", |inner| (inner.offers.len() >= times).then_some(())).await;
    }

    async fn until<T>(&self, what: &str, find: impl Fn(&Inner) -> Option<T>) -> T {
        let mut moved = self.shared.moved.subscribe();
        let waiting = async {
            loop {
                moved.borrow_and_update();
                if let Some(found) = find(&self.shared.inner()) {
                    return found;
                }
                moved.changed().await.expect("it is there");
            }
        };
        let waited = tokio::time::timeout(sims::PATIENCE, waiting).await;
        waited.unwrap_or_else(|_| panic!("waited for {what}; calls: {:?}", self.shared.inner().calls))
    }
}

impl Drop for Orchestrator {
    fn drop(&mut self) {
        if let Some((_, serving)) = &self.serving {
            serving.abort();
        }
    }
}

impl Shared {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("never held over a panic")
    }

    fn change(&self, act: impl FnOnce(&mut Inner)) {
        act(&mut self.inner());
        self.moved.send_modify(|moved| *moved += 1);
    }
}

fn routes(shared: Arc<Shared>) -> Router {
    let known = Router::new()
        .route("/me", get(me).delete(unpair))
        .route("/me/outside-check", post(look))
        .route("/heartbeat", post(heartbeat))
        .route("/tunnel", put(tunnel))
        .route("/triages", get(triages))
        .route("/triages/{ticket_id}", get(triage))
        .route("/triages/{ticket_id}/retry", post(retry))
        .route("/triages/{ticket_id}/correction", put(correct))
        .route("/stats", get(stats))
        .route("/alerts", get(alerts))
        .route("/events", get(events))
        .route("/test-ticket", post(test_ticket))
        .route("/test-ticket/{id}", get(follow_test_ticket))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&shared), only_devices));
    let all = Router::new().route("/pair", post(pair)).merge(known).with_state(shared);
    Router::new().nest("/api/v1", all)
}

fn refused(status: u16, code: &str, message: &str) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    let body = json!({"error": {"code": code, "message": message, "request_id": "r-1"}});
    (status, Json(body)).into_response()
}

fn server() -> Server {
    Server { version: "9.9.9".to_owned(), public_url: None }
}

async fn only_devices(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let path = format!("{} {}", request.method(), request.uri().path());
    let bearer = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|bearer| bearer.strip_prefix("Bearer ")).unwrap_or_default().to_owned();
    shared.change(|inner| inner.calls.push(path));
    if !shared.inner().tokens.contains(&token) {
        return refused(401, "unauthorized", "This device is not known.");
    }
    next.run(request).await
}

async fn pair(State(shared): State<Arc<Shared>>, Json(request): Json<PairRequest>) -> Response {
    let known = shared.inner().codes.get(&request.code).copied();
    match known {
        None => refused(401, "wrong_code", "This code pairs nobody."),
        Some(Some((status, code, sentence))) => refused(status, code, sentence),
        Some(None) => {
            let number = shared.inner().paired.len() + 1;
            let token = format!("hst_device-token-{number}");
            shared.change(|inner| {
                inner.codes.remove(&request.code);
                inner.tokens.push(token.clone());
                inner.paired.push(request);
            });
            let paired = Paired { device_id: format!("device-{number}"), token, server: server() };
            (StatusCode::CREATED, Json(paired)).into_response()
        }
    }
}

async fn me() -> Response {
    let standing = json!({"state": "unknown", "why": null});
    let device = json!({
        "id": "device-1", "name": "n", "platform": "linux", "version": "0", "paired_at": TIME,
        "last_seen_at": null, "silent": true, "standing": standing, "tunnel": null, "receipt": null,
    });
    let desk = json!({
        "categories": [{"key": "marmalade", "label": "Marmalade", "team": "jam", "enabled": true}],
        "teams": [{"key": "jam", "label": "Jam makers"}],
    });
    Json(json!({"device": device, "server": server(), "desk": desk})).into_response()
}

async fn unpair(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> StatusCode {
    let bearer = headers[header::AUTHORIZATION].to_str().expect("a token").to_owned();
    shared.change(|inner| inner.tokens.retain(|token| format!("Bearer {token}") != bearer));
    StatusCode::NO_CONTENT
}

async fn look(State(shared): State<Arc<Shared>>) -> Response {
    shared.change(|inner| inner.looks += 1);
    match shared.inner().receipt.clone() {
        Some(receipt) => Json(receipt).into_response(),
        None => refused(409, "no_tunnel", "There is no tunnel to look at."),
    }
}

async fn heartbeat(State(shared): State<Arc<Shared>>, Json(beat): Json<Heartbeat>) -> Json<Value> {
    shared.change(|inner| inner.heartbeats.push((Instant::now(), beat)));
    let inner = shared.inner();
    Json(json!({
        "server": server(), "time": TIME, "next_in_ms": inner.next_in_ms,
        "view": {"state": if inner.taken.is_some() { "usable" } else { "unknown" }, "why": null},
        "layers": [], "elsewhere": "groq", "receipt": inner.receipt,
        "tunnel": inner.taken.as_ref().map(|(tunnel, _)| tunnel),
    }))
}

/// Takes it when a call through it arrives.
async fn tunnel(State(shared): State<Arc<Shared>>, Json(offer): Json<TunnelOffer>) -> Response {
    let (id, secret) = (offer.access_client_id.clone(), offer.access_client_secret.clone());
    let call = shared
        .client
        .get(format!("{}/api/version", offer.url))
        .header("CF-Access-Client-Id", id.unwrap_or_default())
        .header("CF-Access-Client-Secret", secret.unwrap_or_default());
    let arrives = call.send().await.is_ok_and(|answer| answer.status() == 200);
    let refusal = shared.inner().refusal.or((!arrives).then_some("Access refused the service token."));
    let (url, model, expires_at) = (offer.url.clone(), offer.model.clone(), offer.expires_at.clone());
    let tunnel = Tunnel { url, model, verified_at: TIME.to_owned(), expires_at };
    shared.change(|inner| {
        inner.offers.push(offer.clone());
        if refusal.is_none() {
            inner.taken = Some((tunnel.clone(), offer));
        }
    });
    match refusal {
        Some(sentence) => refused(422, "access_refused", sentence),
        None => Json(json!({"tunnel": tunnel, "latency_ms": 7})).into_response(),
    }
}

async fn test_ticket(State(shared): State<Arc<Shared>>) -> Response {
    match shared.inner().test_refusal {
        Some((status, code, sentence)) => refused(status, code, sentence),
        None => (StatusCode::ACCEPTED, Json(json!({"ticket_id": "test-1"}))).into_response(),
    }
}

async fn follow_test_ticket(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let mut answer = Value::Null;
    shared.change(|inner| {
        answer = inner.test[inner.followed.min(inner.test.len() - 1)].clone();
        inner.followed += 1;
    });
    Json(answer)
}

async fn triages(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({"items": shared.inner().tickets, "next": null}))
}

fn find(shared: &Shared, id: &str) -> Option<Triage> {
    shared.inner().tickets.iter().find(|ticket| ticket.ticket_id == id).cloned()
}

fn unknown() -> Response {
    refused(404, "not_found", "There is no such ticket.")
}

fn put_back(shared: &Shared, ticket: &Triage) {
    shared.change(|inner| {
        inner.tickets.retain(|known| known.ticket_id != ticket.ticket_id);
        inner.tickets.push(ticket.clone());
    });
}

async fn triage(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Result<Json<Value>, Response> {
    let mut detail = json!(find(&shared, &id).ok_or_else(unknown)?);
    for list in ["events", "calls", "written"] {
        detail[list] = json!([]);
    }
    Ok(Json(detail))
}

async fn retry(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Triage>), Response> {
    let ticket = Triage { status: link::TriageStatus::Queued, ..find(&shared, &id).ok_or_else(unknown)? };
    put_back(&shared, &ticket);
    Ok((StatusCode::ACCEPTED, Json(ticket)))
}

async fn correct(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    Json(said): Json<CorrectionRequest>,
) -> Result<Json<Triage>, Response> {
    let CorrectionRequest { category, priority, note } = said;
    if let Some(wrong) = category.as_ref().filter(|category| *category != "marmalade") {
        let message = format!("There is no category `{wrong}`; there is marmalade.");
        return Err(refused(422, "invalid_correction", &message));
    }
    let (device_id, device_name, at) = ("device-1".to_owned(), "n".to_owned(), TIME.to_owned());
    let correction = Some(Correction { category, priority, note, device_id, device_name, at });
    let ticket = Triage { correction, ..find(&shared, &id).ok_or_else(unknown)? };
    put_back(&shared, &ticket);
    Ok(Json(ticket))
}

async fn stats(Query(asked): Query<BTreeMap<String, String>>) -> Json<Value> {
    Json(json!(asked))
}

async fn alerts(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({"open": shared.inner().alerts, "recent": []}))
}

async fn events(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let after = headers.get("last-event-id").map(|id| id.to_str().expect("an id").to_owned());
    let newest = || shared.inner().changes.last().map_or(0, |change| change.id);
    let after_id = after.as_ref().map_or_else(newest, |id| id.parse().expect("an id"));
    let cuts = shared.inner().cuts;
    shared.change(|inner| inner.resumed.push(after));
    let moved = shared.moved.subscribe();
    let changes = stream::unfold(
        (shared, moved, after_id, true),
        move |(shared, mut moved, last, is_first)| async move {
            if is_first {
                return Some((
                    Ok::<_, std::io::Error>(Bytes::from_static(b": hello\n\n")),
                    (shared, moved, last, false),
                ));
            }
            loop {
                moved.borrow_and_update();
                let (is_cut, next) = {
                    let inner = shared.inner();
                    (inner.cuts != cuts, inner.changes.iter().find(|change| change.id > last).cloned())
                };
                if is_cut {
                    return None;
                }
                if let Some(change) = next {
                    let data = serde_json::to_string(&change).expect("a change");
                    let text = format!("id: {}\r\nevent: {}\r\ndata: {data}\r\n\r\n", change.id, change.kind);
                    return Some((Ok(Bytes::from(text)), (shared, moved, change.id, false)));
                }
                moved.changed().await.ok()?;
            }
        },
    );
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(changes)).into_response()
}
