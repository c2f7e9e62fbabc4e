//! The database: Postgres in production, an embedded SQLite file otherwise. One [`Store`], SQL by noun.
//!
//! Statements are written once: both engines take `$1` placeholders, and [`each!`] instantiates a method's body for
//! either driver. What the engines say differently stands side by side in `dialect.rs`. Times are milliseconds since
//! the epoch and always come from the caller, whose clock is set by the database's.

mod alerts;
mod changes;
mod corrections;
mod devices;
mod dialect;
mod given_up;
mod hubspot_writes;
mod open;
mod pairing_codes;
mod postgres;
mod receipts;
mod reconciliation;
mod session;
mod stats;
mod tickets;
mod triage_pages;
mod triages;
mod tunnels;

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use sqlx::SqlitePool;

pub use alerts::{AlertFacts, AlertNews, WantedAlert};
pub use corrections::{Corrected, NewCorrection};
pub use devices::{Beat, DeviceRow, DeviceSaid, NewDevice};
pub(crate) use dialect::{CHANNEL, Sql};
pub use given_up::GivenUp;
pub use hubspot_writes::{HubSpotWrite, Noted};
pub(crate) use open::host_in_clear_text;
pub use open::{OpenError, Schema};
pub use postgres::Postgres;
pub use reconciliation::{Progress, Run, RunEnd, Standing, Turn};
pub(crate) use session::silence;
pub use tickets::{Retry, Ticket};
pub use triage_pages::{Cursor, Filter};
pub use triages::{status_name, status_named};
pub use tunnels::TunnelRow;

/// The database.
#[derive(Debug, Clone)]
pub enum Store {
    /// A Postgres server, possibly shared with other orchestrators.
    Postgres(Postgres),
    /// A file of our own.
    Sqlite(Sqlite),
}

/// Connections to SQLite: one that writes, some that read beside it.
#[derive(Debug, Clone)]
pub struct Sqlite {
    write: SqlitePool,
    read: SqlitePool,
}

/// Runs the same body on either engine: `each!(self, |db| sqlx::query(…).execute(db.read()).await)`.
macro_rules! each {
    ($store:expr, |$db:ident| $body:expr) => {
        match $store {
            $crate::store::Store::Postgres($db) => $body,
            $crate::store::Store::Sqlite($db) => $body,
        }
    };
}
pub(crate) use each;

impl Sqlite {
    pub(crate) const fn read(&self) -> &SqlitePool {
        &self.read
    }

    /// For a statement that is a transaction of its own.
    pub(crate) const fn write(&self) -> &SqlitePool {
        &self.write
    }

    /// For what reads many rows.
    pub(crate) fn patient(&self) -> SqlitePool {
        self.read.clone()
    }

    /// Takes the write lock at once, so that a transaction cannot fail half-way because somebody else wrote.
    pub(crate) async fn begin(&self) -> sqlx::Result<sqlx::Transaction<'static, sqlx::Sqlite>> {
        self.write.begin_with("begin immediate").await
    }

    #[expect(clippy::unused_self, reason = "the same call as on the other engine")]
    pub(crate) const fn sql(&self) -> &'static Sql {
        &dialect::SQLITE
    }
}

/// A database operation that failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the database failed to {doing}")]
pub struct Error {
    doing: &'static str,
    #[source]
    source: Arc<sqlx::Error>,
}

impl Error {
    /// The database did not answer in time.
    pub fn timed_out() -> Self {
        Self { doing: "answer in time", source: Arc::new(sqlx::Error::PoolTimedOut) }
    }

    /// The database refused the data itself; trying again would not help.
    pub fn is_about_data(&self) -> bool {
        let code = self.source.as_database_error().and_then(|error| error.code()).unwrap_or_default();
        // Classes 22 (data exception) and 23 (integrity constraint violation) of the SQL standard.
        code.starts_with("22")
            || code.starts_with("23")
            || matches!(*self.source, sqlx::Error::Encode(_) | sqlx::Error::Decode(_))
    }

    /// The whole chain of causes in one line, for logs.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

/// The outcome of a database operation.
pub type Result<T> = std::result::Result<T, Error>;

/// Says what was being done when the database failed.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T>;
}

impl<T> Doing<T> for sqlx::Result<T> {
    fn doing(self, doing: &'static str) -> Result<T> {
        self.map_err(|source| Error { doing, source: Arc::new(source) })
    }
}

impl Store {
    /// Milliseconds since the epoch by the database's clock; also the cheapest question there is.
    pub async fn now_millis(&self) -> Result<i64> {
        each!(self, |db| sqlx::query_scalar(db.sql().now_millis).fetch_one(db.read()).await).doing("answer")
    }

    /// Writes something and takes it back within the same transaction: on a full disk reading works, storing does not.
    pub async fn try_write(&self) -> Result<()> {
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            for sql in [
                "insert into processed_tickets (ticket_id, provider) values ('try_write', 'none')",
                "delete from processed_tickets where ticket_id = 'try_write'",
            ] {
                sqlx::query(sql).execute(&mut *tx).await.doing("write")?;
            }
            tx.commit().await.doing("write")
        })
    }

    /// Tells the other orchestrators of a kind of work or of news, by its name.
    pub(crate) async fn tell(&self, what: &str) -> Result<()> {
        let Some(db) = self.postgres() else { return Ok(()) };
        let told = sqlx::query(db.sql().notify).bind(format!("{what} {}", db.name())).execute(db.read());
        told.await.map(|_| ()).doing("notify")
    }

    /// The same, with another longest wait for the answer to a statement where the database is a server.
    #[must_use]
    pub fn limited_to(self, limit: Duration) -> Self {
        match self {
            Self::Postgres(db) => Self::Postgres(db.limited_to(limit)),
            Self::Sqlite(db) => Self::Sqlite(db),
        }
    }

    /// Several orchestrators may share it.
    pub const fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Closes all connections.
    pub async fn close(&self) {
        match self {
            Self::Postgres(db) => db.close().await,
            Self::Sqlite(db) => {
                db.read.close().await;
                db.write.close().await;
            }
        }
    }

    /// Postgres, for what only it has.
    pub(crate) const fn postgres(&self) -> Option<&Postgres> {
        match self {
            Self::Postgres(db) => Some(db),
            Self::Sqlite(_) => None,
        }
    }
}
