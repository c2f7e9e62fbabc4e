-- Times are milliseconds since the Unix epoch, set from the database's clock; only processed_tickets keeps the types it always had.

create table processed_tickets (
    ticket_id    varchar(255)   primary key,
    processed_at timestamptz(3) not null default current_timestamp,
    provider     varchar(50)    not null,
    created_at   timestamptz(3) not null default current_timestamp
);
create index idx_processed_at on processed_tickets (processed_at);

-- One row per delivery that was not a repetition; key is a digest of what makes an event the same event.
create table webhook_events (
    key         text         primary key,
    ticket_id   varchar(255) not null,
    kind        text         not null,
    portal_id   bigint,
    event_id    text,
    occurred_at bigint,
    property    text,
    attempt     bigint       not null,
    request_id  text         not null,
    received_at bigint       not null
);
create index webhook_events_ticket on webhook_events (ticket_id);

-- waiting_told_at: when the team was told that the ticket waits for a person.
-- status is where the ticket last came to rest; while a triage job is alive, the job says where it stands.
create table tickets (
    ticket_id   varchar(255) primary key,
    portal_id   bigint,
    subject     text,
    content     text,
    contacts    text         not null,
    url         text,
    status      text         not null,
    triage_id   text,
    error       text,
    what_to_do  text,
    waiting_told_at bigint,
    received_at bigint       not null,
    updated_at  bigint       not null
);
create index tickets_received on tickets (received_at desc, ticket_id desc);

-- What is still to be done: at most one job of a kind per ticket, deleted when done. visible_at is both "not before"
-- and the end of the lease; lease_token fences a worker that comes too late; again is the reason for another
-- round, asked for while a worker had the job.
create table jobs (
    kind        text         not null,
    ticket_id   varchar(255) not null,
    state       text         not null,
    visible_at  bigint       not null,
    lease_token text,
    failures    bigint       not null default 0,
    takeovers   bigint       not null default 0,
    again       text,
    reason      text         not null,
    note        text,
    created_at  bigint       not null,
    primary key (kind, ticket_id)
);
create index jobs_visible on jobs (kind, visible_at);

-- One row per verdict.
create table triages (
    id              text         primary key,
    ticket_id       varchar(255) not null,
    status          text         not null,
    category        text         not null,
    priority        text         not null,
    sentiment       text         not null,
    language        text         not null,
    summary         text         not null,
    reason          text         not null,
    confidence      double precision not null,
    team            text         not null,
    suggested_reply text,
    review          text,
    provider        varchar(50)  not null,
    model           text         not null,
    device_id       text,
    prompt_version  text         not null,
    redacted        bigint       not null,
    omitted_chars   bigint       not null,
    latency_ms      bigint       not null,
    triaged_at      bigint       not null
);
create index triages_ticket on triages (ticket_id, triaged_at);
create index triages_time on triages (triaged_at);

-- One row per call to a model: who read the text, where it went, what was removed first, and how it ended.
create table attempts (
    id             text         primary key,
    ticket_id      varchar(255) not null,
    triage_id      text,
    provider       varchar(50)  not null,
    device_id      text,
    form           text         not null,
    model          text         not null,
    model_digest   text,
    prompt_version text         not null,
    sent_to        text         not null,
    redacted       text         not null,
    omitted_chars  bigint       not null,
    cloud_reason   text,
    started_at     bigint       not null,
    latency_ms     bigint,
    outcome        text         not null,
    http_status    bigint,
    error          text
);
create index attempts_ticket on attempts (ticket_id, started_at);

-- The state of each outgoing effect of a ticket: one per target, edited in place when the verdict changes.
create table deliveries (
    ticket_id    varchar(255) not null,
    target       text         not null,
    status       text         not null,
    triage_id    text,
    message_id   text,
    attempts     bigint       not null default 0,
    error        text,
    created_at   bigint       not null,
    updated_at   bigint       not null,
    primary key (ticket_id, target)
);

-- Every step of a ticket's life, in the order in which it happened; never any ticket text.
create table changes (
    id        bigint       generated always as identity primary key,
    ticket_id varchar(255) not null,
    kind      text         not null,
    detail    text         not null,
    at        bigint       not null
);
create index changes_ticket on changes (ticket_id, id);
