//! The real window, opened by the tray app and driven by WebDriver: pages and programs as people have them, with the built
//! orchestrator behind them. Each test is one flow in one app.

mod alone;
mod broken;
mod closed;
mod driver;
mod keyboard;
mod scene;
mod setup;
