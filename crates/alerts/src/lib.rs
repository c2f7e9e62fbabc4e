//! Every decision about what deserves a person, and nothing else: no clock, no randomness, no environment, no files,
//! no network, no async.
