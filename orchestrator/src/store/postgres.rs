//! Connections to Postgres. For a statement that is a transaction of its own, the one that was used last is used next.
//!
//! sqlx's pool hands its connections out in turn, and when one comes back it is asked whether it lives. For short statements
//! that is a round trip more than the work itself, and every server process begins with cold caches.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt, TryFutureExt};
use sqlx::postgres::{
    PgConnectOptions, PgListener, PgPoolOptions, PgQueryResult, PgRow, PgStatement, PgTypeInfo,
};
use sqlx::{Connection, Describe, Either, Execute, Executor, PgPool, SqlStr};

use super::dialect::{self, Sql};
use super::open::ACQUIRE_TIMEOUT;
use super::session::{Session, Transaction};

/// What is asked often has its index, whatever the planner thinks of tables that were small when it first planned: it keeps
/// to such a plan while they grow. A plan that reads a whole table all the same looks so costly then that it would be compiled.
/// Of an orchestrator that vanished in the middle of a transaction, no locks are left to wait for.
const SETTINGS: &str =
    "set enable_seqscan = off; set jit = off; set idle_in_transaction_session_timeout = '30s'";

/// A statement that takes longer is given up, and its connection closed: a server that has gone without a word would
/// be waited for until the operating system notices, which takes a quarter of an hour or for ever.
const STATEMENT_LIMIT: Duration = Duration::from_secs(10);

/// The same for what reads many rows, because a person wants to know.
const SEARCH_LIMIT: Duration = Duration::from_secs(120);

/// A connection that rested no longer than this is taken to be alive.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// Connections that are kept at hand; the pool has so many more, so that they are missing nowhere.
const MOST_AT_HAND: u32 = 4;

/// After this a connection goes back to the pool, which closes those that are too old.
const KEPT_FOR: Duration = Duration::from_secs(600);

/// A Postgres server, and the executor of statements that are transactions of their own.
#[derive(Debug, Clone)]
pub struct Postgres {
    name: Arc<str>,
    pool: PgPool,
    at_hand: Arc<AtHand>,
    limit: Duration,
}

#[derive(Debug, Default)]
struct AtHand(Mutex<Vec<Held>>);

#[derive(Debug)]
struct Held {
    session: Session,
    since: Instant,
    used_at: Instant,
}

impl Postgres {
    /// Connects when that is first needed.
    pub(super) fn new(options: PgConnectOptions, connections: u32) -> Self {
        // Only a connection that has rested may have died unnoticed; asking it every time would double short work.
        let pool = PgPoolOptions::new()
            // One more listens.
            .max_connections(connections + MOST_AT_HAND - 1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .after_connect(|connection, _| {
                Box::pin(async move { connection.execute(SETTINGS).await.map(|_| ()) })
            })
            .before_acquire(|connection, resting| {
                Box::pin(async move { Ok(resting.idle_for < TRUSTED_FOR || connection.ping().await.is_ok()) })
            });
        let name = uuid::Uuid::new_v4().simple().to_string().into();
        let pool = pool.connect_lazy_with(options);
        Self { name, pool, at_hand: Arc::default(), limit: STATEMENT_LIMIT }
    }

    /// The same with another limit for every statement.
    pub(super) fn limited_to(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    pub(crate) const fn read(&self) -> &Self {
        self
    }

    /// For a statement that is a transaction of its own.
    pub(crate) const fn write(&self) -> &Self {
        self
    }

    /// For what reads many rows.
    pub(crate) fn patient(&self) -> Self {
        self.clone().limited_to(SEARCH_LIMIT)
    }

    pub(crate) async fn begin(&self) -> sqlx::Result<Transaction> {
        Transaction::begin(self.session().await?).await
    }

    #[expect(clippy::unused_self, reason = "the same call as on the other engine")]
    pub(crate) const fn sql(&self) -> &'static Sql {
        &dialect::POSTGRES
    }

    /// Tells this process from others that share the database.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// For what may take any time.
    pub(super) const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Longest wait for the answer to a statement.
    pub(crate) const fn limit(&self) -> Duration {
        self.limit
    }

    /// A connection of its own: nobody waits for it when the others are closed.
    pub(crate) async fn listener(&self) -> sqlx::Result<PgListener> {
        let options = PgPoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE_TIMEOUT);
        let options = options.connect_lazy_with(self.pool.connect_options().as_ref().clone());
        PgListener::connect_with(&options).await
    }

    pub(super) async fn close(&self) {
        let closing = self.pool.close();
        drop(self.at_hand.take_all());
        // Who does not answer is left behind.
        let _ = tokio::time::timeout(self.limit, closing).await;
    }

    async fn session(&self) -> sqlx::Result<Session> {
        Ok(Session::new(self.pool.acquire().await?, self.limit))
    }

    async fn take(&self) -> sqlx::Result<Held> {
        let latest = self.at_hand.lock().pop();
        if let Some(mut held) = latest {
            held.session.set_limit(self.limit);
            if held.used_at.elapsed() < TRUSTED_FOR {
                return Ok(held);
            }
            // The others have rested for longer. The pool looks after them.
            drop(self.at_hand.take_all());
        }
        let (session, now) = (self.session().await?, Instant::now());
        Ok(Held { session, since: now, used_at: now })
    }

    async fn all<'q, E>(&self, query: E) -> sqlx::Result<Vec<Either<PgQueryResult, PgRow>>>
    where
        E: 'q + Execute<'q, sqlx::Postgres>,
    {
        let mut held = self.take().await?;
        let all = held.session.all(query).await;
        if all.is_ok() {
            self.keep(held);
        } else {
            // If this one was lost, the others were too: the pool looks.
            drop(self.at_hand.take_all());
        }
        all
    }

    /// Only one whose work has succeeded: the pool examines the others when they are dropped.
    fn keep(&self, held: Held) {
        let mut at_hand = self.at_hand.lock();
        let is_full = at_hand.len() >= MOST_AT_HAND as usize;
        if !(is_full || self.pool.is_closed() || held.since.elapsed() > KEPT_FOR) {
            at_hand.push(Held { used_at: Instant::now(), ..held });
        }
    }
}

impl AtHand {
    fn lock(&self) -> MutexGuard<'_, Vec<Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_all(&self) -> Vec<Held> {
        std::mem::take(&mut *self.lock())
    }
}

impl<'p> Executor<'p> for &'p Postgres {
    type Database = sqlx::Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, sqlx::Result<Either<PgQueryResult, PgRow>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Self::Database>,
    {
        self.all(query).map_ok(|all| stream::iter(all.into_iter().map(Ok))).try_flatten_stream().boxed()
    }

    /// Read to its end, at which the transaction is.
    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<PgRow>>>
    where
        'p: 'e,
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
        'p: 'e,
    {
        async move {
            let mut held = self.take().await?;
            let prepared = held.session.prepare_with(sql, parameters).await?;
            self.keep(held);
            Ok(prepared)
        }
        .boxed()
    }
    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Self::Database>>>
    where
        'p: 'e,
    {
        async move { self.take().await?.session.describe(sql).await }.boxed()
    }
}
