//! The ingress rules of a tunnel: reading them with the checks and the words of `cloudflared`, and finding the rule
//! for a request. Used by the stand-in program and by the edge.

use regex::Regex;
use serde_json::Value;

const NOT_CATCH_ALL: &str =
    "The last ingress rule must match all URLs (i.e. it should not have a hostname or path filter)";
const BAD_WILDCARD: &str = "Hostname patterns can have at most one wildcard character (\"*\") and it can only be used \
    for subdomains, e.g. \"*.example.com\"";
const NAMED_SERVICES: [&str; 5] = ["hello_world", "hello-world", "helloworld", "bastion", "socks-proxy"];

/// Rules in order; the last one matches everything.
#[derive(Debug, Clone)]
pub(crate) struct Ingress {
    pub(crate) rules: Vec<Rule>,
}

/// Which requests go where.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// Empty for any.
    pub(crate) hostname: String,
    pub(crate) path: Option<Regex>,
    pub(crate) service: String,
    pub(crate) host_header: Option<String>,
    /// The tunnel itself asks for proof of Access.
    pub(crate) needs_access: bool,
}

impl Ingress {
    /// Reads `{"ingress": […], "originRequest": {…}}`, the shape of both `config.yml` and the remote configuration.
    pub(crate) fn read(config: &Value) -> Result<Self, String> {
        let listed = config["ingress"].as_array().map(Vec::as_slice).unwrap_or_default();
        if listed.is_empty() {
            return Err("The config file doesn't contain any ingress rules".to_owned());
        }
        let rule = |(index, value)| Rule::read(value, &config["originRequest"], index, listed.len());
        let rules = listed.iter().enumerate().map(rule).collect::<Result<_, _>>()?;
        Ok(Self { rules })
    }

    /// The first rule that matches, with its place.
    pub(crate) fn find(&self, host: &str, path: &str) -> Option<(usize, &Rule)> {
        let host = host.split(':').next().unwrap_or_default();
        self.rules.iter().enumerate().find(|(_, rule)| rule.matches(host, path))
    }

    /// The public name the tunnel is meant for.
    pub(crate) fn first_hostname(&self) -> Option<&str> {
        self.rules.iter().map(|rule| rule.hostname.as_str()).find(|name| !name.is_empty())
    }

    pub(crate) fn names(&self, host: &str) -> bool {
        let host = host.split(':').next().unwrap_or_default();
        self.rules.iter().any(|rule| !rule.hostname.is_empty() && rule.matches_host(host))
    }
}

impl Rule {
    fn read(value: &Value, defaults: &Value, index: usize, count: usize) -> Result<Self, String> {
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let (hostname, path, service) = (text("hostname"), text("path"), text("service"));
        check_service(&service)?;
        check_hostname(&hostname, &path, index, count)?;
        let path = match path.as_str() {
            "" => None,
            pattern => Some(
                Regex::new(pattern)
                    .map_err(|problem| format!("Rule #{} has an invalid regex: {problem}", index + 1))?,
            ),
        };
        let setting = |key: &str| {
            let own = &value["originRequest"][key];
            if own.is_null() { &defaults[key] } else { own }
        };
        let host_header =
            setting("httpHostHeader").as_str().filter(|host| !host.is_empty()).map(str::to_owned);
        let needs_access = setting("access")["required"] == true;
        Ok(Self { hostname, path, service, host_header, needs_access })
    }

    fn matches(&self, host: &str, path: &str) -> bool {
        self.matches_host(host) && self.path.as_ref().is_none_or(|pattern| pattern.is_match(path))
    }

    fn matches_host(&self, host: &str) -> bool {
        let any = self.hostname.is_empty() || self.hostname == "*" || self.hostname == host;
        any || self.hostname.strip_prefix('*').is_some_and(|end| end.starts_with('.') && host.ends_with(end))
    }

    /// As `ingress rule` prints it.
    pub(crate) fn describe(&self) -> String {
        let mut lines = String::new();
        if !self.hostname.is_empty() {
            lines.push_str(&format!("\thostname: {}\n", self.hostname));
        }
        if let Some(path) = &self.path {
            lines.push_str(&format!("\tpath: {path}\n"));
        }
        lines + &format!("\tservice: {}", self.service)
    }
}

fn check_service(service: &str) -> Result<(), String> {
    if service.starts_with("unix:") || NAMED_SERVICES.contains(&service) {
        return Ok(());
    }
    if let Some(status) = service.strip_prefix("http_status:") {
        let known = status.parse::<u16>().is_ok_and(|status| (100..1000).contains(&status));
        return if known { Ok(()) } else { Err(format!("invalid HTTP status: \"{status}\"")) };
    }
    let has_host = url::Url::parse(service).is_ok_and(|url| url.has_host());
    let rest = service.split_once("://").map(|(_, rest)| rest).filter(|_| has_host);
    let Some(rest) = rest else {
        return Err(format!(
            "{service} is an invalid address, please make sure it has a scheme and a hostname"
        ));
    };
    if rest.contains('/') {
        return Err(format!(
            "{service} is an invalid address, ingress rules don't support proxying to a different path on the origin \
             service. The path will be the same as the eyeball request's path"
        ));
    }
    Ok(())
}

fn check_hostname(hostname: &str, path: &str, index: usize, count: usize) -> Result<(), String> {
    if hostname.contains(':') {
        return Err("Hostname cannot contain a port".to_owned());
    }
    if hostname.rfind('*').is_some_and(|place| place > 0) {
        return Err(BAD_WILDCARD.to_owned());
    }
    let catches_all = matches!(hostname, "" | "*") && path.is_empty();
    let is_last = index + 1 == count;
    if is_last && !catches_all {
        return Err(NOT_CATCH_ALL.to_owned());
    }
    if !is_last && catches_all {
        return Err(format!(
            "Rule #{} is matching the hostname '{hostname}', but this will match every hostname, meaning the rules \
             which follow it will never be triggered.",
            index + 1
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(rules: &Value) -> Result<Ingress, String> {
        Ingress::read(&json!({"ingress": rules}))
    }

    #[test]
    fn the_first_rule_that_matches_wins() {
        let rules = read(&json!([
            {"hostname": "ollama.example.com", "path": "^/api/(version|chat)$", "service": "http://127.0.0.1:11434",
                "originRequest": {"httpHostHeader": "localhost:11434"}},
            {"hostname": "*.example.org", "service": "http://127.0.0.1:1"},
            {"service": "http_status:404"},
        ]))
        .unwrap();
        let place = |host: &str, path: &str| rules.find(host, path).unwrap().0;
        assert_eq!(place("ollama.example.com", "/api/chat"), 0);
        assert_eq!(place("ollama.example.com:443", "/api/version"), 0);
        assert_eq!(place("ollama.example.com", "/api/delete"), 2);
        assert_eq!(place("a.example.org", "/"), 1);
        assert_eq!(place("example.org", "/"), 2);
        assert_eq!(rules.rules[0].host_header.as_deref(), Some("localhost:11434"));
        assert_eq!(rules.first_hostname(), Some("ollama.example.com"));
    }

    #[test]
    fn what_cloudflared_refuses_is_refused_in_its_words() {
        let refused = |rules: Value, part: &str| {
            let problem = read(&rules).unwrap_err();
            assert!(problem.contains(part), "{problem}");
        };
        refused(json!([]), "doesn't contain any ingress rules");
        refused(json!([{"hostname": "a.example.com", "service": "http://127.0.0.1:1"}]), NOT_CATCH_ALL);
        refused(json!([{"path": "/x", "service": "http://127.0.0.1:1"}]), NOT_CATCH_ALL);
        refused(
            json!([{"service": "localhost:11434"}]),
            "localhost:11434 is an invalid address, please make sure",
        );
        refused(json!([{"service": "127.0.0.1:11434"}]), "please make sure it has a scheme and a hostname");
        refused(json!([{"service": "http://127.0.0.1:1/api"}]), "don't support proxying to a different path");
        refused(json!([{"service": "http_status:x"}]), "invalid HTTP status");
        refused(
            json!([{"service": "http_status:404"}, {"service": "http_status:404"}]),
            "Rule #1 is matching",
        );
        let last = json!({"service": "http_status:404"});
        refused(json!([{"hostname": "a:1", "service": "http_status:404"}, last]), "cannot contain a port");
        refused(json!([{"hostname": "a.*.b", "service": "http_status:404"}, last]), "at most one wildcard");
        refused(json!([{"hostname": "a", "path": "(", "service": "http_status:404"}, last]), "invalid regex");
    }

    #[test]
    fn defaults_hold_where_a_rule_is_silent() {
        let config = json!({"originRequest": {"httpHostHeader": "all", "access": {"required": true}}, "ingress": [
            {"hostname": "a", "service": "http://h:1", "originRequest": {"httpHostHeader": "own"}},
            {"service": "http_status:404"}]});
        let rules = Ingress::read(&config).unwrap().rules;
        assert_eq!(rules[0].host_header.as_deref(), Some("own"));
        assert_eq!(rules[1].host_header.as_deref(), Some("all"));
        assert!(rules[0].needs_access);
    }
}
