//! HTTP Proxy: the gateway between HTTP/1.1 and the outbound protocols
//! (http-interface.md).
//!
//! A request's way is forward once and back once: `watch` looks at it, `connection` reads it, `route`
//! finds what is asked, `body` makes a user event of it, `link` brings that to OCS
//! and its answer back, `reply` makes an HTTP reply of the answer. HTTP Proxy keeps
//! nothing worth keeping: killing it loses nothing acknowledged.

mod access;
mod authority;
mod body;
mod bulk;
mod conduct;
mod connection;
mod crowd;
mod entry;
mod gateway;
mod idempotency;
mod link;
mod listen;
mod openapi;
mod process;
mod reply;
mod route;
mod settings;
mod stream;
mod tls;
#[doc(hidden)]
pub mod trial;
mod watch;
mod word;

pub use process::{Exit, run};
