//! On what the figures were measured.

use std::fs;
use std::process::Command;

use anyhow::Result;
use serde::Serialize;

use crate::database::Server;

/// The machine and the programs.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    date: String,
    cpu: String,
    cores: usize,
    memory_gib: f64,
    kernel: String,
    postgres: String,
    commit: String,
    load: String,
}

impl Machine {
    /// Looks around; call it before the load begins.
    pub(crate) async fn look(server: &Server) -> Result<Self> {
        let file = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let value = |text: &str, key: &str| {
            let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
            line.split_once(':').map_or_else(String::new, |(_, value)| value.trim().to_owned())
        };
        let memory_kib = value(&file("/proc/meminfo"), "MemTotal");
        let memory_kib: f64 = memory_kib.trim_end_matches(" kB").parse().unwrap_or(0.0);
        Ok(Self {
            date: output("date", &["-u", "+%Y-%m-%d"]),
            cpu: value(&file("/proc/cpuinfo"), "model name"),
            cores: std::thread::available_parallelism()?.get(),
            memory_gib: (memory_kib / 1024.0 / 1024.0).round(),
            kernel: file("/proc/sys/kernel/osrelease").trim().to_owned(),
            postgres: server.ask("show server_version").await?,
            commit: output("git", &["rev-parse", "--short", "HEAD"]),
            load: file("/proc/loadavg").split(' ').take(2).collect::<Vec<_>>().join(" "),
        })
    }

    /// As the head of the report.
    pub(crate) fn markdown(&self) -> String {
        let Self { date, cpu, cores, memory_gib, kernel, postgres, commit, load } = self;
        format!(
            "{date}, commit {commit}. {cpu}, {cores} cores, {memory_gib} GiB, Linux {kernel}, Postgres {postgres} with its default \
             settings (fsync and synchronous_commit on, shared_buffers 128 MB) but for max_connections 500. Load generator, stub \
             servers, orchestrator and Postgres share the machine; load average before: {load}."
        )
    }
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output =
        Command::new(program).args(arguments).output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).trim().to_owned()
}
