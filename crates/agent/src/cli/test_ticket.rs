//! `test-ticket`: the way of a test ticket, hop by hop, as it goes.

use std::process::ExitCode;

use super::ask::NOT_RUNNING;
use super::terminal::{complain, look, say};
use super::{Context, table};
use crate::socket::{Reply, Request, ask};
use crate::test_ticket::TestStep;

pub(super) async fn run(context: &Context) -> ExitCode {
    let Ok(mut answer) = ask(&context.socket(), &Request::TestTicket).await else {
        complain(NOT_RUNNING);
        return ExitCode::FAILURE;
    };
    let mut steps: Vec<TestStep> = Vec::new();
    loop {
        match answer.next().await {
            Ok(Some(Reply::Test { step })) => {
                say(&table::test_step(steps.last(), &step, look()));
                steps.push(step);
            }
            Ok(Some(Reply::Failed { why, what_to_do })) => {
                complain(&format!("{why}\n{what_to_do}"));
                return ExitCode::FAILURE;
            }
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(problem) => {
                complain(&format!("The agent's answer broke off: {problem}."));
                return ExitCode::FAILURE;
            }
        }
    }
    let is_done = matches!(steps.last(), Some(TestStep::Done { .. }));
    let has_failed = steps.iter().any(|step| matches!(step, TestStep::Failed { .. }));
    if !is_done && !has_failed {
        complain("The agent ended before the ticket arrived.");
    }
    if is_done && !has_failed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
