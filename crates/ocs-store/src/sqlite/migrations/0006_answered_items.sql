-- AddRecords under Idempotency-Keys (http-interface.md, section 3): what came of each
-- item, written with the item itself, so that a repetition goes on where a run was cut
-- short.
CREATE TABLE answered_run (
    id INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    -- NULL once the key is used for another request, a day later.
    key TEXT,
    fingerprint BLOB NOT NULL,
    begun_at INTEGER NOT NULL,
    -- How many items there are in all; NULL until the end came.
    items INTEGER,
    UNIQUE (scope, key)
) STRICT;

CREATE INDEX answered_run_begun ON answered_run (begun_at);

CREATE TABLE answered_item (
    -- The run's number times 2^32, plus the item's place in it: items are appended.
    id INTEGER PRIMARY KEY,
    fingerprint BLOB NOT NULL,
    -- The event, as the protocol encodes it.
    answer BLOB NOT NULL
) STRICT;
