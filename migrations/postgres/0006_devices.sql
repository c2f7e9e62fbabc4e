-- Paired machines. token_hash is the SHA-256 of what a device proves itself with; heartbeat is the last one as JSON; standing and
-- standing_why are what it says of itself: usable, unusable, unknown; receipt is the last look from outside as JSON, looked_at when that was begun.
create table devices (
    id           text   primary key,
    name         text   not null,
    platform     text   not null,
    version      text   not null,
    token_hash   text   not null unique,
    paired_at    bigint not null,
    last_seen_at bigint,
    heartbeat    text,
    standing     text   not null default 'unknown',
    standing_why text,
    receipt      text,
    looked_at    bigint,
    revoked_at   bigint
);

-- One-time codes, as SHA-256; kept for a while after their end so that whoever types one late is told what is wrong with it.
create table pairing_codes (
    id          text   primary key,
    code_hash   text   not null,
    created_at  bigint not null,
    expires_at  bigint not null,
    used_at     bigint,
    wrong_tries bigint not null default 0
);

-- The way to the model on each device. The two credentials are sealed, each for its own place.
create table tunnels (
    device_id     text   primary key,
    url           text   not null,
    model         text   not null,
    client_id     text,
    client_secret text,
    verified_at   bigint not null,
    expires_at    bigint
);

-- What people said is right, and of which verdict; the newest counts.
create table corrections (
    id        text   primary key,
    ticket_id text   not null,
    triage_id text   not null,
    category  text,
    priority  text,
    note      text,
    device_id text   not null,
    at        bigint not null
);
create index corrections_ticket on corrections (ticket_id, at);
create index corrections_triage on corrections (triage_id);

-- What a person should look at: at most one open alert of a kind for a subject.
create table alerts (
    id         text   primary key,
    kind       text   not null,
    subject    text   not null,
    severity   text   not null,
    sentence   text   not null,
    what_to_do text   not null,
    raised_at  bigint not null,
    cleared_at bigint
);
create unique index alerts_open on alerts (kind, subject) where cleared_at is null;
create index alerts_time on alerts (raised_at);

-- When the first message about a ticket, or its first write-back, got through; updated_at is when the last one did.
alter table deliveries add column delivered_at bigint;
