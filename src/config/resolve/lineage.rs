//! The whole at once: that the recipes make a graph without a circle, and that upstreams are used.

use super::super::file::File;
use super::super::recipes;
use super::Resolver;
use crate::lineage::{Lineage, LineageError};
use crate::model::jobs::Ingredients;
use crate::model::{Digest, ImageRef, Setup};
use std::collections::BTreeMap;

impl Resolver<'_> {
    /// Reads every Dockerfile. One that cannot be read is a warning: it holds up its own image and no other.
    pub(super) fn lineage(&mut self, file: &File, setup: &Setup) {
        let mut read = BTreeMap::new();
        for (image, recipe) in &setup.recipes {
            match recipes::read_dockerfile_of(recipe) {
                Ok((_, found)) => {
                    let unused = Digest::of(b"");
                    let ingredients = Ingredients {
                        dockerfile: unused.clone(),
                        recipe: unused,
                        bases: found.bases,
                        unknown: found.unknown,
                        buildkit: found.buildkit,
                    };
                    read.insert(image.clone(), ingredients);
                }
                // A missing Dockerfile is an error already.
                Err(recipes::RecipeError::Missing { .. }) => {}
                Err(error) => {
                    self.warning(line_of(file, image), format!("{image} cannot be built now: {error}"), "");
                }
            }
        }
        match Lineage::new(&read) {
            Ok(lineage) => self.unused_upstreams(file, &lineage),
            Err(LineageError::Cycle { path }) => {
                let line = line_of(file, &path[0]);
                let shown = path.iter().map(ToString::to_string).collect::<Vec<_>>().join(" → ");
                self.error(
                    line,
                    format!("the images {shown} are built from each other"),
                    "take one of these FROM or COPY --from out",
                );
            }
        }
    }

    fn unused_upstreams(&mut self, file: &File, lineage: &Lineage) {
        for (name, at) in &file.upstream.value {
            let Ok(image) = name.parse::<ImageRef>() else { continue };
            if !lineage.contains(&image) {
                self.warning(
                    at.line,
                    format!("nothing is built from the upstream {image}"),
                    "look at its spelling",
                );
            }
        }
    }
}

fn line_of(file: &File, image: &ImageRef) -> usize {
    let of = |at: &&super::At<super::super::file::RecipeFile>| {
        at.value.image.as_ref().is_some_and(|i| i.value == *image)
    };
    file.recipe.value.iter().find(of).map_or(0, |at| at.line)
}
