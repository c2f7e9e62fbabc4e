//! The icon in the panel and its menu, as a panel reads and clicks them: StatusNotifierItem and dbusmenu.

use std::collections::HashMap;
use std::time::Duration;

use zbus::zvariant::{OwnedObjectPath, OwnedValue, Structure, Value};

use crate::app::PATIENCE;
use crate::desktop::IconFile;

type Properties = HashMap<String, OwnedValue>;
/// Id, properties, children.
type Node = (i32, Properties, Vec<OwnedValue>);

/// A line of the menu.
struct Shown {
    id: i32,
    label: String,
    is_checked: bool,
}

pub(crate) struct TrayItem {
    item: zbus::Proxy<'static>,
    menu: zbus::Proxy<'static>,
}

impl TrayItem {
    pub(crate) async fn new(bus: &zbus::Connection, name: &str, path: &str) -> Self {
        let (name, path) = (name.to_owned(), path.to_owned());
        let interface = "org.kde.StatusNotifierItem";
        let item: zbus::Proxy<'static> = zbus::proxy::Builder::new(bus)
            .destination(name.clone())
            .unwrap()
            .path(path)
            .unwrap()
            .interface(interface)
            .unwrap()
            .cache_properties(zbus::proxy::CacheProperties::No)
            .build()
            .await
            .unwrap();
        let menu: OwnedObjectPath = item.get_property("Menu").await.unwrap();
        let menu = zbus::Proxy::new(bus, name, menu, "com.canonical.dbusmenu").await.unwrap();
        Self { item, menu }
    }

    /// Where the icon of the moment lies.
    pub(crate) async fn icon(&self) -> IconFile {
        let name: String = self.item.get_property("IconName").await.unwrap();
        name.into()
    }

    pub(crate) async fn until_icon(&self, what: &str, is_so: impl Fn(&IconFile) -> bool) -> IconFile {
        let asking = async {
            loop {
                let icon = self.icon().await;
                if is_so(&icon) && icon.exists() {
                    return icon;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, asking).await;
        waited.unwrap_or_else(|_| panic!("waited for {what}"))
    }

    /// The words of the menu's lines.
    pub(crate) async fn lines(&self) -> Vec<String> {
        self.items().await.into_iter().map(|item| item.label).collect()
    }

    pub(crate) async fn until_line(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let asking = async {
            loop {
                if let Some(line) = self.lines().await.into_iter().find(|line| is_so(line)) {
                    return line;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, asking).await {
            Ok(line) => line,
            Err(_) => panic!("waited for {what}: {:#?}", self.lines().await),
        }
    }

    /// Clicks the line with these words, as soon as it is there.
    pub(crate) async fn click(&self, label: &str) {
        self.until_line(label, |line| line == label).await;
        let items = self.items().await;
        let id = items.iter().find(|item| item.label == label).unwrap().id;
        let nothing = Value::from(0_i32);
        self.menu.call_method("Event", &(id, "clicked", nothing, 0_u32)).await.unwrap();
    }

    /// Waits until the line is switched so.
    pub(crate) async fn until_checked(&self, label: &str, expected: bool) {
        let asking = async {
            loop {
                let items = self.items().await;
                if items.iter().any(|item| item.label == label && item.is_checked == expected) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, asking).await;
        waited.unwrap_or_else(|_| panic!("{label} is not {expected}"));
    }

    /// What is said from now on of changes of the menu.
    pub(crate) async fn changes(&self) -> zbus::proxy::SignalStream<'static> {
        self.menu.receive_all_signals().await.unwrap()
    }

    async fn items(&self) -> Vec<Shown> {
        let none: Vec<&str> = Vec::new();
        let answer = self.menu.call_method("GetLayout", &(0_i32, -1_i32, none)).await.unwrap();
        let (_, (_, _, children)): (u32, Node) = answer.body().deserialize().unwrap();
        let node = |child: OwnedValue| {
            let structure = Structure::try_from(child).unwrap();
            let (id, properties, _): Node = structure.try_into().unwrap();
            let label = properties.get("label").and_then(|label| String::try_from(label.clone()).ok());
            // An underline that is doubled is none.
            let label = label.unwrap_or_default().replace("__", "_");
            let state = properties.get("toggle-state").and_then(|state| i32::try_from(state).ok());
            Shown { id, label, is_checked: state == Some(1) }
        };
        children.into_iter().map(node).collect()
    }
}
