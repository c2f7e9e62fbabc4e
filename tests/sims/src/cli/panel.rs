//! `sims panel`: waits for a program's icon in the panel, and says what a panel would show.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use sims::panel::{Icon, Panel};

/// How often it looks.
const EVERY: Duration = Duration::from_millis(50);

/// What it waits for.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Address of the session's bus.
    #[arg(long)]
    bus: String,
    /// A line that the icon's menu must have.
    #[arg(long)]
    line: String,
    /// For so long.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let bus = zbus::connection::Builder::address(options.bus.as_str())?.build().await?;
    let panel = Panel::show(&bus).await?;
    let seen = tokio::time::timeout(Duration::from_secs(options.seconds), async {
        loop {
            if let Some((name, path)) = panel.last()
                && let Ok(icon) = Icon::read(&bus, &name, &path).await
                && icon.lines.contains(&options.line)
            {
                return icon;
            }
            tokio::time::sleep(EVERY).await;
        }
    });
    let icon = seen.await.with_context(|| format!("no icon has a menu with the line {:?}", options.line))?;
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&icon)?)?;
    Ok(ExitCode::SUCCESS)
}
