//! The tray app: an icon, a menu and a window over the agent. Nothing is decided here that the agent could decide.
//!
//! Two processes of one program. [`app`] is the one that stays: the icon and its menu, with the agent. [`window`] is the
//! other, which comes when somebody wants to see something and goes with its window: a browser engine, once loaded, gives
//! its memory back only by ending. [`opener`] starts it and tells it where to go. Both know the agent through [`follow`];
//! [`view`] says what its state looks like, and [`commands`] is all that the window may ask.

pub mod app;
pub mod arguments;
pub mod commands;
pub mod draw;
pub mod follow;
mod login;
pub mod opener;
mod platform;
mod shell;
mod tray;
pub mod updates;
pub mod view;
pub mod window;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use agent::environment::Environment;

/// What both processes are built with. An agent with folders of its own is another app beside the usual one.
fn context() -> tauri::Context {
    let mut context = built();
    if let Some(home) = Environment::read().agent_home {
        let mut hasher = DefaultHasher::new();
        home.hash(&mut hasher);
        context.config_mut().identifier += &format!(".h{:x}", hasher.finish());
    }
    context
}

#[expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "written by the build, from files that it has checked"
)]
fn built() -> tauri::Context {
    tauri::tauri_build_context!()
}
