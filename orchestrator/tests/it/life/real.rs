//! The real store with a look into its tables.

use orchestrator::store::Store;
use sqlx::{Connection, PgConnection, SqliteConnection};
use tokio::runtime::Runtime;

use super::model::{Model, Work};
use crate::support::Database;

/// Every row that matters, as text. Times of `processed_tickets` are of another kind and left out.
const ROWS: &str = "
select 'event ' || key || ' ' || ticket_id from webhook_events
union all select 'ticket ' || ticket_id || ' ' || coalesce(subject || '/' || content, '-') || ' ' || status || ' '
    || coalesce(triage_id, '-') || ' ' || coalesce(error, '-') || ' ' || coalesce(cast(waiting_told_at as text), '-')
    || ' ' || received_at || ' ' || updated_at from tickets
union all select kind || ' job ' || ticket_id || ' ' || state || ' ' || visible_at || ' '
    || case when lease_token is null then 'free' else 'held' end || ' ' || failures || ' ' || takeovers || ' '
    || coalesce(again, '-') || ' ' || reason || ' ' || coalesce(note, '-') || ' ' || created_at from jobs
union all select 'triage ' || id || ' ' || ticket_id || ' ' || status || ' ' || triaged_at from triages
union all select 'processed ' || ticket_id || ' ' || provider from processed_tickets
union all select 'attempt ' || id || ' ' || ticket_id || ' ' || coalesce(triage_id, '-') || ' ' || outcome from attempts
union all select 'delivery ' || ticket_id || ' ' || status || ' ' || coalesce(triage_id, '-') || ' '
    || coalesce(message_id, '-') || ' ' || attempts || ' ' || coalesce(error, '-') || ' ' || created_at || ' ' || updated_at
    from deliveries
union all select 'change ' || ticket_id || ' ' || row_number() over (partition by ticket_id order by id) || ' ' || kind
    || ' ' || at from changes";

const TABLES: [&str; 8] = [
    "webhook_events",
    "tickets",
    "jobs",
    "triages",
    "processed_tickets",
    "attempts",
    "deliveries",
    "changes",
];

pub(crate) struct Real {
    pub(super) store: Store,
    pub(super) runtime: Runtime,
    eye: Eye,
    _database: Database,
}

enum Eye {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

impl Real {
    /// `None` when there is no such server.
    pub(crate) fn open(postgres: bool) -> Option<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (database, store, eye) = runtime.block_on(async {
            let database = if postgres { Database::postgres().await? } else { Database::sqlite() };
            let store = Store::open(&database.url, 2).await.unwrap();
            store.migrate().await.unwrap();
            let eye = if postgres {
                Eye::Postgres(PgConnection::connect(&database.url).await.unwrap())
            } else {
                Eye::Sqlite(SqliteConnection::connect(&database.url).await.unwrap())
            };
            Some((database, store, eye))
        })?;
        Some(Self { store, runtime, eye, _database: database })
    }

    pub(super) fn rows(&mut self) -> Vec<String> {
        let rows = async {
            match &mut self.eye {
                Eye::Postgres(eye) => sqlx::query_scalar(ROWS).fetch_all(eye).await,
                Eye::Sqlite(eye) => sqlx::query_scalar(ROWS).fetch_all(eye).await,
            }
        };
        self.runtime.block_on(rows).unwrap()
    }

    /// Empty for the next run.
    pub(crate) fn clear(&mut self) {
        self.runtime.block_on(async {
            for table in TABLES {
                let clear = sqlx::AssertSqlSafe(format!("delete from {table}"));
                match &mut self.eye {
                    Eye::Postgres(eye) => drop(sqlx::query(clear).execute(eye).await.unwrap()),
                    Eye::Sqlite(eye) => drop(sqlx::query(clear).execute(eye).await.unwrap()),
                }
            }
        });
    }
}

impl Model {
    /// The same rows as [`ROWS`] gives.
    pub(super) fn rows(&self) -> Vec<String> {
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let mut rows: Vec<String> =
            self.events.iter().map(|(key, ticket)| format!("event {key} {ticket}")).collect();
        rows.extend(self.tickets.iter().map(|(id, t)| {
            let text = or_dash(&t.text.as_ref().map(|text| format!("{}/{}", text.subject, text.content)));
            let (triage, error) = (or_dash(&t.triage_id), or_dash(&t.error));
            let told = or_dash(&t.waiting_told_at.map(|at| at.to_string()));
            format!(
                "ticket {id} {text} {} {triage} {error} {told} {} {}",
                t.status, t.received_at, t.updated_at
            )
        }));
        for kind in Work::ALL {
            rows.extend(self.jobs(kind).iter().map(|(id, j)| {
                let held = if j.token.is_some() { "held" } else { "free" };
                let (kind, again, note) = (kind.as_str(), or_dash(&j.again), or_dash(&j.note));
                let (failures, takeovers) = (j.failures, j.takeovers);
                let (state, at, reason) = (j.state, j.visible_at, &j.reason);
                format!(
                    "{kind} job {id} {state} {at} {held} {failures} {takeovers} {again} {reason} {note} {}",
                    j.created_at
                )
            }));
        }
        rows.extend(
            self.triages
                .iter()
                .map(|t| format!("triage {} {} {} {}", t.id, t.ticket, t.status, t.triaged_at)),
        );
        rows.extend(self.processed.iter().map(|(id, provider)| format!("processed {id} {provider}")));
        let attempt = |(id, a): (&String, &super::model::Attempt)| {
            format!("attempt {id} {} {} {}", a.ticket, or_dash(&a.triage_id), a.outcome)
        };
        rows.extend(self.attempts.iter().map(attempt));
        rows.extend(self.deliveries.iter().map(|(id, d)| {
            let (triage, message, error) = (or_dash(&d.triage_id), or_dash(&d.message_id), or_dash(&d.error));
            let (status, attempts) = (d.status, d.attempts);
            format!(
                "delivery {id} {status} {triage} {message} {attempts} {error} {} {}",
                d.created_at, d.updated_at
            )
        }));
        let mut counts = std::collections::BTreeMap::new();
        rows.extend(self.changes.iter().map(|(id, kind, at)| {
            let n = counts.entry(id).and_modify(|n| *n += 1).or_insert(1);
            format!("change {id} {n} {kind} {at}")
        }));
        rows
    }
}
