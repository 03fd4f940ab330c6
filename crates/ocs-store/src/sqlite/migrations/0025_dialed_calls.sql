-- Calls that are out to a platform (batch/dialing.rs): each takes a channel of its campaign
-- group. A row is written with the hand-out, before the platform hears of the call: whether
-- it has it cannot be known for certain afterwards, so a call is out until it is reported or
-- its time is over.
CREATE TABLE dialed_call (
    record_id INTEGER PRIMARY KEY,
    guid TEXT NOT NULL,
    group_dbid INTEGER NOT NULL,
    -- The platform.
    uri TEXT NOT NULL,
    -- When it is freed without a report; NULL once it was answered, when the record's own
    -- time counts.
    due_at INTEGER,
    -- 1 where the record was cancelled meanwhile, and the platform is still to be told.
    cancelled INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX dialed_call_due ON dialed_call (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX dialed_call_cancelled ON dialed_call (record_id) WHERE cancelled = 1;

-- 1 where the attempt that is under way was counted when it was handed to a dialer.
ALTER TABLE record ADD COLUMN attempt_counted INTEGER;

-- What was reported of the attempt's call last (GSW_CALL_PROGRESS).
ALTER TABLE attempt ADD COLUMN progress INTEGER;

-- 1 where it was reported that somebody answered it.
ALTER TABLE attempt ADD COLUMN answered INTEGER;

-- 1 where the record waits for its validation to be dialed, and not for an agent.
ALTER TABLE reservation ADD COLUMN to_dial INTEGER NOT NULL DEFAULT 0;
