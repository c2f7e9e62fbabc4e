//! Walks through a day with notices, one situation each.

use super::*;
use crate::notice::Offer;

#[test]
fn a_tunnel_down_for_half_a_minute_is_told_once_with_what_to_do() {
    let mut day = Day::new();
    day.bad();
    assert_eq!(day.pass(29), []);
    let [notice] = day.pass(1).try_into().unwrap();
    let expected = Notice {
        kind: Kind::TunnelDown,
        subject: Some("tunnel".to_owned()),
        is_recovery: false,
        title: "The tunnel is down".to_owned(),
        body: "Cloudflare cannot reach this machine. Restart the tunnel.".to_owned(),
        offer: Some(Offer::Restart),
    };
    assert_eq!(notice, expected);
    assert_eq!(day.pass(3600), []);
    day.good();
    let [back] = day.pass(60).try_into().unwrap();
    assert_eq!((back.is_recovery, back.title.as_str(), back.offer), (true, "The tunnel is back", None));
    assert_eq!(back.body, "It lasted 60 min.");
}

#[test]
fn exposed_and_gave_up_are_told_at_once() {
    for (trouble, subject, title) in [
        (Trouble::Exposed, "address", "The model is exposed"),
        (Trouble::GaveUp, "cloudflared", "cloudflared cannot be started"),
    ] {
        let mut day = Day::new();
        let [notice] = day.tell(bad(trouble, subject)).try_into().unwrap();
        assert_eq!(notice.title, title);
        assert_eq!(day.tell(bad(trouble, subject)), [], "once");
        assert_eq!(day.tell(Event::Good { trouble, subject: subject.to_owned() }), []);
        assert_eq!(day.pass(30).len(), 1, "its end, once");
    }
}

#[test]
fn of_what_is_not_there_any_more_neither_trouble_nor_end_is_told() {
    for settled in [29, 31] {
        let mut day = Day::new();
        day.bad();
        day.pass(settled);
        let moot = Event::Moot { trouble: Trouble::TunnelDown, subject: "tunnel".to_owned() };
        assert_eq!(day.tell(moot), []);
        assert_eq!(day.pass(120), []);
        day.good();
        assert_eq!(day.pass(120), []);
    }
}

#[test]
fn a_happening_is_told_at_once_and_only_once() {
    let mut day = Day::new();
    let [notice] = day.tell(review("7")).try_into().unwrap();
    assert_eq!((notice.subject.as_deref(), notice.offer), (Some("7"), Some(Offer::OpenTicket)));
    assert_eq!(day.tell(review("7")), []);
    assert_eq!(day.tell(review("8")).len(), 1);
}

#[test]
fn nothing_is_told_within_half_a_minute_of_waking() {
    let mut day = Day::new();
    day.bad();
    day.pass(20);
    day.tell(Event::Woke);
    assert_eq!(day.tell(review("7")), []);
    day.bad();
    assert_eq!(titles(&day.pass(29)), [""; 0]);
    assert_eq!(titles(&day.pass(1)), ["The tunnel is down", "A ticket needs a review"]);
}

#[test]
fn what_was_down_before_sleep_settles_anew() {
    let mut day = Day::new();
    day.rules.wake = Duration::from_secs(10);
    day.bad();
    day.pass(29);
    day.tell(Event::Woke);
    assert_eq!(day.pass(29), []);
    assert_eq!(day.pass(1).len(), 1);
}

#[test]
fn a_program_that_gave_up_right_after_waking_is_told_when_the_half_minute_is_over() {
    let mut day = Day::new();
    day.tell(Event::Woke);
    assert_eq!(day.tell(bad(Trouble::GaveUp, "cloudflared")), []);
    assert_eq!(day.pass(29), []);
    assert_eq!(day.pass(1).len(), 1);
}

#[test]
fn a_tunnel_back_soon_after_waking_is_not_news() {
    let mut day = Day::new();
    day.bad();
    day.pass(29);
    day.tell(Event::Woke);
    day.pass(25);
    day.good();
    assert_eq!(day.pass(600), []);
}

#[test]
fn quiet_hours_hold_back_what_is_still_true_at_their_end() {
    let mut day = Day::new();
    day.rules.quiet = Some(QuietHours { from: 22 * 60, until: 7 * 60 });
    day.minute = 23 * 60;
    day.bad();
    for ticket in ["1", "2", "3"] {
        day.tell(review(ticket));
    }
    day.tell(Event::Withdrawn { happening: Happening::NeedsReview, subject: "3".to_owned() });
    assert_eq!(day.pass(3600), []);
    assert_eq!(day.tell(bad(Trouble::Exposed, "address")).len(), 1, "this one wakes people");
    day.minute = 7 * 60;
    assert_eq!(titles(&day.pass(1)), ["The tunnel is down", "2 tickets need a review"]);
    assert_eq!(day.pass(60), []);
}

#[test]
fn what_came_and_went_in_quiet_hours_is_not_told() {
    let mut day = Day::new();
    day.rules.quiet = Some(QuietHours { from: 22 * 60, until: 7 * 60 });
    day.minute = 3 * 60;
    day.bad();
    day.pass(600);
    day.good();
    day.pass(600);
    day.minute = 7 * 60;
    assert_eq!(day.pass(600), []);
}

#[test]
fn an_end_in_quiet_hours_is_told_after_them() {
    let mut day = Day::new();
    day.rules.quiet = Some(QuietHours { from: 22 * 60, until: 7 * 60 });
    day.bad();
    assert_eq!(day.pass(30).len(), 1);
    day.minute = 23 * 60;
    day.good();
    assert_eq!(day.pass(600), []);
    day.minute = 8 * 60;
    assert_eq!(titles(&day.pass(1)), ["The tunnel is back"]);
}

#[test]
fn ones_own_click_is_not_news_unless_the_tunnel_stays_away() {
    let mut day = Day::new();
    day.tell(Event::Clicked(Click::Started));
    day.bad();
    day.pass(50);
    day.good();
    assert_eq!(day.pass(600), [], "it came back");
    day.tell(Event::Clicked(Click::Started));
    day.bad();
    assert_eq!(day.pass(88), []);
    assert_eq!(titles(&day.pass(2)), ["The tunnel is down"], "it did not come back");
}

#[test]
fn a_tunnel_stopped_by_hand_stays_down_without_a_word() {
    let mut day = Day::new();
    day.tell(Event::Clicked(Click::Halted));
    day.bad();
    assert_eq!(day.pass(3600), []);
    day.tell(Event::Clicked(Click::Started));
    day.good();
    assert_eq!(day.pass(3600), []);
    assert_eq!(day.tell(bad(Trouble::GaveUp, "cloudflared")).len(), 1, "that is nobody's click");
}

#[test]
fn a_kind_that_is_switched_off_says_nothing() {
    let mut day = Day::new();
    day.rules.off = BTreeSet::from([Kind::TunnelDown, Kind::NeedsReview]);
    day.bad();
    assert_eq!(day.tell(review("7")), []);
    assert_eq!(day.pass(600), []);
    day.rules.off.clear();
    assert_eq!(
        titles(&day.pass(1)),
        ["The tunnel is down"],
        "what is still true is told when it is wanted again"
    );
}

#[test]
fn troubles_of_two_programs_are_two() {
    let mut day = Day::new();
    assert_eq!(titles(&day.tell(bad(Trouble::GaveUp, "Ollama"))), ["Ollama cannot be started"]);
    assert_eq!(titles(&day.tell(bad(Trouble::GaveUp, "cloudflared"))), ["cloudflared cannot be started"]);
}

/// A memory and its clock.
struct Day {
    memory: Memory,
    rules: Rules,
    moment: Duration,
    minute: u16,
}

impl Day {
    fn new() -> Self {
        let moment = Duration::from_secs(1_000_000);
        Self { memory: Memory::default(), rules: Rules::default(), moment, minute: 12 * 60 }
    }

    fn tell(&mut self, event: Event) -> Vec<Notice> {
        let now = Now { moment: self.moment, local_minute: self.minute };
        let (memory, notices) = observe(std::mem::take(&mut self.memory), &event, now, &self.rules);
        self.memory = memory;
        notices
    }

    fn bad(&mut self) {
        let event = bad(Trouble::TunnelDown, "tunnel");
        assert_eq!(self.tell(event), []);
    }

    fn good(&mut self) {
        let event = Event::Good { trouble: Trouble::TunnelDown, subject: "tunnel".to_owned() };
        assert_eq!(self.tell(event), []);
    }

    fn pass(&mut self, seconds: u64) -> Vec<Notice> {
        let mut notices = Vec::new();
        for _ in 0..seconds {
            self.moment += Duration::from_secs(1);
            notices.extend(self.tell(Event::Tick));
        }
        notices
    }
}

fn bad(trouble: Trouble, subject: &str) -> Event {
    let body = "Cloudflare cannot reach this machine. Restart the tunnel.".to_owned();
    Event::Bad { trouble, subject: subject.to_owned(), body }
}

fn review(ticket: &str) -> Event {
    let body = "Nothing was written to HubSpot.".to_owned();
    Event::Happened { happening: Happening::NeedsReview, subject: ticket.to_owned(), body }
}

fn titles(notices: &[Notice]) -> Vec<&str> {
    notices.iter().map(|notice| notice.title.as_str()).collect()
}
