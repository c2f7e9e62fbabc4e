//! The object on the bus.

use zbus::message::Header;
use zbus::object_server::SignalEmitter;

use super::Panel;

pub(super) struct Watcher(pub(super) Panel);

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    async fn register_status_notifier_item(
        &self,
        service: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> zbus::fdo::Result<()> {
        // The library gives its path and is known by its connection.
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        self.0.items().push((sender, service.clone()));
        Ok(emitter.status_notifier_item_registered(&service).await?)
    }

    fn register_status_notifier_host(&self, _service: String) {}

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.0.items().iter().map(|(sender, path)| format!("{sender}{path}")).collect()
    }

    #[zbus(signal)]
    async fn status_notifier_item_registered(emitter: &SignalEmitter<'_>, service: &str) -> zbus::Result<()>;
}
