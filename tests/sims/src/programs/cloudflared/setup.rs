//! The commands that set a tunnel up: login, create, route, list, info, token, delete, cleanup.

use super::account::{self, Account, Tunnel};
use super::flags::Flags;
use super::log::Log;
use super::{Changing, VERSION, complain, fail, say, variable};
use crate::edge::tunnels::CONNECT;
use serde_json::{Value, json};
use std::path::PathBuf;

const FOLDERS: &str =
    "[~/.cloudflared ~/.cloudflare-warp ~/cloudflare-warp /etc/cloudflared /usr/local/etc/cloudflared]";
const NO_CERTIFICATE: &str = "Error locating origin cert: client didn't specify origincert path";

/// Finds the account, or says how a missing certificate is complained about.
fn account(flags: &Flags) -> Result<Account, String> {
    if account::certificate(flags).is_file() {
        return Ok(Account::load());
    }
    Log::new(None, None).error(
        &format!(
            "Cannot determine default origin certificate path. No file cert.pem in {FOLDERS}. You need to specify the \
             origin certificate path by specifying the origincert option in the configuration file, or set \
             TUNNEL_ORIGIN_CERT environment variable"
        ),
        &[("originCertPath", "".into())],
    );
    Err(NO_CERTIFICATE.to_owned())
}

/// The tunnel by name or id, and the account it is in.
pub(super) fn find(reference: &str, flags: &Flags) -> Result<(Account, Tunnel), String> {
    let account = account(flags)?;
    let tunnel = account.find(reference).cloned();
    let unknown = || format!("{reference} is neither the ID nor the name of any of your tunnels");
    tunnel.map(|tunnel| (account, tunnel)).ok_or_else(unknown)
}

/// Turns a command's outcome into its exit code, printing what went wrong bare.
fn ended(outcome: Result<(), String>) -> u8 {
    match outcome {
        Ok(()) => 0,
        Err(problem) => fail(&problem),
    }
}

pub(super) async fn login(flags: &Flags, mut behaviours: Changing) -> u8 {
    let path = account::certificate(flags);
    let shown = path.display();
    if path.is_file() {
        Log::new(None, None).error(
            &format!(
                "You have an existing certificate at {shown} which login would overwrite.\nIf this is intentional, \
                 please move or delete that file then run this command again."
            ),
            &[],
        );
        return 0;
    }
    let url = "https://dash.cloudflare.com/argotunnel?aud=&callback=https%3A%2F%2Flogin.cloudflareaccess.org%2Fsims";
    say(&format!(
        "A browser window should have opened at the following URL:\n\n{url}\n\nIf the browser failed to open, please \
         visit the URL above directly in your browser."
    ));
    drop(behaviours.wait_for(|now| !now.login_waits).await);
    let written = std::fs::create_dir_all(account::folder()).and_then(|()| account::write_certificate(&path));
    if let Err(problem) = written {
        return fail(&format!("Failed to write the certificate.\n\n{problem}"));
    }
    say(&format!(
        "You have successfully logged in.\nIf you wish to copy your credentials to a server, they have been saved \
         to:\n{shown}"
    ));
    0
}

pub(super) fn create(name: &str, flags: &Flags) -> u8 {
    ended(try_create(name, flags))
}

fn try_create(name: &str, flags: &Flags) -> Result<(), String> {
    let mut account = account(flags)?;
    if account.find(name).is_some() {
        return Err("Create Tunnel API call failed: tunnel with name already exists".to_owned());
    }
    let tunnel = account.add(name);
    let file = flags.get("credentials-file").map_or_else(|| default_file(&tunnel, flags), PathBuf::from);
    account::write_private(&file, &tunnel.credentials().file(), 0o400)
        .map_err(|problem| problem.to_string())?;
    account.store().map_err(|problem| problem.to_string())?;
    if flags.get("output") == Some("json") {
        say(&format!("{:#}", as_listed(&tunnel, &[])));
        return Ok(());
    }
    say(&format!(
        "Tunnel credentials written to {}. cloudflared chose this file based on where your origin certificate was \
         found. Keep this file secret. To revoke these credentials, delete the tunnel.\n\nCreated tunnel {name} with id {}",
        file.display(),
        tunnel.id
    ));
    Ok(())
}

/// Where `create` puts a tunnel's credentials, beside the certificate.
pub(super) fn default_file(tunnel: &Tunnel, flags: &Flags) -> PathBuf {
    account::certificate(flags).with_file_name(format!("{}.json", tunnel.id))
}

pub(super) fn route(tunnel: &str, host: &str, flags: &Flags) -> u8 {
    ended(try_route(tunnel, host, flags))
}

fn try_route(reference: &str, host: &str, flags: &Flags) -> Result<(), String> {
    let (mut account, tunnel) = find(reference, flags)?;
    let target = format!("{}.cfargotunnel.com", tunnel.id);
    let (log, fields) = (Log::new(None, None), [("tunnelID", tunnel.id.as_str().into())]);
    match account.records.get(host) {
        Some(known) if *known == target => {
            log.info(&format!("{host} is already configured to route to your tunnel"), &fields);
            return Ok(());
        }
        Some(_) if !flags.has("overwrite-dns") => {
            return Err(format!(
                "Failed to add route: code: 1003, reason: Failed to create record {host} with err An A, AAAA, or CNAME \
                 record with that host already exists."
            ));
        }
        Some(_) | None => {}
    }
    account.records.insert(host.to_owned(), target);
    account.store().map_err(|problem| problem.to_string())?;
    log.info(&format!("Added CNAME {host} which will route to this tunnel"), &fields);
    Ok(())
}

/// The live connections of a tunnel, as the edge knows them; none where there is no edge.
async fn live(tunnel: &str) -> Vec<Value> {
    let Some(edge) = variable("SIM_EDGE") else { return Vec::new() };
    let all =
        async { crate::http_client().get(format!("{edge}{CONNECT}")).send().await?.json::<Value>().await };
    let all = all.await.unwrap_or_default();
    all.as_array().into_iter().flatten().filter(|line| line["tunnel"] == tunnel).cloned().collect()
}

fn as_listed(tunnel: &Tunnel, live: &[Value]) -> Value {
    let connections: Vec<Value> = live.iter().map(as_connection).collect();
    json!({"id": tunnel.id, "name": tunnel.name, "created_at": tunnel.created_at,
        "deleted_at": "0001-01-01T00:00:00Z", "connections": connections})
}

fn as_connection(live: &Value) -> Value {
    json!({"colo_name": live["colo_name"], "id": live["id"], "is_pending_reconnect": false,
        "origin_ip": "203.0.113.7", "opened_at": live["opened_at"]})
}

pub(super) async fn list(flags: &Flags) -> u8 {
    let account = match account(flags) {
        Ok(account) => account,
        Err(problem) => return fail(&problem),
    };
    let wanted = |tunnel: &&Tunnel| flags.get("name").is_none_or(|name| name == tunnel.name);
    let mut listed = Vec::new();
    for tunnel in account.tunnels.iter().filter(wanted) {
        listed.push(as_listed(tunnel, &live(&tunnel.id).await));
    }
    if flags.get("output") == Some("json") {
        say(&if listed.is_empty() { "null".to_owned() } else { format!("{:#}", Value::Array(listed)) });
        return 0;
    }
    say(
        "You can obtain more detailed information for each tunnel with `cloudflared tunnel info <name/uuid>`",
    );
    say("ID                                   NAME       CREATED              CONNECTIONS");
    for tunnel in listed {
        let text = |key: &str| tunnel[key].as_str().unwrap_or_default().to_owned();
        let count = tunnel["connections"].as_array().map_or(0, Vec::len);
        say(&format!("{} {:<10} {} {count}", text("id"), text("name"), text("created_at")));
    }
    0
}

pub(super) async fn info(reference: &str, flags: &Flags) -> u8 {
    let tunnel = match find(reference, flags) {
        Ok((_, tunnel)) => tunnel,
        Err(problem) => return fail(&problem),
    };
    let live = live(&tunnel.id).await;
    let mut connectors: Vec<&Value> = live.iter().map(|line| &line["connector"]).collect();
    connectors.dedup();
    let connectors: Vec<Value> = connectors
        .into_iter()
        .map(|id| {
            let own: Vec<&Value> = live.iter().filter(|line| line["connector"] == *id).collect();
            let held: Vec<Value> = own.iter().map(|line| as_connection(line)).collect();
            json!({"id": id, "features": [], "version": VERSION, "arch": "linux_amd64",
                "run_at": own[0]["opened_at"], "conns": held})
        })
        .collect();
    let (id, name) = (&tunnel.id, &tunnel.name);
    let answer = json!({"id": id, "name": name, "createdAt": tunnel.created_at, "conns": connectors});
    if flags.get("output") == Some("json") {
        say(&format!("{answer:#}"));
    } else if connectors.is_empty() {
        say(&format!("Your tunnel {id} does not have any active connection."));
    } else {
        say(&format!("NAME:     {name}\nID:       {id}\nCONNECTORS: {}", connectors.len()));
    }
    0
}

pub(super) fn token(reference: &str, flags: &Flags) -> u8 {
    let credentials = match find(reference, flags) {
        Ok((_, tunnel)) => tunnel.credentials(),
        Err(problem) => return fail(&problem),
    };
    let Some(file) = flags.get("credentials-file") else {
        say(&credentials.token());
        return 0;
    };
    let written = account::write_private(file.as_ref(), &credentials.file(), 0o400);
    ended(written.map_err(|problem| problem.to_string()))
}

pub(super) async fn delete(reference: &str, flags: &Flags) -> u8 {
    let (mut account, tunnel) = match find(reference, flags) {
        Ok(found) => found,
        Err(problem) => return fail(&problem),
    };
    let id = &tunnel.id;
    if !live(id).await.is_empty() && !flags.has("force") {
        return fail(&format!(
            "You can not delete tunnel {id} because it has active connections. To see connections run the 'list' \
             command. If you believe the tunnel is not active, you can use a -f / --force flag with this command."
        ));
    }
    drop_connections(id).await;
    account.tunnels.retain(|known| known.id != *id);
    if std::fs::remove_file(default_file(&tunnel, flags)).is_err() {
        complain("Cannot delete tunnel credentials. Please delete the file manually");
    }
    ended(account.store().map_err(|problem| problem.to_string()))
}

pub(super) async fn cleanup(reference: &str, flags: &Flags) -> u8 {
    let tunnel = match find(reference, flags) {
        Ok((_, tunnel)) => tunnel,
        Err(problem) => return fail(&problem),
    };
    Log::new(None, None).info(&format!("Cleanup connection for tunnel {}", tunnel.id), &[]);
    drop_connections(&tunnel.id).await;
    0
}

async fn drop_connections(tunnel: &str) {
    let Some(edge) = variable("SIM_EDGE") else { return };
    let call = crate::http_client().delete(format!("{edge}{CONNECT}?tunnel={tunnel}"));
    // An edge that is away holds no connections either.
    drop(call.send().await);
}
