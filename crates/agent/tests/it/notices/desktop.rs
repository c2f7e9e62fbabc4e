//! A session bus of one's own, and the part of a desktop that shows notices.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedValue;

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// Tells this program, started again for one test, that the session bus is the test's own.
const INSIDE: &str = "NOTICES_HAVE_A_BUS";

/// Runs `body` in a process whose session bus is a new one. `name` is the test's full name.
pub(crate) fn with_bus<F: Future<Output = ()>>(name: &str, body: impl FnOnce() -> F) {
    if std::env::var_os(INSIDE).is_some() {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a scene can be made");
        return runtime.block_on(body());
    }
    let folder = tempfile::tempdir().expect("a scene can be made");
    let config = folder.path().join("bus.conf");
    let text = format!(
        "<busconfig><type>session</type><listen>unix:dir={}</listen><policy context=\"default\">\
         <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/>\
         </policy></busconfig>",
        folder.path().display()
    );
    fs::write(&config, text).expect("a scene can be made");
    let mut command = Command::new("dbus-daemon");
    command.arg(format!("--config-file={}", config.display())).args(["--nofork", "--print-address"]);
    let bus = match command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn() {
        Ok(bus) => Ended(bus),
        Err(problem) if std::env::var_os("CI").is_none() => {
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                format!("SKIPPED {name}: dbus-daemon: {problem}\n").as_bytes(),
            );
            return;
        }
        Err(problem) => panic!("dbus-daemon is needed: {problem}"),
    };
    let mut bus = bus;
    let mut address = String::new();
    BufReader::new(bus.0.stdout.take().expect("a scene can be made"))
        .read_line(&mut address)
        .expect("a scene can be made");
    let again = Command::new(std::env::current_exe().expect("a scene can be made"))
        .args(["--exact", name, "--nocapture"])
        .env("DBUS_SESSION_BUS_ADDRESS", address.trim())
        .env(INSIDE, "1")
        .output()
        .expect("a scene can be made");
    let said = String::from_utf8_lossy(&again.stdout).into_owned() + &String::from_utf8_lossy(&again.stderr);
    assert!(again.status.success() && said.contains("1 passed"), "{said}");
}

/// A process that ends with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A notice as it was received.
#[derive(Debug, Clone)]
pub(crate) struct Posted {
    pub(crate) id: u32,
    pub(crate) replaces: u32,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) actions: Vec<String>,
    pub(crate) urgency: Option<u8>,
    pub(crate) timeout_ms: i32,
}

#[derive(Default)]
pub(crate) struct Record {
    pub(crate) posted: Vec<Posted>,
    pub(crate) closed: Vec<u32>,
    refusals_left: usize,
    refused: usize,
}

/// Shows nothing and remembers everything.
pub(crate) struct Desktop {
    record: Arc<Mutex<Record>>,
    bus: zbus::Connection,
}

struct Notifications(Arc<Mutex<Record>>);

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
        let mut record = self.0.lock().expect("a scene can be made");
        if record.refusals_left > 0 {
            record.refusals_left -= 1;
            record.refused += 1;
            return Err(zbus::fdo::Error::LimitsExceeded("too many".to_owned()));
        }
        let next = u32::try_from(record.posted.len()).expect("a scene can be made") + 1;
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
        self.0.lock().expect("a scene can be made").closed.push(id);
        Ok(emitter.notification_closed(id, 3).await?)
    }

    #[zbus(signal)]
    async fn notification_closed(emitter: &SignalEmitter<'_>, id: u32, reason: u32) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action: &str) -> zbus::Result<()>;
}

impl Desktop {
    /// Takes its place on the session bus.
    pub(crate) async fn start() -> Self {
        Self::on(zbus::connection::Builder::session().expect("a scene can be made")).await
    }

    /// Takes its place on the bus at that address.
    pub(crate) async fn start_at(address: &str) -> Self {
        Self::on(zbus::connection::Builder::address(address).expect("a scene can be made")).await
    }

    async fn on(builder: zbus::connection::Builder<'_>) -> Self {
        let record = Arc::new(Mutex::new(Record::default()));
        let builder = builder.name(NAME).expect("a scene can be made");
        let builder =
            builder.serve_at(PATH, Notifications(Arc::clone(&record))).expect("a scene can be made");
        Self { record, bus: builder.build().await.expect("a scene can be made") }
    }

    pub(crate) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().expect("a scene can be made")
    }

    pub(crate) fn refuse(&self, times: usize) {
        self.record().refusals_left = times;
    }

    pub(crate) async fn refused(&self, times: usize) {
        until("a refusal", || self.record().refused >= times).await;
    }

    /// Waits for the notice of that number, from 1 on.
    pub(crate) async fn posted(&self, number: usize) -> Posted {
        until("a notice", || self.record().posted.len() >= number).await;
        self.record().posted[number - 1].clone()
    }

    pub(crate) async fn closed(&self, id: u32) {
        until("a notice to be closed", || self.record().closed.contains(&id)).await;
    }

    /// A person chooses a button.
    pub(crate) async fn click(&self, id: u32, action: &str) {
        let interface =
            self.bus.object_server().interface::<_, Notifications>(PATH).await.expect("a scene can be made");
        interface.signal_emitter().action_invoked(id, action).await.expect("a scene can be made");
    }

    /// A person closes it.
    pub(crate) async fn dismiss(&self, id: u32) {
        let interface =
            self.bus.object_server().interface::<_, Notifications>(PATH).await.expect("a scene can be made");
        interface.signal_emitter().notification_closed(id, 2).await.expect("a scene can be made");
    }
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let asking = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(sims::PATIENCE, asking).await.is_ok(), "waited for {what}");
}
