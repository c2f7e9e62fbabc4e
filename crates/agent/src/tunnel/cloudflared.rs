//! The way by hand, through the `cloudflared` program: log in, create, route, list, validate. Running the tunnel is not
//! done here.
//!
//! Every call names a configuration file, for a stray `~/.cloudflared/config.yml` decides over the arguments otherwise:
//! a record would be led to the tunnel that it names. No secret is an argument; the one that is printed is kept as one.

mod outcome;
mod problem;

pub use outcome::{CreatedTunnel, ListedTunnel, Routed};
pub use problem::Problem;

use outcome::Output;

use super::Hostname;
use secrecy::SecretString;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Command;

/// One call takes so long at the most.
const TIMEOUT: Duration = Duration::from_secs(60);
/// A person has so long to log in with the browser.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// The program.
#[derive(Debug, Clone)]
pub struct Cloudflared {
    program: PathBuf,
}

impl Cloudflared {
    /// The program at that path, or of that name in `PATH`.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into() }
    }

    /// Logs in with the browser; `show` gets the address of the page to open. Returns where the certificate is.
    ///
    /// # Errors
    /// [`Problem::AlreadyLoggedIn`] when a certificate is there; see [`Problem`] for the rest.
    pub async fn login(&self, show: &mut (dyn FnMut(&str) + Send)) -> Result<PathBuf, Problem> {
        let mut on_line = |line: &str| {
            if let Some(address) = outcome::login_address(line) {
                show(address);
            }
        };
        let output = self.call(&["login"], LOGIN_TIMEOUT, &mut on_line).await?;
        outcome::logged_in(&output)
    }

    /// Creates a tunnel that a `config.yml` manages.
    ///
    /// # Errors
    /// See [`Problem`].
    pub async fn create(&self, name: &str) -> Result<CreatedTunnel, Problem> {
        outcome::created(&self.quiet(&["create", name]).await?, name)
    }

    /// Creates the record that leads the name to the tunnel; another record is replaced only with `overwrite`.
    ///
    /// # Errors
    /// [`Problem::RecordExists`], [`Problem::OtherZone`]; see [`Problem`] for the rest.
    pub async fn route_dns(
        &self,
        tunnel: &str,
        hostname: &Hostname,
        overwrite: bool,
    ) -> Result<Routed, Problem> {
        let overwrite = overwrite.then_some("--overwrite-dns");
        let arguments = ["route", "dns"].into_iter().chain(overwrite).chain([tunnel, hostname.as_str()]);
        let arguments: Vec<&str> = arguments.collect();
        outcome::routed(&self.quiet(&arguments).await?, tunnel, hostname)
    }

    /// The account's tunnels.
    ///
    /// # Errors
    /// See [`Problem`].
    pub async fn list(&self) -> Result<Vec<ListedTunnel>, Problem> {
        outcome::listed(&self.quiet(&["list", "--output", "json"]).await?)
    }

    /// What the tunnel can be run with.
    ///
    /// # Errors
    /// See [`Problem`].
    pub async fn token(&self, tunnel: &str) -> Result<SecretString, Problem> {
        outcome::token(&self.quiet(&["token", tunnel]).await?, tunnel)
    }

    /// Has the program check a `config.yml`; returns what it warns of.
    ///
    /// # Errors
    /// [`Problem::Invalid`] with its words; see [`Problem`] for the rest.
    pub async fn validate(&self, config: &Path) -> Result<Vec<String>, Problem> {
        let before = [OsStr::new("tunnel"), OsStr::new("--config"), config.as_os_str()];
        let arguments: Vec<&OsStr> =
            before.into_iter().chain(["ingress", "validate"].map(OsStr::new)).collect();
        outcome::validated(&self.run(&arguments, TIMEOUT, &mut |_| {}).await?)
    }

    async fn quiet(&self, arguments: &[&str]) -> Result<Output, Problem> {
        self.call(arguments, TIMEOUT, &mut |_| {}).await
    }

    /// A subcommand of `tunnel` that must not read anybody's configuration.
    async fn call(
        &self,
        arguments: &[&str],
        timeout: Duration,
        on_line: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Output, Problem> {
        let file = tempfile::Builder::new().prefix("no-config").suffix(".yml").tempfile();
        let file = file.map_err(|problem| Problem::NotStarted { why: problem.to_string() })?;
        let written = std::fs::write(file.path(), "no-autoupdate: true\n");
        written.map_err(|problem| Problem::NotStarted { why: problem.to_string() })?;
        let before = [OsStr::new("tunnel"), OsStr::new("--config"), file.path().as_os_str()];
        let arguments: Vec<&OsStr> = before.into_iter().chain(arguments.iter().map(OsStr::new)).collect();
        self.run(&arguments, timeout, on_line).await
    }

    async fn run(
        &self,
        arguments: &[&OsStr],
        timeout: Duration,
        on_line: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Output, Problem> {
        let mut command = Command::new(&self.program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A token in the environment would decide over the tunnel that is asked for.
        command.env_remove("TUNNEL_TOKEN").env_remove("TUNNEL_TOKEN_FILE").kill_on_drop(true);
        let mut child = command.spawn().map_err(|problem| {
            let is_missing = problem.kind() == std::io::ErrorKind::NotFound;
            if is_missing { Problem::NotInstalled } else { Problem::NotStarted { why: problem.to_string() } }
        })?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let on_line = tokio::sync::Mutex::new(on_line);
        let ended = async {
            let (stdout, stderr, status) =
                tokio::join!(lines(stdout, &on_line), lines(stderr, &on_line), child.wait());
            Output { code: status.ok().and_then(|status| status.code()), stdout, stderr }
        };
        tokio::time::timeout(timeout, ended).await.map_err(|_| Problem::TooSlow)
    }
}

async fn lines(
    stream: Option<impl AsyncRead + Unpin>,
    on_line: &tokio::sync::Mutex<&mut (dyn FnMut(&str) + Send)>,
) -> String {
    let Some(stream) = stream else { return String::new() };
    let mut lines = BufReader::new(stream).lines();
    let mut text = String::new();
    while let Ok(Some(line)) = lines.next_line().await {
        (on_line.lock().await)(&line);
        text.push_str(&line);
        text.push('\n');
    }
    text
}
