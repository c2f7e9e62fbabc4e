//! What the end of a program means: start it again, start it at once, or say that starting cannot help.
//!
//! Facts: exit codes and texts of cloudflared 2026.8 and Ollama 0.32/0.33, run and read. Texts are no interface, so
//! they only ever refine what a code says; an end nobody recognises is answered by starting again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Kind;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// By itself, with this code.
    Code(i32),
    /// By this signal (Unix).
    Signal(i32),
}

/// An end, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Code or signal.
    pub ending: Ending,
    /// The last lines of standard output and standard error, oldest first; some dozens are enough.
    pub last_lines: Vec<String>,
}

/// Why something cannot work, and what a person can do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// A sentence.
    pub why: String,
    /// A sentence.
    pub what_to_do: String,
}

/// What an end means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It was asked to end, though not by us.
    Clean,
    /// It ended in a way that may pass.
    Restart {
        /// A sentence.
        why: String,
    },
    /// It wants to be started again without delay.
    RestartAtOnce {
        /// A sentence.
        why: String,
    },
    /// Starting it again would end the same way.
    CannotWork(Reason),
}

/// A usage text after a longer life than this is not the answer to how it was started. cloudflared prints its help
/// and exits 0 within 0.2 s when it has nothing to run; the rest is for slow disks.
const HELP_WITHIN: Duration = Duration::from_secs(5);

/// Windows: ended by Ctrl+C, Ctrl+Break or the end of the session (`STATUS_CONTROL_C_EXIT`).
const CONTROL_C_EXIT: i32 = -1_073_741_510;

/// Judges the end of `kind` after it `ran` for so long.
pub fn classify(kind: Kind, exit: &Exit, ran: Duration) -> Verdict {
    match exit.ending {
        Ending::Signal(signal) => of_signal(kind, signal),
        Ending::Code(CONTROL_C_EXIT) => Verdict::Clean,
        Ending::Code(code) => match kind {
            Kind::Ollama => of_ollama(exit, code),
            Kind::Cloudflared => of_cloudflared(exit, code, ran),
        },
    }
}

fn of_signal(kind: Kind, signal: i32) -> Verdict {
    match signal {
        // SIGHUP, SIGINT, SIGTERM: somebody asked it to end.
        1 | 2 | 15 => Verdict::Clean,
        9 => restart(format!("{kind} was killed, perhaps because the machine ran out of memory.")),
        other => restart(format!("{kind} crashed (signal {other}).")),
    }
}

fn of_cloudflared(exit: &Exit, code: i32, ran: Duration) -> Verdict {
    match code {
        0 if ran <= HELP_WITHIN && exit.says("USAGE:") => cannot(
            "cloudflared printed its help instead of running a tunnel.",
            "Set the tunnel up again, so that it is told which tunnel to run.",
        ),
        0 => Verdict::Clean,
        10 => restart("cloudflared tried to update itself and could not."),
        11 => Verdict::RestartAtOnce { why: "cloudflared has updated itself.".to_owned() },
        255 if exit.says("token is not valid") => cannot(
            "The tunnel token is not valid.",
            "Copy the token from the Cloudflare dashboard (Networks, Tunnels, your tunnel) and store it again.",
        ),
        255 => cannot(
            "cloudflared does not understand how it was started.",
            "Update cloudflared, then set the tunnel up again.",
        ),
        _ if exit.says("tunnel credentials file not found") => cannot(
            "The credentials file of the tunnel is missing.",
            "Set the tunnel up again, or give the tunnel's token.",
        ),
        _ if exit.says("last ingress rule must match all URLs")
            || exit.says("is an invalid address, please make sure") =>
        {
            cannot("The tunnel's config.yml has a mistake in its ingress rules.", "Set the tunnel up again.")
        }
        _ if exit.says("address already in use") || exit.says("only one usage of each socket address") => {
            restart("Another program uses the port of cloudflared's status page.")
        }
        _ if exit.says("could not lookup srv records") || exit.says("no such host") => {
            restart("cloudflared found no network: Cloudflare's addresses cannot be looked up.")
        }
        other => restart(format!("cloudflared ended with an error (code {other}).")),
    }
}

fn of_ollama(exit: &Exit, code: i32) -> Verdict {
    match code {
        0 => Verdict::Clean,
        _ if exit.says("address already in use") || exit.says("only one usage of each socket address") => {
            restart("Another program holds Ollama's address.")
        }
        _ if exit.says("$HOME is not defined") => cannot(
            "Ollama does not know its home folder.",
            "Set the variable HOME for the account that runs this program.",
        ),
        _ if exit.says("unknown command") || exit.says("unknown flag") => cannot(
            "What is installed as Ollama does not understand how it was started.",
            "Update Ollama, or correct the path to it in the settings.",
        ),
        other => restart(format!("Ollama ended with an error (code {other}).")),
    }
}

fn restart(why: impl Into<String>) -> Verdict {
    Verdict::Restart { why: why.into() }
}

fn cannot(why: &str, what_to_do: &str) -> Verdict {
    Verdict::CannotWork(Reason { why: why.to_owned(), what_to_do: what_to_do.to_owned() })
}

impl Exit {
    /// One of the last lines contains `text`, whatever the case.
    fn says(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.last_lines.iter().any(|line| line.to_lowercase().contains(&text))
    }
}

#[cfg(test)]
mod tests;
