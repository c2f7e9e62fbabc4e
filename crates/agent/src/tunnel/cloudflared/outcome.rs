//! What cloudflared's words mean. PURE.
//!
//! Its exit code alone says little: logging in twice and a flag that it does not know both end with 0. Source of the
//! words: `cmd/cloudflared/tunnel/{login,subcommands,subcommand_context}.go`, release 2026.8.2. They are no interface, so
//! words that are not known are shown as they are.

use super::Problem;
use crate::tunnel::Hostname;
use secrecy::SecretString;
use serde::Deserialize;
use std::fmt;
use std::path::PathBuf;

/// What the program left behind.
pub(super) struct Output {
    /// Its exit code; none when a signal ended it.
    pub(super) code: Option<i32>,
    /// What it printed.
    pub(super) stdout: String,
    /// What it logged.
    pub(super) stderr: String,
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
