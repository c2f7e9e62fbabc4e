//! From the start of the process to "ready", and what an idle orchestrator needs of memory.

use std::time::Duration;

use anyhow::Result;

use super::Lab;
use crate::database::Engine;
use crate::report::Bar;
use crate::stub::LocalModel;

/// After this an idle process has done whatever it does at the start.
const SETTLED: Duration = Duration::from_secs(2);

/// How many of the started processes are left idle for a while.
const IDLE: usize = 3;

/// Starts it several times on a migrated database.
pub(crate) async fn run(lab: &mut Lab, engine: Engine, scenario: &'static str) -> Result<()> {
    lab.begin(LocalModel::Answers(Duration::ZERO));
    let database = lab.database(engine, "start").await?;
    let (mut ready, mut rss, mut pss) = (Vec::new(), Vec::new(), Vec::new());
    lab.say(&format!("{scenario}: {} starts", lab.size.starts));
    for start in 0..lab.size.starts {
        let orchestrator = lab.program.serve(&database, &[]).await?;
        ready.push(orchestrator.ready_after_ms);
        if start < IDLE {
            tokio::time::sleep(SETTLED).await;
            let memory = orchestrator.memory();
            rss.push(memory.rss);
            pss.push(memory.pss);
        }
    }
    database.delete().await?;
    lab.report.add(scenario, "start to ready", "ms", ready);
    lab.report.bar(Bar::AtMost(100.0));
    lab.report.add(scenario, "idle memory (RSS)", "MiB", rss);
    lab.report.bar(Bar::AtMost(25.0));
    lab.report.add(scenario, "idle memory (PSS)", "MiB", pss);
    Ok(())
}
