//! The description of the interface, OpenAPI 3.1, made of the table that routes
//! (http-interface.md, section 2) and of the attributes' types.
//!
//! OpenAPI knows one POST per path, and this interface has several, told apart by
//! `req`: that is a parameter with an enumeration, and the body is one of the bodies
//! that the path's requests take.

mod operation;
mod reply;
mod schema;

use ocs_protocol::attribute;
use serde_json::{Map, Value, json};

use crate::route::{ROUTES, Resource, Route};

/// The description as JSON, for OCS with this tenant.
pub(crate) fn description(tenant: &str) -> String {
    format!("{:#}\n", document(tenant))
}

fn document(tenant: &str) -> Value {
    let mut paths = Map::new();
    for route in ROUTES {
        let path = route.resource.path("{", "}");
        let path = path.replace(' ', "_").to_ascii_lowercase();
        let item = paths
            .entry(path)
            .or_insert_with(|| path_item(route.resource));
        if route.is_read() {
            item["get"] = operation::get(route);
        } else if item.get("post").is_none() {
            item["post"] = operation::post(&posts_of(route.resource));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Outbound Contact Server",
            "summary": "Calling lists, records, Do Not Call and campaign groups over HTTP",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        // The last one: a client may be known by its network, or need no rule.
        "security": [{ "token": [] }, { "certificate": [] }, {}],
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "responses": reply::refusals(),
            "parameters": operation::shared(tenant),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token that `ocs token create` printed.",
                },
                "certificate": {
                    "type": "mutualTLS",
                    "description": "A client certificate whose subject a rule names.",
                },
            },
        },
    })
}

fn path_item(resource: &Resource) -> Value {
    let mut parameters = vec![json!({ "$ref": "#/components/parameters/tenant" })];
    parameters.extend(operation::identifier(resource));
    let mut item = json!({ "parameters": parameters });
    if let [_, aliases @ ..] = resource.segments
        && !aliases.is_empty()
    {
        item["description"] = format!("Also under /{}.", aliases.join(", /")).into();
    }
    item
}

/// The requests that one path takes by POST.
fn posts_of(resource: &Resource) -> Vec<&'static Route> {
    let posts = ROUTES.iter().filter(|route| !route.is_read());
    posts.filter(|route| route.resource == resource).collect()
}

fn schemas() -> Map<String, Value> {
    let mut schemas = Map::new();
    let routes = || ROUTES.iter().filter(|route| !route.is_read());
    for attribute in attribute::TABLE {
        let is_taken = |route: &Route| route.takes.contains(&attribute.name);
        if attribute.name == attribute::GSW_REFERENCE_ID || routes().any(is_taken) {
            schemas.insert(attribute.name.to_owned(), schema::taken(attribute));
        }
    }
    for route in routes() {
        schemas.insert(operation::body_name(route), operation::body(route));
    }
    schemas.insert("Field".to_owned(), schema::field());
    schemas.insert("ErrorMessage".to_owned(), reply::error_message());
    schemas
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::path::Path;

    use super::*;

    /// The tenant of an OCS that is not told another.
    const TENANT: &str = "Environment";

    #[test]
    fn the_committed_description_is_this_one() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
        if std::env::var_os("OCS_WRITE_OPENAPI").is_some() {
            let made = description(TENANT);
            std::fs::write(&file, made).expect("docs/openapi.json can be written");
        }
        let committed = std::fs::read(&file).unwrap_or_default();
        let committed: Value = serde_json::from_slice(&committed).unwrap_or_default();
        assert!(
            committed == document(TENANT),
            "docs/openapi.json is not what the table says; `cargo xtask openapi` writes it"
        );
    }

    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(object) => {
                found.extend(object.get("$ref").and_then(Value::as_str));
                object.values().for_each(|value| references(value, found));
            }
            Value::Array(array) => array.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn everything_that_is_referred_to_is_there() {
        let document = document(TENANT);
        let mut found = Vec::new();
        references(&document, &mut found);
        for reference in found {
            let pointer = reference.trim_start_matches('#');
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_right_is_described() {
        let document = document(TENANT);
        for route in ROUTES {
            let path = route.resource.path("{", "}");
            let path = path.replace(' ', "_").to_ascii_lowercase();
            let method = if route.is_read() { "get" } else { "post" };
            let operation = &document["paths"][path][method];
            let described = operation["description"].as_str().unwrap_or_default();
            let right = format!("`{}`", route.rights);
            let line = described.lines().find(|line| match route.req.first() {
                Some(req) => line.contains(&format!("`{req}`")),
                None => true,
            });
            let line = line.unwrap_or_default();
            assert!(
                route.rights == crate::access::Rights::NONE || line.contains(&right),
                "{route:?}: {line}"
            );
        }
    }

    #[test]
    fn every_row_of_the_table_is_described() {
        let document = document(TENANT);
        let paths = document["paths"].as_object().expect("paths");
        let mut operations = HashSet::new();
        let mut reqs = 0;
        for (path, item) in paths {
            for method in ["get", "post"] {
                let Some(operation) = item.get(method) else {
                    continue;
                };
                let id = operation["operationId"].as_str().expect("an operationId");
                assert!(operations.insert(id), "{id} is there twice");
                let responses = operation["responses"].as_object().expect("responses");
                for status in ["200", "400", "404", "405", "500", "503", "504"] {
                    assert!(responses.contains_key(status), "{method} {path}: {status}");
                }
                let parameters = operation["parameters"].as_array();
                let req = parameters
                    .into_iter()
                    .flatten()
                    .find(|p| p["name"] == "req");
                let names = req.and_then(|req| req["schema"]["enum"].as_array());
                reqs += names.map_or(0, Vec::len);
            }
        }
        let all: usize = ROUTES.iter().map(|route| route.req.len()).sum();
        assert_eq!(reqs, all);
        let reads = ROUTES.iter().filter(|route| route.is_read()).count();
        let acted_on: HashSet<_> = ROUTES
            .iter()
            .filter(|route| !route.is_read())
            .map(|route| route.resource.name)
            .collect();
        assert_eq!(operations.len(), reads + acted_on.len());
    }
}
