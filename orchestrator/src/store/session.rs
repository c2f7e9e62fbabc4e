//! A connection to Postgres in use: no statement waits for its answer longer than its limit, nor does whoever puts the
//! connection back into its pool.

use std::io;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt, TryFutureExt, TryStreamExt};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{Describe, Either, Execute, Executor, SqlStr};
use tokio::runtime::Handle;

/// A connection of the pool; it goes back when this is dropped.
#[derive(Debug)]
pub(crate) struct Session {
    connection: PoolConnection<sqlx::Postgres>,
    limit: Duration,
    is_silent: bool,
}

/// Several statements that take effect together, or not at all when this is dropped before [`Transaction::commit`].
#[derive(Debug)]
pub(crate) struct Transaction {
    /// Until it has ended.
    session: Option<Session>,
}

impl Session {
    pub(super) const fn new(connection: PoolConnection<sqlx::Postgres>, limit: Duration) -> Self {
        Self { connection, limit, is_silent: false }
    }

    pub(super) const fn set_limit(&mut self, limit: Duration) {
        self.limit = limit;
    }

    /// Everything that a query gives.
    pub(super) async fn all<'q, E>(&mut self, query: E) -> sqlx::Result<Vec<Either<PgQueryResult, PgRow>>>
    where
        E: 'q + Execute<'q, sqlx::Postgres>,
    {
        let all = self.connection.fetch_many(query).try_collect();
        let answered = tokio::time::timeout(self.limit, all).await;
        self.is_silent = answered.is_err();
        answered.unwrap_or_else(|_| Err(silence()))
    }

    async fn roll_back(mut self) {
        // One on which this fails is found out by the pool.
        let _ = self.all("rollback").await;
    }
}

/// The database did not answer.
pub(crate) fn silence() -> sqlx::Error {
    io::Error::new(io::ErrorKind::TimedOut, "no answer in time").into()
}

impl Drop for Session {
    fn drop(&mut self) {
        // The pool asks a connection that comes back whether it lives, however long the answer takes.
        let (asking, limit) = (self.connection.return_to_pool(), self.limit);
        match Handle::try_current() {
            Ok(runtime) if !self.is_silent => drop(runtime.spawn(async move {
                let _ = tokio::time::timeout(limit, asking).await;
            })),
            // Without being asked it is closed.
            Ok(_) | Err(_) => drop(asking),
        }
    }
}

impl Transaction {
    pub(super) async fn begin(session: Session) -> sqlx::Result<Self> {
        // Whoever stops waiting may have begun one.
        let mut transaction = Self { session: Some(session) };
        transaction.all("begin").await?;
        Ok(transaction)
    }

    pub(crate) async fn commit(self) -> sqlx::Result<()> {
        self.end("commit").await
    }

    pub(crate) async fn rollback(self) -> sqlx::Result<()> {
        self.end("rollback").await
    }

    async fn end(mut self, statement: &'static str) -> sqlx::Result<()> {
        self.all(statement).await?;
        self.session = None;
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session.as_ref().expect("it has not ended")
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Session {
        self.session.as_mut().expect("it has not ended")
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let open = self.session.take().filter(|session| !session.is_silent);
        if let (Some(session), Ok(runtime)) = (open, Handle::try_current()) {
            runtime.spawn(session.roll_back());
        }
    }
}

impl<'c> Executor<'c> for &'c mut Session {
    type Database = sqlx::Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, sqlx::Result<Either<PgQueryResult, PgRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Self::Database>,
    {
        self.all(query).map_ok(|all| stream::iter(all.into_iter().map(Ok))).try_flatten_stream().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<PgRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Self::Database>,
    {
        async move { Ok(self.fetch_all(query).await?.into_iter().next()) }.boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, sqlx::Result<PgStatement>>
    where
        'c: 'e,
    {
        self.connection.prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Self::Database>>>
    where
        'c: 'e,
    {
        self.connection.describe(sql)
    }
}
