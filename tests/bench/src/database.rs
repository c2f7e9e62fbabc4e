//! The databases that the orchestrator is measured on: made, filled, looked into, thrown away.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

/// Which database the orchestrator uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// A server with default settings: fsync, synchronous commit.
    Postgres,
    /// The embedded one.
    Sqlite,
}

/// The Postgres server of this run.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// Its maintenance database.
    pub url: String,
    /// Where its files are.
    pub folder: PathBuf,
}

/// One database.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    /// What it is.
    pub engine: Engine,
    /// As `DATABASE_URL` has it.
    pub url: String,
    name: String,
    server: Option<Server>,
}

impl Server {
    /// The process that all others of the server descend from.
    pub(crate) fn pid(&self) -> Result<u32> {
        let text = std::fs::read_to_string(self.folder.join("data/postmaster.pid"))?;
        text.lines().next().and_then(|pid| pid.parse().ok()).context("the server has no process id")
    }

    /// Writes back what is dirty, so that no checkpoint of earlier work falls into a measurement.
    pub(crate) async fn checkpoint(&self) -> Result<()> {
        self.run("checkpoint").await
    }

    /// Runs statements in the maintenance database.
    pub(crate) async fn run(&self, sql: &str) -> Result<()> {
        let mut connection = connect(&self.url).await?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }

    /// A single text or number, as text.
    pub(crate) async fn ask(&self, sql: &str) -> Result<String> {
        let mut connection = connect(&self.url).await?;
        let answer =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(answer)
    }

    /// The address of another database on it.
    pub(crate) fn database_url(&self, name: &str) -> String {
        let base = self.url.rsplit_once('/').map_or(self.url.as_str(), |(base, _)| base);
        format!("{base}/{name}")
    }
}

impl Database {
    /// A new, empty one.
    pub(crate) async fn create(engine: Engine, server: &Server, folder: &Path, name: &str) -> Result<Self> {
        let (url, server) = match engine {
            Engine::Postgres => {
                server.run(&format!("create database {name}")).await?;
                (server.database_url(name), Some(server.clone()))
            }
            Engine::Sqlite => (format!("sqlite:{}", folder.join(format!("{name}.sqlite")).display()), None),
        };
        Ok(Self { engine, url, name: name.to_owned(), server })
    }

    /// Deletes it; nobody may use it any more.
    pub(crate) async fn delete(self) -> Result<()> {
        match &self.server {
            Some(server) => server.run(&format!("drop database {} with (force)", self.name)).await,
            None => {
                let file = self.url.trim_start_matches("sqlite:");
                for suffix in ["", "-wal", "-shm"] {
                    // The last two are there only while somebody has it open.
                    std::fs::remove_file(format!("{file}{suffix}")).ok();
                }
                Ok(())
            }
        }
    }

    /// Runs statements, one after the other.
    pub(crate) async fn run(&self, sql: &str) -> Result<()> {
        let statements = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()));
        match self.engine {
            Engine::Postgres => {
                let mut connection = connect(&self.url).await?;
                statements.execute(&mut connection).await?;
                connection.close().await?;
            }
            Engine::Sqlite => {
                let mut connection = connect_sqlite(&self.url).await?;
                statements.execute(&mut connection).await?;
                connection.close().await?;
            }
        }
        Ok(())
    }

    /// A single number.
    pub(crate) async fn number(&self, sql: &str) -> Result<i64> {
        let question = sqlx::AssertSqlSafe(sql.to_owned());
        match self.engine {
            Engine::Postgres => {
                let mut connection = connect(&self.url).await?;
                let number = sqlx::query_scalar(question).fetch_one(&mut connection).await?;
                connection.close().await?;
                Ok(number)
            }
            Engine::Sqlite => {
                let mut connection = connect_sqlite(&self.url).await?;
                let number = sqlx::query_scalar(question).fetch_one(&mut connection).await?;
                connection.close().await?;
                Ok(number)
            }
        }
    }

    /// How many rows a table has.
    pub(crate) async fn count(&self, table: &str) -> Result<i64> {
        self.number(&format!("select count(*) from {table}")).await
    }

    /// The space it takes on the disk.
    pub(crate) async fn size_bytes(&self) -> Result<i64> {
        match self.engine {
            Engine::Postgres => self.number("select pg_database_size(current_database())").await,
            Engine::Sqlite => {
                self.number("select page_count * page_size from pragma_page_count(), pragma_page_size()")
                    .await
            }
        }
    }

    /// Tables that were read from end to end since the last reset, with how often and how many rows (Postgres only).
    pub(crate) async fn whole_table_reads(&self) -> Result<Vec<(String, i64, i64)>> {
        let mut connection = connect(&self.url).await?;
        let rows = sqlx::query_as(
            "select relname::text, seq_scan, seq_tup_read from pg_stat_user_tables
             where seq_scan > 0 and relname <> '_sqlx_migrations' order by seq_tup_read desc",
        )
        .fetch_all(&mut connection)
        .await?;
        connection.close().await?;
        Ok(rows)
    }
}

async fn connect(url: &str) -> Result<PgConnection> {
    PgConnectOptions::from_str(url)?.connect().await.context("cannot connect to Postgres")
}

async fn connect_sqlite(url: &str) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::from_str(url)?.busy_timeout(std::time::Duration::from_secs(30));
    options.connect().await.context("cannot open the SQLite file")
}
