//! Names of images, their parts, and digests.

use super::{comes_back, readable};
use std::fmt::{Debug, Display};
use std::str::FromStr;
use tidegate::model::{Digest, ImageRef, PinnedRef, Registry, Repository, Tag};

pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    one::<ImageRef>(&text);
    one::<PinnedRef>(&text);
    one::<Registry>(&text);
    one::<Repository>(&text);
    one::<Tag>(&text);
    one::<Digest>(&text);
    if let Ok(image) = text.parse::<ImageRef>() {
        let pinned = image.at(Digest::of(b"x"));
        assert_eq!(pinned.to_string().parse::<PinnedRef>(), Ok(pinned));
        assert!(!image.short().is_empty());
    }
}

/// Shown, stored and read again, a name is the same name, and can be put into a URL and a terminal.
fn one<T>(text: &str)
where
    T: FromStr<Err: Display> + Display + Debug + PartialEq + serde::Serialize + serde::de::DeserializeOwned,
{
    match text.parse::<T>() {
        Ok(name) => {
            let shown = name.to_string();
            let again =
                shown.parse::<T>().unwrap_or_else(|error| panic!("{text:?} is shown as {shown:?}: {error}"));
            assert_eq!(again, name, "{text:?} is shown as {shown:?}");
            comes_back(&name);
            assert!(shown.chars().all(|c| c.is_ascii_graphic()), "{shown:?}");
            assert!(shown.len() <= text.len() + "docker.io/library/:latest".len(), "{shown:?}");
        }
        Err(error) => readable(&error.to_string()),
    }
}
