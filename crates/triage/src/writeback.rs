//! What goes back into HubSpot and how it is taken away again: the text of the note, and which properties of a ticket
//! may be set. It neither reads nor writes; whoever does hands over what stands in HubSpot and what was written before.

mod note;
mod property;

pub use note::{Note, digest, note};
pub use property::{
    Decision, Definition, Origin, Ours, PROPERTIES, Undo, decide, is_ours, origin, stands, undo, wanted,
};

use crate::ticket::wire_enum;

wire_enum! {
    /// What is written back into HubSpot.
    WriteBack {
        /// Nothing.
        Off = "off",
        /// A note at the ticket.
        Note = "note",
        /// Priority and category of the ticket, where they are empty.
        Properties = "properties",
    }
}

wire_enum! {
    /// How far something that was written got.
    State {
        /// It is about to be written, or was and nobody knows.
        Intended = "intended",
        /// HubSpot has it.
        Written = "written",
        /// It was not written.
        Skipped = "skipped",
        /// A person changed it since; it is theirs.
        Overruled = "overruled",
        /// It is about to be taken away.
        Undoing = "undoing",
        /// It was taken away.
        Undone = "undone",
    }
}

impl State {
    /// Whether something of ours may stand in HubSpot.
    pub const fn is_live(self) -> bool {
        match self {
            Self::Intended | Self::Written | Self::Overruled | Self::Undoing => true,
            Self::Skipped | Self::Undone => false,
        }
    }
}
