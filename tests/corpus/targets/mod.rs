//! What must hold of everything that comes from outside: one function a reader, called by the fuzzers in `fuzz/` and, with the corpus
//! that they left, by `cargo test --test corpus`.
//!
//! Each takes any bytes. It panics where a property does not hold; that nothing panics is the least of them.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "a fuzz target uses one of these, and a property that fails must panic"
)]

mod challenge;
mod config;
mod dockerfile;
mod image;
mod journal;
mod release;
mod rows;
mod text;
mod webhook;

/// A reader's properties, for any bytes.
pub type Target = fn(&[u8]);

/// Every target, by the name of its fuzzer and of its folder in `fuzz/corpus`.
pub const TARGETS: [(&str, Target); 9] = [
    ("challenge", challenge::check),
    ("config", config::check),
    ("dockerfile", dockerfile::check),
    ("image", image::check),
    ("journal", journal::check),
    ("release", release::check),
    ("rows", rows::check),
    ("text", text::check),
    ("webhook", webhook::check),
];

/// Runs the target `name`.
pub fn run(name: &str, bytes: &[u8]) {
    let found = TARGETS.iter().find(|(target, _)| *target == name);
    found.expect("a target of the table").1(bytes);
}

/// A message for people says something, is one line or some, and can do nothing to a terminal.
fn readable(message: &str) {
    assert!(!message.trim().is_empty(), "an error that says nothing");
    let harmful = message.chars().find(|c| *c != '\n' && c.is_control());
    assert_eq!(harmful, None, "a control character in {message:?}");
}

/// What is written as JSON reads back as itself.
fn comes_back<T>(value: &T)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let text = serde_json::to_string(value).expect("it has a JSON form");
    let back: T = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(&back, value);
}
