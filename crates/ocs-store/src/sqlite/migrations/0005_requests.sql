-- What requests leave beside the records: who has a record, attempts, the states of
-- campaign groups, answers under their Idempotency-Keys, and the request log.

-- Who has a record in hand, while it is Retrieved (records.md, section 5).
ALTER TABLE record ADD COLUMN group_id INTEGER;
ALTER TABLE record ADD COLUMN hand_agent TEXT;
ALTER TABLE record ADD COLUMN touched_at INTEGER;

-- 1 for a callback at a moment outside the record's own daily window.
ALTER TABLE record ADD COLUMN outside_window INTEGER NOT NULL DEFAULT 0;

-- Those who were not named for the longest time come first.
CREATE INDEX record_out ON record (touched_at) WHERE record_status = 2;

-- Callbacks by the moment they are due.
CREATE INDEX record_callback ON record (dial_sched_time)
    WHERE record_status = 1 AND record_type IN (5, 6);

CREATE TABLE attempt (
    id INTEGER PRIMARY KEY,
    record_id INTEGER NOT NULL,
    guid TEXT NOT NULL UNIQUE,
    group_id INTEGER NOT NULL,
    agent_id TEXT,
    begun_at INTEGER NOT NULL,
    ended_at INTEGER,
    call_result INTEGER
) STRICT;

CREATE INDEX attempt_record ON attempt (record_id);

-- States of campaign groups that were ever loaded; they go on after a restart.
CREATE TABLE campaign_group_state (
    group_dbid INTEGER PRIMARY KEY REFERENCES campaign_group (dbid) ON DELETE CASCADE,
    status INTEGER NOT NULL,
    dialing_mode INTEGER NOT NULL,
    optimize_by INTEGER NOT NULL,
    optimize_goal INTEGER NOT NULL,
    auto_completion INTEGER NOT NULL
) STRICT;

-- Answers under their Idempotency-Keys, for a day (http-interface.md, section 3).
CREATE TABLE answered (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    answered_at INTEGER NOT NULL,
    -- The event, as the protocol encodes it.
    answer BLOB NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX answered_at ON answered (answered_at);

-- The request log: a row a transaction, with a line for each of its requests.
CREATE TABLE request_log (
    id INTEGER PRIMARY KEY,
    written_at INTEGER NOT NULL,
    -- A JSON array of lines; see the view for their columns.
    lines TEXT NOT NULL
) STRICT;

CREATE VIEW request_line AS
SELECT
    request_log.id AS id,
    json_extract(line.value, '$[0]') AS at,
    json_extract(line.value, '$[1]') AS client,
    json_extract(line.value, '$[2]') AS protocol,
    json_extract(line.value, '$[3]') AS code,
    json_extract(line.value, '$[4]') AS list_dbid,
    json_extract(line.value, '$[5]') AS record_id,
    json_extract(line.value, '$[6]') AS chain_id,
    json_extract(line.value, '$[7]') AS outcome
FROM request_log, json_each(request_log.lines) AS line;
