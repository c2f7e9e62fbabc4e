//! Takes back what a set-up did: deletes what it made, puts back what it changed, leaves alone what was there before.

use super::find::find;
use super::ledger::{Deed, Line, Thing};
use super::secrets::{Entry, Known};
use super::{Error, Found, Obstacle, Session, Wanted};
use crate::tunnel::api::{self, Permission};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

/// The order: the name stops working first, its protection goes after that.
const ORDER: [Thing; 6] =
    [Thing::DnsRecord, Thing::Ingress, Thing::Tunnel, Thing::Application, Thing::Policy, Thing::ServiceToken];

/// Takes everything in the ledger back, telling `done` of each sentence after it. Repeating it after a failure goes on
/// where it stopped; repeating it after success does nothing.
///
/// With `leave_open` the Access application goes even when a record that was there before still leads to a tunnel.
///
/// # Errors
/// [`Error::Obstacles`] before anything is done; else the first call that failed.
pub async fn undo(
    session: &mut Session<'_>,
    wanted: &Wanted,
    leave_open: bool,
    done: &mut (dyn FnMut(&str) + Send),
) -> Result<(), Error> {
    if session.ledger.is_empty() {
        return Ok(());
    }
    let found = find(session, wanted).await?;
    if let Some(obstacle) = obstacle(session, &found, wanted).filter(|_| !leave_open) {
        return Err(Error::Obstacles(vec![obstacle]));
    }
    for thing in ORDER {
        let Some(line) = session.ledger.line(thing).cloned() else { continue };
        let sentence = sentence(&line);
        match &line.deed {
            // It was looked for and is not there.
            Deed::Intended => {}
            Deed::Created { id } => {
                forget(session, &found, thing, id)?;
                delete(session, &found, thing, id).await.map_err(Error::api(sentence.as_str()))?;
            }
            Deed::Changed { id, before } => {
                let restored = put_back(session, &found, thing, id, before).await;
                restored.map_err(Error::api(sentence.as_str()))?;
            }
        }
        session.ledger.settle(thing)?;
        done(&sentence);
    }
    Ok(())
}

fn sentence(line: &Line) -> String {
    let (noun, name) = (line.thing.noun(), &line.name);
    match line.deed {
        Deed::Intended => format!("Forget {noun} \"{name}\", which was never made"),
        Deed::Created { .. } => format!("Delete {noun} \"{name}\""),
        Deed::Changed { .. } => format!("Put back {noun} \"{name}\" as it was before"),
    }
}

/// A record that stays and leads to a tunnel, while the application that protects it goes.
fn obstacle(session: &Session<'_>, found: &Found, wanted: &Wanted) -> Option<Obstacle> {
    let application = session.ledger.line(Thing::Application)?;
    if !session.ledger.is_ours(Thing::Application) || session.ledger.is_ours(Thing::DnsRecord) {
        return None;
    }
    let leads = |content: &str| content.ends_with(".cfargotunnel.com");
    let will_lead = match session.ledger.line(Thing::DnsRecord).map(|line| &line.deed) {
        Some(Deed::Changed { before, .. }) => leads(before["content"].as_str().unwrap_or_default()),
        Some(Deed::Intended | Deed::Created { .. }) | None => {
            found.records.iter().any(|record| leads(&record.content))
        }
    };
    will_lead.then(|| Obstacle::WouldOpen {
        hostname: wanted.hostname.as_str().to_owned(),
        application: application.name.clone(),
    })
}

/// Where a thing is, and what it takes to change it.
fn address(found: &Found, thing: Thing, id: &str) -> (Permission, String) {
    let (account, zone) = (&found.account, &found.zone);
    match thing {
        Thing::DnsRecord => (Permission::Dns, format!("zones/{zone}/dns_records/{id}")),
        Thing::Ingress => (Permission::Tunnel, format!("accounts/{account}/cfd_tunnel/{id}/configurations")),
        Thing::Tunnel => (Permission::Tunnel, format!("accounts/{account}/cfd_tunnel/{id}")),
        Thing::Application => (Permission::AppsAndPolicies, format!("accounts/{account}/access/apps/{id}")),
        Thing::Policy => (Permission::AppsAndPolicies, format!("accounts/{account}/access/policies/{id}")),
        Thing::ServiceToken => {
            (Permission::ServiceTokens, format!("accounts/{account}/access/service_tokens/{id}"))
        }
    }
}

async fn delete(session: &Session<'_>, found: &Found, thing: Thing, id: &str) -> Result<(), api::Error> {
    let (permission, path) = address(found, thing, id);
    if thing == Thing::Tunnel {
        // A tunnel with connections is not deleted.
        session.api.delete(permission, &format!("{path}/connections")).await?;
    }
    session.api.delete(permission, &path).await
}

async fn put_back(
    session: &Session<'_>,
    found: &Found,
    thing: Thing,
    id: &str,
    before: &Value,
) -> Result<(), api::Error> {
    let (permission, path) = address(found, thing, id);
    let body = if thing == Thing::Ingress { json!({"config": before}) } else { before.clone() };
    match session.api.replace(permission, &path, &body).await {
        // Somebody deleted it meanwhile.
        Err(api::Error::NotFound) => Ok(()),
        other => other,
    }
}

/// The secret of what is about to go: afterwards nobody could tell whose it was.
fn forget(session: &Session<'_>, found: &Found, thing: Thing, id: &str) -> Result<(), Error> {
    let secrets = session.secrets;
    let token = found.service_token.as_ref().filter(|token| thing == Thing::ServiceToken && token.id == id);
    if let Some(token) = token {
        let kept = secrets.get(Entry::AccessClientId)?;
        if kept.is_some_and(|kept| kept.expose_secret() == token.client_id) {
            secrets.remove(Entry::AccessClientSecret)?;
            secrets.remove(Entry::AccessClientId)?;
        }
    }
    if thing == Thing::Tunnel && Known::read(secrets)?.tunnel_id.as_deref() == Some(id) {
        secrets.remove(Entry::TunnelToken)?;
    }
    Ok(())
}
