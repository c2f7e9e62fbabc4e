//! The program that stays: the icon, its menu and the agent. It knows nothing of the browser engine, whose libraries alone
//! would take more memory than all the rest.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::process::ExitCode;

use agent::children::guard;

fn main() -> ExitCode {
    // Before anything is opened: the guard closes what it inherited.
    if std::env::args_os().nth(1).is_some_and(|mode| mode == guard::MODE) {
        return guard::run();
    }
    tray::app::run()
}
