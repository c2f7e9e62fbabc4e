//! The ingress of a tunnel that Cloudflare keeps, as JSON: is our rule there, and what would it look like with it?

use serde_json::{Value, json};

/// What is wrong with the configuration; `None` when requests for our name meet our rule first.
#[must_use]
pub fn wrong(config: &Value, rule: &Value) -> Option<String> {
    let Some(rules) = config["ingress"].as_array().filter(|rules| !rules.is_empty()) else {
        return Some("it has none".to_owned());
    };
    let Some(found) = rules.iter().find(|found| may_take(found, &rule["hostname"])) else {
        return Some("it has no rule for this name".to_owned());
    };
    for key in ["hostname", "path", "service"] {
        if found[key] != rule[key] {
            return Some(format!(
                "its {key} is {} where it should be {}",
                shown(&found[key]),
                shown(&rule[key])
            ));
        }
    }
    let (found, wanted) = (&found["originRequest"], &rule["originRequest"]);
    if found["httpHostHeader"] != wanted["httpHostHeader"] {
        return Some(format!(
            "its httpHostHeader is {}, so Ollama would answer 403: it should be {}",
            shown(&found["httpHostHeader"]),
            shown(&wanted["httpHostHeader"])
        ));
    }
    let checks = |origin: &Value| origin["access"].get("audTag").cloned().unwrap_or_default();
    // Without the team's name nothing can be said about the check.
    if !checks(wanted).is_null() && checks(found) != checks(wanted) {
        return Some("cloudflared does not check the signature of this Access application".to_owned());
    }
    None
}

/// The configuration with our rule before all others, the other names' rules as they are, and a last rule for the rest.
#[must_use]
pub fn with_rule(config: &Value, rule: &Value) -> Value {
    let others = config["ingress"].as_array().into_iter().flatten();
    let mut rules: Vec<Value> =
        others.filter(|other| other["hostname"] != rule["hostname"]).cloned().collect();
    rules.insert(0, rule.clone());
    if !rules.last().is_some_and(catches_all) {
        rules.push(json!({"service": "http_status:404"}));
    }
    let mut config = if config.is_object() { config.clone() } else { json!({}) };
    config["ingress"] = rules.into();
    config
}

/// A configuration that serves nothing, for a tunnel that had none.
#[must_use]
pub fn empty() -> Value {
    json!({"ingress": [{"service": "http_status:404"}]})
}

fn catches_all(rule: &Value) -> bool {
    let is_open = |key: &str| rule[key].as_str().is_none_or(str::is_empty);
    is_open("hostname") && is_open("path")
}

/// Whether a rule takes requests for the name: its own, one with a wildcard, or one for all names.
fn may_take(rule: &Value, hostname: &Value) -> bool {
    match rule["hostname"].as_str() {
        None | Some("" | "*") => {
            rule["path"].as_str().is_none_or(str::is_empty) && !catches_all_with_status(rule)
        }
        Some(name) => {
            let wildcard = name.strip_prefix('*').zip(hostname.as_str());
            rule["hostname"] == *hostname || wildcard.is_some_and(|(rest, name)| name.ends_with(rest))
        }
    }
}

fn catches_all_with_status(rule: &Value) -> bool {
    rule["service"].as_str().is_some_and(|service| service.starts_with("http_status:"))
}

fn shown(value: &Value) -> String {
    if value.is_null() { "missing".to_owned() } else { value.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tunnel::Hostname;
    use crate::tunnel::setup::Wanted;

    fn rule() -> Value {
        let wanted = Wanted::new(Hostname::parse("ollama.example.com").unwrap());
        wanted.rule(Some("acme"), Some("aud"))
    }

    fn changed(change: impl Fn(&mut Value)) -> Value {
        let mut rule = rule();
        change(&mut rule);
        json!({"ingress": [rule, {"service": "http_status:404"}]})
    }

    #[test]
    fn every_drift_is_named() {
        assert_eq!(wrong(&changed(|_| {}), &rule()), None);
        assert_eq!(
            wrong(&changed(|rule| rule["originRequest"]["connectTimeout"] = json!(30)), &rule()),
            None
        );
        let rest = json!({"service": "http_status:404"});
        for (config, words) in [
            (Value::Null, "has none"),
            (json!({"ingress": [rest]}), "no rule for this name"),
            (changed(|rule| rule["hostname"] = json!("other.example.com")), "no rule for this name"),
            (changed(|rule| rule["path"] = Value::Null), "path is missing"),
            (
                changed(|rule| rule["service"] = json!("http://127.0.0.1:8080")),
                "service is \"http://127.0.0.1:8080\"",
            ),
            (changed(|rule| rule["originRequest"] = json!({})), "httpHostHeader is missing"),
            (changed(|rule| rule["originRequest"]["access"] = Value::Null), "does not check"),
            (
                json!({"ingress": [{"hostname": "*.example.com", "service": "http://x"}, rule(), rest]}),
                "hostname",
            ),
            (json!({"ingress": [{"service": "http://x"}]}), "hostname"),
        ] {
            let wrong = wrong(&config, &rule()).unwrap_or_default();
            assert!(wrong.contains(words), "{config} -> {wrong}");
            let mended = with_rule(&config, &rule());
            assert_eq!(super::wrong(&mended, &rule()), None, "{mended}");
            assert_eq!(with_rule(&mended, &rule()), mended, "mending twice changes nothing");
        }
    }

    #[test]
    fn other_names_keep_their_rules_and_the_last_one_catches_all() {
        let other = json!({"hostname": "wiki.example.com", "service": "http://127.0.0.1:8080"});
        let config =
            json!({"ingress": [other, {"service": "http_status:503"}], "warp-routing": {"enabled": true}});
        let mended = with_rule(&config, &rule());
        assert_eq!(mended["ingress"], json!([rule(), other, {"service": "http_status:503"}]));
        assert_eq!(mended["warp-routing"], json!({"enabled": true}));
        let bare = with_rule(&json!({"ingress": [other]}), &rule());
        assert_eq!(bare["ingress"][2], json!({"service": "http_status:404"}));
    }
}
