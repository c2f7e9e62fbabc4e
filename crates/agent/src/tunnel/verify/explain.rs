//! What a finding means for the call with the token and for the one without. PURE.

use super::{Finding, Probe};

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It does not work.
    Fail,
    /// Everyone can use the model.
    Exposed,
    /// This call cannot tell.
    Unknown,
}

/// What a call came to, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What was found.
    pub finding: Finding,
    /// How it stands.
    pub verdict: Verdict,
    /// What happened, in one sentence.
    pub sentence: String,
    /// What to do about it; nothing when all is well.
    pub fix: Option<String>,
}

impl Explanation {
    /// Whether it is as it should be.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.verdict == Verdict::Ok
    }
}

/// What that finding means for that call.
#[must_use]
pub fn explain(probe: Probe, finding: &Finding) -> Explanation {
    let (verdict, sentence, fix) = match probe {
        Probe::WithToken => with_token(finding),
        Probe::WithoutToken => without_token(finding),
    };
    let fix = Some(fix).filter(|fix| !fix.is_empty()).map(str::to_owned);
    Explanation { finding: finding.clone(), verdict, sentence, fix }
}

const CHECK_TOKEN: &str = "Give the service token again, or let the set-up make a new secret. If it is right and has not ended, the \
     policy's action must be Service Auth, not Allow: Zero Trust › Access › Applications › the application › Policies.";
const CHECK_INGRESS: &str = "Check the tunnel's ingress: the rule for this host name must lead to http://127.0.0.1:11434 and allow \
     ^/api/(version|tags|ps|show|chat)$.";

fn with_token(finding: &Finding) -> (Verdict, String, &'static str) {
    let (sentence, fix) = match finding {
        Finding::Ollama { version } => {
            return (Verdict::Ok, format!("Ollama {version} answers through the tunnel."), "");
        }
        Finding::LoginRedirect => (
            "Access sends the caller to the login page: the service token is wrong or has ended, or the policy's action \
             is Allow instead of Service Auth.",
            CHECK_TOKEN,
        ),
        Finding::LoginPage => (
            "A login page came back instead of Ollama's answer: Access takes no service token here.",
            CHECK_TOKEN,
        ),
        Finding::Unauthorised => {
            ("Access refuses the service token: it is wrong, disabled, or has ended.", CHECK_TOKEN)
        }
        Finding::NotLetIn => (
            "Access knows the service token, but no policy of this application lets it in.",
            "Add a policy with action Service Auth that includes this service token: Zero Trust › Access › Applications.",
        ),
        Finding::HostRefused => (
            "The tunnel works, but Ollama refuses the host name (403 without a body).",
            "Set httpHostHeader to localhost:11434 in the originRequest of the tunnel's rule.",
        ),
        Finding::NotServed => {
            ("The tunnel works, but its ingress does not serve this host name and path (404).", CHECK_INGRESS)
        }
        Finding::NoIngress => {
            ("The tunnel works, but has no ingress rules, or Ollama is busy (503).", CHECK_INGRESS)
        }
        Finding::NotOllama { status } => {
            let sentence = format!("Something else than Ollama answers at this address (status {status}).");
            return (Verdict::Fail, sentence, CHECK_INGRESS);
        }
        Finding::TunnelDown => (
            "The tunnel has no connection to Cloudflare (530, error 1033).",
            "Start the tunnel on this machine; if it runs, the DNS record may lead to another tunnel.",
        ),
        Finding::OriginDown => (
            "The tunnel is connected, but Ollama does not answer on port 11434 (502).",
            "Start Ollama on this machine.",
        ),
        Finding::OriginSlow => (
            "Ollama took too long: Cloudflare gave up waiting (524).",
            "Restart Ollama; a model too large for this machine answers too slowly.",
        ),
        Finding::Blocked { .. }
        | Finding::RateLimited
        | Finding::EdgeFailed { .. }
        | Finding::NoSuchName
        | Finding::Tls { .. }
        | Finding::Unreachable { .. }
        | Finding::Timeout
        | Finding::NotAnAddress
        | Finding::UnusableToken => {
            let (sentence, fix) = before_access(finding);
            return (Verdict::Fail, sentence, fix);
        }
    };
    (Verdict::Fail, sentence.to_owned(), fix)
}

const CLOSE: &str = "Stop the tunnel now. Then protect the host name with an Access application and a Service Auth policy; the set-up \
     does it.";

/// Access stands before the tunnel: whatever the tunnel or Ollama says to a stranger, Access did not stop him.
fn without_token(finding: &Finding) -> (Verdict, String, &'static str) {
    let passed = match finding {
        Finding::LoginRedirect => {
            return (Verdict::Ok, "Calls without a token are sent to the login page.".to_owned(), "");
        }
        Finding::LoginPage => return (Verdict::Ok, "Calls without a token get a login page.".to_owned(), ""),
        Finding::Unauthorised => {
            return (Verdict::Ok, "Calls without a token are refused (401).".to_owned(), "");
        }
        Finding::NotLetIn => return (Verdict::Ok, "Calls without a token are refused (403).".to_owned(), ""),
        Finding::Ollama { version } => {
            let sentence = format!("Anyone can use the model: Ollama {version} answers without a token.");
            return (Verdict::Exposed, sentence, CLOSE);
        }
        Finding::HostRefused => "Ollama itself refused the call",
        Finding::NotServed => "the tunnel itself answered (404)",
        Finding::NoIngress => "the tunnel itself answered (503)",
        Finding::TunnelDown => "only the tunnel's lack of a connection stopped the call",
        Finding::OriginDown => "only Ollama's being down stopped the call",
        Finding::OriginSlow => "the call reached Ollama",
        Finding::NotOllama { .. } => "something behind the tunnel answered",
        Finding::Blocked { .. }
        | Finding::RateLimited
        | Finding::EdgeFailed { .. }
        | Finding::NoSuchName
        | Finding::Tls { .. }
        | Finding::Unreachable { .. }
        | Finding::Timeout
        | Finding::NotAnAddress
        | Finding::UnusableToken => {
            let (sentence, fix) = before_access(finding);
            return (Verdict::Unknown, sentence, fix);
        }
    };
    (Verdict::Exposed, format!("Access lets calls without a token pass: {passed}."), CLOSE)
}

/// What happens before Access is asked.
fn before_access(finding: &Finding) -> (String, &'static str) {
    match finding {
        Finding::Blocked { code } => (
            format!("Cloudflare's firewall blocks this caller (error {code}), before Access is asked."),
            "Exempt the host name from Bot Fight Mode and WAF challenges: Security › WAF › Custom rules › Skip.",
        ),
        Finding::RateLimited => (
            "Cloudflare limits the rate of calls (429).".to_owned(),
            "Wait a minute; check the rate limiting rules of the zone for this host name.",
        ),
        Finding::EdgeFailed { status } => (
            format!("Cloudflare's edge failed (status {status})."),
            "Wait a minute and try again; https://www.cloudflarestatus.com tells of outages.",
        ),
        Finding::NoSuchName => (
            "The host name has no address.".to_owned(),
            "Create the DNS record, or wait some minutes if it is new; check this machine's own connection too.",
        ),
        Finding::Tls { words } => (
            format!("The secure connection failed ({words})."),
            "A host name two levels below the domain needs an advanced certificate: use one level, or order one. A proxy or virus \
             scanner that reads TLS gives this too; so does a wrong clock.",
        ),
        Finding::Timeout => (
            "No answer came in time.".to_owned(),
            "Check this machine's connection to the internet, then Ollama and the tunnel.",
        ),
        Finding::NotAnAddress => (
            "This is no address that can be called.".to_owned(),
            "Write it like https://ollama.example.com; only https is allowed.",
        ),
        Finding::UnusableToken => (
            "The service token holds characters that it cannot have.".to_owned(),
            "Copy the client id and the client secret again, without spaces and line breaks.",
        ),
        Finding::Unreachable { words } => (
            format!("No connection ({words})."),
            "Check this machine's connection to the internet, and whether a firewall stops https.",
        ),
        Finding::Ollama { .. }
        | Finding::LoginRedirect
        | Finding::LoginPage
        | Finding::Unauthorised
        | Finding::NotLetIn
        | Finding::HostRefused
        | Finding::TunnelDown
        | Finding::OriginDown
        | Finding::OriginSlow
        | Finding::NotServed
        | Finding::NoIngress
        | Finding::NotOllama { .. } => ("Access or what is behind it answered.".to_owned(), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tunnel::http::Cause;
    use crate::tunnel::verify::{Observation, classify};

    fn answer(status: u16, location: &str, content_type: &str, body: &str) -> Observation {
        Observation::Answer {
            status,
            location: location.to_owned(),
            content_type: content_type.to_owned(),
            body: body.to_owned(),
        }
    }

    fn failed(cause: Cause) -> Observation {
        Observation::Failed { cause, words: "words".to_owned() }
    }

    #[test]
    fn every_answer_means_the_right_thing_for_both_calls() {
        use Verdict::{Exposed, Fail, Ok, Unknown};
        let html = "text/html; charset=UTF-8";
        let login = "https://acme.cloudflareaccess.com/cdn-cgi/access/login/ollama.example.com?kid=1";
        for (observation, with, without, words) in [
            (answer(200, "", "application/json", r#"{"version":"0.33.0"}"#), Ok, Exposed, "Ollama 0.33.0"),
            (answer(302, login, html, ""), Fail, Ok, "login page"),
            (answer(303, "/cdn-cgi/access/login/x", "", ""), Fail, Ok, "login page"),
            (answer(302, "https://elsewhere.example.com/", html, ""), Fail, Exposed, "Something else"),
            (
                answer(302, "https://cloudflareaccess.com.evil.example/", html, ""),
                Fail,
                Exposed,
                "Something else",
            ),
            (answer(401, "", html, "<html>"), Fail, Ok, "Access refuses"),
            (answer(403, "", html, "<html>Forbidden</html>"), Fail, Ok, "no policy"),
            (answer(403, "", "", ""), Fail, Exposed, "Ollama refuses the host name"),
            (answer(403, "", "text/plain", "error code: 1010"), Fail, Unknown, "error 1010"),
            (answer(403, "", "text/plain", "error code: 1020"), Fail, Unknown, "error 1020"),
            (answer(404, "", "", ""), Fail, Exposed, "does not serve"),
            (answer(429, "", html, "error code: 1015"), Fail, Unknown, "limits"),
            (answer(530, "", html, "error code: 1033"), Fail, Exposed, "no connection to Cloudflare"),
            (answer(502, "", html, "Bad gateway"), Fail, Exposed, "port 11434"),
            (answer(524, "", html, "error code: 524"), Fail, Exposed, "too long"),
            (answer(503, "", "", ""), Fail, Exposed, "no ingress"),
            (answer(522, "", html, ""), Fail, Unknown, "status 522"),
            (answer(200, "", html, "<html>Sign in"), Fail, Ok, "login page"),
            (answer(200, "", "application/json", "{}"), Fail, Exposed, "Something else"),
            (failed(Cause::Dns), Fail, Unknown, "no address"),
            (failed(Cause::Tls), Fail, Unknown, "secure connection"),
            (failed(Cause::Timeout), Fail, Unknown, "in time"),
            (failed(Cause::Connection), Fail, Unknown, "No connection"),
            (Observation::NotAnAddress, Fail, Unknown, "no address that can be called"),
            (Observation::UnusableToken, Fail, Unknown, "characters"),
        ] {
            let finding = classify(&observation);
            let (called, strange) =
                (explain(Probe::WithToken, &finding), explain(Probe::WithoutToken, &finding));
            assert_eq!((called.verdict, strange.verdict), (with, without), "{observation:?}");
            assert!(called.sentence.contains(words), "{observation:?}: {}", called.sentence);
            for explanation in [called, strange] {
                assert_eq!(explanation.fix.is_none(), explanation.ok(), "{explanation:?}");
            }
        }
    }
}
