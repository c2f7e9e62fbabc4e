use std::time::Duration;

use chrono::DateTime;
use proptest::prelude::*;
use secrecy::SecretString;
use serde_json::json;

use super::*;

const SECRET: &str = "kept plain word";

fn places() -> Places {
    Places {
        ollama: "http://127.0.0.1:11434".to_owned(),
        metrics: "http://127.0.0.1:20241".to_owned(),
        public: Some("https://ollama.example.com".to_owned()),
        orchestrator: Some("https://triage.example.com".to_owned()),
    }
}

fn wall() -> Wall {
    Wall { moment: Moment::from_millis(65_000), at: DateTime::from_timestamp(1_795_392_000, 0).unwrap() }
}

fn answered(status: u16, location: Option<&str>, body: &str) -> Fact<Call> {
    let answer = HttpAnswer {
        status,
        location: location.map(str::to_owned),
        content_type: Some("text/plain".to_owned()),
        body: body.to_owned(),
    };
    Fact::Known { answer: Ok(answer), latency: Duration::from_millis(38) }
}

fn shown(seen: &Seen, layer: Layer) -> Option<Exchange> {
    let mut exchanges = Exchanges::default();
    exchanges.see(seen, &places(), Moment::from_millis(5_000));
    exchanges.of(layer, wall(), &Mask::new(&[SecretString::from(SECRET)]))
}

#[test]
fn each_hop_tells_what_was_asked_what_came_back_how_long_it_took_and_when() {
    let refused = Fact::Known { answer: Err(CallError::Unreachable), latency: Duration::ZERO };
    let models = Models { installed: vec!["a".to_owned(), "b".to_owned()], ..Models::default() };
    let models = Fact::Known { answer: models, latency: Duration::from_millis(3) };
    for (seen, layer, request, answer) in [
        (
            Seen::OllamaApi(answered(200, None, "{\"version\":\"0.33.0\"}")),
            Layer::OllamaApi,
            "GET http://127.0.0.1:11434/api/version",
            "HTTP 200\nContent-Type: text/plain\n{\"version\":\"0.33.0\"}",
        ),
        (Seen::Ready(refused), Layer::Edge, "GET http://127.0.0.1:20241/ready", "refused or reset"),
        (
            Seen::Public(answered(530, None, "error code: 1033")),
            Layer::PublicAddress,
            "GET https://ollama.example.com/api/version\nCF-Access-Client-Id: ***",
            "HTTP 530\nContent-Type: text/plain\nerror code: 1033",
        ),
        (
            Seen::WithoutToken(answered(302, Some("https://t.cloudflareaccess.com/login?meta=eyJhIjoi"), "")),
            Layer::AccessClosed,
            "without a service token",
            "HTTP 302\nLocation: https://t.cloudflareaccess.com/login?***",
        ),
        (Seen::Models(models, Vec::new()), Layer::Model, "/api/tags", "Installed: a, b\nIn memory: none"),
        (Seen::Models(Fact::NotYet, Vec::new()), Layer::Model, "/api/ps", "No list came back."),
        (Seen::Binding(Binding::Loopback), Layer::OllamaPrivate, "127.0.0.1:11434", "This machine only."),
    ] {
        let exchange = shown(&seen, layer).unwrap();
        assert!(exchange.request.contains(request), "{exchange:?}");
        assert!(exchange.answer.contains(answer), "{exchange:?}");
        assert_eq!(exchange.at, "2026-11-22T23:59:00Z");
    }
    let took = shown(&Seen::Ready(answered(200, None, "")), Layer::Edge).unwrap().took_ms;
    assert_eq!(took, Some(38));
    assert_eq!(shown(&Seen::Ready(Fact::NotSetUp), Layer::Edge), None);
    assert_eq!(shown(&Seen::Woke { slept: Duration::ZERO }, Layer::Edge), None);
}

#[test]
fn a_heartbeat_tells_of_the_link_and_of_what_the_orchestrator_sees() {
    let mut exchanges = Exchanges::default();
    let answer = json!({
        "server": {"version": "9.9.9", "public_url": null}, "time": "", "next_in_ms": 1, "layers": [],
        "view": {"state": "unusable", "why": "it was answered 403"}, "elsewhere": "wait", "tunnel": null, "receipt": null,
    });
    let answer = serde_json::from_value(answer).unwrap();
    let heard = Said::Heard { answer, latency: Duration::from_millis(7), ahead_seconds: 0 };
    exchanges.hear(&heard, &places(), Moment::default());
    let shown = |exchanges: &Exchanges, layer| exchanges.of(layer, wall(), &Mask::new(&[])).unwrap();
    let link = shown(&exchanges, Layer::Link);
    assert!(link.request.starts_with("POST https://triage.example.com/api/v1/heartbeat"), "{link:?}");
    assert!(link.answer.contains("orchestrator 9.9.9"), "{link:?}");
    assert!(shown(&exchanges, Layer::OrchestratorView).answer.contains("it was answered 403"));
    for (answer, words) in [
        (LinkAnswer::NotPaired, "HTTP 401"),
        (LinkAnswer::Failing(502), "HTTP 502"),
        (LinkAnswer::Unreachable("no route".to_owned()), "No answer: no route"),
    ] {
        exchanges.hear(&Said::NotHeard { answer, latency: Duration::ZERO }, &places(), Moment::default());
        assert!(shown(&exchanges, Layer::Link).answer.starts_with(words));
    }
    exchanges.forget();
    assert_eq!(exchanges.of(Layer::Link, wall(), &Mask::new(&[])), None);
}

#[test]
fn no_secret_is_shown_wherever_an_answer_has_it() {
    let body = format!(
        "echo {SECRET}\nCf-Access-Client-Secret: planted-1\nAuthorization: Bearer planted-2\n{}cfast_planted3",
        "x ".repeat(20)
    );
    let exchange = shown(&Seen::Public(answered(200, None, &body)), Layer::PublicAddress).unwrap();
    let all = format!("{exchange:?}");
    assert!(!all.contains(SECRET) && !all.contains("planted"), "{all}");
}

proptest! {
    #[test]
    fn an_answer_is_short_and_no_terminal_obeys_it(body in any::<String>()) {
        let exchange = shown(&Seen::Ready(answered(200, None, &body)), Layer::Edge).unwrap();
        prop_assert!(exchange.answer.chars().count() <= MOST_SHOWN + 1);
        prop_assert!(!exchange.answer.chars().any(|letter| letter.is_control() && letter != '\n'));
    }
}
