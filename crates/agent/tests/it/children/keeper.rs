//! A program that keeps the stand-ins as the agent keeps the real ones, to be killed by tests: `keeper FOLDER`, and
//! `keeper guard` as the guard that it starts of itself.

#![expect(clippy::unwrap_used, reason = "a test's helper: what fails ends it, and the test with it")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    let word = std::env::args_os().nth(1).unwrap();
    if word == agent::children::guard::MODE {
        return agent::children::guard::run();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(keep(&PathBuf::from(word)))
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    ExitCode::FAILURE
}

/// Starts both programs and stays. Beside them `FOLDER/keeper.json` tells their numbers and the guard's.
#[cfg(unix)]
async fn keep(folder: &Path) -> ExitCode {
    use agent::children::logs::{Limits, Log};
    use agent::children::runner::{Keep, Runner, What};
    use agent::children::{guard::Guard, pidfile::PidFiles};
    use supervise::{Kind, program::Run};

    let guard = Guard::start(&std::env::current_exe().unwrap()).unwrap();
    let log = |kind| Log::open(kind, &folder.join("logs"), Limits::default(), chrono::DateTime::default);
    let keep = Keep {
        guard: Some(guard.clone()),
        pids: PidFiles::at(&folder.join("run")),
        ollama: log(Kind::Ollama),
        cloudflared: log(Kind::Cloudflared),
    };
    let (sender, mut news) = tokio::sync::mpsc::channel(16);
    let runner = Runner::new(sender, keep);
    for kind in [Kind::Ollama, Kind::Cloudflared] {
        runner.spawn(Run(1), &launch(kind, folder));
    }
    let mut pids = Vec::new();
    while let Some(one) = news.recv().await {
        if let What::Spawned { pid } = one.what {
            pids.push(pid);
        }
        let told = format!(r#"{{"guard": {:?}, "programs": {pids:?}}}"#, guard.pid().unwrap_or_default());
        let beside = folder.join("keeper.part");
        std::fs::write(&beside, told).unwrap();
        std::fs::rename(beside, folder.join("keeper.json")).unwrap();
    }
    ExitCode::SUCCESS
}

#[cfg(unix)]
fn launch(kind: supervise::Kind, folder: &Path) -> agent::children::launch::Launch {
    use agent::children::{cloudflared, ollama};
    use supervise::Kind;

    match kind {
        Kind::Ollama => ollama::launch(&folder.join("bin/ollama"), "127.0.0.1:0".parse().unwrap()),
        Kind::Cloudflared => {
            let token = std::env::var_os("KEEPER_TOKEN").unwrap().into_string().unwrap();
            let tunnel =
                cloudflared::Tunnel::Token { token: token.into(), runtime_folder: folder.join("run") };
            cloudflared::launch(&folder.join("bin/cloudflared"), 0, &tunnel)
        }
    }
}
