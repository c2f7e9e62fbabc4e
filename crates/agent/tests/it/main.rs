//! Against stand-ins for Cloudflare's API and the edge.

mod interrupted;
mod setup;
mod support;
mod undo;
mod verify;
