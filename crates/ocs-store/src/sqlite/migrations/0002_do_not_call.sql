-- The Do Not Call list (records.md, section 6). Others may write rows too, with the
-- documented columns only: whoever is named, by phone or by customer id. Such a row
-- has no key until OCS has taken it up.
CREATE TABLE do_not_call (
    id INTEGER PRIMARY KEY,
    -- What the subject is compared by: of a phone its digits, of anything else a
    -- hash. Before the texts, so that loading the list reads no further than here.
    key INTEGER,
    -- A phone's digits in E.164, where they are others than those of `key`.
    key_full INTEGER,
    -- When the entry ends; never where NULL.
    expires INTEGER,
    phone TEXT,
    customer_id TEXT,
    dnc_message TEXT,
    tenant TEXT,
    campaign TEXT,
    list TEXT,
    is_internal INTEGER NOT NULL DEFAULT 0,
    time_stamp INTEGER NOT NULL DEFAULT 0,
    -- Where the entry came from: a request, a file.
    source TEXT,
    CHECK (phone IS NOT NULL OR customer_id IS NOT NULL)
) STRICT;

CREATE INDEX do_not_call_key ON do_not_call (key) WHERE key IS NOT NULL;
CREATE INDEX do_not_call_key_full ON do_not_call (key_full) WHERE key_full IS NOT NULL;
-- Rows of others that are not taken up yet; usually none.
CREATE INDEX do_not_call_new ON do_not_call (id) WHERE key IS NULL;
