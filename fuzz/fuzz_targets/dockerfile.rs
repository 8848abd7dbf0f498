//! See `tests/corpus/targets/dockerfile.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tidegate_fuzz::run("dockerfile", bytes));
