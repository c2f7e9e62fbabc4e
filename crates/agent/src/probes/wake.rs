//! Telling that the machine slept from its clocks.
//!
//! Most steady clocks stand still while the machine sleeps (`CLOCK_MONOTONIC`, `CLOCK_UPTIME_RAW`), so the wall clock
//! gets ahead of them; where they go on (Windows), a tick comes much too late instead. A wall clock that was set
//! forward looks the same and costs one round of looks.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use supervise::Moment;
use tokio::time::Instant;

/// A busy machine is not a sleeping one.
const AHEAD: Duration = Duration::from_secs(15);
const LATE: Duration = Duration::from_secs(30);

/// The wall clock.
pub type WallClock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// The clocks of the machine.
#[derive(Clone)]
pub struct Clocks {
    /// When the agent started: the origin of its moments.
    pub started: Instant,
    /// What time people have.
    pub wall: WallClock,
}

impl Clocks {
    /// The real ones; the agent starts now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock that others are given")]
    pub fn real() -> Self {
        Self { started: Instant::now(), wall: Arc::new(SystemTime::now) }
    }

    /// The moment it is.
    #[must_use]
    pub fn moment(&self) -> Moment {
        Moment::default().plus(self.started.elapsed())
    }

    pub(super) fn tick(&self) -> Tick {
        Tick { steady: Instant::now(), wall: (self.wall)() }
    }
}

/// Both clocks at one time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tick {
    steady: Instant,
    wall: SystemTime,
}

/// How long the machine slept between two ticks that were to be at most `due` apart; `None` when it did not.
pub(super) fn slept(before: Tick, after: Tick, due: Duration) -> Option<Duration> {
    let steady = after.steady.duration_since(before.steady);
    // A wall clock that was set back is no sleep.
    let wall = after.wall.duration_since(before.wall).unwrap_or_default();
    let (ahead, late) = (wall.saturating_sub(steady), steady.saturating_sub(due));
    if ahead >= AHEAD {
        Some(ahead)
    } else if late >= LATE {
        Some(late)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleep_is_told_from_load_and_from_a_clock_that_was_set_back() {
        let seconds = Duration::from_secs;
        let start = Tick { steady: Instant::now(), wall: SystemTime::UNIX_EPOCH + seconds(1_000_000) };
        for (steady, wall, expected) in [
            (5, 5, None),
            (5, 19, None),
            (5, 20, Some(15)),
            (5, 3600, Some(3595)),
            (34, 34, None),
            (35, 35, Some(30)),
            (3600, 3600, Some(3595)),
            (5, -3600, None),
        ] {
            let wall_is = if wall < 0 {
                start.wall - seconds(u64::from(i32::unsigned_abs(wall)))
            } else {
                start.wall + seconds(u64::from(i32::unsigned_abs(wall)))
            };
            let after = Tick { steady: start.steady + seconds(steady), wall: wall_is };
            assert_eq!(slept(start, after, seconds(5)), expected.map(seconds), "{steady} {wall}");
        }
    }
}
