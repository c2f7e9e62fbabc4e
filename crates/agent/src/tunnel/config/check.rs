//! Reads a `config.yml` as cloudflared would and says what is wrong with it. PURE.

use super::finding::{Finding, Problem};
use crate::tunnel::{ALLOWED_PATHS, HOST_HEADER, Hostname, OLLAMA_PORT};
use serde_json::Value;
use url::{Host, Url};

/// What the file is to be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The public name.
    pub hostname: Hostname,
    /// The tunnel's id, when it is known.
    pub tunnel_id: Option<String>,
}

/// Keys at the top; beside these, every flag of cloudflared may stand there.
const TOP_KEYS: [&str; 21] = [
    "tunnel",
    "credentials-file",
    "origincert",
    "ingress",
    "originRequest",
    "warp-routing",
    "metrics",
    "no-autoupdate",
    "autoupdate-freq",
    "loglevel",
    "transport-loglevel",
    "logfile",
    "log-directory",
    "output",
    "pidfile",
    "grace-period",
    "protocol",
    "edge-ip-version",
    "edge-bind-address",
    "retries",
    "no-prechecks",
];
const MORE_TOP_KEYS: [&str; 8] = [
    "region",
    "tag",
    "post-quantum",
    "metrics-update-freq",
    "management-diagnostics",
    "ha-connections",
    "features",
    "label",
];
const RULE_KEYS: [&str; 4] = ["hostname", "path", "service", "originRequest"];
const ORIGIN_KEYS: [&str; 20] = [
    "connectTimeout",
    "tlsTimeout",
    "tcpKeepAlive",
    "noHappyEyeballs",
    "keepAliveConnections",
    "keepAliveTimeout",
    "httpHostHeader",
    "originServerName",
    "matchSNItoHost",
    "caPool",
    "noTLSVerify",
    "disableChunkedEncoding",
    "bastionMode",
    "proxyAddress",
    "proxyPort",
    "proxyType",
    "ipRules",
    "http2Origin",
    "access",
    "maxActiveFlows",
];
const SECRETS: [&str; 2] = ["token", "tunnel-token"];
const SCHEMES: [&str; 8] =
    ["http://", "https://", "unix:", "unix+tls:", "tcp://", "ssh://", "rdp://", "smb://"];
const NAMED: [&str; 5] = ["hello_world", "hello-world", "bastion", "socks-proxy", "http_status:"];

/// What is wrong with the text of a `config.yml`; nothing when it does what it should.
#[must_use]
pub fn check(text: &str, expected: &Expected) -> Vec<Finding> {
    let config: Value = match serde_saphyr::from_str(text) {
        Ok(config) => config,
        Err(problem) => {
            let words = problem.to_string();
            let first = words.lines().next().unwrap_or_default();
            return vec![Finding::new(
                Problem::NotYaml,
                format!("The file cannot be read as YAML: {first}."),
            )];
        }
    };
    let mut findings = Vec::new();
    top(&config, expected, &mut findings);
    let rules = config["ingress"].as_array().map(Vec::as_slice).unwrap_or_default();
    if rules.is_empty() {
        let sentence = "There is no ingress: every request would be answered with 503.";
        findings.push(Finding::new(Problem::NoIngress, sentence));
        return findings;
    }
    order(rules, &mut findings);
    for (place, rule) in rules.iter().enumerate() {
        each(place + 1, rule, &mut findings);
    }
    match rules.iter().find(|rule| rule["hostname"] == expected.hostname.as_str()) {
        Some(rule) => ours(rule, &config["originRequest"], &mut findings),
        None => findings.push(Finding::new(
            Problem::NoRule,
            format!("No rule is for {}, so requests for it do not reach Ollama.", expected.hostname),
        )),
    }
    findings
}

fn top(config: &Value, expected: &Expected, findings: &mut Vec<Finding>) {
    let tunnel = config["tunnel"].as_str().filter(|tunnel| !tunnel.is_empty());
    match (tunnel, &expected.tunnel_id) {
        (None, _) => findings.push(Finding::new(Problem::NoTunnel, "It does not say which tunnel to run.")),
        (Some(found), Some(wanted)) if found != wanted => {
            let sentence = format!("It runs tunnel {found}, not {wanted}.");
            findings.push(Finding::new(Problem::OtherTunnel, sentence));
        }
        (Some(_), _) => {}
    }
    if config["credentials-file"].as_str().is_none_or(str::is_empty) {
        let sentence = "It does not say where the tunnel's credentials are.";
        findings.push(Finding::new(Problem::NoCredentials, sentence));
    }
    if config["no-autoupdate"] != true {
        let sentence = "cloudflared would replace and end itself when there is a new version.";
        findings.push(Finding::new(Problem::SelfUpdate, sentence));
    }
    if let Some(address) = config["metrics"].as_str().filter(|address| !is_local(address)) {
        let sentence = format!("Other machines can read the tunnel's state and profile it at {address}.");
        findings.push(Finding::new(Problem::OpenMetrics, sentence));
    }
    for key in keys(config) {
        if SECRETS.contains(&key) {
            let sentence = format!("`{key}` puts a secret into this file.");
            findings.push(Finding::new(Problem::SecretInFile, sentence));
        } else if !TOP_KEYS.contains(&key) && !MORE_TOP_KEYS.contains(&key) {
            findings.push(unknown(key, "the file"));
        }
    }
    unknown_origin_keys(&config["originRequest"], "originRequest", findings);
}

fn order(rules: &[Value], findings: &mut Vec<Finding>) {
    let Some((last, others)) = rules.split_last() else { return };
    if let Some(place) = others.iter().position(catches_all) {
        let sentence =
            format!("Rule {} takes every request, so the rules after it are never used.", place + 1);
        findings.push(Finding::new(Problem::UnreachableRules, sentence));
    }
    if !catches_all(last) {
        let sentence =
            "The last rule does not take every request: cloudflared does not start with this file.";
        findings.push(Finding::new(Problem::NoCatchAll, sentence));
        return;
    }
    let service = last["service"].as_str().unwrap_or_default();
    if !service.is_empty() && !service.starts_with("http_status:") {
        let sentence = format!("Requests for any other name reach {service}.");
        findings.push(Finding::new(Problem::OpenCatchAll, sentence));
    }
}

fn each(number: usize, rule: &Value, findings: &mut Vec<Finding>) {
    for key in keys(rule).filter(|key| !RULE_KEYS.contains(key)) {
        findings.push(unknown(key, &format!("rule {number}")));
    }
    unknown_origin_keys(&rule["originRequest"], &format!("originRequest of rule {number}"), findings);
    let Some(service) = rule["service"].as_str().filter(|service| !service.is_empty()) else {
        let sentence = format!("Rule {number} does not say where requests go.");
        findings.push(Finding::new(Problem::NoService, sentence));
        return;
    };
    let has = |starts: &[&str]| starts.iter().any(|start| service.starts_with(start));
    if !has(&SCHEMES) && !has(&NAMED) {
        let sentence =
            format!("Rule {number} has the service {service} without a scheme: cloudflared does not start.");
        findings.push(Finding::new(Problem::NoScheme, sentence));
    }
}

/// The rule for our name; what it does not say, the file's `originRequest` does.
fn ours(rule: &Value, defaults: &Value, findings: &mut Vec<Finding>) {
    let service = rule["service"].as_str().unwrap_or_default();
    if service.contains("://") && !is_ollama(service) {
        let sentence =
            format!("The rule leads to {service}, not to Ollama on port {OLLAMA_PORT} of this machine.");
        findings.push(Finding::new(Problem::OtherService, sentence));
    }
    match rule["path"].as_str().filter(|path| !path.is_empty()) {
        None => findings.push(Finding::new(
            Problem::NoAllowList,
            "All of Ollama can be called through the tunnel, pulling and deleting models too.",
        )),
        Some(ALLOWED_PATHS) => {}
        Some(other) => findings.push(Finding::new(
            Problem::OtherAllowList,
            format!("The rule serves the paths {other} where {ALLOWED_PATHS} is what is needed."),
        )),
    }
    let origin =
        |key: &str| rule["originRequest"].get(key).or_else(|| defaults.get(key)).unwrap_or(&Value::Null);
    match origin("httpHostHeader").as_str().filter(|host| !host.is_empty()) {
        None => findings.push(Finding::new(
            Problem::HostHeader,
            "Without httpHostHeader Ollama answers every request with 403 and an empty body.",
        )),
        Some(host) if !ollama_takes(host) => findings.push(Finding::new(
            Problem::HostHeader,
            format!("Ollama does not take {host} for its own name; {HOST_HEADER} it does."),
        )),
        Some(_) => {}
    }
    if origin("noTLSVerify") == &Value::Bool(true) {
        let sentence = "noTLSVerify is on: a certificate would not be checked.";
        findings.push(Finding::new(Problem::NoTlsVerify, sentence));
    }
    let access = origin("access");
    let is_complete = access["required"] == true
        && access["teamName"].as_str().is_some_and(|team| !team.is_empty())
        && access["audTag"].as_array().is_some_and(|tags| !tags.is_empty());
    if !access.is_null() && !is_complete {
        let sentence = "`access` does not make cloudflared check that requests came through Access.";
        findings.push(Finding::new(Problem::AccessCheck, sentence));
    }
}

fn unknown_origin_keys(origin: &Value, place: &str, findings: &mut Vec<Finding>) {
    findings.extend(keys(origin).filter(|key| !ORIGIN_KEYS.contains(key)).map(|key| unknown(key, place)));
}

fn unknown(key: &str, place: &str) -> Finding {
    let sentence = format!("cloudflared does not know `{key}` in {place} and goes on without it.");
    Finding::new(Problem::UnknownKey, sentence)
}

fn keys(value: &Value) -> impl Iterator<Item = &str> {
    value.as_object().into_iter().flat_map(|fields| fields.keys().map(String::as_str))
}

fn catches_all(rule: &Value) -> bool {
    let is_open = |key: &str| rule[key].as_str().is_none_or(|text| text.is_empty() || text == "*");
    is_open("hostname") && is_open("path")
}

fn is_local(address: &str) -> bool {
    ["127.", "localhost:", "[::1]:"].iter().any(|start| address.starts_with(start))
}

fn is_ollama(service: &str) -> bool {
    let Ok(url) = Url::parse(service) else { return false };
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "http" && is_here && url.port() == Some(OLLAMA_PORT)
}

/// The names that Ollama takes for its own while it listens on this machine only.
fn ollama_takes(header: &str) -> bool {
    let Ok(url) = Url::parse(&format!("http://{header}")) else { return false };
    match url.host() {
        Some(Host::Domain(name)) => {
            name == "localhost"
                || [".localhost", ".local", ".internal"].iter().any(|ending| name.ends_with(ending))
        }
        Some(Host::Ipv4(address)) => {
            address.is_loopback() || address.is_private() || address.is_unspecified()
        }
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
        None => false,
    }
}
