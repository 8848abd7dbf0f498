//! See `tests/corpus/targets/image.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tidegate_fuzz::run("image", bytes));
