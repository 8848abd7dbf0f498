//! What time it is on screen: the machine's, or that of the world that is shown.

use crate::model::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// A little after the minute, so that a timer that fires early does not draw the old one.
const AFTER: u64 = 5;

/// A clock that the console reads.
#[derive(Clone)]
pub struct Time {
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    speed: u32,
}

impl Time {
    /// The clock of a world that goes `speed` times as fast as ours; a speed of 0 is 1.
    pub fn of(now: impl Fn() -> Timestamp + Send + Sync + 'static, speed: u32) -> Self {
        Self { now: Arc::new(now), speed: speed.max(1) }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// How long we wait until the minute on screen changes.
    pub fn to_next_minute(&self) -> Duration {
        self.to_next(60_000)
    }

    /// How long we wait until the second on screen changes; not shorter than a tenth of one of ours.
    pub fn to_next_second(&self) -> Duration {
        self.to_next(1_000).max(Duration::from_millis(100))
    }

    fn to_next(&self, millis: u32) -> Duration {
        let passed = u64::try_from(self.now().as_millis().rem_euclid(i64::from(millis))).unwrap_or(0);
        Duration::from_millis(u64::from(millis) - passed) / self.speed + Duration::from_millis(AFTER)
    }
}

/// The machine's own clock.
impl Default for Time {
    fn default() -> Self {
        Self::of(|| chrono::Utc::now().into(), 1)
    }
}

impl std::fmt::Debug for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Time({} at {}x)", self.now(), self.speed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_of_a_fast_world_is_short() {
        let at = |millis| move || Timestamp::from_millis(millis);
        assert_eq!(Time::of(at(60_000), 10).to_next_minute(), Duration::from_millis(6_005));
        assert_eq!(Time::of(at(119_900), 1).to_next_minute(), Duration::from_millis(105));
    }
}
