-- Filters: which records of a calling list a campaign takes, and in which order
-- (records.md, section 1).
CREATE TABLE filter (
    dbid INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    -- `where` and `order` of the objects file, as they were written.
    condition TEXT NOT NULL,
    sorted_by TEXT NOT NULL
) STRICT;

ALTER TABLE counters ADD COLUMN filter INTEGER NOT NULL DEFAULT 101;

ALTER TABLE campaign_list ADD COLUMN filter_dbid INTEGER REFERENCES filter (dbid);

-- The calling lists and filters that a campaign uses together, and used before: for each
-- its own rows of view_record.
CREATE TABLE view (
    -- Never given twice: what is known of a view in memory is known by it.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    list_dbid INTEGER NOT NULL,
    filter_dbid INTEGER NOT NULL,
    -- What the filter says; another, and the view is made anew.
    definition TEXT NOT NULL,
    -- Up to which record handle every record was looked at; NULL once all were.
    made_to INTEGER,
    -- 1 where no campaign uses it any more: its rows are being removed.
    gone INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The placed records that pass, in the filter's order (records.md, section 4).
CREATE TABLE view_record (
    view_id INTEGER NOT NULL,
    record_id INTEGER NOT NULL,
    -- As in the record; 0 where its time has not come yet.
    ready_class INTEGER NOT NULL,
    record_type INTEGER NOT NULL,
    -- Bytes that sort as the filter says.
    place BLOB NOT NULL,
    -- The least number there is where it is scheduled for no time.
    scheduled INTEGER NOT NULL,
    chain_id INTEGER NOT NULL,
    chain_n INTEGER NOT NULL,
    -- Of a PersonalCallBack, which is looked for by its agent.
    agent_id TEXT,
    PRIMARY KEY (view_id, record_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX view_record_order ON view_record
    (view_id, ready_class, record_type, place, scheduled, chain_id, chain_n)
    WHERE record_type <> 5;

CREATE INDEX view_record_agent ON view_record
    (view_id, agent_id, scheduled, chain_id, chain_n, ready_class, record_type, place)
    WHERE record_type = 5;
