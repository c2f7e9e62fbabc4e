-- One row for each thing that is looked for. began_at: nothing before it is looked for; mark: everything before it was
-- found; due_at is both "not before" and the end of the lease; error_type and error: how the last run failed.
create table reconciliations (
    name        text   primary key,
    began_at    bigint not null,
    mark        bigint not null,
    due_at      bigint not null,
    lease_token text,
    ended_at    bigint,
    error_type  text,
    error       text
);
