//! The settings: read once, from the environment, in this one place; every problem reported together.

mod dotenv;
mod reader;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use triage::desk::Desk;
use triage::stage::CloudFallback;
use triage::writeback::WriteBack;
use url::Url;

use crate::sealed::Sealer;

pub use reader::Problem;
use reader::Reader;
pub(crate) use reader::{is_loopback, usable_url};

/// Where the embedded database lives unless `DATABASE_URL` says otherwise.
const EMBEDDED_DATABASE: &str = "sqlite:data/hubspot-triage.sqlite";

/// Where Ollama listens when it runs on this machine.
const ON_THIS_MACHINE: &str = "http://127.0.0.1:11434";

/// Everything that can be set. Secrets never show in Debug output.
#[derive(Debug, Clone)]
pub struct Config {
    /// Production refuses to start without what it needs.
    pub production: bool,
    /// What is logged, and how.
    pub log: Log,
    /// TCP port to listen on.
    pub port: u16,
    /// Address under which HubSpot reaches this service.
    pub public_url: Option<Url>,
    /// Where everything is stored; may hold a password.
    pub database_url: SecretString,
    /// HubSpot.
    pub hubspot: HubSpot,
    /// Discord channel for the team; without it nothing is announced.
    pub discord: Option<Discord>,
    /// The model on the team's machine.
    pub local: Option<Local>,
    /// What holds for the machines of paired devices, too.
    pub machines: Machines,
    /// The model in the cloud.
    pub groq: Option<Groq>,
    /// Whether text may go to the cloud.
    pub cloud_fallback: CloudFallback,
    /// Taxonomy, teams, rules, thresholds, prompt.
    pub desk: Desk,
    /// Verdicts less sure than this are marked for review.
    pub review_threshold: f64,
    /// Triage again when subject or content really changed.
    pub retriage_on_change: bool,
    /// Tickets worked on at once.
    pub workers: usize,
    /// Seals what must be readable again; without it devices cannot hand over their tunnels.
    pub sealer: Option<Sealer>,
    /// Secret of the administration; without it that interface refuses everybody.
    pub admin_token: Option<SecretString>,
    /// Variables with secrets so short that they could be guessed; production has none.
    pub guessable: Vec<&'static str>,
}

/// What is logged, and how.
#[derive(Debug, Clone)]
pub struct Log {
    /// A filter as tracing understands it: `info`, `debug`, `info,sqlx=warn`.
    pub level: String,
    /// JSON lines, or text for people.
    pub json: bool,
    /// Text for people may be coloured: it goes to a terminal, and NO_COLOR does not forbid it.
    pub colour: bool,
}

/// HubSpot.
#[derive(Debug, Clone)]
pub struct HubSpot {
    /// Shared secrets of the webhook: the current one, and the previous one while it is being rotated.
    pub webhook_tokens: Vec<SecretString>,
    /// Client secrets of the app that signs its webhooks: likewise.
    pub client_secrets: Vec<SecretString>,
    /// Accept v1 signatures, which could be replayed for ever.
    pub allow_v1: bool,
    /// Service key or app token, to read tickets and to write back.
    pub access_token: Option<SecretString>,
    /// Address of the CRM API.
    pub api_url: Url,
    /// Family of its paths.
    pub api_family: ApiFamily,
    /// Account; events of others are ignored.
    pub portal_id: Option<i64>,
    /// What of a verdict is written into the ticket.
    pub write_back: WriteBack,
}

/// The two equivalent families of HubSpot's CRM paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiFamily {
    /// `/crm/v3/objects/…`, served until September 2027.
    V3,
    /// `/crm/objects/2026-09/…`.
    Dated,
}

/// A Discord channel's webhook; the address itself is the secret.
#[derive(Debug, Clone)]
pub struct Discord {
    /// The whole address.
    pub webhook_url: SecretString,
}

/// Ollama behind its tunnel.
#[derive(Debug, Clone)]
pub struct Local {
    /// Public address of the tunnel, or a loopback address.
    pub url: Url,
    /// Model to ask.
    pub model: String,
    /// Longest wait for an answer.
    pub timeout: Duration,
    /// Calls at once.
    pub concurrency: usize,
    /// Cloudflare Access service token.
    pub access: Option<Access>,
    /// Nobody set it: it is only where Ollama listens on this machine unless told otherwise.
    pub is_assumed: bool,
}

/// What holds for every machine with a model.
#[derive(Debug, Clone)]
pub struct Machines {
    /// Longest wait for an answer.
    pub timeout: Duration,
    /// Calls at once.
    pub concurrency: usize,
}

/// A Cloudflare Access service token.
#[derive(Debug, Clone)]
pub struct Access {
    /// `CF-Access-Client-Id`.
    pub client_id: SecretString,
    /// `CF-Access-Client-Secret`.
    pub client_secret: SecretString,
}

/// Groq.
#[derive(Debug, Clone)]
pub struct Groq {
    /// API key.
    pub api_key: SecretString,
    /// Address including the version.
    pub url: Url,
    /// Model to ask.
    pub model: String,
    /// Longest wait for an answer.
    pub timeout: Duration,
}

impl Config {
    /// Reads the settings from `vars`. An empty value counts as missing. `Err` has every problem there is.
    pub fn read(vars: &BTreeMap<String, String>) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader::new(vars);
        let config = Self::collect(&mut reader);
        let problems = reader.into_problems();
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    /// The environment, with `.env` beneath it outside production.
    pub fn from_environment() -> Result<Self, Vec<Problem>> {
        let text =
            |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        let mut vars: BTreeMap<String, String> = std::env::vars_os().filter_map(text).collect();
        if Reader::new(&vars).is_production() {
            return Self::read(&vars);
        }
        let file = std::fs::read_to_string(".env").unwrap_or_default();
        let (settings, mut problems) = dotenv::read(&file);
        for (name, value) in settings {
            vars.entry(name).or_insert(value);
        }
        match Self::read(&vars) {
            Ok(config) if problems.is_empty() => Ok(config),
            Ok(_) => Err(problems),
            Err(others) => {
                problems.extend(others);
                Err(problems)
            }
        }
    }

    fn collect(reader: &mut Reader<'_>) -> Self {
        let production = reader.is_production();
        reader.required_in(production);
        let sealer = sealer(reader);
        let machines = machines(reader);
        let local = local(reader, &machines, sealer.is_some());
        let cloud_fallback = reader
            .parsed("CLOUD_FALLBACK", "redacted", "off, redacted or full", CloudFallback::parse)
            .unwrap_or(CloudFallback::Redacted);
        let desk = desk(reader);
        Self {
            production,
            log: Log {
                level: reader
                    .parsed(
                        "LOG_LEVEL",
                        "info",
                        "trace, debug, info, warn, error, off, or a filter such as info,sqlx=warn",
                        log_level,
                    )
                    .unwrap_or_else(|| "info".to_owned()),
                json: reader
                    .parsed("LOG_FORMAT", "json", "json or pretty", |text| match text {
                        "json" => Some(true),
                        "pretty" => Some(false),
                        _ => None,
                    })
                    .unwrap_or(production),
                colour: reader.text("NO_COLOR").is_none() && std::io::stderr().is_terminal(),
            },
            port: reader.parsed("PORT", "3000", "a TCP port", |text| text.parse().ok()).unwrap_or(3000),
            public_url: reader.url("PUBLIC_URL", "https://triage.example.com"),
            database_url: database_url(reader),
            hubspot: hubspot(reader),
            discord: discord(reader),
            local,
            machines,
            groq: groq(reader, cloud_fallback),
            cloud_fallback,
            review_threshold: reader
                .parsed("REVIEW_THRESHOLD", "0.6", "a number from 0 to 1", |text| {
                    text.parse().ok().filter(|value| (0.0..=1.0).contains(value))
                })
                .unwrap_or(desk.review_threshold),
            desk,
            retriage_on_change: reader
                .parsed("RETRIAGE_ON_CHANGE", "false", "true or false", flag)
                .unwrap_or(false),
            workers: reader
                .parsed("WORKERS", "8", "a number from 1 to 256", |text| {
                    text.parse().ok().filter(|n| (1..=256).contains(n))
                })
                .unwrap_or(8),
            sealer,
            admin_token: reader.secret("ADMIN_TOKEN"),
            guessable: reader.guessable(),
        }
    }
}

impl Discord {
    /// Reads the address that Discord's settings page shows; `None` when it is not one.
    pub fn parse(url: &Url) -> Option<Self> {
        let segments: Vec<&str> = url.path_segments()?.filter(|s| !s.is_empty()).collect();
        let is_webhook = match segments.as_slice() {
            ["api", "webhooks", _, _] => true,
            ["api", version, "webhooks", _, _] => version.starts_with('v'),
            _ => false,
        };
        is_webhook.then(|| Self { webhook_url: SecretString::from(url.as_str().trim_end_matches('/')) })
    }
}

fn database_url(reader: &mut Reader<'_>) -> SecretString {
    let url = reader.required("DATABASE_URL", "postgresql://user:password@host:5432/triage");
    if let Some(url) = &url
        && !["postgres://", "postgresql://", "sqlite:"].iter().any(|scheme| url.starts_with(scheme))
    {
        reader.problem(
            "DATABASE_URL",
            "must begin with postgresql:// or sqlite:",
            "postgresql://user:password@host:5432/triage",
        );
    }
    SecretString::from(url.unwrap_or_else(|| EMBEDDED_DATABASE.to_owned()))
}

fn hubspot(reader: &mut Reader<'_>) -> HubSpot {
    let secrets = |reader: &Reader<'_>, names: [&'static str; 2]| {
        names.into_iter().filter_map(|name| reader.secret(name)).collect()
    };
    let webhook_tokens: Vec<_> = secrets(reader, ["HUBSPOT_WEBHOOK_TOKEN", "HUBSPOT_WEBHOOK_TOKEN_PREVIOUS"]);
    let client_secrets: Vec<_> = secrets(reader, ["HUBSPOT_CLIENT_SECRET", "HUBSPOT_CLIENT_SECRET_PREVIOUS"]);
    if client_secrets.is_empty() && webhook_tokens.is_empty() {
        reader.required(
            "HUBSPOT_WEBHOOK_TOKEN",
            "the output of: openssl rand -hex 32; or HUBSPOT_CLIENT_SECRET",
        );
    }
    if !client_secrets.is_empty() && reader.text("PUBLIC_URL").is_none() {
        reader.problem(
            "PUBLIC_URL",
            "is missing: HubSpot signs the address it calls",
            "https://triage.example.com",
        );
    }
    let write_back = reader
        .parsed("HUBSPOT_WRITE_BACK", "note", "off, note or properties", WriteBack::parse)
        .unwrap_or(WriteBack::Off);
    if write_back != WriteBack::Off && reader.text("HUBSPOT_ACCESS_TOKEN").is_none() {
        reader.problem(
            "HUBSPOT_ACCESS_TOKEN",
            &format!("is missing: HUBSPOT_WRITE_BACK={write_back} writes with it"),
            "a service key with the scope tickets; or HUBSPOT_WRITE_BACK=off",
        );
    }
    HubSpot {
        webhook_tokens,
        client_secrets,
        allow_v1: reader.parsed("HUBSPOT_ALLOW_V1", "false", "true or false", flag).unwrap_or(false),
        access_token: reader.secret("HUBSPOT_ACCESS_TOKEN"),
        api_url: reader.url_or("HUBSPOT_API_URL", "https://api.hubapi.com"),
        api_family: reader
            .parsed("HUBSPOT_API_FAMILY", "v3", "v3 or 2026-09", |text| match text {
                "v3" => Some(ApiFamily::V3),
                "2026-09" => Some(ApiFamily::Dated),
                _ => None,
            })
            .unwrap_or(ApiFamily::V3),
        portal_id: reader.parsed(
            "HUBSPOT_PORTAL_ID",
            "20260001",
            "the number of your HubSpot account",
            |text| text.parse().ok(),
        ),
        write_back,
    }
}

fn discord(reader: &mut Reader<'_>) -> Option<Discord> {
    const EXAMPLE: &str = "https://discord.com/api/webhooks/1290000000000000000/token";
    let text = reader.required("DISCORD_WEBHOOK_URL", EXAMPLE)?;
    let url = reader.check_url("DISCORD_WEBHOOK_URL", &text, EXAMPLE)?;
    let discord = Discord::parse(&url);
    if discord.is_none() {
        reader.problem("DISCORD_WEBHOOK_URL", "is not the address of a Discord webhook", EXAMPLE);
    }
    discord
}

fn machines(reader: &mut Reader<'_>) -> Machines {
    Machines {
        timeout: reader.duration("LOCAL_LLM_TIMEOUT", "30s").unwrap_or(Duration::from_secs(30)),
        concurrency: reader
            .parsed("LOCAL_LLM_CONCURRENCY", "1", "a number from 1 to 64", |text| {
                text.parse().ok().filter(|n| (1..=64).contains(n))
            })
            .unwrap_or(1),
    }
}

/// The machine of the environment variables. With `from_devices` a paired device may hand its tunnel over instead.
fn local(reader: &mut Reader<'_>, machines: &Machines, from_devices: bool) -> Option<Local> {
    const EXAMPLE: &str = "https://ollama.example.com; or SECRETS_KEY, and pair the machine";
    let given = reader.text("LOCAL_LLM_URL");
    let is_assumed = given.is_none();
    if is_assumed && from_devices {
        return None;
    }
    let url = match given.or_else(|| reader.required("LOCAL_LLM_URL", EXAMPLE)) {
        Some(text) => reader.check_url("LOCAL_LLM_URL", &text, EXAMPLE),
        None if reader.is_production() => None,
        None => Url::parse(ON_THIS_MACHINE).ok(),
    };
    let needs_token = url.as_ref().map_or_else(|| reader.is_production(), |url| !is_loopback(url));
    let (id, secret) = if needs_token {
        (
            reader.required_always("CF_ACCESS_CLIENT_ID", "0123456789abcdef0123456789abcdef.access"),
            reader.required_always("CF_ACCESS_CLIENT_SECRET", "cfast_… as Cloudflare showed it once"),
        )
    } else {
        (reader.secret("CF_ACCESS_CLIENT_ID"), reader.secret("CF_ACCESS_CLIENT_SECRET"))
    };
    for (name, value) in [("CF_ACCESS_CLIENT_ID", &id), ("CF_ACCESS_CLIENT_SECRET", &secret)] {
        if value.as_ref().is_some_and(|v| v.expose_secret().chars().any(|c| !c.is_ascii_graphic())) {
            reader.problem(
                name,
                "contains a space or a line break",
                "copy it again from Cloudflare Zero Trust",
            );
        }
    }
    let model = reader.text("LOCAL_LLM_MODEL").unwrap_or_else(|| "llama3.2:latest".to_owned());
    let access = id.zip(secret).map(|(client_id, client_secret)| Access { client_id, client_secret });
    let Machines { timeout, concurrency } = *machines;
    Some(Local { url: url?, model, timeout, concurrency, access, is_assumed })
}

fn sealer(reader: &mut Reader<'_>) -> Option<Sealer> {
    let keys = reader.secret("SECRETS_KEY")?;
    let sealer = Sealer::parse(keys.expose_secret());
    if sealer.is_none() {
        reader.problem(
            "SECRETS_KEY",
            "is not one or more keys of 32 bytes in base64, separated by commas",
            "the output of: openssl rand -base64 32",
        );
    }
    sealer
}

fn groq(reader: &mut Reader<'_>, cloud: CloudFallback) -> Option<Groq> {
    let api_key = if cloud == CloudFallback::Off {
        reader.secret("GROQ_API_KEY")
    } else {
        reader.required_secret("GROQ_API_KEY", "gsk_… from console.groq.com, or CLOUD_FALLBACK=off")
    };
    let url = reader.url_or("GROQ_API_URL", "https://api.groq.com/openai/v1");
    let model = reader.text("GROQ_MODEL").unwrap_or_else(|| "openai/gpt-oss-20b".to_owned());
    let timeout = reader.duration("GROQ_TIMEOUT", "15s").unwrap_or(Duration::from_secs(15));
    Some(Groq { api_key: api_key?, url, model, timeout })
}

fn desk(reader: &mut Reader<'_>) -> Desk {
    const EXAMPLE: &str = "./triage.toml";
    let Some(path) = reader.text("TRIAGE_CONFIG") else { return Desk::default() };
    let text = match std::fs::read_to_string(Path::new(&path)) {
        Ok(text) => text,
        Err(error) => {
            reader.problem("TRIAGE_CONFIG", &format!("cannot be read: {error}"), EXAMPLE);
            return Desk::default();
        }
    };
    Desk::parse(&text).unwrap_or_else(|problems| {
        for problem in problems {
            reader.problem("TRIAGE_CONFIG", &format!("({path}) {problem}"), EXAMPLE);
        }
        Desk::default()
    })
}

/// A level, or a list of `target=level`; a word that is neither would silence everything.
fn log_level(text: &str) -> Option<String> {
    const LEVELS: [&str; 6] = ["trace", "debug", "info", "warn", "error", "off"];
    let is_level = |word: &str| LEVELS.contains(&word.to_ascii_lowercase().as_str());
    let directive = |part: &str| is_level(part.rsplit('=').next().unwrap_or_default());
    text.split(',').all(|part| directive(part.trim())).then(|| text.to_owned())
}

fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
