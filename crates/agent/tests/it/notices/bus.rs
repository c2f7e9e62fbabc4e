//! A session bus of one's own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

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
