//! The native listener: desktops and third-party applications over gRPC, on TCP and
//! TLS (outbound-protocols.md, sections 1, 3 and 4).
//!
//! A connection's way: `listen` takes it, `tls` secures it, `connection` keeps it
//! while it is of use, `service` finds the service that is called. A session's way:
//! `applications` judges its hello, `session` hears its requests, `role` says which
//! it may send, `outgoing` is what it is answered and told, and `registry` knows all.

mod applications;
mod connection;
mod first_message;
mod listen;
mod message_type;
mod outgoing;
mod registry;
mod role;
mod service;
mod session;
mod waiting;

use std::time::Duration;

pub use listen::NativeError;
pub(crate) use listen::NativeListener;
pub(crate) use registry::Sessions;

/// Sessions that are open at the same time, of all applications.
const SESSIONS: usize = 1_000;
/// Connections without a session: those whose hello is not judged yet. Where there
/// are more, the oldest goes, so that whoever says hello at once is always heard.
const WAITING: usize = 256;
/// How long a client may take with the handshake of TLS, and with its hello.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection may be without a session: more than a hello may take, so
/// that whoever is too late still hears why.
const WITHOUT_SESSION: Duration = Duration::from_secs(15);
/// What a wrong name or secret has to wait for its refusal; a connection has one at a
/// time.
const WRONG_WAITS: Duration = Duration::from_secs(1);
/// The largest hello, in bytes.
const HELLO: u32 = 64 * 1024;
/// The largest request, in bytes: its answer repeats it, and has to fit into a message.
const REQUEST: usize = ocs_protocol::MAX_MESSAGE / 4 * 3;
/// Requests of one session that are taken together.
const BURST: usize = 32;
/// Answers to such requests that may wait for one session: with [`BURST`], 1,024
/// requests in flight. Who sends more waits.
const ANSWERS: usize = 32;
/// Unsolicited events that may wait for one session, which is ended when there is one
/// more: its desktop does not read.
const EVENTS: usize = 256;
/// How long a session that has to end may take to hear it; then its connection ends.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long a connection without a session may take, when OCS stops, to hear it.
const FAREWELL: Duration = Duration::from_millis(200);
/// How long a silent connection is left alone before it is asked for a sign of life.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// How long that sign may take.
const ALIVE_WITHIN: Duration = Duration::from_secs(10);
/// Calls on one connection at the same time.
const STREAMS: u32 = 128;
/// Calls on a connection without a session that are not judged yet.
const UNJUDGED: usize = 16;
/// Bytes of one call that may be on their way before they are taken.
const WINDOW: u32 = 64 * 1024;
/// The same of a whole connection. The windows of its calls are what holds a client
/// back; this one is so wide because h2 ends a connection when the frames in it that
/// wait and are smaller than 256 bytes fall short of that size by half of it together.
const CONNECTION_WINDOW: u32 = 8 << 20;
/// Bytes of answers that may wait to be sent on one call.
const SEND_BUFFER: usize = 256 * 1024;
