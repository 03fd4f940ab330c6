-- Attempts that are over, by campaign group, day and call result; 30 days.
CREATE TABLE campaign_group_result (
    group_dbid INTEGER NOT NULL REFERENCES campaign_group (dbid) ON DELETE CASCADE,
    -- Days since 1970 in UTC.
    day INTEGER NOT NULL,
    call_result INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    -- Records that were finished by them.
    finished INTEGER NOT NULL,
    -- When the first and the last of them ended, UTC seconds.
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (group_dbid, day, call_result)
) STRICT, WITHOUT ROWID;
