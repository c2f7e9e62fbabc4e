//! Searching for tickets. Only ids and times are asked for: no text moves.

use serde_json::{Value, json};
use triage::reconcile::{PAGE, Search};
use triage::ticket::TicketId;
use triage::time::Timestamp;

use super::{Error, HubSpot};

/// Tickets that a search found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// In HubSpot's order.
    pub tickets: Vec<Found>,
    /// HubSpot says that there are more.
    pub has_more: bool,
}

/// A ticket that a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its id.
    pub id: TicketId,
    /// The id as a number, as HubSpot sorts it.
    pub number: u64,
    /// When it was created, if HubSpot says it.
    pub created: Option<Timestamp>,
}

impl HubSpot {
    /// One page of tickets, by ascending id. Deleted tickets are never found, new ones only after some moments.
    pub async fn search(&self, search: Search) -> Result<Page, Error> {
        let filter = |name: &str, operator: &str, value: String| json!({ "propertyName": name, "operator": operator, "value": value });
        let filters = [
            filter("createdate", "GTE", search.since.as_millis().max(0).to_string()),
            filter("hs_object_id", "GT", search.above.to_string()),
        ];
        let request = json!({
            "filterGroups": [{ "filters": filters }],
            "sorts": [{ "propertyName": "hs_object_id", "direction": "ASCENDING" }],
            "properties": ["createdate"],
            "limit": PAGE,
        });
        let answer = self.send(self.http.post(self.objects("tickets", "search")).json(&request)).await?;
        // A search has no ticket to be missing: "not found" is its address.
        let answer = answer
            .ok_or_else(|| Error::Refused("HubSpot does not know the address of its search (404)".into()))?;
        read(&answer).ok_or_else(|| Error::Later {
            why: "HubSpot's answer to a search cannot be understood".into(),
            retry_after: None,
        })
    }
}

fn read(answer: &Value) -> Option<Page> {
    let tickets = answer["results"].as_array()?.iter().map(found).collect::<Option<_>>()?;
    Some(Page { tickets, has_more: answer["paging"]["next"].is_object() })
}

fn found(ticket: &Value) -> Option<Found> {
    let id = TicketId::parse(ticket["id"].as_str()?)?;
    let number = id.as_str().parse().ok()?;
    let created = ticket["properties"]["createdate"].as_str().or_else(|| ticket["createdAt"].as_str());
    Some(Found { id, number, created: created.and_then(Timestamp::parse_rfc3339) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_read_and_an_odd_one_is_not_taken_for_an_empty_one() {
        let ticket = json!({"id": "31415926535", "properties": {"createdate": "2026-11-23T00:00:00.123Z"}});
        let page =
            read(&json!({"total": 2, "results": [ticket], "paging": {"next": {"after": "1"}}})).unwrap();
        assert!(page.has_more);
        assert_eq!((page.tickets[0].id.as_str(), page.tickets[0].number), ("31415926535", 31_415_926_535));
        assert_eq!(page.tickets[0].created, Some(Timestamp::from_millis(1_795_392_000_123)));
        assert_eq!(read(&json!({"total": 0, "results": []})), Some(Page::default()));
        let undated = read(&json!({"results": [{"id": "1", "properties": {"createdate": null}}]})).unwrap();
        assert_eq!(undated.tickets[0].created, None);
        for odd in [
            json!({}),
            json!({"results": null}),
            json!({"results": [{"id": "a1"}]}),
            json!({"results": [{}]}),
        ] {
            assert_eq!(read(&odd), None, "{odd}");
        }
    }
}
