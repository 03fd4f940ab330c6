-- What the time makes due is looked for by whose options say when: records that are out
-- by calling list and campaign group, callbacks by calling list. None that is due waits
-- behind others that are not.
DROP INDEX record_out;
CREATE INDEX record_out ON record (list_dbid, group_id, touched_at) WHERE record_status = 2;

DROP INDEX record_callback;
CREATE INDEX record_callback ON record (list_dbid, dial_sched_time)
    WHERE record_status = 1 AND record_type IN (5, 6);
