//! What a request asks for: resource × method × `req` → protocol request.

mod find;
mod resource;
mod table;
mod target;

pub(crate) use find::Routes;
pub(crate) use resource::Resource;
pub(crate) use table::{Ask, QueryKey, ROUTES, Route};
pub(crate) use target::Target;
