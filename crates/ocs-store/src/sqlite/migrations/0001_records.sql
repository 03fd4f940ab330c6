-- Records, calling lists and campaigns (records.md, section 1). Columns have the
-- documented names; moments are UTC seconds, times of day are seconds since
-- midnight in the record's zone.

-- Who may write. The epoch rises with every holder, and every write transaction
-- checks it (configuration.md, section 6).
CREATE TABLE lease (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL,
    holder TEXT NOT NULL,
    pid INTEGER NOT NULL,
    start_time INTEGER NOT NULL,
    taken_at INTEGER NOT NULL
) STRICT;

-- The next number of each kind; none is given out twice.
CREATE TABLE counters (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    record_handle INTEGER NOT NULL,
    calling_list INTEGER NOT NULL,
    campaign INTEGER NOT NULL,
    campaign_group INTEGER NOT NULL,
    time_zone INTEGER NOT NULL
) STRICT;

CREATE TABLE time_zone (
    dbid INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    iana TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('built-in', 'configured', 'iana'))
) STRICT;

CREATE TABLE calling_list (
    dbid INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    daily_from INTEGER NOT NULL,
    daily_till INTEGER NOT NULL,
    tz_dbid INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    region TEXT,
    -- A JSON object by option name.
    options TEXT NOT NULL
) STRICT;

CREATE TABLE calling_list_field (
    list_dbid INTEGER NOT NULL REFERENCES calling_list (dbid) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    length INTEGER,
    send_attribute TEXT,
    PRIMARY KEY (list_dbid, position),
    UNIQUE (list_dbid, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE campaign (
    dbid INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    options TEXT NOT NULL
) STRICT;

CREATE TABLE campaign_list (
    campaign_dbid INTEGER NOT NULL REFERENCES campaign (dbid) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    list_dbid INTEGER NOT NULL REFERENCES calling_list (dbid),
    weight INTEGER NOT NULL,
    PRIMARY KEY (campaign_dbid, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE campaign_group (
    dbid INTEGER PRIMARY KEY,
    campaign_dbid INTEGER NOT NULL REFERENCES campaign (dbid),
    group_name TEXT NOT NULL,
    description TEXT NOT NULL,
    dialing_mode INTEGER NOT NULL,
    options TEXT NOT NULL,
    UNIQUE (campaign_dbid, group_name)
) STRICT;

CREATE TABLE record (
    -- The record handle.
    record_id INTEGER PRIMARY KEY,
    list_dbid INTEGER NOT NULL,
    chain_id INTEGER NOT NULL,
    chain_n INTEGER NOT NULL,
    contact_info TEXT NOT NULL,
    contact_info_type INTEGER NOT NULL,
    customer_id TEXT,
    record_type INTEGER NOT NULL,
    record_status INTEGER NOT NULL,
    call_result INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    dial_sched_time INTEGER,
    call_time INTEGER,
    daily_from INTEGER NOT NULL,
    daily_till INTEGER NOT NULL,
    tz_dbid INTEGER NOT NULL,
    campaign_id INTEGER,
    agent_id TEXT,
    attempt_guid TEXT,
    -- User-defined fields: a JSON object by field name.
    fields TEXT
) STRICT;

-- Finds a chain's records after its first. A chain has the handle of its first
-- record, which is found by that: so most records, alone in their chain, stand in no
-- index at all, and adding one writes one page instead of two.
CREATE UNIQUE INDEX record_chain ON record (list_dbid, chain_id, chain_n) WHERE chain_n > 0;

-- How many records each calling list has in each status, kept with every change.
CREATE TABLE list_count (
    list_dbid INTEGER NOT NULL,
    record_status INTEGER NOT NULL,
    records INTEGER NOT NULL,
    PRIMARY KEY (list_dbid, record_status)
) STRICT, WITHOUT ROWID;

-- What an import knows its lines by again, and the chains it made.
CREATE TABLE import_key (
    list_dbid INTEGER NOT NULL,
    key TEXT NOT NULL,
    record_id INTEGER NOT NULL,
    PRIMARY KEY (list_dbid, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE import_chain (
    list_dbid INTEGER NOT NULL,
    label TEXT NOT NULL,
    chain_id INTEGER NOT NULL,
    PRIMARY KEY (list_dbid, label)
) STRICT, WITHOUT ROWID;
