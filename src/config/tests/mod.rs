//! Tests of the module as its users see it, over the files of `tests/fixtures/config`.

mod bad;
mod docs;
mod good;
mod reading;

use super::{ConfigError, Resolved, load_with};
use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/config")
}

fn environment(name: &str) -> Option<String> {
    match name {
        "TIDEGATE_TOKEN" => Some("t0ken\n".to_owned()),
        "REGISTRY_PASSWORD" | "PASSWORD" => Some("hunter2".to_owned()),
        "EMPTY" => Some(" \n".to_owned()),
        _ => None,
    }
}

fn load(path: &Path) -> Result<Resolved, ConfigError> {
    load_with(path, &environment)
}

fn good() -> Resolved {
    load(&fixtures().join("good.toml")).unwrap()
}
