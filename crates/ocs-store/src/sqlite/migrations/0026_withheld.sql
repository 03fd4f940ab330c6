-- A class is of records that some campaign groups may not call for now, while others may:
-- their DBIDs, sorted, a blank between two; '' for nearly all.
ALTER TABLE ready_class ADD COLUMN withheld TEXT NOT NULL DEFAULT '';

DROP INDEX ready_class_key;
CREATE UNIQUE INDEX ready_class_key ON ready_class
    (tz_dbid, daily_from, daily_till, territory, earlier, coarse, coalesce(assigned_group, 0),
     withheld);

-- Chains of which a record waits by what the clock said: they are to be placed again where it
-- is put back before this moment.
CREATE TABLE chain_wake_back (
    list_dbid INTEGER NOT NULL,
    chain_id INTEGER NOT NULL,
    moment INTEGER NOT NULL,
    PRIMARY KEY (list_dbid, chain_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX chain_wake_back_moment ON chain_wake_back (moment);
