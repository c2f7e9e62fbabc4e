//! `orchestrator doctor`: the set-up line by line.

use std::collections::BTreeMap;

use link::Usability;
use orchestrator::commands::doctor::{Health, Line, examine};

use crate::support::TestApp;
use crate::support::fleet::{Pc, SECRETS_KEY, pair, says};

fn of<'a>(lines: &'a [Line], part: &str) -> Vec<(Health, &'a str)> {
    lines.iter().filter(|line| line.part == part).map(|line| (line.health, line.sentence.as_str())).collect()
}

fn worst(lines: &[Line]) -> BTreeMap<&str, Health> {
    let mut worst = BTreeMap::new();
    for line in lines {
        let entry = worst.entry(line.part).or_insert(line.health);
        *entry = line.health.max(*entry);
    }
    worst
}

on_both! {
    async fn a_set_up_in_order_has_nothing_to_mend(database) {
        let app = TestApp::start(&database, &[("PUBLIC_URL", "https://triage.example.com"), ("SECRETS_KEY", SECRETS_KEY)]).await;
        app.world.edge.set_path_allow_list(true);
        let pc = Pc::start().await;
        pc.edge.set_path_allow_list(true);
        pair(&database, &app.app, "a", &pc).await;
        says(&database, &app.app, "a", Usability::Usable, "").await;
        let lines = examine(&app.app.config).await;
        assert!(lines.iter().all(|line| line.health == Health::Ok && line.fix.is_none()), "{lines:#?}");
        assert_eq!(of(&lines, "machine").len(), 2, "the device's and the one of the settings");
        assert_eq!(of(&lines, "outside").len(), 2);
        assert_eq!(of(&lines, "device"), [(Health::Ok, "PC a says that it can triage tickets.")]);
        assert!(app.app.store.devices().await.unwrap()[0].receipt.is_some(), "the fresh receipt is kept");
        assert!(app.world.discord.messages().is_empty(), "nobody is written to");
    }
}

on_both! {
    async fn whatever_is_broken_has_a_line_with_its_fix(database) {
        let app = TestApp::start(&database, &[("SECRETS_KEY", SECRETS_KEY), ("LOCAL_LLM_MODEL", "missing:1b")]).await;
        let pc = Pc::start().await;
        pair(&database, &app.app, "a", &pc).await;
        says(&database, &app.app, "a", Usability::Unusable, "ollama does not run").await;
        pc.edge.set_protected(false);
        app.world.hubspot.faults.script("401").unwrap();
        app.world.groq.stop().await;
        app.world.discord.stop().await;
        let lines = examine(&app.app.config).await;
        let worst = worst(&lines);
        for part in ["hubspot", "discord", "groq", "device", "machine", "outside"] {
            assert_eq!(worst[part], Health::Fail, "{part}: {lines:#?}");
        }
        assert_eq!((worst["database"], worst["secrets_key"], worst["settings"]), (Health::Ok, Health::Ok, Health::Warn));
        assert!(lines.iter().all(|line| (line.health == Health::Ok) == line.fix.is_none()), "{lines:#?}");
        let lines_of = |part| of(&lines, part).into_iter().map(|(_, sentence)| sentence).collect::<Vec<_>>().join("\n");
        assert!(lines_of("machine").contains("does not have the model missing:1b"), "{}", lines_of("machine"));
        assert!(lines_of("outside").contains("PC a is open to strangers: without_token: "), "{}", lines_of("outside"));
        assert!(lines_of("device").contains("ollama does not run"));
        let text = format!("{lines:?}");
        for secret in ["old-secret", "secret-of-the-tests", sims::groq::KEY, sims::hubspot::TOKEN] {
            assert!(!text.contains(secret), "{secret} shows");
        }
    }
}

on_both! {
    async fn a_token_of_another_account_is_named(database) {
        let app = TestApp::start(&database, &[("HUBSPOT_PORTAL_ID", "4711")]).await;
        let lines = examine(&app.app.config).await;
        let other = "The access token is of account 20260001, and HUBSPOT_PORTAL_ID is 4711: none of its tickets can be read.";
        assert_eq!(of(&lines, "hubspot"), [(Health::Fail, other)]);
        let app = TestApp::join(&database, app.world.clone(), &[("HUBSPOT_PORTAL_ID", "20260001")]).await;
        let own = (Health::Ok, "It accepts the access token, which is of account 20260001.");
        assert_eq!(of(&examine(&app.app.config).await, "hubspot"), [own]);
        app.world.hubspot.faults.script("403 once on account-info").unwrap();
        let mute = (Health::Ok, "It accepts the access token, and does not tell of which account it is.");
        assert_eq!(of(&examine(&app.app.config).await, "hubspot"), [mute]);
    }
}

on_both! {
    async fn a_key_that_does_not_open_the_tunnels_is_named_and_a_silent_machine_too(database) {
        let app = TestApp::start(&database, &[("SECRETS_KEY", SECRETS_KEY)]).await;
        let pc = Pc::start().await;
        pair(&database, &app.app, "a", &pc).await;
        let other = TestApp::join(&database, app.world.clone(), &[("SECRETS_KEY", "")]).await;
        let lines = examine(&other.app.config).await;
        assert_eq!(of(&lines, "secrets_key"), [(Health::Fail, "The credentials of 1 of 1 tunnels cannot be read.")]);
        assert_eq!(of(&lines, "device"), [(Health::Warn, "PC a has not been heard of since it was paired.")]);
        assert_eq!(of(&lines, "machine")[0], (Health::Fail, "The tunnel of PC a cannot be used: there is no SECRETS_KEY to open its credentials with."));
    }
}
