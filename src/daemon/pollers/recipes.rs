//! Dockerfiles and contexts, as they are now.

use super::super::shared::Shared;
use crate::engine::EventKind;
use crate::model::limits;

/// The start has read them once.
pub(super) async fn read(shared: &Shared) {
    loop {
        tokio::select! {
            biased;
            () = shared.reread.notified() => {}
            () = shared.world.clock.sleep(limits::RECIPES_EVERY) => {}
        }
        let setup = shared.read(|state| state.setup.clone());
        let recipes = shared.world.recipes.read(&setup).await;
        // A reload while they were read: the next reading is under way already.
        let news = shared.read(|state| state.setup == setup && state.recipes != recipes);
        if news {
            shared.observe(EventKind::RecipesRead { recipes });
        }
    }
}
