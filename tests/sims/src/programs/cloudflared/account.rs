//! What Cloudflare knows of an account, kept in a file: tunnels and DNS records; and the certificate of its user.

use super::credentials::Credentials;
use super::file::home;
use super::flags::Flags;
use super::variable;
use crate::clock;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";
const SECRET_WORDS: usize = 4;

/// The account's contents.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Account {
    pub(super) tunnels: Vec<Tunnel>,
    /// Host to what its CNAME points at.
    pub(super) records: BTreeMap<String, String>,
}

/// A named tunnel.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Tunnel {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) created_at: String,
    /// Base64.
    secret: String,
}

impl Account {
    pub(super) fn load() -> Self {
        let text = std::fs::read_to_string(file()).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    pub(super) fn store(&self) -> std::io::Result<()> {
        std::fs::write(file(), serde_json::to_string_pretty(self).expect("strings only"))
    }

    /// By name or id.
    pub(super) fn find(&self, reference: &str) -> Option<&Tunnel> {
        self.tunnels.iter().find(|tunnel| tunnel.id == reference || tunnel.name == reference)
    }

    pub(super) fn add(&mut self, name: &str) -> Tunnel {
        let secret: Vec<u8> = (0..SECRET_WORDS).flat_map(|_| clock::scatter().to_le_bytes()).collect();
        let tunnel = Tunnel {
            id: clock::uuid(),
            name: name.to_owned(),
            created_at: clock::stamp(crate::now()),
            secret: BASE64_STANDARD.encode(secret),
        };
        self.tunnels.push(tunnel.clone());
        tunnel
    }
}

impl Tunnel {
    pub(super) fn credentials(&self) -> Credentials {
        Credentials { account: ACCOUNT.to_owned(), secret: self.secret.clone(), tunnel: self.id.clone() }
    }
}

fn file() -> PathBuf {
    variable("SIM_CLOUDFLARED_ACCOUNT").map_or_else(|| folder().join("sim-account.json"), PathBuf::from)
}

/// `~/.cloudflared`.
pub(super) fn folder() -> PathBuf {
    home().join(".cloudflared")
}

/// The user's certificate: `--origincert`, `TUNNEL_ORIGIN_CERT`, or where login puts it.
pub(super) fn certificate(flags: &Flags) -> PathBuf {
    let given = flags.get("origincert").map(str::to_owned).or_else(|| variable("TUNNEL_ORIGIN_CERT"));
    given.map_or_else(|| folder().join("cert.pem"), PathBuf::from)
}

pub(super) fn write_certificate(path: &Path) -> std::io::Result<()> {
    let json = serde_json::json!({"zoneID": ACCOUNT, "accountID": ACCOUNT, "apiToken": "sims-origin-token"});
    let body = BASE64_STANDARD.encode(json.to_string());
    write_private(
        path,
        &format!("-----BEGIN ARGO TUNNEL TOKEN-----\n{body}\n-----END ARGO TUNNEL TOKEN-----\n"),
        0o600,
    )
}

/// A new file that only its owner may read.
pub(super) fn write_private(path: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    std::fs::write(path, text)?;
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    #[cfg(not(unix))]
    let _ = mode;
    Ok(())
}
