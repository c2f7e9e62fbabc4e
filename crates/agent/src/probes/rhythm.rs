//! How often each thing is looked at, and how long a look may take. PURE.

use std::time::Duration;

/// One thing that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Probe {
    /// Ollama's `/api/version`.
    OllamaApi,
    /// Ollama's models, on the disk and in memory.
    Models,
    /// Who can reach Ollama's port without the tunnel.
    Binding,
    /// cloudflared's `/ready`.
    Ready,
    /// The public address, with the service token.
    Public,
    /// The public address as a stranger calls it.
    WithoutToken,
}

impl Probe {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::OllamaApi, Self::Models, Self::Binding, Self::Ready, Self::Public, Self::WithoutToken];

    /// Its place in [`Probe::ALL`].
    pub(super) const fn index(self) -> usize {
        self as usize
    }

    /// How long after a look that went well (or not) the next one is due.
    pub(super) const fn period(self, was_well: bool) -> Duration {
        let seconds = match (self, was_well) {
            (Self::OllamaApi, true) => 10,
            (Self::OllamaApi, false) => 5,
            (Self::Models, true) => 60,
            (Self::Models, false) => 10,
            (Self::Binding, true | false) => 5 * 60,
            (Self::Ready, true | false) => 5,
            (Self::Public, true) => 2 * 60,
            (Self::Public, false) => 10,
            (Self::WithoutToken, true) => 15 * 60,
            // Nobody should have to wait to see that the address is closed again.
            (Self::WithoutToken, false) => 60,
        };
        Duration::from_secs(seconds)
    }

    /// How long a look may take.
    pub(super) const fn time_limit(self) -> Duration {
        Duration::from_secs(match self {
            Self::Ready | Self::Binding => 3,
            Self::OllamaApi => 5,
            Self::Models => 10,
            Self::Public | Self::WithoutToken => 15,
        })
    }

    /// What may have changed when this begins to go well again.
    pub(super) const fn recovery_shows_in(self) -> &'static [Self] {
        match self {
            // Ollama was started again, perhaps with other settings.
            Self::OllamaApi => &[Self::Models, Self::Binding],
            Self::Models | Self::Binding | Self::Ready | Self::Public | Self::WithoutToken => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_the_probes_own() {
        for (index, probe) in Probe::ALL.into_iter().enumerate() {
            assert_eq!(probe.index(), index);
        }
    }

    #[test]
    fn nothing_is_looked_at_less_often_when_it_is_broken() {
        for probe in Probe::ALL {
            assert!(probe.period(false) <= probe.period(true), "{probe:?}");
        }
    }
}
