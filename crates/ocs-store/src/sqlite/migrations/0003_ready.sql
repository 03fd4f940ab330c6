-- Records that may be handed out, in order (records.md, section 4).

-- When records of a kind may be called: while their own window is open and those of
-- the earlier open records of their chain are closed. Numbers begin with 1 and have no
-- gaps; no class is ever removed.
CREATE TABLE ready_class (
    id INTEGER PRIMARY KEY,
    tz_dbid INTEGER NOT NULL,
    daily_from INTEGER NOT NULL,
    daily_till INTEGER NOT NULL,
    -- The windows of earlier records: "zone:from-till", sorted, a blank between two.
    earlier TEXT NOT NULL,
    -- 1 where the class is open at more times than its records.
    coarse INTEGER NOT NULL,
    UNIQUE (tz_dbid, daily_from, daily_till, earlier, coarse)
) STRICT;

-- The record's class; NULL while its state or its chain holds it back.
ALTER TABLE record ADD COLUMN ready_class INTEGER;

-- Chains of which a record waits for an earlier one's time, and when they are to be
-- placed again; 0 for at once.
CREATE TABLE chain_wake (
    list_dbid INTEGER NOT NULL,
    chain_id INTEGER NOT NULL,
    moment INTEGER NOT NULL,
    PRIMARY KEY (list_dbid, chain_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX chain_wake_moment ON chain_wake (moment);

-- What is in the store already. Records alone in their chain are placed here, as far as
-- their windows are few; the writer places the others.
INSERT INTO ready_class (tz_dbid, daily_from, daily_till, earlier, coarse)
    SELECT DISTINCT tz_dbid, daily_from, daily_till, '', 0 FROM record
    WHERE record_status = 1 AND record_type <> 7
    LIMIT 4096;

UPDATE record SET ready_class = (
        SELECT id FROM ready_class
        WHERE ready_class.tz_dbid = record.tz_dbid
            AND ready_class.daily_from = record.daily_from
            AND ready_class.daily_till = record.daily_till
            AND earlier = '' AND coarse = 0)
    WHERE record_status = 1 AND record_type <> 7 AND chain_n = 0
        AND attempt < (
            SELECT max_attempts FROM calling_list WHERE dbid = record.list_dbid)
        AND NOT EXISTS (
            SELECT 1 FROM record AS other
            WHERE other.list_dbid = record.list_dbid AND other.chain_id = record.chain_id
                AND other.chain_n > 0);

INSERT OR IGNORE INTO chain_wake (list_dbid, chain_id, moment)
    SELECT list_dbid, chain_id, 0 FROM record
    WHERE record_status = 1 AND record_type <> 7 AND ready_class IS NULL;

-- The three hold no record twice, so that a record stands in one of them at most. In
-- the first, new records of a class come in the order of their handles: they are
-- appended.
CREATE INDEX record_ready ON record
    (list_dbid, ready_class, record_type, dial_sched_time, chain_id, chain_n)
    WHERE ready_class IS NOT NULL AND record_type <> 5;

-- Personal callbacks are looked for by their agent.
CREATE INDEX record_personal ON record
    (list_dbid, agent_id, dial_sched_time, chain_id, chain_n, ready_class)
    WHERE ready_class IS NOT NULL AND record_type = 5;

-- Ready records that are held back, for when a calling list allows more attempts.
CREATE INDEX record_held ON record (list_dbid, attempt)
    WHERE ready_class IS NULL AND record_status = 1;
