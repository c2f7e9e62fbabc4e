//! Looks from outside at the tunnels of devices: whose turn it is, and what was seen.

use triage::time::Timestamp;

use super::{Doing, Result, Store, each};

impl Store {
    /// Takes the look at a device; `false` when somebody has looked since `before`, or there is no such device.
    pub async fn begin_look(&self, device_id: &str, before: Timestamp, now: Timestamp) -> Result<bool> {
        each!(self, |db| {
            sqlx::query(
                "update devices set looked_at = $3 where id = $1 and revoked_at is null and (looked_at is null or looked_at < $2)",
            )
            .bind(device_id)
            .bind(before.as_millis())
            .bind(now.as_millis())
            .execute(db.write())
            .await
            .map(|done| done.rows_affected() == 1)
        })
        .doing("begin a look from outside")
    }

    /// Keeps what was seen, as JSON.
    pub async fn keep_receipt(&self, device_id: &str, receipt: &str) -> Result<()> {
        each!(self, |db| {
            sqlx::query("update devices set receipt = $2 where id = $1")
                .bind(device_id)
                .bind(receipt)
                .execute(db.write())
                .await
                .map(|_| ())
        })
        .doing("keep what was seen from outside")
    }
}
