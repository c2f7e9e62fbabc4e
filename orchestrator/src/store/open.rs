//! Opening the database and bringing its schema up to date.

use std::path::Path;
use std::str::FromStr;
use std::sync::LazyLock;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::{Doing, Postgres, Result, Sqlite, Store, each};
use crate::network::is_private_host;

static POSTGRES_MIGRATIONS: LazyLock<Migrator> =
    LazyLock::new(|| tolerant(sqlx::migrate!("../migrations/postgres")));
static SQLITE_MIGRATIONS: LazyLock<Migrator> =
    LazyLock::new(|| tolerant(sqlx::migrate!("../migrations/sqlite")));

/// An earlier version has to run on a schema that a later one has extended.
fn tolerant(mut migrations: Migrator) -> Migrator {
    migrations.set_ignore_missing(true);
    migrations
}

/// Longest wait for a connection: a webhook must be answered well within HubSpot's 5 seconds.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

/// The database cannot be opened at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is not one of a supported database.
    #[error("DATABASE_URL must begin with postgres:// or sqlite:")]
    UnknownKind,
    /// The address cannot be understood, or the file cannot be opened.
    #[error("cannot open the database")]
    Sqlx(#[from] sqlx::Error),
    /// The folder of the file cannot be made.
    #[error("cannot create the folder of the database file")]
    Folder(#[from] std::io::Error),
    /// The schema cannot be brought up to date.
    #[error("cannot migrate the database")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

/// How the database's schema compares with this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// It has every migration this program knows.
    Current,
    /// So many migrations are missing.
    Behind(usize),
}

/// The host of a Postgres that may be spoken to in clear text over networks that strangers share: `prefer`, the default,
/// does so when the server offers no TLS, or somebody in between says that it does not.
pub(crate) fn host_in_clear_text(url: &str) -> Option<String> {
    if !is_postgres(url) {
        return None;
    }
    let options = PgConnectOptions::from_str(url).ok()?;
    let may_be_clear = match options.get_ssl_mode() {
        PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer => true,
        PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull => false,
    };
    let host = options.get_host();
    let is_socket = options.get_socket().is_some() || host.starts_with('/');
    (may_be_clear && !is_socket && !is_private_host(host)).then(|| host.to_owned())
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres:") || url.starts_with("postgresql:")
}

impl Store {
    /// Opens the database at `url`. Postgres is connected to when it is first needed, so that a start succeeds while
    /// it is away; an SQLite file is created when missing.
    pub async fn open(url: &str, connections: u32) -> std::result::Result<Self, OpenError> {
        if is_postgres(url) {
            let options = PgConnectOptions::from_str(url)?.application_name("hubspot-triage");
            return Ok(Self::Postgres(Postgres::new(options, connections)));
        }
        if !url.starts_with("sqlite:") {
            return Err(OpenError::UnknownKind);
        }
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(ACQUIRE_TIMEOUT);
        if let Some(folder) = options.get_filename().parent().filter(|folder| *folder != Path::new("")) {
            std::fs::create_dir_all(folder)?;
        }
        // A commit that failed, as on a full disk, leaves its connection in a transaction that nobody ends.
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .after_release(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }));
        let write = write.connect_with(options.clone()).await?;
        let read =
            SqlitePoolOptions::new().max_connections(connections.min(4)).acquire_timeout(ACQUIRE_TIMEOUT);
        let read = read.connect_with(options.read_only(true)).await?;
        Ok(Self::Sqlite(Sqlite { write, read }))
    }

    /// Brings the schema up to date; several may call it at once (Postgres: under an advisory lock).
    pub async fn migrate(&self) -> std::result::Result<(), OpenError> {
        match self {
            Self::Postgres(db) => POSTGRES_MIGRATIONS.run(db.pool()).await?,
            Self::Sqlite(db) => SQLITE_MIGRATIONS.run(&db.write).await?,
        }
        Ok(())
    }

    /// Whether the schema has every migration that this program knows.
    pub async fn schema(&self) -> Result<Schema> {
        let known = match self {
            Self::Postgres(_) => &*POSTGRES_MIGRATIONS,
            Self::Sqlite(_) => &*SQLITE_MIGRATIONS,
        };
        let exists: i64 =
            each!(self, |db| sqlx::query_scalar(db.sql().has_migrations).fetch_one(db.read()).await)
                .doing("look for its migrations")?;
        if exists == 0 {
            return Ok(Schema::Behind(known.iter().count()));
        }
        let applied: Vec<i64> = each!(self, |db| {
            sqlx::query_scalar("select version from _sqlx_migrations where success")
                .fetch_all(db.read())
                .await
        })
        .doing("list its migrations")?;
        let missing = known.iter().filter(|migration| !applied.contains(&migration.version)).count();
        Ok(if missing == 0 { Schema::Current } else { Schema::Behind(missing) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_strangers_could_listen_to_is_named() {
        let exposed = |url: &str| host_in_clear_text(url);
        let elsewhere = "postgresql://u:p@db.example.com:5432/triage";
        assert_eq!(exposed(elsewhere).as_deref(), Some("db.example.com"));
        for mode in ["disable", "allow", "prefer"] {
            assert!(exposed(&format!("{elsewhere}?sslmode={mode}")).is_some(), "{mode}");
        }
        for mode in ["require", "verify-ca", "verify-full"] {
            assert_eq!(exposed(&format!("{elsewhere}?sslmode={mode}")), None, "{mode}");
        }
        for url in [
            "postgresql://u:p@postgres.railway.internal:5432/railway",
            "postgres://u:p@127.0.0.1/triage",
            "postgres://u:p@[::1]/triage",
            "postgresql:///triage?host=/var/run/postgresql",
            "sqlite:data/triage.sqlite",
        ] {
            assert_eq!(exposed(url), None, "{url}");
        }
    }
}
