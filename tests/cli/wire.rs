//! The wire as a program meets it.

use crate::world::{Memory, image, serve};
use futures_util::StreamExt;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use tidegate::api::client::{Client, ClientError};
use tidegate::api::rows::RowKey;
use tidegate::api::stream::Frame;
use tidegate::model::{Actor, Seq};

fn get(socket: &std::path::Path, path: &str) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test]
async fn the_kernel_says_who_asks() {
    let served = serve(&Memory::new());
    let me = Client::new(&served.socket).me().await.unwrap();
    let uid = rustix::process::getuid().as_raw();
    assert!(matches!(me.actor, Actor::Person { uid: found, .. } if found == uid), "{me:?}");
    assert_eq!((me.api, me.version.as_str()), (1, "1.2.3"));
}

#[tokio::test]
async fn rows_come_whole_then_as_changes_and_a_reader_comes_back_to_where_it_was() {
    let served = serve(&Memory::new());
    let client = Client::new(&served.socket);
    let mut rows = client.rows(None).await.unwrap();
    let mut seen = 0;
    let (epoch, seq) = loop {
        match rows.next().await.unwrap().unwrap() {
            Frame::Begin { epoch } => assert_eq!(epoch, 7),
            Frame::Row { .. } => seen += 1,
            Frame::End { epoch, seq } => break (epoch, seq),
            Frame::Delta { .. } => panic!("a change in the middle of a snapshot"),
        }
    };
    assert_eq!(seen, served.memory.table.rows().1.len());
    drop(rows);
    served.memory.sees("os", "new");
    let mut rows = client.rows(Some((epoch, seq))).await.unwrap();
    let Frame::Delta { upsert, .. } = rows.next().await.unwrap().unwrap() else { panic!("begun anew") };
    assert!(upsert.iter().any(|row| row.key() == RowKey::Image(image("os"))));
    assert!(upsert.len() < seen);
}

#[tokio::test]
async fn a_stream_whose_daemon_goes_away_ends_with_an_error() {
    let served = serve(&Memory::new());
    let mut rows = Client::new(&served.socket).rows(None).await.unwrap();
    rows.next().await.unwrap().unwrap();
    drop(served);
    let last = loop {
        if let Err(error) = rows.next().await.unwrap() {
            break error;
        }
    };
    assert!(matches!(last, ClientError::Lost { .. }), "{last}");
}

#[tokio::test]
async fn events_that_are_followed_come_as_they_happen() {
    let served = serve(&Memory::new());
    let seq = served.memory.table.rows().0;
    let mut events = Client::new(&served.socket).events(Seq(seq.0 - 1), 10, true).await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap().seq, seq);
    served.memory.sees("os", "new");
    assert_eq!(events.next().await.unwrap().unwrap().kind, "tag_seen");
}

#[tokio::test]
async fn what_is_no_tidegate_is_told_from_an_older_one() {
    let folder = tempfile::tempdir().unwrap();
    for (head, wanted) in [
        ("HTTP/1.1 200 OK\r\ntidegate-api: 9\r\ncontent-length: 2\r\n\r\n{}", "speaks version 9"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", "is not understood"),
        ("HTTP/1.1 200 OK\r\ntidegate-api: 1\r\ncontent-length: 2\r\n\r\n{}", "is not understood"),
        ("220 mail.example ESMTP\r\n", "is not understood"),
    ] {
        let path = folder.path().join("x.sock");
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        let answer = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            stream.write_all(head.as_bytes()).unwrap();
        });
        let error = Client::new(&path).me().await.unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
        answer.join().unwrap();
    }
}

#[test]
fn every_route_answers_and_says_its_version() {
    let served = serve(&Memory::one_held());
    for (method, path) in tidegate::server::routes::ROUTES {
        let streams = *path == "/v1/rows";
        if *method == "get" && !streams {
            let answer = get(&served.socket, path);
            let status = answer.split(' ').nth(1).unwrap();
            assert!(matches!(status, "200" | "400"), "{path}: {status}");
            assert!(answer.contains("tidegate-api: 1\r\n"), "{path}");
        }
    }
    assert!(get(&served.socket, "/v1/nothing").starts_with("HTTP/1.1 404"));
    assert!(get(&served.socket, "/v1/commands").starts_with("HTTP/1.1 405"));
    assert!(get(&served.socket, "/v1/rows?since=x").starts_with("HTTP/1.1 400"));
    assert!(get(&served.socket, "/v1/nothing").contains("tidegate-api: 1\r\n"));
}

#[test]
fn the_numbers_are_those_of_the_rows() {
    let served = serve(&Memory::one_held());
    let text = get(&served.socket, "/metrics");
    for line in [
        "tidegate_runs_active 1\n",
        "tidegate_steps_held 1\n",
        "tidegate_frozen 0\n",
        "tidegate_consoles 0\n",
    ] {
        assert!(text.contains(line), "no {line:?} in {text}");
    }
}
