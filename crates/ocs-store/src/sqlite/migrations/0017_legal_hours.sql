-- Legal calling hours: rules by country and region, holidays, and where a class's phones
-- are.

CREATE TABLE legal_rule (
    name TEXT PRIMARY KEY,
    -- ISO 3166-1; what follows the country in ISO 3166-2, NULL for the whole country.
    country TEXT NOT NULL,
    region TEXT,
    -- The law, as a citation.
    source TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('built-in', 'configured')),
    -- 1 where it is switched off.
    off INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE legal_rule_hours (
    rule TEXT NOT NULL REFERENCES legal_rule (name) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    -- Days of the week on which they begin, a bit each from Monday on.
    days INTEGER NOT NULL,
    -- Seconds since midnight where the phone is.
    time_from INTEGER NOT NULL,
    time_till INTEGER NOT NULL,
    PRIMARY KEY (rule, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE legal_holiday (
    name TEXT PRIMARY KEY,
    country TEXT NOT NULL,
    region TEXT,
    -- 2026-12-24, 12-25 of every year, easter-2.
    date TEXT NOT NULL,
    source TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('built-in', 'configured')),
    off INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The hours in which calls are lawful on a holiday; usually none.
CREATE TABLE legal_holiday_hours (
    holiday TEXT NOT NULL REFERENCES legal_holiday (name) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    time_from INTEGER NOT NULL,
    time_till INTEGER NOT NULL,
    PRIMARY KEY (holiday, position)
) STRICT, WITHOUT ROWID;

-- A class is of phones of one area, too: US-FL.E, DE, ? for those of which nobody knows,
-- '' where legal hours do not matter. Windows of earlier records: "zone:from-till@area".
ALTER TABLE ready_class ADD COLUMN territory TEXT NOT NULL DEFAULT '';

DROP INDEX ready_class_key;
CREATE UNIQUE INDEX ready_class_key ON ready_class
    (tz_dbid, daily_from, daily_till, territory, earlier, coarse, coalesce(assigned_group, 0));

-- How the phones of a calling list were read when its records were placed. Where they are
-- read otherwise now, its records are placed again, in the order of their handles.
CREATE TABLE placed_list (
    list_dbid INTEGER PRIMARY KEY,
    -- The region, NULL for none.
    region TEXT,
    -- Whether legal hours matter to it.
    guarded INTEGER NOT NULL,
    -- Up to which record they are placed again; NULL once all are.
    up_to INTEGER
) STRICT;

-- What is in the store already was placed when nobody asked for legal hours.
INSERT INTO placed_list SELECT dbid, NULL, 0, NULL FROM calling_list;
