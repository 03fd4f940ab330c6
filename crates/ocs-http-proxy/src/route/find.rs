//! Finding a request's line in the table.

use hyper::Method;
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::{Refusal, quoted};

use super::table::{ROUTES, Route};
use super::target::Target;
use crate::access::Rights;

/// Why a request has no route.
#[derive(Debug)]
pub(crate) struct NoRoute {
    pub(crate) refusal: Refusal,
    /// The methods that the resource takes, for a 405.
    pub(crate) allow: Option<&'static str>,
}

impl From<Refusal> for NoRoute {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            allow: None,
        }
    }
}

/// The routes of a resource that take a request's method: the first two steps of
/// the precedence of http-interface.md, section 4.
#[derive(Debug)]
pub(crate) struct Routes<'a> {
    target: &'a Target,
    reads: bool,
}

impl<'a> Routes<'a> {
    /// Finds them.
    ///
    /// # Errors
    /// There is no such resource, or it does not take the method.
    pub(crate) fn find(method: &Method, target: &'a Target) -> Result<Self, NoRoute> {
        let (mut gets, mut posts) = (false, false);
        for route in of_resource(target) {
            gets |= route.is_read();
            posts |= !route.is_read();
        }
        let reads = match *method {
            // Neither is about a resource, so none can be missing.
            Method::CONNECT => return Err(wrong_method(method, true, true)),
            Method::OPTIONS if target.path == "*" => {
                return Err(wrong_method(method, true, true));
            }
            _ if !gets && !posts => return Err(no_resource(target).into()),
            Method::GET | Method::HEAD if gets => true,
            Method::POST if posts => false,
            _ => return Err(wrong_method(method, gets, posts)),
        };
        Ok(Self { target, reads })
    }

    /// The rights of which a client needs one at least, whichever of them it means.
    pub(crate) fn rights(&self) -> Rights {
        let taken = of_resource(self.target).filter(|route| route.is_read() == self.reads);
        let open = taken.clone().any(|route| route.rights == Rights::NONE);
        if open {
            return Rights::NONE;
        }
        taken.fold(Rights::NONE, |rights, route| rights.or(route.rights))
    }

    /// The one that the `req` of the URI names; a read needs none.
    ///
    /// # Errors
    /// The resource takes no such request, and the sentence names those it takes.
    pub(crate) fn named(&self, req: Option<&str>) -> Result<&'static Route, Refusal> {
        let mut taken = of_resource(self.target).filter(|route| route.is_read() == self.reads);
        let named =
            |route: &&Route| route.is_read() || req.is_some_and(|req| route.req.contains(&req));
        taken.clone().find(named).ok_or_else(|| {
            let names = taken.by_ref().filter_map(|route| route.req.first());
            unknown_request(req, &names.copied().collect::<Vec<_>>())
        })
    }
}

fn of_resource(target: &Target) -> impl Iterator<Item = &'static Route> + Clone + '_ {
    ROUTES.iter().filter(|route| target.names(route.resource))
}

fn wrong_method(method: &Method, gets: bool, posts: bool) -> NoRoute {
    let allow = match (gets, posts) {
        (true, true) => "GET, HEAD, POST",
        (true, false) => "GET, HEAD",
        _ => "POST",
    };
    let method = quoted(method.as_str());
    let sentence = format!("the method {method} is not taken here; this resource takes {allow}");
    let refusal = Refusal::new(ErrorNumber::MethodNotAllowed, sentence);
    NoRoute {
        refusal,
        allow: Some(allow),
    }
}

fn no_resource(target: &Target) -> Refusal {
    let mut kinds: Vec<String> = Vec::new();
    for route in ROUTES {
        let kind = route.resource.path("<", ">");
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Refusal::new(
        ErrorNumber::ResourceNotFound,
        format!(
            "there is no resource {}; there are {}",
            quoted(&target.path),
            kinds.join(", ")
        ),
    )
}

fn unknown_request(req: Option<&str>, names: &[&str]) -> Refusal {
    let names = names.join(", ");
    let sentence = match req {
        None => format!("the URI has no req; this resource takes ?req= with one of {names}"),
        Some(req) => format!(
            "req is {}; this resource takes one of {names} (case matters)",
            quoted(req)
        ),
    };
    Refusal::new(ErrorNumber::UnknownRequest, sentence)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use ocs_protocol::attribute;
    use ocs_protocol::request::RequestName;

    use super::super::table::Ask;
    use super::*;

    /// What a request comes to: the protocol request, or the number of its refusal.
    fn found(method: &str, uri: &str) -> Result<Ask, i64> {
        let uri = uri.parse().expect("a URI");
        let method = method.parse().expect("a method");
        let target = Target::read(&uri, "Environment").expect("a target");
        let routes = Routes::find(&method, &target).map_err(|no| no.refusal.number.number())?;
        let req = target.req().expect("a query");
        let route = routes.named(req);
        Ok(route.map_err(|refusal| refusal.number.number())?.ask)
    }

    #[test]
    fn requests_find_their_route() {
        use RequestName as Name;
        for (method, uri, right) in [
            ("POST", "/lists/a?req=AddRecord", Ok(Name::AddRecord)),
            (
                "POST",
                "/records/1?req=RecordReject",
                Ok(Name::RecordReject),
            ),
            (
                "POST",
                "/records/1?req=RequestRecordCancel",
                Ok(Name::RequestRecordCancel),
            ),
            (
                "POST",
                "/records/1?req=RecordCancel",
                Ok(Name::RequestRecordCancel),
            ),
            (
                "POST",
                "/records/1?req=CancelRecord",
                Ok(Name::RequestRecordCancel),
            ),
            ("POST", "/records/1?req=DoNotCall", Ok(Name::DoNotCall)),
            (
                "POST",
                "/records/1?req=RecordReschedule",
                Ok(Name::RecordReschedule),
            ),
            (
                "POST",
                "/records/1?req=ScheduledRecordReschedule",
                Ok(Name::ScheduledRecordReschedule),
            ),
            (
                "POST",
                "/records/1?req=ChainedRecordsRequest",
                Ok(Name::ChainedRecordRequest),
            ),
            ("POST", "/phones/+1?req=DoNotCall", Ok(Name::DoNotCall)),
            (
                "POST",
                "/phones/+1?req=CancelRecord",
                Ok(Name::RequestRecordCancel),
            ),
            ("POST", "/customer_ids/C?req=DoNotCall", Ok(Name::DoNotCall)),
            (
                "POST",
                "/customerids/C?req=RequestRecordCancel",
                Ok(Name::RequestRecordCancel),
            ),
            ("POST", "/phones/+1?req=Consent", Ok(Name::Consent)),
            (
                "POST",
                "/customerids/C?req=RevokeConsent",
                Ok(Name::RevokeConsent),
            ),
            ("POST", "/records/1?req=Consent", Err(1011)),
            (
                "POST",
                "/campaigngroups/5?req=GetRecord",
                Ok(Name::PreviewRecordRequest),
            ),
            (
                "POST",
                "/campaigngroups/5?req=ForceUnloadCampaign",
                Ok(Name::ForceUnloadCampaign),
            ),
            (
                "POST",
                "/campaigngroups/5?req=GetCampaignStatus",
                Ok(Name::GetCampaignStatus),
            ),
            ("GET", "/lists/a/records?limit=1", Ok(Name::ReadRecords)),
            ("HEAD", "/lists/a/records", Ok(Name::ReadRecords)),
            ("GET", "/campaigngroups", Ok(Name::ReadCampaignGroups)),
            ("GET", "/campaigngroups/5", Ok(Name::ReadCampaignGroup)),
            ("GET", "/phones/%2B1", Ok(Name::ReadPhone)),
            ("GET", "/customerids/C", Ok(Name::ReadCustomerId)),
            ("POST", "/records/1?req=GetRecord", Err(1011)),
            ("POST", "/phones/1?req=RecordReject", Err(1011)),
            ("POST", "/campaigngroups/5?req=startdialing", Err(1011)),
            ("POST", "/lists/a/records", Err(1010)),
            ("POST", "/campaigngroups", Err(1010)),
            ("POST", "/openapi.json", Err(1010)),
            ("GET", "/lists/a/record", Err(1001)),
            ("GET", "/lists/a/records/1", Err(1001)),
            ("GET", "/lists//records", Err(1001)),
            ("GET", "/records/1/records", Err(1001)),
            ("GET", "/phones", Err(1001)),
            ("GET", "/openapi.json/x", Err(1001)),
        ] {
            assert_eq!(found(method, uri), right.map(Ask::Ocs), "{method} {uri}");
        }
        assert_eq!(found("HEAD", "/openapi.json"), Ok(Ask::Description));
        for (method, uri) in [("CONNECT", "ocs.test:443"), ("OPTIONS", "*")] {
            assert_eq!(found(method, uri), Err(1010), "{method} {uri}");
        }
    }

    #[test]
    fn the_table_is_without_ambiguity() {
        let mut seen = HashSet::new();
        for route in ROUTES {
            for req in route.req {
                assert!(seen.insert((route.resource.name, *req)), "{route:?}");
            }
            assert!(!route.is_read() || seen.insert((route.resource.name, "")));
            for key in route.takes.iter().chain(route.needs) {
                assert!(attribute::is_attribute(key), "{key}");
            }
            assert!(route.needs.iter().all(|key| route.takes.contains(key)));
        }
    }
}
