//! The only reader of the wall clock and of chance here: stand-ins need both for time stamps and ids, never to decide.

use chrono::{DateTime, SecondsFormat, Utc};
use std::sync::atomic::{AtomicU64, Ordering};

/// The time of day.
#[expect(clippy::disallowed_methods, reason = "stamps on answers; no decision depends on it")]
#[must_use]
pub fn now() -> DateTime<Utc> {
    std::time::SystemTime::now().into()
}

/// `2026-11-23T00:00:00.123Z`.
pub(crate) fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Numbers that differ from call to call and from process to process, spread well enough for ids and shuffling.
pub(crate) fn scatter() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut mixed = now().timestamp_micros().unsigned_abs() ^ (u64::from(std::process::id()) << 40);
    mixed = mixed.wrapping_add(count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A random-looking UUID in its usual spelling.
pub(crate) fn uuid() -> String {
    let (high, low) = (scatter(), scatter());
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}
