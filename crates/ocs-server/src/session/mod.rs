//! Sessions: the server end of the outbound protocols.

mod burst;
mod dispatch;
mod http_proxy;
mod output;

pub(crate) use http_proxy::{ANSWERS, HttpProxySessions, Notice, serve};
