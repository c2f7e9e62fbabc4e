//! Figures over a window of time, counted where the rows are.

use std::time::Duration;

use link::{CategoryStats, Percentiles, Stats};
use sqlx::FromRow;
use triage::time::Timestamp;

use super::dialect::status;
use super::{Doing, Result, Store, each};

#[derive(FromRow)]
struct Counts {
    received: i64,
    failed: i64,
    open: i64,
    triaged: i64,
    needs_review: i64,
    local: i64,
    calls: i64,
    calls_with_verdict: i64,
}

/// `($1: since)`.
const COUNTS: &str = concat!(
    "select
        (select count(*) from tickets where received_at >= $1) as received,
        (select count(*) from tickets t left join jobs j on j.ticket_id = t.ticket_id and j.kind = 'triage'
            where t.received_at >= $1 and ",
    status!(),
    " = 'failed') as failed,
        (select count(*) from jobs where kind = 'triage') as open,
        v.triaged, v.needs_review, v.local, c.calls, c.calls_with_verdict
     from (select count(*) as triaged, count(case when status = 'needs_review' then 1 end) as needs_review,
                count(case when provider = 'local' then 1 end) as local
            from triages where triaged_at >= $1) v,
        (select count(*) as calls, count(case when outcome = 'verdict' then 1 end) as calls_with_verdict
            from attempts where started_at >= $1 and outcome <> 'started') c"
);

/// The nearest rank: the smallest value that half, or nineteen of twenty, do not exceed. Values are counted first: there
/// are many tickets, but not many different durations, and sorting those costs little.
macro_rules! percentiles {
    ($values:literal) => {
        concat!(
            "select min(case when upto * 100 >= n * 50 then value end) as p50,
                min(case when upto * 100 >= n * 95 then value end) as p95
             from (select value, sum(times) over (order by value) as upto, sum(times) over () as n
                from (select value, count(*) as times from (",
            $values,
            ") as given group by value) as counted) as ranked"
        )
    };
}

/// `($1: since)`.
const LATENCY: &str = percentiles!("select latency_ms as value from triages where triaged_at >= $1");

/// `($1: since)`.
const TO_DISCORD: &str = percentiles!(
    "select d.delivered_at - t.received_at as value from tickets t
     join deliveries d on d.ticket_id = t.ticket_id and d.target = 'discord'
     where t.received_at >= $1 and d.delivered_at is not null"
);

/// `($1: since)`. Of several corrections of a verdict the newest counts.
const CATEGORIES: &str = "
    select v.category, count(*) as count, count(c.id) as judged,
        count(case when c.id is not null and coalesce(c.category, v.category) = v.category then 1 end) as agreed
    from triages v
    left join corrections c on c.triage_id = v.id
        and not exists (select 1 from corrections n where n.triage_id = c.triage_id and (n.at, n.id) > (c.at, c.id))
    where v.triaged_at >= $1 group by v.category order by count(*) desc, v.category";

#[derive(FromRow)]
struct Row {
    p50: Option<i64>,
    p95: Option<i64>,
}

#[derive(FromRow)]
struct Category {
    category: String,
    count: i64,
    judged: i64,
    agreed: i64,
}

impl Store {
    /// Figures of the window of this length that ends now.
    pub async fn stats(&self, window: Duration, now: Timestamp) -> Result<Stats> {
        let since = now.minus(window).as_millis();
        let counts: Counts =
            each!(self, |db| sqlx::query_as(COUNTS).bind(since).fetch_one(&db.patient()).await)
                .doing("count tickets")?;
        let categories: Vec<Category> =
            each!(self, |db| sqlx::query_as(CATEGORIES).bind(since).fetch_all(&db.patient()).await)
                .doing("count categories")?;
        Ok(Stats {
            window_seconds: window.as_secs(),
            received: whole(counts.received),
            triaged: whole(counts.triaged),
            needs_review: whole(counts.needs_review),
            failed: whole(counts.failed),
            open: whole(counts.open),
            success_rate: share(counts.calls_with_verdict, counts.calls),
            local_share: share(counts.local, counts.triaged),
            latency_ms: self.percentiles(LATENCY, since).await?,
            to_discord_ms: self.percentiles(TO_DISCORD, since).await?,
            categories: categories.into_iter().map(Category::into_stats).collect(),
        })
    }

    async fn percentiles(&self, sql: &'static str, since: i64) -> Result<Percentiles> {
        let row: Row = each!(self, |db| sqlx::query_as(sql).bind(since).fetch_one(&db.patient()).await)
            .doing("rank durations")?;
        Ok(Percentiles { p50: row.p50, p95: row.p95 })
    }
}

impl Category {
    fn into_stats(self) -> CategoryStats {
        CategoryStats {
            category: self.category,
            count: whole(self.count),
            judged: whole(self.judged),
            agreement: share(self.agreed, self.judged),
        }
    }
}

fn whole(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows are far from 2^52")]
fn share(part: i64, all: i64) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}
