//! The target of a request: path and query (http-interface.md, section 1).

use hyper::Uri;
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::{Refusal, quoted};
use percent_encoding::percent_decode_str;

use super::table::Resource;

/// A request's target, its percent-encoding undone once.
#[derive(Debug)]
pub(crate) struct Target {
    /// The path as it was sent, for sentences.
    pub(crate) path: String,
    kind: String,
    identifier: Identifier,
    req: Option<String>,
    /// What is wrong with the query; it is judged after path and method.
    fault: Option<Refusal>,
}

/// What stands behind the kind of resource.
#[derive(Debug, PartialEq, Eq)]
enum Identifier {
    /// Nothing: the collection.
    None,
    /// One segment.
    Some(String),
    /// More segments than any resource has.
    TooMany,
}

impl Target {
    /// Takes a target apart.
    ///
    /// # Errors
    /// What is behind the percent-encoding is not UTF-8.
    pub(crate) fn read(uri: &Uri, tenant: &str) -> Result<Self, Refusal> {
        let path = uri.path().to_owned();
        let mut segments = path.split('/').skip(1);
        let kind = decoded(segments.next().unwrap_or_default())?;
        let identifier = match (segments.next(), segments.next()) {
            (None, _) => Identifier::None,
            (Some(identifier), None) => Identifier::Some(decoded(identifier)?),
            (Some(_), Some(_)) => Identifier::TooMany,
        };
        let (mut req, mut fault) = (None, None);
        let malformed =
            |sentence: String| Some(Refusal::new(ErrorNumber::MalformedRequest, sentence));
        for (key, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            match &*key {
                "req" if req.is_some() => {
                    fault = malformed("the URI has req twice; send it once".to_owned());
                }
                "req" => req = Some(value.into_owned()),
                "tenant" if value != tenant => {
                    fault = malformed(format!(
                        "tenant is {}; this OCS serves the tenant {}",
                        quoted(&value),
                        quoted(tenant)
                    ));
                }
                _ => {}
            }
        }
        Ok(Self {
            path,
            kind,
            identifier,
            req,
            fault,
        })
    }

    /// The query's `req`.
    ///
    /// # Errors
    /// It is given twice, or another tenant's data is asked for.
    pub(crate) fn req(&self) -> Result<Option<&str>, Refusal> {
        match &self.fault {
            Some(fault) => Err(fault.clone()),
            None => Ok(self.req.as_deref()),
        }
    }

    /// Whether the target names a resource of this kind.
    pub(crate) fn names(&self, resource: &Resource) -> bool {
        self.kind == resource.segment
            && match &self.identifier {
                Identifier::None => resource.identifier.is_none(),
                Identifier::Some(identifier) => {
                    resource.identifier.is_some() && !identifier.is_empty()
                }
                Identifier::TooMany => false,
            }
    }

    /// The identifier, where there is one.
    pub(crate) fn identifier(&self) -> Option<&str> {
        match &self.identifier {
            Identifier::Some(identifier) => Some(identifier),
            Identifier::None | Identifier::TooMany => None,
        }
    }
}

/// Undoes percent-encoding, once. A plus sign in a path is a plus sign.
fn decoded(segment: &str) -> Result<String, Refusal> {
    percent_decode_str(segment)
        .decode_utf8()
        .map(Into::into)
        .map_err(|_| {
            Refusal::new(
                ErrorNumber::MalformedRequest,
                format!(
                    "{} in the path is not UTF-8 behind its percent-encoding",
                    quoted(segment)
                ),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        for (uri, kind, identifier, req) in [
            (
                "/lists/Spring?req=AddRecord",
                "lists",
                Some("Spring"),
                Some("AddRecord"),
            ),
            (
                "/lists/Fr%C3%BChling%20%2F26?req=A",
                "lists",
                Some("Frühling /26"),
                Some("A"),
            ),
            ("/lists/%252F", "lists", Some("%2F"), None),
            ("/phones/+1650", "phones", Some("+1650"), None),
            ("/phones/%2B1650", "phones", Some("+1650"), None),
            (
                "/lists/a?tenant=Environment&x=y&req=B%2b",
                "lists",
                Some("a"),
                Some("B+"),
            ),
            ("/lists", "lists", None, None),
            (
                "http://other:80/lists/a?req=C",
                "lists",
                Some("a"),
                Some("C"),
            ),
            ("/", "", None, None),
            ("/a/b/c", "a", None, None),
        ] {
            let uri: Uri = uri.parse().expect("a URI");
            let target = Target::read(&uri, "Environment").expect("it can be read");
            assert_eq!(
                (
                    target.kind.as_str(),
                    target.identifier(),
                    target.req().expect("its query is good")
                ),
                (kind, identifier, req),
                "{uri}"
            );
        }
        for (uri, part) in [
            ("/lists/%ff", "not UTF-8"),
            ("/lists/a?req=A&req=A", "twice"),
            ("/lists/a?tenant=Other", "serves the tenant \"Environment\""),
        ] {
            let uri: Uri = uri.parse().expect("a URI");
            let target = Target::read(&uri, "Environment");
            let refused = target.and_then(|target| target.req().map(drop));
            let refusal = refused.expect_err("it is refused");
            assert!(
                refusal.sentence.contains(part),
                "{uri}: {}",
                refusal.sentence
            );
        }
    }
}
