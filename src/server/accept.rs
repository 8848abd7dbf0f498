//! Serves HTTP/1.1 on whatever comes in, with limits on how many and how slowly.

use axum::Router;
use axum::body::Body;
use axum::extract::Extension;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// How long answers may go on after the end was asked for; a row stream would for ever.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Between two tries to accept when the system has no file handle left: trying at once would only burn the processor.
const BREATH: Duration = Duration::from_millis(200);

/// Something that connections come in on.
pub trait Knocks: Send + 'static {
    /// A connection.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    /// What the kernel says of the peer; handlers get it as an extension.
    type Peer: Clone + Send + Sync + 'static;
    /// The next connection.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Io, Self::Peer)>> + Send;
}

/// How much a listener's peers may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Connections at a time; more wait in the kernel's queue.
    pub connections: usize,
    /// The longest from a connection, or from one answer, to the end of the next request's headers.
    pub headers: Duration,
    /// The longest that a connection may last; none for the ones that stream.
    pub whole: Option<Duration>,
    /// Whether a connection may carry a second request.
    pub keep_alive: bool,
}

/// Serves `router` on `listener` until `stop`, then gives answers under way a moment to end.
pub async fn serve<K: Knocks>(mut listener: K, router: Router, patience: Patience, stop: CancellationToken) {
    let free = Arc::new(Semaphore::new(patience.connections));
    loop {
        let Ok(place) = free.clone().acquire_owned().await else { return };
        let knock = tokio::select! {
            () = stop.cancelled() => break,
            knock = listener.accept() => knock,
        };
        match knock {
            Ok((io, peer)) => {
                let (router, stop) = (router.clone().layer(Extension(peer)), stop.clone());
                tokio::spawn(async move {
                    connection(io, router, patience, stop).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(BREATH).await;
            }
        }
    }
    let all = u32::try_from(patience.connections).unwrap_or(u32::MAX);
    let _ = timeout(LAST_WORDS, free.acquire_many(all)).await;
}

async fn connection(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    patience: Patience,
    stop: CancellationToken,
) {
    let service = router.map_request(|request: Request<Incoming>| request.map(Body::new));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.headers)
        .keep_alive(patience.keep_alive)
        .serve_connection(TokioIo::new(io), TowerToHyperService::new(service));
    let mut connection = std::pin::pin!(connection);
    let over = async {
        match patience.whole {
            Some(whole) => sleep(whole).await,
            None => std::future::pending().await,
        }
    };
    // Errors here are the peer's: it went away, or sent what is no HTTP. It was told as far as it listened.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = over => return,
        () = stop.cancelled() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(LAST_WORDS, connection).await;
}

/// The user id of a peer on a Unix socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uid(pub u32);

impl Knocks for UnixListener {
    type Io = tokio::net::UnixStream;
    type Peer = Uid;
    async fn accept(&mut self) -> io::Result<(Self::Io, Uid)> {
        let (io, _) = UnixListener::accept(self).await?;
        let uid = io.peer_cred()?.uid();
        Ok((io, Uid(uid)))
    }
}

impl Knocks for super::socket::Socket {
    type Io = tokio::net::UnixStream;
    type Peer = Uid;
    async fn accept(&mut self) -> io::Result<(Self::Io, Uid)> {
        Knocks::accept(&mut self.listener).await
    }
}

impl Knocks for TcpListener {
    type Io = tokio::net::TcpStream;
    type Peer = std::net::SocketAddr;
    async fn accept(&mut self) -> io::Result<(Self::Io, Self::Peer)> {
        TcpListener::accept(self).await
    }
}
