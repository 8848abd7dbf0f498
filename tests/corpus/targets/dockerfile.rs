//! A Dockerfile: what it is built from, and the edits that fix that.

use super::readable;
use std::collections::BTreeMap;
use tidegate::lineage::{DockerfileRead, read_dockerfile};
use tidegate::model::Digest;
use tidegate::model::edit::apply;
use tidegate::model::jobs::{Base, BaseName, Edit, Place};

pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let args = BTreeMap::from([("VERSION".to_owned(), "8".to_owned()), ("EMPTY".to_owned(), String::new())]);
    for (target, platform) in [(None, None), (Some("build"), Some("linux/arm64")), (Some("0"), None)] {
        let read = |text: &str| read_dockerfile(text, &args, target, platform);
        match read(&text) {
            Ok(found) => {
                sound(&text, &found);
                pinned(&text, &found, |text| read(text).map_err(|error| error.to_string()));
            }
            Err(error) => {
                readable(&error.to_string());
                let lines = text.lines().count().max(1);
                assert!(error.line().is_none_or(|line| (1..=lines).contains(&line)), "{error}");
            }
        }
    }
}

fn places(found: &DockerfileRead) -> Vec<Place> {
    let mut places: Vec<Place> = found.bases.iter().flat_map(|base| base.places.iter().copied()).collect();
    places.sort();
    places
}

/// Places are in the text, on their line, and overlap nowhere; an edit that changes nothing changes nothing.
fn sound(text: &str, found: &DockerfileRead) {
    let places = places(found);
    for place in &places {
        assert!(place.start < place.end && text.is_char_boundary(place.start), "{place:?}");
        let line = text[..place.start].matches('\n').count() + 1;
        assert!(place.line <= line, "{place:?} is on line {line}");
    }
    assert!(places.windows(2).all(|pair| pair[0].end <= pair[1].start), "{places:?}");
    let edits: Vec<Edit> = places
        .iter()
        .map(|place| Edit { place: *place, text: text[place.start..place.end].to_owned() })
        .collect();
    assert_eq!(apply(text, &edits).expect("places that can be edited"), text);
    let lines = text.lines().count().max(1);
    for unknown in &found.unknown {
        assert!((1..=lines).contains(&unknown.line), "{unknown:?}");
        readable(&unknown.why);
        assert!(!unknown.text.chars().any(char::is_control), "{unknown:?}");
    }
    if let Some(need) = &found.buildkit {
        assert!((1..=lines).contains(&need.line), "{need:?}");
        readable(&need.what);
    }
}

/// With every base fixed to a digest, the same text is built from exactly those digests, and nothing else in it changed.
fn pinned(text: &str, found: &DockerfileRead, read: impl Fn(&str) -> Result<DockerfileRead, String>) {
    let digest = Digest::of(b"tested");
    let name = |base: &Base| match &base.from {
        BaseName::Tag(image) => image.at(digest.clone()),
        BaseName::Pinned(pinned) => pinned.clone(),
    };
    let edits: Vec<Edit> = found
        .bases
        .iter()
        .flat_map(|base| base.places.iter().map(|place| Edit { place: *place, text: name(base).to_string() }))
        .collect();
    let fixed = apply(text, &edits).expect("places that can be edited");
    let again = read(&fixed).unwrap_or_else(|error| panic!("{error}: {fixed:?}"));
    let wanted: std::collections::BTreeSet<BaseName> =
        found.bases.iter().map(|base| BaseName::Pinned(name(base))).collect();
    let got: std::collections::BTreeSet<BaseName> =
        again.bases.iter().map(|base| base.from.clone()).collect();
    assert_eq!(got, wanted, "{text:?} became {fixed:?}");
    assert_eq!(again.unknown.len(), found.unknown.len(), "{text:?} became {fixed:?}");
}
