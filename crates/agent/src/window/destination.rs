//! Where the window is to go. PURE.

use serde::{Deserialize, Serialize};

use crate::socket::Page;

/// The place on the page for setting up where a link is confirmed; by being there a new page shows that it has the link.
const PAIR: &str = "pair";

/// Where the window is to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Destination {
    /// The page; none: the window as it is.
    page: Option<Page>,
    /// The ticket there.
    ticket_id: Option<String>,
    /// A pairing link that was opened: shown for the person to confirm, never followed by itself.
    pair_link: Option<String>,
}

impl Destination {
    /// A page, and the ticket there.
    #[must_use]
    pub const fn page(page: Page, ticket_id: Option<String>) -> Self {
        Self { page: Some(page), ticket_id, pair_link: None }
    }

    /// Where a link is confirmed.
    #[must_use]
    pub fn pair(link: String) -> Self {
        Self { page: Some(Page::Setup), ticket_id: Some(PAIR.to_owned()), pair_link: Some(link) }
    }

    /// Whether it is more than the window itself.
    #[must_use]
    pub const fn is_a_place(&self) -> bool {
        self.page.is_some()
    }

    /// Where a page is that has taken the link; `None` when there is no link to take.
    #[must_use]
    pub fn place_of_link(&self) -> Option<String> {
        self.pair_link.as_ref().map(|_| format!("/setup/{PAIR}"))
    }

    /// As the pages name their places.
    #[must_use]
    pub fn address(&self) -> String {
        // A page that is given a link goes there by itself.
        let Some(page) = self.page.filter(|_| self.pair_link.is_none()) else {
            return "index.html".to_owned();
        };
        let page = match page {
            Page::Overview => "overview",
            Page::Tickets => "tickets",
            Page::Setup => "setup",
            Page::Settings => "settings",
        };
        let ticket = self.ticket_id.as_deref().map(|id| format!("/{}", escaped(id))).unwrap_or_default();
        format!("index.html#/{page}{ticket}")
    }
}

/// For the part of an address after its last slash.
fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_destination_has_an_address_that_its_words_cannot_leave() {
        for (destination, address) in [
            (Destination::default(), "index.html"),
            (Destination::page(Page::Overview, None), "index.html#/overview"),
            (Destination::page(Page::Settings, None), "index.html#/settings"),
            (Destination::page(Page::Tickets, Some("314".to_owned())), "index.html#/tickets/314"),
            (
                Destination::page(Page::Tickets, Some("a/b ü".to_owned())),
                "index.html#/tickets/a%2Fb%20%C3%BC",
            ),
            (Destination::pair("hubspot-triage://pair?code=A".to_owned()), "index.html"),
        ] {
            assert_eq!(destination.address(), address);
        }
    }

    #[test]
    fn a_destination_is_one_line_wherever_it_goes() {
        for destination in [
            Destination::default(),
            Destination::page(Page::Tickets, Some("3\n14".to_owned())),
            Destination::pair("hubspot-triage://pair?code=A".to_owned()),
        ] {
            let line = serde_json::to_string(&destination).unwrap();
            assert!(!line.contains('\n'), "{line}");
            assert_eq!(serde_json::from_str::<Destination>(&line).unwrap(), destination);
        }
    }
}
