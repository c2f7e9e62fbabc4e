//! A database of one test's own.

use sqlx::{Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;
use url::Url;

use super::until;

/// It is gone when this is dropped.
pub(crate) struct Database {
    pub(crate) url: String,
    kind: Kind,
}

enum Kind {
    Sqlite { folder: TempDir },
    Postgres { server: String, name: String },
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("triage.sqlite").display());
        Self { url, kind: Kind::Sqlite { folder } }
    }

    /// `None` when there is no server to make one on.
    #[expect(clippy::disallowed_methods, reason = "the tests' own setting")]
    pub(crate) async fn postgres() -> Option<Self> {
        let server = std::env::var("TEST_DATABASE_URL").ok()?;
        let name = format!("triage_test_{}", uuid::Uuid::new_v4().simple());
        execute(&server, format!("create database {name}")).await;
        let mut url = Url::parse(&server).unwrap();
        url.set_path(&name);
        Some(Self { url: url.into(), kind: Kind::Postgres { server, name } })
    }

    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self.kind, Kind::Postgres { .. })
    }
}

impl Database {
    /// The one text or number that a query gives, as text.
    pub(crate) async fn ask(&self, sql: &'static str) -> String {
        match self.kind {
            Kind::Postgres { .. } => {
                let mut connection = PgConnection::connect(&self.url).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
            }
            Kind::Sqlite { .. } => {
                let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
            }
        }
    }

    /// Changes something behind everybody's back.
    pub(crate) async fn run(&self, sql: &'static str) {
        self.run_made(sql.to_owned()).await;
    }

    /// The same with a statement that the test made up.
    pub(crate) async fn run_made(&self, sql: String) {
        let sql = sqlx::AssertSqlSafe(sql);
        match self.kind {
            Kind::Postgres { .. } => {
                let mut connection = PgConnection::connect(&self.url).await.unwrap();
                sqlx::query(sql).execute(&mut connection).await.unwrap();
            }
            Kind::Sqlite { .. } => {
                let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
                sqlx::query(sql).execute(&mut connection).await.unwrap();
            }
        }
    }

    /// Everything that is stored, as text.
    pub(crate) async fn content(&self) -> String {
        match &self.kind {
            Kind::Postgres { .. } => {
                self.ask("select cast(database_to_xml(true, true, '') as text)").await.replace("&apos;", "'")
            }
            Kind::Sqlite { folder } => {
                let files = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
                files
                    .map(|file| String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned())
                    .collect()
            }
        }
    }

    /// Changes something that the test has made up.
    pub(crate) async fn execute(&self, sql: String) {
        let sql = sqlx::AssertSqlSafe(sql);
        match self.kind {
            Kind::Postgres { .. } => {
                let mut connection = PgConnection::connect(&self.url).await.unwrap();
                sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            }
            Kind::Sqlite { .. } => {
                let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
                sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            }
        }
    }

    /// Waits until no worker is in the middle of something: then the clock may jump without ending leases.
    pub(crate) async fn rested(&self) {
        until("the workers to rest", async || {
            (self.ask("select cast(count(*) as text) from jobs where state = 'running' or visible_at = created_at").await == "0").then_some(())
        })
        .await;
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Kind::Postgres { server, name } = &self.kind {
            let (server, statement) =
                (server.clone(), format!("drop database if exists {name} with (force)"));
            // A runtime of its own: this one may be ending.
            let dropped = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(execute(&server, statement));
            });
            dropped.join().unwrap();
        }
    }
}

async fn execute(server: &str, statement: String) {
    let mut connection = PgConnection::connect(server).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
