//! What a request asks for: resource × method × `req` → protocol request.

mod table;
mod target;

pub(crate) use table::{Route, Routes};
pub(crate) use target::Target;
