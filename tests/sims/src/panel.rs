//! The part of a desktop's panel that collects icons: `org.kde.StatusNotifierWatcher`, which also says that it shows them.

mod watcher;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zbus::zvariant::{OwnedObjectPath, OwnedValue, Structure};

/// Its name on the bus.
const NAME: &str = "org.kde.StatusNotifierWatcher";

/// Id, properties, children of a line of a menu.
type Node = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

/// Who has registered an icon: the connection and the path there.
#[derive(Debug, Clone, Default)]
pub struct Panel {
    items: Arc<Mutex<Vec<(String, String)>>>,
}

/// What a panel reads of an icon.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Icon {
    /// The program's name for it.
    pub id: String,
    /// The words for people; empty where the program gives none.
    pub title: String,
    /// The words of its menu's lines.
    pub lines: Vec<String>,
}

impl Panel {
    /// A panel on that bus.
    ///
    /// # Errors
    /// When there is one already, or the bus is gone.
    pub async fn show(bus: &zbus::Connection) -> zbus::Result<Self> {
        let panel = Self::default();
        bus.object_server().at("/StatusNotifierWatcher", watcher::Watcher(panel.clone())).await?;
        bus.request_name(NAME).await?;
        Ok(panel)
    }

    /// The icon that came last.
    #[must_use]
    pub fn last(&self) -> Option<(String, String)> {
        self.items().last().cloned()
    }

    fn items(&self) -> MutexGuard<'_, Vec<(String, String)>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Icon {
    /// Reads it from the program that shows it.
    ///
    /// # Errors
    /// When the program has ended or does not speak the protocol.
    pub async fn read(bus: &zbus::Connection, name: &str, path: &str) -> zbus::Result<Self> {
        let item = zbus::Proxy::new(bus, name, path, "org.kde.StatusNotifierItem").await?;
        let menu: OwnedObjectPath = item.get_property("Menu").await?;
        let menu = zbus::Proxy::new(bus, name, menu.as_ref(), "com.canonical.dbusmenu").await?;
        let everything: Vec<&str> = Vec::new();
        let answer = menu.call_method("GetLayout", &(0_i32, -1_i32, everything)).await?;
        let (_, (_, _, children)): (u32, Node) = answer.body().deserialize()?;
        let label = |child: OwnedValue| {
            let (_, properties, _): Node = Structure::try_from(child)?.try_into()?;
            let label = properties.get("label").and_then(|label| String::try_from(label.clone()).ok());
            zbus::zvariant::Result::Ok(label.unwrap_or_default())
        };
        let lines = children.into_iter().map(label).collect::<zbus::zvariant::Result<Vec<_>>>()?;
        Ok(Self {
            id: item.get_property("Id").await?,
            title: item.get_property("Title").await.unwrap_or_default(),
            lines,
        })
    }
}
