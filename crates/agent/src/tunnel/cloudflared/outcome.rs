//! What cloudflared's words mean. PURE.
//!
//! Its exit code alone says little: logging in twice and a flag that it does not know both end with 0. Source of the
//! words: `cmd/cloudflared/tunnel/{login,subcommands,subcommand_context}.go`, release 2026.8.2. They are no interface, so
//! words that are not known are shown as they are.

use crate::tunnel::Hostname;
use secrecy::SecretString;
use serde::Deserialize;
use std::fmt;
use std::path::PathBuf;

/// What the program left behind.
pub struct Output {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it logged.
    pub stderr: String,
}

impl fmt::Debug for Output {
    /// Without the text: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("code", &self.code).finish_non_exhaustive()
    }
}

/// A tunnel that was created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedTunnel {
    /// Its id.
    pub id: String,
    /// Where its credentials are, when the program said so.
    pub credentials_file: Option<PathBuf>,
}

/// A tunnel of the account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ListedTunnel {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// What became of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routed {
    /// It was made or changed.
    Added,
    /// It had been right before.
    AlreadyThere,
}

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

/// The page to open, in a line of the login's output.
pub(super) fn login_address(line: &str) -> Option<&str> {
    let start = line.find("https://")?;
    let address = line[start..].split_whitespace().next()?;
    address.contains("/argotunnel").then_some(address)
}

pub(super) fn logged_in(output: &Output) -> Result<PathBuf, Problem> {
    let words = output.words();
    if let Some(certificate) = between(&words, "existing certificate at ", " which login would overwrite") {
        return Err(Problem::AlreadyLoggedIn { certificate: certificate.into() });
    }
    output.check("")?;
    let saved = words.lines().map(str::trim).rev().find(|line| line.ends_with("cert.pem"));
    let path = saved.and_then(|line| line.rsplit_once("saved to: ").map(|(_, path)| path).or(Some(line)));
    path.map(PathBuf::from).ok_or_else(|| output.other())
}

pub(super) fn created(output: &Output, name: &str) -> Result<CreatedTunnel, Problem> {
    output.check(name)?;
    let words = output.words();
    let id = words.split_once(" with id ").map(|(_, rest)| rest);
    let id = id.and_then(|rest| rest.split_whitespace().next()).filter(|id| is_uuid(id));
    let file = between(&words, "credentials written to ", ".json").map(|path| format!("{path}.json").into());
    match id {
        Some(id) => Ok(CreatedTunnel { id: id.to_owned(), credentials_file: file }),
        None => Err(output.other()),
    }
}

pub(super) fn routed(output: &Output, tunnel: &str, hostname: &Hostname) -> Result<Routed, Problem> {
    let words = output.words();
    if words.contains("record with that host already exists") {
        return Err(Problem::RecordExists { hostname: hostname.as_str().to_owned() });
    }
    output.check(tunnel)?;
    let added = between(&words, "Added CNAME ", " which will route");
    let there = words.split_once(" is already configured to route").map(|(before, _)| before);
    let there = there.and_then(|before| before.split_whitespace().next_back());
    match (added, there) {
        (Some(name), _) | (None, Some(name)) if name != hostname.as_str() => {
            Err(Problem::OtherZone { hostname: hostname.as_str().to_owned(), made: name.to_owned() })
        }
        (Some(_), _) => Ok(Routed::Added),
        (None, Some(_)) => Ok(Routed::AlreadyThere),
        (None, None) => Err(output.other()),
    }
}

pub(super) fn listed(output: &Output) -> Result<Vec<ListedTunnel>, Problem> {
    output.check("")?;
    let list: Option<Vec<ListedTunnel>> =
        serde_json::from_str(output.stdout.trim()).map_err(|_| output.other())?;
    Ok(list.unwrap_or_default())
}

pub(super) fn token(output: &Output, tunnel: &str) -> Result<SecretString, Problem> {
    output.check(tunnel)?;
    let token = output.stdout.trim();
    let is_token = token.starts_with("eyJ") && !token.contains(char::is_whitespace);
    // Without the words: they may hold the token.
    let other = || Problem::Other { code: output.code, words: "no token was printed".to_owned() };
    if is_token { Ok(SecretString::from(token)) } else { Err(other()) }
}

pub(super) fn validated(output: &Output) -> Result<Vec<String>, Problem> {
    let words = output.words();
    if output.code == Some(0) && words.lines().any(|line| line.trim() == "OK") {
        let warnings = words.lines().filter(|line| line.contains("WRN") || line.contains("unknown key"));
        return Ok(warnings.map(|line| line.trim().to_owned()).collect());
    }
    let failed = words.lines().find_map(|line| line.split_once("Validation failed: "));
    let words = failed.map_or_else(|| output.last_words(), |(_, words)| words.to_owned());
    Err(Problem::Invalid { words })
}

impl Output {
    fn words(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }

    /// The line that says why: the last one.
    fn last_words(&self) -> String {
        let words = if self.stderr.trim().is_empty() { &self.stdout } else { &self.stderr };
        words
            .lines()
            .rev()
            .map(str::trim)
            .find(|line| !line.is_empty())
            .unwrap_or("no reason given")
            .to_owned()
    }

    fn other(&self) -> Problem {
        Problem::Other { code: self.code, words: self.last_words() }
    }

    /// The problems that any command can have.
    fn check(&self, name: &str) -> Result<(), Problem> {
        if self.code == Some(0) {
            return Ok(());
        }
        let words = self.words().to_ascii_lowercase();
        let has = |texts: &[&str]| texts.iter().any(|text| words.contains(text));
        Err(if has(&["origin cert", "origincert", "no file cert.pem"]) {
            Problem::NotLoggedIn
        } else if has(&["tunnel with name already exists", "already have a tunnel with this name"]) {
            Problem::NameTaken { name: name.to_owned() }
        } else if has(&[
            "is neither the id nor the name of any of your tunnels",
            "were neither:",
            "tunnel not found",
        ]) {
            Problem::NoSuchTunnel { name: name.to_owned() }
        } else if has(&["unauthorized", "authentication error", "forbidden"]) {
            Problem::LoginRefused
        } else if has(&[
            "no such host",
            "dial tcp",
            "network is unreachable",
            "i/o timeout",
            "rest request failed",
        ]) {
            Problem::Offline
        } else {
            self.other()
        })
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0.trim())
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

#[cfg(test)]
mod tests;
