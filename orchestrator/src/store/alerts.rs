//! What a person should look at: raised once, changed while it is open, cleared once, however many orchestrators look.

use std::time::Duration;

use link::{Alert, Alerts};
use sqlx::FromRow;
use triage::time::Timestamp;

use super::triages::rfc3339;
use super::{Doing, Result, Store, each};

/// For so long an alert that passed is shown.
const RECENT: Duration = Duration::from_secs(7 * 24 * 3600);

/// So many alerts are shown that passed.
const MOST_RECENT: i64 = 200;

/// What is known of a paired machine when alerts are evaluated.
#[derive(Debug, Clone, FromRow)]
pub struct AlertFacts {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// When it was paired, in milliseconds since the epoch.
    pub paired_at: i64,
    /// Its last heartbeat, likewise.
    pub last_seen_at: Option<i64>,
    /// That heartbeat, as JSON.
    pub heartbeat: Option<String>,
    /// The last look from outside, as JSON.
    pub receipt: Option<String>,
    /// When the credentials of its tunnel end, in milliseconds since the epoch.
    pub credentials_end_at: Option<i64>,
}

/// An alert that should be open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedAlert {
    /// Its rule.
    pub kind: &'static str,
    /// What it is about; with the kind it names the alert.
    pub subject: String,
    /// `page` or `email`.
    pub severity: &'static str,
    /// What is wrong.
    pub sentence: String,
    /// What to do about it.
    pub what_to_do: String,
}

/// What became of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertNews {
    /// `alert_raised`, `alert_changed` or `alert_cleared`.
    pub what: &'static str,
    /// The alert's rule.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// `page` or `email`.
    pub severity: String,
}

#[derive(FromRow)]
struct Row {
    id: String,
    kind: String,
    subject: String,
    severity: String,
    sentence: String,
    what_to_do: String,
    raised_at: i64,
    cleared_at: Option<i64>,
}

macro_rules! select_alerts {
    ($tail:literal) => {
        concat!(
            "select id, kind, subject, severity, sentence, what_to_do, raised_at, cleared_at from alerts ",
            $tail
        )
    };
}

/// Records what became of an alert, for whoever follows changes.
macro_rules! record {
    ($tx:ident, $id:expr, $what:expr, $now:expr) => {
        sqlx::query("insert into changes (ticket_id, kind, detail, at) values ('', $1, $2, $3)")
            .bind($what)
            .bind(serde_json::json!({ "alert_id": $id }).to_string())
            .bind($now.as_millis())
            .execute(&mut *$tx)
            .await
            .doing("record a change")?
    };
}

impl Store {
    /// Makes the open alerts of these kinds those that `decide` wants for the paired machines: the rest is cleared. `None`
    /// while somebody else is at it: nothing happens, so that none judges by what it read before another's change.
    pub async fn evaluate_alerts(
        &self,
        kinds: &[&'static str],
        decide: impl Fn(&[AlertFacts], Timestamp) -> Vec<WantedAlert>,
        now: impl Fn() -> Timestamp,
    ) -> Result<Option<Vec<AlertNews>>> {
        each!(self, |db| {
            let mut tx = db.begin().await.doing("begin")?;
            let turn: i64 =
                sqlx::query_scalar(db.sql().alerts_turn).fetch_one(&mut *tx).await.doing("take a turn")?;
            if turn == 0 {
                return Ok(None);
            }
            let now = now();
            let facts: Vec<AlertFacts> = sqlx::query_as(
                "select d.id, d.name, d.paired_at, d.last_seen_at, d.heartbeat, d.receipt, t.expires_at as credentials_end_at
                 from devices d left join tunnels t on t.device_id = d.id where d.revoked_at is null order by d.paired_at, d.id")
                .fetch_all(&mut *tx).await.doing("list devices")?;
            let open: Vec<Row> = sqlx::query_as(select_alerts!("where cleared_at is null"))
                .fetch_all(&mut *tx)
                .await
                .doing("list alerts")?;
            let wanted = decide(&facts, now);
            let steps = steps(&open, &wanted, kinds);
            for Step { id, alert, news } in &steps {
                let Some(alert) = alert else {
                    sqlx::query("update alerts set cleared_at = $2 where id = $1")
                        .bind(id)
                        .bind(now.as_millis())
                        .execute(&mut *tx)
                        .await
                        .doing("clear an alert")?;
                    record!(tx, id, news.what, now);
                    continue;
                };
                sqlx::query(
                    "insert into alerts (id, kind, subject, severity, sentence, what_to_do, raised_at) values ($1, $2, $3, $4, $5, $6, $7)
                     on conflict (id) do update set severity = excluded.severity, sentence = excluded.sentence,
                        what_to_do = excluded.what_to_do")
                    .bind(id).bind(alert.kind).bind(&alert.subject).bind(alert.severity).bind(&alert.sentence)
                    .bind(&alert.what_to_do).bind(now.as_millis())
                    .execute(&mut *tx).await.doing("raise an alert")?;
                record!(tx, id, news.what, now);
            }
            tx.commit().await.doing("evaluate alerts")?;
            Ok(Some(steps.into_iter().map(|step| step.news).collect()))
        })
    }

    /// Those that are open and those that passed not long ago, newest first.
    pub async fn alerts(&self, now: Timestamp) -> Result<Alerts> {
        let open: Vec<Row> = each!(self, |db| {
            sqlx::query_as(select_alerts!("where cleared_at is null order by raised_at desc, id desc"))
                .fetch_all(db.read())
                .await
        })
        .doing("list alerts")?;
        let recent: Vec<Row> = each!(self, |db| {
            sqlx::query_as(select_alerts!("where cleared_at >= $1 order by raised_at desc, id desc limit $2"))
                .bind(now.minus(RECENT).as_millis())
                .bind(MOST_RECENT)
                .fetch_all(db.read())
                .await
        })
        .doing("list alerts")?;
        let [open, recent] = [open, recent].map(|rows| rows.into_iter().map(Row::into_alert).collect());
        Ok(Alerts { open, recent })
    }

    /// These alerts, in no order; unknown ones are left out.
    pub(super) async fn alerts_of(&self, ids: &[String]) -> Result<Vec<Alert>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids = serde_json::json!(ids).to_string();
        let rows: Vec<Row> = each!(self, |db| {
            let sql = format!("{}{}", select_alerts!("where id "), db.sql().among);
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(&ids).fetch_all(db.read()).await
        })
        .doing("read alerts")?;
        Ok(rows.into_iter().map(Row::into_alert).collect())
    }
}

/// Something to be done about an alert: to raise or change it, or to clear it.
struct Step<'a> {
    id: String,
    alert: Option<&'a WantedAlert>,
    news: AlertNews,
}

/// What makes the open alerts of these kinds the wanted ones.
fn steps<'a>(open: &[Row], wanted: &'a [WantedAlert], kinds: &[&str]) -> Vec<Step<'a>> {
    let step = |id: String, what, kind: &str, subject: &str, severity: &str| Step {
        id,
        alert: wanted.iter().find(|alert| alert.kind == kind && alert.subject == subject),
        news: AlertNews {
            what,
            kind: kind.to_owned(),
            subject: subject.to_owned(),
            severity: severity.to_owned(),
        },
    };
    let mut steps = Vec::new();
    for alert in wanted {
        let (kind, subject, severity) = (alert.kind, &alert.subject, alert.severity);
        match open.iter().find(|row| row.is(alert)) {
            Some(row) if row.says(alert) => {}
            Some(row) => steps.push(step(row.id.clone(), "alert_changed", kind, subject, severity)),
            None => {
                steps.push(step(uuid::Uuid::now_v7().to_string(), "alert_raised", kind, subject, severity));
            }
        }
    }
    for row in open.iter().filter(|row| kinds.contains(&row.kind.as_str())) {
        if !wanted.iter().any(|alert| row.is(alert)) {
            steps.push(step(row.id.clone(), "alert_cleared", &row.kind, &row.subject, &row.severity));
        }
    }
    steps
}

impl Row {
    fn is(&self, alert: &WantedAlert) -> bool {
        self.kind == alert.kind && self.subject == alert.subject
    }

    fn says(&self, alert: &WantedAlert) -> bool {
        self.severity == alert.severity
            && self.sentence == alert.sentence
            && self.what_to_do == alert.what_to_do
    }

    fn into_alert(self) -> Alert {
        Alert {
            id: self.id,
            kind: self.kind,
            subject: self.subject,
            severity: self.severity,
            sentence: self.sentence,
            what_to_do: self.what_to_do,
            raised_at: rfc3339(self.raised_at),
            cleared_at: self.cleared_at.map(rfc3339),
        }
    }
}
