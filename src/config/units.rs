//! Lengths of time and of memory, as people write them.

use crate::model::Span;

/// `500ms`, `10s`, `5m`, `2h`, `7d`: one number and one unit.
pub(super) fn span(text: &str) -> Option<Span> {
    text.parse().ok()
}

/// `1024B`, `64KiB`, `64MiB`, `2GiB`, in bytes.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let factor = match unit {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(factor)
}

fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    Some((text[..end].parse().ok()?, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_exactly() {
        assert_eq!(span("90s"), Some(Span::from_secs(90)));
        assert_eq!(span("250ms"), Some(Span::from_millis(250)));
        assert_eq!(span("7d"), Some(Span::from_secs(604_800)));
        assert_eq!(bytes("64MiB"), Some(64 << 20));
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for text in [
            "",
            "s",
            "10",
            "-1s",
            "1.5h",
            "1h30m",
            "10 s",
            "999999999999999999999s",
            "18446744073709551615d",
            "é",
        ] {
            assert_eq!(span(text), None, "{text:?}");
        }
        for text in ["64", "64MB", "64M", "17179869184GiB"] {
            assert_eq!(bytes(text), None, "{text:?}");
        }
    }
}
