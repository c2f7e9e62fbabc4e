//! Against stand-ins for Cloudflare's API and the edge.

mod children;
mod cloudflared;
mod interrupted;
mod setup;
mod support;
mod undo;
mod verify;
