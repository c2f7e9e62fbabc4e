//! HubSpot's CRM: reading a ticket and the names of its contacts; `search` finds tickets, `write` has what goes back.

mod search;
mod write;

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use triage::ticket::{Text, TicketId};

use super::http;
use super::model::join;
use crate::config::{ApiFamily, HubSpot as Settings};

pub use search::{Found, Page};
use write::Definitions;
pub use write::{NoteText, Update};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Contacts whose names are looked up at the most.
const MOST_CONTACTS: usize = 20;

/// A client of the CRM.
pub struct HubSpot {
    http: Client,
    config: Settings,
    token: SecretString,
    definitions: Definitions,
}

/// A ticket as HubSpot has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What the customer wrote.
    pub text: Text,
    /// Where a person sees it.
    pub url: Option<String>,
    /// First and last names of its contacts.
    pub contacts: Vec<String>,
}

/// HubSpot could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The token is not accepted, or may not do this; waiting does not help.
    #[error("{0}")]
    Refused(String),
    /// Not now.
    #[error("{why}")]
    Later {
        /// What happened.
        why: String,
        /// When HubSpot wants to be asked again.
        retry_after: Option<Duration>,
    },
}

impl HubSpot {
    /// A client, when there is a token to use it with.
    pub fn new(config: Settings) -> Option<Self> {
        let token = config.access_token.clone()?;
        Some(Self { http: http::client(TIMEOUT), config, token, definitions: Definitions::default() })
    }

    /// The ticket with the names of its contacts; `None` when it was deleted.
    pub async fn ticket(&self, id: &TicketId) -> Result<Option<Record>, Error> {
        let url = format!("{}?properties=subject,content&associations=contacts", self.record(id)?);
        let Some(ticket) = self.send(self.http.get(url)).await? else { return Ok(None) };
        let properties = &ticket["properties"];
        let property = |name: &str| properties[name].as_str().unwrap_or_default().replace('\0', "\u{fffd}");
        Ok(Some(Record {
            text: Text { subject: property("subject"), content: property("content") },
            url: ticket["url"].as_str().filter(|url| url.starts_with("https://")).map(str::to_owned),
            contacts: self.names(&ticket["associations"]["contacts"]["results"]).await?,
        }))
    }

    /// The account that the token is of, if HubSpot tells.
    pub async fn account(&self) -> Result<Option<i64>, Error> {
        let version = match self.config.api_family {
            ApiFamily::V3 => "v3",
            ApiFamily::Dated => "2026-03",
        };
        let path = format!("account-info/{version}/details");
        let details = self.send(self.http.get(join(&self.config.api_url, &path))).await?;
        Ok(details.and_then(|details| details["portalId"].as_i64()))
    }

    /// Names of the ticket's contacts: they are removed from text that goes to a cloud model. A token that may not
    /// read contacts is no reason to leave the ticket untriaged.
    async fn names(&self, contacts: &Value) -> Result<Vec<String>, Error> {
        let ids: Vec<Value> = contacts
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|contact| contact["id"].as_str())
            .take(MOST_CONTACTS)
            .map(|id| json!({ "id": id }))
            .collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let request =
            json!({ "properties": ["firstname", "lastname"], "propertiesWithHistory": [], "inputs": ids });
        let answer = match self
            .send(self.http.post(self.objects("contacts", "batch/read")).json(&request))
            .await
        {
            Ok(answer) => answer.unwrap_or_default(),
            Err(Error::Refused(why)) => {
                tracing::warn!(event = "contacts_not_readable", error = %why, "cannot read contacts: their names cannot be redacted");
                return Ok(Vec::new());
            }
            Err(later) => return Err(later),
        };
        let mut names = Vec::new();
        for contact in answer["results"].as_array().into_iter().flatten() {
            let part =
                |name: &str| contact["properties"][name].as_str().unwrap_or_default().trim().to_owned();
            let (first, last) = (part("firstname"), part("lastname"));
            names.extend([format!("{first} {last}").trim().to_owned(), first, last]);
        }
        names.retain(|name| !name.is_empty());
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// The address of a ticket.
    fn record(&self, id: &TicketId) -> Result<String, Error> {
        let no_record = || Error::Refused("HubSpot has no such ticket: its tickets have numbers".to_owned());
        Ok(self.objects("tickets", id.hubspot_record().ok_or_else(no_record)?))
    }

    fn objects(&self, kind: &str, path: &str) -> String {
        let family = match self.config.api_family {
            ApiFamily::V3 => format!("crm/v3/objects/{kind}"),
            ApiFamily::Dated => format!("crm/objects/2026-09/{kind}"),
        };
        join(&self.config.api_url, &format!("{family}/{path}"))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Option<Value>, Error> {
        self.exchange(request).await?.object()
    }

    async fn exchange(&self, request: RequestBuilder) -> Result<Answer, Error> {
        let later = |error: reqwest::Error| Error::Later {
            why: format!("HubSpot cannot be reached ({})", http::describe(&error)),
            retry_after: None,
        };
        let response = request.bearer_auth(self.token.expose_secret()).send().await.map_err(later)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = http::body(response).await.map_err(later)?;
        Ok(Answer { status, headers, json: serde_json::from_str(&body).unwrap_or_default() })
    }
}

/// What HubSpot answered.
struct Answer {
    status: u16,
    headers: HeaderMap,
    json: Value,
}

impl Answer {
    /// What was asked for; `None` when HubSpot does not have it.
    fn object(self) -> Result<Option<Value>, Error> {
        let Self { status, headers, json } = self;
        match status {
            200 | 201 | 207 if json.is_object() => Ok(Some(json)),
            // Any other 404 means that the address is wrong, not that the ticket was deleted.
            404 if json["category"] == "OBJECT_NOT_FOUND" => Ok(None),
            // Without a category it is the edge's refusal, and passes.
            400 | 401 | 403 | 404 | 409 | 414 if status == 404 || json["category"].is_string() => {
                Err(Error::Refused(refusal(status, &json)))
            }
            _ => {
                Err(Error::Later { why: refusal(status, &json), retry_after: wait(status, &headers, &json) })
            }
        }
    }
}

fn refusal(status: u16, body: &Value) -> String {
    let about = match status {
        401 => "HubSpot does not accept the access token",
        403 => "HubSpot's access token lacks a scope",
        404 => "HubSpot does not know this address",
        429 => "HubSpot's rate limit is reached",
        423 => "the ticket is locked in HubSpot",
        477 => "HubSpot is migrating this account",
        400..=499 => "HubSpot refuses the request",
        _ => "HubSpot failed",
    };
    let is_id = |id: &&str| id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let correlation = body["correlationId"].as_str().filter(is_id).unwrap_or("none");
    format!("{about} ({status}, correlation id {correlation})")
}

fn wait(status: u16, headers: &HeaderMap, body: &Value) -> Option<Duration> {
    let by_policy = match (status, body["policyName"].as_str()) {
        (429, Some("SECONDLY")) => Some(Duration::from_secs(1)),
        (429, Some("DAILY")) => Some(Duration::from_secs(3600)),
        (429, _) => Some(Duration::from_secs(10)),
        (423, _) => Some(Duration::from_secs(2)),
        _ => None,
    };
    http::retry_after(headers).or(by_policy)
}

#[cfg(test)]
mod tests {
    use reqwest::header::RETRY_AFTER;

    use super::*;
    use crate::config::Config;

    #[test]
    fn only_a_number_leads_into_hubspot() {
        let settings = [("APP_ENV", "test"), ("HUBSPOT_ACCESS_TOKEN", "token")]
            .map(|(n, v)| (n.to_owned(), v.to_owned()));
        let client = HubSpot::new(Config::read(&settings.into()).unwrap().hubspot).unwrap();
        let record = |id: &str| client.record(&TicketId::parse(id).unwrap());
        assert_eq!(
            record("31415926535"),
            Ok("https://api.hubapi.com/crm/v3/objects/tickets/31415926535".to_owned())
        );
        for id in
            ["../contacts/501", "1?archived=true", "1/../2", "1#x", "%2e%2e", "..", "-1", "1e3", "test-1"]
        {
            assert!(matches!(record(id), Err(Error::Refused(_))), "{id}");
        }
    }

    #[test]
    fn hubspot_is_left_alone_for_as_long_as_it_asks_within_reason() {
        let table = [
            (429, None, "SECONDLY", Some(1)),
            (429, None, "DAILY", Some(3600)),
            (429, None, "", Some(10)),
            (423, None, "", Some(2)),
            (503, None, "", None),
            (503, Some("30"), "", Some(30)),
            (429, Some("7"), "DAILY", Some(7)),
            (477, Some("31536000"), "", Some(3600)),
        ];
        for (status, retry_after, policy, seconds) in table {
            let mut headers = HeaderMap::new();
            retry_after.map(|text| headers.insert(RETRY_AFTER, text.parse().unwrap()));
            let waits = wait(status, &headers, &json!({ "policyName": policy }));
            assert_eq!(waits, seconds.map(Duration::from_secs), "{status} {retry_after:?} {policy}");
        }
    }
}
