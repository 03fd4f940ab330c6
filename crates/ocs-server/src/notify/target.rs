//! A web server's address, taken apart.

use http::Uri;

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) origin: Origin,
    /// Host and port as they were written: the header Host.
    pub(super) authority: String,
    /// Path and query.
    pub(super) path: String,
}

/// What one connection is good for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    /// Whether TLS is spoken.
    pub(super) secured: bool,
    /// A name or an IP address, an IPv6 one without brackets.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Target {
    /// The parts of http(s)://host[:port]/path[?query]; `None` where it is none.
    pub(super) fn parse(uri: &str) -> Option<Self> {
        let uri: Uri = uri.parse().ok()?;
        let secured = match uri.scheme_str()? {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let authority = uri.authority()?;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let port = authority
            .port_u16()
            .unwrap_or(if secured { 443 } else { 80 });
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Some(Self {
            origin: Origin {
                secured,
                host,
                port,
            },
            authority: authority.as_str().to_owned(),
            path: match path.starts_with('/') {
                true => path.to_owned(),
                false => format!("/{path}"),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (uri, right) in [
            (
                "http://crm.example.com",
                Some((false, "crm.example.com", 80, "crm.example.com", "/")),
            ),
            (
                "HTTPS://crm:8443/ocs?x=1&y",
                Some((true, "crm", 8443, "crm:8443", "/ocs?x=1&y")),
            ),
            ("https://[::1]/a", Some((true, "::1", 443, "[::1]", "/a"))),
            ("http://h?q", Some((false, "h", 80, "h", "/?q"))),
            ("ftp://h/", None),
            ("/path", None),
            ("", None),
        ] {
            let found = Target::parse(uri);
            let parts = found.as_ref().map(|target| {
                let Origin {
                    secured,
                    host,
                    port,
                } = &target.origin;
                let (authority, path) = (target.authority.as_str(), target.path.as_str());
                (*secured, host.as_str(), *port, authority, path)
            });
            assert_eq!(parts, right, "{uri}");
        }
    }
}
