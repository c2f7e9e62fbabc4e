//! The team's machine: the built `triage-agent` with stand-ins for Ollama and cloudflared, in a desktop session of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::ops::Deref;
use std::os::unix::net::UnixStream;

use serde_json::Value;
use sims::edge::{Edge, tunnel_token};
use sims::session::Session;

use crate::program;

/// The tunnel of the machine.
pub const TUNNEL: &str = "11111111-2222-4333-8444-555555555555";

/// Id of the service token that opens the public address.
pub const ACCESS_ID: &str = "0123456789abcdef0123456789abcdef.access";

/// Its secret.
pub const ACCESS_SECRET: &str = "cfast_0123456789abcdefghijklmnopqrstuvwxyzABCD01234567";

/// One whose tunnel ends at an edge, which lets its service token in.
pub struct Machine {
    machine: sims::machine::Machine,
    _session: Session,
}

impl Machine {
    /// `None` where the desktop's programs are not installed.
    pub fn new(edge: &Edge) -> Option<Self> {
        let mut session = Session::start()?;
        session.keyring(Some("password-of-the-tests"));
        let mut machine = sims::machine::Machine::new(program("triage-agent").parent().unwrap());
        machine.set("TRIAGE_AGENT_PUBLIC_URL", &edge.url());
        machine.set("SIM_EDGE", &edge.url());
        machine.session(&session);
        edge.add_token(ACCESS_ID, ACCESS_SECRET);
        edge.lead_tunnel(TUNNEL, &format!("http://{}", machine.ollama())).unwrap();
        Some(Self { machine, _session: session })
    }

    /// Puts the secrets of the tunnel and of its lock into the keychain.
    pub fn keep_secrets(&self) {
        for (name, secret) in [
            ("tunnel-token", tunnel_token(TUNNEL).as_str()),
            ("cf-access-client-id", ACCESS_ID),
            ("cf-access-client-secret", ACCESS_SECRET),
        ] {
            self.set_secret(name, secret);
        }
    }

    /// What the running agent answers a window: one line of JSON for one line of JSON on its socket.
    pub fn request(&self, request: &Value) -> Value {
        let mut stream = UnixStream::connect(self.path("agent/run/agent.sock")).unwrap();
        stream.write_all(format!("{request}\n").as_bytes()).unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Deref for Machine {
    type Target = sims::machine::Machine;

    fn deref(&self) -> &Self::Target {
        &self.machine
    }
}
