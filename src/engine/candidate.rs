//! Where a candidate is pushed, and how its Dockerfile is fixed to the parents that this run tested.

use crate::model::image::{Digest, ImageRef, PinnedRef, Tag};
use crate::model::jobs::{BaseName, Edit, Ingredients};
use crate::model::{RunId, image};
use std::collections::BTreeMap;

/// The candidate tag: made from the run and every input, so that a manifest found under it *is* this build's result, also
/// after a crash, and never another installation's.
pub fn tag(
    install: &str,
    run: RunId,
    image: &ImageRef,
    recipe: &Digest,
    bases: &BTreeMap<ImageRef, Digest>,
) -> Result<Tag, image::ImageError> {
    let mut inputs = format!("{install}\n{run}\n{image}\n{recipe}\n");
    for (base, digest) in bases {
        inputs.push_str(&format!("{base}@{digest}\n"));
    }
    format!("tidegate-r{run}-{}", &Digest::of(inputs.as_bytes()).hex()[..12]).parse()
}

/// The replacements that fix every base named by tag to its digest. Bases that are pinned already stay as they are.
pub fn edits(ingredients: &Ingredients, bases: &BTreeMap<ImageRef, Digest>) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    for base in &ingredients.bases {
        let BaseName::Tag(image) = &base.from else { continue };
        let Some(digest) = bases.get(image) else { continue };
        let pinned: PinnedRef = image.at(digest.clone());
        edits.extend(base.places.iter().map(|place| Edit { place: *place, text: pinned.to_string() }));
    }
    edits.sort_by_key(|edit| edit.place);
    edits.dedup_by_key(|edit| edit.place);
    edits
}
