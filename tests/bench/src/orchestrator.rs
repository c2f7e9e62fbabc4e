//! The built orchestrator as a process: started with settings that lead to the stubs, killed when dropped.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::clock::now_ns;
use crate::database::Database;
use crate::http::Connection;
use crate::process::{Memory, cpu_seconds, memory};
use crate::stats::ms;
use crate::ticket::TOKEN;

/// Longer than any start takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// How to start orchestrators: which program, where, against which stubs.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// The built program.
    pub path: PathBuf,
    /// Its working folder.
    pub folder: PathBuf,
    /// Where its logs go: in memory, so that writing them does not compete with the database for the disk.
    pub logs: PathBuf,
    /// Port of the stub servers.
    pub stub: u16,
}

/// A running `orchestrator serve`.
pub(crate) struct Orchestrator {
    child: Child,
    /// Where it listens.
    pub port: u16,
    /// From the start of the process to its first "ready", in milliseconds.
    pub ready_after_ms: f64,
}

impl Program {
    /// Brings a database up to date.
    pub(crate) fn migrate(&self, database: &Database) -> Result<()> {
        self.run(database, &["migrate"]).map(|_| ())
    }

    /// Runs a command to its end; how long that took, in milliseconds.
    pub(crate) fn run(&self, database: &Database, arguments: &[&str]) -> Result<f64> {
        let mut command = self.command(database, &[]);
        let started = now_ns();
        let output = command.args(arguments).output()?;
        let took = ms(now_ns() - started);
        ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(took)
    }

    /// Starts `serve` and waits until it is ready. `settings` come on top of those that lead to the stubs.
    pub(crate) async fn serve(&self, database: &Database, settings: &[(&str, &str)]) -> Result<Orchestrator> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = self.command(database, settings);
        command.arg("serve").env("PORT", port.to_string()).stderr(File::create(self.log(port))?);
        let started = now_ns();
        let mut orchestrator = Orchestrator { child: command.spawn()?, port, ready_after_ms: 0.0 };
        let mut look = tokio::time::interval(Duration::from_millis(1));
        while !is_ready(port).await {
            if let Some(status) = orchestrator.child.try_wait()? {
                bail!("the orchestrator ended at once ({status}): {}", self.end_of_log(port));
            }
            if now_ns() - started > u64::try_from(PATIENCE.as_nanos()).unwrap_or(u64::MAX) {
                bail!("the orchestrator does not become ready: {}", self.end_of_log(port));
            }
            look.tick().await;
        }
        orchestrator.ready_after_ms = ms(now_ns() - started);
        Ok(orchestrator)
    }

    fn command(&self, database: &Database, settings: &[(&str, &str)]) -> Command {
        let stub = format!("http://127.0.0.1:{}", self.stub);
        let base = [
            ("LOG_FORMAT", "json".to_owned()),
            ("DATABASE_URL", database.url.clone()),
            ("HUBSPOT_WEBHOOK_TOKEN", TOKEN.to_owned()),
            ("HUBSPOT_API_URL", stub.clone()),
            ("HUBSPOT_ACCESS_TOKEN", "pat-of-the-bench".to_owned()),
            ("DISCORD_WEBHOOK_URL", format!("{stub}/api/webhooks/1310000000000000000/token-of-the-bench")),
            ("LOCAL_LLM_URL", stub.clone()),
            ("CF_ACCESS_CLIENT_ID", "id.access".to_owned()),
            ("CF_ACCESS_CLIENT_SECRET", "secret-of-the-bench".to_owned()),
            ("GROQ_API_URL", format!("{stub}/openai/v1")),
            ("GROQ_API_KEY", "gsk_of_the_bench".to_owned()),
        ];
        let mut command = Command::new(&self.path);
        // No stray .env, no stray variable.
        command
            .env_clear()
            .envs(base)
            .envs(settings.iter().copied())
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        command
    }

    fn log(&self, port: u16) -> PathBuf {
        self.logs.join(format!("orchestrator-{port}.log"))
    }

    fn end_of_log(&self, port: u16) -> String {
        let log = std::fs::read_to_string(self.log(port)).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(5)..].join("\n")
    }
}

impl Orchestrator {
    /// Its memory.
    pub(crate) fn memory(&self) -> Memory {
        memory(self.child.id())
    }

    /// Processor seconds it has used.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        cpu_seconds(self.child.id())
    }
}

impl Drop for Orchestrator {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn is_ready(port: u16) -> bool {
    let ask = async {
        let mut connection = Connection::open(port).await?;
        connection.call(b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await.context("not ready")
    };
    ask.await.is_ok_and(|status| status == 200)
}
