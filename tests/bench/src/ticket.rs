//! The tickets that are sent: all alike but for a number, which can be found again in whatever is made of them.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use crate::http::find;

/// Shared secret of the webhooks.
pub(crate) const TOKEN: &str = "webhook-token-of-the-bench";

/// The first ticket's id, less one; ids have eleven digits like HubSpot's.
const FIRST_ID: u64 = 30_000_000_000;

/// Digits of a ticket's number in its mark.
const MARK_DIGITS: usize = 8;

/// Numbers that were not used before in this run.
#[derive(Debug, Default)]
pub(crate) struct Numbers(AtomicU64);

impl Numbers {
    /// The next one.
    pub(crate) fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// One webhook request of a workflow, whose ticket can be exchanged without building it anew.
#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    bytes: Vec<u8>,
    id_at: usize,
    mark_at: usize,
}

impl Webhook {
    /// About 600 bytes of text, as people write it.
    pub(crate) fn new() -> Self {
        let content = "Hello, since this morning nobody in our office can open the planning board. After the login the page \
            stays white, and after about a minute there is a message that something went wrong. We tried two browsers and \
            another computer, always the same. Yesterday evening everything still worked. Three of our people wait for \
            their jobs of today and ring me every few minutes, so please tell us at least whether you know about it and \
            how long it may take. If you need anything from us, screenshots or a call, just write back to this address. \
            Thank you and best regards from the whole office.";
        let subject = format!("The planning board stays white {}", mark(0));
        let body =
            json!({ "ticket_id": FIRST_ID.to_string(), "subject": subject, "content": content }).to_string();
        let bytes = request(&body);
        let place = |text: &str| find(&bytes, text.as_bytes()).unwrap_or(0);
        let (id_at, mark_at) = (place(&FIRST_ID.to_string()), place(&mark(0)));
        Self { bytes, id_at, mark_at }
    }

    /// The request about the ticket of this number.
    pub(crate) fn about(&mut self, number: u64) -> &[u8] {
        let (id, mark) = ((FIRST_ID + number).to_string(), mark(number));
        self.bytes[self.id_at..self.id_at + id.len()].copy_from_slice(id.as_bytes());
        self.bytes[self.mark_at..self.mark_at + mark.len()].copy_from_slice(mark.as_bytes());
        &self.bytes
    }
}

/// A request with many events of an app, which name their tickets and carry no text.
pub(crate) fn batch(numbers: &[u64]) -> Vec<u8> {
    let events: Vec<_> = numbers
        .iter()
        .map(|number| {
            json!({ "eventId": number, "subscriptionId": 4_711, "portalId": 20_260_001, "appId": 815, "occurredAt": 1_795_392_000_000_u64 + number,
                "subscriptionType": "ticket.creation", "attemptNumber": 0, "objectId": FIRST_ID + number, "changeFlag": "CREATED", "changeSource": "CRM" })
        })
        .collect();
    request(&json!(events).to_string())
}

fn request(body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST /webhooks/hubspot HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
         X-Webhook-Token: {TOKEN}\r\nUser-Agent: HubSpot Webhooks\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// The number in letters, which no redaction takes for somebody's telephone.
fn mark(number: u64) -> String {
    let digits = format!("{number:0MARK_DIGITS$}");
    let letters: String = digits.bytes().map(|digit| char::from(digit - b'0' + b'a')).collect();
    format!("zq{letters}qz")
}

/// The number of the ticket whose mark stands in a question to a model.
pub(crate) fn marked(text: &[u8]) -> Option<u64> {
    let long = MARK_DIGITS + 4;
    let is_mark = |w: &&[u8]| {
        w.starts_with(b"zq") && w.ends_with(b"qz") && w[2..long - 2].iter().all(|b| (b'a'..=b'j').contains(b))
    };
    let found = text.windows(long).find(is_mark)?;
    Some(found[2..long - 2].iter().fold(0, |number, letter| number * 10 + u64::from(letter - b'a')))
}

/// The number of the ticket that a message names in its footer.
pub(crate) fn named(message: &[u8]) -> Option<u64> {
    let at = find(message, b"ticket 3")? + "ticket ".len();
    let digits = message.get(at..at + 11)?;
    std::str::from_utf8(digits).ok()?.parse::<u64>().ok()?.checked_sub(FIRST_ID)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_found_again_by_its_number() {
        let mut webhook = Webhook::new();
        for number in [1, 42, 99_999_999] {
            let request = webhook.about(number).to_vec();
            assert_eq!(marked(&request), Some(number));
            let id = format!("\"ticket_id\":\"{}\"", FIRST_ID + number);
            assert!(find(&request, id.as_bytes()).is_some());
            assert_eq!(named(format!("0.1 s · ticket {}", FIRST_ID + number).as_bytes()), Some(number));
        }
        assert_eq!(marked(b"zqabcdefgzqz"), None);
        assert_eq!(named(b"ticket 31"), None);
    }
}
