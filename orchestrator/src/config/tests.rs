use std::collections::{BTreeMap, BTreeSet};

use super::*;

#[test]
fn an_empty_environment_in_production_names_everything_that_is_missing() {
    let names = problems(&[("APP_ENV", "production")]);
    let expected = [
        "CF_ACCESS_CLIENT_ID",
        "CF_ACCESS_CLIENT_SECRET",
        "DATABASE_URL",
        "DISCORD_WEBHOOK_URL",
        "GROQ_API_KEY",
        "HUBSPOT_WEBHOOK_TOKEN",
        "LOCAL_LLM_URL",
    ];
    assert_eq!(names, BTreeSet::from(expected));
}

#[test]
fn an_empty_environment_in_development_is_enough() {
    let config = Config::read(&BTreeMap::new()).unwrap();
    assert!(!config.production && config.discord.is_none() && config.groq.is_none());
    assert_eq!(config.local.unwrap().url.as_str(), "http://127.0.0.1:11434/");
}

#[test]
fn with_a_key_for_secrets_machines_bring_their_tunnels_themselves() {
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let names = problems(&[("APP_ENV", "production"), ("SECRETS_KEY", key)]);
    assert!(!names.contains("LOCAL_LLM_URL") && !names.contains("CF_ACCESS_CLIENT_ID"), "{names:?}");
    assert_eq!(problems(&[("SECRETS_KEY", "too short")]), BTreeSet::from(["SECRETS_KEY"]));
}

#[test]
fn on_railway_it_is_production_unless_said_otherwise() {
    assert!(problems(&[("RAILWAY_ENVIRONMENT_NAME", "production")]).contains("DATABASE_URL"));
    assert!(Config::read(&vars(&[("RAILWAY_ENVIRONMENT_NAME", "x"), ("NODE_ENV", "development")])).is_ok());
}

#[test]
fn every_bad_value_is_reported_at_once() {
    let names = problems(&[
        ("APP_ENV", "prod"),
        ("PORT", "70000"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "verbose"),
        ("PUBLIC_URL", "ftp://x"),
        ("DATABASE_URL", "mysql://x"),
        ("HUBSPOT_API_URL", "http://api.hubapi.com"),
        ("HUBSPOT_API_FAMILY", "v4"),
        ("HUBSPOT_PORTAL_ID", "abc"),
        ("HUBSPOT_WRITE_BACK", "notes"),
        ("DISCORD_WEBHOOK_URL", "https://discord.com/channels/1/2"),
        ("LOCAL_LLM_URL", "http://ollama.example.com"),
        ("LOCAL_LLM_TIMEOUT", "soon"),
        ("LOCAL_LLM_CONCURRENCY", "0"),
        ("GROQ_API_URL", "nonsense"),
        ("GROQ_TIMEOUT", "0s"),
        ("CLOUD_FALLBACK", "maybe"),
        ("REVIEW_THRESHOLD", "1.5"),
        ("RETRIAGE_ON_CHANGE", "perhaps"),
        ("WORKERS", "-1"),
        ("TRIAGE_CONFIG", "/does/not/exist.toml"),
    ]);
    assert_eq!(names.len(), 21, "{names:?}");
}

#[test]
fn a_public_tunnel_needs_its_access_token_also_in_development() {
    assert_eq!(
        problems(&[("LOCAL_LLM_URL", "https://ollama.example.com"), ("CF_ACCESS_CLIENT_ID", "a b")]),
        BTreeSet::from(["CF_ACCESS_CLIENT_ID", "CF_ACCESS_CLIENT_SECRET"])
    );
}

#[test]
fn writing_back_is_off_unless_asked_for_and_needs_a_token() {
    assert_eq!(Config::read(&BTreeMap::new()).unwrap().hubspot.write_back, WriteBack::Off);
    for mode in ["note", "properties"] {
        let asked = ("HUBSPOT_WRITE_BACK", mode);
        assert_eq!(problems(&[asked]), BTreeSet::from(["HUBSPOT_ACCESS_TOKEN"]));
        let config = Config::read(&vars(&[asked, ("HUBSPOT_ACCESS_TOKEN", "t")])).unwrap();
        assert_eq!(config.hubspot.write_back.as_str(), mode);
    }
}

#[test]
fn secrets_never_show_in_debug_output_or_problems() {
    let secret = "s3cr3t";
    let config = Config::read(&vars(&[
        ("DATABASE_URL", "postgresql://u:s3cr3t@localhost/db"),
        ("HUBSPOT_WEBHOOK_TOKEN", secret),
        ("HUBSPOT_ACCESS_TOKEN", secret),
        ("DISCORD_WEBHOOK_URL", "https://discord.com/api/webhooks/1/s3cr3t"),
        ("GROQ_API_KEY", secret),
        ("CF_ACCESS_CLIENT_ID", secret),
        ("CF_ACCESS_CLIENT_SECRET", secret),
    ]))
    .unwrap();
    assert!(!format!("{config:?}").contains(secret));
    let problems =
        Config::read(&vars(&[("DISCORD_WEBHOOK_URL", "https://x/s3cr3t"), ("DATABASE_URL", "s3cr3t")]))
            .unwrap_err();
    assert!(!format!("{problems:?}").contains(secret));
}

#[test]
fn in_production_a_paired_device_may_hand_over_its_tunnel_instead_of_the_settings() {
    let pairs = [
        ("APP_ENV", "production"),
        ("DATABASE_URL", "postgresql://localhost/triage"),
        ("HUBSPOT_WEBHOOK_TOKEN", "sixteen-letters!"),
        ("DISCORD_WEBHOOK_URL", "https://discord.com/api/webhooks/1/token"),
        ("CLOUD_FALLBACK", "off"),
    ];
    let missing = ["CF_ACCESS_CLIENT_ID", "CF_ACCESS_CLIENT_SECRET", "LOCAL_LLM_URL"];
    assert_eq!(problems(&pairs), BTreeSet::from(missing));
    let key = ("SECRETS_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    let config = Config::read(&vars(&[&pairs[..], &[key]].concat())).unwrap();
    assert!(config.local.is_none());
    let url = ("LOCAL_LLM_URL", "https://ollama.example.com");
    let missing = ["CF_ACCESS_CLIENT_ID", "CF_ACCESS_CLIENT_SECRET"];
    assert_eq!(
        problems(&[&pairs[..], &[key, url]].concat()),
        BTreeSet::from(missing),
        "a tunnel needs its token"
    );
}

#[test]
fn secrets_that_could_be_guessed_are_refused_in_production_and_named_elsewhere() {
    let short = ["ADMIN_TOKEN", "HUBSPOT_WEBHOOK_TOKEN", "HUBSPOT_WEBHOOK_TOKEN_PREVIOUS"];
    let pairs = short.map(|name| (name, "fifteen-letters"));
    let elsewhere = Config::read(&vars(&pairs)).unwrap();
    assert_eq!(BTreeSet::from_iter(elsewhere.guessable), BTreeSet::from(short));
    let refused = Config::read(&vars(&[&pairs[..], &[("APP_ENV", "production")]].concat())).unwrap_err();
    for name in short {
        let said = refused.iter().find(|problem| problem.name == name).unwrap().to_string();
        let expected = "has fewer than 16 characters and could be guessed (for example: the output of: openssl rand -hex 32)";
        assert_eq!(said, format!("{name} {expected}"));
    }
    let pairs = short.map(|name| (name, "sixteen-letters!"));
    let names = problems(&[&pairs[..], &[("APP_ENV", "production")]].concat());
    assert!(short.iter().all(|name| !names.contains(name)), "{names:?}");
    assert!(Config::read(&vars(&pairs)).unwrap().guessable.is_empty());
}

#[test]
fn the_example_file_names_exactly_what_is_read() {
    let example = include_str!("../../../.env.example");
    let named: BTreeSet<&str> = example
        .lines()
        .filter_map(|line| line.trim_start_matches("# ").split_once('='))
        .map(|(name, _)| name)
        .filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))
        .collect();
    let vars = BTreeMap::new();
    let mut reader = Reader::new(&vars);
    Config::collect(&mut reader);
    let mut read = reader.asked();
    // Set by others for their own reasons.
    for name in ["RAILWAY_ENVIRONMENT_NAME", "NO_COLOR"] {
        read.remove(name);
    }
    assert_eq!(named, read);
}

fn vars(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn problems(pairs: &[(&str, &str)]) -> BTreeSet<&'static str> {
    Config::read(&vars(pairs)).unwrap_err().into_iter().map(|problem| problem.name).collect()
}
