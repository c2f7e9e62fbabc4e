//! Access: applications and the reusable policies that they name.

use super::Account;
use super::envelope::{failure, fresh, not_found, page, place, replaced, result};
use crate::wire::{Reply, Request};
use serde_json::{Value, json};

impl Account {
    pub(super) fn on_policies(&mut self, request: &Request, rest: &[&str]) -> Reply {
        let body = request.json.clone().unwrap_or_default();
        match (request.method.as_str(), rest) {
            ("GET", []) => page(request, &self.policies),
            ("POST", []) => match self.complaint(&body) {
                Some(complaint) => complaint,
                None => {
                    let mut policy = fresh(&body);
                    policy["reusable"] = json!(true);
                    self.policies.push(policy.clone());
                    result(201, &policy)
                }
            },
            (method, [id]) => {
                let Some(at) = place(&self.policies, id) else {
                    return failure(404, 11_021, "access.api.error.not_found");
                };
                match method {
                    "GET" => result(200, &self.policies[at]),
                    "PUT" => {
                        if let Some(complaint) = self.complaint(&body) {
                            return complaint;
                        }
                        self.policies[at] = replaced(&self.policies[at], &body);
                        result(200, &self.policies[at])
                    }
                    "DELETE" if self.applications.iter().any(|app| names(app, id)) => {
                        failure(409, 12_131, "access.api.error.policy_in_use")
                    }
                    "DELETE" => {
                        self.policies.remove(at);
                        result(202, &json!({"id": id}))
                    }
                    _ => not_found(),
                }
            }
            _ => not_found(),
        }
    }

    fn complaint(&self, body: &Value) -> Option<Reply> {
        let decisions = ["allow", "deny", "non_identity", "bypass"];
        let decision = body["decision"].as_str().unwrap_or_default();
        if !decisions.contains(&decision) || body["name"].as_str().is_none_or(str::is_empty) {
            return Some(failure(
                400,
                12_130,
                "access.api.error.invalid_request: decision and name are required",
            ));
        }
        let rules = body["include"].as_array().into_iter().flatten();
        let mut named = rules.filter_map(|rule| rule["service_token"]["token_id"].as_str());
        let unknown = named.any(|id| !self.service_tokens.iter().any(|token| token.shown["id"] == id));
        unknown.then(|| failure(400, 12_130, "access.api.error.invalid_request: service token not found"))
    }

    pub(super) fn on_applications(&mut self, request: &Request, rest: &[&str]) -> Reply {
        let body = request.json.clone().unwrap_or_default();
        match (request.method.as_str(), rest) {
            ("GET", []) => {
                let all: Vec<Value> = self.applications.iter().map(|app| self.with_policies(app)).collect();
                page(request, &all)
            }
            ("POST", []) => {
                if body["domain"].as_str().is_none_or(str::is_empty) || !self.knows_policies(&body) {
                    return failure(400, 12_130, "access.api.error.invalid_request: domain or policies");
                }
                let mut app = fresh(&body);
                app["aud"] =
                    json!(format!("{:016x}{:016x}", crate::clock::scatter(), crate::clock::scatter()));
                self.applications.push(app.clone());
                result(201, &self.with_policies(&app))
            }
            (method, [id]) => {
                let Some(at) = place(&self.applications, id) else {
                    return failure(404, 11_021, "access.api.error.not_found");
                };
                self.on_application(method, at, &body)
            }
            _ => not_found(),
        }
    }

    fn on_application(&mut self, method: &str, at: usize, body: &Value) -> Reply {
        match method {
            "GET" => result(200, &self.with_policies(&self.applications[at])),
            "PUT" if !self.knows_policies(body) => {
                failure(400, 12_130, "access.api.error.invalid_request: unknown policy")
            }
            "PUT" => {
                self.applications[at] = replaced(&self.applications[at], body);
                result(200, &self.with_policies(&self.applications[at]))
            }
            "DELETE" => {
                let app = self.applications.remove(at);
                result(202, &json!({"id": app["id"]}))
            }
            _ => not_found(),
        }
    }

    fn knows_policies(&self, body: &Value) -> bool {
        policy_ids(body).iter().all(|id| place(&self.policies, id).is_some())
    }

    /// Answers show whole policies where requests only name them.
    fn with_policies(&self, app: &Value) -> Value {
        let mut shown = app.clone();
        let policies = self.policies_of(app).enumerate().map(|(place, policy)| {
            let mut policy = policy.clone();
            policy["precedence"] = json!(place + 1);
            policy
        });
        shown["policies"] = policies.collect();
        shown
    }

    pub(super) fn policies_of<'a>(&'a self, app: &'a Value) -> impl Iterator<Item = &'a Value> {
        policy_ids(app).into_iter().filter_map(|id| self.policies.iter().find(|policy| policy["id"] == id))
    }
}

/// A policy is named by its id or by an object with it.
pub(super) fn policy_ids(app: &Value) -> Vec<&str> {
    let named = app["policies"].as_array().into_iter().flatten();
    named.filter_map(|policy| policy.as_str().or_else(|| policy["id"].as_str())).collect()
}

fn names(app: &Value, id: &str) -> bool {
    policy_ids(app).contains(&id)
}
