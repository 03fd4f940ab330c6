//! Random faults for as long as is wanted, while clients add records and take them out;
//! afterwards everything that was acknowledged is compared with the store. `cargo xtask
//! torture` runs it for minutes; the seed that it prints gives the same faults again.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::clients::Clients;
use super::{beside, home};
use crate::campaigns::{CALLING, running_of};
use crate::home::Home;
use crate::process::{lives, pause, signal, until};
use crate::server::Server;

/// For how long, in seconds, and by which seed.
const SECONDS: &str = "TORTURE_SECONDS";
const SEED: &str = "TORTURE_SEED";
/// What the gate has of it.
const SHORT: u64 = 8;

/// An OCS of the three, running or not.
struct Ocs {
    home: Option<Home>,
    server: Option<Server>,
}

impl Ocs {
    /// Notices an end, and starts it again.
    fn revive(&mut self) {
        let ended = self
            .server
            .as_ref()
            .is_some_and(|server| !lives(server.id()));
        if ended && let Some(server) = self.server.take() {
            self.home = Some(server.kill_9());
        }
        if let Some(home) = self.home.take() {
            self.server = Some(Server::of(home));
        }
    }

    fn id(&self) -> u32 {
        self.server.as_ref().expect("it runs").id()
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn torture() {
    let seed = number(SEED).unwrap_or_else(|| {
        let since = std::time::SystemTime::UNIX_EPOCH.elapsed();
        since.expect("a time after 1970").as_nanos() as u64
    });
    let seconds = number(SECONDS).unwrap_or(SHORT);
    println!("{SEED}={seed} {SECONDS}={seconds}");
    let mut random = seed | 1;
    let mut below = |limit: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 11) % limit
    };
    // The store's folder is nobody's own: it stays, whoever is ended.
    let watch = home();
    let first = running_of(beside(&watch, ""), &[CALLING]);
    let [second, third] = [beside(&watch, ""), beside(&watch, "")].map(Server::of);
    let mut all: Vec<Ocs> = [first, second, third]
        .into_iter()
        .map(|server| Ocs {
            home: None,
            server: Some(server),
        })
        .collect();
    let (begun, mut rounds, mut heard) = (Instant::now(), 0, Vec::new());
    while begun.elapsed() < Duration::from_secs(seconds) {
        rounds += 1;
        let servers: Vec<&Server> = all.iter().filter_map(|ocs| ocs.server.as_ref()).collect();
        let clients = Clients::start_named(&servers, &format!("round-{rounds}-"), 3, 2);
        clients.wait_for(20 + usize::try_from(below(60)).expect("few"));
        let at = usize::try_from(below(3)).expect("few");
        let fault = below(6);
        println!("round {rounds}: fault {fault} for {at}");
        match fault {
            0 | 1 => signal(all[at].id(), Signal::KILL),
            2 => pause(all[at].id()),
            3 => {
                let switched = watch.ocs(&["switchover"]);
                println!("    {}{}", switched.stdout.trim(), switched.stderr.trim());
            }
            4 => {
                let proxy = all[at].server.as_ref().and_then(Server::find_proxy);
                if let Some(proxy) = proxy {
                    signal(proxy, Signal::KILL);
                }
            }
            _ => signal(all[at].id(), Signal::TERM),
        }
        clients.wait_for(50);
        heard.push(clients.stop());
        // A backup that was stopped goes on; a primary that was has been ended.
        signal(all[at].id(), Signal::CONT);
        for ocs in &mut all {
            ocs.revive();
        }
    }
    println!("{rounds} rounds in {:?}", begun.elapsed());
    let servers = all.into_iter().filter_map(|ocs| ocs.server);
    let mut servers: Vec<Server> = servers.collect();
    let mut last = None;
    until("one of them serves", || {
        let serves = |server: &Server| {
            let status = super::status_of(&watch, server.id());
            status["role"] == "primary" && status["ready"] == true
        };
        last = servers.iter().position(serves);
        last.is_some()
    });
    let serves = servers.swap_remove(last.expect("one of them"));
    // Those that wait end first, so that nothing is taken over meanwhile.
    for server in servers {
        drop(server);
    }
    let mut everything = super::clients::Heard::default();
    for one in heard {
        everything.merge(one);
    }
    println!(
        "{} records added, {} handed out; instead of answers: {:?}",
        everything.added.len(),
        everything.handed_out.len(),
        everything.instead
    );
    everything.check(&serves);
    serves.stop();
}
