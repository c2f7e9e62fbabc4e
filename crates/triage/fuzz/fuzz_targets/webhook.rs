//! A webhook's body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use triage::webhook::parse;

fuzz_target!(|body: &[u8]| {
    let _ = parse(body, None);
});
