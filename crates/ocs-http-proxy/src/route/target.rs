//! The target of a request: path and query (http-interface.md, section 1).

use hyper::Uri;
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::outbound::Pair;
use ocs_protocol::refusal::{Refusal, quoted};
use percent_encoding::percent_decode_str;

use super::resource::{LIST, Resource};
use super::table::QueryKey;

/// A request's target, its percent-encoding undone once.
#[derive(Debug)]
pub(crate) struct Target {
    /// The path as it was sent, for sentences.
    pub(crate) path: String,
    kind: String,
    identifier: Identifier,
    /// The segment behind the identifier.
    below: Option<String>,
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
        let (second, third) = (segments.next(), segments.next());
        let identifier = match second {
            None => Identifier::None,
            Some(_) if segments.next().is_some() => Identifier::TooMany,
            Some(identifier) => Identifier::Some(decoded(identifier)?),
        };
        let below = third.map(decoded).transpose()?;
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
            below,
            req,
            fault,
        })
    }

    /// The pairs that the query of `uri` has under these keys, each as it was sent.
    ///
    /// # Errors
    /// A key is there twice.
    pub(crate) fn pairs(uri: &Uri, keys: &[QueryKey]) -> Result<Vec<Pair>, Refusal> {
        let mut pairs: Vec<Pair> = Vec::new();
        for (key, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            let Some(known) = keys.iter().find(|known| known.key == key) else {
                continue;
            };
            if pairs.iter().any(|pair| pair.key == known.pair) {
                return Err(Refusal::new(
                    ErrorNumber::MalformedRequest,
                    format!("the URI has {key} twice; send it once"),
                ));
            }
            pairs.push(Pair::text(known.pair, value));
        }
        Ok(pairs)
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
        resource.segments.contains(&&*self.kind)
            && self.below.as_deref() == resource.below
            && match &self.identifier {
                Identifier::None => resource.identifier.is_none(),
                Identifier::Some(identifier) => {
                    resource.identifier.is_some() && !identifier.is_empty()
                }
                Identifier::TooMany => false,
            }
    }

    /// The calling list that it names, where it names one.
    pub(crate) fn calling_list(&self) -> Option<&str> {
        let names_list = LIST.segments.contains(&&*self.kind);
        self.identifier().filter(|_| names_list)
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
    use super::super::table::ROUTES;
    use super::*;

    #[test]
    fn queries() {
        let keys = ROUTES.iter().find(|route| !route.query.is_empty());
        let keys = keys.expect("a read with a query").query;
        for (uri, right) in [
            ("/lists/a/records", Some(vec![])),
            (
                "/lists/a/records?limit=5&x=y&phone=%2B1&status=",
                Some(vec![
                    ("limit", "5"),
                    ("GSW_PHONE", "+1"),
                    ("GSW_RECORD_STATUS", ""),
                ]),
            ),
            (
                "/lists/a/records?customer_id=%C3%A4&after=7",
                Some(vec![("GSW_CUSTOMER_ID", "ä"), ("after", "7")]),
            ),
            ("/lists/a/records?limit=5&limit=5", None),
        ] {
            let pairs = Target::pairs(&uri.parse().expect("a URI"), keys).ok();
            let pair = |(key, value): (&str, &str)| Pair::text(key, value);
            let right: Option<Vec<_>> = right.map(|right| right.into_iter().map(pair).collect());
            assert_eq!(pairs, right, "{uri}");
        }
    }

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
            ("/a/b/c", "a", Some("b"), None),
            ("/a/b/c/d", "a", None, None),
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
