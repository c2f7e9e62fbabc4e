//! The part of a desktop that shows notices: it remembers them, and clicks them as a person does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedValue;

use crate::app::until;
use crate::desktop::Desktop;

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// A notice as it was received.
#[derive(Debug, Clone)]
pub(crate) struct Notice {
    pub(crate) id: u32,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) actions: Vec<String>,
}

pub(crate) struct Notices {
    shown: Arc<Mutex<Vec<Notice>>>,
    bus: zbus::Connection,
}

struct Server(Arc<Mutex<Vec<Notice>>>);

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Server {
    #[expect(clippy::too_many_arguments, reason = "the protocol has eight")]
    fn notify(
        &self,
        _app: String,
        replaces: u32,
        _icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _timeout_ms: i32,
    ) -> u32 {
        let mut shown = self.0.lock().unwrap();
        let next = u32::try_from(shown.len()).unwrap() + 1;
        let id = if replaces == 0 { next } else { replaces };
        shown.push(Notice { id, title, body, actions });
        id
    }

    async fn close_notification(
        &self,
        id: u32,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> zbus::fdo::Result<()> {
        Ok(emitter.notification_closed(id, 3).await?)
    }

    #[zbus(signal)]
    async fn notification_closed(emitter: &SignalEmitter<'_>, id: u32, reason: u32) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action: &str) -> zbus::Result<()>;
}

impl Notices {
    pub(crate) async fn show_on(desktop: &Desktop) -> Self {
        let shown = Arc::<Mutex<Vec<Notice>>>::default();
        let bus = desktop.bus().clone();
        bus.object_server().at(PATH, Server(Arc::clone(&shown))).await.unwrap();
        bus.request_name(NAME).await.unwrap();
        Self { shown, bus }
    }

    pub(crate) fn all(&self) -> Vec<Notice> {
        self.shown.lock().unwrap().clone()
    }

    /// Waits for the notice of that number, from 1 on.
    pub(crate) async fn nth(&self, number: usize) -> Notice {
        until("a notice", || self.all().len() >= number).await;
        self.all()[number - 1].clone()
    }

    /// A person chooses a button, again and again until it has an effect: the first click may come before anybody listens.
    pub(crate) async fn click(&self, id: u32, action: &str) {
        let interface = self.bus.object_server().interface::<_, Server>(PATH).await.unwrap();
        interface.signal_emitter().action_invoked(id, action).await.unwrap();
    }
}
