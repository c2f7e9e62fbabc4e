//! Signatures: what is signed is accepted, also with HubSpot's escapes in the address, and nothing else is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use triage::signature::{Headers, Refusal, Request, sign, verify};
use triage::time::Timestamp;

const AT: &str = "1795392000000";

fuzz_target!(|input: (&str, &[u8], &str, &str)| {
    let (url, body, secret, given) = input;
    let request = Request { method: "POST", url, body };
    let check = |request: Request<'_>, signature: &str, at: &str| {
        let headers =
            Headers { v3: Some(signature), timestamp: Some(at), old: Some(given), old_version: Some("v2") };
        verify(request, headers, &[secret], true, Timestamp::from_millis(1_795_392_000_000))
    };
    let signature = sign(request, AT, secret);
    assert_eq!(check(request, &signature, AT), Ok(()));
    assert!(given == signature || check(request, given, AT) == Err(Refusal::Wrong));
    assert!(given == AT || check(request, &signature, given).is_err());
    if !url.contains('%') {
        let escaped = url.replace(':', "%3A").replace('/', "%2f").replace('$', "%24");
        assert_eq!(check(Request { url: &escaped, ..request }, &signature, AT), Ok(()));
    }
    let longer = [body, b"x"].concat();
    assert_eq!(check(Request { body: &longer, ..request }, &signature, AT), Err(Refusal::Wrong));
});
