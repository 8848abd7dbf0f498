//! What a content was made of.
//!
//! It is fixed with the build's inputs and kept with the content. Asked for later, by the names of its bases, the answer would be what those
//! names stand for by then: a base whose rebuild failed still stands on the older content of its own base.

use super::run::Run;
use super::state::State;
use crate::model::{Digest, ImageRef};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What a content was made of, through all the bases that we built.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The recipe of each image of ours, its own among them. An image can be in it twice: below are an older and a newer one.
    pub recipes: BTreeSet<(ImageRef, Digest)>,
    /// Each content that we did not build.
    pub upstream: BTreeSet<(ImageRef, Digest)>,
}

impl Origin {
    /// One digest of all of it.
    pub fn digest(&self) -> Digest {
        let mut text = String::new();
        for (sort, all) in [("recipe", &self.recipes), ("upstream", &self.upstream)] {
            for (image, digest) in all {
                let _ = writeln!(text, "{sort} {image} {digest}");
            }
        }
        Digest::of(text.as_bytes())
    }

    /// The recipe of one image in it.
    pub fn recipe_of(&self, image: &ImageRef) -> Option<&Digest> {
        self.recipes.iter().find(|(one, _)| one == image).map(|(_, recipe)| recipe)
    }
}

impl State {
    /// What `run` makes `image` of, by `recipe` from `bases`.
    pub(super) fn origin_from(
        &self,
        run: &Run,
        image: &ImageRef,
        recipe: &Digest,
        bases: &BTreeMap<ImageRef, Digest>,
    ) -> Origin {
        let mut origin = Origin::default();
        origin.recipes.insert((image.clone(), recipe.clone()));
        for (base, digest) in bases {
            match self.origin(run, base, digest) {
                Some(below) => {
                    origin.recipes.extend(below.recipes.iter().cloned());
                    origin.upstream.extend(below.upstream.iter().cloned());
                }
                None => drop(origin.upstream.insert((base.clone(), digest.clone()))),
            }
        }
        origin
    }

    /// What this content of `image` was made of: by this run, or by an earlier one if it is what the public tag got last. None where it is not
    /// known: others made it, or it is from before us.
    pub(super) fn origin<'a>(
        &'a self,
        run: &'a Run,
        image: &ImageRef,
        digest: &Digest,
    ) -> Option<&'a Origin> {
        let here = run.image_step(image).filter(|step| step.digest.as_ref() == Some(digest));
        let before = || self.made.get(image).filter(|made| made.digest == *digest).map(|made| &made.origin);
        here.map(|step| &step.origin).or_else(before).filter(|origin| !origin.recipes.is_empty())
    }
}
