//! The processes and stand-ins of a run, and each step played with them.

use std::cell::{RefCell, RefMut};
use std::time::Duration;

use sims::hubspot::Ticket;
use sims::samples;
use sims::sender::{Event, Sender};
use tokio::sync::Mutex;

use super::Ledger;
use super::plan::{Kind, Options, Send, Service, Step};
use crate::postgres::Server;
use crate::{Orchestrator, World, text};

/// Ids of the tickets begin here; Discord's messages are recognised by them.
const FIRST_TICKET: u64 = 31_000_000_000;

/// HubSpot tries again after this (the real one takes longer).
const SEND_AGAIN_AFTER: Duration = Duration::from_millis(300);

/// Everything that plays a part.
pub(super) struct Scene {
    pub(super) world: World,
    server: Mutex<Server>,
    orchestrators: [Mutex<Option<Orchestrator>>; 2],
    /// Ways to them; one that leads nowhere while they are dead.
    senders: RefCell<[Sender; 2]>,
    tickets: Vec<Ticket>,
    ledger: RefCell<Ledger>,
}

impl Scene {
    /// Postgres, the stand-ins and two orchestrators, all well.
    pub(super) async fn set(options: &Options) -> Self {
        let server = Server::start().await;
        let mut world = World::start().await;
        let settings = [
            ("DATABASE_URL", server.url.as_str()),
            ("WORKERS", "12"),
            ("LOCAL_LLM_CONCURRENCY", "4"),
            // Hanging calls end while there is something to see.
            ("LOCAL_LLM_TIMEOUT", "3s"),
            ("GROQ_TIMEOUT", "3s"),
        ];
        for (name, value) in settings {
            world.set(name, value);
        }
        world.ollama.set_delay(Duration::from_millis(80));
        world.groq.set_delay(Duration::from_millis(50));
        world.hubspot.unlimited();
        let samples = samples::all();
        let ticket = |n: usize| Ticket::of_sample(FIRST_TICKET + n as u64, &samples[n % samples.len()]);
        let tickets: Vec<Ticket> = (0..options.tickets).map(ticket).collect();
        tickets.iter().for_each(|ticket| world.hubspot.add_ticket(ticket.clone()));
        let migrated = world.run(&["migrate"]);
        assert!(migrated.status.success(), "{}", text(&migrated.stderr));
        let orchestrators = [world.serve().await, world.serve().await];
        let senders = orchestrators.each_ref().map(Orchestrator::sender);
        Self {
            world,
            server: Mutex::new(server),
            orchestrators: orchestrators.map(|orchestrator| Mutex::new(Some(orchestrator))),
            senders: RefCell::new(senders),
            tickets,
            ledger: RefCell::default(),
        }
    }

    pub(super) fn database(&self) -> &str {
        &self.world.settings["DATABASE_URL"]
    }

    pub(super) fn ledger(&self) -> RefMut<'_, Ledger> {
        self.ledger.borrow_mut()
    }

    /// Plays one step to its end.
    pub(super) async fn play(&self, step: Step) {
        match step {
            Step::Send(send) => self.send(send).await,
            Step::Kill { which, pause } => self.kill(which, pause).await,
            Step::Restart { how, pause } => {
                let server = self.server.lock().await;
                server.down(how).await;
                tokio::time::sleep(pause).await;
                server.up().await;
                self.ledger().restarts += 1;
            }
            Step::Fault { service, script } => {
                let script = self.faults(service).script(script);
                script.expect("the plan knows what the stand-ins understand");
            }
            Step::FaultsOff => {
                use Service::{Discord, Edge, Groq, HubSpot, Ollama};
                for service in [Ollama, Edge, Groq, HubSpot, Discord] {
                    self.faults(service).clear();
                }
            }
        }
    }

    /// Ends both orchestrators in an orderly way.
    pub(super) async fn end(&self) {
        for place in &self.orchestrators {
            let Some(orchestrator) = place.lock().await.take() else { continue };
            self.ledger().taken_over += orchestrator.count("job_taken_over");
            assert_eq!(orchestrator.terminate().await, Some(0), "an orchestrator does not end well");
        }
    }

    /// As HubSpot does: until the answer is 202, now here, now there.
    async fn send(&self, send: Send) {
        let tickets = &self.tickets[send.tickets];
        let mut events: Vec<Event> = tickets.iter().map(|ticket| Event::creation(ticket.id)).collect();
        let mut to = send.to;
        let mut left = if send.twice { 2 } else { 1 };
        while left > 0 {
            let sender = self.senders.borrow()[to].clone();
            let answer = match send.kind {
                Kind::Workflow => sender.workflow(&tickets[0]).await,
                Kind::Events => sender.events(&events).await,
            };
            to = 1 - to;
            events = events.into_iter().map(Event::retried).collect();
            if answer.as_ref().is_ok_and(|delivery| delivery.status == 202) {
                left -= 1;
                self.ledger().accept(tickets);
                continue;
            }
            match answer {
                Ok(_) => self.ledger().refused += 1,
                Err(_) => self.ledger().unanswered += 1,
            }
            tokio::time::sleep(SEND_AGAIN_AFTER).await;
        }
    }

    async fn kill(&self, which: usize, pause: Duration) {
        let mut place = self.orchestrators[which].lock().await;
        if let Some(mut orchestrator) = place.take() {
            orchestrator.kill();
            let mut ledger = self.ledger();
            ledger.taken_over += orchestrator.count("job_taken_over");
            ledger.kills += 1;
        }
        tokio::time::sleep(pause).await;
        let orchestrator = self.world.serve_unready().await;
        self.senders.borrow_mut()[which] = orchestrator.sender();
        *place = Some(orchestrator);
    }

    fn faults(&self, service: Service) -> &sims::Faults {
        match service {
            Service::Ollama => &self.world.ollama.faults,
            Service::Edge => &self.world.edge.faults,
            Service::Groq => &self.world.groq.faults,
            Service::HubSpot => &self.world.hubspot.faults,
            Service::Discord => &self.world.discord.faults,
        }
    }
}
