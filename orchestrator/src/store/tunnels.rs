//! The ways to the models that devices handed over.

use sqlx::FromRow;
use triage::time::Timestamp;

use super::{Doing, Result, Store, each};

/// A device's tunnel, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TunnelRow {
    /// Whose it is.
    pub device_id: String,
    /// Its public address.
    pub url: String,
    /// The model that is asked there.
    pub model: String,
    /// `CF-Access-Client-Id`, sealed for its place; see [`crate::tunnels`].
    pub client_id: Option<String>,
    /// `CF-Access-Client-Secret`, likewise.
    pub client_secret: Option<String>,
    /// When a call through it proved it.
    pub verified_at: Timestamp,
    /// When the service token ends, as far as it is known.
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
    /// The tunnels of all devices, in the order of their ids.
    pub async fn tunnels(&self) -> Result<Vec<TunnelRow>> {
        let rows: Vec<Row> = each!(self, |db| {
            sqlx::query_as(
                "select device_id, url, model, client_id, client_secret, verified_at, expires_at
                 from tunnels order by device_id",
            )
            .fetch_all(db.read())
            .await
        })
        .doing("list tunnels")?;
        Ok(rows.into_iter().map(Row::into_tunnel).collect())
    }

    /// Keeps a device's tunnel in place of the one it had; `false` when the device is revoked.
    pub async fn put_tunnel(&self, tunnel: &TunnelRow) -> Result<bool> {
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            // Holds the device's row: a revocation comes before or after, never in between.
            let held =
                sqlx::query("update devices set revoked_at = null where id = $1 and revoked_at is null")
                    .bind(&tunnel.device_id)
                    .execute(&mut *tx)
                    .await
                    .doing("hold a device")?
                    .rows_affected()
                    == 1;
            if held {
                sqlx::query(
                    "insert into tunnels (device_id, url, model, client_id, client_secret, verified_at, expires_at)
                     values ($1, $2, $3, $4, $5, $6, $7)
                     on conflict (device_id) do update set url = excluded.url, model = excluded.model,
                     client_id = excluded.client_id, client_secret = excluded.client_secret,
                     verified_at = excluded.verified_at, expires_at = excluded.expires_at",
                )
                .bind(&tunnel.device_id)
                .bind(&tunnel.url)
                .bind(&tunnel.model)
                .bind(&tunnel.client_id)
                .bind(&tunnel.client_secret)
                .bind(tunnel.verified_at.as_millis())
                .bind(tunnel.expires_at.map(Timestamp::as_millis))
                .execute(&mut *tx)
                .await
                .doing("keep a tunnel")?;
            }
            tx.commit().await.doing("keep a tunnel")?;
            Ok(held)
        })
    }

    /// Puts the credentials of `anew` in the place of those of `old`, unless the device has handed over others meanwhile.
    pub async fn reseal_tunnel(&self, old: &TunnelRow, anew: &TunnelRow) -> Result<bool> {
        each!(self, |db| {
            sqlx::query(
                "update tunnels set client_id = $4, client_secret = $5
                 where device_id = $1 and client_id = $2 and client_secret = $3",
            )
            .bind(&old.device_id)
            .bind(&old.client_id)
            .bind(&old.client_secret)
            .bind(&anew.client_id)
            .bind(&anew.client_secret)
            .execute(db.write())
            .await
            .map(|done| done.rows_affected() == 1)
        })
        .doing("seal a tunnel's credentials anew")
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
