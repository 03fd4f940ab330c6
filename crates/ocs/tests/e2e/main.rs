//! The end-to-end tests: the real `ocs`, its real child process, real sockets and
//! real files, asked by programs that nobody here wrote.

mod clients;
mod conduct;
mod connections;
mod crash;
mod crowd;
mod do_not_call;
mod export;
mod files;
mod home;
mod http;
mod lifecycle;
mod load;
mod mount;
mod native;
mod objects;
mod openapi;
mod process;
mod program;
mod quickstart;
mod refusals;
mod replies;
mod room;
mod said;
mod server;
mod sizes;
