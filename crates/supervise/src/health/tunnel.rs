//! The layers of the tunnel: connected to Cloudflare, passable with the token, closed without it.

use std::time::Duration;

use crate::Moment;

use super::facts::{Fact, Outside};
use super::reading::{Call, CallError, Reading, connections, read};
use super::{Finding, Health};

/// cloudflared opens this many connections, about a second apart.
const CONNECTIONS: u32 = 4;
/// Fewer connections for this long are worth a word.
const FEW_FOR: Duration = Duration::from_secs(60);
/// cloudflared's metrics address may be silent for so long after a start.
const SILENT_FOR: Duration = Duration::from_secs(15);

/// Ready connections, if `/ready` told them.
pub(super) fn ready_connections(ready: &Fact<Call>) -> Option<u32> {
    match ready {
        Fact::Known { answer: Ok(answer), .. } => connections(answer),
        Fact::Known { answer: Err(_), .. } | Fact::NotSetUp | Fact::NotYet => None,
    }
}

/// Whether cloudflared is connected. `started` is when our own process was; `few_since` since when connections are missing.
pub(super) fn edge(
    ready: &Fact<Call>,
    started: Option<Moment>,
    few_since: Option<Moment>,
    now: Moment,
) -> Finding {
    let Fact::Known { latency, .. } = ready else {
        return Finding::unknown("cloudflared has not been asked so far.");
    };
    let is_young = started.is_some_and(|started| now.since(started) <= SILENT_FOR);
    let is_few_for_long = few_since.is_some_and(|since| now.since(since) > FEW_FOR);
    match ready_connections(ready) {
        None if is_young => Finding::unknown("cloudflared is starting."),
        None => Finding::warn(
            "cloudflared runs, but does not say whether it is connected.",
            "Restart the tunnel if it stays like this.",
        ),
        Some(0) if is_young => Finding::unknown("cloudflared is connecting to Cloudflare."),
        Some(0) => Finding::fail(
            "Cloudflare cannot reach this machine.",
            "Check this machine's internet connection, then restart the tunnel.",
        ),
        Some(few) if few < CONNECTIONS && is_few_for_long => Finding::warn(
            format!("Only {few} of {CONNECTIONS} connections to Cloudflare are up."),
            "Nothing, unless it stays like this: then check this machine's internet connection.",
        ),
        Some(number) => {
            Finding::ok(format!("Connected to Cloudflare, {number} of {CONNECTIONS} connections."))
        }
    }
    .took(*latency)
}

/// Whether a call with the token arrives at Ollama; `has_address` when there is one to call.
pub(super) fn public(fact: &Fact<Call>, has_address: bool) -> Finding {
    let (answer, latency) = match fact {
        Fact::NotSetUp if has_address => {
            return Finding::warn(
                "There is no service token for the public address so far.",
                "Store the Access credentials in Setup.",
            );
        }
        Fact::NotSetUp => {
            return Finding::warn(
                "This machine has no public address so far.",
                "Set the tunnel up in Setup.",
            );
        }
        Fact::NotYet => return Finding::unknown("The public address has not been tried so far."),
        Fact::Known { answer, latency } => (answer, latency),
    };
    match read(answer) {
        Reading::Ollama { .. } => Finding::ok("A call through the public address arrives here."),
        Reading::Nobody(error) => unreachable(error),
        Reading::HostRefused => Finding::fail(
            "Ollama refuses calls through the tunnel.",
            "Set httpHostHeader to localhost:11434 in the tunnel's rules.",
        ),
        Reading::SomethingElse | Reading::NoRule => Finding::fail(
            "The public address leads to something else than Ollama.",
            "Check the tunnel's rules and the DNS record of the address.",
        ),
        Reading::LoginAsked => Finding::fail(
            "Cloudflare refuses the service token.",
            "Check that the token has not expired and that the policy's action is Service Auth, then store it again.",
        ),
        Reading::NoPolicy => Finding::fail(
            "Cloudflare knows the service token, but no policy lets it in.",
            "Add the token to a policy with the action Service Auth.",
        ),
        Reading::Firewall => Finding::fail(
            "Cloudflare's firewall stops calls to the public address.",
            "Exempt the address from Bot Fight Mode and challenge rules.",
        ),
        Reading::RateLimited => Finding::fail(
            "Cloudflare limits calls to the public address.",
            "Check the zone's rate limiting rules.",
        ),
        Reading::TunnelGone => Finding::fail(
            "Cloudflare knows no connection of the tunnel behind the public address.",
            "Check that the DNS record names the tunnel that runs here.",
        ),
        Reading::OriginDown => Finding::fail(
            "cloudflared cannot reach Ollama.",
            "Check that the tunnel's rules name the address Ollama listens at.",
        ),
        Reading::TooSlow => unreachable(CallError::TimedOut),
        Reading::Unexpected(_) => Finding::fail(
            "The public address answers with an error.",
            "Look at the answer under Why, then restart the tunnel.",
        ),
    }
    .took(*latency)
}

fn unreachable(error: CallError) -> Finding {
    match error {
        CallError::TimedOut => Finding::fail(
            "The public address does not answer in time.",
            "Check this machine's load and internet connection.",
        ),
        CallError::NoSuchName => {
            Finding::fail("The public address cannot be found.", "Check the DNS record of the address.")
        }
        CallError::Unreachable => Finding::fail(
            "The public address cannot be reached from here.",
            "Check this machine's internet connection.",
        ),
        CallError::BadCertificate => Finding::fail(
            "The certificate of the public address does not fit.",
            "Use a name one level below the zone, or order a certificate for it.",
        ),
    }
}

/// The call through the tunnel came as far as cloudflared and found nothing behind it.
pub(super) fn is_stopped_behind_cloudflared(fact: &Fact<Call>) -> bool {
    match fact {
        Fact::Known { answer, .. } => matches!(read(answer), Reading::OriginDown | Reading::TooSlow),
        Fact::NotSetUp | Fact::NotYet => false,
    }
}

/// Whether a call without the token is refused.
///
/// Access answers before the tunnel is asked, so an answer of the tunnel or of Ollama means that it did not ask.
pub(super) fn closed(fact: &Fact<Call>, outside: &Outside) -> Finding {
    let here = closed_from_here(fact);
    match (here.health, outside) {
        // What is open from here needs no other witness.
        (Health::Fail, _) | (_, Outside::NotKnown | Outside::Closed) => here,
        (Health::Ok | Health::Warn | Health::Unknown, Outside::Open { what, at }) => Finding::fail(
            format!("Exposed: seen from outside, {what} ({at})."),
            "Protect the address with a Cloudflare Access application and let the tunnel serve the allowed paths only; \
             then look again: triage-agent tunnel verify.",
        ),
    }
}

fn closed_from_here(fact: &Fact<Call>) -> Finding {
    let (answer, latency) = match fact {
        Fact::NotSetUp => return Finding::unknown("There is no public address to lock so far."),
        Fact::NotYet => return Finding::unknown("Whether the address is locked has not been tried so far."),
        Fact::Known { answer, latency } => (answer, latency),
    };
    const LOCK: &str =
        "Protect the address with a Cloudflare Access application, and stop the tunnel until then.";
    match read(answer) {
        Reading::LoginAsked | Reading::NoPolicy => {
            Finding::ok("Calls without the service token are refused.")
        }
        Reading::Ollama { .. } | Reading::HostRefused | Reading::SomethingElse => {
            Finding::fail("Exposed: anybody on the internet can reach Ollama on this machine.", LOCK)
        }
        Reading::NoRule | Reading::TunnelGone | Reading::OriginDown | Reading::TooSlow => {
            Finding::warn("A call without the service token was not refused, though it did not arrive.", LOCK)
        }
        Reading::Firewall | Reading::RateLimited | Reading::Unexpected(_) | Reading::Nobody(_) => {
            Finding::unknown("Whether the address is locked could not be checked.")
        }
    }
    .took(*latency)
}
