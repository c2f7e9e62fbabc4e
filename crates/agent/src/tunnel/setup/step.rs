//! One thing that a set-up does.

use super::Wanted;
use crate::tunnel::HOST_HEADER;
use crate::tunnel::api::{Application, DnsRecord, Policy};

/// One thing that a set-up does.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Makes the service token and keeps its secret.
    CreateServiceToken,
    /// Switches the service token on.
    EnableServiceToken {
        /// Its id.
        id: String,
    },
    /// Puts the end of the service token off by a year.
    ExtendServiceToken {
        /// Its id.
        id: String,
        /// When it ends, as a date.
        ends: String,
    },
    /// Gives the service token another secret and keeps it.
    RotateServiceToken {
        /// Its id.
        id: String,
        /// Until when the old secret works, as RFC 3339.
        old_ends: String,
        /// Whether the old one is not in the keychain; it cannot be read again.
        is_unknown: bool,
    },
    /// Makes the policy.
    CreatePolicy,
    /// Makes the policy what it should be.
    MendPolicy {
        /// What it is like.
        policy: Policy,
        /// What is wrong.
        wrong: String,
    },
    /// Makes the Access application.
    CreateApplication,
    /// Adds the policy to the Access application.
    AttachPolicy {
        /// The application as it is.
        application: Application,
    },
    /// Makes the tunnel.
    CreateTunnel,
    /// Makes requests for the name go to Ollama.
    SetIngress {
        /// What is wrong with it, if it was there before.
        wrong: Option<String>,
    },
    /// Keeps what cloudflared runs the tunnel with.
    KeepTunnelToken,
    /// Makes the record.
    CreateRecord,
    /// Makes the record what it should be.
    MendRecord {
        /// What it is like.
        record: DnsRecord,
    },
}

impl Step {
    /// What it does, in one sentence.
    #[must_use]
    pub fn sentence(&self, wanted: &Wanted) -> String {
        let Wanted { hostname, tunnel, application, policy, service_token, .. } = wanted;
        match self {
            Self::CreateServiceToken => format!(
                "Create service token \"{service_token}\", valid for a year, and keep its secret in the keychain"
            ),
            Self::EnableServiceToken { .. } => {
                format!("Enable service token \"{service_token}\", which is switched off")
            }
            Self::ExtendServiceToken { ends, .. } => {
                format!("Extend service token \"{service_token}\" by a year; it would end on {ends}")
            }
            Self::RotateServiceToken { is_unknown, old_ends, .. } => {
                let why = if *is_unknown {
                    ": the present one is not in the keychain and cannot be read again"
                } else {
                    ""
                };
                format!(
                    "Rotate the secret of service token \"{service_token}\"{why}; the present one works until {old_ends}"
                )
            }
            Self::CreatePolicy => {
                format!(
                    "Create Service Auth policy \"{policy}\" that lets in service token \"{service_token}\" only"
                )
            }
            Self::MendPolicy { policy, wrong } => format!("Mend policy \"{}\": {wrong}", policy.name),
            Self::CreateApplication => {
                format!("Create Access application \"{application}\" that protects {hostname}")
            }
            Self::AttachPolicy { application } => {
                format!("Add policy \"{policy}\" to Access application \"{}\"", application.name)
            }
            Self::CreateTunnel => format!("Create tunnel \"{tunnel}\""),
            Self::SetIngress { wrong: None } => format!(
                "Set the ingress of tunnel \"{tunnel}\": {hostname} leads to Ollama with Host {HOST_HEADER}, model calls only"
            ),
            Self::SetIngress { wrong: Some(wrong) } => {
                format!("Mend the ingress of tunnel \"{tunnel}\": {wrong}")
            }
            Self::KeepTunnelToken => format!("Keep the token of tunnel \"{tunnel}\" in the keychain"),
            Self::CreateRecord => format!("Create DNS record {hostname} that leads to tunnel \"{tunnel}\""),
            Self::MendRecord { record } => format!(
                "Change DNS record {hostname}, which is {}{}, so that it leads to tunnel \"{tunnel}\"",
                record.describe(),
                if record.proxied { "" } else { " and not proxied" },
            ),
        }
    }
}
