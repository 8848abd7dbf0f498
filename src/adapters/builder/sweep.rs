//! What stays on the engine after a build, so that its disk does not fill with our leftovers.
//!
//! Nothing here is an error: what cannot be removed now (a test still runs in it, a child was built on it) is removed after the
//! next build.

use crate::model::ImageRef;
use bollard::Docker;
use bollard::query_parameters::{ListImagesOptionsBuilder, RemoveImageOptions};
use std::collections::HashMap;

/// The label by which a candidate on an engine is known as ours; its value is the image that it may become.
pub const CANDIDATE_LABEL: &str = "tidegate.candidate";

/// Removes the tags of older candidates of `image`: those that carry our label, and are in `newest`'s repository, and are neither `newest` nor the
/// public tag. The label alone is not enough, since whatever somebody builds on our image inherits it.
pub async fn older_candidates(docker: &Docker, image: &ImageRef, newest: &ImageRef) {
    let filters = HashMap::from([("label", vec![format!("{CANDIDATE_LABEL}={image}")])]);
    let options = ListImagesOptionsBuilder::new().filters(&filters).build();
    let Ok(found) = docker.list_images(Some(options)).await else { return };
    for tag in found.into_iter().flat_map(|image| image.repo_tags) {
        let Ok(name) = tag.parse::<ImageRef>() else { continue };
        let same = name.registry == newest.registry && name.repository == newest.repository;
        if same && name.tag != newest.tag && name.tag != image.tag {
            remove(docker, &tag).await;
        }
    }
}

/// Removes what a build that failed for good had made so far, down to what others use. `last_step` is the last step's image.
pub async fn failed_steps(docker: &Docker, last_step: Option<&str>) {
    let Some(id) = last_step else { return };
    let Ok(found) = docker.inspect_image(id).await else { return };
    // A step that only names its base has the base's own image, which is not ours to remove.
    let named = found.repo_tags.is_some_and(|tags| !tags.is_empty())
        || found.repo_digests.is_some_and(|digests| !digests.is_empty());
    if !named {
        remove(docker, id).await;
    }
}

async fn remove(docker: &Docker, image: &str) {
    if let Err(error) = docker.remove_image(image, None::<RemoveImageOptions>, None).await {
        tracing::debug!(image, %error, "an older candidate stays on the engine");
    }
}
