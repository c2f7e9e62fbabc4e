//! How cloudflared fails, by what can be done about it. PURE.

use std::path::PathBuf;

/// It did not work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The program is not there.
    #[error("cloudflared is not installed")]
    NotInstalled,
    /// The program is there and does not start.
    #[error("cloudflared cannot be started: {why}")]
    NotStarted {
        /// The system's words.
        why: String,
    },
    /// It did not end.
    #[error("cloudflared did not finish in time")]
    TooSlow,
    /// There is no certificate.
    #[error("cloudflared is not logged in to Cloudflare")]
    NotLoggedIn,
    /// There is a certificate already; the program ends with exit code 0 then.
    #[error("cloudflared is logged in already; its certificate is {}", .certificate.display())]
    AlreadyLoggedIn {
        /// Where it is.
        certificate: PathBuf,
    },
    /// Cloudflare does not accept the certificate.
    #[error("Cloudflare does not accept cloudflared's login")]
    LoginRefused,
    /// The name is taken.
    #[error("there is a tunnel named \"{name}\" already")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// There is no such tunnel.
    #[error("there is no tunnel named \"{name}\"")]
    NoSuchTunnel {
        /// The name.
        name: String,
    },
    /// Another record is there.
    #[error("{hostname} has a DNS record that leads elsewhere")]
    RecordExists {
        /// The name.
        hostname: String,
    },
    /// The login is for another domain, so the record was made there.
    #[error("cloudflared is logged in for another domain: it made a record for {made} instead of {hostname}")]
    OtherZone {
        /// The name.
        hostname: String,
        /// The name that got a record.
        made: String,
    },
    /// Cloudflare cannot be reached.
    #[error("cloudflared cannot reach Cloudflare")]
    Offline,
    /// The configuration is not valid.
    #[error("cloudflared does not accept the configuration: {words}")]
    Invalid {
        /// Its words.
        words: String,
    },
    /// Anything else.
    #[error("cloudflared ended with {}: {words}", .code.map_or("a signal".to_owned(), |code| format!("exit code {code}")))]
    Other {
        /// Its exit code.
        code: Option<i32>,
        /// The last of its words.
        words: String,
    },
}

impl Problem {
    /// What a person can do about it.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::NotInstalled => {
                "Install it: `brew install cloudflared`, `winget install Cloudflare.cloudflared`, or the package of \
                 https://github.com/cloudflare/cloudflared/releases."
                    .to_owned()
            }
            Self::NotStarted { .. } => "Check that the file is a program for this machine and may be run.".to_owned(),
            Self::TooSlow => "Try again; when logging in, finish in the browser.".to_owned(),
            Self::NotLoggedIn => "Run `cloudflared tunnel login` and choose the domain in the browser.".to_owned(),
            Self::AlreadyLoggedIn { certificate } => format!(
                "Nothing to do. To log in for another domain, move {} away first.",
                certificate.display()
            ),
            Self::LoginRefused => {
                "Move ~/.cloudflared/cert.pem away and run `cloudflared tunnel login` again.".to_owned()
            }
            Self::NameTaken { name } => format!(
                "Use it: its id is in `cloudflared tunnel list`. If its credentials file is lost, run `cloudflared tunnel \
                 delete {name}` and create it again."
            ),
            Self::NoSuchTunnel { .. } => "Check the name with `cloudflared tunnel list`.".to_owned(),
            Self::RecordExists { .. } => {
                "Choose another host name, or allow the change with --overwrite-dns if nothing needs the record.".to_owned()
            }
            Self::OtherZone { made, .. } => format!(
                "Delete the record {made} in the dashboard, move ~/.cloudflared/cert.pem away, and log in for the right domain."
            ),
            Self::Offline => "Check this machine's connection to the internet.".to_owned(),
            Self::Invalid { .. } => "Correct the file; the check of this program says what is wrong in more words.".to_owned(),
            Self::Other { .. } => "Run the same command in a terminal to see all of its words.".to_owned(),
        }
    }
}
