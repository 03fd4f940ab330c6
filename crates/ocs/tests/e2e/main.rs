//! The end-to-end tests: the real `ocs`, its real child process, real sockets and
//! real files, asked by programs that nobody here wrote.

mod add_records;
mod add_records_once;
mod campaign_groups;
mod campaigns;
mod clients;
mod conduct;
mod connections;
mod crash;
mod crowd;
mod do_not_call;
mod export;
mod files;
mod hand_out;
mod home;
mod http;
mod idempotency;
mod lifecycle;
mod load;
mod mount;
mod native;
mod native_events;
mod objects;
mod openapi;
mod process;
mod program;
mod quickstart;
mod reads;
mod refusals;
mod replies;
mod request_log;
mod requests;
mod room;
mod said;
mod server;
mod sizes;
