//! The simulated folders of recipes.

use super::world::Sim;
use crate::model::jobs::Ingredients;
use crate::model::{ImageRef, Setup};
use crate::ports;
use async_trait::async_trait;
use std::collections::BTreeMap;

#[async_trait]
impl ports::Recipes for Sim {
    async fn read(&self, setup: &Setup) -> BTreeMap<ImageRef, Result<Ingredients, String>> {
        let parts = self.parts();
        let read = setup.recipes.keys().map(|image| {
            let edits = parts.edits.get(image).map_or(0, |edited| edited.times);
            let file = self.fixed.file.images.get(image);
            let read = file.map(|file| file.ingredients(image, edits));
            (image.clone(), read.ok_or_else(|| "there is no such folder".to_owned()))
        });
        read.collect()
    }
}
