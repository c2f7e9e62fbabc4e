//! The tray app.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::process::ExitCode;

use agent::children::guard;

fn main() -> ExitCode {
    // Before anything is opened: the guard closes what it inherited.
    if std::env::args_os().nth(1).is_some_and(|mode| mode == guard::MODE) {
        return guard::run();
    }
    if std::env::args_os().nth(1).is_some_and(|mode| mode == tray::opener::MODE) {
        return tray::window::process::run();
    }
    tray::app::run()
}
