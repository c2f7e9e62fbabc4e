//! HubSpot's CRM: tickets, contacts, notes, search, property definitions, in both path families, with its limits.
//! Deliveries of webhooks are in [`crate::sender`].

mod calls;
mod limits;
mod notes;
mod objects;
mod search;

pub use objects::{Contact, Note, Ticket};

use crate::faults::{Faults, Kind, Strike};
use crate::journal::Journal;
use crate::sender::{Delivery, Event, Sender};
use crate::server::{self, Server, Sim};
use crate::wire::{Reply, Request};
use limits::Limits;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// The account's id.
pub const PORTAL_ID: u64 = 20_260_001;
/// The token that works unless another is set.
pub const TOKEN: &str = "pat-na1-00000000-1111-4222-8333-444444444444";

const OWN_FAULTS: &[Kind] = &[];

/// A running stand-in for HubSpot's API.
#[derive(Clone)]
pub struct HubSpot {
    /// What goes wrong.
    pub faults: Faults,
    /// What was asked.
    pub journal: Journal,
    server: Server,
    state: Arc<State>,
}

struct State {
    crm: Mutex<Crm>,
    limits: Mutex<Limits>,
    /// Who is told of changes that calls make, and what they answered.
    told: Mutex<(Option<Sender>, Vec<Delivery>)>,
}

struct Crm {
    token: String,
    tickets: BTreeMap<u64, Ticket>,
    index: search::Index,
    contacts: BTreeMap<String, Contact>,
    notes: Vec<Note>,
    notes_made: u64,
    options: BTreeMap<String, Vec<String>>,
    /// What a property's definition says otherwise than usual.
    definitions: BTreeMap<String, Value>,
    /// Changes that calls made and that nobody has been told of.
    echoes: Vec<Event>,
}

impl HubSpot {
    /// Starts on a free port.
    ///
    /// # Errors
    /// When no port can be opened.
    #[expect(clippy::unused_async, reason = "needs a runtime; async makes sure that there is one")]
    pub async fn start() -> std::io::Result<Self> {
        Self::open(server::ANY_PORT)
    }

    /// Starts on the given address.
    ///
    /// # Errors
    /// When the port is taken.
    #[expect(clippy::unused_async, reason = "needs a runtime; async makes sure that there is one")]
    pub async fn start_on(address: SocketAddr) -> std::io::Result<Self> {
        Self::open(address)
    }

    fn open(address: SocketAddr) -> std::io::Result<Self> {
        let (faults, journal) = (Faults::new(OWN_FAULTS), Journal::default());
        let listed = |options: &[&str]| options.iter().map(|option| (*option).to_owned()).collect::<Vec<_>>();
        let options = BTreeMap::from([
            ("hs_ticket_priority".to_owned(), listed(&["LOW", "MEDIUM", "HIGH", "URGENT"])),
            (
                "hs_ticket_category".to_owned(),
                listed(&["PRODUCT_ISSUE", "BILLING_ISSUE", "FEATURE_REQUEST", "GENERAL_INQUIRY"]),
            ),
            ("hs_pipeline_stage".to_owned(), listed(&["1", "2", "3", "4"])),
        ]);
        let crm = Crm {
            token: TOKEN.to_owned(),
            tickets: BTreeMap::new(),
            index: search::Index::default(),
            contacts: BTreeMap::new(),
            notes: Vec::new(),
            notes_made: 0,
            options,
            definitions: BTreeMap::new(),
            echoes: Vec::new(),
        };
        let state = Arc::new(State {
            crm: Mutex::new(crm),
            limits: Mutex::new(Limits::usual()),
            told: Mutex::default(),
        });
        let server = Server::start(address, Arc::clone(&state), &faults, &journal)?;
        Ok(Self { faults, journal, server, state })
    }

    /// Adds a ticket and its contacts, or replaces the ticket of that id.
    pub fn add_ticket(&self, ticket: Ticket) {
        self.state.crm().add(ticket);
    }

    /// Deletes a ticket.
    pub fn remove_ticket(&self, id: u64) {
        self.state.crm().tickets.remove(&id);
    }

    /// A ticket as it stands.
    #[must_use]
    pub fn ticket(&self, id: u64) -> Option<Ticket> {
        self.state.crm().tickets.get(&id).cloned()
    }

    /// All notes, oldest first.
    #[must_use]
    pub fn notes(&self) -> Vec<Note> {
        self.state.crm().notes.clone()
    }

    /// The notes of one ticket.
    #[must_use]
    pub fn notes_of(&self, ticket_id: u64) -> Vec<Note> {
        self.state.crm().notes.iter().filter(|note| note.tickets.contains(&ticket_id)).cloned().collect()
    }

    /// Replaces the token that works.
    pub fn set_token(&self, token: &str) {
        token.clone_into(&mut self.state.crm().token);
    }

    /// Replaces the options that a property of tickets allows.
    pub fn set_options(&self, property: &str, options: &[&str]) {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        self.state.crm().options.insert(property.to_owned(), options);
    }

    /// Sets a property of a ticket, as a person does in HubSpot.
    pub fn set(&self, id: u64, property: &str, value: &str) {
        if let Some(ticket) = self.state.crm().tickets.get_mut(&id) {
            ticket.set(property, value);
        }
    }

    /// Rewrites a note, as a person does in HubSpot.
    pub fn set_note(&self, id: &str, body: &str) {
        if let Some(note) = self.state.crm().notes.iter_mut().find(|note| note.id == id) {
            note.properties["hs_note_body"] = json!(body);
            body.clone_into(&mut note.body);
        }
    }

    /// Deletes a note, as a person does in HubSpot.
    pub fn remove_note(&self, id: &str) {
        self.state.crm().notes.retain(|note| note.id != id);
    }

    /// Changes parts of the definition of a property of tickets.
    pub fn define(&self, property: &str, parts: Value) {
        self.state.crm().definitions.insert(property.to_owned(), parts);
    }

    /// From now on changes that calls make are sent as webhook events, each before the call that made it is answered.
    pub fn tell(&self, sender: Sender) {
        self.state.told().0 = Some(sender);
    }

    /// What was answered to those events.
    #[must_use]
    pub fn told(&self) -> Vec<Delivery> {
        self.state.told().1.clone()
    }

    /// How long a new ticket takes until a search finds it.
    pub fn set_search_lag(&self, lag: Duration) {
        self.state.crm().index.lag = lag;
    }

    /// How many results of one query can be paged through (10 000 in HubSpot).
    pub fn set_search_depth(&self, results: usize) {
        self.state.crm().index.depth = results;
    }

    /// The limits: calls in ten seconds, searches in one.
    pub fn set_limits(&self, per_ten_seconds: u32, searches_per_second: u32) {
        *self.state.limits.lock().expect("never held over a panic") =
            Limits::new(per_ten_seconds, searches_per_second);
    }

    /// No limit that a load test could reach.
    pub fn unlimited(&self) {
        self.set_limits(1_000_000_000, 1_000_000_000);
    }
}

server::handle!(HubSpot);

impl State {
    fn crm(&self) -> MutexGuard<'_, Crm> {
        self.crm.lock().expect("never held over a panic")
    }

    fn told(&self) -> MutexGuard<'_, (Option<Sender>, Vec<Delivery>)> {
        self.told.lock().expect("never held over a panic")
    }

    async fn tell(&self) {
        let echoes = std::mem::take(&mut self.crm().echoes);
        let sender = self.told().0.clone();
        let Some(sender) = sender.filter(|_| !echoes.is_empty()) else { return };
        if let Ok(delivery) = sender.events(&echoes).await {
            self.told().1.push(delivery);
        }
    }

    fn on_tickets(&self, request: &Request) -> Reply {
        let Some(body) = &request.json else { return Reply::text(400, "a ticket in JSON is needed\n") };
        match Ticket::from_json(body) {
            Some(ticket) => {
                let answer = json!({"id": ticket.id.to_string()});
                self.crm().add(ticket);
                Reply::json(201, &answer)
            }
            None => Reply::text(400, "id (a number) is needed\n"),
        }
    }
}

impl Crm {
    fn add(&mut self, ticket: Ticket) {
        for contact in &ticket.contacts {
            self.contacts.insert(contact.id.clone(), contact.clone());
        }
        self.index.note(ticket.id);
        self.tickets.insert(ticket.id, ticket);
    }
}

impl Sim for State {
    /// Searches come in the background, not for a ticket at hand: their faults name them, `429 once on search`.
    fn is_work(&self, request: &Request) -> bool {
        !request.path.ends_with("/search")
    }

    fn refuse(&self, request: &Request, status: u16, wait: Option<Duration>) -> Reply {
        let is_search = request.path.ends_with("/search");
        let reply = match status {
            401 => calls::unauthorised(),
            403 => calls::failure(403, "MISSING_SCOPES", "This app hasn't been granted all required scopes"),
            404 => calls::failure(404, "OBJECT_NOT_FOUND", "resource not found"),
            423 => calls::failure(423, "LOCKED", "The resource is locked"),
            429 => limits::exceeded(is_search),
            477 => calls::failure(477, "MIGRATION_IN_PROGRESS", "The account is being moved"),
            521..=526 => Reply::html(status, format!("<html><body>error code: {status}</body></html>")),
            _ => calls::failure(status, "INTERNAL_ERROR", "internal error"),
        };
        wait.into_iter().fold(reply, |reply, wait| reply.header("retry-after", wait.as_secs_f64().ceil()))
    }

    async fn answer(&self, request: &Request, strike: &Strike) -> Reply {
        if request.bearer() != Some(self.crm().token.as_str()) {
            return calls::unauthorised();
        }
        let is_search = request.path.ends_with("/search");
        let taken = self.limits.lock().expect("never held over a panic").take(is_search);
        let Ok(headers) = taken else { return limits::exceeded(is_search) };
        let reply = calls::answer(&mut self.crm(), request).headers(headers);
        self.tell().await;
        if strike.kind == Some(Kind::BadJson) { reply.with_body("{\"id\":\"314") } else { reply }
    }

    fn control(&self, request: &Request) -> Option<Reply> {
        let path = request.path.strip_prefix("/_sim/tickets")?;
        let reply = match (request.method.as_str(), path.strip_prefix('/')) {
            ("POST", None) => self.on_tickets(request),
            ("GET", None) => {
                let crm = self.crm();
                let all: Vec<Value> =
                    crm.tickets.values().map(|ticket| ticket.object(&[], PORTAL_ID)).collect();
                Reply::json(200, &json!({"tickets": all}))
            }
            ("DELETE", Some(id)) => {
                let removed = id.parse().ok().and_then(|id: u64| self.crm().tickets.remove(&id));
                Reply::empty(if removed.is_some() { 204 } else { 404 })
            }
            _ => Reply::text(404, "no such control call\n"),
        };
        Some(reply)
    }
}
