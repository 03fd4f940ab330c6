//! Host: whoever makes a name of his point to this machine, so that a browser takes OCS
//! for his own web server (DNS rebinding), is told apart by the name.
//!
//! A Host that is an IP address is no such name: what a browser fetched from an address
//! came from that address. It is taken where the port does not say which address it has.

use std::net::IpAddr;

use hyper::header::HOST;
use hyper::http::request::Parts;
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::outbound::Listener;
use ocs_protocol::refusal::{Refusal, quoted};

/// A port that is open, as requests are addressed to it.
#[derive(Debug)]
pub(crate) struct Port(At);

#[derive(Debug)]
enum At {
    /// Only this machine reaches it.
    Loopback,
    Address(IpAddr),
    /// Every address of the machine.
    Every,
    /// The addresses of a name.
    Name(String),
}

impl Port {
    pub(crate) fn new(listener: &Listener) -> Self {
        let host = listener.host.as_str();
        Self(match address(host) {
            Some(address) if address.is_loopback() => At::Loopback,
            Some(address) if address.is_unspecified() => At::Every,
            Some(address) => At::Address(address),
            None if host.eq_ignore_ascii_case(LOCALHOST) => At::Loopback,
            None => At::Name(host.to_owned()),
        })
    }

    /// Whether only this machine reaches it.
    pub(crate) fn is_loopback(&self) -> bool {
        matches!(self.0, At::Loopback)
    }

    fn has(&self, host: &str) -> bool {
        let is_localhost = || host.eq_ignore_ascii_case(LOCALHOST);
        match (&self.0, address(host)) {
            (At::Loopback, Some(address)) => address.is_loopback(),
            (At::Loopback | At::Every, None) => is_localhost(),
            (At::Address(own), Some(address)) => *own == address,
            (At::Address(_), None) => false,
            (At::Every | At::Name(_), Some(_)) => true,
            (At::Name(own), None) => own.eq_ignore_ascii_case(host),
        }
    }
}

const LOCALHOST: &str = "localhost";

/// What a Host may name on every port.
#[derive(Debug, Default)]
pub(super) struct Hosts(Vec<String>);

impl Hosts {
    pub(super) fn new(hosts: &[String]) -> Self {
        Self(hosts.iter().map(|host| host_of(host).to_owned()).collect())
    }

    /// A request is addressed to this machine, by a name that it goes by. One that is
    /// addressed to nobody is none of a browser's.
    ///
    /// # Errors
    /// It is addressed to another.
    pub(super) fn check(&self, head: &Parts, port: &Port) -> Result<(), Refusal> {
        let named = match head.uri.authority() {
            // Of an absolute-form target, which counts instead of Host (RFC 9112, 3.2.2).
            Some(authority) => authority.as_str().as_bytes(),
            None => match head.headers.get(HOST) {
                Some(host) => host.as_bytes(),
                None => return Ok(()),
            },
        };
        let shown = String::from_utf8_lossy(named);
        if self.has(host_of(&shown), port) {
            return Ok(());
        }
        let sentence = format!(
            "the request is addressed to {}, and OCS does not go by that name; a name of its own \
             belongs into access.hosts",
            quoted(&shown)
        );
        Err(Refusal::new(ErrorNumber::ForeignHost, sentence).at("Host"))
    }

    fn has(&self, host: &str, port: &Port) -> bool {
        let same = |known: &String| {
            known.eq_ignore_ascii_case(host)
                || address(known).is_some_and(|known| address(host) == Some(known))
        };
        port.has(host) || self.0.iter().any(same)
    }
}

/// The address that a host is, in brackets or without.
fn address(host: &str) -> Option<IpAddr> {
    // No name begins so: most are told apart by one byte.
    let first = host.bytes().next()?;
    if !first.is_ascii_hexdigit() && first != b':' && first != b'[' {
        return None;
    }
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let address: IpAddr = bare.unwrap_or(host).parse().ok()?;
    Some(address.to_canonical())
}

/// A host without its port number and without the dot that may end a name.
fn host_of(authority: &str) -> &str {
    if authority.parse::<IpAddr>().is_ok() {
        return authority;
    }
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    host.strip_suffix('.').unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    #[test]
    fn hosts() {
        let hosts = Hosts::new(&[
            "Ocs.example.com".into(),
            "crm:8443".into(),
            "10.9.9.9".into(),
        ]);
        for (port, named, right) in [
            ("127.0.0.1", "127.0.0.1:8080", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "localhost:8080", true),
            ("127.0.0.1", "LocalHost.", true),
            ("127.0.0.1", "[::1]:8080", true),
            ("127.0.0.1", "[::ffff:127.0.0.1]:1", true),
            ("127.0.0.1", "10.0.0.5", false),
            ("127.0.0.1", "evil.example:8080", false),
            ("127.0.0.1", "127.0.0.1.evil.example", false),
            ("127.0.0.1", "localhost.evil.example", false),
            ("127.0.0.1", "evil.localhost", false),
            ("127.0.0.1", "2130706433", false),
            ("127.0.0.1", "", false),
            ("127.0.0.1", "ocs.EXAMPLE.com:1", true),
            ("127.0.0.1", "crm", true),
            ("127.0.0.1", "10.9.9.9:80", true),
            ("localhost", "127.0.0.1", true),
            ("::1", "localhost", true),
            ("10.0.0.5", "10.0.0.5:8080", true),
            ("10.0.0.5", "10.0.0.6", false),
            ("10.0.0.5", "127.0.0.1", false),
            ("10.0.0.5", "localhost", false),
            ("0.0.0.0", "10.0.0.5", true),
            ("0.0.0.0", "[2001:db8::1]:8080", true),
            ("::", "localhost", true),
            ("0.0.0.0", "evil.example", false),
            ("ocs.internal", "OCS.internal:8080", true),
            ("ocs.internal", "10.0.0.5", true),
            ("ocs.internal", "localhost", false),
            ("ocs.internal", "evil.example", false),
        ] {
            let listener = Listener {
                host: port.to_owned(),
                ..Listener::default()
            };
            let head = |uri: &str| {
                let request = Request::builder().uri(uri).header(HOST, named);
                request.body(()).expect("a request").into_parts().0
            };
            let port_of = Port::new(&listener);
            let found = hosts.check(&head("/lists"), &port_of);
            assert_eq!(found.is_ok(), right, "{named} on {port}");
            // The target's own word counts, where it has one.
            let absolute = hosts.check(&head("http://ocs.example.com:1/lists"), &port_of);
            assert!(absolute.is_ok(), "{named} on {port}");
            hosts
                .check(&head("http://evil.example/lists"), &port_of)
                .expect_err("it is addressed to another");
        }
    }

    #[test]
    fn a_request_that_is_addressed_to_nobody() {
        let (head, ()) = Request::new(()).into_parts();
        let port = Port(At::Loopback);
        Hosts::default()
            .check(&head, &port)
            .expect("no browser sends it");
    }
}
