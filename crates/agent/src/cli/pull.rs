//! `pull`: downloads a model into the local Ollama.

use std::process::ExitCode;
use std::time::Duration;

use super::Context;
use super::terminal::{complain, progress, say};
use crate::ollama_api::{OllamaApi, Progress};
use crate::tunnel::http;

/// For everything but the download itself, which tells how far it is.
const TIMEOUT: Duration = Duration::from_secs(3600 * 24);

/// Columns of the bar.
const BAR: u64 = 30;

pub(super) async fn run(context: &Context, model: Option<String>) -> ExitCode {
    let model = model.unwrap_or_else(|| context.settings.model.clone());
    let address = format!("http://{}", context.settings.ollama_address);
    let api = OllamaApi::new(http::client(TIMEOUT), &address);
    let mut pulling = match api.pull(&model).await {
        Ok(pulling) => pulling,
        Err(problem) => {
            complain(&format!(
                "{model} cannot be downloaded: {problem}.\nIs Ollama running? See triage-agent status."
            ));
            return ExitCode::FAILURE;
        }
    };
    while let Some(step) = pulling.next().await {
        match step {
            Ok(step) => progress(&bar(&step)),
            Err(problem) => {
                progress("");
                complain(&format!(
                    "The download of {model} stopped: {problem}.\nThe same command goes on where it stopped."
                ));
                return ExitCode::FAILURE;
            }
        }
    }
    progress("");
    say(&format!("{model} is here."));
    super::ask::reload(context).await;
    ExitCode::SUCCESS
}

/// How far it is, how fast, and for how long still.
fn bar(progress: &Progress) -> String {
    let Progress { status, completed_bytes, total_bytes, bytes_per_second } = progress;
    if *total_bytes == 0 {
        return status.clone();
    }
    let filled = (completed_bytes * BAR / total_bytes).min(BAR);
    let bar: String = (0..BAR).map(|column| if column < filled { '█' } else { '░' }).collect();
    let left = total_bytes.saturating_sub(*completed_bytes);
    let rate = bytes_per_second
        .filter(|speed| *speed > 0)
        .map_or_else(String::new, |speed| format!(", {}/s, {} s left", size(speed), left / speed));
    format!("{bar} {} of {}{rate}", size(*completed_bytes), size(*total_bytes))
}

fn size(bytes: u64) -> String {
    const MEGA: u64 = 1_000_000;
    match bytes {
        0..MEGA => format!("{} kB", bytes / 1000),
        MEGA..1_000_000_000 => format!("{}.{} MB", bytes / MEGA, bytes % MEGA / 100_000),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes % 1_000_000_000 / 100_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_says_how_far_how_fast_and_how_long() {
        let progress = |completed_bytes, total_bytes, bytes_per_second| Progress {
            status: "pulling manifest".to_owned(),
            completed_bytes,
            total_bytes,
            bytes_per_second,
        };
        assert_eq!(bar(&progress(0, 0, None)), "pulling manifest");
        let half = bar(&progress(1_000_000_000, 2_000_000_000, Some(20_000_000)));
        assert_eq!(half, "███████████████░░░░░░░░░░░░░░░ 1.0 GB of 2.0 GB, 20.0 MB/s, 50 s left");
        assert!(bar(&progress(2, 2, Some(0))).ends_with("0 kB of 0 kB"));
    }
}
