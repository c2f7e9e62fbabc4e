//! Properties of notices under any course of events.

use std::time::Duration;

use alerts::notice::{Notice, Trouble};
use alerts::rule::{Click, Event, Memory, Now, Rules, observe};
use proptest::prelude::*;

const SUBJECT: &str = "tunnel";

/// A choice of event and the seconds before it.
fn course(longest_wait: u64) -> impl Strategy<Value = Vec<(u8, u64)>> {
    prop::collection::vec((0u8..12, 0..longest_wait), 1..400)
}

fn event(choice: u8) -> Event {
    match choice {
        0..=3 => bad(),
        4..=7 => good(),
        8 => Event::Woke,
        9 => Event::Clicked(Click::Started),
        10 => Event::Clicked(Click::Halted),
        _ => Event::Tick,
    }
}

fn bad() -> Event {
    Event::Bad { trouble: Trouble::TunnelDown, subject: SUBJECT.to_owned(), body: "Down.".to_owned() }
}

fn good() -> Event {
    Event::Good { trouble: Trouble::TunnelDown, subject: SUBJECT.to_owned() }
}

/// A machine that ticks every second between its events.
#[derive(Default)]
struct Machine {
    memory: Memory,
    seconds: u64,
    told: Vec<(u64, Notice)>,
}

impl Machine {
    fn tell(&mut self, event: &Event) {
        let now = Now { moment: Duration::from_secs(self.seconds), local_minute: 0 };
        let (memory, notices) = observe(std::mem::take(&mut self.memory), event, now, &Rules::default());
        self.memory = memory;
        self.told.extend(notices.into_iter().map(|notice| (self.seconds, notice)));
    }

    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.seconds += 1;
            self.tell(&Event::Tick);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_incident_told_has_exactly_one_end(course in course(90)) {
        let mut machine = Machine::default();
        for (choice, wait) in course {
            machine.pass(wait);
            machine.tell(&event(choice));
        }
        machine.tell(&good());
        machine.pass(3600);
        let ends: Vec<bool> = machine.told.iter().map(|(_, notice)| notice.is_recovery).collect();
        let alternating: Vec<bool> = (0..ends.len()).map(|index| index % 2 == 1).collect();
        prop_assert_eq!(&ends, &alternating);
        prop_assert!(ends.len().is_multiple_of(2));
    }

    #[test]
    fn a_blip_under_half_a_minute_is_never_told(blips in prop::collection::vec((1u64..30, 1u64..200), 1..40)) {
        let mut machine = Machine::default();
        for (down, up) in blips {
            machine.tell(&bad());
            machine.pass(down - 1);
            machine.seconds += 1;
            machine.tell(&good());
            machine.pass(up);
        }
        prop_assert_eq!(machine.told, vec![]);
    }

    #[test]
    fn what_stays_down_is_told(course in course(40)) {
        let mut machine = Machine::default();
        for (choice, wait) in course {
            machine.pass(wait);
            machine.tell(&event(choice));
        }
        machine.tell(&Event::Clicked(Click::Started));
        machine.tell(&bad());
        machine.pass(91);
        prop_assert!(machine.told.last().is_some_and(|(_, notice)| !notice.is_recovery));
    }

    #[test]
    fn flapping_is_no_stream(flaps in prop::collection::vec((1u64..400, 1u64..400), 100..200)) {
        let mut machine = Machine::default();
        for (down, up) in flaps {
            machine.tell(&bad());
            machine.pass(down);
            machine.tell(&good());
            machine.pass(up);
        }
        for (at, _) in &machine.told {
            let within_an_hour = machine.told.iter().filter(|(other, _)| (*at..at + 3600).contains(other)).count();
            prop_assert!(within_an_hour <= 16, "{within_an_hour} notices within an hour");
        }
    }

    #[test]
    fn nothing_is_told_right_after_waking(course in course(90)) {
        let (mut machine, mut held_until) = (Machine::default(), 0);
        for (choice, wait) in course {
            machine.pass(wait);
            match event(choice) {
                Event::Woke => held_until = machine.seconds + 30,
                Event::Clicked(_) | Event::Bad { .. } | Event::Good { .. } | Event::Tick => {}
                Event::Moot { .. } | Event::Happened { .. } | Event::Withdrawn { .. } => {
                    unreachable!("not among the choices")
                }
            }
            let before = machine.told.len();
            machine.tell(&event(choice));
            machine.pass(held_until.saturating_sub(machine.seconds).saturating_sub(1));
            if machine.seconds < held_until {
                prop_assert_eq!(machine.told.len(), before);
            }
        }
    }
}
