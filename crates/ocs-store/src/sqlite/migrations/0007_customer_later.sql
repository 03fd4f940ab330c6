-- Records that took their customer id after they were added: they are few, and stand in
-- no run of record_customer.
CREATE TABLE record_customer_later (
    -- As in the runs.
    key INTEGER NOT NULL,
    record_id INTEGER NOT NULL,
    PRIMARY KEY (key, record_id)
) STRICT, WITHOUT ROWID;
