//! Records found by phone and by customer id.
