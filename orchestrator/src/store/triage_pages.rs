//! Lists of tickets, page by page.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use link::{TriagePage, TriageStatus};
use sqlx::FromRow;
use triage::ticket::{Provider, TicketId};

use super::dialect::status;
use super::{Doing, Result, Store, each, status_name};

/// Which tickets to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// At most so many.
    pub limit: u32,
    /// Only those after this place in the list.
    pub before: Option<Cursor>,
    /// Only those in this state.
    pub status: Option<TriageStatus>,
    /// Only those whose current verdict is this provider's.
    pub provider: Option<Provider>,
    /// Only those with these words in subject, id or summary, whatever their case. Of letters beyond ASCII, whose case
    /// the embedded database does not know, only the given form is found there.
    pub words: Option<String>,
}

impl Filter {
    /// It may have to read many tickets to find some.
    pub const fn is_search(&self) -> bool {
        self.status.is_some() || self.provider.is_some() || self.words.is_some()
    }
}

/// A place in the list of tickets, which runs from the newest to the oldest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    received_at: i64,
    ticket_id: String,
}

#[derive(FromRow)]
struct Place {
    received_at: i64,
    ticket_id: String,
}

macro_rules! page {
    ($from:literal, $and:expr) => {
        concat!(
            "select t.received_at, t.ticket_id from tickets t ",
            $from,
            " where (t.received_at, t.ticket_id) < ($1, $2) ",
            $and,
            " order by t.received_at desc, t.ticket_id desc limit $3"
        )
    };
}

/// Reads nothing but the index, however many tickets there are.
const ALL: &str = page!("", "");

const FILTERED: &str = page!(
    "left join jobs j on j.ticket_id = t.ticket_id and j.kind = 'triage' left join triages v on v.id = t.triage_id",
    concat!(
        "and ($4 = '' or ",
        status!(),
        " = $4) and ($5 = '' or v.provider = $5) and ($6 = '' or lower(t.ticket_id) like lower($6) escape '\\'
          or lower(t.subject) like lower($6) escape '\\' or lower(v.summary) like lower($6) escape '\\')"
    )
);

impl Store {
    /// A page of tickets, newest first.
    pub async fn triages(&self, filter: &Filter) -> Result<TriagePage> {
        let mut places = self.places(filter).await?;
        let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
        let goes_on = places.len() > limit;
        places.truncate(limit);
        let next = places.last().filter(|_| goes_on).map(|place| {
            Cursor { received_at: place.received_at, ticket_id: place.ticket_id.clone() }.to_text()
        });
        let ids: Vec<String> = places.into_iter().map(|place| place.ticket_id).collect();
        Ok(TriagePage { items: self.triages_of(&ids).await?, next })
    }

    /// One more than wanted, to know whether there are more.
    async fn places(&self, filter: &Filter) -> Result<Vec<Place>> {
        let (received_at, ticket_id) = match &filter.before {
            Some(cursor) => (cursor.received_at, cursor.ticket_id.as_str()),
            None => (i64::MAX, ""),
        };
        let limit = i64::from(filter.limit) + 1;
        let status = filter.status.map_or("", status_name);
        let provider = filter.provider.map_or("", Provider::as_str);
        let words = filter.words.as_deref().map(pattern).unwrap_or_default();
        let is_filtered = filter.is_search();
        each!(self, |db| {
            let query = sqlx::query_as(if is_filtered { FILTERED } else { ALL });
            let query = query.bind(received_at).bind(ticket_id).bind(limit);
            let query = if is_filtered { query.bind(status).bind(provider).bind(&words) } else { query };
            if is_filtered { query.fetch_all(&db.patient()).await } else { query.fetch_all(db.read()).await }
        })
        .doing("list tickets")
    }
}

/// What finds `words` anywhere in a text by SQL's `like`, with no other meaning in any of its characters.
fn pattern(words: &str) -> String {
    let mut pattern = String::from("%");
    for character in words.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

impl Cursor {
    /// Reads one that [`Store::triages`] gave.
    pub fn parse(text: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (received_at, ticket_id) = text.split_once(' ')?;
        let ticket_id = TicketId::parse(ticket_id)?.to_string();
        Some(Self { received_at: received_at.parse().ok()?, ticket_id })
    }

    fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{} {}", self.received_at, self.ticket_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_given_and_rubbish_is_not() {
        let cursor = Cursor { received_at: 1_795_392_000_000, ticket_id: "31415926535".to_owned() };
        assert_eq!(Cursor::parse(&cursor.to_text()), Some(cursor));
        let rubbish =
            ["", "x", "MTIz", "🦀", &URL_SAFE_NO_PAD.encode("soon 1"), &URL_SAFE_NO_PAD.encode("1 ")];
        assert!(rubbish.iter().all(|text| Cursor::parse(text).is_none()));
    }

    #[test]
    fn words_have_no_other_meaning() {
        let table = [("vpn", "%vpn%"), ("100 %", "%100 \\%%"), ("a_b\\c", "%a\\_b\\\\c%")];
        for (words, expected) in table {
            assert_eq!(pattern(words), expected);
        }
    }
}
