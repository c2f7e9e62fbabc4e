//! The HTTP interface. Handlers authenticate, read, and hand over to the queue or the store; they decide nothing else.

mod auth;
mod caller;
mod health;
mod json;
mod limits;
mod outside;
mod peer;
mod request_id;
mod routes;
mod server;
mod webhook;

pub use limits::Limits;
pub use routes::{openapi, router};
pub(crate) use server::{Bounds, serve};
