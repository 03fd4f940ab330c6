//! The kinds of values that a configuration holds, each with its own rule of
//! what is legal.

pub(crate) mod address;
pub(crate) mod byte_size;
pub(crate) mod custom_header;
pub(crate) mod encoding;
pub(crate) mod leaf;
pub(crate) mod scalar;
pub(crate) mod secret;
pub(crate) mod time_span;
