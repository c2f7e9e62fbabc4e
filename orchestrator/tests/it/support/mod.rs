//! What the tests have in common: databases of their own, and an orchestrator among stand-ins.

mod app;
mod database;
mod device;
pub(crate) mod devices;
pub(crate) mod fleet;
mod log;
mod proxy;

pub(crate) use app::{Patience, TOKEN, TestApp, World};
pub(crate) use database::Database;
pub(crate) use device::{Device, Stream};
pub(crate) use log::Log;
pub(crate) use proxy::Proxy;

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// Longer than anything here takes; whoever waits this long has found a bug.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for a condition.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    until_ok(what, async || look().await.ok_or("it is not so")).await
}

/// Waits for a condition that says what it sees instead.
pub(crate) async fn until_ok<T, E: Debug>(what: &str, mut look: impl AsyncFnMut() -> Result<T, E>) -> T {
    let mut look_again = tokio::time::interval(Duration::from_millis(5));
    let started = Instant::now();
    loop {
        look_again.tick().await;
        match look().await {
            Ok(found) => return found,
            Err(seen) => {
                assert!(started.elapsed() < PATIENCE, "waited in vain for: {what}; at last: {seen:#?}")
            }
        }
    }
}

/// Makes two tests of one: `name::sqlite` and `name::postgres`.
macro_rules! on_both {
    ($(#[$meta:meta])* async fn $name:ident($database:ident) $body:block) => {
        $(#[$meta])*
        mod $name {
            #[allow(clippy::allow_attributes, unused_imports, reason = "not every test needs them all")]
            use super::*;

            async fn test($database: crate::support::Database) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                test(crate::support::Database::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                match crate::support::Database::postgres().await {
                    Some(database) => test(database).await,
                    None => eprintln!("skipped: TEST_DATABASE_URL is not set"),
                }
            }
        }
    };
}
