//! The real clock.

use crate::model::{Span, Timestamp};
use crate::ports::Clock;
use async_trait::async_trait;

/// The machine's own clock, in UTC. It may be set back; the daemon sees to it that stamps never are.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        chrono::Utc::now().into()
    }

    /// Measured on the monotonic clock, so that setting the machine's time neither shortens nor lengthens it.
    async fn sleep(&self, span: Span) {
        tokio::time::sleep(span.to_std()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_sleep_lasts_as_long_as_was_asked() {
        let start = tokio::time::Instant::now();
        SystemClock.sleep(Span::from_secs(90)).await;
        assert_eq!(start.elapsed().as_secs(), 90);
    }

    #[test]
    fn now_is_after_this_was_written() {
        assert!(SystemClock.now() > Timestamp::from_millis(1_700_000_000_000));
    }
}
