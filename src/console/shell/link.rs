//! The link to the daemon: follows its rows, comes back when it went away, and carries questions and commands.

use super::{Source, Time, file};
use crate::api::client::{At, Client, ClientError};
use crate::api::dossier::markdown;
use crate::api::rollout::Goal;
use crate::api::stream::Frame;
use crate::console::model::NoPlan;
use crate::console::msg::{Cmd, LinkEvent, LogFrom, Msg};
use crate::model::limits::{BATCH, INBOX, LINK_RETRY_FIRST, LINK_RETRY_LONGEST};
use crate::model::{Seq, Span};
use futures_util::{FutureExt, StreamExt};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Follows a source until the receiver is gone.
pub fn spawn(tasks: &mut JoinSet<()>, source: Source, time: Time) -> (Asker, mpsc::Receiver<Msg>) {
    let (sender, receiver) = mpsc::channel(INBOX);
    let client = match source {
        Source::Socket(socket) => {
            let client = Client::new(socket);
            tasks.spawn(follow(client.clone(), sender.clone(), time));
            Some(client)
        }
        Source::Feed(frames) => {
            tasks.spawn(relay(frames, sender.clone(), time));
            None
        }
    };
    (Asker { client, sender }, receiver)
}

/// Asks the daemon what the console wants to know, and tells it what its user wants.
pub struct Asker {
    client: Option<Client>,
    sender: mpsc::Sender<Msg>,
}

impl Asker {
    /// Does what a command of the console says; the answer comes as a message.
    pub fn ask(&self, tasks: &mut JoinSet<()>, cmd: Cmd) {
        let (client, sender) = (self.client.clone(), self.sender.clone());
        tasks.spawn(async move {
            if let Some(msg) = answer(client, cmd).await {
                // The console has ended when nobody listens.
                let _ = sender.send(msg).await;
            }
        });
        while tasks.try_join_next().is_some() {}
    }
}

const NOBODY: &str = "there is no daemon to ask; start one with `tidegate daemon`";

async fn answer(client: Option<Client>, cmd: Cmd) -> Option<Msg> {
    match cmd {
        Cmd::Send { ticket, command } => {
            let reply = match client {
                Some(client) => client.send(&command).await.map_err(|error| error.to_string()),
                None => Err(NOBODY.to_owned()),
            };
            Some(Msg::Reply { ticket, reply })
        }
        Cmd::Why { id } => {
            let why = match client {
                Some(client) => client.why(&id).await.map_err(|error| error.to_string()),
                None => Err(NOBODY.to_owned()),
            };
            Some(Msg::Why { id, why })
        }
        Cmd::Plan { pool, release } => {
            let plan = match client {
                Some(client) => client.plan(&pool, &Goal::Release(release.clone())).await.map_err(no_plan),
                None => Err(NoPlan::Unknown(NOBODY.to_owned())),
            };
            Some(Msg::Plan { pool, release, plan: plan.map(Box::new) })
        }
        Cmd::Log { id, from, after } => {
            pause(after).await;
            let at = match from {
                LogFrom::Offset(offset) => At::Offset(offset),
                LogFrom::FirstError => At::FirstError,
                LogFrom::End => At::End,
            };
            let window = match client {
                Some(client) => client.logs(&id, at).await.map_err(|error| error.to_string()),
                None => Err(NOBODY.to_owned()),
            };
            Some(Msg::Log { id, window })
        }
        Cmd::Dossier(incident) => {
            let dossier = match client {
                Some(client) => client.dossier(incident).await.map_err(|error| error.to_string()),
                None => Err(NOBODY.to_owned()),
            };
            let save =
                |dossier| file::save(&format!("tidegate-incident-{incident}"), "md", &markdown(&dossier));
            Some(Msg::Saved(dossier.and_then(save)))
        }
        Cmd::Save { name, text } => Some(Msg::Saved(file::save(&name, "txt", &text))),
        Cmd::Copy(_) | Cmd::Hint(_) | Cmd::Redraw | Cmd::Suspend | Cmd::Quit => None,
    }
}

fn no_plan(error: ClientError) -> NoPlan {
    match error {
        ClientError::Conflict(why) => NoPlan::Refused(why),
        ClientError::NoSocket { .. }
        | ClientError::Refused { .. }
        | ClientError::Denied { .. }
        | ClientError::Lost { .. }
        | ClientError::Version { .. }
        | ClientError::Garbage { .. }
        | ClientError::NotFound(_)
        | ClientError::Problem(_) => NoPlan::Unknown(error.to_string()),
    }
}

async fn pause(span: Span) {
    if span > Span::default() {
        tokio::time::sleep(span.to_std()).await;
    }
}

/// Passes on what an observer in this process sends.
async fn relay(mut frames: mpsc::Receiver<Frame>, sender: mpsc::Sender<Msg>, time: Time) {
    let mut batch = Vec::new();
    while frames.recv_many(&mut batch, BATCH).await > 0 {
        if sender.send(Msg::Rows(std::mem::take(&mut batch), time.now())).await.is_err() {
            return;
        }
    }
    let why = "the observer in this console has ended".to_owned();
    let _ = sender.send(Msg::Link(LinkEvent::Down { why, at: time.now() })).await;
}

/// Follows a daemon's rows, for ever: a link that broke is made anew, sooner at first.
async fn follow(client: Client, sender: mpsc::Sender<Msg>, time: Time) {
    let mut place = None;
    let mut wait = LINK_RETRY_FIRST.to_std();
    loop {
        let (error, reached) = stream(&client, &sender, &mut place, &time).await;
        let event = match error {
            ClientError::Version { .. } => LinkEvent::Hopeless { why: error.to_string() },
            ClientError::NoSocket { .. }
            | ClientError::Refused { .. }
            | ClientError::Denied { .. }
            | ClientError::Lost { .. }
            | ClientError::Garbage { .. }
            | ClientError::NotFound(_)
            | ClientError::Conflict(_)
            | ClientError::Problem(_) => LinkEvent::Down { why: error.to_string(), at: time.now() },
        };
        if sender.send(Msg::Link(event)).await.is_err() {
            return;
        }
        wait = if reached { LINK_RETRY_FIRST.to_std() } else { wait };
        tokio::time::sleep(wait).await;
        wait = longer(wait);
    }
}

fn longer(wait: Duration) -> Duration {
    (wait * 2).min(LINK_RETRY_LONGEST.to_std())
}

/// Follows one stream to its end; says why it ended, and whether it had begun.
async fn stream(
    client: &Client,
    sender: &mpsc::Sender<Msg>,
    place: &mut Option<(u64, Seq)>,
    time: &Time,
) -> (ClientError, bool) {
    let mut frames = match client.rows(*place).await {
        Ok(frames) => frames,
        Err(error) => return (error, false),
    };
    let _ = sender.send(Msg::Link(LinkEvent::Up)).await;
    if let Ok(me) = client.me().await {
        let _ = sender.send(Msg::Me(me)).await;
    }
    loop {
        let mut batch = Vec::new();
        let mut next = frames.next().await;
        // What is there already comes in one message, and so in one frame.
        let error = loop {
            match next {
                Some(Ok(frame)) => batch.push(frame),
                Some(Err(error)) => break Some(error),
                None => break Some(ClientError::Problem("the stream of rows ended".to_owned())),
            }
            if batch.len() >= BATCH {
                break None;
            }
            match frames.next().now_or_never() {
                Some(more) => next = more,
                None => break None,
            }
        };
        batch.iter().for_each(|frame| remember(place, frame));
        if !batch.is_empty() && sender.send(Msg::Rows(batch, time.now())).await.is_err() {
            std::future::pending::<()>().await;
        }
        if let Some(error) = error {
            return (error, true);
        }
    }
}

/// Keeps the place from which a new stream can go on.
fn remember(place: &mut Option<(u64, Seq)>, frame: &Frame) {
    match frame {
        // Half a snapshot is no place to go on from.
        Frame::Begin { .. } => *place = None,
        Frame::Row { .. } => {}
        Frame::End { epoch, seq } => *place = Some((*epoch, *seq)),
        Frame::Delta { seq, .. } => *place = place.map(|(epoch, _)| (epoch, *seq)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{VERSION, VERSION_HEADER};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixListener;

    #[test]
    fn the_waits_grow_to_five_seconds() {
        let first = LINK_RETRY_FIRST.to_std();
        let waits: Vec<u128> =
            std::iter::successors(Some(first), |w| Some(longer(*w))).take(7).map(|w| w.as_millis()).collect();
        assert_eq!(waits, [250, 500, 1000, 2000, 4000, 5000, 5000]);
    }

    #[test]
    fn only_what_the_daemon_refuses_cannot_be_started() {
        let why = || "no node was seen yet".to_owned();
        assert_eq!(no_plan(ClientError::Conflict(why())), NoPlan::Refused(why()));
        let lost = ClientError::Lost { socket: "/run/tidegate.sock".into(), why: why() };
        assert!(matches!(no_plan(lost), NoPlan::Unknown(_)));
        assert!(matches!(no_plan(ClientError::Problem(why())), NoPlan::Unknown(_)));
    }

    #[test]
    fn a_broken_snapshot_is_no_place_to_go_on_from() {
        let mut place = Some((1, Seq(7)));
        remember(&mut place, &Frame::Delta { seq: Seq(9), upsert: vec![], remove: vec![] });
        assert_eq!(place, Some((1, Seq(9))));
        remember(&mut place, &Frame::Begin { epoch: 2 });
        assert_eq!(place, None);
    }

    /// A daemon that gives every stream one frame and then ends it; tells what it was asked for.
    async fn daemon_that_hangs_up(listener: UnixListener, asked: mpsc::Sender<String>) {
        let frames = [Frame::Begin { epoch: 3 }, Frame::End { epoch: 3, seq: Seq(7) }];
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = vec![0; 2_048];
            let length = stream.read(&mut head).await.unwrap();
            let head = String::from_utf8_lossy(&head[..length]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let is_rows = path.starts_with("/v1/rows");
            let mut body = String::new();
            for frame in frames.iter().filter(|_| is_rows) {
                body.push_str(&format!("data: {}\n\n", serde_json::to_string(frame).unwrap()));
            }
            let status = if is_rows { "200 OK" } else { "404 Not Found" };
            let head =
                format!("HTTP/1.1 {status}\r\n{VERSION_HEADER}: {VERSION}\r\nconnection: close\r\n\r\n");
            stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            if is_rows && asked.send(path).await.is_err() {
                return;
            }
        }
    }

    #[tokio::test]
    async fn a_link_that_breaks_is_made_anew_from_where_it_broke() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("socket");
        let listener = UnixListener::bind(&socket).unwrap();
        let (asked, mut paths) = mpsc::channel(1);
        let mut tasks = JoinSet::new();
        tasks.spawn(daemon_that_hangs_up(listener, asked));
        let (_asker, mut inbox) = spawn(&mut tasks, Source::Socket(socket), Time::default());
        let mut seen = Vec::new();
        while seen.len() < 4 {
            match inbox.recv().await.unwrap() {
                Msg::Link(LinkEvent::Up) => seen.push("up"),
                Msg::Link(LinkEvent::Down { .. }) => seen.push("down"),
                Msg::Rows(frames, _) => {
                    assert_eq!(frames.len(), 2);
                    seen.push("rows");
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(seen, ["up", "rows", "down", "up"]);
        assert_eq!(paths.recv().await.unwrap(), "/v1/rows");
        assert_eq!(paths.recv().await.unwrap(), "/v1/rows?since=3.7");
    }
}
