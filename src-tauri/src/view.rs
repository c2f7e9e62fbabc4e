//! What the tray shows, made from what the agent says. PURE.

pub mod icon;
pub mod menu;

use agent::status::Status;

/// What is known of the agent.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Seen {
    /// Nothing so far.
    #[default]
    Nothing,
    /// How everything is.
    Status(Box<Status>),
    /// There is no agent to speak with, in sentences.
    Lost(String),
}
