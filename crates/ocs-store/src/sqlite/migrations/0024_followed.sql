-- What became of rows of the Do Not Call list that were there already, as they were before:
-- a backup that has the list in memory follows it by this (do_not_call/following.rs). New
-- rows it finds by their numbers, which come again where the last ones were deleted: those
-- are noted too, with no key. The last 10,000 changes are kept; a backup that is further
-- behind reads the list again.
CREATE TABLE do_not_call_changed (
    id INTEGER PRIMARY KEY,
    row_id INTEGER NOT NULL,
    key INTEGER,
    key_full INTEGER,
    expires INTEGER,
    is_customer INTEGER NOT NULL
) STRICT;

CREATE INDEX do_not_call_changed_row ON do_not_call_changed (row_id);

CREATE TRIGGER do_not_call_changed AFTER UPDATE ON do_not_call
WHEN old.key IS NOT new.key OR old.key_full IS NOT new.key_full
    OR old.expires IS NOT new.expires OR (old.phone IS NULL) <> (new.phone IS NULL)
BEGIN
    INSERT INTO do_not_call_changed (row_id, key, key_full, expires, is_customer)
    VALUES (old.id, old.key, old.key_full, old.expires, old.phone IS NULL);
    DELETE FROM do_not_call_changed WHERE id <= last_insert_rowid() - 10000;
END;

CREATE TRIGGER do_not_call_deleted AFTER DELETE ON do_not_call
BEGIN
    INSERT INTO do_not_call_changed (row_id, key, key_full, expires, is_customer)
    VALUES (old.id, old.key, old.key_full, old.expires, old.phone IS NULL);
    DELETE FROM do_not_call_changed WHERE id <= last_insert_rowid() - 10000;
END;

CREATE TRIGGER do_not_call_again AFTER INSERT ON do_not_call
WHEN new.id <= (SELECT max(row_id) FROM do_not_call_changed)
BEGIN
    INSERT INTO do_not_call_changed (row_id, is_customer) VALUES (new.id, 0);
    DELETE FROM do_not_call_changed WHERE id <= last_insert_rowid() - 10000;
END;
