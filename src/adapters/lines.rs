//! Lines, put together from the pieces in which an engine sends them.

use crate::model::limits::LOG_LINE_BYTES;

/// What is held back until its line ends; never more than a line may have.
#[derive(Debug, Default)]
pub struct Lines {
    held: Vec<u8>,
}

impl Lines {
    /// Takes a piece in and gives each line that ends in it, without its end.
    pub fn push(&mut self, piece: &[u8], mut each: impl FnMut(&str)) {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.held.extend_from_slice(part);
            if part.ends_with(b"\n") || self.held.len() > LOG_LINE_BYTES {
                self.end(&mut each);
            }
        }
    }

    /// Gives what has no end yet.
    pub fn end(&mut self, mut each: impl FnMut(&str)) {
        if !self.held.is_empty() {
            let line = std::mem::take(&mut self.held);
            each(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut out) = (Lines::default(), Vec::new());
        for piece in pieces {
            lines.push(piece, |line| out.push(line.to_owned()));
        }
        lines.end(|line| out.push(line.to_owned()));
        out
    }

    #[test]
    fn pieces_become_lines_and_characters_stay_whole() {
        assert_eq!(lines(&[b"a\nb", b"c\r\n\n", b"\xc3", b"\xa4x"]), ["a", "bc", "", "äx"]);
        assert_eq!(lines(&[b"\xff\n"]), ["\u{fffd}"]);
    }

    #[test]
    fn a_line_without_an_end_is_not_held_for_ever() {
        assert_eq!(lines(&[&vec![b'x'; LOG_LINE_BYTES + 1], b"y"]).len(), 2);
    }
}
