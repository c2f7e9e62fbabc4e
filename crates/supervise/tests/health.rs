//! Properties of the chain of hops under any facts, through the crate's public face.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use supervise::Moment;
use supervise::exit::Reason;
use supervise::health::chain::Chain;
use supervise::health::facts::{Binding, Fact, Facts, LinkAnswer, Models, Outside, Pull, View};
use supervise::health::overall::{Elsewhere, Overall, overall};
use supervise::health::reading::{Call, CallError, HttpAnswer};
use supervise::health::{Health, Layer};
use supervise::install::Platform;
use supervise::program::{Readiness, Run, State, Then};

fn states() -> impl Strategy<Value = State> {
    let since = Moment::from_millis(5_000);
    let reason = Reason { why: "It cannot work.".into(), what_to_do: "Mend it.".into() };
    let stopping = |then| State::Stopping { run: Run(1), since, then, killed: false };
    select(vec![
        State::NotInstalled { wanted: true },
        State::Stopped,
        State::Looking { since },
        State::Adopted { gone_since: None },
        State::Adopted { gone_since: Some(since) },
        State::Starting { run: Run(1), since },
        State::Running { run: Run(1), since, readiness: Readiness::Ready { since } },
        State::Running { run: Run(1), since, readiness: Readiness::Unready { since } },
        State::BackingOff { attempt: 2, until: since, why: "It ended.".into() },
        stopping(Then::Stop),
        stopping(Then::Restart { failure: None }),
        State::GaveUp { reason },
        State::Ended,
    ])
}

fn seen<T: Clone + std::fmt::Debug + 'static>(answers: Vec<T>) -> impl Strategy<Value = Fact<T>> {
    let known = select(answers).prop_map(|answer| Fact::Known { answer, latency: Duration::from_millis(3) });
    prop_oneof![1 => Just(Fact::NotSetUp), 1 => Just(Fact::NotYet), 12 => known]
}

fn calls() -> impl Strategy<Value = Fact<Call>> {
    let bodies = [
        "",
        "{}",
        r#"{"version":"0.33.0"}"#,
        r#"{"version":"0.1.2"}"#,
        r#"{"version":"?"}"#,
        "error code: 1010",
    ];
    let ready = [r#"{"readyConnections":0}"#, r#"{"readyConnections":2}"#, r#"{"readyConnections":4}"#];
    let mut all: Vec<Call> = Vec::new();
    for status in [200, 302, 401, 403, 404, 429, 500, 502, 503, 522, 524, 530] {
        for body in bodies.iter().chain(&ready) {
            all.push(Ok(HttpAnswer { status, body: (*body).to_owned(), ..HttpAnswer::default() }));
        }
    }
    for error in
        [CallError::NoSuchName, CallError::Unreachable, CallError::BadCertificate, CallError::TimedOut]
    {
        all.extend([Err(error), Err(error)]);
    }
    let good = |body: &str| Ok(HttpAnswer { status: 200, body: body.to_owned(), ..HttpAnswer::default() });
    for _ in 0..40 {
        all.extend([good(bodies[2]), good(ready[2])]);
    }
    seen(all)
}

fn facts() -> impl Strategy<Value = Facts> {
    let installed = Models { installed: vec!["llama3.2:latest".into()], ..Models::default() };
    let pull = Some(Pull { done_bytes: 9, total_bytes: 3 });
    let models = vec![installed, Models::default(), Models { pull, ..Models::default() }];
    let links = vec![
        LinkAnswer::Accepted,
        LinkAnswer::NotPaired,
        LinkAnswer::Failing(500),
        LinkAnswer::Unreachable("no route".into()),
    ];
    let views = vec![View::Usable, View::Unusable("refused".into()), View::NotTried];
    let bindings = select(vec![Binding::Loopback, Binding::Beyond, Binding::NotKnown]);
    let platforms = select(vec![Platform::Linux, Platform::Macos, Platform::Windows]);
    let open = Outside::Open { what: "/api/pull was answered".into(), at: "2026-11-23 10:00".into() };
    let outsides = select(vec![Outside::NotKnown, Outside::Closed, Outside::Closed, open]);
    let programs = (states(), states(), bindings, platforms, seen(models));
    let answers = (calls(), calls(), calls(), calls(), seen(links), (seen(views), outsides));
    (programs, answers).prop_map(|((ollama, cloudflared, binding, platform, models), answers)| {
        let (ollama_api, ready, public, without_token, link, (view, outside)) = answers;
        let wanted_model = "llama3.2".to_owned();
        Facts {
            platform,
            ollama,
            cloudflared,
            ollama_api,
            models,
            wanted_model,
            binding,
            ready,
            public,
            without_token,
            outside,
            link,
            view,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_layer_is_said_plainly_and_a_fault_comes_with_its_fix(facts in facts(), seconds in 0u64..200) {
        let chain = Chain::default().assess(&facts, Moment::from_millis(seconds * 1000));
        let order: Vec<Layer> = chain.layers().iter().map(|state| state.layer).collect();
        prop_assert_eq!(order, Layer::ALL);
        for state in chain.layers() {
            prop_assert!(state.sentence.ends_with('.') && !state.sentence.contains('!'), "{state:?}");
            let needs_fix = matches!(state.health, Health::Fail | Health::Warn);
            prop_assert_eq!(state.fix.is_some(), needs_fix, "{:?}", state);
        }
    }

    #[test]
    fn what_is_not_judged_names_a_hop_that_really_does_not_work(facts in facts(), seconds in 0u64..200) {
        let chain = Chain::default().assess(&facts, Moment::from_millis(seconds * 1000));
        for state in chain.layers() {
            let Some(because) = state.because else { continue };
            let hop = chain.layer(because).unwrap_or(state);
            prop_assert_eq!(state.health, Health::Unknown);
            prop_assert!(hop.health != Health::Ok && hop.because.is_none(), "{:?} because of {:?}", state, hop);
        }
    }

    #[test]
    fn the_word_agrees_with_the_layers(facts in facts(), seconds in 0u64..200) {
        let chain = Chain::default().assess(&facts, Moment::from_millis(seconds * 1000));
        let summary = overall(chain.layers(), false, Elsewhere::Wait);
        let carries = || chain.layers().iter().filter(|state| state.layer.carries_tickets());
        let is_broken = carries().any(|state| state.health == Health::Fail);
        prop_assert_eq!(summary.overall == Overall::Down, is_broken);
        if summary.overall == Overall::Healthy {
            prop_assert!(chain.layers().iter().all(|state| matches!(state.health, Health::Ok | Health::Unknown)));
            prop_assert!(!chain.is_exposed());
        }
        prop_assert_eq!(chain.is_exposed(), summary.sentence.starts_with("Exposed: "));
        prop_assert_eq!(overall(chain.layers(), true, Elsewhere::Wait).overall, Overall::Paused);
    }
}
