//! `diagnostics`: a zip for whoever helps.

use std::path::Path;
use std::process::ExitCode;

use super::Context;
use super::terminal::{complain, say};
use crate::diagnostics::Collected;
use crate::handle::Handle;

pub(super) async fn run(context: &Context, file: &Path) -> ExitCode {
    let collected = Collected::gather(context, &Handle::There(context.socket())).await;
    match collected.write(file) {
        Ok(()) => {
            say(&format!("{} is written. Look into it before you send it.", file.display()));
            ExitCode::SUCCESS
        }
        Err(problem) => {
            use std::error::Error as _;
            let cause = problem.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            complain(&format!("{problem}{cause}"));
            ExitCode::FAILURE
        }
    }
}
