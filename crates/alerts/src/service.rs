//! What the orchestrator's operators should look at: from what is known of the paired machines to the alerts that
//! should be open now. Whoever keeps alerts raises what is missing, changes what reads differently and clears the rest.

use std::time::Duration;

/// A machine not heard of for so long has an alert.
pub const SILENT_AFTER: Duration = Duration::from_secs(5 * 60);

/// Credentials that end within so many days have an alert.
pub const FIRST_WARNING_DAYS: u64 = 30;

/// From so many days on it says that it is soon.
pub const SOON_DAYS: u64 = 7;

/// From so many days on it is urgent.
pub const LAST_DAYS: u64 = 1;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What is known of a paired machine. Moments are durations since one origin of the caller's choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// When it was last heard of; when it was paired, if never since.
    pub heard_at: Duration,
    /// How somebody without its credentials reaches its model, as a sentence without a full stop.
    pub exposed: Option<String>,
    /// When the credentials of its tunnel end.
    pub credentials_end_at: Option<Duration>,
}

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The machine does not report any more.
    DeviceSilent,
    /// Anybody on the internet can reach the model.
    TunnelExposed,
    /// The credentials of its tunnel end soon.
    CredentialsExpire,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 3] = [Self::DeviceSilent, Self::TunnelExposed, Self::CredentialsExpire];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DeviceSilent => "device_silent",
            Self::TunnelExposed => "tunnel_exposed",
            Self::CredentialsExpire => "credentials_expire",
        }
    }
}

/// How soon a person should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// When they next read their mail.
    Email,
    /// Now.
    Page,
}

impl Urgency {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Page => "page",
        }
    }
}

/// An alert that should be open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its rule.
    pub rule: Rule,
    /// The machine's id; of each rule and machine there is one at most.
    pub subject: String,
    /// How urgent it is.
    pub urgency: Urgency,
    /// What is wrong.
    pub sentence: String,
    /// What to do about it.
    pub what_to_do: String,
}

/// The alerts that should be open now.
pub fn wanted(devices: &[Device], now: Duration) -> Vec<Wanted> {
    let of = |device| [silent(device, now), exposed(device), expire(device, now)];
    devices.iter().flat_map(of).flatten().collect()
}

fn silent(device: &Device, now: Duration) -> Option<Wanted> {
    // Without a span of time in its words: they would read differently at every look.
    (now.saturating_sub(device.heard_at) >= SILENT_AFTER).then(|| Wanted {
        rule: Rule::DeviceSilent,
        subject: device.id.clone(),
        urgency: Urgency::Email,
        sentence: format!("{} does not report any more.", device.name),
        what_to_do: "Look whether the machine is on, connected to the internet, and runs the tray app or `triage-agent run`. If it is gone for good: `orchestrator devices revoke`.".to_owned(),
    })
}

fn exposed(device: &Device) -> Option<Wanted> {
    let how = device.exposed.as_ref()?;
    Some(Wanted {
        rule: Rule::TunnelExposed,
        subject: device.id.clone(),
        urgency: Urgency::Page,
        sentence: format!("Strangers can reach the model on {}: {how}.", device.name),
        what_to_do: "Stop the tunnel on that machine. Give its hostname in Cloudflare Access a policy of the kind Service Auth and only the paths of the tunnel's config.yml, then look again with `orchestrator doctor`.".to_owned(),
    })
}

fn expire(device: &Device, now: Duration) -> Option<Wanted> {
    let left = device.credentials_end_at?.saturating_sub(now);
    let days = left.as_secs().div_ceil(DAY.as_secs());
    if days > FIRST_WARNING_DAYS {
        return None;
    }
    let (urgency, when) = match days {
        0 => (Urgency::Page, "have expired".to_owned()),
        1..=LAST_DAYS => (Urgency::Page, "expire within a day".to_owned()),
        2..=SOON_DAYS => (Urgency::Email, format!("expire soon, in {days} days")),
        _ => (Urgency::Email, format!("expire in {days} days")),
    };
    Some(Wanted {
        rule: Rule::CredentialsExpire,
        subject: device.id.clone(),
        urgency,
        sentence: format!("The Access credentials of {}'s tunnel {when}.", device.name),
        what_to_do: "Enter a new service token on that machine, under Setup; the old one serves until the new one is proven.".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_795_392_000);

    fn device() -> Device {
        Device {
            id: "d1".to_owned(),
            name: "studio".to_owned(),
            heard_at: NOW,
            exposed: None,
            credentials_end_at: None,
        }
    }

    fn of(device: &Device, now: Duration) -> Vec<(Rule, Urgency, String)> {
        wanted(std::slice::from_ref(device), now)
            .into_iter()
            .map(|w| (w.rule, w.urgency, w.sentence))
            .collect()
    }

    #[test]
    fn a_machine_is_silent_after_five_minutes() {
        let almost = NOW + SILENT_AFTER - Duration::from_millis(1);
        assert_eq!(of(&device(), almost), []);
        let expected = (Rule::DeviceSilent, Urgency::Email, "studio does not report any more.".to_owned());
        assert_eq!(of(&device(), NOW + SILENT_AFTER).first(), Some(&expected));
        assert_eq!(
            of(&device(), NOW + SILENT_AFTER * 100),
            [expected],
            "it reads the same however long it lasts"
        );
        let ahead = Device { heard_at: NOW + DAY, ..device() };
        assert_eq!(of(&ahead, NOW), [], "a clock that was set back makes nobody silent");
    }

    #[test]
    fn an_open_tunnel_is_urgent_at_once() {
        let open = Device { exposed: Some("a call without token was answered".to_owned()), ..device() };
        let sentence =
            "Strangers can reach the model on studio: a call without token was answered.".to_owned();
        assert_eq!(of(&open, NOW), [(Rule::TunnelExposed, Urgency::Page, sentence)]);
    }

    #[test]
    fn credentials_count_down_and_grow_urgent() {
        let hour = Duration::from_secs(3600);
        let table = [
            (DAY * 30 + hour, None),
            (DAY * 30, Some((Urgency::Email, "expire in 30 days"))),
            (DAY * 7 + hour, Some((Urgency::Email, "expire in 8 days"))),
            (DAY * 7, Some((Urgency::Email, "expire soon, in 7 days"))),
            (DAY + hour, Some((Urgency::Email, "expire soon, in 2 days"))),
            (DAY, Some((Urgency::Page, "expire within a day"))),
            (hour, Some((Urgency::Page, "expire within a day"))),
            (Duration::ZERO, Some((Urgency::Page, "have expired"))),
        ];
        for (left, expected) in table {
            let device = Device { credentials_end_at: Some(NOW + left), ..device() };
            let expected: Vec<_> = expected
                .map(|(urgency, when)| {
                    let sentence = format!("The Access credentials of studio's tunnel {when}.");
                    (Rule::CredentialsExpire, urgency, sentence)
                })
                .into_iter()
                .collect();
            assert_eq!(of(&device, NOW), expected, "{left:?} left");
        }
        let past = Device { credentials_end_at: Some(NOW - DAY), ..device() };
        assert_eq!(of(&past, NOW).len(), 1, "they stay so after their end");
    }

    #[test]
    fn each_machine_has_alerts_of_its_own() {
        let open = Device { exposed: Some("x".to_owned()), credentials_end_at: Some(NOW), ..device() };
        let other = Device { id: "d2".to_owned(), heard_at: Duration::ZERO, ..device() };
        let all = wanted(&[open, other], NOW);
        let all: Vec<_> = all.iter().map(|w| (w.subject.as_str(), w.rule.as_str())).collect();
        assert_eq!(all, [("d1", "tunnel_exposed"), ("d1", "credentials_expire"), ("d2", "device_silent")]);
    }
}
