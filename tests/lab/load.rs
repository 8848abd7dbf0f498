//! A client as a load balancer would be: 20 requests a second, an app's endpoints in turn, one second for each answer. A
//! failure is a request to which no endpoint had a good answer at one moment. An endpoint that lets a request wait its whole second (a node whose
//! rules still point at a container that has gone), or that is removed meanwhile, is left out, and the others are asked again: what they said
//! before was a second ago, and the work may have been healthy throughout, on another of them by now.

use super::harness::{APPS, Lab, addresses};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// For one endpoint's answer.
const PATIENCE: Duration = Duration::from_secs(1);

pub struct Load {
    stop: Arc<AtomicBool>,
    counts: Arc<Counts>,
    ticker: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Counts {
    asked: AtomicU32,
    failed: AtomicU32,
    failures: Mutex<Vec<String>>,
}

impl Load {
    pub fn on(lab: &Lab, app: &str) -> Self {
        let port = APPS.iter().find(|(name, ..)| *name == app).unwrap().1;
        let ends = {
            let (state, subnet) = (lab.state.clone(), lab.subnet.clone());
            move || {
                addresses(&state, &subnet).iter().map(|at| format!("{at}:{port}").parse().unwrap()).collect()
            }
        };
        let (stop, counts) = (Arc::new(AtomicBool::new(false)), Arc::new(Counts::default()));
        let ticker = std::thread::spawn({
            let (stop, counts) = (stop.clone(), counts.clone());
            move || tick(&stop, &counts, ends)
        });
        Self { stop, counts, ticker: Some(ticker) }
    }

    /// Ends it: requests, failed ones, and what the first of those saw.
    pub fn end(mut self) -> (u32, u32, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        self.ticker.take().unwrap().join().unwrap();
        let failures = self.counts.failures.lock().unwrap().iter().take(5).cloned().collect();
        (self.counts.asked.load(Ordering::Relaxed), self.counts.failed.load(Ordering::Relaxed), failures)
    }
}

/// A request every 50 ms, each in a thread of its own, so that a slow one delays none.
fn tick(
    stop: &AtomicBool,
    counts: &Arc<Counts>,
    ends: impl Fn() -> Vec<SocketAddr> + Clone + Send + 'static,
) {
    let (begin, mut turn) = (Instant::now(), 0_u32);
    let mut open = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let (counts, ends) = (counts.clone(), ends.clone());
        open.push(std::thread::spawn(move || request(&counts, &ends, turn as usize, begin)));
        open.retain(|thread| !thread.is_finished());
        turn += 1;
        let next = begin + Duration::from_millis(50) * turn;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    open.into_iter().for_each(|thread| thread.join().unwrap());
}

fn request(counts: &Counts, ends: &impl Fn() -> Vec<SocketAddr>, turn: usize, begin: Instant) {
    counts.asked.fetch_add(1, Ordering::Relaxed);
    let (mut seen, mut silent) = (Vec::new(), BTreeSet::new());
    loop {
        let asked: Vec<_> = ends().into_iter().filter(|end| !silent.contains(end)).collect();
        let before = silent.len();
        for offset in 0..asked.len() {
            let end = asked[(turn + offset) % asked.len()];
            let asked_at = begin.elapsed();
            match answer(end) {
                Ok(()) => return,
                Err(why) => seen.push(format!("+{:.2}s {end}: {why}", asked_at.as_secs_f32())),
            }
            if begin.elapsed() - asked_at >= PATIENCE {
                silent.insert(end);
            }
        }
        let now = ends();
        if silent.len() == before && asked.iter().all(|end| now.contains(end)) {
            break;
        }
    }
    counts.failed.fetch_add(1, Ordering::Relaxed);
    counts.failures.lock().unwrap().push(seen.join("; "));
}

fn answer(end: SocketAddr) -> Result<(), String> {
    let limit = Instant::now() + PATIENCE;
    let left = || limit.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    let mut stream = TcpStream::connect_timeout(&end, left()).map_err(|e| format!("connect: {e}"))?;
    stream.set_write_timeout(Some(left())).map_err(|e| e.to_string())?;
    stream.write_all(b"GET /health HTTP/1.0\r\n\r\n").map_err(|e| format!("send: {e}"))?;
    let mut text = Vec::new();
    let mut part = [0; 512];
    loop {
        stream.set_read_timeout(Some(left())).map_err(|e| e.to_string())?;
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(n) => text.extend_from_slice(&part[..n]),
            Err(e) => return Err(format!("read: {e}")),
        }
    }
    let text = String::from_utf8_lossy(&text);
    if text.starts_with("HTTP/1.") && text.contains(" 200 ") && text.ends_with("ok") {
        return Ok(());
    }
    Err(format!("answered {:?}", text.lines().next().unwrap_or("")))
}
