//! Pairing codes, as SHA-256.

use sqlx::FromRow;
use triage::time::Timestamp;

use super::{Doing, NewDevice, Result, Store, each};
use crate::pairing::{CodeHash, Decision, Kept, MOST_WRONG_TRIES, REMEMBERED_FOR, decide};

#[derive(FromRow)]
struct Row {
    id: String,
    code_hash: String,
    expires_at: i64,
    used_at: Option<i64>,
    wrong_tries: i64,
}

impl Store {
    /// Keeps a code; those that ended long ago are forgotten.
    pub async fn add_pairing_code(
        &self,
        id: &str,
        code: &CodeHash,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            sqlx::query("delete from pairing_codes where expires_at < $1")
                .bind(now.minus(REMEMBERED_FOR).as_millis())
                .execute(&mut *tx)
                .await
                .doing("forget pairing codes")?;
            sqlx::query(
                "insert into pairing_codes (id, code_hash, created_at, expires_at) values ($1, $2, $3, $4)",
            )
            .bind(id)
            .bind(code.as_str())
            .bind(now.as_millis())
            .bind(expires_at.as_millis())
            .execute(&mut *tx)
            .await
            .doing("add a pairing code")?;
            tx.commit().await.doing("add a pairing code")
        })
    }

    /// Decides over a code that somebody typed, and does what follows in the same transaction: it adds `device` and uses
    /// the code up, or counts a wrong try against every open code. One caller at a time, so of two with the same code one
    /// wins, and nobody guesses faster than is counted.
    pub async fn redeem(&self, typed: &CodeHash, device: &NewDevice, now: Timestamp) -> Result<Decision> {
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            sqlx::query(db.sql().lock_pairing_codes).execute(&mut *tx).await.doing("lock pairing codes")?;
            let rows: Vec<Row> =
                sqlx::query_as("select id, code_hash, expires_at, used_at, wrong_tries from pairing_codes")
                    .fetch_all(&mut *tx)
                    .await
                    .doing("read pairing codes")?;
            let kept: Vec<Kept> = rows.into_iter().map(Row::into_kept).collect();
            let decision = decide(typed, &kept, now);
            match &decision {
                Decision::Pairs(id) => {
                    sqlx::query("update pairing_codes set used_at = $2 where id = $1")
                        .bind(id)
                        .bind(now.as_millis())
                        .execute(&mut *tx)
                        .await
                        .doing("use a pairing code up")?;
                    sqlx::query(super::devices::INSERT)
                        .bind(&device.id)
                        .bind(&device.name)
                        .bind(&device.platform)
                        .bind(&device.version)
                        .bind(&device.token_hash)
                        .bind(now.as_millis())
                        .execute(&mut *tx)
                        .await
                        .doing("add a device")?;
                }
                Decision::Wrong => {
                    sqlx::query(
                        "update pairing_codes set wrong_tries = wrong_tries + 1
                         where used_at is null and expires_at > $1 and wrong_tries < $2",
                    )
                    .bind(now.as_millis())
                    .bind(MOST_WRONG_TRIES)
                    .execute(&mut *tx)
                    .await
                    .doing("count a wrong try")?;
                }
                Decision::Expired | Decision::Used | Decision::TooManyTries => {}
            }
            tx.commit().await.doing("decide over a pairing code")?;
            Ok(decision)
        })
    }
}

impl Row {
    fn into_kept(self) -> Kept {
        Kept {
            id: self.id,
            hash: self.code_hash,
            expires_at: Timestamp::from_millis(self.expires_at),
            used_at: self.used_at.map(Timestamp::from_millis),
            wrong_tries: self.wrong_tries,
        }
    }
}
