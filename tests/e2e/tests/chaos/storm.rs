//! `scripts/chaos` in short.

use std::time::Duration;

use e2e::chaos::{self, Options};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_restarts_and_faults_lose_nothing_and_decide_nothing_twice() {
    let most = Duration::from_secs(240);
    let options = Options { seed: 4711, tickets: 150, kills: 3, restarts: 1, most };
    #[expect(clippy::print_stderr, reason = "shown when the test fails")]
    let report = chaos::run(&options, |line| eprintln!("{line}")).await;
    assert!(report.problems().is_empty(), "{:?}\n{report}", report.problems());
    let done = (report.accepted, report.kills, report.restarts, report.verdicts + report.failed);
    assert_eq!(done, (150, 3, 1, 150), "{report}");
}
