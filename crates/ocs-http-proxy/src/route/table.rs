//! The table of http-interface.md, section 2: which resource takes which `req`,
//! and which protocol request that is.

use hyper::Method;
use ocs_protocol::attribute::{GSW_CALLING_LIST, GSW_RECORD_HANDLE};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::{Refusal, quoted};
use ocs_protocol::request::RequestName;

use super::target::Target;

/// A kind of resource: the first segment of a path, and what its second is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) segment: &'static str,
    /// The attribute that the identifier is; `None` for the collection itself.
    pub(crate) identifier: Option<&'static str>,
}

const LISTS: Resource = Resource {
    segment: "lists",
    identifier: None,
};
const LIST: Resource = Resource {
    segment: "lists",
    identifier: Some(GSW_CALLING_LIST),
};
const RECORD: Resource = Resource {
    segment: "records",
    identifier: Some(GSW_RECORD_HANDLE),
};

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) resource: Resource,
    /// The `req` of a POST and its aliases; empty for a GET.
    pub(crate) req: &'static [&'static str],
    pub(crate) request: RequestName,
}

const fn post(resource: Resource, req: &'static [&'static str], request: RequestName) -> Route {
    Route {
        resource,
        req,
        request,
    }
}

const fn get(resource: Resource, request: RequestName) -> Route {
    Route {
        resource,
        req: &[],
        request,
    }
}

/// The table.
const ROUTES: &[Route] = &[
    post(LIST, &["AddRecord"], RequestName::AddRecord),
    post(
        RECORD,
        &["UpdateCallCompletionStats"],
        RequestName::UpdateCallCompletionStats,
    ),
    post(RECORD, &["RecordProcessed"], RequestName::RecordProcessed),
    get(RECORD, RequestName::ReadRecord),
    get(LISTS, RequestName::ReadCallingLists),
    get(LIST, RequestName::ReadCallingList),
];

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

/// Finds what is asked for, in the precedence of http-interface.md, section 4:
/// resource type, method, then `req`.
pub(crate) fn find(method: &Method, target: &Target) -> Result<&'static Route, NoRoute> {
    let of_resource = || ROUTES.iter().filter(|route| target.names(&route.resource));
    if of_resource().next().is_none() {
        return Err(no_resource(target).into());
    }
    let is_get = |route: &&Route| route.req.is_empty();
    let gets = of_resource().any(|route| is_get(&route));
    let posts = of_resource().any(|route| !is_get(&route));
    match *method {
        Method::GET | Method::HEAD => of_resource().find(is_get),
        Method::POST if posts => {
            let req = target.req.as_deref();
            let taken = |route: &&Route| req.is_some_and(|req| route.req.contains(&req));
            return of_resource().find(taken).ok_or_else(|| {
                let names: Vec<_> = of_resource()
                    .filter_map(|route| route.req.first())
                    .copied()
                    .collect();
                unknown_request(req, &names).into()
            });
        }
        _ => None,
    }
    .ok_or_else(|| {
        let allow = match (gets, posts) {
            (true, true) => "GET, HEAD, POST",
            (true, false) => "GET, HEAD",
            _ => "POST",
        };
        let sentence = format!(
            "the method {} is not taken here; this resource takes {allow}",
            quoted(method.as_str())
        );
        let refusal = Refusal::new(ErrorNumber::MethodNotAllowed, sentence);
        NoRoute {
            refusal,
            allow: Some(allow),
        }
    })
}

fn no_resource(target: &Target) -> Refusal {
    let mut kinds: Vec<String> = Vec::new();
    for route in ROUTES {
        let kind = match route.resource.identifier {
            None => format!("/{}", route.resource.segment),
            Some(GSW_CALLING_LIST) => format!("/{}/<calling list name>", route.resource.segment),
            Some(_) => format!("/{}/<record handle>", route.resource.segment),
        };
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
