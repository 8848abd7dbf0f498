//! A client as a load balancer would be: 20 requests a second, the nodes in turn. A failure is a request that no node answers well.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Between two requests.
const EVERY: Duration = Duration::from_millis(50);

pub struct Client {
    stop: Arc<AtomicBool>,
    failures: Arc<Mutex<Vec<String>>>,
    ticker: Option<JoinHandle<u32>>,
}

impl Client {
    /// Begins to ask at once.
    pub fn on(ends: Vec<SocketAddr>) -> Self {
        let (stop, failures) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let ticker = std::thread::spawn({
            let (stop, failures, ends) = (stop.clone(), failures.clone(), Arc::new(ends));
            move || tick(&stop, &failures, &ends)
        });
        Self { stop, failures, ticker: Some(ticker) }
    }

    /// Ends it: all requests, and what each failed one saw.
    pub fn end(mut self) -> (u32, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let asked = self.ticker.take().unwrap().join().unwrap();
        (asked, self.failures.lock().unwrap().clone())
    }
}

/// Each request in a thread of its own, so that a slow one delays none.
fn tick(stop: &AtomicBool, failures: &Arc<Mutex<Vec<String>>>, ends: &Arc<Vec<SocketAddr>>) -> u32 {
    let (begin, mut turn) = (Instant::now(), 0);
    let mut open = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let (failures, ends) = (failures.clone(), ends.clone());
        open.push(std::thread::spawn(move || {
            let order = (0..ends.len()).map(|offset| ends[(turn as usize + offset) % ends.len()]);
            let mut seen = Vec::new();
            for end in order {
                match answer(end) {
                    Ok(()) => return,
                    Err(why) => seen.push(format!("{end}: {why}")),
                }
            }
            let at = begin.elapsed().as_secs_f32();
            failures.lock().unwrap().push(format!("+{at:.2}s {}", seen.join("; ")));
        }));
        open.retain(|thread| !thread.is_finished());
        turn += 1;
        std::thread::sleep((begin + EVERY * turn).saturating_duration_since(Instant::now()));
    }
    open.into_iter().for_each(|thread| thread.join().unwrap());
    turn
}

/// Whether a node answers well now.
pub fn answers(end: SocketAddr) -> bool {
    answer(end).is_ok()
}

fn answer(end: SocketAddr) -> Result<(), String> {
    let within = Duration::from_secs(1);
    let mut stream = TcpStream::connect_timeout(&end, within).map_err(|e| format!("connect: {e}"))?;
    stream.set_read_timeout(Some(within)).map_err(|e| e.to_string())?;
    stream.write_all(b"GET /health HTTP/1.0\r\n\r\n").map_err(|e| format!("send: {e}"))?;
    let mut text = Vec::new();
    // A reset after the whole answer is no failure.
    let read = stream.read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text);
    if text.contains(" 200 ") && text.ends_with("ok") {
        return Ok(());
    }
    Err(format!("answered {:?}, {read:?}", text.lines().next().unwrap_or("")))
}
