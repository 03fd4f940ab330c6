-- Records by phone and by customer id.
--
-- Not one row an entry: keys come in random order, and with millions of records every
-- new entry would dirty a page of its own. Entries are sorted in memory and written
-- as runs, page after page, which are merged into longer ones; a reader looks into
-- each run. A page is one row, and its id is the run's number times 2^24, plus the
-- page's number in the run; an entry is 12 bytes: a key of 8 and a record handle of 4,
-- little-endian.

CREATE TABLE record_phone (
    id INTEGER PRIMARY KEY,
    entries BLOB NOT NULL
) STRICT;

CREATE TABLE record_customer (
    id INTEGER PRIMARY KEY,
    entries BLOB NOT NULL
) STRICT;

CREATE TABLE contact_run (
    run INTEGER PRIMARY KEY,
    -- Which of the two tables: 1 record_phone, 2 record_customer.
    kind INTEGER NOT NULL CHECK (kind IN (1, 2)),
    -- How often its entries were merged.
    level INTEGER NOT NULL,
    -- 1 being written, 2 whole, 3 no longer used: its pages are being removed.
    state INTEGER NOT NULL CHECK (state IN (1, 2, 3)),
    -- How many pages it has, once it is whole.
    pages INTEGER NOT NULL
) STRICT;

-- Up to which record handle the runs are complete. Greater ones are read again at
-- the next start.
CREATE TABLE contact_index_end (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    record_id INTEGER NOT NULL,
    -- How keys are made of contact information; another number, and all is made anew.
    keys INTEGER NOT NULL
) STRICT;

-- The region that the phones of a calling list were read in when keys were made of them.
CREATE TABLE contact_region (
    list_dbid INTEGER PRIMARY KEY,
    region TEXT
) STRICT;
