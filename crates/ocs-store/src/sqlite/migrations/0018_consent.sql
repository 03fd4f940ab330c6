-- Consent to be called, and its revocation (sqlite/consent.rs): every statement, for ever.
CREATE TABLE consent_statement (
    -- In the order in which they came.
    id INTEGER PRIMARY KEY,
    -- One of the two, as it was given.
    phone TEXT,
    customer_id TEXT,
    -- What it is compared by, as the Do Not Call list compares; `complete` is a phone's in
    -- E.164, where that is another one.
    key INTEGER NOT NULL,
    complete INTEGER,
    revokes INTEGER NOT NULL CHECK (revokes IN (0, 1)),
    -- 0 all calls, 1 those of a calling list, 2 those for a campaign.
    scope INTEGER NOT NULL CHECK (scope IN (0, 1, 2)),
    -- The DBID of the calling list or the campaign, else 0.
    scope_dbid INTEGER NOT NULL,
    -- When it was said, and when a consent ends.
    said_at INTEGER NOT NULL,
    expires INTEGER,
    source TEXT,
    proof TEXT,
    -- Who told of it, and when.
    told_by TEXT NOT NULL,
    told_at INTEGER NOT NULL,
    CHECK ((phone IS NULL) <> (customer_id IS NULL)),
    CHECK ((scope = 0) = (scope_dbid = 0))
) STRICT;

CREATE INDEX consent_statement_key ON consent_statement (key, said_at);
CREATE INDEX consent_statement_complete ON consent_statement (complete, said_at)
    WHERE complete IS NOT NULL;

-- What was said is not changed. (A person's statements can be erased.)
CREATE TRIGGER consent_statement_is_not_changed BEFORE UPDATE ON consent_statement
BEGIN
    SELECT RAISE(ABORT, 'what was said of consent is only added to');
END;

CREATE TRIGGER consent_statement_is_not_replaced BEFORE INSERT ON consent_statement
WHEN EXISTS (SELECT 1 FROM consent_statement WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'what was said of consent is only added to');
END;

-- What of it counts: by key and scope, the last consent and the last revocation. A phone
-- that is compared by two keys has two rows. All of it can be made anew of the statements.
CREATE TABLE consent (
    -- 1 a phone, 2 a customer id.
    kind INTEGER NOT NULL CHECK (kind IN (1, 2)),
    key INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    scope_dbid INTEGER NOT NULL,
    consent_at INTEGER,
    consent_id INTEGER,
    consent_expires INTEGER,
    revoked_at INTEGER,
    revoked_id INTEGER,
    PRIMARY KEY (kind, key, scope, scope_dbid)
) STRICT, WITHOUT ROWID;

-- Calling lists of which a record was ever held back for want of consent, and what the
-- application's options said then: their records are placed again where that changes.
CREATE TABLE consent_awaited (
    list_dbid INTEGER PRIMARY KEY,
    options TEXT NOT NULL
) STRICT;
