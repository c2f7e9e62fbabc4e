//! The window that the tray app opened, as a person uses it: by way of WebDriver, attached to its browser engine.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};

use crate::app::{PATIENCE, until};

/// `Tab`, `Enter`, the arrows and `Escape`, as WebDriver names them.
pub(crate) const TAB: &str = "\u{E004}";
pub(crate) const ENTER: &str = "\u{E007}";
pub(crate) const RIGHT: &str = "\u{E014}";
pub(crate) const DOWN: &str = "\u{E015}";
pub(crate) const ESCAPE: &str = "\u{E00C}";

/// A window under the driver's hand. Dropping it lets go of the window, which stays.
pub(crate) struct Page {
    client: Client,
    driver: Driver,
}

struct Driver(Child);

/// Longer than a window takes to answer for the first time.
const ANSWER: Duration = Duration::from_secs(10);

/// Where a browser engine can be driven from outside.
pub(crate) fn place() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap()
}

/// What lets a window be driven there.
pub(crate) fn environment(place: SocketAddr) -> [(&'static str, String); 2] {
    [("TAURI_WEBVIEW_AUTOMATION", "true".to_owned()), ("WEBKIT_INSPECTOR_SERVER", place.to_string())]
}

/// Whether the driver is installed, which is no excuse in CI.
pub(crate) fn is_installed() -> bool {
    let there = Command::new("WebKitWebDriver").arg("--help").stdout(Stdio::null()).status().is_ok();
    assert!(there || std::env::var_os("CI").is_none(), "webkit2gtk-driver is needed");
    there
}

impl Page {
    /// Attaches to the window whose engine is there.
    pub(crate) async fn attach(engine: SocketAddr) -> Self {
        until("the window's engine", || TcpStream::connect(engine).is_ok()).await;
        let begun = Instant::now();
        loop {
            // Who comes while the first page is about to take the place of an empty one is never answered.
            let page = tokio::time::timeout(ANSWER, Self::try_to_attach(engine)).await;
            if let Ok(page) = page {
                return page;
            }
            assert!(begun.elapsed() < PATIENCE, "the window cannot be driven");
        }
    }

    async fn try_to_attach(engine: SocketAddr) -> Self {
        let port = place().port();
        let driver = Command::new("WebKitWebDriver")
            .args([format!("--port={port}"), format!("--target={engine}")])
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let driver = Driver(driver);
        until("the driver", || TcpStream::connect(("127.0.0.1", port)).is_ok()).await;
        let address = format!("http://127.0.0.1:{port}");
        let client = ClientBuilder::new(HttpConnector::new()).connect(&address).await.unwrap();
        let page = Self { client, driver };
        page.text().await;
        page
    }

    /// Everything that can be read.
    pub(crate) async fn text(&self) -> String {
        let text = self.run("return document.body.innerText", vec![]).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until these words can be read.
    pub(crate) async fn until(&self, words: &str) {
        self.until_text(words, |text| text.contains(words)).await;
    }

    pub(crate) async fn until_text(&self, what: &str, is_so: impl Fn(&str) -> bool) {
        let mut text = String::new();
        let asking = async {
            loop {
                text = self.text().await;
                if is_so(&text) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, asking).await;
        assert!(waited.is_ok(), "waited for {what}:\n{text}");
    }

    /// The page's address after its `#`.
    pub(crate) async fn place(&self) -> String {
        let hash = self.run("return location.hash", vec![]).await;
        hash.as_str().unwrap_or_default().to_owned()
    }

    pub(crate) async fn until_place(&self, expected: &str) {
        let asking = async {
            while self.place().await != expected {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, asking).await;
        assert!(waited.is_ok(), "waited for {expected}, it is {}", self.place().await);
    }

    /// Clicks what is found, as soon as it can be clicked.
    pub(crate) async fn click(&self, path: &str) {
        let asking = async {
            while !self.clicked(path).await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, asking).await;
        assert!(waited.is_ok(), "cannot click {path}:\n{}", self.text().await);
    }

    async fn clicked(&self, path: &str) -> bool {
        let Ok(element) = self.client.find(Locator::XPath(path)).await else { return false };
        element.is_enabled().await.unwrap_or(false) && element.click().await.is_ok()
    }

    pub(crate) async fn press(&self, button: &str) {
        self.click(&format!("//main//button[normalize-space()='{button}']")).await;
    }

    pub(crate) async fn go(&self, page: &str) {
        self.click(&format!("//nav//a[normalize-space()='{page}']")).await;
    }

    /// A line of the menu ⋯.
    pub(crate) async fn choose(&self, line: &str) {
        self.click("//main//button[@aria-label='More']").await;
        self.click(&format!("//main//*[@role='menu']/button[normalize-space()='{line}']")).await;
    }

    /// Writes into the field with that label, in place of what is there.
    pub(crate) async fn write(&self, label: &str, text: &str) {
        let field = self.find(&format!("//label[normalize-space()=\"{label}\"]/following::input[1]")).await;
        answered(field.clear()).await;
        answered(field.send_keys(text)).await;
    }

    pub(crate) async fn find(&self, path: &str) -> Element {
        let asking = async {
            loop {
                if let Ok(found) = self.client.find(Locator::XPath(path)).await {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, asking).await {
            Ok(found) => found,
            Err(_) => panic!("there is no {path}:\n{}", self.text().await),
        }
    }

    pub(crate) async fn until_gone(&self, path: &str) {
        let asking = async {
            while !answered(self.client.find_all(Locator::XPath(path))).await.is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, asking).await;
        assert!(waited.is_ok(), "{path} is still there:\n{}", self.text().await);
    }

    /// Presses keys where the focus is.
    pub(crate) async fn keys(&self, keys: &str) {
        answered(answered(self.client.active_element()).await.send_keys(keys)).await;
    }

    /// What a script returns.
    pub(crate) async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        answered(self.client.execute(script, arguments)).await
    }

    /// What becomes of a call to the app: `{"done": …}` or `{"refused": …}`.
    pub(crate) async fn call(&self, command: &str, arguments: &Value) -> Value {
        let script = "const [command, args, end] = arguments; \
            window.__TAURI_INTERNALS__.invoke(command, args).then(\
            (done) => end({ done: done ?? null }), (refused) => end({ refused }))";
        self.wait(script, vec![json!(command), arguments.clone()]).await
    }

    /// What a script gives to the function that is its last argument.
    pub(crate) async fn wait(&self, script: &str, arguments: Vec<Value>) -> Value {
        answered(self.client.execute_async(script, arguments)).await
    }

    /// Lets go of the window, which must have been under the hand of this driver all the time.
    pub(crate) fn leave(mut self) {
        assert_eq!(self.driver.0.try_wait().unwrap(), None, "the driver has ended");
    }
}

/// What the driver answers, who may also fall silent.
async fn answered<T>(call: impl Future<Output = Result<T, CmdError>>) -> T {
    tokio::time::timeout(PATIENCE, call).await.expect("the window answers").unwrap()
}

impl Drop for Driver {
    fn drop(&mut self) {
        let group = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        let _ = group.map(|group| kill_process_group(group, Signal::KILL));
        drop(self.0.wait());
    }
}
