//! A Postgres server of one's own, which may crash and come back; and questions to any, asked by `psql`.

use std::path::Path;
use std::process::Output;

use tempfile::TempDir;
use tokio::process::Command;

/// A server with fsync on, started by `scripts/postgres`; stopped and deleted when dropped.
pub struct Server {
    folder: TempDir,
    /// The address of its database `postgres`.
    pub url: String,
}

/// How a server goes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Down {
    /// As in a crash: without a word, to be recovered from its log.
    Crash,
    /// Orderly, but without waiting for clients.
    Stop,
}

impl Server {
    /// Starts one on a port of its own.
    ///
    /// # Panics
    /// When Postgres is not installed or does not start; the message says what to do.
    pub async fn start() -> Self {
        let installed = script(&["binaries"]).await.stdout;
        assert!(
            !installed.is_empty(),
            "the server programs of Postgres (initdb, pg_ctl) are needed: scripts/setup installs them"
        );
        let folder = tempfile::tempdir().unwrap();
        let started = script(&["start", path(&folder), "durable"]).await;
        let server = Self { folder, url: crate::text(&started.stdout).trim().to_owned() };
        assert!(started.status.success(), "Postgres does not start: {}", crate::text(&started.stderr));
        server
    }

    /// Lets it go down; its data stay.
    ///
    /// # Panics
    /// When it does not.
    pub async fn down(&self, how: Down) {
        let mode = match how {
            Down::Crash => "immediate",
            Down::Stop => "fast",
        };
        let done = script(&["down", path(&self.folder), mode]).await;
        assert!(done.status.success(), "Postgres does not end: {}", crate::text(&done.stderr));
    }

    /// Starts it again at the same address; returns when it takes connections.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn up(&self) {
        let done = script(&["up", path(&self.folder)]).await;
        assert!(done.status.success(), "Postgres does not come back: {}", crate::text(&done.stderr));
    }
}

impl Server {
    /// Lets it answer nothing any more, without ending a connection.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let file = std::fs::read_to_string(self.folder.path().join("data/postmaster.pid"));
        let Some(pid) = file.ok().and_then(|file| file.lines().next().map(str::to_owned)) else { return };
        // Its own process first, so that no other one begins.
        let signal = format!("kill -{signal} {pid}; kill -{signal} $(ps -o pid= --ppid {pid})");
        let _ = std::process::Command::new("sh").args(["-c", &signal]).output();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.thaw();
        // Nothing can be done about an error here, and the folder goes anyway.
        let _ = std::process::Command::new(SCRIPT).args(["stop", path(&self.folder)]).output();
    }
}

/// The rows that a query gives, as text; an error while the database is away.
///
/// # Errors
/// With what `psql` says.
pub async fn rows(url: &str, sql: &str) -> Result<Vec<Vec<String>>, String> {
    let asked = Command::new("psql").args([url, "-XqAt", "-F", "\t", "-c", sql]).output().await;
    let asked = asked.map_err(|error| format!("psql: {error}"))?;
    if !asked.status.success() {
        return Err(crate::text(&asked.stderr));
    }
    let cells = |line: &str| line.split('\t').map(str::to_owned).collect();
    Ok(crate::text(&asked.stdout).lines().map(cells).collect())
}

/// The one number that a query gives.
///
/// # Errors
/// As [`rows`], or when it is none.
pub async fn number(url: &str, sql: &str) -> Result<usize, String> {
    let rows = rows(url, sql).await?;
    let cell = rows.first().and_then(|row| row.first()).ok_or("no row")?;
    cell.parse().map_err(|_| format!("{cell} is no number"))
}

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/postgres");

async fn script(arguments: &[&str]) -> Output {
    Command::new(SCRIPT).args(arguments).output().await.unwrap()
}

fn path(folder: &TempDir) -> &str {
    let path: &Path = folder.path();
    path.to_str().unwrap()
}
