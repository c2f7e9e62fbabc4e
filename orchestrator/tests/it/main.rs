//! The orchestrator as a whole, on both databases, against stand-ins that speak the outside services' wire.
//!
//! Postgres is used when `TEST_DATABASE_URL` names a server on which databases may be created; without it those tests
//! pass without having run, and say so.
#![expect(clippy::unwrap_used, reason = "in a test a failure should say where")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

#[macro_use]
mod support;

mod alerts;
mod arrival;
mod degraded;
mod description;
mod discord;
mod doctor;
mod echo;
mod events;
mod fallback;
mod heartbeat;
mod imports;
mod late;
mod life;
mod limits;
mod outside;
mod pairing;
mod queue;
mod reconcile;
mod results;
mod retry;
mod routing;
mod signature;
mod test_ticket;
mod tunnel;
mod webhook;
mod write_back;
