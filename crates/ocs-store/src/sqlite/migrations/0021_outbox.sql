-- What web servers are still to be told (sqlite/outbox.rs).

-- Where messages of one kind go, and how many wait.
CREATE TABLE outbox_destination (
    id INTEGER PRIMARY KEY,
    -- 1 call report records, 2 chains that reached their processed state.
    kind INTEGER NOT NULL CHECK (kind IN (1, 2)),
    uri TEXT NOT NULL,
    waiting INTEGER NOT NULL DEFAULT 0,
    UNIQUE (kind, uri)
) STRICT;

-- Written in the transaction of what they report, removed when they were taken. Their
-- numbers are never given out again: web servers know messages by them.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    destination INTEGER NOT NULL REFERENCES outbox_destination (id),
    -- The record that it speaks of: its messages go with a person who is erased.
    record_id INTEGER NOT NULL,
    -- The attempt that it reports, whose messages go in order.
    attempt INTEGER,
    -- Not sent before this moment.
    due_at INTEGER NOT NULL,
    -- How often it was sent in vain, and how often it is sent again; NULL for ever.
    tries INTEGER NOT NULL DEFAULT 0,
    retries INTEGER,
    -- A JSON object.
    message TEXT NOT NULL
) STRICT;

CREATE INDEX outbox_due ON outbox (destination, due_at, id);
CREATE INDEX outbox_record ON outbox (record_id);
CREATE INDEX outbox_attempt ON outbox (attempt, id) WHERE attempt IS NOT NULL;
