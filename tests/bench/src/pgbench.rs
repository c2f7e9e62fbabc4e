//! Postgres' own benchmark, as the measure of what this server and this disk can do.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::database::Server;

/// The database it works in.
const DATABASE: &str = "pgbench";

/// What is inserted: one small row under a generated primary key, far less than a ticket takes.
const SCRIPT: &str = "\\set value random(1, 1000000000)\ninsert into bench (value) values (:value);\n";

/// `pgbench` on the server of this run.
pub(crate) struct Pgbench {
    program: PathBuf,
    server: Server,
    script: PathBuf,
}

impl Pgbench {
    /// Makes its table.
    pub(crate) async fn prepare(program: PathBuf, server: Server) -> Result<Self> {
        let script = server.folder.join("insert.sql");
        std::fs::write(&script, SCRIPT)?;
        server.run(&format!("create database {DATABASE}")).await?;
        let inside = Server { url: server.database_url(DATABASE), ..server.clone() };
        inside
            .run("create table bench (id bigint generated always as identity primary key, value bigint not null)")
            .await?;
        Ok(Self { program, server, script })
    }

    /// Durable single-row inserts per second with so many clients, prepared statements, two threads.
    pub(crate) async fn inserts(&self, clients: usize, time: Duration) -> Result<f64> {
        self.server.checkpoint().await?;
        let mut command = Command::new(&self.program);
        command.args(["-n", "-M", "prepared", "-j", "2"]);
        command.arg("-c").arg(clients.to_string()).arg("-T").arg(time.as_secs().max(1).to_string());
        command.arg("-f").arg(&self.script).arg(self.server.database_url(DATABASE));
        let output = command.kill_on_drop(true).output().await.context("cannot run pgbench")?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "pgbench failed: {}", String::from_utf8_lossy(&output.stderr));
        rate(&text).with_context(|| format!("pgbench tells no rate: {text}"))
    }
}

fn rate(output: &str) -> Option<f64> {
    output.lines().find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_rate_is_read_without_the_time_to_connect() {
        let output = "latency average = 0.231 ms\ninitial connection time = 2.5 ms\ntps = 4330.123456 (without initial connection time)\n";
        assert_eq!(super::rate(output), Some(4_330.123_456));
        assert_eq!(super::rate("pgbench (15.18)"), None);
    }
}
