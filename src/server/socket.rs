//! The control socket as a file: who may connect is its mode, and a dead daemon's file is no obstacle.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tokio::net::{UnixListener, UnixStream};

/// Read and write for owner and group: membership of the group is the right to command.
const MODE: u32 = 0o660;

/// Why the socket cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Somebody answers on it.
    #[error("{} is in use: another daemon runs; stop it, or give this one another socket and state directory", .0.display())]
    InUse(PathBuf),
    /// A file that is no socket is in its place.
    #[error("{} is there and is no socket; move it away, or name another socket", .0.display())]
    NotASocket(PathBuf),
    /// The system refused.
    #[error("cannot listen on {}: {why}; check the folder and its rights", socket.display())]
    System {
        /// The socket.
        socket: PathBuf,
        /// Why.
        why: io::Error,
    },
}

/// A listener whose file goes away with it.
#[derive(Debug)]
pub struct Socket {
    /// Where people connect.
    pub listener: UnixListener,
    path: PathBuf,
    inode: u64,
}

impl Socket {
    /// Listens on `path` with mode 0660. The folder is made, 0750, when only that is missing.
    ///
    /// 1. Somebody answers there: refused.
    /// 2. A socket's file on which nobody answers was left behind: it is replaced.
    /// 3. Anything else in its place is not ours to remove: refused.
    pub async fn bind(path: &Path) -> Result<Self, SocketError> {
        let system = |why| SocketError::System { socket: path.to_owned(), why };
        make_folder(path).map_err(system)?;
        check_free(path).await?;
        // Bound under another name and renamed once the mode is right, so that nobody connects in between.
        let mut early = path.as_os_str().to_owned();
        early.push(format!(".{}", std::process::id()));
        let early = PathBuf::from(early);
        let _ = fs::remove_file(&early);
        let listener = UnixListener::bind(&early).map_err(system)?;
        fs::set_permissions(&early, fs::Permissions::from_mode(MODE)).map_err(system)?;
        let inode = fs::metadata(&early).map_err(system)?.ino();
        fs::rename(&early, path).map_err(system)?;
        Ok(Self { listener, path: path.to_owned(), inode })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Only our own file: a daemon that was started after us may have put its own there.
        if fs::symlink_metadata(&self.path).is_ok_and(|file| file.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn make_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.exists() => {
            fs::create_dir(folder)?;
            fs::set_permissions(folder, fs::Permissions::from_mode(0o750))
        }
        _ => Ok(()),
    }
}

async fn check_free(path: &Path) -> Result<(), SocketError> {
    let Ok(file) = fs::symlink_metadata(path) else { return Ok(()) };
    if !file.file_type().is_socket() {
        return Err(SocketError::NotASocket(path.to_owned()));
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(_) => Err(SocketError::InUse(path.to_owned())),
        Err(why) => Err(SocketError::System { socket: path.to_owned(), why }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[tokio::test]
    async fn only_owner_and_group_may_connect_and_the_file_goes_with_the_listener() {
        let folder = folder();
        let path = folder.path().join("run/t.sock");
        let socket = Socket::bind(&path).await.unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        UnixStream::connect(&path).await.unwrap();
        drop(socket);
        assert!(!path.exists());
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_socket_that_answers_is_left_alone() {
        let folder = folder();
        let path = folder.path().join("t.sock");
        let _first = Socket::bind(&path).await.unwrap();
        assert!(matches!(Socket::bind(&path).await, Err(SocketError::InUse(_))));
        UnixStream::connect(&path).await.unwrap();
    }

    #[tokio::test]
    async fn a_dead_daemons_socket_is_replaced() {
        let folder = folder();
        let path = folder.path().join("t.sock");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let _socket = Socket::bind(&path).await.unwrap();
        UnixStream::connect(&path).await.unwrap();
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_is_never_removed() {
        let folder = folder();
        let path = folder.path().join("notes.txt");
        fs::write(&path, "mine").unwrap();
        assert!(matches!(Socket::bind(&path).await, Err(SocketError::NotASocket(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }

    #[tokio::test]
    async fn a_successors_socket_survives_our_end() {
        let folder = folder();
        let path = folder.path().join("t.sock");
        let first = Socket::bind(&path).await.unwrap();
        fs::remove_file(&path).unwrap();
        let _second = Socket::bind(&path).await.unwrap();
        drop(first);
        UnixStream::connect(&path).await.unwrap();
    }
}
