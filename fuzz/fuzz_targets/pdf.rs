#![no_main]

#[path = "../src/pages.rs"]
#[allow(dead_code, unreachable_pub)]
mod pages;

libfuzzer_sys::fuzz_target!(|data: &[u8]| pages::pdf(data));
