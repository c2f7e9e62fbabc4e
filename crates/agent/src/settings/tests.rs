use super::write::change;
use super::*;
use proptest::prelude::*;

const HOME: &str = "/home/me";

const FULL: &str = r#"# The machine under the desk.
hostname = "ollama.example.com"   # as in the DNS
orchestrator = "https://triage.example.com"
model = "llama3.2:latest"
start_paused = true
updates = "ask"

[ollama]
address = "127.0.0.1:11435"
path = "/opt/homebrew/bin/ollama"

[cloudflared]
path = "~/bin/cloudflared"
mode = "config"
config = "~/.cloudflared/config.yml"
metrics_port = 20300

[notices]
new_alert = false
settle_seconds = 90
# Sleep well.
quiet_hours = "22:00-07:00"
"#;

#[test]
fn no_file_is_no_problem() {
    let folder = tempfile::tempdir().unwrap();
    let settings = read(&folder.path().join("config.toml"), Path::new(HOME)).unwrap();
    assert_eq!(settings, Settings::default());
    assert_eq!(settings, read_text(""));
}

#[test]
fn everything_can_be_set() {
    let settings = read_text(FULL);
    assert_eq!(settings.hostname, Hostname::parse("ollama.example.com").ok());
    assert_eq!(settings.orchestrator.as_ref().map(Url::as_str), Some("https://triage.example.com/"));
    assert_eq!((settings.model.as_str(), settings.start_paused), ("llama3.2:latest", true));
    assert_eq!((settings.updates, Settings::default().updates), (Updates::Ask, Updates::Off));
    assert_eq!(settings.ollama_address, "127.0.0.1:11435");
    assert_eq!(settings.ollama_path, Some("/opt/homebrew/bin/ollama".into()));
    assert_eq!(settings.cloudflared_path, Some("/home/me/bin/cloudflared".into()));
    assert_eq!((settings.mode, settings.metrics_port), (Mode::Config, 20300));
    assert_eq!(settings.tunnel_config, Some("/home/me/.cloudflared/config.yml".into()));
    let rules = settings.rules();
    assert_eq!(rules.off, [Kind::NewAlert].into());
    assert_eq!(rules.quiet, Some(QuietHours { from: 1320, until: 420 }));
    assert_eq!((rules.tunnel_settles.as_secs(), rules.calm.as_secs()), (90, 90));
    assert_eq!(Settings::default().rules(), Rules::default());
}

#[test]
fn every_kind_of_notice_has_a_switch() {
    let kinds = [
        (Kind::TunnelDown, "tunnel_down"),
        (Kind::Exposed, "exposed"),
        (Kind::GaveUp, "gave_up"),
        (Kind::NeedsReview, "needs_review"),
        (Kind::NewAlert, "new_alert"),
    ];
    for (kind, name) in kinds {
        let off = read_text(&format!("[notices]\n{name} = false\n"));
        assert_eq!(off.rules().off, [kind].into(), "{name}");
    }
}

#[test]
fn every_problem_is_told_at_once_with_its_line_and_what_to_do() {
    let text = "hostnam = \"a.example.com\"\nmodel = 7\norchestrator = \"http://triage.example.com\"\n\n[ollama]\nadress = \"x\"\naddress = \"127.0.0.1\"\n\n[cloudflared]\nmode = \"tokens\"\nmetrics_port = 70000\npath = \"bin/cloudflared\"\ntunnel_token = \"eyJ\"\n\n[notice]\nexposed = false\n[notices]\nexposed = \"no\"\nquiet_hours = \"22-7\"\n";
    let told: Vec<_> = problems(text).iter().map(ToString::to_string).collect();
    let expected = [
        "line 1: hostnam is no setting. Did you mean hostname?",
        "line 2: model must be a text in quotes. Write it like: model = \"llama3.2:latest\".",
        "line 3: orchestrator cannot be \"http://triage.example.com\". Write it like: orchestrator = \"https://triage.example.com\".",
        "line 6: ollama.adress is no setting. Did you mean ollama.address?",
        "line 7: ollama.address cannot be \"127.0.0.1\". Write it like: address = \"127.0.0.1:11434\".",
        "line 10: cloudflared.mode cannot be \"tokens\". Write it like: mode = \"token\" or mode = \"config\".",
        "line 11: cloudflared.metrics_port must be a port, 1 to 65535. Write it like: metrics_port = 20241.",
        "line 12: cloudflared.path cannot be \"bin/cloudflared\". Write it like: path = \"/usr/local/bin/cloudflared\".",
        "line 13: cloudflared.tunnel_token is no setting. Secrets do not go into this file: remove the line, and give it to `triage-agent secrets set`.",
        "line 15: notice is no setting. Did you mean notices?",
        "line 18: notices.exposed must be true or false, without quotes. Write it like: exposed = true.",
        "line 19: notices.quiet_hours cannot be \"22-7\". Write it like: quiet_hours = \"22:00-07:00\".",
    ];
    assert_eq!(told, expected);
}

#[test]
fn values_that_belong_together_and_texts_that_are_no_toml() {
    let told = |text: &str| problems(text).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let missing = "line 2: cloudflared.config is missing, and the mode is \"config\". Set it to the path of the tunnel's config.yml, or set mode = \"token\".";
    assert_eq!(told("[cloudflared]\nmode = \"config\"\n"), missing);
    let broken = told("model = \"a\"\nhostname = ollama.example.com\n");
    assert!(
        broken.starts_with("line 2: ") && broken.ends_with("Write it like: name = \"value\"."),
        "{broken}"
    );
    assert!(told("model = \"a\"\nmodel = \"b\"\n").starts_with("line 2: "));
    assert!(told("quiet_hours = \"22:00-07:00\"").contains("Did you mean notices.quiet_hours?"));
    assert!(told("[model]\nname = \"a\"").contains("model must be one value, not a section"));
    assert!(told("ollama = 3").contains("ollama is no setting"));
    assert!(told("weather = \"fine\"").contains("Remove the line, or check its spelling."));
}

#[test]
fn values_at_their_limits() {
    let quiet = |text: &str| parse(&format!("notices.quiet_hours = \"{text}\""), Path::new(HOME));
    for (text, expected) in [
        ("00:00-23:59", Some(QuietHours { from: 0, until: 1439 })),
        ("9:05 - 17:00", Some(QuietHours { from: 545, until: 1020 })),
        ("", None),
    ] {
        assert_eq!(quiet(text).unwrap().quiet_hours, expected, "{text}");
    }
    for wrong in ["24:00-07:00", "22:60-07:00", "22:00", "+2:00-07:00", "22:00-07:00-08:00", "a:b-c:d"] {
        assert!(quiet(wrong).is_err(), "{wrong}");
    }
    let address = |text: &str| parse(&format!("ollama.address = \"{text}\""), Path::new(HOME)).is_ok();
    assert!(address("localhost:1") && address("[::1]:11434") && address("ollama.lan:65535"));
    for wrong in
        [":11434", "127.0.0.1:0", "127.0.0.1:65536", "http://127.0.0.1:11434", "a b:1", "me@host:1", ""]
    {
        assert!(!address(wrong), "{wrong}");
    }
    let url = |text: &str| parse(&format!("orchestrator = \"{text}\""), Path::new(HOME)).is_ok();
    assert!(
        url("http://127.0.0.1:3000") && !url("https://me@example.com") && !url("https://example.com/?a=b")
    );
}

#[test]
fn writing_changes_only_what_changes() {
    let mut settings = read_text(FULL);
    settings.hostname = Hostname::parse("llm.example.com").ok();
    settings.quiet_hours = None;
    settings.notices_off.insert(Kind::Exposed);
    let expected = FULL
        .replace("\"ollama.example.com\"", "\"llm.example.com\"")
        .replace("# Sleep well.\nquiet_hours = \"22:00-07:00\"\n", "exposed = false\n");
    assert_eq!(change(FULL, &settings, Path::new(HOME)).unwrap(), expected);
    assert_eq!(change(FULL, &read_text(FULL), Path::new(HOME)).unwrap(), FULL);
}

#[test]
fn a_file_is_written_for_its_owner_only_and_never_over_what_is_not_understood() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent/config.toml");
    let settings = Settings { model: "mistral:latest".to_owned(), ..Settings::default() };
    write(&path, &settings, Path::new(HOME)).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "model = \"mistral:latest\"\n");
    assert_eq!(read(&path, Path::new(HOME)).unwrap(), settings);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    std::fs::write(&path, "modle = 1\n").unwrap();
    let refused = write(&path, &settings, Path::new(HOME));
    assert!(matches!(refused, Err(WriteError::Unreadable(ReadError::Wrong { .. }))), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "modle = 1\n");
    let wrong = Settings { mode: Mode::Config, ..Settings::default() };
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(write(&path, &wrong, Path::new(HOME)), Err(WriteError::Wrong(_))));
    assert!(!path.exists());
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        hostname in prop::option::of("[a-z][a-z0-9]{0,8}\\.example\\.(com|org)"),
        model in "[a-z][a-z0-9.]{0,12}(:[a-z0-9]{1,6})?",
        start_paused: bool,
        port in 1u16..,
        path in prop::option::of("/[a-zA-Z0-9 \"'#%$]{1,20}x"),
        quiet in prop::option::of((0u16..1440, 0u16..1440)),
        has_alerts: bool,
        onto_full: bool,
    ) {
        let mut settings = Settings {
            hostname: hostname.and_then(|name| Hostname::parse(&name).ok()),
            model,
            start_paused,
            metrics_port: port,
            ollama_path: path.map(PathBuf::from),
            quiet_hours: quiet.map(|(from, until)| QuietHours { from, until }),
            ..Settings::default()
        };
        if !has_alerts {
            settings.notices_off.insert(Kind::NewAlert);
        }
        let text = change(if onto_full { FULL } else { "" }, &settings, Path::new(HOME)).unwrap();
        prop_assert_eq!(parse(&text, Path::new(HOME)).unwrap(), settings, "{}", text);
    }
}

fn read_text(text: &str) -> Settings {
    parse(text, Path::new(HOME)).unwrap()
}

fn problems(text: &str) -> Vec<Problem> {
    parse(text, Path::new(HOME)).unwrap_err()
}
