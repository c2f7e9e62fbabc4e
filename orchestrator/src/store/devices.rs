//! Paired machines.

use link::{Standing, Usability};
use sqlx::FromRow;
use triage::time::Timestamp;

use super::{Doing, Result, Store, each};

/// A machine that is being paired.
#[derive(Debug, Clone)]
pub struct NewDevice {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// `linux`, `macos` or `windows`.
    pub platform: String,
    /// Version of its program.
    pub version: String,
    /// SHA-256 of its token, in hex.
    pub token_hash: String,
}

/// A paired machine, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRow {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// `linux`, `macos` or `windows`.
    pub platform: String,
    /// Version of its program, as last heard.
    pub version: String,
    /// When it was paired.
    pub paired_at: Timestamp,
    /// Its last heartbeat.
    pub last_seen_at: Option<Timestamp>,
    /// What it said of itself then.
    pub standing: Standing,
    /// That heartbeat, as JSON.
    pub heartbeat: Option<String>,
    /// The last look from outside, as JSON.
    pub receipt: Option<String>,
}

/// What counts for tickets of what a device said last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceSaid {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// When it said so.
    pub last_seen_at: Option<Timestamp>,
    /// Whether tickets can be triaged on it.
    pub standing: Standing,
    /// The public address of its tunnel.
    pub public_url: Option<String>,
}

/// What a device said of itself.
#[derive(Debug, Clone)]
pub struct Beat {
    /// Version of its program.
    pub version: String,
    /// Whether tickets can be triaged on it.
    pub standing: Standing,
    /// All of it, as JSON.
    pub json: String,
}

#[derive(FromRow)]
struct Row {
    id: String,
    name: String,
    platform: String,
    version: String,
    paired_at: i64,
    last_seen_at: Option<i64>,
    standing: String,
    standing_why: Option<String>,
    heartbeat: Option<String>,
    receipt: Option<String>,
}

#[derive(FromRow)]
struct SaidRow {
    id: String,
    name: String,
    last_seen_at: Option<i64>,
    standing: String,
    standing_why: Option<String>,
    public_url: Option<String>,
}

macro_rules! select_devices {
    ($tail:literal) => {
        concat!(
            "select id, name, platform, version, paired_at, last_seen_at, standing, standing_why, heartbeat, receipt from devices
             where revoked_at is null ",
            $tail
        )
    };
}

/// `(id, name, platform, version, SHA-256 of the token, now)`: adds a device.
pub(super) const INSERT: &str = "insert into devices (id, name, platform, version, token_hash, paired_at) values ($1, $2, $3, $4, $5, $6)";

impl Store {
    /// Adds a device.
    pub async fn add_device(&self, device: &NewDevice, now: Timestamp) -> Result<()> {
        each!(self, |db| {
            sqlx::query(INSERT)
                .bind(&device.id)
                .bind(&device.name)
                .bind(&device.platform)
                .bind(&device.version)
                .bind(&device.token_hash)
                .bind(now.as_millis())
                .execute(db.write())
                .await
                .map(|_| ())
        })
        .doing("add a device")
    }

    /// The device that proves itself with the token of this SHA-256, unless it is revoked.
    pub async fn device_of_token(&self, token_hash: &str) -> Result<Option<DeviceRow>> {
        let row: Option<Row> = each!(self, |db| {
            sqlx::query_as(select_devices!("and token_hash = $1"))
                .bind(token_hash)
                .fetch_optional(db.read())
                .await
        })
        .doing("look for a device")?;
        Ok(row.map(Row::into_device))
    }

    /// Whether a device is still paired.
    pub async fn is_paired(&self, id: &str) -> Result<bool> {
        let devices: i64 = each!(self, |db| {
            sqlx::query_scalar("select count(*) from devices where id = $1 and revoked_at is null")
                .bind(id)
                .fetch_one(db.read())
                .await
        })
        .doing("look for a device")?;
        Ok(devices == 1)
    }

    /// The devices that are not revoked, oldest first.
    pub async fn devices(&self) -> Result<Vec<DeviceRow>> {
        let rows: Vec<Row> = each!(self, |db| {
            sqlx::query_as(select_devices!("order by paired_at, id")).fetch_all(db.read()).await
        })
        .doing("list devices")?;
        Ok(rows.into_iter().map(Row::into_device).collect())
    }

    /// What the devices that are not revoked said last, as far as it counts for tickets; oldest first. Whole heartbeats,
    /// which can be long, stay where they are.
    pub async fn devices_said(&self) -> Result<Vec<DeviceSaid>> {
        let rows: Vec<SaidRow> =
            each!(self, |db| sqlx::query_as(db.sql().devices_said).fetch_all(db.read()).await)
                .doing("look what devices say")?;
        Ok(rows.into_iter().map(SaidRow::into_said).collect())
    }

    /// Keeps what a device said of itself; `false` when it is revoked.
    pub async fn heard_of_device(&self, id: &str, beat: &Beat, now: Timestamp) -> Result<bool> {
        each!(self, |db| {
            sqlx::query(
                "update devices set version = $2, standing = $3, standing_why = $4, heartbeat = $5, last_seen_at = $6
                 where id = $1 and revoked_at is null",
            )
            .bind(id)
            .bind(&beat.version)
            .bind(state_name(beat.standing.state))
            .bind(&beat.standing.why)
            .bind(&beat.json)
            .bind(now.as_millis())
            .execute(db.write())
            .await
            .map(|done| done.rows_affected() == 1)
        })
        .doing("keep a heartbeat")
    }

    /// Revokes a device and forgets its tunnel; `false` when there is no such device.
    pub async fn revoke_device(&self, id: &str, now: Timestamp) -> Result<bool> {
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            let revoked =
                sqlx::query("update devices set revoked_at = $2 where id = $1 and revoked_at is null")
                    .bind(id)
                    .bind(now.as_millis())
                    .execute(&mut *tx)
                    .await
                    .doing("revoke a device")?
                    .rows_affected()
                    == 1;
            sqlx::query("delete from tunnels where device_id = $1")
                .bind(id)
                .execute(&mut *tx)
                .await
                .doing("forget a tunnel")?;
            tx.commit().await.doing("revoke a device")?;
            Ok(revoked)
        })
    }
}

const fn state_name(state: Usability) -> &'static str {
    match state {
        Usability::Usable => "usable",
        Usability::Unusable => "unusable",
        Usability::Unknown => "unknown",
    }
}

fn standing(state: &str, why: Option<String>) -> Standing {
    let state = match state {
        "usable" => Usability::Usable,
        "unusable" => Usability::Unusable,
        _ => Usability::Unknown,
    };
    Standing { state, why }
}

impl SaidRow {
    fn into_said(self) -> DeviceSaid {
        DeviceSaid {
            id: self.id,
            name: self.name,
            last_seen_at: self.last_seen_at.map(Timestamp::from_millis),
            standing: standing(&self.standing, self.standing_why),
            public_url: self.public_url,
        }
    }
}

impl Row {
    fn into_device(self) -> DeviceRow {
        DeviceRow {
            id: self.id,
            name: self.name,
            platform: self.platform,
            version: self.version,
            paired_at: Timestamp::from_millis(self.paired_at),
            last_seen_at: self.last_seen_at.map(Timestamp::from_millis),
            standing: standing(&self.standing, self.standing_why),
            heartbeat: self.heartbeat,
            receipt: self.receipt,
        }
    }
}
