//! The object on the bus.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedValue;

use super::{Posted, Record};

pub(super) struct Notifications(pub(super) Arc<Mutex<Record>>);

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Notifications {
    #[expect(clippy::too_many_arguments, reason = "the protocol has eight")]
    fn notify(
        &self,
        _app: String,
        replaces: u32,
        _icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        timeout_ms: i32,
    ) -> zbus::fdo::Result<u32> {
        let mut record = self.0.lock().expect("a desktop can be made");
        if record.refusals_left > 0 {
            record.refusals_left -= 1;
            record.refused += 1;
            return Err(zbus::fdo::Error::LimitsExceeded("too many".to_owned()));
        }
        let next = u32::try_from(record.posted.len()).expect("a desktop can be made") + 1;
        let id = if replaces == 0 { next } else { replaces };
        let urgency = hints.get("urgency").and_then(|value| u8::try_from(value).ok());
        record.posted.push(Posted { id, replaces, title, body, actions, urgency, timeout_ms });
        Ok(id)
    }

    async fn close_notification(
        &self,
        id: u32,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> zbus::fdo::Result<()> {
        self.0.lock().expect("a desktop can be made").closed.push(id);
        Ok(emitter.notification_closed(id, 3).await?)
    }

    #[zbus(signal)]
    async fn notification_closed(emitter: &SignalEmitter<'_>, id: u32, reason: u32) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action: &str) -> zbus::Result<()>;
}
