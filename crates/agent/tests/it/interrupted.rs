//! Set-ups and their undoing, cut off anywhere: the end is always the same.

use crate::support::{HOST, World, shape};
use agent::tunnel::setup::Entry;
use proptest::prelude::*;
use reqwest::Method;
use serde_json::{Value, json};
use sims::cloudflare::Cloudflare;
use sims::{Fault, Kind};

/// The ways in which a call can fail: before it is done, or after, when nobody learns that it was.
const KINDS: [Kind; 5] = [Kind::Status(500), Kind::Status(429), Kind::Down, Kind::Drop, Kind::BadJson];

/// The call after `before` others fails.
fn fail_after(cloudflare: &Cloudflare, before: u32, kind: Kind) {
    // A kind that means nothing to this service counts the calls that go well.
    cloudflare.faults.add(Fault::new(Kind::Cut).times(before));
    cloudflare.faults.add(Fault::new(kind).times(1));
}

#[tokio::test]
async fn a_run_that_fails_at_any_call_ends_like_one_that_does_not() {
    let calm = World::new().await;
    let nothing = shape(&calm.cloudflare.contents());
    calm.run().await.unwrap();
    let calls = u32::try_from(calm.cloudflare.journal.count()).unwrap();
    let end = shape(&calm.cloudflare.contents());
    for kind in KINDS {
        for before in 0..calls {
            let world = World::new().await;
            fail_after(&world.cloudflare, before, kind);
            assert!(world.run().await.is_err(), "{kind:?} after {before} calls was not noticed");
            world.run_to_the_end().await;
            assert_eq!(shape(&world.cloudflare.contents()), end, "{kind:?} after {before} calls");
            let kept = |entry| world.keychain.secret(entry).unwrap();
            let pair = (kept(Entry::AccessClientId), kept(Entry::AccessClientSecret));
            assert_eq!(world.cloudflare.credentials(), [pair], "{kind:?} after {before} calls");
            world.undo_to_the_end().await;
            assert_eq!(shape(&world.cloudflare.contents()), nothing, "{kind:?} after {before} calls");
        }
    }
}

#[tokio::test]
async fn an_undo_that_fails_at_any_call_ends_with_nothing_left() {
    let calm = World::new().await;
    let empty = shape(&calm.cloudflare.contents());
    calm.run().await.unwrap();
    calm.cloudflare.journal.clear();
    calm.undo(false).await.unwrap();
    let calls = u32::try_from(calm.cloudflare.journal.count()).unwrap();
    for kind in KINDS {
        for before in 0..calls {
            let world = World::new().await;
            world.run().await.unwrap();
            fail_after(&world.cloudflare, before, kind);
            assert!(world.undo(false).await.is_err(), "{kind:?} after {before} calls was not noticed");
            world.undo_to_the_end().await;
            assert_eq!(shape(&world.cloudflare.contents()), empty, "{kind:?} after {before} calls");
            assert_eq!(world.keychain.len(), 0, "{kind:?} after {before} calls");
        }
    }
}

#[tokio::test]
async fn a_keychain_that_refuses_costs_a_rotation_but_nothing_else() {
    for puts in 0..3 {
        let world = World::new().await;
        world.keychain.set(Entry::AccessClientId, "former.access");
        world.keychain.set(Entry::AccessClientSecret, "cfast_former");
        world.keychain.refuse_after(puts);
        assert!(world.run().await.is_err());
        world.run_to_the_end().await;
        let kept = |entry| world.keychain.secret(entry).unwrap();
        let pair = (kept(Entry::AccessClientId), kept(Entry::AccessClientSecret));
        assert_eq!(world.cloudflare.credentials(), [pair]);
    }
}

/// What may be there before.
#[derive(Debug, Clone)]
struct Before {
    service_token: bool,
    policy: Option<&'static str>,
    application: bool,
    tunnel: bool,
    record: Option<&'static str>,
}

fn before() -> impl Strategy<Value = Before> {
    let decision = prop_oneof![Just("allow"), Just("non_identity"), Just("bypass")];
    let content = prop_oneof![Just("tunnel"), Just("shop.example.net")];
    (
        any::<bool>(),
        proptest::option::of(decision),
        any::<bool>(),
        any::<bool>(),
        proptest::option::of(content),
    )
        .prop_map(|(service_token, policy, application, tunnel, record)| Before {
            service_token,
            policy,
            application,
            tunnel,
            record,
        })
}

impl Before {
    async fn make(&self, world: &World) {
        let mut include = Vec::new();
        if self.service_token {
            let token =
                world.post("ACCOUNT/access/service_tokens", json!({"name": "triage-orchestrator"})).await;
            include.push(json!({"service_token": {"token_id": token["id"]}}));
        }
        let mut policies: Vec<Value> = Vec::new();
        if let Some(decision) = self.policy {
            let policy = json!({"name": "Service Token Access", "decision": decision, "include": include});
            policies.push(world.post("ACCOUNT/access/policies", policy).await["id"].clone());
        }
        if self.application {
            let app = json!({"name": "Mine", "type": "self_hosted", "domain": HOST, "policies": policies});
            world.post("ACCOUNT/access/apps", app).await;
        }
        let mut content = "nothing.cfargotunnel.com".to_owned();
        if self.tunnel {
            let tunnel = json!({"name": "ollama-tunnel", "config_src": "cloudflare"});
            let tunnel = world.post("ACCOUNT/cfd_tunnel", tunnel).await;
            let id = tunnel["id"].as_str().expect("an id");
            content = format!("{id}.cfargotunnel.com");
            let config = json!({"config": {"ingress": [{"service": "http_status:404"}]}});
            world.made(Method::PUT, &format!("ACCOUNT/cfd_tunnel/{id}/configurations"), config).await;
        }
        if let Some(target) = self.record {
            let content = if target == "tunnel" { content.as_str() } else { target };
            let record = json!({"type": "CNAME", "name": HOST, "content": content, "proxied": true});
            world.post("ZONE/dns_records", record).await;
        }
    }
}

fn faults() -> impl Strategy<Value = Vec<(u32, usize)>> {
    proptest::collection::vec((0..12_u32, 0..KINDS.len()), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_there_and_whatever_fails(before in before(), run in faults(), undo in faults()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            world.wanted.overwrite_dns = true;
            before.make(&world).await;
            let was = world.cloudflare.contents();
            run.iter().for_each(|(calls, kind)| fail_after(&world.cloudflare, *calls, KINDS[*kind]));
            world.run_to_the_end().await;
            world.cloudflare.faults.clear();
            assert!(world.sentences().await.is_empty(), "a second run does nothing");
            let contents = world.cloudflare.contents();
            for list in ["tunnels", "dns_records", "apps", "policies", "service_tokens"] {
                assert_eq!(contents[list].as_array().unwrap().len(), 1, "{list}: {contents}");
            }
            undo.iter().for_each(|(calls, kind)| fail_after(&world.cloudflare, *calls, KINDS[*kind]));
            world.undo_to_the_end().await;
            assert_eq!(world.cloudflare.contents(), was);
        });
    }
}
