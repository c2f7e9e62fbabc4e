//! The settings, the database, and the services that every installation has.

use secrecy::ExposeSecret;
use triage::prompt::{self, SchemaFlavour};
use triage::stage::CloudFallback;
use triage::ticket::TicketId;

use super::Line;
use crate::clients::discord::{Discord, Error as DiscordError};
use crate::clients::groq::Groq;
use crate::clients::hubspot::{Error as HubSpotError, HubSpot};
use crate::clients::model::Model as _;
use crate::commands::FEW_CONNECTIONS;
use crate::config::Config;
use crate::store::{self, Schema, Store};

/// A ticket id that HubSpot gives to nobody: asking for it proves the token and reads nothing.
const NOBODYS: &str = "1";

/// The settings were read; what they leave out is said.
pub(super) fn settings(config: &Config) -> Vec<Line> {
    let mode = if config.production { "production" } else { "development" };
    let mut lines = vec![Line::ok("settings", format!("They are complete for {mode}."))];
    if config.hubspot.webhook_tokens.is_empty() && config.hubspot.client_secrets.is_empty() {
        lines.push(Line::fail(
            "settings",
            "Every webhook is refused: there is no secret to know HubSpot by.",
            "Set HUBSPOT_WEBHOOK_TOKEN or HUBSPOT_CLIENT_SECRET.",
        ));
    }
    for name in &config.guessable {
        lines.push(Line::warn(
            "settings",
            format!("{name} is so short that it could be guessed; production refuses it."),
            "Replace it by the output of `openssl rand -hex 32`, here and wherever it is sent from.",
        ));
    }
    if config.public_url.is_none() {
        lines.push(Line::warn(
            "settings",
            "The service does not know its own address, so pairing links cannot name it.",
            "Set PUBLIC_URL to the address under which HubSpot reaches it.",
        ));
    }
    lines
}

/// Whether somebody between this service and its database could read along.
pub(super) fn database_link(config: &Config) -> Option<Line> {
    let host = store::host_in_clear_text(config.database_url.expose_secret())?;
    Some(Line::warn(
        "database",
        format!("The connection to {host} may be in clear text, the tickets and the password with it."),
        "Add sslmode=verify-full (and sslrootcert, when the certificate is signed by an authority of its own) to DATABASE_URL.",
    ))
}

/// Whether the database can be reached, has the schema and takes what is stored; with it when it can be asked for devices.
pub(super) async fn database(config: &Config) -> (Line, Option<Store>) {
    const FIX: &str = "Check DATABASE_URL and that the database runs.";
    let store = match Store::open(config.database_url.expose_secret(), FEW_CONNECTIONS).await {
        Ok(store) => store,
        Err(error) => return (Line::fail("database", format!("It cannot be opened: {error}."), FIX), None),
    };
    let line = match store.schema().await {
        Err(error) => return (Line::fail("database", format!("{}.", error.chain()), FIX), None),
        Ok(Schema::Behind(missing)) if store.is_shared() => {
            let sentence = format!("Its schema is behind by {missing}.");
            return (Line::fail("database", sentence, "Run `orchestrator migrate`."), None);
        }
        Ok(Schema::Behind(_)) => {
            let sentence = "The embedded database gets its schema when the service starts.";
            return (Line::ok("database", sentence), None);
        }
        Ok(Schema::Current) => match store.try_write().await {
            Ok(()) => Line::ok(
                "database",
                "It is reachable, its schema is current, and it stores what it is given.",
            ),
            Err(error) => {
                let sentence = format!("It can be read but stores nothing: {}.", error.chain());
                Line::fail("database", sentence, "Look whether its disk is full, or it is read-only.")
            }
        },
    };
    (line, Some(store))
}

pub(super) async fn hubspot(config: &Config) -> Line {
    const FIX: &str = "Check HUBSPOT_ACCESS_TOKEN, its scopes, and HUBSPOT_API_URL.";
    let client = HubSpot::new(config.hubspot.clone());
    let (Some(client), Some(id)) = (client, TicketId::parse(NOBODYS)) else {
        return Line::warn(
            "hubspot",
            "Tickets cannot be read: those whose webhook carries no text, or never comes, are not triaged.",
            "Set HUBSPOT_ACCESS_TOKEN to a service key with the scope tickets.",
        );
    };
    match client.ticket(&id).await {
        Ok(_) => account(&client, config.hubspot.portal_id).await,
        Err(HubSpotError::Refused(why)) => Line::fail("hubspot", format!("{why}."), FIX),
        Err(HubSpotError::Later { why, .. }) => Line::fail("hubspot", format!("{why}."), FIX),
    }
}

/// With a token of another account every ticket would look as if it had been deleted.
async fn account(client: &HubSpot, portal_id: Option<i64>) -> Line {
    match (client.account().await, portal_id) {
        (Ok(Some(account)), Some(portal_id)) if account != portal_id => Line::fail(
            "hubspot",
            format!(
                "The access token is of account {account}, and HUBSPOT_PORTAL_ID is {portal_id}: none of its tickets can be read."
            ),
            "Set HUBSPOT_ACCESS_TOKEN to a token of that account, or correct HUBSPOT_PORTAL_ID.",
        ),
        (Ok(Some(account)), _) => {
            Line::ok("hubspot", format!("It accepts the access token, which is of account {account}."))
        }
        (Ok(None) | Err(HubSpotError::Refused(_) | HubSpotError::Later { .. }), _) => {
            Line::ok("hubspot", "It accepts the access token, and does not tell of which account it is.")
        }
    }
}

pub(super) async fn discord(config: &Config) -> Line {
    const FIX: &str = "Check DISCORD_WEBHOOK_URL: copy it again from the channel's settings.";
    let Some(settings) = &config.discord else {
        return Line::warn("discord", "Nobody is told of verdicts.", "Set DISCORD_WEBHOOK_URL.");
    };
    match Discord::new(settings).look().await {
        Ok(name) => Line::ok("discord", format!("Its webhook “{name}” is there.")),
        Err(
            error @ (DiscordError::WebhookGone(_)
            | DiscordError::MessageGone
            | DiscordError::Invalid(_)
            | DiscordError::RateLimited(_)
            | DiscordError::Later(_)),
        ) => Line::fail("discord", format!("{error}."), FIX),
    }
}

pub(super) async fn groq(config: &Config) -> Line {
    if config.cloud_fallback == CloudFallback::Off {
        return Line::ok("groq", "It is not used: CLOUD_FALLBACK=off. Tickets wait for the team's machines.");
    }
    let Some(settings) = &config.groq else {
        return Line::warn(
            "groq",
            "There is no fallback: tickets wait for the team's machines.",
            "Set GROQ_API_KEY, or CLOUD_FALLBACK=off if that is what you want.",
        );
    };
    let client = Groq::new(settings.clone(), prompt::schema(&config.desk, SchemaFlavour::Strict));
    match client.probe().await {
        Ok(()) => Line::ok("groq", format!("It accepts the key and has the model {}.", settings.model)),
        Err(fault) => Line::fail(
            "groq",
            format!("{}.", fault.message),
            "Check GROQ_API_KEY, GROQ_MODEL and GROQ_API_URL.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Health;
    use super::*;

    fn config(pairs: &[(&str, &str)]) -> Config {
        let vars: BTreeMap<_, _> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::read(&vars).unwrap()
    }

    #[test]
    fn a_secret_that_could_be_guessed_is_named() {
        let config = config(&[
            ("HUBSPOT_WEBHOOK_TOKEN", "abc"),
            ("ADMIN_TOKEN", "sixteen-letters!"),
            ("PUBLIC_URL", "https://triage.example.com"),
        ]);
        let lines: Vec<_> = settings(&config).into_iter().filter(|line| line.health != Health::Ok).collect();
        let [Line { health: Health::Warn, sentence, fix: Some(fix), .. }] = &lines[..] else {
            panic!("{lines:?}")
        };
        assert!(
            sentence.starts_with("HUBSPOT_WEBHOOK_TOKEN is so short") && !sentence.contains("abc"),
            "{sentence}"
        );
        assert!(fix.contains("openssl rand -hex 32"), "{fix}");
    }

    #[test]
    fn a_database_in_clear_text_over_the_internet_is_warned_of_without_its_password() {
        let url = "postgresql://u:s3cr3t@db.example.com/triage";
        let line = database_link(&config(&[("DATABASE_URL", url)])).unwrap();
        assert_eq!((line.part, line.health), ("database", Health::Warn));
        assert!(line.sentence.contains("db.example.com"), "{line:?}");
        assert!(line.fix.as_ref().unwrap().contains("sslmode=verify-full"), "{line:?}");
        assert!(!format!("{line:?}").contains("s3cr3t"));
        assert_eq!(database_link(&config(&[("DATABASE_URL", &format!("{url}?sslmode=require"))])), None);
    }
}
