//! The window's program, which the tray app starts.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::process::ExitCode;

fn main() -> ExitCode {
    tray::window::process::run(std::env::args().skip(1))
}
