//! Lengths of time as they are typed: `90s`, `30m`, `2h`, `3d`.

use crate::model::Span;
use crate::model::time::SpanError;

/// Reads a length of time.
pub(super) fn span(text: &str) -> Result<Span, String> {
    let read: Span = text.parse().map_err(|error: SpanError| error.to_string())?;
    if read == Span::default() {
        Err("nothing takes no time; write for example `30m`".to_owned())
    } else {
        Ok(read)
    }
}

/// Faster than this, nothing could be read; and waits would be shorter than a timer can be.
const FASTEST: u32 = 100;

/// Reads how many times as fast as real: `10x`, `10`.
pub(super) fn speed(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix(['x', 'X']).unwrap_or(text).parse().ok();
    number.filter(|speed| (1..=FASTEST).contains(speed)).ok_or_else(|| {
        format!("a whole number from 1 to {FASTEST} says how many times as fast; write for example `10x`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_whole_numbers_from_1_to_100() {
        assert_eq!((speed("10x"), speed("10"), speed("1X")), (Ok(10), Ok(10), Ok(1)));
        for text in ["", "x", "0", "0x", "101", "-1", "1.5x", "10xx", "fast"] {
            assert!(speed(text).is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn lengths_are_a_number_and_a_unit() {
        assert_eq!(span("30m"), Ok(Span::from_secs(1800)));
        assert_eq!(span("3d"), Ok(Span::from_secs(259_200)));
        for text in ["", "m", "0s", "-1h", "1.5h", "2w", "10", "5µ"] {
            assert!(span(text).is_err(), "{text:?} was taken");
        }
    }
}
