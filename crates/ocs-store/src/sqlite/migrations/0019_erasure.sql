-- Erasures (batch/erase.rs): how far each is, and of those that are done how much there was.
CREATE TABLE erasure (
    id INTEGER PRIMARY KEY,
    -- 1 phone, 2 customer id; both NULL once the rows are gone.
    kind INTEGER,
    subject TEXT,
    begun_at INTEGER NOT NULL,
    -- 1 records, 2 answers, 3 answers of items, 4 done.
    stage INTEGER NOT NULL,
    -- How far the stage is: a record handle, or the number of an item.
    position INTEGER NOT NULL,
    -- The answer up to which answers were looked at.
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    records INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    import_keys INTEGER NOT NULL,
    answers INTEGER NOT NULL,
    statements INTEGER NOT NULL,
    do_not_call_messages INTEGER NOT NULL,
    kept_out INTEGER NOT NULL
) STRICT;

CREATE INDEX erasure_under_way ON erasure (id) WHERE stage < 4;

-- Whom erasures were about: what contacts are compared by, hashed with a number that only
-- this store has. While the Do Not Call list has one of them, no record of it is added.
CREATE TABLE erased_contact (
    hash INTEGER PRIMARY KEY
) STRICT;

CREATE TABLE erased_contact_salt (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    salt BLOB NOT NULL
) STRICT;

INSERT INTO erased_contact_salt (id, salt) VALUES (1, randomblob(32));

-- Records that were removed and still stand in the index of contacts.
CREATE TABLE removed_record (
    id INTEGER PRIMARY KEY,
    record_id INTEGER NOT NULL
) STRICT;

-- What is left to be done about the bytes of what was erased: 0 all, 1 free pages are taken,
-- 2 they are given back, 3 the log is cut. No row: nothing.
CREATE TABLE erasure_scrub (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    stage INTEGER NOT NULL,
    -- Free pages that are still to be taken.
    pages INTEGER NOT NULL
) STRICT;

-- Takes the free pages of the file while their bytes are overwritten.
CREATE TABLE erasure_pages (
    id INTEGER PRIMARY KEY,
    zeros BLOB NOT NULL
) STRICT;

CREATE INDEX import_key_record ON import_key (record_id);
CREATE INDEX import_chain_chain ON import_chain (chain_id);
