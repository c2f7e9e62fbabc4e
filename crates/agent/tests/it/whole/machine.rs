//! A machine whose tunnel runs by a token, and what is asked about it from outside.
#![expect(clippy::unwrap_used, reason = "in a test a failure should say where")]

use std::fs::File;
use std::io::Read as _;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use sims::machine::{Machine, layer, text};

use crate::children::scene::{TOKEN, built, until};

pub(crate) fn with_token() -> Machine {
    let mut machine = Machine::new(built());
    machine.set("TUNNEL_TOKEN", TOKEN);
    machine
}

pub(crate) async fn somebody_elses_ollama(machine: &Machine) -> Child {
    let mut command = machine.command(&machine.path("bin/ollama"), &["serve"]);
    let child = command.env("OLLAMA_HOST", machine.ollama()).stderr(Stdio::null()).spawn().unwrap();
    until("Ollama", || TcpStream::connect(machine.ollama()).is_ok()).await;
    child
}

pub(crate) fn health<'a>(status: &'a Value, name: &str) -> &'a str {
    layer(status, name)["health"].as_str().unwrap_or_default()
}

pub(crate) fn kill(pid: u64) {
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::KILL).unwrap();
}

pub(crate) fn arguments_of_all_processes() -> String {
    text(&Command::new("ps").args(["-eo", "args"]).output().unwrap().stdout)
}

pub(crate) fn holds(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|window| window == part.as_bytes())
}

/// Everything in a zip, one after the other.
pub(crate) fn unzipped(path: &Path) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
    let mut bytes = Vec::new();
    for index in 0..archive.len() {
        archive.by_index(index).unwrap().read_to_end(&mut bytes).unwrap();
    }
    assert!(!bytes.is_empty());
    bytes
}
