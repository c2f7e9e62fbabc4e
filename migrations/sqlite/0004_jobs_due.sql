-- Finds what is due, and nothing else: while a table is small, a planner may take an index that begins with the kind for looking
-- up one job, and keep to it when the table has grown. Whoever wants this index says visible_at > 0.
drop index jobs_visible;
create index jobs_due on jobs (kind, visible_at) where visible_at > 0;
