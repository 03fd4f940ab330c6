-- The record that an answer under an Idempotency-Key speaks of, for the request log.
ALTER TABLE answered ADD COLUMN record_id INTEGER;
ALTER TABLE answered ADD COLUMN list_dbid INTEGER;
ALTER TABLE answered ADD COLUMN chain_id INTEGER;
