//! Stand-ins for the programs `ollama` and `cloudflared`: the binaries `sim-ollama` and `sim-cloudflared`.
//!
//! To let something start them under their real names, put a folder first in its `PATH` that holds links named
//! `ollama` and `cloudflared`; [`install`] makes one. What they read from the environment:
//!
//! | variable | |
//! |---|---|
//! | `SIM_OLLAMA`, `SIM_CLOUDFLARED` | what goes wrong from the start: a list as in [`Behaviours`] |
//! | `SIM_OLLAMA_CONTROL`, `SIM_CLOUDFLARED_CONTROL` | a file that replaces that list while it exists, read all the time; see [`Control`] |
//! | `SIM_STARTS` | a file that gets one line per start; see [`starts`] |
//! | `SIM_EDGE` | where [`Edge`](crate::edge::Edge) listens; without it connections are only pretended |
//! | `SIM_PACE` | how many times faster the waits between connections and before retries pass; 1 when left out |
//! | `SIM_CLOUDFLARED_ACCOUNT` | the file that stands for the Cloudflare account; `sim-account.json` beside `cert.pem` when left out |
//!
//! Everything else (`OLLAMA_HOST`, `TUNNEL_TOKEN`, `HOME` …) means what it means to the real programs.

mod behaviour;
pub mod cloudflared;
mod control;
mod mischief;
pub mod ollama;
mod orphan;
mod signals;
pub mod starts;

pub use behaviour::Behaviours;
pub use control::Control;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use tokio::sync::watch;

/// Which program is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// `ollama`.
    Ollama,
    /// `cloudflared`.
    Cloudflared,
}

impl Program {
    /// What it is called in `PATH`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ollama => "ollama",
            Self::Cloudflared => "cloudflared",
        }
    }

    /// What the stand-in's binary is called.
    #[must_use]
    pub fn binary(self) -> &'static str {
        match self {
            Self::Ollama => "sim-ollama",
            Self::Cloudflared => "sim-cloudflared",
        }
    }

    fn variable(self) -> &'static str {
        match self {
            Self::Ollama => "SIM_OLLAMA",
            Self::Cloudflared => "SIM_CLOUDFLARED",
        }
    }

    fn control_variable(self) -> &'static str {
        match self {
            Self::Ollama => "SIM_OLLAMA_CONTROL",
            Self::Cloudflared => "SIM_CLOUDFLARED_CONTROL",
        }
    }
}

/// Puts a program under its real name into `folder`, from the folder that holds the built binaries.
///
/// # Errors
/// When the link cannot be made, for instance because one is there already.
pub fn install(program: Program, built: &Path, folder: &Path) -> io::Result<()> {
    let end = std::env::consts::EXE_SUFFIX;
    let from = built.join(format!("{}{end}", program.binary()));
    let to = folder.join(format!("{}{end}", program.name()));
    #[cfg(unix)]
    return std::os::unix::fs::symlink(from, to);
    #[cfg(not(unix))]
    return std::fs::copy(from, to).map(drop);
}

/// The behaviours of this process, now and whenever they change.
type Changing = watch::Receiver<Behaviours>;

/// Notes the start, reads the behaviours, and runs `work` to its exit code.
fn run<W, F>(program: Program, work: W) -> ExitCode
where
    W: FnOnce(Vec<String>, Changing) -> F,
    F: Future<Output = u8>,
{
    if let Some(kind) = variable(orphan::VARIABLE) {
        return orphan::live(program, &kind);
    }
    starts::note(program.name());
    let behaviours = match control::watch(program) {
        Ok(behaviours) => behaviours,
        Err(problem) => {
            complain(&format!("{}: {problem}", program.binary()));
            return ExitCode::from(64);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let arguments = std::env::args().skip(1).collect();
    let code = runtime.block_on(async {
        let changing = behaviours.clone();
        mischief::begin(program, behaviours);
        work(arguments, changing).await
    });
    runtime.shutdown_background();
    ExitCode::from(code)
}

/// A variable of the environment, when it is set and not empty.
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok().filter(|value| !value.is_empty())
}

/// One line on standard output; whoever closed it does not want it.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}

/// One line on standard error.
fn complain(line: &str) {
    drop(writeln!(io::stderr().lock(), "{line}"));
}
