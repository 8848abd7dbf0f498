//! What a journal holds: lines of events, or one state.

use super::{comes_back, readable};
use tidegate::engine::State;
use tidegate::journal::{EVENT_FORMAT, decode_event, decode_state};

/// Events of one input; more say nothing new, and a fuzzer must be quick.
const EVENTS: usize = 64;

pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut state = State::default();
    state.restore_derived();
    let mut stepped = 0;
    for line in text.lines().take(EVENTS) {
        match decode_event(EVENT_FORMAT, line) {
            Ok(event) => {
                comes_back(&event);
                state.step(&event);
                stepped += 1;
            }
            Err(why) => readable(&why),
        }
        assert!(decode_event(EVENT_FORMAT + 1, line).is_err(), "a newer format was read");
    }
    if stepped > 0 {
        kept(&state);
    }
    match decode_state(EVENT_FORMAT, &text) {
        Ok(state) => kept(&state),
        Err(why) => readable(&why),
    }
}

/// A state comes back from its snapshot whole, with the same deadline and the same work outstanding.
fn kept(state: &State) {
    let text = serde_json::to_string(state).expect("a state has a JSON form");
    let back = decode_state(EVENT_FORMAT, &text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(&back, state);
    assert_eq!(back.next_deadline(), state.next_deadline());
    assert_eq!(back.outstanding(), state.outstanding());
}
