-- Frequency caps (sqlite/frequency_caps.rs), by their names.
CREATE TABLE frequency_cap (
    name TEXT PRIMARY KEY,
    attempts INTEGER NOT NULL,
    -- One of the two.
    days INTEGER,
    hours INTEGER,
    per TEXT NOT NULL CHECK (per IN ('phone', 'customer')),
    scope TEXT NOT NULL CHECK (scope IN ('all', 'campaign')),
    -- DBIDs of calling lists, a JSON array; empty for all.
    lists TEXT NOT NULL,
    CHECK ((days IS NULL) <> (hours IS NULL))
) STRICT, WITHOUT ROWID;

-- Whom attempts reached: what caps count. It knows no record, so that it outlives them. A
-- phone that is compared by two keys has two rows.
CREATE TABLE contact_attempt (
    -- 1 a phone, 2 a customer id.
    kind INTEGER NOT NULL CHECK (kind IN (1, 2)),
    -- As the Do Not Call list compares them.
    key INTEGER NOT NULL,
    begun_at INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    campaign_dbid INTEGER,
    PRIMARY KEY (kind, key, begun_at, attempt)
) STRICT, WITHOUT ROWID;

-- For those that no cap counts any more, and for one that was none.
CREATE INDEX contact_attempt_begun ON contact_attempt (begun_at, attempt);
