-- Schedules: when campaign groups are loaded, started, stopped and unloaded.
CREATE TABLE schedule (
    dbid INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    tz_dbid INTEGER NOT NULL,
    -- Seconds.
    load_before INTEGER NOT NULL,
    unload_after INTEGER NOT NULL
) STRICT;

CREATE TABLE schedule_hours (
    schedule_dbid INTEGER NOT NULL REFERENCES schedule (dbid) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    -- Days of the week, a bit each from Monday on; 0 where the row is about a date.
    days INTEGER NOT NULL,
    -- YYYY-MM-DD: hours of this date alone.
    date TEXT,
    -- Seconds since midnight; NULL for a date that is closed.
    hours_from INTEGER,
    hours_until INTEGER,
    dialing_mode INTEGER,
    PRIMARY KEY (schedule_dbid, position)
) STRICT, WITHOUT ROWID;

-- No foreign key: a campaign group whose schedule is not there says so by its own error.
ALTER TABLE campaign_group ADD COLUMN schedule_dbid INTEGER;
ALTER TABLE campaign_group ADD COLUMN sequence INTEGER;
ALTER TABLE counters ADD COLUMN schedule INTEGER NOT NULL DEFAULT 101;

-- What the schedule of a campaign group wanted of it last: what others ask in between
-- stands until the schedule wants something else.
CREATE TABLE campaign_group_scheduled (
    group_dbid INTEGER PRIMARY KEY REFERENCES campaign_group (dbid) ON DELETE CASCADE,
    status INTEGER NOT NULL,
    dialing_mode INTEGER NOT NULL,
    since INTEGER NOT NULL,
    -- 1 where its turn in a sequence is over until the schedule's next hours.
    turn_over INTEGER NOT NULL
) STRICT;
