-- Looks up jobs by their ticket first. With the kind first, a planner that knows nothing of a table yet reads all jobs of the kind.
alter table jobs drop constraint jobs_pkey, add primary key (ticket_id, kind);
