//! Every decision about what deserves a person, and nothing else: no clock, no randomness, no environment, no files,
//! no network, no async.
//!
//! [`incident`] is the life of one bad state, whatever it is about. [`rule`] feeds it with what the machine reports
//! and keeps what must be remembered; [`notice`] has the kinds and the words; [`quiet`] the hours without notices. [`service`]
//! is the orchestrator's side: which alerts should be open.
//!
//! All moments are durations since one origin of the caller's choice on a clock that does not jump back.

pub mod incident;
pub mod notice;
pub mod quiet;
pub mod rule;
pub mod service;
