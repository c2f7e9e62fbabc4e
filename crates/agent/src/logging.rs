//! What the running agent writes about itself: lines on standard error, for a terminal or a service's journal.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Begins. `wanted` is the value of [`crate::environment::LOG`]; call it once.
pub fn begin(wanted: Option<&str>) {
    let filter = EnvFilter::try_new(wanted.unwrap_or("info")).unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}
