//! What the orchestrator adds to a model call. With one slot and a queue of tickets the model is always wanted, so the
//! time from one question to the next is the call itself and whatever is added to it; the same questions asked directly
//! one after the other show the call alone.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::{Lab, PATIENCE};
use crate::database::Engine;
use crate::http::Connection;
use crate::load;
use crate::report::Bar;
use crate::stats::percentile_ms;
use crate::stub::LocalModel;

/// Calls per round and side.
const CALLS: u64 = 40;

/// What the model takes.
const MODEL: Duration = Duration::from_millis(50);

/// Alternates between a queue of tickets and direct calls.
pub(crate) async fn run(lab: &mut Lab, scenario: &'static str) -> Result<()> {
    let database = lab.database(Engine::Postgres, "model").await?;
    let orchestrator = lab.program.serve(&database, &[("LOCAL_LLM_CONCURRENCY", "1")]).await?;
    let (mut through, mut direct, mut added) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=lab.size.rounds {
        lab.say(&format!("{scenario}: round {round} of {} (0 is the warm-up)", lab.size.rounds));
        lab.begin(LocalModel::Answers(MODEL));
        let expected = load::burst(orchestrator.port, &lab.numbers, 8, CALLS).await?.sent.len();
        lab.stub.wait("all messages", PATIENCE, |journal| journal.told.len() >= expected).await?;
        let of_tickets = period_ms(&lab.stub.journal().questions);
        let of_calls = call_directly(lab).await?;
        if round > 0 {
            through.push(of_tickets);
            direct.push(of_calls);
            added.push(of_tickets - of_calls);
        }
    }
    drop(orchestrator);
    database.delete().await?;
    let what = "from one question to the next";
    lab.report.add(scenario, format!("{what}, through the orchestrator"), "ms", through);
    lab.report.add(scenario, format!("{what}, asked directly"), "ms", direct);
    lab.report.add(scenario, "added to a model call of 50 ms", "ms", added);
    lab.report.bar(Bar::AtMost(1.0));
    Ok(())
}

/// The last question once more and again, over one kept connection.
async fn call_directly(lab: &Lab) -> Result<f64> {
    let question = lab.stub.journal().question.clone();
    let head = format!(
        "POST /api/chat HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        question.len()
    );
    let request = [head.as_bytes(), &question].concat();
    lab.stub.forget();
    let mut connection = Connection::open(lab.stub.port).await?;
    for _ in 0..CALLS {
        ensure!(connection.call(&request).await? == 200, "the model stub refuses");
    }
    Ok(period_ms(&lab.stub.journal().questions))
}

/// The median time from one question to the next.
fn period_ms(questions: &[u64]) -> f64 {
    let periods: Vec<u64> = questions.windows(2).map(|pair| pair[1] - pair[0]).collect();
    percentile_ms(&periods, 50.0)
}
