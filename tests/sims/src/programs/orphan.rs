//! The child that outlives its parent, as Ollama's runner does: same process group, same standard error.

use super::{Program, starts};
use std::process::{Command, ExitCode};
use std::time::Duration;

/// Set for the child; its value says whether it ignores SIGTERM too.
pub(super) const VARIABLE: &str = "SIM_ORPHAN";
const STUBBORN: &str = "ignores SIGTERM";
/// Nobody's forgotten child stays for ever.
const LIFE: Duration = Duration::from_secs(120);

/// Starts the child.
pub(super) fn leave(stubborn: bool) {
    let Ok(own) = std::env::current_exe() else { return };
    let kind = if stubborn { STUBBORN } else { "plain" };
    // The handle is dropped without waiting: that is the point.
    drop(Command::new(own).env(VARIABLE, kind).spawn());
}

/// The child's whole life.
pub(super) fn live(program: Program, kind: &str) -> ExitCode {
    #[cfg(unix)]
    if kind == STUBBORN {
        super::signals::ignore_termination();
    }
    starts::note(&format!("{}-orphan", program.name()));
    std::thread::sleep(LIFE);
    ExitCode::SUCCESS
}
