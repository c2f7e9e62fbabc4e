//! A desktop session of a test's own. Nothing in it is a stand-in: a real bus, and the real `gnome-keyring-daemon`.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A bus and a home of its own; both end with the test.
pub struct Session {
    folder: TempDir,
    address: String,
    bus: Child,
    keyring: Option<Child>,
}

impl Session {
    /// `None` where the programs are not installed, which is no excuse in CI.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn start() -> Option<Self> {
        let is_there = |program: &str| Command::new(program).arg("--version").output().is_ok();
        if !(is_there("dbus-daemon") && is_there("gnome-keyring-daemon")) {
            assert!(std::env::var_os("CI").is_none(), "dbus-daemon and gnome-keyring are needed");
            let told = writeln!(std::io::stderr(), "skipped: apt-get install dbus-daemon gnome-keyring");
            told.expect("a session of one's own");
            return None;
        }
        let folder = tempfile::tempdir().expect("a session of one's own");
        let (config, socket) = (folder.path().join("bus.conf"), folder.path().join("bus"));
        // No folder of services: nothing is started by itself.
        let text = format!(
            "<busconfig><type>session</type><listen>unix:path={}</listen><auth>EXTERNAL</auth><policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>",
            socket.display()
        );
        fs::write(&config, text).expect("a session of one's own");
        let mut bus = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--print-address=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a session of one's own");
        let mut address = String::new();
        BufReader::new(bus.stdout.take().expect("a session of one's own"))
            .read_line(&mut address)
            .expect("a session of one's own");
        Some(Self { folder, address: address.trim().to_owned(), bus, keyring: None })
    }

    /// Starts the keyring; with a password its keychain is unlocked.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn keyring(&mut self, password: Option<&str>) {
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]).args(password.map(|_| "--unlock"));
        self.surround(&mut command, &self.address);
        let mut keyring = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a session of one's own");
        let mut stdin = keyring.stdin.take().expect("a session of one's own");
        stdin.write_all(password.unwrap_or_default().as_bytes()).expect("a session of one's own");
        self.keyring = Some(keyring);
    }

    /// Ends the keyring.
    ///
    /// # Panics
    /// When it cannot be ended.
    pub fn end_keyring(&mut self) {
        if let Some(mut keyring) = self.keyring.take() {
            keyring.kill().expect("a session of one's own");
            keyring.wait().expect("a session of one's own");
        }
    }

    /// Puts a program into this session, with the bus at `address`.
    pub fn surround(&self, command: &mut Command, address: &str) {
        command
            .env("DBUS_SESSION_BUS_ADDRESS", address)
            .env("HOME", self.home())
            .env("XDG_RUNTIME_DIR", self.home())
            .env_remove("XDG_DATA_HOME")
            .env_remove("GNOME_KEYRING_CONTROL");
    }

    /// Where the bus listens.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Home and runtime folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for process in self.keyring.iter_mut().chain([&mut self.bus]) {
            drop(process.kill());
            drop(process.wait());
        }
    }
}
