//! What fuzzing has found to go different ways (fuzz/corpus), whole and cut short.

use std::fs;
use std::path::Path;

use ocs_http_proxy::trial;

#[track_caller]
fn over(name: &str, trial: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(name);
    let mut inputs = 0;
    for entry in fs::read_dir(&folder).expect("the corpus") {
        let input = fs::read(entry.expect("a file").path()).expect("an input");
        trial(&input);
        let step = input.len() / 20 + 1;
        for end in (0..input.len()).step_by(step) {
            trial(&input[..end]);
        }
        inputs += 1;
    }
    assert!(inputs > 0, "{} is empty", folder.display());
}

#[test]
fn watch() {
    over("watch", trial::watch);
}

#[test]
fn request() {
    over("request", trial::request);
}

#[test]
fn event() {
    over("event", trial::event);
}
