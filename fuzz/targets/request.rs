//! A request whose head was read: Host, target, and body.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| ocs_http_proxy::trial::request(input));
