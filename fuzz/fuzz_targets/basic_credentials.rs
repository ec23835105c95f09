#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::basic_credentials(data));
