//! The other end of the wire: asks a daemon on its Unix socket. One connection per request, so nothing is shared.

use super::logs::Window;
use super::rollout::{Goal, PlanRow};
use super::rows::EventRow;
use super::sse::{self, Parser};
use super::status::Status;
use super::stream::Frame;
use super::why::Why;
use super::{Me, Problem, Reply, VERSION, VERSION_HEADER};
use crate::model::dossier::Dossier;
use crate::model::limits::{ANSWER_BYTES, ANSWER_WITHIN, FRAME_BYTES, MESSAGE_CHARS, STREAM_SILENT};
use crate::model::text::clean;
use crate::model::{Command, IncidentId, PoolName, Seq};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// Why a daemon gave no answer. Each message says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// There is no such socket.
    #[error("no daemon at {}; start one with `tidegate daemon`, or name its socket with --socket", socket.display())]
    NoSocket {
        /// Where it was looked for.
        socket: PathBuf,
    },
    /// The socket is there and nobody listens on it.
    #[error("no daemon answers at {}: it has ended; start it with `tidegate daemon`", socket.display())]
    Refused {
        /// The socket.
        socket: PathBuf,
    },
    /// The socket's owner and group do not include us.
    #[error("permission denied on {}; join the group that owns it, or ask whoever runs the daemon", socket.display())]
    Denied {
        /// The socket.
        socket: PathBuf,
    },
    /// The connection could not be made or broke.
    #[error("lost the daemon at {}: {why}; see whether it still runs", socket.display())]
    Lost {
        /// The socket.
        socket: PathBuf,
        /// What was seen, cleaned.
        why: String,
    },
    /// The daemon speaks another version of the wire.
    #[error(
        "the daemon speaks version {theirs} of the wire, this program {VERSION}; install the same version of both"
    )]
    Version {
        /// What it says, cleaned.
        theirs: String,
    },
    /// What answers is no Tidegate daemon, or a broken one.
    #[error("what answers at {} is not understood: {what}; is that the socket of a Tidegate daemon?", socket.display())]
    Garbage {
        /// The socket.
        socket: PathBuf,
        /// What was seen, cleaned.
        what: String,
    },
    /// The thing that was asked for is not there.
    #[error("{0}")]
    NotFound(String),
    /// What was asked for cannot be, and why.
    #[error("{0}")]
    Conflict(String),
    /// The daemon refused the request itself, or failed at it.
    #[error("{0}")]
    Problem(String),
}

/// Where in a log to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// From this byte on.
    Offset(u64),
    /// Around the first error; the beginning when there is none.
    FirstError,
    /// The last window.
    End,
}

/// A daemon, by its socket. Cheap to clone; connects anew for each request.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
}

impl Client {
    /// The daemon behind `socket`. Nothing is connected yet.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into() }
    }

    /// Where it is asked.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Who we are to it, and what it is.
    pub async fn me(&self) -> Result<Me, ClientError> {
        self.get("/v1/me").await
    }

    /// The state, once.
    pub async fn status(&self) -> Result<Status, ClientError> {
        self.get("/v1/status").await
    }

    /// What a rollout to this goal would do to a pool; why it cannot be started is a [`ClientError::Conflict`].
    pub async fn plan(&self, pool: &PoolName, goal: &Goal) -> Result<PlanRow, ClientError> {
        let goal = match goal {
            Goal::Release(release) => format!("release={}", escape(release.as_str())),
            Goal::Nodes(nodes) => format!("nodes={nodes}"),
        };
        self.get(&format!("/v1/plan?pool={}&{goal}", escape(pool.as_str()))).await
    }

    /// The dossier of an incident.
    pub async fn dossier(&self, incident: IncidentId) -> Result<Dossier, ClientError> {
        self.get(&format!("/v1/dossier?incident={incident}")).await
    }

    /// Why a thing is as it is: `42`, `42/image:web:1`, `incident 3`.
    pub async fn why(&self, id: &str) -> Result<Why, ClientError> {
        self.get(&format!("/v1/why?id={}", escape(id))).await
    }

    /// A window of a log.
    pub async fn logs(&self, id: &str, at: At) -> Result<Window, ClientError> {
        let at = match at {
            At::Offset(offset) => format!("offset={offset}"),
            At::FirstError => "at=first_error".to_owned(),
            At::End => "at=end".to_owned(),
        };
        self.get(&format!("/v1/logs?id={}&{at}", escape(id))).await
    }

    /// Sends a command. A rejection is an answer, not an error.
    pub async fn send(&self, command: &Command) -> Result<Reply, ClientError> {
        let body = serde_json::to_vec(command).map_err(|error| self.garbage(&error))?;
        let response = self.ask(Method::POST, "/v1/commands", Bytes::from(body)).await?;
        self.whole(response).await
    }

    /// The event lines after `after`, oldest first, at most `limit`; with `follow` also those to come, for ever.
    pub async fn events(
        &self,
        after: Seq,
        limit: usize,
        follow: bool,
    ) -> Result<BoxStream<'static, Result<EventRow, ClientError>>, ClientError> {
        let path = format!("/v1/events?after={after}&limit={limit}&follow={follow}");
        let response = self.ask(Method::GET, &path, Bytes::new()).await?;
        let lines = LineReader::default();
        Ok(self.items(response, lines))
    }

    /// The rows and then their changes. `since` is the epoch and place of a replica that was kept from an earlier stream.
    ///
    /// The stream ends only with an error: the daemon went away, or what it sends is not understood.
    pub async fn rows(
        &self,
        since: Option<(u64, Seq)>,
    ) -> Result<BoxStream<'static, Result<Frame, ClientError>>, ClientError> {
        let path = match since {
            Some((epoch, seq)) => format!("/v1/rows?since={epoch}.{seq}"),
            None => "/v1/rows".to_owned(),
        };
        let response = self.ask(Method::GET, &path, Bytes::new()).await?;
        let frames = self.items(response, Parser::new(FRAME_BYTES));
        let ended = self.lost(&"the stream ended");
        Ok(frames.chain(stream::once(async { Err(ended) })).boxed())
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let response = self.ask(Method::GET, path, Bytes::new()).await?;
        self.whole(response).await
    }

    /// Sends one request and returns its answer once the head of it is there and says that all is well.
    async fn ask(&self, method: Method, path: &str, body: Bytes) -> Result<Response<Incoming>, ClientError> {
        let answer = timeout(ANSWER_WITHIN.to_std(), self.exchange(method, path, body)).await;
        let response = answer.map_err(|_| self.lost(&format!("no answer within {ANSWER_WITHIN}")))??;
        self.check_version(&response)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let problem: Problem = self.whole(response).await?;
        let text = clean(&problem.error, MESSAGE_CHARS);
        Err(match status {
            StatusCode::NOT_FOUND => ClientError::NotFound(text),
            StatusCode::CONFLICT => ClientError::Conflict(text),
            _ => ClientError::Problem(text),
        })
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Response<Incoming>, ClientError> {
        let stream = UnixStream::connect(&self.socket).await.map_err(|error| self.unconnected(&error))?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
        let (mut sender, connection) = handshake.await.map_err(|error| self.lost(&error))?;
        // It ends with the answer's body, or when that is dropped; its error reaches us through the body.
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "tidegate")
            .header("content-type", "application/json")
            .body(Full::new(body))
            .map_err(|error| self.garbage(&error))?;
        sender
            .send_request(request)
            .await
            .map_err(|error| if error.is_parse() { self.garbage(&error) } else { self.lost(&error) })
    }

    fn check_version(&self, response: &Response<Incoming>) -> Result<(), ClientError> {
        let Some(theirs) = response.headers().get(VERSION_HEADER) else {
            return Err(self.garbage(&"an HTTP answer without Tidegate's version in it"));
        };
        if theirs.as_bytes() == VERSION.to_string().as_bytes() {
            return Ok(());
        }
        Err(ClientError::Version { theirs: clean(&String::from_utf8_lossy(theirs.as_bytes()), 20) })
    }

    async fn whole<T: DeserializeOwned>(&self, response: Response<Incoming>) -> Result<T, ClientError> {
        let body = Limited::new(response.into_body(), ANSWER_BYTES).collect();
        let body = timeout(ANSWER_WITHIN.to_std(), body).await;
        let body = body.map_err(|_| self.lost(&format!("no whole answer within {ANSWER_WITHIN}")))?;
        let body = body.map_err(|error| self.lost(&error))?;
        serde_json::from_slice(&body.to_bytes()).map_err(|error| self.garbage(&error))
    }

    fn items<T, R>(
        &self,
        response: Response<Incoming>,
        reader: R,
    ) -> BoxStream<'static, Result<T, ClientError>>
    where
        T: DeserializeOwned + Send + 'static,
        R: Reader + Send + 'static,
    {
        let items = Items {
            client: self.clone(),
            body: response.into_body(),
            reader,
            ready: VecDeque::new(),
            over: false,
        };
        stream::unfold(items, |mut items| async move { items.next().await.map(|item| (item, items)) }).boxed()
    }

    fn unconnected(&self, error: &io::Error) -> ClientError {
        let socket = self.socket.clone();
        match error.kind() {
            io::ErrorKind::NotFound => ClientError::NoSocket { socket },
            io::ErrorKind::ConnectionRefused => ClientError::Refused { socket },
            io::ErrorKind::PermissionDenied => ClientError::Denied { socket },
            _ => self.lost(error),
        }
    }

    fn lost(&self, why: &dyn std::fmt::Display) -> ClientError {
        ClientError::Lost { socket: self.socket.clone(), why: clean(&why.to_string(), MESSAGE_CHARS) }
    }

    fn garbage(&self, what: &dyn std::fmt::Display) -> ClientError {
        ClientError::Garbage { socket: self.socket.clone(), what: clean(&what.to_string(), MESSAGE_CHARS) }
    }
}

/// Cuts a body into texts that are JSON each.
trait Reader {
    fn feed(&mut self, bytes: &[u8]) -> Result<Vec<String>, sse::SseError>;
}

impl Reader for Parser {
    fn feed(&mut self, bytes: &[u8]) -> Result<Vec<String>, sse::SseError> {
        Ok(Parser::feed(self, bytes)?.into_iter().map(|message| message.data).collect())
    }
}

/// One JSON per line; an empty line is a sign of life.
#[derive(Default)]
struct LineReader {
    rest: Vec<u8>,
}

impl Reader for LineReader {
    fn feed(&mut self, bytes: &[u8]) -> Result<Vec<String>, sse::SseError> {
        self.rest.extend_from_slice(bytes);
        let whole = self.rest.iter().rposition(|b| *b == b'\n').map_or(0, |last| last + 1);
        if self.rest.len() - whole > FRAME_BYTES {
            return Err(sse::SseError::TooLarge { limit: FRAME_BYTES });
        }
        let lines: Vec<u8> = self.rest.drain(..whole).collect();
        let text = String::from_utf8(lines).map_err(|_| sse::SseError::NotText)?;
        Ok(text.lines().filter(|line| !line.is_empty()).map(ToOwned::to_owned).collect())
    }
}

/// A streamed answer on its way to items.
struct Items<R> {
    client: Client,
    body: Incoming,
    reader: R,
    ready: VecDeque<String>,
    over: bool,
}

impl<R: Reader> Items<R> {
    async fn next<T: DeserializeOwned>(&mut self) -> Option<Result<T, ClientError>> {
        while !self.over {
            if let Some(text) = self.ready.pop_front() {
                let item = serde_json::from_str(&text).map_err(|error| self.client.garbage(&error));
                self.over = item.is_err();
                return Some(item);
            }
            match self.read().await {
                Ok(Some(texts)) => self.ready.extend(texts),
                Ok(None) => self.over = true,
                Err(error) => {
                    self.over = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }

    async fn read(&mut self) -> Result<Option<Vec<String>>, ClientError> {
        let frame = timeout(STREAM_SILENT.to_std(), self.body.frame()).await;
        let Some(frame) = frame.map_err(|_| self.client.lost(&format!("silent for {STREAM_SILENT}")))? else {
            return Ok(None);
        };
        let frame = frame.map_err(|error| self.client.lost(&error))?;
        let Ok(data) = frame.into_data() else { return Ok(Some(Vec::new())) };
        self.reader.feed(&data).map(Some).map_err(|error| self.client.garbage(&error))
    }
}

/// `text` as a value in a query: everything but letters, digits and a few marks is written `%XX`.
fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'/' | b':') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}
