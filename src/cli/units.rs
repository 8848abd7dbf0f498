//! Lengths of time as they are typed: `90s`, `30m`, `2h`, `3d`.

use crate::model::Span;

/// Reads a length of time.
pub(super) fn span(text: &str) -> Result<Span, String> {
    let bad = || format!("{text:?} is no length of time; write for example `30m`, `2h` or `3d`");
    let unit = text.chars().last().ok_or_else(bad)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(bad()),
    };
    let count: u64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| bad())?;
    if count == 0 { Err(bad()) } else { Ok(Span::from_secs(count.saturating_mul(seconds))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_a_number_and_a_unit() {
        assert_eq!(span("30m"), Ok(Span::from_secs(1800)));
        assert_eq!(span("3d"), Ok(Span::from_secs(259_200)));
        for text in ["", "m", "0s", "-1h", "1.5h", "2w", "10", "5µ"] {
            assert!(span(text).is_err(), "{text:?} was taken");
        }
    }
}
