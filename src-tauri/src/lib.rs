//! The tray app: an icon, a menu and a window over the agent. Nothing is decided here that the agent could decide.
//!
//! Two programs. [`app`] is the one that stays: the icon and its menu, with the agent. [`window`] is the other, which comes
//! when somebody wants to see something and goes with its window: a browser engine, once loaded, gives its memory back only
//! by ending, and even its libraries take more than the first program needs. [`opener`] starts it and tells it where to go.
//! Both know the agent through [`follow`]; [`view`] says what its state looks like, and [`commands`] is all that the window
//! may ask.

pub mod app;
pub mod arguments;
pub mod commands;
mod desktop;
pub mod draw;
pub mod follow;
mod instance;
mod login;
pub mod opener;
mod platform;
mod programs;
mod shell;
mod tray;
pub mod updates;
pub mod view;
pub mod window;
