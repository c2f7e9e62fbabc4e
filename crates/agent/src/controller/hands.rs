//! What the loop has others do: looking who is at an address, and starting programs with what they need.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use link::TunnelOffer;
use secrecy::ExposeSecret;
use supervise::Kind;
use supervise::exit::Reason;
use supervise::program::{Input, Run, SpawnFailure};
use tokio::sync::mpsc;
use tracing::warn;

use super::Means;
use crate::children::cloudflared::{self, Tunnel};
use crate::children::find::{Found, find};
use crate::children::guard::Guard;
use crate::children::launch::Launch;
use crate::children::logs::{Limits, Log};
use crate::children::look::Look;
use crate::children::ollama;
use crate::children::pidfile::{PidFiles, Survivor};
use crate::children::runner::{Keep, News, Runner};
use crate::environment::Environment;
use crate::link::Peer;
use crate::paths::Paths;
use crate::probes::Targets;
use crate::secrets::{Entry, Keeping, Secrets};
use crate::settings::{self, Mode, ReadError, Settings};
use crate::tunnel::verify::Credentials;
use crate::tunnel::{expiry, http};

/// How long a program of an earlier agent may take to end, before it is killed.
const SURVIVOR_ENDS_WITHIN: Duration = Duration::from_secs(10);

/// What the loop works with.
pub(super) struct Hands {
    pub(super) runner: Runner,
    pub(super) secrets: Arc<Secrets>,
    environment: Environment,
    paths: Paths,
    settings: Arc<Settings>,
    look: Look,
    looked: mpsc::Sender<(Kind, Input)>,
    /// The token or file that the tunnel was last started with.
    tunnel: Arc<Mutex<Option<String>>>,
    has_guard: bool,
}

impl Hands {
    pub(super) fn new(means: Means, news: mpsc::Sender<News>, looked: mpsc::Sender<(Kind, Input)>) -> Self {
        let Means { environment, paths, settings, secrets, guard_program } = means;
        let guard = Guard::start(&guard_program)
            .inspect_err(|error| warn!(event = "guard_failed", %error, "nothing ends the programs when the agent is killed"))
            .ok();
        let log = |kind| Log::open(kind, &paths.logs, Limits::default(), chrono::Utc::now);
        let has_guard = guard.is_some();
        let keep = Keep {
            guard,
            pids: PidFiles::at(&paths.state),
            ollama: log(Kind::Ollama),
            cloudflared: log(Kind::Cloudflared),
        };
        Self {
            runner: Runner::new(news, keep),
            secrets,
            environment,
            paths,
            settings: Arc::new(settings),
            look: Look::new(http::client(Duration::from_secs(5))),
            looked,
            tunnel: Arc::default(),
            has_guard,
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn read_settings(&mut self) -> Result<(), ReadError> {
        self.settings = Arc::new(settings::read(&self.paths.settings_file(), &self.environment.home)?);
        Ok(())
    }

    /// Where the probes look.
    pub(super) async fn targets(&self) -> Targets {
        let id = self.secret(Entry::AccessClientId).await;
        let secret = self.secret(Entry::AccessClientSecret).await;
        let credentials = id.zip(secret).map(|(id, client_secret)| Credentials {
            client_id: id.expose_secret().to_owned(),
            client_secret,
        });
        let settings = &self.settings;
        Targets {
            ollama: format!("http://{}", settings.ollama_address),
            metrics: Some(format!("http://{}", cloudflared::metrics_address(settings.metrics_port))),
            public: settings.public_address(self.environment.public_url.clone()),
            credentials,
        }
    }

    /// Whom the link is with, when this machine is paired; `targets` are those of now.
    pub(super) async fn peer(&self, targets: &Targets) -> Option<Peer> {
        let url = self.settings.orchestrator.clone()?;
        let token = self.secret(Entry::DeviceToken).await?;
        let offer = targets.public.as_ref().zip(targets.credentials.as_ref());
        let offer = offer.map(|(public, credentials)| TunnelOffer {
            url: public.clone(),
            access_client_id: Some(credentials.client_id.clone()),
            access_client_secret: Some(credentials.client_secret.expose_secret().to_owned()),
            model: self.settings.model.clone(),
            expires_at: self.access_ends().map(|ends| ends.to_rfc3339_opts(SecondsFormat::Secs, true)),
        });
        Some(Peer { url, token, offer })
    }

    /// When the service token ends, if that is known.
    pub(super) fn access_ends(&self) -> Option<DateTime<Utc>> {
        expiry::read(&self.paths.state)
    }

    /// What people should know besides the hops.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Keeping::ForThisSession(problem) = self.secrets.keeping() {
            notes.push(format!(
                "Secrets are kept until the agent ends only: {problem}. {}",
                problem.what_to_do()
            ));
        }
        if !self.has_guard {
            notes.push("If the agent is killed, Ollama and cloudflared go on running: its guard could not be started.".to_owned());
        }
        notes
    }

    pub(super) fn is_installed(&self, kind: Kind) -> bool {
        matches!(self.find(kind), Found::Installed(_))
    }

    /// Looks who is at a program's address, and reports. Of a program that is not installed that is said first, unless
    /// it is known.
    pub(super) fn look(&self, kind: Kind, is_known_missing: bool) {
        let is_missing = !self.is_installed(kind);
        let (look, looked, settings) = (self.look.clone(), self.looked.clone(), Arc::clone(&self.settings));
        let survivor = self.runner.keep().pids.own_survivor(kind);
        tokio::spawn(async move {
            let found = if is_missing && !is_known_missing {
                Input::NotInstalled
            } else {
                if let Some(survivor) = survivor {
                    end(&survivor).await;
                }
                match kind {
                    Kind::Ollama => match ollama::address(&settings.ollama_address) {
                        Ok(address) => look.ollama(address).await,
                        // The start says what is wrong with it.
                        Err(_) => Input::NobodyAnswers,
                    },
                    Kind::Cloudflared => look.cloudflared(settings.metrics_port, None).await,
                }
            };
            // Nobody listens when everything ends.
            drop(looked.send((kind, found)).await);
        });
    }

    /// Starts a program.
    pub(super) fn spawn(&self, kind: Kind, run: Run) {
        let Found::Installed(program) = self.find(kind) else {
            return self.refuse(kind, run, SpawnFailure::NotFound);
        };
        match kind {
            Kind::Ollama => match ollama::address(&self.settings.ollama_address) {
                Ok(address) => self.runner.spawn(run, &ollama::launch(&program, address)),
                Err(problem) => {
                    let what_to_do =
                        format!("Correct ollama_address in {}.", self.paths.settings_file().display());
                    let why = format!("Ollama cannot listen where the settings say: {problem}.");
                    self.refuse(kind, run, SpawnFailure::CannotWork(Reason { why, what_to_do }));
                }
            },
            Kind::Cloudflared => self.spawn_tunnel(run, program),
        }
    }

    fn spawn_tunnel(&self, run: Run, program: PathBuf) {
        let (runner, looked) = (self.runner.clone(), self.looked.clone());
        let (settings, secrets) = (Arc::clone(&self.settings), Arc::clone(&self.secrets));
        let (runtime, last) = (self.paths.runtime.clone(), Arc::clone(&self.tunnel));
        tokio::spawn(async move {
            match tunnel(&settings, &secrets, runtime).await {
                Ok(tunnel) => {
                    *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(mark(&tunnel));
                    let launch: Launch = cloudflared::launch(&program, settings.metrics_port, &tunnel);
                    runner.spawn(run, &launch);
                }
                Err(failure) => {
                    drop(looked.send((Kind::Cloudflared, Input::SpawnFailed { run, failure })).await);
                }
            }
        });
    }

    /// What the tunnel would be started with is not what it was started with.
    pub(super) async fn tunnel_has_changed(&self) -> bool {
        let wanted = tunnel(&self.settings, &self.secrets, self.paths.runtime.clone()).await.ok();
        let last = self.tunnel.lock().unwrap_or_else(PoisonError::into_inner).clone();
        wanted.is_some() && wanted.as_ref().map(mark) != last
    }

    fn refuse(&self, kind: Kind, run: Run, failure: SpawnFailure) {
        let looked = self.looked.clone();
        tokio::spawn(async move {
            drop(looked.send((kind, Input::SpawnFailed { run, failure })).await);
        });
    }

    fn find(&self, kind: Kind) -> Found {
        let settings = match kind {
            Kind::Ollama => &self.settings.ollama_path,
            Kind::Cloudflared => &self.settings.cloudflared_path,
        };
        find(kind, &self.environment.places(settings.clone()))
    }

    async fn secret(&self, entry: Entry) -> Option<secrecy::SecretString> {
        secret(&self.secrets, entry).await.ok().flatten()
    }
}

/// With what the tunnel is to be started.
async fn tunnel(
    settings: &Settings,
    secrets: &Secrets,
    runtime_folder: PathBuf,
) -> Result<Tunnel, SpawnFailure> {
    let not_set_up = |what_to_do: &str| {
        let why = "The tunnel is not set up so far.".to_owned();
        SpawnFailure::NotSetUp(Reason { why, what_to_do: what_to_do.to_owned() })
    };
    match settings.mode {
        Mode::Config => settings.tunnel_config.clone().map(Tunnel::Config).ok_or_else(|| {
            not_set_up(
                "Set it up in Setup or with `triage-agent tunnel setup`, or name the config.yml of your tunnel in the settings.",
            )
        }),
        Mode::Token => match secret(secrets, Entry::TunnelToken).await {
            Ok(Some(token)) => Ok(Tunnel::Token { token, runtime_folder }),
            Ok(None) => Err(not_set_up(
                "Set it up in Setup or with `triage-agent tunnel setup`, or give it the token of your tunnel: `triage-agent secrets set tunnel-token`.",
            )),
            Err(problem) => Err(SpawnFailure::CannotWork(Reason {
                why: format!("The tunnel's token cannot be read: {problem}."),
                what_to_do: problem.what_to_do().to_owned(),
            })),
        },
    }
}

async fn secret(
    secrets: &Secrets,
    entry: Entry,
) -> Result<Option<secrecy::SecretString>, crate::secrets::Problem> {
    let found = secrets.get(entry).await;
    if let Err(problem) = &found {
        warn!(event = "secret_unreadable", entry = entry.name(), error = %problem, "a secret cannot be read");
    }
    found
}

/// By what two starts are told apart; stays in memory.
fn mark(tunnel: &Tunnel) -> String {
    match tunnel {
        Tunnel::Config(path) => path.display().to_string(),
        Tunnel::Token { token, .. } => token.expose_secret().to_owned(),
    }
}

/// Ends a program of ours that outlived the agent which started it: nobody reads its log any more.
async fn end(survivor: &Survivor) {
    survivor.terminate();
    let gone = async {
        while survivor.is_running() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    if tokio::time::timeout(SURVIVOR_ENDS_WITHIN, gone).await.is_err() {
        survivor.kill();
    }
}
