//! See `tests/corpus/targets/challenge.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tidegate_fuzz::run("challenge", bytes));
