//! The models as one orchestrator sees them, as `worker/providers.rs` makes it: breakers, slots and probes.

use std::rc::Rc;

use triage::breaker::{Admission, Signal};
use triage::stage::{Availability, Machine, MachineId, World as Routes};
use triage::ticket::Provider;
use triage::time::Timestamp;

use super::clockwork::NEVER;
use super::process::Process;
use super::world::Mood;

pub(crate) const fn number(provider: Provider) -> usize {
    match provider {
        Provider::Local => 0,
        Provider::Groq => 1,
    }
}

impl Process {
    fn has(&self, provider: Provider) -> bool {
        match provider {
            Provider::Local => self.world.plan.has_local,
            Provider::Groq => self.world.plan.has_groq,
        }
    }

    /// What the routing looks at.
    pub(crate) fn routes(&self, now: Timestamp) -> Routes {
        let of = |provider| {
            if !self.has(provider) {
                return Availability::NotConfigured;
            }
            match self.breakers[number(provider)].borrow().admits(now) {
                Admission::Yes => Availability::Ready,
                Admission::No { until, why } => Availability::Unavailable { until, why },
            }
        };
        let machine = Machine {
            id: MachineId::new("environment"),
            name: "ollama.example.com".to_owned(),
            availability: of(Provider::Local),
            busy_permille: 0,
        };
        let local = if self.has(Provider::Local) { vec![machine] } else { Vec::new() };
        Routes { local, groq: of(Provider::Groq), cloud: self.world.plan.cloud }
    }

    /// Waits for a free slot and asks the breaker.
    pub(crate) async fn admit(&self, provider: Provider) -> Option<Call<'_>> {
        let free = &self.free_calls[number(provider)];
        while free.get() == 0 {
            self.learned.wait(&self.world.clockwork, NEVER).await;
        }
        let mut breaker = self.breakers[number(provider)].borrow_mut();
        if breaker.admits(self.now()) != Admission::Yes {
            return None;
        }
        breaker.begin_call(self.now());
        free.set(free.get() - 1);
        Some(Call { process: self, provider, is_reported: false })
    }

    pub(super) async fn probe(self: Rc<Self>, provider: Provider) {
        let (which, clockwork) = (number(provider), &self.world.clockwork);
        loop {
            let heard = self.learned.heard();
            let due = self.breakers[which].borrow().probe_due();
            let Some(due) = due else {
                self.learned.wait_since(heard, clockwork, NEVER).await;
                continue;
            };
            let wait = due.as_millis() - self.now().as_millis();
            clockwork.sleep(wait.clamp(200, 60_000)).await;
            if !self.breakers[which].borrow_mut().begin_probe(self.now()) {
                continue;
            }
            self.boundary().await;
            let answers = self.world.is_calm.get() || self.world.moods[which].get() != Mood::Gone;
            clockwork.trace(|| format!("P{} probes {provider}: {answers}", self.index));
            let result = if answers { Ok(()) } else { Err("down".to_owned()) };
            self.breakers[which].borrow_mut().end_probe(result, self.now());
            if answers {
                self.look_again();
            }
        }
    }
}

/// Leave to make one call.
pub(crate) struct Call<'a> {
    process: &'a Process,
    provider: Provider,
    is_reported: bool,
}

impl Call<'_> {
    /// Teaches the breaker what came of it; `true` when that closed it.
    pub(crate) fn report(mut self, signal: Signal) -> bool {
        self.is_reported = true;
        let mut breaker = self.process.breakers[number(self.provider)].borrow_mut();
        let was_open = breaker.is_open();
        let works = signal == Signal::Works;
        breaker.record(signal, self.process.now());
        let is_first = works && !self.process.proved[number(self.provider)].replace(true);
        was_open && !breaker.is_open() || is_first
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let (process, which) = (self.process, number(self.provider));
        if !self.is_reported {
            let now = process.now();
            process.breakers[which].borrow_mut().record(Signal::Busy { until: now }, now);
        }
        process.free_calls[which].set(process.free_calls[which].get() + 1);
        process.learned.ring(&process.world.clockwork);
    }
}
