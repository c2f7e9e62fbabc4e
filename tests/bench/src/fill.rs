//! Finished tickets, put into the tables directly: what a year leaves behind, in the shape that the orchestrator writes.

use crate::database::Engine;

/// Lets Postgres look after the tables again; filling them stops that, so that no statistics come about in between.
pub(crate) const AUTOVACUUM_AGAIN: [&str; 7] = [
    "alter table tickets reset (autovacuum_enabled)",
    "alter table webhook_events reset (autovacuum_enabled)",
    "alter table triages reset (autovacuum_enabled)",
    "alter table attempts reset (autovacuum_enabled)",
    "alter table deliveries reset (autovacuum_enabled)",
    "alter table changes reset (autovacuum_enabled)",
    "alter table processed_tickets reset (autovacuum_enabled)",
];

/// Statements that put in so many finished tickets of the last thirty days.
pub(crate) fn statements(engine: Engine, tickets: u64) -> String {
    let step_ms = 30 * 86_400_000 / tickets.max(1);
    let dialect = Dialect::of(engine);
    let mut statements = Vec::new();
    if engine == Engine::Postgres {
        let off =
            |again: &&str| again.replace("reset (autovacuum_enabled)", "set (autovacuum_enabled = false)");
        statements.extend(AUTOVACUUM_AGAIN.iter().map(off));
    }
    statements.extend(inserts(&dialect, tickets, step_ms));
    match engine {
        Engine::Postgres => statements.join(";\n"),
        Engine::Sqlite => format!("begin;\n{};\ncommit;", statements.join(";\n")),
    }
}

/// How either database says it.
struct Dialect {
    /// `(how many)` → rows `n` from 1 on.
    rows: fn(u64) -> String,
    now_ms: &'static str,
    /// 64 characters that sort like nothing else.
    key: &'static str,
    /// A time-ordered id.
    id: &'static str,
    processed_at: &'static str,
}

impl Dialect {
    const fn of(engine: Engine) -> Self {
        match engine {
            Engine::Postgres => Self {
                rows: |tickets| format!("select n from generate_series(1::bigint, {tickets}) as n"),
                now_ms: "(extract(epoch from now()) * 1000)::bigint",
                key: "encode(sha256(('event ' || n)::bytea), 'hex')",
                id: "'019aac00-' || lpad(to_hex(n >> 8), 4, '0') || '-7' || lpad(to_hex(n & 255), 3, '0') || '-8' || substr(md5('id ' || n), 1, 3) || '-' || substr(md5('id ' || n), 4, 12)",
                processed_at: "to_timestamp(at / 1000.0)",
            },
            Engine::Sqlite => Self {
                rows: |tickets| {
                    format!(
                        "with recursive s(n) as (select 1 union all select n + 1 from s where n < {tickets}) select n from s"
                    )
                },
                now_ms: "(unixepoch() * 1000)",
                key: "lower(hex(randomblob(32)))",
                id: "'019aac00-' || printf('%04x', n >> 8) || '-7' || printf('%03x', n & 255) || '-8000-000000000000'",
                processed_at: "strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch')",
            },
        }
    }
}

fn inserts(dialect: &Dialect, tickets: u64, step_ms: u64) -> Vec<String> {
    let Dialect { rows, now_ms, key, id, processed_at } = dialect;
    let rows = rows(tickets);
    let source = format!(
        "(select n, cast(20000000000 + n * 7 as varchar(255)) as ticket_id, {id} as triage_id, {now_ms} - ({tickets} - n) * {step_ms} as at from ({rows}) as numbers) as done"
    );
    let content = "Hello, since this morning nobody in our office can open the planning board. After the login the page stays white, and \
        after about a minute there is a message that something went wrong. We tried two browsers and another computer, always the same. \
        Yesterday evening everything still worked. Three of our people wait for their jobs of today and ring me every few minutes, so \
        please tell us at least whether you know about it and how long it may take. If you need anything from us, screenshots or a call, \
        just write back to this address. Thank you and best regards, number ";
    let summary = "Since this morning nobody in the office can open the planning board: the page stays white after the login, in two \
        browsers and on another computer. Three people wait for their jobs.";
    vec![
        format!(
            "insert into tickets (ticket_id, portal_id, subject, content, contacts, status, triage_id, received_at, updated_at)
             select ticket_id, 20260001, 'The planning board stays white ' || n, '{content}' || n, '[]', 'triaged', triage_id, at, at + 9000 from {source}"
        ),
        format!(
            "insert into webhook_events (key, ticket_id, kind, portal_id, attempt, request_id, received_at)
             select {key}, ticket_id, 'workflow', 20260001, 0, triage_id, at from {source}"
        ),
        format!(
            "insert into triages (id, ticket_id, status, category, priority, sentiment, language, summary, reason, confidence, team,
                provider, model, prompt_version, redacted, omitted_chars, latency_ms, triaged_at)
             select triage_id, ticket_id, 'triaged', 'outage', 'high', 'negative', 'en', '{summary}', 'Nobody can work.', 0.87, 'on-call',
                'local', 'llama3.2:latest', '0123456789abcdef', 0, 0, 6120, at + 7000 from {source}"
        ),
        format!(
            "insert into attempts (id, ticket_id, triage_id, provider, form, model, prompt_version, sent_to, redacted, omitted_chars,
                started_at, latency_ms, outcome, http_status)
             select triage_id, ticket_id, triage_id, 'local', 'first', 'llama3.2:latest', '0123456789abcdef', 'ollama.example.com', '{{}}', 0,
                at + 800, 6120, 'verdict', 200 from {source}"
        ),
        format!(
            "insert into deliveries (ticket_id, target, status, triage_id, message_id, attempts, created_at, updated_at)
             select ticket_id, 'discord', 'delivered', triage_id, cast(1400000000000000000 + n as varchar(20)), 1, at + 7000, at + 9000 from {source}"
        ),
        format!(
            "insert into changes (ticket_id, kind, detail, at)
             select ticket_id, 'received', '{{}}', at from {source}
             union all select ticket_id, 'triaged', '{{\"triage_id\":\"' || triage_id || '\"}}', at + 7000 from {source}
             union all select ticket_id, 'delivered', '{{\"error\":null,\"target\":\"discord\"}}', at + 9000 from {source}"
        ),
        format!(
            "insert into processed_tickets (ticket_id, processed_at, provider) select ticket_id, {processed_at}, 'local' from {source}"
        ),
    ]
}
