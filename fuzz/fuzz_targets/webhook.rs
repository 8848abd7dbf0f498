//! See `tests/corpus/targets/webhook.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tidegate_fuzz::run("webhook", bytes));
