//! The agents who work for campaign groups: what each of them does, since when, and at which
//! desktop; and the records that are pushed to those who are ready (docs/agents.md).
//!
//! `room` knows them, `push` pushes, `undelivered` is a record on its way to a desktop, which
//! goes back when that never takes it. Nothing of it is stored: after a restart nobody is
//! ready until he says so again.

mod push;
mod room;
mod undelivered;

pub(crate) use push::{deliver, run as push_records};
pub(crate) use room::{Agents, Counts, Present};
pub(crate) use undelivered::Undelivered;
