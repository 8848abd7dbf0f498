//! See `tests/corpus/targets/rows.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tidegate_fuzz::run("rows", bytes));
