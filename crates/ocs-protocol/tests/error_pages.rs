//! Every error number has a page in `docs/errors`, and every page a number: a
//! refusal's sentence sends people there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ocs_protocol::attribute::GSW_ERROR;
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::Refusal;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors")
}

fn page(name: &str) -> String {
    let file = folder().join(format!("{name}.md"));
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("docs/errors/{name}.md: {error}"))
}

#[test]
fn numbers_and_pages_belong_together() {
    let numbers: BTreeSet<String> = ErrorNumber::ALL
        .iter()
        .map(|number| format!("{}.md", number.page()))
        .collect();
    let entries = std::fs::read_dir(folder()).expect("docs/errors");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let pages: BTreeSet<String> = names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name != "README.md")
        .collect();
    assert_eq!(
        pages, numbers,
        "pages on the left, error numbers on the right"
    );
}

#[test]
fn pages_say_what_a_person_needs() {
    for number in ErrorNumber::ALL {
        let page = page(&number.page());
        let (name, number) = (number.name(), number.number());
        for part in [
            &format!("# {number} {name}\n\nHTTP status "),
            "\n## Likely causes\n\n- ",
            "\n## What to do\n\n",
            "\n## An example\n\n```json\n{\n  \"GSW_USER_EVENT\": \"ErrorMessage\",",
            &format!(" (see errors/{number})\",\n  \"GSW_ERROR_NUMBER\": {number}"),
        ] {
            assert!(page.contains(part), "{part:?} is missing for {number}");
        }
    }
}

#[test]
fn the_list_is_complete() {
    let list = page("README");
    for number in ErrorNumber::ALL {
        let row = format!(
            "| {} | [{}]({}.md) | ",
            number.number(),
            number.name(),
            number.page()
        );
        assert!(list.contains(&row), "{row:?} is missing");
    }
    for number in 0..=17 {
        let rows = list.matches(&format!("\n| {number} | ")).count();
        assert_eq!(rows, 1, "{number} stands in one of the two tables");
    }
}

/// Pages begin with the number, so that it alone finds them.
#[test]
fn sentences_name_the_page() {
    let refusal = Refusal::new(ErrorNumber::RecordNotFound, "there is no record \"5\"");
    let event = refusal.into_event(None);
    let sentence = event.text(GSW_ERROR);
    let right = "there is no record \"5\" (see errors/1003)";
    assert_eq!(sentence, Some(right));
    assert!(ErrorNumber::RecordNotFound.page().starts_with("1003-"));
}
