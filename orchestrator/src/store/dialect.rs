//! What Postgres and SQLite say differently. Everything else is written once, where it is used.

/// The statements that differ.
#[derive(Debug)]
pub(crate) struct Sql {
    /// `()` → milliseconds since the epoch.
    pub now_millis: &'static str,
    /// `()` → 1 when the table of migrations exists.
    pub has_migrations: &'static str,
    /// `(events as JSON, now)` → keys of those that are new.
    pub insert_events: &'static str,
    /// `(tickets as JSON, now)` → ids of those that are new.
    pub insert_tickets: &'static str,
    /// `(ticket ids as JSON, reason, now)`: a triage job each, or another round for the one that is alive.
    pub enqueue_triages: &'static str,
    /// `(ticket ids as JSON, kind, detail, now)`: a change each.
    pub insert_changes: &'static str,
    /// `(kind, limit, now, lease end, token)` → the claimed jobs.
    pub claim: &'static str,
    /// `(ticket, now, provider)`.
    pub upsert_processed: &'static str,
    /// `(ticket ids as JSON)` → each with its status and error, null when it is unknown, and whether it waits for a triage that
    /// nothing will bring.
    pub standings: &'static str,
    /// `(ticket ids as JSON)` → what workers need to know of them.
    pub tickets: &'static str,
    /// `()`: whoever decides over pairing codes is alone with them until its transaction ends.
    pub lock_pairing_codes: &'static str,
    /// `($1: values as JSON)`: what stands behind a column that must be one of them.
    pub among: &'static str,
    /// `()` → who is in the middle of a transaction that may store changes.
    pub writers_of_changes: &'static str,
    /// `()` → the highest id that a change was ever given.
    pub last_change_given: &'static str,
    /// `()` → 1 for the only one who may evaluate alerts until the transaction ends, 0 for others.
    pub alerts_turn: &'static str,
    /// `()` → what each device that is not revoked last said of its place in the way of tickets, oldest first.
    pub devices_said: &'static str,
    /// `(what)`: tells the orchestrators that there is work or news; after a space may follow who need not hear it.
    pub notify: &'static str,
}

/// The channel on which orchestrators tell each other that there is work.
pub(crate) const CHANNEL: &str = "hubspot_triage_jobs";

macro_rules! ticket_columns {
    () => {
        "ticket_id, portal_id, subject, content, contacts"
    };
}
macro_rules! event_columns {
    () => {
        "key, ticket_id, kind, portal_id, event_id, occurred_at, property, attempt, request_id"
    };
}
// `where true` keeps SQLite from reading `on conflict` as a join.
macro_rules! insert_events {
    ($rows:literal) => {
        concat!(
            "insert into webhook_events (",
            event_columns!(),
            ", received_at) select ",
            event_columns!(),
            ", $2 from ",
            $rows,
            " where true on conflict (ticket_id, key) do nothing returning key"
        )
    };
}
macro_rules! insert_tickets {
    ($rows:literal) => {
        concat!(
            "insert into tickets (",
            ticket_columns!(),
            ", status, received_at, updated_at) select ",
            ticket_columns!(),
            ", 'queued', $2, $2 from ",
            $rows,
            " where true on conflict (ticket_id) do nothing returning ticket_id"
        )
    };
}
macro_rules! enqueue_triages {
    ($rows:literal) => {
        concat!(
            "insert into jobs (kind, ticket_id, state, visible_at, reason, created_at) select 'triage', id, 'ready', $3, $2, $3 from ",
            $rows, " where true on conflict (kind, ticket_id) do update set",
            // Looking whether anything changed never stands in the way of what is to be done anyway.
            " reason = case when jobs.state = 'running' or excluded.reason = 'check' then jobs.reason else excluded.reason end,",
            " again = case when jobs.state <> 'running' or (excluded.reason = 'check' and jobs.again is not null)",
            " then jobs.again else excluded.reason end"
        )
    };
}
macro_rules! insert_changes {
    ($rows:literal) => {
        concat!(
            "insert into changes (ticket_id, kind, detail, at) select id, $2, $3, $4 from ",
            $rows,
            " order by id"
        )
    };
}
macro_rules! claim {
    ($lock:literal, $is_due:literal) => {
        concat!(
            // Materialized: as a subquery Postgres may ask it once for every row, each time skipping what it has locked,
            // and claim more than the limit.
            "with due as materialized (select ticket_id from jobs where kind = $1 and visible_at > 0 and visible_at <= $3",
            " order by visible_at limit $2 ", $lock, ")",
            " update jobs set takeovers = takeovers + case when state = 'running' then 1 else 0 end,",
            " state = 'running', visible_at = $4, lease_token = $5",
            " where kind = $1 and ticket_id ",
            $is_due,
            " returning ticket_id, failures, takeovers, reason, note, created_at"
        )
    };
}

macro_rules! tickets {
    ($among:literal) => {
        concat!("select ticket_id, portal_id, subject, content, contacts, triage_id from tickets where ticket_id ", $among)
    };
}

/// A ticket's state is its job's while one is alive, else where it came to rest.
macro_rules! status {
    () => {
        "case when j.state = 'running' then 'triaging'
              when j.state in ('waiting', 'held') or j.failures > 0 then 'waiting'
              when j.state = 'ready' then 'queued'
              else t.status end"
    };
}
pub(super) use status;

// One by one in the index: as joins the planner might read whole tables.
macro_rules! standings {
    ($rows:literal) => {
        concat!(
            "select r.id as id, coalesce(
                (select ",
            status!(),
            " from tickets t left join jobs j on j.ticket_id = t.ticket_id and j.kind = 'triage' where t.ticket_id = r.id),
                (select 'triaged' from processed_tickets p where p.ticket_id = r.id)) as status,
                (select t.error from tickets t where t.ticket_id = r.id) as error,
                (select count(*) from tickets t where t.ticket_id = r.id and t.status = 'queued'
                    and not exists (select 1 from jobs j where j.ticket_id = t.ticket_id and j.kind = 'triage')) as lost
             from ",
            $rows
        )
    };
}

macro_rules! devices_said {
    ($public_url:literal) => {
        concat!(
            "select id, name, last_seen_at, standing, standing_why, ",
            $public_url,
            " as public_url from devices where revoked_at is null order by paired_at, id"
        )
    };
}

pub(crate) const POSTGRES: Sql = Sql {
    now_millis: "select (extract(epoch from clock_timestamp()) * 1000)::bigint",
    has_migrations: "select case when to_regclass('_sqlx_migrations') is null then 0 else 1 end::bigint",
    insert_events: insert_events!(
        "jsonb_to_recordset($1::jsonb) as r(key text, ticket_id text, kind text, portal_id bigint, event_id text,
         occurred_at bigint, property text, attempt bigint, request_id text)"
    ),
    insert_tickets: insert_tickets!(
        "jsonb_to_recordset($1::jsonb) as r(ticket_id text, portal_id bigint, subject text, content text, contacts text)"
    ),
    enqueue_triages: enqueue_triages!("jsonb_array_elements_text($1::jsonb) as r(id)"),
    insert_changes: insert_changes!("jsonb_array_elements_text($1::jsonb) as r(id)"),
    claim: claim!("for update skip locked", "= any(array(select ticket_id from due))"),
    standings: standings!("jsonb_array_elements_text($1::jsonb) as r(id)"),
    upsert_processed: "insert into processed_tickets (ticket_id, processed_at, provider)
        values ($1, to_timestamp($2::double precision / 1000), $3)
        on conflict (ticket_id) do update set processed_at = excluded.processed_at, provider = excluded.provider",
    tickets: tickets!("= any(array(select jsonb_array_elements_text($1::jsonb)))"),
    lock_pairing_codes: "lock table pairing_codes in exclusive mode",
    among: "= any(array(select jsonb_array_elements_text($1::jsonb)))",
    // Whoever writes into a table has this lock from before the first id is taken until it is seen that the transaction ended.
    writers_of_changes: "select virtualtransaction from pg_locks where locktype = 'relation' and mode = 'RowExclusiveLock' and granted
        and relation = 'changes'::regclass and database = (select oid from pg_database where datname = current_database())",
    last_change_given: "select coalesce(pg_sequence_last_value(pg_get_serial_sequence('changes', 'id')::regclass), 0)",
    devices_said: devices_said!("heartbeat::json ->> 'public_url'"),
    alerts_turn: "select (case when pg_try_advisory_xact_lock(7235421806) then 1 else 0 end)::bigint",
    notify: "select pg_notify('hubspot_triage_jobs', $1)",
};

pub(crate) const SQLITE: Sql = Sql {
    now_millis: "select cast(unixepoch('subsec') * 1000 as integer)",
    has_migrations: "select count(*) from sqlite_master where type = 'table' and name = '_sqlx_migrations'",
    insert_events: insert_events!(
        "(select value ->> 'key' as key, value ->> 'ticket_id' as ticket_id, value ->> 'kind' as kind,
          value ->> 'portal_id' as portal_id, value ->> 'event_id' as event_id, value ->> 'occurred_at' as occurred_at,
          value ->> 'property' as property, value ->> 'attempt' as attempt, value ->> 'request_id' as request_id
          from json_each($1))"
    ),
    insert_tickets: insert_tickets!(
        "(select value ->> 'ticket_id' as ticket_id, value ->> 'portal_id' as portal_id, value ->> 'subject' as subject,
          value ->> 'content' as content, value ->> 'contacts' as contacts from json_each($1))"
    ),
    enqueue_triages: enqueue_triages!("(select value as id from json_each($1))"),
    insert_changes: insert_changes!("(select value as id from json_each($1))"),
    claim: claim!("", "in (select ticket_id from due)"),
    standings: standings!("(select value as id from json_each($1)) as r"),
    upsert_processed: "insert into processed_tickets (ticket_id, processed_at, provider)
        values ($1, strftime('%Y-%m-%dT%H:%M:%fZ', $2 / 1000.0, 'unixepoch'), $3)
        on conflict (ticket_id) do update set processed_at = excluded.processed_at, provider = excluded.provider",
    tickets: tickets!("in (select value from json_each($1))"),
    // A transaction that writes is alone anyway.
    lock_pairing_codes: "select 1",
    among: "in (select value from json_each($1))",
    // Transactions that write come one after the other, so an id that is seen is the highest of all.
    writers_of_changes: "select '' where false",
    last_change_given: "select coalesce(max(seq), 0) from sqlite_sequence where name = 'changes'",
    devices_said: devices_said!("heartbeat ->> '$.public_url'"),
    // Its transactions that write are alone.
    alerts_turn: "select 1",
    // One process owns the file; its own workers are woken directly.
    notify: "select $1",
};
