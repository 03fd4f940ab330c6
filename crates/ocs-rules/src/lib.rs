//! The domain: records, chains and calling lists, and what each request makes of
//! them, as functions of (state, request, now).
//!
//! No I/O, no async, no SQL, no clock and no randomness: whoever calls passes
//! everything in.

pub mod access;
pub mod agent;
pub mod calling_list;
pub mod campaign;
pub mod change;
pub mod consent;
pub mod counters;
pub mod date_time;
pub mod days;
pub mod dialing;
pub mod do_not_call;
pub mod erasure;
pub mod field_values;
pub mod fields;
pub mod filter;
pub mod frequency_cap;
pub mod group_state;
pub mod lease;
pub mod legal_hours;
pub mod life_cycle;
pub mod notification;
pub mod objects;
pub mod options;
pub mod pacing;
pub mod policy;
pub mod record;
pub mod retrieval;
pub mod schedule;
pub mod statistics;
pub mod treatment;
pub mod zone;
