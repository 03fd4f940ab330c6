//! The defaults file and the schema: each says all that the other says.

use std::collections::BTreeSet;
use std::path::Path;

use ocs_config::{Config, defaults_toml, json_schema, load};
use serde_json::Value;

fn read(folder: &Path, text: &str) -> Config {
    let file = folder.join("ocs.toml");
    std::fs::write(&file, text).expect("the file is written");
    load(Some(&file), std::iter::empty()).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

/// The defaults file with its examples made real: `#key = …` and `#[[section]]`.
fn with_examples() -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => format!("{rest}\n"),
        _ => format!("{line}\n"),
    };
    let text: String = defaults_toml().lines().map(line).collect();
    // The examples of certificates only fit a port that is secured.
    text.replace("secured = false", "secured = true")
}

#[test]
fn every_key_has_the_built_in_default() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = read(folder.path(), defaults_toml());
    assert!(whole.warnings().is_empty(), "{:?}", whole.warnings());
    assert!(
        whole.not_built_yet().is_empty(),
        "{:?}",
        whole.not_built_yet()
    );
    let lines: Vec<&str> = defaults_toml().lines().collect();
    let mut tried = 0;
    for (index, line) in lines.iter().enumerate() {
        let needed = ["id = ", "port = 8080"]
            .iter()
            .any(|key| line.starts_with(key));
        if line.starts_with(['#', '[']) || line.is_empty() || needed {
            continue;
        }
        let mut without = lines.clone();
        without.remove(index);
        assert_eq!(
            read(folder.path(), &without.join("\n")),
            whole,
            "without {line}"
        );
        tried += 1;
    }
    assert!(tried > 60, "only {tried} keys were found");
}

#[test]
fn without_a_file_the_defaults_file_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut from_file = read(folder.path(), defaults_toml());
    // The tests run in the crate's folder, which has no ocs.toml.
    let built_in = load(None, std::iter::empty()).expect("the built-in defaults");
    assert_eq!(built_in.server_info, from_file.server_info);
    assert_eq!(
        built_in.store.url.to_string(),
        format!("sqlite:{}", built_in.base.join("data/ocs.db").display())
    );
    from_file.base.clone_from(&built_in.base);
    from_file.store = built_in.store.clone();
    from_file.log.file.clone_from(&built_in.log.file);
    assert_eq!(built_in, from_file);
}

#[test]
fn the_examples_are_right() {
    let folder = tempfile::tempdir().expect("a folder");
    read(folder.path(), &with_examples());
}

#[test]
fn the_defaults_file_has_every_key_of_the_schema_and_no_other() {
    let schema = json_schema();
    let mut of_schema = BTreeSet::new();
    schema_keys(&schema, &schema, "", &mut of_schema);
    let table: toml::Table = toml::from_str(&with_examples()).expect("TOML");
    let mut of_file = BTreeSet::new();
    file_keys(&toml::Value::Table(table), "", &mut of_file);
    assert_eq!(of_schema, of_file);
}

#[test]
fn the_schema_describes_every_key() {
    let schema = json_schema();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    for schema in [schema, ocs_config::objects::json_schema()] {
        let definitions = schema["$defs"].as_object().expect("definitions").values();
        for definition in definitions.chain([&schema]) {
            let Some(properties) = definition["properties"].as_object() else {
                continue;
            };
            assert_eq!(definition["additionalProperties"], Value::Bool(false));
            for (key, property) in properties {
                assert!(
                    property["description"].is_string(),
                    "{key} is not described"
                );
            }
        }
    }
}

fn schema_keys(root: &Value, schema: &Value, path: &str, keys: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.trim_start_matches("#/$defs/");
        // A secret is one value, however it is written.
        if name != "Secret" {
            return schema_keys(root, &root["$defs"][name], path, keys);
        }
    }
    if let Some(properties) = schema["properties"].as_object() {
        for (key, property) in properties {
            schema_keys(root, property, &format!("{path}.{key}"), keys);
        }
    } else if schema["items"]["$ref"].is_string() {
        let mut below = BTreeSet::new();
        schema_keys(root, &schema["items"], path, &mut below);
        keys.extend(below);
    } else {
        keys.insert(path.to_owned());
    }
}

fn file_keys(value: &toml::Value, path: &str, keys: &mut BTreeSet<String>) {
    match value {
        toml::Value::Table(table) if !table.contains_key("file") || table.contains_key("level") => {
            // `{ env = … }` is a secret, and one value.
            if table.len() == 1 && table.contains_key("env") {
                keys.insert(path.to_owned());
                return;
            }
            for (key, value) in table {
                file_keys(value, &format!("{path}.{key}"), keys);
            }
        }
        toml::Value::Array(items) if items.first().is_some_and(toml::Value::is_table) => {
            items.iter().for_each(|item| file_keys(item, path, keys));
        }
        _ => {
            keys.insert(path.to_owned());
        }
    }
}
