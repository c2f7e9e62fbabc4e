//! A small file that says what a set-up made and changed. It holds no secrets.

use crate::tunnel::{Hostname, file};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What a set-up makes, in the order in which it is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thing {
    /// The record that makes the name work.
    DnsRecord,
    /// What the tunnel does with requests.
    Ingress,
    /// The tunnel.
    Tunnel,
    /// What protects the name.
    Application,
    /// Who is let in.
    Policy,
    /// Whose calls are let in.
    ServiceToken,
}

impl Thing {
    /// What it is called in sentences.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::DnsRecord => "DNS record",
            Self::Ingress => "ingress of tunnel",
            Self::Tunnel => "tunnel",
            Self::Application => "Access application",
            Self::Policy => "policy",
            Self::ServiceToken => "service token",
        }
    }
}

/// What was done to a thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "deed", rename_all = "snake_case")]
pub(super) enum Deed {
    /// It was not there and is being made; whether that worked is not known.
    Intended,
    /// It was made.
    Created {
        /// Its id.
        id: String,
    },
    /// It was there and is, or is about to be, different from what it was before.
    Changed {
        /// Its id.
        id: String,
        /// What it was like.
        before: Value,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) thing: Thing,
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) deed: Deed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Page {
    hostname: String,
    lines: Vec<Line>,
}

/// What a set-up made and changed, kept in a file.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    page: Page,
}

/// The note cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file cannot be read or written.
    #[error("{} cannot be read or written", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file does not hold what it should.
    #[error("{} does not hold the state of a set-up", .0.display())]
    Unreadable(PathBuf),
    /// The file is about another address.
    #[error("{} is about the set-up of {other}", .path.display())]
    OtherHostname {
        /// The file.
        path: PathBuf,
        /// What it is about.
        other: String,
    },
}

impl LedgerError {
    /// What a person can do about it.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::Io { path, .. } => format!("Make {} readable and writable for you.", path.display()),
            Self::Unreadable(path) => format!(
                "Move {} away. The set-up then takes what is at Cloudflare for yours, and undo leaves it alone.",
                path.display()
            ),
            Self::OtherHostname { other, .. } => {
                format!("Undo the set-up of {other} first, or keep the state of this one in another file.")
            }
        }
    }
}

impl Ledger {
    /// Opens the note about that address; without a file nothing was done yet.
    ///
    /// # Errors
    /// When the file cannot be read or is about something else.
    pub fn open(path: &Path, hostname: &Hostname) -> Result<Self, LedgerError> {
        let io = |source| LedgerError::Io { path: path.to_owned(), source };
        let Some(text) = file::read(path).map_err(io)? else {
            let page = Page { hostname: hostname.as_str().to_owned(), lines: Vec::new() };
            return Ok(Self { path: path.to_owned(), page });
        };
        let page: Page = serde_json::from_str(&text).map_err(|_| LedgerError::Unreadable(path.to_owned()))?;
        if page.hostname != hostname.as_str() {
            return Err(LedgerError::OtherHostname { path: path.to_owned(), other: page.hostname });
        }
        Ok(Self { path: path.to_owned(), page })
    }

    /// Whether there is nothing to take back.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.page.lines.is_empty()
    }

    pub(super) fn line(&self, thing: Thing) -> Option<&Line> {
        self.page.lines.iter().find(|line| line.thing == thing)
    }

    /// The id of the thing, if it was made or changed here.
    pub(super) fn id(&self, thing: Thing) -> Option<&str> {
        match &self.line(thing)?.deed {
            Deed::Intended => None,
            Deed::Created { id } | Deed::Changed { id, .. } => Some(id),
        }
    }

    /// Whether it was made here, or may have been.
    pub(super) fn is_ours(&self, thing: Thing) -> bool {
        match self.line(thing).map(|line| &line.deed) {
            Some(Deed::Intended | Deed::Created { .. }) => true,
            Some(Deed::Changed { .. }) | None => false,
        }
    }

    /// Before it is made.
    pub(super) fn intend(&mut self, thing: Thing, name: &str) -> Result<(), LedgerError> {
        self.set(Line { thing, name: name.to_owned(), deed: Deed::Intended })
    }

    /// After it was made.
    pub(super) fn created(&mut self, thing: Thing, name: &str, id: &str) -> Result<(), LedgerError> {
        self.set(Line { thing, name: name.to_owned(), deed: Deed::Created { id: id.to_owned() } })
    }

    /// Before it is changed. What was made here, or was changed here before, keeps its line.
    pub(super) fn change(
        &mut self,
        thing: Thing,
        name: &str,
        id: &str,
        before: Value,
    ) -> Result<(), LedgerError> {
        if self.id(thing) == Some(id) {
            return Ok(());
        }
        self.set(Line { thing, name: name.to_owned(), deed: Deed::Changed { id: id.to_owned(), before } })
    }

    /// What was intended and is there now was made here.
    pub(super) fn adopt(&mut self, thing: Thing, found: Option<&str>) -> Result<(), LedgerError> {
        let (Some(line), Some(id)) = (self.line(thing), found) else { return Ok(()) };
        match line.deed {
            Deed::Intended => {
                let name = line.name.clone();
                self.created(thing, &name, id)
            }
            Deed::Created { .. } | Deed::Changed { .. } => Ok(()),
        }
    }

    /// It is as it was before.
    pub(super) fn settle(&mut self, thing: Thing) -> Result<(), LedgerError> {
        self.page.lines.retain(|line| line.thing != thing);
        self.save()
    }

    fn set(&mut self, line: Line) -> Result<(), LedgerError> {
        self.page.lines.retain(|other| other.thing != line.thing);
        self.page.lines.push(line);
        self.save()
    }

    fn save(&self) -> Result<(), LedgerError> {
        let io = |source| LedgerError::Io { path: self.path.clone(), source };
        if !self.is_empty() {
            let text = serde_json::to_string_pretty(&self.page)
                .map_err(|problem| io(std::io::Error::other(problem)))?;
            return file::write(&self.path, &text).map_err(io);
        }
        match std::fs::remove_file(&self.path) {
            Err(problem) if problem.kind() != std::io::ErrorKind::NotFound => Err(io(problem)),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}
