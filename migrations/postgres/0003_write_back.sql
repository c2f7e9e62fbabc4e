-- One row per thing that was written into HubSpot, or was not and why. Stored before HubSpot is asked (state intended), so
-- that a crash in between leaves a trace, and so that our own change is known when its webhook comes back.
-- what is 'note' or the name of a ticket's property. value is what was written: an option, or for a note the digest of its
-- words, never the words. former is what stood there before the first time (null: nothing); marker finds a note again.
create table hubspot_writes (
    id        text         primary key,
    ticket_id varchar(255) not null,
    triage_id text         not null,
    what      text         not null,
    value     text,
    former    text,
    marker    text,
    note_id   text,
    state     text         not null,
    why       text,
    at        bigint       not null,
    undone_at bigint
);
create index hubspot_writes_ticket on hubspot_writes (ticket_id, what);
