//! The schema that the structs of this crate describe themselves by, and a view
//! of it that the check of a document follows.
//!
//! It is the same schema that editors use (`ocs config-schema`), so that what
//! an editor shows and what OCS accepts cannot differ.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value};

/// A sentence that stands in a schema where a key is known but not built yet.
pub(crate) const NOT_BUILT: &str = "x-not-built-yet";
/// Least time span or size, as text.
pub(crate) const AT_LEAST: &str = "x-at-least";
/// Greatest time span or size, as text.
pub(crate) const AT_MOST: &str = "x-at-most";
/// Marks a text that may hold line breaks.
pub(crate) const MANY_LINES: &str = "x-many-lines";

/// A whole schema.
#[derive(Debug)]
pub(crate) struct Schema(Value);

impl Schema {
    /// The schema of `T`, closed: a key that is not named in it is not allowed.
    pub(crate) fn of<T: JsonSchema>() -> Self {
        let generator = SchemaSettings::draft2020_12().into_generator();
        let mut schema = generator.into_root_schema_for::<T>().to_value();
        tidy(&mut schema);
        Self(schema)
    }

    /// The JSON Schema itself.
    pub(crate) fn into_value(self) -> Value {
        self.0
    }

    /// The view of the document's root.
    pub(crate) fn root(&self) -> View<'_> {
        View::new(&self.0, &self.0)
    }
}

/// TOML has no null, and nothing unknown is allowed: say so in the schema.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.values_mut().for_each(tidy);
            if map.get("default").is_some_and(Value::is_null) {
                map.remove("default");
            }
            if map.get("properties").is_some_and(Value::is_object) {
                map.insert("additionalProperties".into(), Value::Bool(false));
            }
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".into(), only);
                }
            }
            if let Some(Value::Array(alternatives)) = map.get_mut("anyOf") {
                alternatives.retain(|schema| schema["type"] != "null");
                if let [Value::Object(only)] = alternatives.as_slice() {
                    let only = only.clone();
                    map.remove("anyOf");
                    for (keyword, value) in only {
                        map.entry(keyword).or_insert(value);
                    }
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// What the schema says of one place: the keywords that stand there, before
/// those of the definition that they refer to.
#[derive(Debug, Clone)]
pub(crate) struct View<'a> {
    root: &'a Value,
    layers: Vec<&'a Map<String, Value>>,
    /// Name of the definition referred to: the Rust type's.
    pub(crate) definition: Option<&'a str>,
}

impl<'a> View<'a> {
    fn new(root: &'a Value, schema: &'a Value) -> Self {
        let mut view = Self {
            root,
            layers: Vec::new(),
            definition: None,
        };
        let mut next = schema.as_object();
        while let Some(layer) = next {
            view.layers.push(layer);
            let name = layer
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|reference| reference.strip_prefix("#/$defs/"));
            view.definition = name.or(view.definition);
            next = name.and_then(|name| root["$defs"][name].as_object());
        }
        view
    }

    fn get(&self, keyword: &str) -> Option<&'a Value> {
        self.layers.iter().find_map(|layer| layer.get(keyword))
    }

    /// A keyword's text.
    pub(crate) fn text(&self, keyword: &str) -> Option<&'a str> {
        self.get(keyword)?.as_str()
    }

    /// A keyword's whole number.
    pub(crate) fn number(&self, keyword: &str) -> Option<i64> {
        let value = self.get(keyword)?;
        value.as_i64().or_else(|| {
            // schemars writes some bounds as 1.0; none is beyond 2^53.
            value.as_f64().map(|number| number as i64)
        })
    }

    /// Whether a keyword is set to true.
    pub(crate) fn flag(&self, keyword: &str) -> bool {
        self.get(keyword).and_then(Value::as_bool) == Some(true)
    }

    /// The names that an enumeration allows.
    pub(crate) fn names(&self) -> Option<Vec<&'a str>> {
        if let Some(Value::Array(names)) = self.get("enum") {
            return names.iter().map(Value::as_str).collect();
        }
        let Some(Value::Array(alternatives)) = self.get("oneOf") else {
            return None;
        };
        let mut names = Vec::new();
        for alternative in alternatives {
            match (&alternative["const"], &alternative["enum"]) {
                (Value::String(name), _) => names.push(name.as_str()),
                (_, Value::Array(more)) => names.extend(more.iter().filter_map(Value::as_str)),
                _ => return None,
            }
        }
        Some(names)
    }

    /// The alternatives of a place that takes several shapes.
    pub(crate) fn alternatives(&self) -> Option<Vec<View<'a>>> {
        let alternatives = self.get("anyOf")?.as_array()?;
        let view = |schema| View::new(self.root, schema);
        Some(alternatives.iter().map(view).collect())
    }

    /// The JSON type names allowed here; empty where any is.
    pub(crate) fn types(&self) -> Vec<&'a str> {
        if let Some(alternatives) = self.alternatives() {
            return alternatives.iter().flat_map(View::types).collect();
        }
        match self.get("type") {
            Some(Value::String(name)) => vec![name],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ if self.names().is_some() => vec!["string"],
            _ => Vec::new(),
        }
    }

    /// Whether a value of this JSON type may stand here.
    pub(crate) fn admits(&self, kind: &str) -> bool {
        let types = self.types();
        types.is_empty()
            || types.contains(&kind)
            || (kind == "integer" && types.contains(&"number"))
    }

    /// The keys of a table, with what stands under each, in the schema's order.
    pub(crate) fn properties(&self) -> Vec<(&'a str, View<'a>)> {
        if let Some(alternatives) = self.alternatives() {
            return alternatives.iter().flat_map(View::properties).collect();
        }
        let Some(Value::Object(properties)) = self.get("properties") else {
            return Vec::new();
        };
        let view =
            |(key, schema): (&'a String, &'a Value)| (key.as_str(), View::new(self.root, schema));
        properties.iter().map(view).collect()
    }

    /// The keys that a table must have.
    pub(crate) fn required(&self) -> Vec<&'a str> {
        match self.get("required") {
            Some(Value::Array(keys)) => keys.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// What stands in an array.
    pub(crate) fn items(&self) -> Option<View<'a>> {
        self.get("items").map(|items| View::new(self.root, items))
    }
}
