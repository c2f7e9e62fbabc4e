-- As in Postgres: an event's ticket is part of its key, so one index both tells repeats and finds a ticket's events.
create table webhook_events_new (
    key             text    not null,
    ticket_id       text    not null,
    kind            text    not null,
    portal_id       integer,
    event_id        text,
    occurred_at     integer,
    property        text,
    attempt         integer not null,
    request_id      text    not null,
    received_at     integer not null,
    primary key (ticket_id, key)
) strict;
insert into webhook_events_new
    select key, ticket_id, kind, portal_id, event_id, occurred_at, property, attempt, request_id, received_at from webhook_events;
drop table webhook_events;
alter table webhook_events_new rename to webhook_events;
drop index changes_ticket;
