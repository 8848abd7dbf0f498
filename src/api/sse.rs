//! Reads server-sent events out of bytes as they come. Pure: who reads the socket feeds it.
//!
//! The format is the one of the HTML standard, section "Server-sent events": lines end in LF, CR or CR LF; an empty
//! line ends an event; several `data:` lines are one text with line ends between them. `id:` and `retry:` are ignored.

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// Its `event:` line; empty when it had none.
    pub event: String,
    /// Its `data:` lines.
    pub data: String,
}

/// Why the bytes are not a stream of events that we read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    /// An event grew past the limit, so whoever sends it is not our daemon.
    #[error("an event of more than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// A line is not UTF-8.
    #[error("a line that is not UTF-8")]
    NotText,
}

/// What is left of the bytes read so far.
#[derive(Debug)]
pub struct Parser {
    limit: usize,
    line: Vec<u8>,
    after_cr: bool,
    event: String,
    data: Option<String>,
}

impl Parser {
    /// A parser that holds at most about `limit` bytes of one event.
    pub fn new(limit: usize) -> Self {
        Self { limit, line: Vec::new(), after_cr: false, event: String::new(), data: None }
    }

    /// The events that `bytes` complete, in order.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Message>, SseError> {
        let mut done = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            if std::mem::take(&mut self.after_cr) && rest[0] == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let Some(end) = rest.iter().position(|b| matches!(b, b'\n' | b'\r')) else {
                self.keep(rest)?;
                break;
            };
            self.keep(&rest[..end])?;
            self.after_cr = rest[end] == b'\r';
            rest = &rest[end + 1..];
            done.extend(self.end_line()?);
        }
        Ok(done)
    }

    fn keep(&mut self, part: &[u8]) -> Result<(), SseError> {
        let held = self.line.len() + self.data.as_ref().map_or(0, String::len) + self.event.len();
        if held + part.len() > self.limit {
            return Err(SseError::TooLarge { limit: self.limit });
        }
        self.line.extend_from_slice(part);
        Ok(())
    }

    fn end_line(&mut self) -> Result<Option<Message>, SseError> {
        let line = String::from_utf8(std::mem::take(&mut self.line)).map_err(|_| SseError::NotText)?;
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return Ok(self.data.take().map(|data| Message { event, data }));
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            // Comments (an empty field) keep the connection alive; other fields are not ours.
            _ => {}
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(event: &str, data: &str) -> Message {
        Message { event: event.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn every_line_end_ends_a_line() {
        for end in ["\n", "\r\n", "\r"] {
            let text = format!(
                "event: row{end}data: a{end}data: b{end}{end}: beat{end}{end}data:c{end}{end}data: x"
            );
            let read = Parser::new(99).feed(text.as_bytes()).unwrap();
            assert_eq!(read, [message("row", "a\nb"), message("", "c")], "{end:?}");
        }
    }

    #[test]
    fn an_event_without_data_is_none() {
        assert_eq!(Parser::new(99).feed(b"event: row\n\nid: 3\n\nretry: 5\n\n").unwrap(), []);
    }

    #[test]
    fn an_event_name_does_not_outlive_its_event() {
        let read = Parser::new(99).feed(b"event: row\n\ndata: x\n\n").unwrap();
        assert_eq!(read, [message("", "x")]);
    }

    #[test]
    fn an_event_past_the_limit_is_refused_however_it_is_cut() {
        let mut parser = Parser::new(10);
        assert_eq!(parser.feed(&[b'x'; 11]), Err(SseError::TooLarge { limit: 10 }));
        let mut parser = Parser::new(10);
        let all: Result<Vec<_>, _> =
            b"data: abc\ndata: def\ndata: ghi".iter().map(|b| parser.feed(&[*b])).collect();
        assert_eq!(all, Err(SseError::TooLarge { limit: 10 }));
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert_eq!(Parser::new(99).feed(b"data: \xff\xfe\n"), Err(SseError::NotText));
    }

    proptest! {
        #[test]
        fn where_the_bytes_are_cut_makes_no_difference(
            text in "(data: [a-z]{0,4}|event: [a-z]{0,3}|: beat|\r|\n|\r\n|\n\n){0,30}",
            cuts in proptest::collection::vec(1_usize..7, 1..40),
        ) {
            let whole = Parser::new(1 << 12).feed(text.as_bytes()).unwrap();
            let mut parser = Parser::new(1 << 12);
            let (mut read, mut rest) = (Vec::new(), text.as_bytes());
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                read.extend(parser.feed(now).unwrap());
                rest = later;
            }
            prop_assert_eq!(read, whole);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Parser::new(64).feed(&bytes);
        }
    }
}
