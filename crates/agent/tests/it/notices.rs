//! Notices on a session bus of their own, seen by a desktop that remembers everything.

mod bus;

use std::time::Duration;

use agent::notices::{Clicked, DesktopNotices, Notifier as _};
use alerts::notice::{Kind, Notice, Offer};
use bus::with_bus;
use sims::notices::Notices;
use tokio::sync::mpsc;

fn down() -> Notice {
    Notice {
        kind: Kind::TunnelDown,
        subject: Some("the tunnel".to_owned()),
        is_recovery: false,
        title: "The tunnel is down".to_owned(),
        body: "No <route> & no answer.".to_owned(),
        offer: Some(Offer::Restart),
    }
}

fn back() -> Notice {
    Notice { is_recovery: true, title: "The tunnel is back".to_owned(), offer: None, ..down() }
}

fn exposed() -> Notice {
    let (kind, title) = (Kind::Exposed, "The model is exposed".to_owned());
    Notice { kind, title, subject: None, offer: Some(Offer::OpenWindow), ..down() }
}

fn ticket(number: usize) -> Notice {
    let (kind, offer) = (Kind::NeedsReview, Some(Offer::OpenTicket));
    Notice { kind, subject: Some(number.to_string()), offer, ..down() }
}

fn start() -> (DesktopNotices, mpsc::Receiver<Clicked>) {
    let (clicks, clicked) = mpsc::channel(4);
    (DesktopNotices::start(clicks), clicked)
}

/// Clicks again and again, as a person would: the first clicks may come before anybody listens.
async fn click(desktop: &Notices, clicked: &mut mpsc::Receiver<Clicked>, id: u32, action: &str) -> Clicked {
    loop {
        desktop.click(id, action).await;
        if let Ok(clicked) = tokio::time::timeout(Duration::from_millis(20), clicked.recv()).await {
            return clicked.expect("the notices are there");
        }
    }
}

#[test]
fn a_notice_says_what_it_was_given_and_its_buttons_come_back() {
    with_bus("notices::a_notice_says_what_it_was_given_and_its_buttons_come_back", async || {
        let desktop = Notices::start().await;
        let (notices, mut clicked) = start();
        notices.show(&down());
        let posted = desktop.posted(1).await;
        assert_eq!((posted.title.as_str(), posted.replaces), ("The tunnel is down", 0));
        assert_eq!(posted.body, "No &lt;route&gt; &amp; no answer.");
        assert_eq!(posted.actions, ["default", "Open", "restart", "Restart tunnel"]);
        assert_eq!((posted.urgency, posted.timeout_ms), (Some(1), -1));
        let chosen = click(&desktop, &mut clicked, posted.id, "restart").await;
        let (kind, subject) = (Kind::TunnelDown, Some("the tunnel".to_owned()));
        assert_eq!(chosen, Clicked { kind, subject, offer: Offer::Restart });
        notices.show(&exposed());
        let posted = desktop.posted(2).await;
        assert_eq!((posted.urgency, posted.timeout_ms), (Some(2), 0), "critical, and stays");
        let chosen = click(&desktop, &mut clicked, posted.id, "default").await;
        assert_eq!((chosen.kind, chosen.offer), (Kind::Exposed, Offer::OpenWindow));
    });
}

#[test]
fn news_of_a_trouble_replace_its_notice_and_its_end_closes_it() {
    with_bus("notices::news_of_a_trouble_replace_its_notice_and_its_end_closes_it", async || {
        let desktop = Notices::start().await;
        let (notices, mut clicked) = start();
        notices.show(&down());
        let first = desktop.posted(1).await;
        notices.show(&exposed());
        assert_eq!(desktop.posted(2).await.replaces, 0, "another trouble has its own");
        notices.show(&down());
        assert_eq!(desktop.posted(3).await.replaces, first.id);
        let chosen = click(&desktop, &mut clicked, first.id, "restart").await;
        assert_eq!(chosen.offer, Offer::Restart);
        notices.show(&down());
        let last = desktop.posted(4).await;
        assert_eq!(last.replaces, 0, "what was clicked is gone");
        notices.show(&back());
        let recovered = desktop.posted(5).await;
        assert_eq!((recovered.title.as_str(), recovered.replaces), ("The tunnel is back", 0));
        assert_eq!((recovered.urgency, recovered.actions.len()), (Some(0), 0));
        desktop.closed(last.id).await;
        drop(notices);
        desktop.closed(recovered.id).await;
        assert!(clicked.recv().await.is_none(), "one click, one answer");
    });
}

#[test]
fn a_notice_that_was_dismissed_is_not_replaced() {
    with_bus("notices::a_notice_that_was_dismissed_is_not_replaced", async || {
        let desktop = Notices::start().await;
        let (notices, _clicked) = start();
        for number in 1.. {
            assert!(number < 1_000, "it is never taken for dismissed");
            notices.show(&down());
            let posted = desktop.posted(number).await;
            if number > 1 && posted.replaces == 0 {
                break;
            }
            desktop.dismiss(posted.id).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
}

#[test]
fn many_notices_at_once_close_the_oldest() {
    with_bus("notices::many_notices_at_once_close_the_oldest", async || {
        let desktop = Notices::start().await;
        let (notices, _clicked) = start();
        for number in 1..=13 {
            notices.show(&ticket(number));
            desktop.posted(number).await;
        }
        desktop.closed(1).await;
        assert_eq!(desktop.record().closed, [1]);
    });
}

#[test]
fn a_desktop_that_refuses_is_tried_again_with_the_next_notice() {
    with_bus("notices::a_desktop_that_refuses_is_tried_again_with_the_next_notice", async || {
        let desktop = Notices::start().await;
        let (notices, _clicked) = start();
        notices.show(&down());
        let first = desktop.posted(1).await;
        desktop.refuse(2);
        notices.show(&down());
        notices.show(&exposed());
        desktop.refused(2).await;
        notices.show(&down());
        assert_eq!(desktop.posted(2).await.replaces, first.id, "it stands there still");
    });
}

#[test]
fn a_desktop_without_notices_does_no_harm() {
    with_bus("notices::a_desktop_without_notices_does_no_harm", async || {
        let (notices, _clicked) = start();
        notices.show(&exposed());
        let (others, mut end) = start();
        others.show(&exposed());
        drop(others);
        assert!(end.recv().await.is_none(), "it ends");
        let desktop = Notices::start().await;
        notices.show(&down());
        let titles = ["The tunnel is down", "The model is exposed"];
        assert!(titles.contains(&desktop.posted(1).await.title.as_str()));
    });
}
