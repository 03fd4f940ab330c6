//! Records that are removed from a real store: on request, and by their age.

mod erasure;
mod measured;
mod retention;
mod world;
