//! The tray app: an icon, a menu and a window over the agent. Nothing is decided here that the agent could decide.
//!
//! [`follow`] speaks with the agent, [`view`] says what that looks like, [`tray`] and [`window`] show it, and
//! [`commands`] is all that the window may ask.

pub mod app;
pub mod arguments;
pub mod commands;
pub mod draw;
pub mod follow;
mod platform;
mod shell;
mod tray;
pub mod updates;
pub mod view;
mod window;
