//! Tells an edge what the account says about one host name.

use super::Account;
use crate::edge::{Edge, Mode};
use serde_json::Value;

const ALLOWED_PATHS: &str = "^/api/(version|tags|ps|show|chat)$";

pub(super) fn tell(account: &Account, edge: &Edge, hostname: &str) {
    // Bookmarks have a domain too and protect nothing.
    let protects = |app: &&Value| app["domain"] == hostname && app["type"] == "self_hosted";
    let application = account.applications.iter().find(protects);
    edge.set_protected(application.is_some());
    edge.set_mode(match application {
        _ if account.strict => Mode::Strict,
        Some(app) if app["service_auth_401_redirect"] == true => Mode::Legacy401,
        Some(_) | None => Mode::Legacy,
    });
    for token in &account.service_tokens {
        let id = token.client_id();
        let decision = |policy: &&Value| names(policy, &token.shown["id"]);
        let policy = application.and_then(|app| account.policies_of(app).find(decision));
        let allows = policy.is_some_and(|policy| policy["decision"] == "allow");
        // To an Allow policy a token is no identity: unless service tokens are taken strictly, its holder has to log in.
        if !token.is_live() || (allows && !account.strict) {
            edge.remove_token(&id);
            continue;
        }
        edge.add_token(&id, &token.secret);
        if let Some((former, ends)) = &token.former {
            edge.add_former_secret(&id, former, *ends);
        }
        edge.set_policy(&id, policy.is_some_and(|policy| policy["decision"] == "non_identity"));
    }
    let Some(rule) = rule(account, hostname) else { return };
    edge.set_host_header(rule["originRequest"]["httpHostHeader"].as_str());
    edge.set_path_allow_list(rule["path"] == ALLOWED_PATHS);
}

fn names(policy: &Value, token_id: &Value) -> bool {
    let mut rules = policy["include"].as_array().into_iter().flatten();
    rules.any(|rule| {
        rule["service_token"]["token_id"] == *token_id || rule.get("any_valid_service_token").is_some()
    })
}

/// The ingress rule of the tunnel that the name's record points to.
fn rule<'a>(account: &'a Account, hostname: &str) -> Option<&'a Value> {
    let record = account.records.iter().find(|record| record["name"] == hostname)?;
    let tunnel = record["content"].as_str()?.strip_suffix(".cfargotunnel.com")?;
    let (_, configuration) = account.configurations.iter().find(|(id, _)| id == tunnel)?;
    configuration["ingress"].as_array()?.iter().find(|rule| rule["hostname"] == hostname)
}
