use alerts::rule::Rules;
use proptest::prelude::*;
use supervise::Moment;
use supervise::install::Platform;

use super::*;

fn state(layer: Layer, health: Health) -> LayerState {
    LayerState {
        layer,
        health,
        sentence: format!("{layer} is {health:?}."),
        fix: None,
        because: None,
        since: Moment::default(),
        latency_ms: None,
    }
}

fn all(health: Health) -> Vec<LayerState> {
    Layer::ALL.map(|layer| state(layer, health)).into()
}

fn with(layer: Layer, health: Health) -> Vec<LayerState> {
    let mut layers = all(Health::Ok);
    layers.retain(|state| state.layer != layer);
    layers.push(state(layer, health));
    layers
}

#[test]
fn the_first_broken_hop_is_the_reason_in_its_own_words() {
    for layer in WAY {
        let expected = unusable(&format!("{layer} is Fail"));
        assert_eq!(standing(&with(layer, Health::Fail), false, false), expected, "{layer}");
        assert_eq!(standing(&with(layer, Health::Warn), false, false).state, Usability::Usable, "{layer}");
        let unknown = standing(&with(layer, Health::Unknown), false, false);
        assert_eq!(unknown, Standing::default(), "{layer}");
    }
    assert_eq!(standing(&all(Health::Fail), false, false).why.as_deref(), Some("Ollama is Fail"));
    let paused = standing(&all(Health::Ok), true, false);
    assert_eq!((paused.state, paused.why.is_some()), (Usability::Unusable, true));
    assert_eq!(standing(&[], false, false), Standing::default());
}

#[test]
fn a_refused_token_that_the_orchestrator_does_not_use_says_nothing_about_the_one_it_uses() {
    let refused = with(Layer::PublicAddress, Health::Fail);
    assert_eq!(standing(&refused, false, true).state, Usability::Unknown);
    let down = with(Layer::Edge, Health::Fail);
    assert_eq!(standing(&down, false, true).state, Usability::Unusable, "whatever the token");
}

#[test]
fn only_what_the_orchestrator_does_not_know_itself_is_news() {
    let model = Model::new(Platform::Linux, "llama3.2".to_owned(), Rules::default());
    let before = report(&model, Some("https://a.example.com"), false);
    assert_eq!((before.overall.as_str(), before.wanted_model.as_str()), ("starting", "llama3.2"));
    let before = Heartbeat { layers: all(Health::Ok).iter().map(layer).collect(), ..before };
    let with = |change: fn(&mut Heartbeat)| {
        let mut after = before.clone();
        change(&mut after);
        is_news(&before, &after)
    };
    assert!(with(|after| after.public_url = None));
    assert!(with(|after| after.wanted_model.push('x')));
    assert!(with(|after| after.standing = unusable("it is paused")));
    assert!(with(|after| after.layers[4].health = LayerHealth::Fail));
    assert!(with(|after| after.programs[1].state.push('x')));
    assert!(with(|after| {
        after.models.push(LoadedModel { name: "m".into(), size_bytes: 1, gpu_percent: None });
    }));
    assert!(!with(|after| after.layers[8].health = LayerHealth::Fail), "link");
    assert!(!with(|after| after.layers[9].health = LayerHealth::Fail), "orchestrator_view");
    assert!(!with(|after| after.layers[0].latency_ms = Some(7)));
    assert!(!with(|after| after.sent_at.push('x')));
}

fn healths() -> impl Strategy<Value = Health> {
    prop::sample::select(vec![
        Health::Ok,
        Health::Ok,
        Health::Ok,
        Health::Unknown,
        Health::Warn,
        Health::Fail,
    ])
}

proptest! {
    #[test]
    fn what_the_orchestrator_says_never_changes_what_it_is_told(own in prop::collection::vec(healths(), 10), far in prop::collection::vec(healths(), 2), is_paused: bool) {
        let layers: Vec<_> = Layer::ALL.into_iter().zip(own).map(|(layer, health)| state(layer, health)).collect();
        let mut others = layers.clone();
        (others[8].health, others[9].health) = (far[0], far[1]);
        let said = standing(&layers, is_paused, false);
        prop_assert_eq!(&said, &standing(&others, is_paused, false));
        prop_assert_eq!(said.state == Usability::Unusable, said.why.is_some());
        prop_assert!(said.why.is_none_or(|why| !why.ends_with('.')));
    }
}
