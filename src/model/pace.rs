//! When to look again at what is waited for, where nobody tells when it is there.

use super::Span;

/// A look comes later by at most this part of what was waited already.
const PART: u64 = 50;

/// Soon at first, and later the longer it lasts; never so soon that whoever is asked would answer us most of the time.
///
/// `waited`: since what is waited for last changed. `took`: the last answer. What comes is between `soonest` and `latest`, or twice `took`.
pub fn look_again(waited: Span, took: Span, soonest: Span, latest: Span) -> Span {
    Span::from_millis(waited.as_millis() / PART).clamp(soonest, latest).max(took + took)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_looked_at_less_often_the_longer_it_lasts() {
        let (soonest, latest) = (Span::from_millis(50), Span::from_secs(2));
        let after = |waited, took| look_again(waited, Span::from_millis(took), soonest, latest).as_millis();
        assert_eq!(after(Span::default(), 10), 50);
        assert_eq!(after(Span::from_secs(10), 10), 200);
        assert_eq!(after(Span::from_secs(3_600), 10), 2_000);
        assert_eq!(after(Span::from_secs(10), 700), 1_400, "it takes long to answer");
    }
}
