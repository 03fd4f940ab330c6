//! Sessions: the server end of the outbound protocols.

mod bulk;
mod burst;
mod dispatch;
mod http_proxy;
mod native;
mod output;
mod read;
mod tell;
mod under_way;

pub(crate) use http_proxy::{ANSWERS, HttpProxySessions, Notice, serve};
pub use native::NativeError;
pub(crate) use native::{NativeListener, Sessions};
pub(crate) use tell::tell_taken;
