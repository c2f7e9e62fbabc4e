//! The HTTP interface. Handlers authenticate, read, and hand over to the queue or the store; they decide nothing else.

mod auth;
mod health;
mod request_id;
mod routes;
mod webhook;

pub use routes::{openapi, router};
