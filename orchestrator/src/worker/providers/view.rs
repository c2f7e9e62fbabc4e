//! How the providers look to others: to `/health`, and to the devices themselves.

use link::{Elsewhere, Standing, Usability};
use triage::stage::{Availability, CloudFallback};

use super::Providers;
use super::endpoint::{Endpoint, LastUse, Troubles};
use super::machines::Machine;

/// How a provider is doing.
#[derive(Debug, Clone)]
pub struct Condition {
    /// Its name for people.
    pub name: String,
    /// Why it is not asked now.
    pub trouble: Option<String>,
    /// Its last use.
    pub last: Option<LastUse>,
}

impl Providers {
    /// How the team's machines are doing.
    pub fn local(&self) -> Vec<Condition> {
        self.machines().iter().map(|machine| condition(&machine.name, &machine.endpoint)).collect()
    }

    /// How Groq is doing, if it is set up.
    pub fn groq(&self) -> Option<Condition> {
        self.groq.as_ref().map(|groq| condition("Groq", groq))
    }

    /// Whether the model on a device can be used, as far as calls through its tunnel have shown.
    pub fn view_of(&self, device_id: &str) -> Standing {
        let machines = self.machines();
        let Some(machine) = machines.iter().find(|machine| machine.devices.iter().any(|d| d == device_id))
        else {
            return Standing::default();
        };
        let unknown = |why: String| Standing { state: Usability::Unknown, why: Some(why) };
        match (machine.endpoint.troubles(), machine.endpoint.last_use()) {
            (Troubles { broken: Some(why), .. }, _) => {
                Standing { state: Usability::Unusable, why: Some(why) }
            }
            (Troubles { held: Some(_), .. }, _) => {
                unknown("it is not called while the machine itself says that it cannot be used".to_owned())
            }
            (Troubles { doubted: Some(why), .. }, _) => {
                unknown(format!("it answers again, and the next ticket will show whether it works: {why}"))
            }
            (_, Some(LastUse { result: Err(why), .. })) => unknown(why),
            (_, None) if !machine.is_verified() => Standing::default(),
            (_, _) => Standing { state: Usability::Usable, why: None },
        }
    }

    /// What becomes of tickets that cannot be triaged on a device.
    pub fn elsewhere(&self, device_id: &str) -> Elsewhere {
        let now = self.clock.now();
        let is_other = |machine: &&Machine| !machine.devices.iter().any(|device| device == device_id);
        let is_ready = |endpoint: &Endpoint| endpoint.availability(now) == Availability::Ready;
        let other = self.machines().iter().filter(is_other).any(|machine| is_ready(&machine.endpoint));
        match self.cloud {
            _ if other => Elsewhere::AnotherDevice,
            CloudFallback::Redacted | CloudFallback::Full
                if self.groq.as_ref().is_some_and(|groq| is_ready(groq)) =>
            {
                Elsewhere::Groq
            }
            CloudFallback::Redacted | CloudFallback::Full | CloudFallback::Off => Elsewhere::Wait,
        }
    }
}

fn condition(name: &str, endpoint: &Endpoint) -> Condition {
    let Troubles { held, broken, .. } = endpoint.troubles();
    Condition { name: name.to_owned(), trouble: held.or(broken), last: endpoint.last_use() }
}
