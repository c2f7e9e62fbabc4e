//! The part of a desktop that shows notices (`org.freedesktop.Notifications`, version 1.2): it shows nothing, remembers everything,
//! and clicks as a person does.

mod server;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use self::server::{Notifications, NotificationsSignals as _};
use crate::PATIENCE;

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// A notice as it was received.
#[derive(Debug, Clone)]
pub struct Posted {
    /// By which it is clicked and closed.
    pub id: u32,
    /// The notice that it takes the place of; 0: none.
    pub replaces: u32,
    /// Its first line.
    pub title: String,
    /// The rest.
    pub body: String,
    /// Keys and labels in turn.
    pub actions: Vec<String>,
    /// 0 low, 1 normal, 2 critical.
    pub urgency: Option<u8>,
    /// How long it is to stay; −1: as the desktop likes, 0: until it is closed.
    pub timeout_ms: i32,
}

/// Everything so far.
#[derive(Debug, Default)]
pub struct Record {
    /// What was to be shown, in order.
    pub posted: Vec<Posted>,
    /// What the program took back.
    pub closed: Vec<u32>,
    refusals_left: usize,
    refused: usize,
}

/// Its place on a bus.
#[derive(Debug)]
pub struct Notices {
    record: Arc<Mutex<Record>>,
    bus: zbus::Connection,
}

impl Notices {
    /// Takes its place on the session bus.
    ///
    /// # Panics
    /// When there is none, or somebody else has that place; so do the others.
    pub async fn start() -> Self {
        Self::on(zbus::connection::Builder::session().expect("a desktop can be made")).await
    }

    /// Takes its place on the bus at that address.
    pub async fn start_at(address: &str) -> Self {
        Self::on(zbus::connection::Builder::address(address).expect("a desktop can be made")).await
    }

    async fn on(builder: zbus::connection::Builder<'_>) -> Self {
        let record = Arc::new(Mutex::new(Record::default()));
        let builder = builder.name(NAME).expect("a desktop can be made");
        let builder =
            builder.serve_at(PATH, Notifications(Arc::clone(&record))).expect("a desktop can be made");
        Self { record, bus: builder.build().await.expect("a desktop can be made") }
    }

    /// Everything so far.
    pub fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().expect("a desktop can be made")
    }

    /// Refuses the next so many.
    pub fn refuse(&self, times: usize) {
        self.record().refusals_left = times;
    }

    /// Waits until so many were refused.
    pub async fn refused(&self, times: usize) {
        until("a refusal", || self.record().refused >= times).await;
    }

    /// Waits for the notice of that number, from 1 on.
    pub async fn posted(&self, number: usize) -> Posted {
        until("a notice", || self.record().posted.len() >= number).await;
        self.record().posted[number - 1].clone()
    }

    /// Waits until the program takes it back.
    pub async fn closed(&self, id: u32) {
        until("a notice to be closed", || self.record().closed.contains(&id)).await;
    }

    /// A person chooses a button.
    pub async fn click(&self, id: u32, action: &str) {
        let interface = self
            .bus
            .object_server()
            .interface::<_, Notifications>(PATH)
            .await
            .expect("a desktop can be made");
        interface.signal_emitter().action_invoked(id, action).await.expect("a desktop can be made");
    }

    /// A person closes it.
    pub async fn dismiss(&self, id: u32) {
        let interface = self
            .bus
            .object_server()
            .interface::<_, Notifications>(PATH)
            .await
            .expect("a desktop can be made");
        interface.signal_emitter().notification_closed(id, 2).await.expect("a desktop can be made");
    }
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let asking = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, asking).await.is_ok(), "waited for {what}");
}
