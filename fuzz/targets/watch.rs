//! A client's bytes: what the watch takes for messages, and what hyper does.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| ocs_http_proxy::trial::watch(input));
