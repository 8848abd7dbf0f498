//! The simulated clock: tokio's own, from a given beginning, at a given speed, and at times jumping.

use crate::model::{Span, Timestamp};
use crate::ports::Clock;
use async_trait::async_trait;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// Time as the simulated world has it. On a paused tokio runtime it is virtual: it jumps to the next thing that anybody waits for.
#[derive(Debug)]
pub struct SimClock {
    begins: Timestamp,
    started: Instant,
    speed: u32,
    /// How far the wall clock was set, in milliseconds. Waits do not notice, as real ones do not.
    set: AtomicI64,
}

impl SimClock {
    /// A clock that shows `begins` now, and runs `speed` times as fast as tokio's; a speed of 0 is 1.
    pub fn new(begins: Timestamp, speed: u32) -> Self {
        Self { begins, started: Instant::now(), speed: speed.max(1), set: AtomicI64::new(0) }
    }

    /// Time that has passed since the beginning, however the wall clock was set.
    pub fn passed(&self) -> Span {
        let passed = self.started.elapsed().as_micros().saturating_mul(u128::from(self.speed)) / 1_000;
        Span::from_millis(u64::try_from(passed).unwrap_or(u64::MAX))
    }

    /// The world's own time, which never jumps: what tasks and builds live by.
    pub fn world(&self) -> Timestamp {
        self.begins + self.passed()
    }

    /// Sets the wall clock by `millis`, forward or back.
    pub fn jump(&self, millis: i64) {
        self.set.fetch_add(millis, Ordering::Relaxed);
    }

    /// How long a wait is on tokio's clock.
    pub fn real(&self, span: Span) -> Duration {
        span.to_std() / self.speed
    }
}

#[async_trait]
impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.world().as_millis().saturating_add(self.set.load(Ordering::Relaxed)))
    }

    async fn sleep(&self, span: Span) {
        tokio::time::sleep(self.real(span)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_fast_clock_sleeps_short_and_shows_the_whole_time() {
        let clock = SimClock::new(Timestamp::from_millis(1_000), 10);
        let before = Instant::now();
        clock.sleep(Span::from_secs(10)).await;
        assert_eq!(before.elapsed(), Duration::from_secs(1));
        assert_eq!(clock.now(), Timestamp::from_millis(11_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_was_set_shows_it_and_the_world_goes_on_as_before() {
        let clock = SimClock::new(Timestamp::from_millis(100_000), 1);
        clock.jump(-60_000);
        assert_eq!(clock.now(), Timestamp::from_millis(40_000));
        assert_eq!(clock.world(), Timestamp::from_millis(100_000));
    }
}
