//! A program that prints faster than anybody can read.

use super::scene::{RUN, Scene, until};
use agent::children::logs::{Limits, Stream};
use supervise::Kind;

const LINES: u64 = 300_000;

#[tokio::test]
async fn every_line_of_a_flood_is_kept_or_counted_in_bounded_memory() {
    let mut scene = Scene::new();
    scene.spawn(Kind::Ollama, &format!("flood=100000,flood-lines={LINES}"));
    scene.spawned().await;
    let log = scene.runner.keep().log(Kind::Ollama).clone();
    let last = format!("attempt={LINES}");
    until("the last line", || log.tail(60).iter().any(|line| line.text.ends_with(&last))).await;
    let kept = log.tail(usize::MAX);
    let theirs = kept.iter().filter(|line| line.stream != Stream::Agent).count();
    let all = u64::try_from(theirs).unwrap() + log.dropped();
    assert!((LINES..LINES + 10).contains(&all), "{theirs} kept, {} dropped", log.dropped());
    let limits = Limits::default();
    assert!(
        kept.len() <= limits.lines && kept.iter().map(|line| line.text.len()).sum::<usize>() <= limits.bytes
    );
    assert!(kept.iter().any(|line| line.text.ends_with(" lines dropped")));
    scene.runner.kill(Kind::Ollama, RUN);
    let last_words = scene.exited().await.last_lines;
    assert!(last_words.iter().any(|line| line.ends_with(&last)), "{last_words:?}");
}
