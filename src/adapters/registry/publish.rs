//! Moving a tag: a PUT of the manifest's own bytes under another name.

use super::answer::Fault;
use super::client::{MANIFEST_TYPES, RegistryClient, digest_of, manifest, refusal};
use crate::model::Digest;
use crate::model::jobs::PublishJob;
use crate::model::reports::{Answer, PublishReport};
use bytes::Bytes;
use reqwest::Method;
use serde::Deserialize;

impl RegistryClient {
    /// The conditions of [`PublishJob`], in their order.
    ///
    /// Registries have no compare-and-swap: whoever moves the tag between the HEAD and the PUT, some milliseconds, is overwritten.
    pub(super) async fn move_tag(&self, job: &PublishJob) -> Answer<PublishReport> {
        let now = match self.head(&job.image).await {
            Ok(digest) => Some(digest),
            Err(Fault::Missing) => None,
            Err(other) => return report(other),
        };
        if now.as_ref() == Some(&job.digest) {
            return Answer::Done(PublishReport::Moved { found: true });
        }
        if now != job.expect {
            return Answer::Done(PublishReport::MovedByOthers { to: now });
        }
        match self.put(job).await {
            Ok(()) => Answer::Done(PublishReport::Moved { found: false }),
            Err(fault) => report(fault),
        }
    }

    async fn put(&self, job: &PublishJob) -> Result<(), Fault> {
        let (registry, repository) = (&job.image.registry, &job.image.repository);
        let source = manifest(Method::GET, registry, repository, job.digest.as_str());
        let (content_type, bytes) = self.read_manifest(&source).await?;
        if Digest::of(&bytes) != job.digest {
            return Err(Fault::refused("the manifest that was sent is not what its digest says"));
        }
        let media_type = media_type(content_type.as_deref(), &bytes)?;
        let mut target = manifest(Method::PUT, registry, repository, job.image.tag.as_str());
        target.body = Some((media_type, bytes));
        let response = self.send(&target).await?;
        let stored = match digest_of(response.headers()) {
            Some(digest) => digest,
            None => self.head(&job.image).await?,
        };
        if stored == job.digest {
            return Ok(());
        }
        Err(Fault::refused(&format!("the registry stored the manifest as {stored}, not as {}", job.digest)))
    }
}

fn report(fault: Fault) -> Answer<PublishReport> {
    match refusal(fault) {
        Ok(why) => Answer::Done(PublishReport::Refused(why)),
        Err(silence) => Answer::Unreachable(silence),
    }
}

/// What the manifest says that it is, else what the registry said: sent as anything else it would have another meaning.
fn media_type(content_type: Option<&str>, bytes: &Bytes) -> Result<&'static str, Fault> {
    #[derive(Deserialize)]
    struct Manifest {
        #[serde(rename = "mediaType")]
        media_type: Option<String>,
    }
    let own = serde_json::from_slice::<Manifest>(bytes).ok().and_then(|manifest| manifest.media_type);
    let said = content_type.and_then(|text| text.split(';').next()).map(str::trim);
    let wanted = own.as_deref().or(said).unwrap_or_default();
    let known = MANIFEST_TYPES.into_iter().find(|known| known.eq_ignore_ascii_case(wanted));
    known.ok_or_else(|| {
        Fault::refused(&format!("the manifest's media type {wanted:?} is none that can be published"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifests_own_word_goes_before_the_headers() {
        let own = Bytes::from(format!(r#"{{"mediaType":"{}"}}"#, MANIFEST_TYPES[0]));
        assert_eq!(media_type(Some(MANIFEST_TYPES[3]), &own), Ok(MANIFEST_TYPES[0]));
        let with_parameter = format!("{}; charset=utf-8", MANIFEST_TYPES[2]);
        assert_eq!(media_type(Some(&with_parameter), &Bytes::from("{}")), Ok(MANIFEST_TYPES[2]));
        assert!(media_type(Some("text/html"), &Bytes::from("{}")).is_err());
        assert!(media_type(None, &Bytes::from("{}")).is_err());
    }
}
