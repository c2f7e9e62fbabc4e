//! The ways to the models on paired machines.

use sqlx::FromRow;
use triage::time::Timestamp;

use super::{Doing, Result, Store, each};

/// A tunnel as it is stored; its credentials are sealed for `tunnels/<device id>/<column>`.
#[derive(Clone, PartialEq, Eq)]
pub struct TunnelRow {
    /// Whose it is.
    pub device_id: String,
    /// Its public address.
    pub url: String,
    /// The model that is asked there.
    pub model: String,
    /// `CF-Access-Client-Id`, sealed.
    pub client_id: Option<String>,
    /// `CF-Access-Client-Secret`, sealed.
    pub client_secret: Option<String>,
    /// When a call through it last proved it.
    pub verified_at: Timestamp,
    /// When its service token ends, as far as it is known.
    pub expires_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct Row {
    device_id: String,
    url: String,
    model: String,
    client_id: Option<String>,
    client_secret: Option<String>,
    verified_at: i64,
    expires_at: Option<i64>,
}

impl Store {
    /// Every tunnel that a device handed over.
    pub async fn tunnels(&self) -> Result<Vec<TunnelRow>> {
        let rows: Vec<Row> = each!(self, |db| {
            sqlx::query_as(
                "select device_id, url, model, client_id, client_secret, verified_at, expires_at from tunnels order by device_id",
            )
            .fetch_all(db.read())
            .await
        })
        .doing("list tunnels")?;
        Ok(rows.into_iter().map(Row::into_tunnel).collect())
    }
}

impl Row {
    fn into_tunnel(self) -> TunnelRow {
        TunnelRow {
            device_id: self.device_id,
            url: self.url,
            model: self.model,
            client_id: self.client_id,
            client_secret: self.client_secret,
            verified_at: Timestamp::from_millis(self.verified_at),
            expires_at: self.expires_at.map(Timestamp::from_millis),
        }
    }
}
