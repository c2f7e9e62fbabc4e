//! Those who are told whenever what people see has changed, and what a person clicked on a notice.

use alerts::notice::{Kind as About, Offer};
use link::Triage;
use supervise::Kind;
use tokio::sync::mpsc;

use super::Controller;
use crate::model::{Input, Wish};
use crate::notices::Clicked;
use crate::socket::{Page, Reply};
use crate::status::Status;

/// Everybody who watches.
#[derive(Default)]
pub(super) struct Watchers {
    all: Vec<Watcher>,
    /// What was told last.
    last: Option<Status>,
    /// The tickets as they were told last.
    tickets: Vec<Triage>,
}

struct Watcher {
    replies: mpsc::Sender<Reply>,
    /// It has not been told what was told last.
    is_behind: bool,
}

impl Watchers {
    pub(super) fn add(&mut self, replies: mpsc::Sender<Reply>) {
        self.all.push(Watcher { replies, is_behind: true });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Tells those who have not seen it. Who is slow is told the newest only.
    pub(super) fn tell(&mut self, status: Status) {
        let is_news = self.last.as_ref().is_none_or(|last| status.is_news_after(last));
        self.all.retain_mut(|watcher| {
            watcher.is_behind |= is_news;
            let has_read = watcher.replies.capacity() == watcher.replies.max_capacity();
            if watcher.is_behind && has_read {
                watcher.is_behind =
                    watcher.replies.try_send(Reply::Status(Box::new(status.clone()))).is_err();
            }
            !watcher.replies.is_closed()
        });
        if is_news {
            self.last = Some(status);
        }
    }

    /// Tells of tickets that are new or stand elsewhere than before.
    pub(super) fn tell_tickets(&mut self, tickets: &[Triage]) {
        if self.tickets == tickets {
            return;
        }
        // The oldest first, as they came.
        for ticket in tickets.iter().rev().filter(|ticket| !self.tickets.contains(ticket)) {
            self.pass_on(&Reply::Triage(Box::new(ticket.clone())));
        }
        self.tickets = tickets.to_vec();
    }

    /// Says it to everybody.
    pub(super) fn pass_on(&self, reply: &Reply) {
        for watcher in &self.all {
            // Who has left 256 answers unread shows nothing to anybody.
            drop(watcher.replies.try_send(reply.clone()));
        }
    }
}

impl Controller {
    /// After every piece of news.
    pub(super) fn tell_watchers(&mut self) {
        if self.watchers.is_empty() {
            return;
        }
        let status = self.status();
        self.watchers.tell(status);
        if let Some(model) = &self.model {
            self.watchers.tell_tickets(model.linked().recent());
        }
    }

    pub(super) fn clicked(&mut self, clicked: &Clicked) {
        let program = [Kind::Ollama, Kind::Cloudflared]
            .into_iter()
            .find(|kind| clicked.subject.as_deref() == Some(kind.to_string().as_str()));
        match clicked.offer {
            Offer::Restart | Offer::Retry => {
                let program = program.unwrap_or(Kind::Cloudflared);
                if self.model().may_restart(program) {
                    self.take(Input::Wished(Wish::Restart(program)));
                } else {
                    // It says that it is paused, and offers to resume.
                    self.watchers.pass_on(&Reply::Open { page: Page::Overview, ticket_id: None });
                }
            }
            // Without a window nobody watches, and there is nothing to open.
            Offer::OpenTicket => {
                let ticket_id = clicked.subject.clone();
                self.watchers.pass_on(&Reply::Open { page: Page::Tickets, ticket_id });
            }
            Offer::OpenWindow => {
                let page = match clicked.kind {
                    About::NeedsReview => Page::Tickets,
                    About::TunnelDown | About::Exposed | About::GaveUp | About::NewAlert | About::NotDone => {
                        Page::Overview
                    }
                };
                self.watchers.pass_on(&Reply::Open { page, ticket_id: None });
            }
        }
    }
}
