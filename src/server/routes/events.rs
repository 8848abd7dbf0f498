//! `GET /v1/events?after=SEQ&limit=N&follow=BOOL`: one JSON per line.

use super::answer::{Answer, Refusal};
use super::doors::Doors;
use crate::api::rows::EventRow;
use crate::model::Seq;
use crate::model::limits::{EVENTS_AT_ONCE, STREAM_BEAT};
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use std::convert::Infallible;
use tokio::sync::watch;
use tokio::time::timeout;

#[derive(Debug, Deserialize)]
pub(super) struct Ask {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
    #[serde(default)]
    follow: bool,
}

pub(super) async fn events(State(doors): State<Doors>, Query(ask): Query<Ask>) -> Answer {
    let limit = ask.limit.unwrap_or(EVENTS_AT_ONCE).min(EVENTS_AT_ONCE);
    // Watched before it is read, so that nothing falls between.
    let moved = doors.table.watch();
    let first = doors.source.events(Seq(ask.after), limit).await.map_err(Refusal::failed)?;
    let after = first.last().map_or(Seq(ask.after), |row| row.seq);
    let text = lines(&first);
    let body = if ask.follow {
        let rest = stream::unfold(Some(Follow { doors, moved, after }), Follow::next);
        Body::from_stream(stream::once(async { Ok::<_, Infallible>(text) }).chain(rest))
    } else {
        Body::from(text)
    };
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

/// What comes after the first answer.
struct Follow {
    doors: Doors,
    moved: watch::Receiver<Seq>,
    after: Seq,
}

impl Follow {
    async fn next(this: Option<Self>) -> Option<(Result<Bytes, Infallible>, Option<Self>)> {
        let mut this = this?;
        loop {
            let more = this.doors.source.events(this.after, EVENTS_AT_ONCE).await;
            // A journal that cannot be read ends the stream: whoever follows asks again and is told why.
            let Ok(rows) = more else { return None };
            if let Some(last) = rows.last() {
                this.after = last.seq;
                return Some((Ok(lines(&rows)), Some(this)));
            }
            match timeout(STREAM_BEAT.to_std(), this.moved.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_) => return Some((Ok(Bytes::from_static(b"\n")), Some(this))),
            }
        }
    }
}

fn lines(rows: &[EventRow]) -> Bytes {
    rows.iter().fold(String::new(), |text, row| text + &line(row)).into()
}

fn line(row: &EventRow) -> String {
    serde_json::to_string(row).expect("event rows are plain data") + "\n"
}
