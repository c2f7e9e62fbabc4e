use link::Standing;
use secrecy::SecretString;

use super::*;
use crate::sealed::{Sealer, Unreadable};

const NOW: Timestamp = Timestamp::from_millis(1_795_392_000_000);

fn ago(millis: u64) -> Timestamp {
    Timestamp::from_millis(NOW.as_millis() - i64::try_from(millis).unwrap())
}

fn device(id: &str, state: Usability, heard: Option<u64>) -> DeviceSaid {
    DeviceSaid {
        id: id.to_owned(),
        name: format!("PC {id}"),
        last_seen_at: heard.map(ago),
        standing: Standing { state, why: Some("paused".to_owned()) },
        public_url: None,
    }
}

fn tunnel(device_id: &str, url: &str, verified: u64) -> TunnelRow {
    TunnelRow {
        device_id: device_id.to_owned(),
        url: url.to_owned(),
        model: "llama3.2:latest".to_owned(),
        client_id: None,
        client_secret: None,
        verified_at: ago(verified),
        expires_at: None,
    }
}

#[test]
fn the_word_of_a_device_counts_for_45_seconds() {
    let held = || Report::Unusable { why: "paused".to_owned() };
    let table = [
        (Usability::Usable, None, Report::Unknown),
        (Usability::Usable, Some(0), Report::Usable),
        (Usability::Usable, Some(SILENT_AFTER_MS - 1), Report::Usable),
        (Usability::Usable, Some(SILENT_AFTER_MS), Report::Silent),
        (Usability::Unusable, Some(SILENT_AFTER_MS - 1), held()),
        (Usability::Unusable, Some(SILENT_AFTER_MS), Report::Silent),
        (Usability::Unknown, Some(0), Report::Unknown),
    ];
    for (state, heard, expected) in table {
        assert_eq!(report_of(&device("a", state, heard), NOW), expected, "{state:?} {heard:?}");
    }
    let devices =
        [device("a", Usability::Usable, Some(SILENT_AFTER_MS)), device("b", Usability::Usable, Some(5_000))];
    assert_eq!(next_silence(&devices, NOW), Some(NOW.plus(std::time::Duration::from_secs(40))));
}

#[test]
fn behind_one_address_the_most_hopeful_device_speaks() {
    let worst_first =
        [Report::Silent, Report::Unusable { why: "paused".to_owned() }, Report::Unknown, Report::Usable];
    for pair in worst_first.windows(2) {
        assert!(rank(&pair[1]) < rank(&pair[0]), "{pair:?}");
    }
}

#[test]
fn there_is_one_machine_for_one_address_made_of_the_tunnel_that_was_proved_last() {
    let devices = ["a", "b", "c", "d"].map(|id| device(id, Usability::Usable, Some(0)));
    let tunnels = [
        tunnel("a", "https://one.example.com", 10),
        tunnel("b", "https://two.example.com", 10),
        tunnel("c", "https://one.example.com/", 5),
        tunnel("revoked", "https://three.example.com", 5),
    ];
    let groups: Vec<_> = by_address(&devices, &tunnels)
        .into_iter()
        .map(|(tunnel, names)| (tunnel.device_id.as_str(), names))
        .collect();
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(groups, [("c", names(&["c", "a"])), ("b", names(&["b"]))]);
}

#[test]
fn credentials_open_only_with_their_key_and_in_their_place() {
    let settings = |key: &str| {
        let vars = [("APP_ENV", "test"), ("SECRETS_KEY", key)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Config::read(&vars.into()).unwrap()
    };
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let sealer = Sealer::parse(key).unwrap();
    let seal = |place: &str| Some(sealer.seal(place, &SecretString::from("secret".to_owned())));
    let row = TunnelRow {
        client_id: seal("tunnels/a/client_id"),
        client_secret: seal("tunnels/a/client_secret"),
        ..tunnel("a", "https://one.example.com", 0)
    };
    assert!(opened(&settings(key), &row).unwrap().access.is_some());
    assert_eq!(opened(&settings(""), &row).unwrap_err(), Closed::Unusable(Unusable::NoKey));
    let other = "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    assert_eq!(
        opened(&settings(other), &row).unwrap_err(),
        Closed::Unusable(Unusable::Unreadable(Unreadable::OtherKey))
    );
    let moved = TunnelRow { device_id: "b".to_owned(), ..row.clone() };
    assert_eq!(
        opened(&settings(key), &moved).unwrap_err(),
        Closed::Unusable(Unusable::Unreadable(Unreadable::Damaged))
    );
    let nowhere = TunnelRow { url: "nowhere".to_owned(), ..row };
    assert_eq!(opened(&settings(key), &nowhere).unwrap_err(), Closed::NoAddress);
}
