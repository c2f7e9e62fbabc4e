//! Figures and alerts, for paired devices.

use std::sync::Arc;
use std::time::Duration;

use axum::Json as Answer;
use axum::extract::State;
use link::{Alerts, ErrorBody, Stats};

use super::caller::Caller;
use super::query::Parameters;
use crate::app::App;
use crate::error::ApiError;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Figures of the last while
#[utoipa::path(get, path = "/api/v1/stats", tag = "results", security(("bearer" = [])),
    params(("window" = Option<String>, Query, description = "From `15m` to `30d`, else `24h`")),
    responses(
        (status = 200, description = "The figures", body = Stats),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
        (status = 401, description = "Not a paired device", body = ErrorBody)
    ))]
pub(super) async fn stats(
    State(app): State<Arc<App>>,
    _: Caller,
    parameters: Parameters,
) -> Result<Answer<Stats>, ApiError> {
    parameters.only(&["window"])?;
    let allowed = "a time from 15m to 30d, such as 90m, 24h or 7d";
    let window = parameters.get("window", allowed, window)?;
    Ok(Answer(app.store.stats(window.unwrap_or(Duration::from_secs(DAY)), app.clock.now()).await?))
}

/// What a person should look at
#[utoipa::path(get, path = "/api/v1/alerts", tag = "results", security(("bearer" = [])),
    responses(
        (status = 200, description = "Open alerts, and those that passed within a week", body = Alerts),
        (status = 401, description = "Not a paired device", body = ErrorBody)
    ))]
pub(super) async fn alerts(State(app): State<Arc<App>>, _: Caller) -> Result<Answer<Alerts>, ApiError> {
    Ok(Answer(app.store.alerts(app.clock.now()).await?))
}

fn window(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        _ => return None,
    };
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = number.parse::<u64>().ok().filter(|_| is_number)?.checked_mul(unit)?;
    (15 * MINUTE..=30 * DAY).contains(&seconds).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_have_a_unit_and_bounds() {
        let table = [
            ("15m", Some(900)),
            ("1h", Some(3600)),
            ("30d", Some(2_592_000)),
            ("14m", None),
            ("31d", None),
            ("721h", None),
            ("+1h", None),
            ("h", None),
            ("", None),
            ("60", None),
            ("1 h", None),
            ("1ü", None),
            ("99999999999999999999d", None),
            ("999999999999999999d", None),
        ];
        for (text, seconds) in table {
            assert_eq!(window(text), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
