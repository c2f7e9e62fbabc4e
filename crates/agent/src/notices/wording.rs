//! What is written on a notice's buttons, and what a click on them means. PURE.

use alerts::notice::{Kind, Notice, Offer};

/// What desktops call a click on the notice itself.
pub(super) const BODY: &str = "default";

/// A button: its name in the protocol, and what people read.
pub(super) fn button(offer: Offer) -> (&'static str, &'static str) {
    match offer {
        Offer::Restart => ("restart", "Restart tunnel"),
        Offer::Retry => ("retry", "Try again"),
        Offer::OpenTicket => ("open-ticket", "Open ticket"),
        Offer::OpenWindow => ("open-window", "Open"),
    }
}

/// What a click on that button of the notice, or on the notice itself, means.
pub(super) fn meant(notice: &Notice, action: &str) -> Option<Offer> {
    let (name, label) = button(notice.offer?);
    // macOS answers with the label.
    if action == name || action == label {
        return notice.offer;
    }
    (action == BODY).then(|| on_body(notice.offer)).flatten()
}

/// A click beside the button opens something; it never restarts anything.
fn on_body(offer: Option<Offer>) -> Option<Offer> {
    offer.map(|offer| match offer {
        Offer::OpenTicket => Offer::OpenTicket,
        Offer::OpenWindow | Offer::Restart | Offer::Retry => Offer::OpenWindow,
    })
}

/// Whether it has to be seen at once, and stays until somebody has. macOS leaves that to its user.
#[cfg(any(test, not(target_os = "macos")))]
pub(super) fn is_critical(notice: &Notice) -> bool {
    match notice.kind {
        Kind::Exposed => !notice.is_recovery,
        Kind::TunnelDown | Kind::GaveUp | Kind::NeedsReview | Kind::NewAlert | Kind::NotDone => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(kind: Kind, offer: Option<Offer>) -> Notice {
        let (title, body) = (String::new(), String::new());
        Notice { kind, subject: None, is_recovery: false, title, body, offer }
    }

    #[test]
    fn a_click_means_what_is_written_there_and_beside_it_only_opens() {
        for (offer, beside) in [
            (Offer::Restart, Offer::OpenWindow),
            (Offer::Retry, Offer::OpenWindow),
            (Offer::OpenTicket, Offer::OpenTicket),
            (Offer::OpenWindow, Offer::OpenWindow),
        ] {
            let notice = notice(Kind::GaveUp, Some(offer));
            let (name, label) = button(offer);
            assert_eq!(meant(&notice, name), Some(offer));
            assert_eq!(meant(&notice, label), Some(offer));
            assert_eq!(meant(&notice, BODY), Some(beside));
            assert_eq!(meant(&notice, "__closed"), None);
        }
        assert_eq!(meant(&notice(Kind::GaveUp, None), BODY), None);
    }

    #[test]
    fn only_an_exposed_model_is_critical_and_its_end_is_not() {
        let exposed = notice(Kind::Exposed, None);
        assert!(is_critical(&exposed));
        assert!(!is_critical(&Notice { is_recovery: true, ..exposed }));
        for kind in [Kind::TunnelDown, Kind::GaveUp, Kind::NeedsReview, Kind::NewAlert, Kind::NotDone] {
            assert!(!is_critical(&notice(kind, None)), "{kind:?}");
        }
    }
}
