//! How `ollama serve` is started. Beside the address nothing is forced on it: its models, graphics cards and limits are
//! the user's own affair.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use supervise::Kind;

use super::launch::{Launch, Value};
use crate::tunnel::OLLAMA_PORT;

/// Where Ollama listens when nobody says otherwise.
pub const ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), OLLAMA_PORT);

/// What cannot be Ollama's address here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// It is not an address.
    #[error("{0:?} is not an address; write it like 127.0.0.1:11434")]
    NoAddress(String),
    /// Others could reach it, and Ollama asks nobody for a password.
    #[error(
        "{0} can be reached from other machines; Ollama has no password, so it must be 127.0.0.1 or [::1]"
    )]
    NotLoopback(SocketAddr),
}

/// Reads `127.0.0.1:11434`, `localhost:11434` or the like; without a port it is Ollama's usual one.
///
/// # Errors
/// When it is no address, or not one of this machine alone.
pub fn address(text: &str) -> Result<SocketAddr, BadAddress> {
    let bare =
        text.trim().trim_start_matches("http://").trim_end_matches('/').replace("localhost", "127.0.0.1");
    let with_usual_port =
        || bare.trim_matches(['[', ']']).parse().ok().map(|ip| SocketAddr::new(ip, OLLAMA_PORT));
    let address = bare.parse().ok().or_else(with_usual_port);
    let address: SocketAddr = address.ok_or_else(|| BadAddress::NoAddress(text.to_owned()))?;
    if address.ip().is_loopback() { Ok(address) } else { Err(BadAddress::NotLoopback(address)) }
}

/// The start of a program found at `program` that is to listen at `address`.
#[must_use]
pub fn launch(program: &Path, address: SocketAddr) -> Launch {
    Launch {
        kind: Kind::Ollama,
        program: program.to_owned(),
        args: vec!["serve".into()],
        env: vec![("OLLAMA_HOST".to_owned(), Value::Plain(address.to_string()))],
        // The tunnel's secret is none of Ollama's business.
        env_remove: vec!["TUNNEL_TOKEN".to_owned()],
        private_file: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_with_and_without_a_port() {
        for (text, wanted) in [
            ("127.0.0.1:11435", "127.0.0.1:11435"),
            (" localhost:8080 ", "127.0.0.1:8080"),
            ("localhost", "127.0.0.1:11434"),
            ("http://127.0.0.1:11434/", "127.0.0.1:11434"),
            ("[::1]:11434", "[::1]:11434"),
            ("::1", "[::1]:11434"),
        ] {
            assert_eq!(address(text).unwrap().to_string(), wanted, "{text}");
        }
    }

    #[test]
    fn what_others_could_reach_is_refused() {
        for text in ["0.0.0.0:11434", "0.0.0.0", "192.168.0.4:11434", "[::]:11434"] {
            assert!(matches!(address(text), Err(BadAddress::NotLoopback(_))), "{text}");
        }
        for text in ["", "ollama.example.com:11434", "11434", "https://127.0.0.1"] {
            assert!(matches!(address(text), Err(BadAddress::NoAddress(_))), "{text}");
        }
    }

    #[test]
    fn nothing_but_the_address_is_set() {
        let launch = launch(Path::new("/usr/bin/ollama"), ADDRESS);
        assert_eq!(launch.args, ["serve"]);
        let env: Vec<_> = launch.env.iter().map(|(name, value)| (name.as_str(), value.text())).collect();
        assert_eq!(env, [("OLLAMA_HOST", "127.0.0.1:11434")]);
    }
}
