//! What can be asked: parameters and bodies.

use ocs_protocol::attribute::{self, GSW_PHONE, GSW_REFERENCE_ID};
use serde_json::{Map, Value, json};

use super::{reply, schema};
use crate::access::Rights;
use crate::route::{Ask, QueryKey, Resource, Route};

/// The parameter that the identifier of a resource is.
pub(super) fn identifier(resource: &Resource) -> Option<Value> {
    let identifier = resource.identifier.as_ref()?;
    let attribute = attribute::attribute(identifier.attribute)?;
    Some(json!({
        "name": identifier.called.replace(' ', "_").to_ascii_lowercase(),
        "in": "path",
        "required": true,
        "description": attribute.meaning.trim(),
        "schema": schema::written(attribute.kind),
        "example": schema::example(attribute),
    }))
}

/// The parameters that several operations have.
pub(super) fn shared(tenant: &str) -> Value {
    json!({
        "tenant": {
            "name": "tenant",
            "in": "query",
            "description": "The tenant; it may be left out, as there is one.",
            "schema": { "type": "string", "enum": [tenant] },
        },
        "idempotency_key": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Makes it harmless to send the request again: the same key with the \
                same URI and body gets the first answer again, and changes nothing.",
            "schema": {
                "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$",
            },
        },
    })
}

/// The operation that reads.
pub(super) fn get(route: &Route) -> Value {
    let id = match route.ask {
        Ask::Ocs(request) => request.name(),
        Ask::AddRecords => route.req.first().copied().unwrap_or_default(),
        Ask::Description => "ReadDescription",
    };
    let mut operation = json!({
        "operationId": id,
        "tags": [route.resource.segments[0]],
        "summary": sentence(route.summary),
        "responses": reply::of(&[route]),
    });
    if let Some(right) = right(route) {
        operation["description"] = sentence(&right).into();
    }
    if !route.query.is_empty() {
        operation["parameters"] = route.query.iter().map(query_parameter).collect();
    }
    operation
}

/// What a client needs where there are access rules.
fn right(route: &Route) -> Option<String> {
    (route.rights != Rights::NONE).then(|| format!("needs the right `{}`.", route.rights))
}

fn query_parameter(key: &QueryKey) -> Value {
    json!({
        "name": key.key,
        "in": "query",
        "description": key.meaning,
        "schema": schema::written(key.kind),
    })
}

/// The operation that all actions on one resource are.
pub(super) fn post(routes: &[&'static Route]) -> Value {
    let Some(first) = routes.first() else {
        return Value::Null;
    };
    let names: Vec<_> = routes.iter().flat_map(|route| route.req).collect();
    let meanings = routes.iter().map(|route| {
        let aliases = match &route.req[1..] {
            [] => String::new(),
            aliases => format!(" (also {})", aliases.join(", ")),
        };
        let right = right(route).map_or(String::new(), |right| format!("; {right}"));
        format!("- `{}`{aliases} {}{right}", route.req[0], route.summary)
    });
    let meanings = meanings.collect::<Vec<_>>().join("\n");
    let bodies = routes.iter().map(|route| {
        let name = body_name(route);
        json!({ "$ref": format!("#/components/schemas/{name}") })
    });
    let bulk = routes.iter().find(|route| route.ask == Ask::AddRecords);
    let mut bodies: Vec<_> = bodies.collect();
    let schema = match bodies.len() {
        1 => bodies.remove(0),
        _ => json!({ "anyOf": bodies }),
    };
    let examples: Map<_, _> = routes
        .iter()
        .map(|route| (route.req[0].to_owned(), json!({ "value": example(route) })))
        .collect();
    let mut operation = json!({
        "operationId": format!("ActOn{}", first.resource.name),
        "tags": [first.resource.segments[0]],
        "summary": format!("Acts on the resource, by the request that `req` names"),
        "description": format!("{meanings}\n\nA body may also be a form, or be left empty \
            where no attribute is needed. Its type is not looked at where it begins with a \
            brace."),
        "parameters": [
            {
                "name": "req",
                "in": "query",
                "required": true,
                "description": meanings,
                "schema": { "type": "string", "enum": names },
            },
            { "$ref": "#/components/parameters/idempotency_key" },
        ],
        "requestBody": {
            "required": routes.iter().all(|route| needs_body(route)),
            "content": { "application/json": { "schema": schema, "examples": examples } },
        },
        "responses": reply::of(routes),
    });
    if bulk.is_some() {
        operation["requestBody"]["content"]["application/x-ndjson"] =
            json!({ "schema": { "type": "string" } });
        if let Some(parameters) = operation["parameters"].as_array_mut() {
            parameters.push(json!({
                "name": "atomic",
                "in": "query",
                "description": "Of AddRecords: whether all of the items are stored or none.",
                "schema": { "type": "string", "enum": ["true", "false"] },
            }));
        }
    }
    operation
}

fn needs_body(route: &Route) -> bool {
    !route.needs.is_empty() || route.ask == Ask::AddRecords
}

/// The name of the schema of a request's body.
pub(super) fn body_name(route: &Route) -> String {
    format!("{}{}", route.resource.name, route.req[0])
}

/// The schema of a request's body.
pub(super) fn body(route: &Route) -> Value {
    if route.ask == Ask::AddRecords {
        return json!({
            "type": "array",
            "description": format!("`req={}` {}.", route.req[0], route.summary),
            "items": { "$ref": "#/components/schemas/CallingListAddRecord" },
        });
    }
    let keys = route.takes.iter().chain([&GSW_REFERENCE_ID]);
    let properties: Map<_, _> = keys
        .map(|key| {
            let mut value = json!({ "$ref": format!("#/components/schemas/{key}") });
            if route.needs.contains(key) {
                value["not"] = json!({ "type": "null" });
            }
            ((*key).to_owned(), value)
        })
        .collect();
    json!({
        "type": "object",
        "description": format!("`req={}` {}.", route.req[0], route.summary),
        "properties": properties,
        "required": route.needs,
        "additionalProperties": { "$ref": "#/components/schemas/Field" },
    })
}

/// A body that the request might have: what it needs, and a little more.
fn example(route: &Route) -> Value {
    if route.ask == Ask::AddRecords {
        return json!([{ GSW_PHONE: schema::example_of(GSW_PHONE) }]);
    }
    let shown = if route.needs.is_empty() { 1 } else { 3 };
    let keys = route.takes.iter().take(shown);
    keys.map(|key| ((*key).to_owned(), schema::example_of(key)))
        .collect::<Map<_, _>>()
        .into()
}

fn sentence(summary: &str) -> String {
    let mut characters = summary.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}
