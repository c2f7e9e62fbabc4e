//! Load: closed loops (each connection sends when it has its answer) and open ones (requests come when they are due,
//! and their latency counts from then, however late they were sent).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::clock::{now_ns, ns};
use crate::http::Connection;
use crate::stats::count;
use crate::ticket::{Numbers, Webhook, batch};

/// Connections of an open loop: more than requests are ever under way.
const OPEN_CONNECTIONS: usize = 64;

/// One acknowledged request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    /// The ticket's number (of a batch, its first).
    pub number: u64,
    /// When it was sent, or had to be.
    pub at_ns: u64,
    /// From then to the answer.
    pub latency_ns: u64,
}

/// What a load has done.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// Every acknowledged request.
    pub sent: Vec<Sent>,
    /// From the first request to the last answer.
    pub seconds: f64,
}

impl Done {
    /// Acknowledged requests per second.
    pub(crate) fn rate(&self) -> f64 {
        count(self.sent.len()) / self.seconds
    }

    /// How long each one took.
    pub(crate) fn latencies(&self) -> Vec<u64> {
        self.sent.iter().map(|sent| sent.latency_ns).collect()
    }
}

/// Single webhooks on each of so many connections, until the time is over.
pub(crate) async fn closed(
    port: u16,
    numbers: &Arc<Numbers>,
    connections: usize,
    time: Duration,
) -> Result<Done> {
    let until = now_ns() + ns(time);
    let one = move |mut connection: Connection, numbers: Arc<Numbers>| async move {
        let (mut webhook, mut sent) = (Webhook::new(), Vec::new());
        while now_ns() < until {
            let number = numbers.next();
            sent.push(send(&mut connection, webhook.about(number), number, now_ns()).await?);
        }
        Ok(sent)
    };
    each_connection(port, numbers, connections, one).await
}

/// So many single webhooks in all, as fast as so many connections take them.
pub(crate) async fn burst(
    port: u16,
    numbers: &Arc<Numbers>,
    connections: usize,
    tickets: u64,
) -> Result<Done> {
    let left = Arc::new(AtomicU64::new(tickets));
    let one = move |mut connection: Connection, numbers: Arc<Numbers>| {
        let left = Arc::clone(&left);
        async move {
            let (mut webhook, mut sent) = (Webhook::new(), Vec::new());
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
                let number = numbers.next();
                sent.push(send(&mut connection, webhook.about(number), number, now_ns()).await?);
            }
            Ok(sent)
        }
    };
    each_connection(port, numbers, connections, one).await
}

/// Batches of so many events: each connection sends a number of them, one after the other.
pub(crate) async fn batches(
    port: u16,
    numbers: &Arc<Numbers>,
    connections: usize,
    each: usize,
    events: usize,
) -> Result<Done> {
    let one = move |mut connection: Connection, numbers: Arc<Numbers>| async move {
        let mut sent = Vec::new();
        for _ in 0..each {
            let numbers: Vec<u64> = (0..events).map(|_| numbers.next()).collect();
            let request = batch(&numbers);
            sent.push(send(&mut connection, &request, numbers[0], now_ns()).await?);
        }
        Ok(sent)
    };
    each_connection(port, numbers, connections, one).await
}

/// Single webhooks at a steady rate.
pub(crate) async fn open(port: u16, numbers: &Arc<Numbers>, per_second: u32, time: Duration) -> Result<Done> {
    let total = u64::from(per_second) * ns(time) / 1_000_000_000;
    let interval = Duration::from_secs(1) / per_second;
    let start = now_ns() + 20_000_000;
    let due = move |index: u64| start + index * ns(interval);
    let (tokens, next) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicU64::new(0)));
    // The runtime's timer is good to a millisecond only; a thread sleeps more precisely.
    let pacer = Arc::clone(&tokens);
    std::thread::spawn(move || {
        for index in 0..total {
            std::thread::sleep(Duration::from_nanos(due(index).saturating_sub(now_ns())));
            pacer.add_permits(1);
        }
        pacer.add_permits(OPEN_CONNECTIONS);
    });
    let one = move |mut connection: Connection, numbers: Arc<Numbers>| {
        let (tokens, next) = (Arc::clone(&tokens), Arc::clone(&next));
        async move {
            let (mut webhook, mut sent) = (Webhook::new(), Vec::new());
            loop {
                tokens.acquire().await?.forget();
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= total {
                    return Ok(sent);
                }
                let number = numbers.next();
                sent.push(send(&mut connection, webhook.about(number), number, due(index)).await?);
            }
        }
    };
    each_connection(port, numbers, OPEN_CONNECTIONS, one).await
}

async fn send(connection: &mut Connection, request: &[u8], number: u64, at_ns: u64) -> Result<Sent> {
    let status = connection.call(request).await?;
    ensure!(status == 202, "a webhook was answered with {status}");
    Ok(Sent { number, at_ns, latency_ns: now_ns() - at_ns })
}

async fn each_connection<F>(
    port: u16,
    numbers: &Arc<Numbers>,
    connections: usize,
    one: impl Fn(Connection, Arc<Numbers>) -> F,
) -> Result<Done>
where
    F: Future<Output = Result<Vec<Sent>>> + Send + 'static,
{
    let mut opened = Vec::with_capacity(connections);
    for _ in 0..connections {
        opened.push(Connection::open(port).await?);
    }
    let mut tasks = JoinSet::new();
    for connection in opened {
        tasks.spawn(one(connection, Arc::clone(numbers)));
    }
    let mut sent = Vec::new();
    while let Some(done) = tasks.join_next().await {
        sent.extend(done??);
    }
    let first = sent.iter().map(|s| s.at_ns).min().unwrap_or(0);
    let last = sent.iter().map(|s| s.at_ns + s.latency_ns).max().unwrap_or(0);
    Ok(Done { sent, seconds: Duration::from_nanos(last - first).as_secs_f64() })
}
