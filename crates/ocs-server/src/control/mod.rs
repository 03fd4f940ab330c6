//! The control service: what the command-line tools ask of OCS, over a socket
//! that only the same user may use (configuration.md, section 1).

mod apply;
mod audit;
mod by_line;
pub(crate) mod client;
mod consent;
mod do_not_call;
mod erase;
mod explain;
mod export;
mod import;
mod outbox;
mod requests;
mod service;
pub(crate) mod socket;

pub(crate) use socket::listen;
