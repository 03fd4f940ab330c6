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
            _ if !gets && !posts => return Err(no_resource(target).into()),
            Method::GET | Method::HEAD if gets => true,
            Method::POST if posts => false,
            _ => return Err(wrong_method(method, gets, posts)),
        };
        Ok(Self { target, reads })
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
    ROUTES.iter().filter(|route| target.names(&route.resource))
}

impl Route {
    /// Whether it reads, and has no body and no `req`.
    pub(crate) fn is_read(&self) -> bool {
        self.req.is_empty()
    }
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
