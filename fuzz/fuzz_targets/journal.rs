//! See `tests/corpus/targets/journal.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tidegate_fuzz::run("journal", bytes));
