//! See `tests/corpus/targets/config.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tidegate_fuzz::run("config", bytes));
