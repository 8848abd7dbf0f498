//! `GET /v1/rows[?since=EPOCH.SEQ]`: server-sent events without end.

use super::answer::{Answer, Refusal};
use super::doors::Doors;
use crate::api::stream::Frame;
use crate::model::Seq;
use crate::model::limits::STREAM_BEAT;
use crate::server::reader::Reader;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use std::convert::Infallible;
use tokio::time::timeout;

/// Frames are gathered up to this size, so that a snapshot of many rows is few writes.
const CHUNK: usize = 64 << 10;

#[derive(Debug, Deserialize)]
pub(super) struct Ask {
    since: Option<String>,
}

pub(super) async fn rows(State(doors): State<Doors>, Query(ask): Query<Ask>) -> Answer {
    let since = ask.since.as_deref().map(since).transpose()?;
    let reader = doors.table.read(since).map_err(|full| Refusal::busy(full.to_string()))?;
    let body = stream::unfold(reader, |mut reader| async move {
        let chunk = chunk(&mut reader).await;
        Some((Ok::<_, Infallible>(chunk), reader))
    });
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(body)).into_response())
}

/// `EPOCH.SEQ`, as `begin` and `delta` gave them.
fn since(text: &str) -> Result<(u64, Seq), Refusal> {
    let parts =
        text.split_once('.').and_then(|(epoch, seq)| Some((epoch.parse().ok()?, Seq(seq.parse().ok()?))));
    parts.ok_or_else(|| {
        Refusal::bad("since is EPOCH.SEQ, two numbers of the frames before; leave it out to begin anew")
    })
}

/// What is there to say, or a sign of life. Nothing is said as long as the peer does not read: the body is not polled then.
async fn chunk(reader: &mut Reader) -> Bytes {
    let Ok(frame) = timeout(STREAM_BEAT.to_std(), reader.next()).await else {
        return Bytes::from_static(b":\n\n");
    };
    let mut out = Vec::new();
    let mut live = write(&mut out, &frame);
    while !live && out.len() < CHUNK {
        let Some(frame) = reader.take() else { break };
        live = write(&mut out, &frame);
    }
    Bytes::from(out)
}

/// Writes one event; answers whether the reader is live after it, so that the pace of deltas applies.
fn write(out: &mut Vec<u8>, frame: &Frame) -> bool {
    let (event, live) = match frame {
        Frame::Begin { .. } => ("begin", false),
        Frame::Row { .. } => ("row", false),
        Frame::End { .. } => ("end", true),
        Frame::Delta { .. } => ("delta", true),
    };
    let data = serde_json::to_string(frame).expect("rows are plain data with text keys");
    out.extend_from_slice(format!("event: {event}\ndata: {data}\n\n").as_bytes());
    live
}
