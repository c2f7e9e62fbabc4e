//! Follows the paired machines: what they say of themselves, their tunnels, their silence.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::DATABASE_PAUSE;
use crate::app::App;
use crate::queue::wake::News;

/// How often the database is looked at when nobody tells of news. Of an embedded one, which nobody is notified by, more
/// often once there are devices.
const fn poll(is_shared: bool, has_devices: bool) -> Duration {
    if has_devices && !is_shared { Duration::from_millis(500) } else { Duration::from_secs(5) }
}

/// Keeps the providers informed until `stop`.
pub(super) async fn follow(app: &App, stop: &CancellationToken) {
    let mut news = app.wake.follow(News::Devices);
    loop {
        news.mark_unchanged();
        let (pause, silence) = match app.providers.refresh(&app.store).await {
            Ok(seen) => (poll(app.store.is_shared(), app.providers.has_devices()), seen.next_silence),
            Err(error) => {
                debug!(error = %error.chain(), "cannot look for devices");
                (DATABASE_PAUSE, None)
            }
        };
        let silence = async {
            match silence {
                Some(at) => app.clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            _ = news.changed() => {}
            () = silence => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
