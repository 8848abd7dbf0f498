//! Removing a candidate without taking anybody else's tag along.

use super::answer::Fault;
use super::client::{Ask, RegistryClient, body_of, manifest};
use crate::model::limits::{TAGS_BODY_BYTES, TAGS_LISTED};
use crate::model::reports::Answer;
use crate::model::{Digest, ImageRef, Tag};
use reqwest::{Method, header::LINK};
use serde::Deserialize;
use std::collections::BTreeSet;

/// All tags of a repository, or that there are more than we look at.
enum Tags {
    All(BTreeSet<Tag>),
    TooMany,
}

impl RegistryClient {
    /// Deletes the candidate's digest when
    ///
    /// 1. no tag of `keep` points to it;
    /// 2. no other tag of the repository does, of which there are at most [`TAGS_LISTED`].
    ///
    /// A registry that does not delete at all (405 is the specification's default) is no error: the tag stays, which is harmless.
    pub(super) async fn remove(&self, candidate: &ImageRef, keep: &[ImageRef]) -> Answer<bool> {
        match self.try_remove(candidate, keep).await {
            Ok(removed) => Answer::Done(removed),
            Err(Fault::Silent(silence)) => Answer::Unreachable(silence),
            Err(Fault::Missing) => Answer::Done(false),
            Err(Fault::Refused(why)) => {
                tracing::info!(%candidate, why, "the registry keeps a candidate tag");
                Answer::Done(false)
            }
        }
    }

    async fn try_remove(&self, candidate: &ImageRef, keep: &[ImageRef]) -> Result<bool, Fault> {
        let digest = self.head(candidate).await?;
        let Tags::All(listed) = self.tags(candidate).await? else {
            tracing::info!(%candidate, "kept: the repository has too many tags to look at each");
            return Ok(false);
        };
        let same = |image: &&ImageRef| {
            image.registry == candidate.registry && image.repository == candidate.repository
        };
        // The tags that must stay are looked at first, and also when the list leaves them out.
        let kept = keep.iter().filter(same).map(|image| image.tag.clone());
        for tag in kept.chain(listed.into_iter().filter(|tag| *tag != candidate.tag)) {
            if self.carries(&candidate.with_tag(tag), &digest).await? {
                return Ok(false);
            }
        }
        let ask = manifest(Method::DELETE, &candidate.registry, &candidate.repository, digest.as_str());
        self.send(&ask).await.map(|_| true)
    }

    async fn carries(&self, image: &ImageRef, digest: &Digest) -> Result<bool, Fault> {
        match self.head(image).await {
            Ok(found) => Ok(found == *digest),
            Err(Fault::Missing) => Ok(false),
            Err(other) => Err(other),
        }
    }

    async fn tags(&self, image: &ImageRef) -> Result<Tags, Fault> {
        let mut all = BTreeSet::new();
        let mut path = format!("tags/list?n={TAGS_LISTED}");
        loop {
            let (registry, repository) = (&image.registry, &image.repository);
            let ask = Ask { method: Method::GET, registry, repository, path, body: None };
            let response = self.send(&ask).await?;
            let next = response.headers().get(LINK).and_then(|link| link.to_str().ok()).and_then(next_page);
            let page = read_page(&body_of(registry, response, TAGS_BODY_BYTES).await?)?;
            let before = all.len();
            all.extend(page);
            match next {
                _ if all.len() > TAGS_LISTED => return Ok(Tags::TooMany),
                // A page that brings nothing new would be followed for ever.
                Some(_) if all.len() == before => return Ok(Tags::TooMany),
                Some(query) => path = format!("tags/list?{query}"),
                None => return Ok(Tags::All(all)),
            }
        }
    }
}

/// The query of `Link: </v2/name/tags/list?last=x&n=y>; rel="next"`. Only the query is taken: the path is ours to say.
fn next_page(link: &str) -> Option<String> {
    let (target, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
    let (_, query) = target.split_once('?')?;
    rest.contains("next").then(|| query.to_owned())
}

/// Tags that are no tags to us cannot be looked at, so the list is not whole: refused.
fn read_page(body: &[u8]) -> Result<Vec<Tag>, Fault> {
    #[derive(Deserialize)]
    struct Page {
        tags: Option<Vec<Tag>>,
    }
    let page: Page =
        serde_json::from_slice(body).map_err(|_| Fault::refused("its list of tags cannot be read"))?;
    Ok(page.tags.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_query_of_a_next_page_is_taken() {
        assert_eq!(next_page(r#"</v2/a/tags/list?last=b&n=2>; rel="next""#).as_deref(), Some("last=b&n=2"));
        assert_eq!(next_page(r#"<http://evil.example/x?n=2>; rel="next""#).as_deref(), Some("n=2"));
        assert_eq!(next_page(r#"</v2/a/tags/list?n=2>; rel="prev""#), None);
        assert_eq!(next_page("nonsense"), None);
    }

    #[test]
    fn a_list_that_cannot_be_read_whole_is_refused() {
        assert_eq!(read_page(br#"{"name":"a","tags":["1","x"]}"#).map(|tags| tags.len()), Ok(2));
        assert_eq!(read_page(br#"{"name":"a","tags":null}"#).map(|tags| tags.len()), Ok(0));
        assert!(read_page(br#"{"tags":["a b"]}"#).is_err());
    }
}
