-- The regions that keys of the Do Not Call list were made in, by the calling list that
-- entries name; '' for those that name none that is known. NULL for no region.
CREATE TABLE do_not_call_region (
    list TEXT PRIMARY KEY,
    region TEXT
) STRICT, WITHOUT ROWID;

-- While keys are made anew in other regions: up to which row of do_not_call they are.
CREATE TABLE do_not_call_made_anew (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    up_to INTEGER NOT NULL
) STRICT;

-- What was deleted from do_not_call, by whomever, and is to leave the list in memory.
CREATE TABLE do_not_call_removed (
    id INTEGER PRIMARY KEY,
    key INTEGER NOT NULL,
    key_full INTEGER,
    expires INTEGER,
    is_customer INTEGER NOT NULL
) STRICT;

CREATE TRIGGER do_not_call_removed AFTER DELETE ON do_not_call WHEN old.key IS NOT NULL
BEGIN
    INSERT INTO do_not_call_removed (key, key_full, expires, is_customer)
    VALUES (old.key, old.key_full, old.expires, old.phone IS NULL);
END;
