-- Records that were taken for somebody and wait for the answer of a web server, before they
-- are delivered (batch/reservation.rs). Those of an earlier epoch belong to an OCS that is no
-- more: they go back.
CREATE TABLE reservation (
    record_id INTEGER PRIMARY KEY,
    guid TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    reserved_at INTEGER NOT NULL
) STRICT;
