//! Chance from the seed and a name: asking more or less often, or in another order, changes no other answer.

use crate::model::Span;

/// The dice of one world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dice(u64);

impl Dice {
    /// Of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The number that belongs to `what`.
    pub fn number(self, what: &str) -> u64 {
        // FNV-1a over the name, then splitmix64: well spread, and the same on every machine.
        let hash = what.bytes().fold(0xcbf2_9ce4_8422_2325 ^ self.0, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let z = hash.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// `span`, a fifth longer or shorter at most.
    pub fn about(self, span: Span, what: &str) -> Span {
        let percent = 80 + self.number(what) % 41;
        Span::from_millis(span.as_millis().saturating_mul(percent) / 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_has_the_same_number_and_others_have_others() {
        let (one, two) = (Dice::new(1), Dice::new(2));
        assert_eq!(one.number("build web"), one.number("build web"));
        assert_ne!(one.number("build web"), one.number("build api"));
        assert_ne!(one.number("build web"), two.number("build web"));
    }

    #[test]
    fn about_a_minute_is_a_minute_give_or_take_twelve_seconds() {
        for n in 0..100 {
            let span = Dice::new(7).about(Span::from_secs(60), &n.to_string()).as_millis();
            assert!((48_000..=72_000).contains(&span), "{span}");
        }
    }
}
