//! HTTP Proxy's life, and the reload of the configuration, sentence by sentence
//! (configuration.md, sections 2 and 3). What a start says, and what killing loses, is
//! in `lifecycle.rs` and `crash.rs`.

mod config_set;
mod ends;
mod ports;
mod reload;
mod silence;

use std::fs;

use crate::home::{Home, OBJECTS};
use crate::process::{pause, until};
use crate::server::Server;

/// One http port.
fn port(id: &str, number: u16) -> String {
    format!("[[server-info.port]]\nid = \"{id}\"\nport = {number}\n")
}

/// A folder whose HTTP Proxy is started again after so long.
fn home(reconnect_timeout: &str, rest: &str) -> Home {
    let home = Home::with("", OBJECTS);
    write(&home, reconnect_timeout, rest);
    home
}

/// Writes the configuration anew, as an editor does: beside it, and then in its place.
fn write(home: &Home, reconnect_timeout: &str, rest: &str) {
    let text = format!("[server-info]\nreconnect-timeout = \"{reconnect_timeout}\"\n{rest}");
    let new = home.write("ocs.toml~", text);
    fs::rename(new, home.path().join("ocs.toml")).expect("it is replaced");
}

/// Waits until OCS's log has a line with this part for the `nth` time.
#[track_caller]
fn wait_for_log(server: &Server, part: &str, nth: usize) {
    until(part, || {
        server
            .log()
            .lines()
            .filter(|line| line.contains(part))
            .count()
            >= nth
    });
}

/// How often OCS has started HTTP Proxy, by its log.
fn starts(log: &str) -> usize {
    log.matches("HTTP Proxy is started process=").count()
}

fn stop_process(id: u32) {
    pause(id);
}
