//! The daily look for a newer version, as long as the settings ask for it. The window's program does it and ends: what it
//! takes would stay in the memory of the tray app.

use std::io::{self, Write as _};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use agent::context::Context;
use agent::settings::Updates;
use tokio::process::Command;
use tracing::{info, warn};

use super::{bundle, may, obstacle};
use crate::{platform, programs};

/// What the window's program is told when it is only to look.
pub(crate) const LOOK: &str = "--look";

/// How often it is seen whether a look is due.
const EVERY: Duration = Duration::from_mins(10);

/// Looks, and tells what there is.
pub(crate) async fn keep_looking(tell: impl Fn(Option<String>)) {
    if obstacle().is_some() {
        return;
    }
    let mut looked: Option<Instant> = None;
    loop {
        let updates = Context::read().map_or(Updates::Off, |context| context.settings.updates);
        if may::is_due(updates, looked.map(|at| at.elapsed())) {
            looked = Some(Instant::now());
            match look().await {
                Ok(version) => {
                    if let Some(version) = &version {
                        info!(event = "update_found", %version, "there is a newer version");
                    }
                    tell(version);
                }
                Err(error) => warn!(event = "update_unknown", %error, "newer versions were not found out"),
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// What another process finds out.
async fn look() -> io::Result<Option<String>> {
    let mut command = Command::new(programs::beside(programs::WINDOW)?);
    command.args(bundle::told()).arg(LOOK).stdin(Stdio::null()).stderr(Stdio::inherit());
    platform::prepare_window(command.as_std_mut());
    let found = command.output().await?;
    if !found.status.success() {
        return Err(io::Error::other("the look failed"));
    }
    Ok(serde_json::from_slice(&found.stdout)?)
}

/// Says in that process what was found.
pub(crate) fn say(version: Option<&str>) -> ExitCode {
    match serde_json::to_writer(io::stdout(), &version)
        .map_err(io::Error::from)
        .and_then(|()| io::stdout().flush())
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
