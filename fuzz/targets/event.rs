//! A user event as it came over the wire, on its way to JSON.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| ocs_http_proxy::trial::event(input));
