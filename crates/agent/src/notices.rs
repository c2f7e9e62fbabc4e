//! Notices on the desktop: what `alerts` decided to tell is shown, and what a person clicks comes back. Deciding is
//! not done here, and no text is added.
//!
//! A newer notice about the same thing takes the place of the older one; the end of a trouble closes the notice of the
//! trouble. A desktop without notices is told of once in the log and does no harm.

#[cfg(all(unix, not(target_os = "macos")))]
#[path = "notices/xdg.rs"]
mod platform;
#[cfg(any(target_os = "macos", windows))]
#[path = "notices/native.rs"]
mod platform;
mod wording;

use std::collections::VecDeque;
use std::time::Duration;

use alerts::notice::{Kind, Notice, Offer};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use platform::{Desk, Handle};

/// Notices that wait to be shown. A person who gets more at once reads none of them.
const MOST_WAITING: usize = 16;
/// Notices that stand at once; the oldest is closed for another one. Each holds a connection, or a thread.
const MOST_SHOWN: usize = 12;

/// The bus itself gives a desktop's answer up after 25 s.
const SHOWN_WITHIN: Duration = Duration::from_secs(30);

/// Whatever can show a notice.
pub trait Notifier: Send + Sync {
    /// Shows it soon; never waits, never fails.
    fn show(&self, notice: &Notice);
}

/// What a person chose on a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clicked {
    /// The notice's kind.
    pub kind: Kind,
    /// What it was about.
    pub subject: Option<String>,
    /// What is to be done.
    pub offer: Offer,
}

/// The notices of this machine's desktop. Dropping it takes them away.
#[derive(Debug)]
pub struct DesktopNotices {
    waiting: mpsc::Sender<Notice>,
}

impl DesktopNotices {
    /// `clicks` gets what is chosen. Needs a Tokio runtime.
    #[must_use]
    pub fn start(clicks: mpsc::Sender<Clicked>) -> Self {
        let (waiting, notices) = mpsc::channel(MOST_WAITING);
        tokio::spawn(Board::default().run(notices, clicks));
        Self { waiting }
    }
}

impl Notifier for DesktopNotices {
    fn show(&self, notice: &Notice) {
        if self.waiting.try_send(notice.clone()).is_err() {
            tracing::warn!(kind = ?notice.kind, "a notice was left out: too many at once");
        }
    }
}

/// What is shown, the oldest first.
#[derive(Default)]
struct Board {
    desk: Desk,
    shown: VecDeque<Shown>,
    watched: JoinSet<Watched>,
    /// Counts what was shown.
    number: u64,
    is_broken: bool,
}

struct Shown {
    number: u64,
    notice: Notice,
    /// The desktop's own number for it, where it has one.
    id: Option<u32>,
    /// Dropped without a word, the notice stays and is not watched any more.
    close: oneshot::Sender<()>,
}

/// A notice that is gone, and what was chosen on it.
struct Watched {
    number: u64,
    choice: Option<Offer>,
}

impl Board {
    async fn run(mut self, mut notices: mpsc::Receiver<Notice>, clicks: mpsc::Sender<Clicked>) {
        loop {
            let watched = tokio::select! {
                notice = notices.recv() => {
                    let Some(notice) = notice else { break };
                    self.put_up(notice).await;
                    continue;
                }
                Some(watched) = self.watched.join_next() => watched,
            };
            let Ok(Watched { number, choice }) = watched else { continue };
            let place = self.shown.iter().position(|shown| shown.number == number);
            let gone = place.and_then(|place| self.shown.remove(place));
            if let Some((Shown { notice, .. }, offer)) = gone.zip(choice) {
                let Notice { kind, subject, .. } = notice;
                // Clicks that nobody takes while sixteen are waiting are no loss.
                let _ = clicks.try_send(Clicked { kind, subject, offer });
            }
        }
        self.clear().await;
    }

    async fn put_up(&mut self, notice: Notice) {
        let same = |shown: &Shown| shown.notice.kind == notice.kind && shown.notice.subject == notice.subject;
        let place = self.shown.iter().position(same);
        let mut older = place.and_then(|place| self.shown.remove(place));
        if notice.is_recovery {
            older.take().into_iter().for_each(Shown::close);
        }
        if self.shown.len() >= MOST_SHOWN {
            self.shown.pop_front().into_iter().for_each(Shown::close);
        }
        let showing = self.desk.show(&notice, older.as_ref().and_then(|shown| shown.id));
        match timeout(SHOWN_WITHIN, showing).await {
            Ok(Ok(handle)) => self.watch(notice, handle),
            Ok(Err(error)) => self.keep(older, &error),
            Err(late) => self.keep(older, &late),
        }
    }

    /// What could not be replaced may stand there still.
    fn keep(&mut self, older: Option<Shown>, error: &(dyn std::error::Error + 'static)) {
        if !self.is_broken {
            tracing::warn!(error, "notices cannot be shown on this desktop");
        }
        self.is_broken = true;
        self.shown.extend(older);
    }

    fn watch(&mut self, notice: Notice, handle: Handle) {
        self.is_broken = false;
        self.number += 1;
        let (number, id) = (self.number, handle.id());
        let (close, closing) = oneshot::channel();
        let offered = notice.clone();
        self.watched.spawn(async move {
            let chosen = handle.chosen(closing).await;
            Watched { number, choice: chosen.and_then(|action| wording::meant(&offered, &action)) }
        });
        self.shown.push_back(Shown { number, notice, id, close });
    }

    async fn clear(mut self) {
        self.shown.drain(..).for_each(Shown::close);
        while self.watched.join_next().await.is_some() {}
    }
}

impl Shown {
    fn close(self) {
        // An error means that it is gone already.
        let _ = self.close.send(());
    }
}
