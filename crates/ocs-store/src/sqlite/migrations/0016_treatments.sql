-- Treatments of calling lists and campaigns, in order (records.md, section 7).
CREATE TABLE treatment (
    id INTEGER PRIMARY KEY,
    list_dbid INTEGER REFERENCES calling_list (dbid) ON DELETE CASCADE,
    campaign_dbid INTEGER REFERENCES campaign (dbid) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    call_result INTEGER NOT NULL,
    action TEXT NOT NULL,
    -- The attempt, or the first of the cycles, that it applies to.
    attempt INTEGER,
    cycles INTEGER,
    -- In minutes.
    waits INTEGER,
    increment INTEGER,
    -- As GSW_DATE_TIME has it.
    date_time TEXT,
    -- <campaign>@<group>.
    campaign_group TEXT,
    CHECK ((list_dbid IS NULL) <> (campaign_dbid IS NULL))
) STRICT;

CREATE INDEX treatment_list ON treatment (list_dbid, position);
CREATE INDEX treatment_campaign ON treatment (campaign_dbid, position);

-- The campaign group that alone hands the record out; NULL for nearly all.
ALTER TABLE record ADD COLUMN assigned_group INTEGER;

-- So it is of a class, which is made anew because what is unique in it is another now.
CREATE TABLE ready_class_of_group (
    id INTEGER PRIMARY KEY,
    tz_dbid INTEGER NOT NULL,
    daily_from INTEGER NOT NULL,
    daily_till INTEGER NOT NULL,
    -- The windows of earlier records: "zone:from-till", sorted, a blank between two.
    earlier TEXT NOT NULL,
    -- 1 where the class is open at more times than its records.
    coarse INTEGER NOT NULL,
    assigned_group INTEGER
) STRICT;

INSERT INTO ready_class_of_group (id, tz_dbid, daily_from, daily_till, earlier, coarse)
    SELECT id, tz_dbid, daily_from, daily_till, earlier, coarse FROM ready_class;
DROP TABLE ready_class;
ALTER TABLE ready_class_of_group RENAME TO ready_class;
CREATE UNIQUE INDEX ready_class_key ON ready_class
    (tz_dbid, daily_from, daily_till, earlier, coarse, coalesce(assigned_group, 0));
