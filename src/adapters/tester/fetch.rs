//! Images into the engine, files out of a container.

use super::super::engine_client::engine_credentials;
use super::super::registry::Credentials;
use crate::model::limits::{JUNIT_BYTES, MESSAGE_CHARS};
use crate::model::text::clean;
use crate::model::{ImageRef, PinnedRef, Registry};
use crate::ports::Reporter;
use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::{CreateImageOptionsBuilder, DownloadFromContainerOptionsBuilder};
use futures_util::StreamExt;
use std::collections::BTreeMap;
use std::io::Read;

/// A tar around one file: its header, padding and end.
const TAR_OVERHEAD: usize = 64 << 10;

/// Makes sure that the engine has exactly this content. Answers whether it had to be pulled.
pub async fn pull_pinned(
    docker: &Docker,
    image: &PinnedRef,
    credentials: &BTreeMap<Registry, Credentials>,
    reporter: &dyn Reporter,
) -> Result<bool, Error> {
    let name = image.to_string();
    match docker.inspect_image(&name).await {
        Ok(_) => return Ok(false),
        Err(Error::DockerResponseServerError { status_code: 404, .. }) => {}
        Err(other) => return Err(other),
    }
    pull(docker, &name, &image.registry, credentials, reporter).await.map(|()| true)
}

/// The newest content of a tag; what the engine has of it where nobody publishes it.
pub async fn pull_tag(
    docker: &Docker,
    image: &ImageRef,
    credentials: &BTreeMap<Registry, Credentials>,
    reporter: &dyn Reporter,
) -> Result<(), Error> {
    let name = image.to_string();
    let pulled = pull(docker, &name, &image.registry, credentials, reporter).await;
    let Err(error) = pulled else { return Ok(()) };
    if super::super::engine_client::unreachable("", &error).is_none()
        && docker.inspect_image(&name).await.is_ok()
    {
        reporter.line(&format!("{name} cannot be pulled ({}); the engine's own is used", message_of(&error)));
        return Ok(());
    }
    Err(error)
}

async fn pull(
    docker: &Docker,
    name: &str,
    registry: &Registry,
    credentials: &BTreeMap<Registry, Credentials>,
    reporter: &dyn Reporter,
) -> Result<(), Error> {
    reporter.line(&format!("pulling {name}"));
    let options = CreateImageOptionsBuilder::new().from_image(name).build();
    let credentials = credentials.get(registry).map(|who| engine_credentials(registry, who));
    let mut stream = docker.create_image(Some(options), None, credentials);
    while let Some(part) = stream.next().await {
        part?;
    }
    Ok(())
}

/// Why a file cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The engine did not answer, or refused.
    #[error(transparent)]
    Engine(Error),
    /// There is no such file.
    #[error("was not written")]
    Absent,
    /// It is a folder, a link or something else.
    #[error("is not a plain file")]
    NotFile,
    /// It is too long.
    #[error("is longer than {JUNIT_BYTES} bytes")]
    TooLong,
}

/// A file's bytes, at most [`JUNIT_BYTES`].
pub async fn file(docker: &Docker, container: &str, path: &str) -> Result<Vec<u8>, FileError> {
    let options = DownloadFromContainerOptionsBuilder::new().path(path).build();
    let mut stream = docker.download_from_container(container, Some(options));
    let mut tar = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| match error {
            Error::DockerResponseServerError { status_code: 404, .. } => FileError::Absent,
            other => FileError::Engine(other),
        })?;
        if tar.len() + chunk.len() > JUNIT_BYTES + TAR_OVERHEAD {
            return Err(FileError::TooLong);
        }
        tar.extend_from_slice(&chunk);
    }
    first_file(&tar)
}

fn first_file(tar: &[u8]) -> Result<Vec<u8>, FileError> {
    let mut archive = tar::Archive::new(tar);
    let mut entries = archive.entries().map_err(|_| FileError::NotFile)?;
    let Some(Ok(entry)) = entries.next() else { return Err(FileError::NotFile) };
    if !entry.header().entry_type().is_file() {
        return Err(FileError::NotFile);
    }
    let mut bytes = Vec::new();
    entry.take(JUNIT_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|_| FileError::NotFile)?;
    if bytes.len() > JUNIT_BYTES { Err(FileError::TooLong) } else { Ok(bytes) }
}

/// What the engine said, without bollard's words around it, cleaned.
pub fn message_of(error: &Error) -> String {
    match error {
        Error::DockerStreamError { error } => clean(error, MESSAGE_CHARS),
        Error::DockerResponseServerError { message, .. } => clean(message, MESSAGE_CHARS),
        other => clean(&other.to_string(), MESSAGE_CHARS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(kind: tar::EntryType, content: &[u8]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, "x", content).unwrap();
        tar.into_inner().unwrap()
    }

    #[test]
    fn only_a_plain_file_is_taken_out_of_a_tar() {
        assert_eq!(first_file(&packed(tar::EntryType::Regular, b"abc")).unwrap(), b"abc");
        for bytes in [
            packed(tar::EntryType::Directory, b""),
            packed(tar::EntryType::Symlink, b""),
            b"nonsense".to_vec(),
            Vec::new(),
        ] {
            assert!(matches!(first_file(&bytes), Err(FileError::NotFile)));
        }
        let long = packed(tar::EntryType::Regular, &vec![b'x'; JUNIT_BYTES + 1]);
        assert!(matches!(first_file(&long), Err(FileError::TooLong)));
    }
}
