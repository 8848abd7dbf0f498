//! Bad configurations: each `bad/NAME.toml` with everything that is said of it in `bad/NAME.txt`.

use super::{fixtures, load};
use std::fs;
use std::path::Path;

/// What is said of a file, without the folder that the tests run in.
fn said(path: &Path) -> String {
    let error = load(path).expect_err("a bad configuration was taken");
    error.to_string().replace(&format!("{}/", fixtures().join("bad").display()), "")
}

#[test]
fn every_bad_configuration_is_told_all_that_is_wrong_with_it() {
    let mut files: Vec<_> =
        fs::read_dir(fixtures().join("bad")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "toml"));
    files.sort();
    assert!(files.len() >= 12);
    for file in files {
        let expected = file.with_extension("txt");
        let want = fs::read_to_string(&expected).unwrap();
        assert_eq!(said(&file), want.trim_end(), "{}", file.display());
    }
}

#[test]
fn a_missing_file_is_named_with_what_to_do() {
    let error = load(Path::new("no/such/tidegate.toml")).unwrap_err().to_string();
    assert!(error.starts_with("read the configuration no/such/tidegate.toml: "), "{error}");
    assert!(error.contains("--config"), "{error}");
}

#[test]
fn no_text_makes_loading_panic() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tidegate.toml");
    let good = fs::read_to_string(fixtures().join("good.toml")).unwrap();
    for (at, _) in good.char_indices().step_by(7) {
        for inserted in ["", "[", "= 1", "\"", "\u{1b}[2J", "{}"] {
            fs::write(&file, format!("{}{inserted}", &good[..at])).unwrap();
            if let Err(error) = load(&file) {
                assert!(!error.to_string().contains('\u{1b}'), "{error}");
            }
        }
    }
}
