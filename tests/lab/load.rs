//! A client as a load balancer would be: 20 requests a second, an app's endpoints in turn, three seconds for each answer. A
//! failure is a request that no endpoint answers well. Its endpoints are the workers that there are at each moment: one that is removed while
//! a request waits for it is no endpoint any more, and the others are asked again.

use super::harness::{APPS, Lab, addresses};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// For one endpoint's answer. More than a second: requests that waited for a node which was just made go to the next endpoint all at once, more
/// than the nine that busybox's server lets wait. The kernel drops the others, and a client's sends them again after one second.
const PATIENCE: Duration = Duration::from_secs(3);

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
    let mut seen = Vec::new();
    loop {
        let asked = ends();
        for offset in 0..asked.len() {
            let end = asked[(turn + offset) % asked.len()];
            let at = begin.elapsed().as_secs_f32();
            match answer(end) {
                Ok(()) => return,
                Err(why) => seen.push(format!("+{at:.2}s {end}: {why}")),
            }
        }
        let now = ends();
        if asked.iter().all(|end| now.contains(end)) {
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
