-- What records slept for and is over: whose chains are still to be placed again, and how
-- far that has come (batch/release.rs). Usually empty.
CREATE TABLE release (
    id INTEGER PRIMARY KEY,
    -- All of a calling list, or
    list_dbid INTEGER,
    -- those of a phone, by what it is compared by, or
    bare INTEGER,
    complete INTEGER,
    -- those of a customer.
    customer_id TEXT,
    -- The last record that is done.
    attempt INTEGER NOT NULL DEFAULT 0,
    record_id INTEGER NOT NULL DEFAULT 0
) STRICT;
