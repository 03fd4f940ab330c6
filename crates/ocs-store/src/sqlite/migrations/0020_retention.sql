-- When a record was finished, UTC seconds: its age counts from then (batch/retention.rs). NULL
-- of an open one, and of one of which nobody knows.
ALTER TABLE record ADD COLUMN finished_at INTEGER;
