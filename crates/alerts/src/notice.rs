//! What a person is told, in words.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A kind of notice; each has a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "NoticeKind"))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Tickets cannot reach the model on this machine.
    TunnelDown,
    /// Anybody on the internet can reach the model.
    Exposed,
    /// A program cannot be started.
    GaveUp,
    /// A ticket's verdict needs a person.
    NeedsReview,
    /// The orchestrator raised an alert.
    NewAlert,
    /// What a person asked for was not done. It answers a click, so it has no switch.
    #[cfg_attr(feature = "typescript", ts(skip))]
    NotDone,
}

/// A bad state that lasts until it passes; it has an end to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// As [`Kind::TunnelDown`].
    TunnelDown,
    /// As [`Kind::Exposed`].
    Exposed,
    /// As [`Kind::GaveUp`].
    GaveUp,
}

/// Something that happened, once; it has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Happening {
    /// As [`Kind::NeedsReview`].
    NeedsReview,
    /// As [`Kind::NewAlert`].
    NewAlert,
}

impl Trouble {
    /// Its kind.
    pub const fn kind(self) -> Kind {
        match self {
            Self::TunnelDown => Kind::TunnelDown,
            Self::Exposed => Kind::Exposed,
            Self::GaveUp => Kind::GaveUp,
        }
    }
}

impl Happening {
    /// Both.
    pub const ALL: [Self; 2] = [Self::NeedsReview, Self::NewAlert];

    /// Its kind.
    pub const fn kind(self) -> Kind {
        match self {
            Self::NeedsReview => Kind::NeedsReview,
            Self::NewAlert => Kind::NewAlert,
        }
    }
}

/// What a notice offers to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offer {
    /// Start the tunnel again.
    Restart,
    /// Try again to start the program the notice is about.
    Retry,
    /// Open the ticket the notice is about.
    OpenTicket,
    /// Open the window.
    OpenWindow,
}

/// One notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What kind.
    pub kind: Kind,
    /// What it is about: a program, a ticket, an alert; `None` when it sums several up.
    pub subject: Option<String>,
    /// It tells the end of something told before.
    pub is_recovery: bool,
    /// A few words.
    pub title: String,
    /// What is known, and what to do.
    pub body: String,
    /// What a click offers.
    pub offer: Option<Offer>,
}

impl Notice {
    /// Of something that a person asked for and that was not done; in the words of whoever could not do it.
    pub fn not_done(title: &str, body: &str) -> Self {
        Self::new(Kind::NotDone, Some(title), title.to_owned(), body)
    }

    /// Of a trouble that has settled; `body` as it was reported.
    pub(crate) fn raised(trouble: Trouble, subject: &str, body: &str) -> Self {
        let (title, offer) = match trouble {
            Trouble::TunnelDown => ("The tunnel is down".to_owned(), Offer::Restart),
            Trouble::Exposed => ("The model is exposed".to_owned(), Offer::OpenWindow),
            Trouble::GaveUp => (format!("{subject} cannot be started"), Offer::Retry),
        };
        Self::new(trouble.kind(), Some(subject), title, body).offering(offer)
    }

    /// Of a trouble's end.
    pub(crate) fn recovered(trouble: Trouble, subject: &str, lasted: Duration) -> Self {
        let title = match trouble {
            Trouble::TunnelDown => "The tunnel is back".to_owned(),
            Trouble::Exposed => "The model is protected again".to_owned(),
            Trouble::GaveUp => format!("{subject} can be started again"),
        };
        let body = format!("It lasted {}.", spoken(lasted));
        Self { is_recovery: true, ..Self::new(trouble.kind(), Some(subject), title, &body) }
    }

    /// Of a happening; `body` as it was reported.
    pub(crate) fn happened(happening: Happening, subject: &str, body: &str) -> Self {
        let (title, offer) = match happening {
            Happening::NeedsReview => ("A ticket needs a review", Offer::OpenTicket),
            Happening::NewAlert => ("New alert", Offer::OpenWindow),
        };
        Self::new(happening.kind(), Some(subject), title.to_owned(), body).offering(offer)
    }

    /// Of several happenings that were held back.
    pub(crate) fn several(happening: Happening, number: usize) -> Self {
        let title = match happening {
            Happening::NeedsReview => format!("{number} tickets need a review"),
            Happening::NewAlert => format!("{number} new alerts"),
        };
        Self::new(happening.kind(), None, title, "They came in the meantime.").offering(Offer::OpenWindow)
    }

    fn new(kind: Kind, subject: Option<&str>, title: String, body: &str) -> Self {
        let (subject, body) = (subject.map(str::to_owned), body.to_owned());
        Self { kind, subject, is_recovery: false, title, body, offer: None }
    }

    fn offering(self, offer: Offer) -> Self {
        Self { offer: Some(offer), ..self }
    }
}

/// A span as people say it.
fn spoken(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_as_people_do() {
        let said = [0, 119, 120, 7199, 7200, 90_000].map(|seconds| spoken(Duration::from_secs(seconds)));
        assert_eq!(said, ["0 s", "119 s", "2 min", "119 min", "2 h", "25 h"]);
    }
}
