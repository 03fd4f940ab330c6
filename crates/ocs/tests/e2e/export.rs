//! What `ocs export` writes, and what the tests ask of it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The records of an export, each by column name; every value is text.
#[track_caller]
pub(crate) fn rows(csv: &str) -> Vec<Value> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let columns = reader.headers().expect("a first line").clone();
    reader
        .records()
        .map(|row| {
            let row = row.expect("a whole row");
            let pairs = columns.iter().zip(row.iter());
            let pairs = pairs.map(|(column, value)| (column.to_owned(), Value::from(value)));
            Value::Object(pairs.collect::<Map<_, _>>())
        })
        .collect()
}

/// How often each value of a column is there.
pub(crate) fn count_by(rows: &[Value], column: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        let value = row[column].as_str().expect("a column of the export");
        *counts.entry(value.to_owned()).or_default() += 1;
    }
    counts
}
