//! `tunnel rotate`: a new secret for the service token, with no call refused in between. The old secret works for a day
//! longer, and until then the orchestrator keeps it unless the new one has proven itself.

use std::process::ExitCode;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use link::TunnelOffer;
use secrecy::ExposeSecret as _;

use super::Context;
use super::terminal::{agrees, complain, say};
use super::tunnel::{About, api, explained, hostname, session};
use crate::link::{Client, Error};
use crate::secrets::{Entry, Secrets};
use crate::tunnel::expiry;
use crate::tunnel::setup::{self, Rotated, Session, Wanted};

/// How long the old secret works beside the new one.
const OVERLAP: TimeDelta = TimeDelta::hours(24);

/// The edge may take a moment to know a new secret; so often it is offered, with these waits in between.
const WAITS_SECONDS: [u64; 4] = [1, 2, 5, 10];

pub(super) async fn rotate(context: &Context, about: About) -> Result<ExitCode, String> {
    let wanted = Wanted::new(hostname(context, about.hostname)?);
    let (api, secrets) = (api(context)?, context.open_secrets().await);
    secrets.check().await.map_err(|problem| {
        format!(
            "Nothing was changed: the new secret could not be kept, because {problem}.\n{}",
            problem.what_to_do()
        )
    })?;
    let question = format!(
        "Make a new secret for the service token of {}? The old one works for another day.",
        wanted.hostname
    );
    if !agrees(&question, about.yes) {
        complain("Nothing was done. With --yes it is done without being asked about.");
        return Ok(ExitCode::FAILURE);
    }
    let mut session = session(context, &api, &secrets, &wanted.hostname)?;
    let old_ends = Utc::now() + OVERLAP;
    let rotated = make(&mut session, &wanted, old_ends).await?;
    remember_end(context, rotated.expires_at);
    say(&format!(
        "  done: a new secret is in the keychain; the old one works until {}",
        old_ends.format("%Y-%m-%d %H:%M UTC")
    ));
    let taken = hand_over(context, &secrets, rotated.expires_at).await;
    super::ask::reload(context).await;
    match taken {
        Handed::Over => say("  done: the orchestrator has tried the new secret, and uses it"),
        Handed::NotPaired => say(
            "This machine is not paired: whoever calls the public address needs the new secret before the old one ends.",
        ),
        Handed::NotYet(why) => {
            complain(&format!(
                "The orchestrator has not taken the new secret: {why}.\nIt goes on with the old one until {}. The running agent \
                 offers the new one again by itself; see triage-agent status.",
                old_ends.format("%Y-%m-%d %H:%M UTC")
            ));
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn make(
    session: &mut Session<'_>,
    wanted: &Wanted,
    old_ends: DateTime<Utc>,
) -> Result<Rotated, String> {
    let old_ends = old_ends.to_rfc3339_opts(SecondsFormat::Secs, true);
    setup::rotate(session, wanted, &old_ends).await.map_err(|error| match &error {
        setup::Error::Secrets(_) => format!(
            "Cloudflare has made a new secret, and it is lost: {error}.\n{}\nThe old one works until {old_ends}. Before that, mend it \
             and run the same command again.",
            error.fix()
        ),
        setup::Error::Api { .. }
        | setup::Error::NoZone(_)
        | setup::Error::Obstacles(_)
        | setup::Error::NoServiceToken
        | setup::Error::Ledger(_) => explained(&error),
    })
}

/// What became of the new secret.
enum Handed {
    Over,
    NotPaired,
    NotYet(String),
}

async fn hand_over(context: &Context, secrets: &Secrets, expires_at: Option<DateTime<Utc>>) -> Handed {
    let secret = async |entry| secrets.get(entry).await.ok().flatten();
    let (Some(url), Some(token)) = (&context.settings.orchestrator, secret(Entry::DeviceToken).await) else {
        return Handed::NotPaired;
    };
    let address = context.settings.public_address(context.environment.public_url.clone());
    let (Some(address), Some(id), Some(client_secret)) =
        (address, secret(Entry::AccessClientId).await, secret(Entry::AccessClientSecret).await)
    else {
        return Handed::NotYet("its public address is not set".to_owned());
    };
    let client = match Client::new(url, Some(token)) {
        Ok(client) => client,
        Err(error) => return Handed::NotYet(error.to_string()),
    };
    let offer = TunnelOffer {
        url: address,
        access_client_id: Some(id.expose_secret().to_owned()),
        access_client_secret: Some(client_secret.expose_secret().to_owned()),
        model: context.settings.model.clone(),
        expires_at: expires_at.map(|ends| ends.to_rfc3339_opts(SecondsFormat::Secs, true)),
    };
    let mut waits = WAITS_SECONDS.into_iter();
    loop {
        let error = match client.hand_over(&offer).await {
            Ok(_) => return Handed::Over,
            Err(error) => error,
        };
        let is_lasting = matches!(error, Error::NotPaired | Error::UnsafeAddress);
        match waits.next().filter(|_| !is_lasting) {
            Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
            None => return Handed::NotYet(error.to_string().trim_end_matches('.').to_owned()),
        }
    }
}

/// Without it nobody is warned in time, and that is all.
pub(super) fn remember_end(context: &Context, ends: Option<DateTime<Utc>>) {
    if let Err(problem) = expiry::keep(&context.paths.state, ends) {
        complain(&format!("When the service token ends cannot be noted: {problem}."));
    }
}
