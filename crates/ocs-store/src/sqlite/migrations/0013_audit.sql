-- The audit: every hand-out and every block, and every change of who may be called
-- (batch/audit.rs). A row a transaction; each row's hash is made of the one before it.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    written_at INTEGER NOT NULL,
    -- A JSON array of objects.
    lines TEXT NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is only added to');
END;

CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is only added to');
END;

-- INSERT OR REPLACE removes what it replaces, and asks no trigger.
CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit
WHEN NEW.id <= (SELECT max(id) FROM audit)
BEGIN
    SELECT RAISE(ABORT, 'the audit is only added to');
END;
