-- New tickets have the latest times: in ascending order their entries go where the last ones went, and lists read it backwards.
drop index tickets_received;
create index tickets_received on tickets (received_at, ticket_id);
