//! The HTTP interface. Handlers authenticate, read, and hand over to the queue or the store; they decide nothing else.

mod administration;
mod auth;
mod caller;
mod events;
mod health;
mod heartbeat;
mod json;
mod limits;
mod me;
mod outside;
mod pair;
mod peer;
mod query;
mod request_id;
mod results;
mod room;
mod routes;
mod server;
mod stats;
mod test_ticket;
mod tunnel;
mod webhook;

pub use limits::Limits;
pub use routes::{openapi, router};
pub(crate) use server::{Bounds, serve};
