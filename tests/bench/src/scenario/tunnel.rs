//! The tunnel is down: how long the first ticket takes to find out, and what the next ones lose.

use std::time::Duration;

use anyhow::Result;
use tokio::net::{TcpSocket, TcpStream};

use super::{Lab, PATIENCE};
use crate::database::Engine;
use crate::load;
use crate::orchestrator::Orchestrator;
use crate::report::Bar;
use crate::stats::percentile_ms;
use crate::stub::{Journal, LocalModel, Stub};

/// Tickets sent while the tunnel is known to be down, and as many to an orchestrator whose model answers.
const TICKETS: usize = 60;

/// Of those, not counted.
const WARM_UP: usize = 10;

/// First failures, then a known outage.
pub(crate) async fn run(lab: &mut Lab, scenario: &'static str) -> Result<()> {
    let edge = Stub::start()?;
    edge.set_model(LocalModel::TunnelDown);
    let edge_url = format!("http://127.0.0.1:{}", edge.port);
    let refused = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let hole = BlackHole::open().await?;
    let kinds = [
        ("the edge answers 530", edge_url.clone()),
        ("the connection is refused", format!("http://{refused}")),
        ("nothing answers at all (packets are dropped)", hole.url.clone()),
    ];
    for (kind, url) in kinds {
        lab.say(&format!("{scenario}: {kind}"));
        let mut noticed = Vec::new();
        for _ in 0..lab.size.rounds {
            noticed.push(first_failure(lab, &url).await?);
        }
        lab.report.add(scenario, format!("first ticket → Groq asked, when {kind}"), "ms", noticed);
        lab.report.bar(Bar::AtMost(2000.0));
    }
    known_outage(lab, scenario, &edge, &edge_url).await
}

/// From sending a new orchestrator's first ticket to Groq being asked about it, in milliseconds.
async fn first_failure(lab: &Lab, url: &str) -> Result<f64> {
    lab.begin(LocalModel::Answers(Duration::ZERO));
    let database = lab.database(Engine::Postgres, "tunnel").await?;
    let orchestrator = lab.program.serve(&database, &[("LOCAL_LLM_URL", url)]).await?;
    let took = until_asked(lab, &orchestrator, |journal, number| journal.groq.get(&number).copied()).await?;
    drop(orchestrator);
    database.delete().await?;
    Ok(percentile_ms(&[took], 50.0))
}

/// Alternates between an orchestrator whose model answers and one whose tunnel is known to be down.
async fn known_outage(lab: &mut Lab, scenario: &'static str, edge: &Stub, edge_url: &str) -> Result<()> {
    lab.say(&format!("{scenario}: a known outage"));
    lab.begin(LocalModel::Answers(Duration::ZERO));
    let databases = [
        lab.database(Engine::Postgres, "tunnel_up").await?,
        lab.database(Engine::Postgres, "tunnel_down").await?,
    ];
    let up = lab.program.serve(&databases[0], &[]).await?;
    let down = lab.program.serve(&databases[1], &[("LOCAL_LLM_URL", edge_url)]).await?;
    let (mut local, mut groq, mut asked_before) = (Vec::new(), Vec::new(), 0);
    for ticket in 0..TICKETS {
        local.push(until_asked(lab, &up, |journal, number| journal.asked.get(&number).copied()).await?);
        groq.push(until_asked(lab, &down, |journal, number| journal.groq.get(&number).copied()).await?);
        if ticket == WARM_UP {
            asked_before = edge.journal().questions.len();
        }
    }
    let asked = edge.journal().questions.len() - asked_before;
    drop((up, down));
    for database in databases {
        database.delete().await?;
    }
    let (local, groq) = (percentile_ms(&local[WARM_UP..], 50.0), percentile_ms(&groq[WARM_UP..], 50.0));
    #[expect(clippy::cast_precision_loss, reason = "at most some dozens")]
    let asked = asked as f64;
    lab.report.add(scenario, "known outage: questions sent into the tunnel", "", vec![asked]);
    lab.report.bar(Bar::AtMost(0.0));
    lab.report.add(scenario, "webhook → Groq asked in a known outage, median", "ms", vec![groq]);
    lab.report.add(scenario, "webhook → local model asked when it is up, median", "ms", vec![local]);
    lab.report.add(
        scenario,
        "difference: the record of the call that is kept before text leaves",
        "ms",
        vec![groq - local],
    );
    Ok(())
}

/// Sends one ticket and waits until a model has been asked about it; in nanoseconds.
async fn until_asked(
    lab: &Lab,
    orchestrator: &Orchestrator,
    asked: impl Fn(&Journal, u64) -> Option<u64>,
) -> Result<u64> {
    let done = load::burst(orchestrator.port, &lab.numbers, 1, 1).await?;
    let (number, sent_at) = (done.sent[0].number, done.sent[0].at_ns);
    lab.stub.wait("a model to be asked", PATIENCE, |journal| asked(journal, number).is_some()).await?;
    // The verdict is announced before the next ticket comes.
    lab.stub.wait("its message", PATIENCE, |journal| journal.told.contains_key(&number)).await?;
    let at = asked(&lab.stub.journal(), number).unwrap_or(0);
    Ok(at.saturating_sub(sent_at))
}

/// A port where connections are never taken: its queue is full, so Linux drops what comes.
struct BlackHole {
    url: String,
    _listener: tokio::net::TcpListener,
    _queue: Vec<TcpStream>,
}

impl BlackHole {
    async fn open() -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(([127, 0, 0, 1], 0).into())?;
        let listener = socket.listen(1)?;
        let address = listener.local_addr()?;
        let mut queue = Vec::new();
        while let Ok(Ok(stream)) =
            tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await
        {
            queue.push(stream);
        }
        Ok(Self { url: format!("http://{address}"), _listener: listener, _queue: queue })
    }
}
