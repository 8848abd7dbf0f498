//! What `o` saves: a new file in the folder that the console was started in. Nothing that is there is overwritten.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Files of one name that are tried.
const MOST: u32 = 100;

/// Saves a text as `NAME.ENDING`, or as the first of `NAME-2.ENDING`, … that is free; says where, or why not.
pub(super) fn save(name: &str, ending: &str, text: &str) -> Result<String, String> {
    let here = std::env::current_dir().map_err(|error| format!("not saved: {error}"))?;
    save_in(&here, name, ending, text)
}

fn save_in(folder: &Path, name: &str, ending: &str, text: &str) -> Result<String, String> {
    for number in 1..=MOST {
        let again = if number == 1 { String::new() } else { format!("-{number}") };
        let path = folder.join(format!("{name}{again}.{ending}"));
        // What it says of a failure is for its user's eyes first.
        let new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let written = new.and_then(|mut file| file.write_all(text.as_bytes()));
        match written {
            Ok(()) => return Ok(path.display().to_string()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(format!("not saved as {}: {error}", path.display())),
        }
    }
    Err(format!("not saved: {} has {MOST} files of that name; remove some", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_overwrites_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let saved = ["one", "two"].map(|text| save_in(dir.path(), "incident-3", "md", text).unwrap());
        assert!(saved[0].ends_with("/incident-3.md") && saved[1].ends_with("/incident-3-2.md"), "{saved:?}");
        assert_eq!(std::fs::read_to_string(&saved[0]).unwrap(), "one");
        assert!(save_in(&dir.path().join("none"), "x", "md", "").is_err());
    }
}
