//! Bytes that a disk changed: in the file, and in the log beside it.

use crate::cuts::{first, killed};
use crate::files::{Files, helpful};

const BATCHES: usize = 8;

/// What a bad disk makes of a byte.
const CHANGES: [fn(u8) -> u8; 3] = [|byte| byte ^ 1, |byte| byte ^ 0x80, |_| 0];

/// Each of `places` changed in each way: whole, or refused with what to do. Says how often it was refused.
fn each(
    files: &Files,
    dir: &std::path::Path,
    places: impl Iterator<Item = usize>,
    of: fn(&mut Files) -> &mut Vec<u8>,
) -> usize {
    let mut refused = 0;
    for place in places {
        for (nth, change) in CHANGES.iter().enumerate() {
            let mut broken = files.clone();
            let byte = &mut of(&mut broken)[place];
            *byte = change(*byte);
            match broken.start(dir) {
                Ok(kept) => assert_eq!(kept, first(BATCHES), "byte {place}, change {nth}"),
                Err(error) => {
                    helpful(&error);
                    refused += 1;
                }
            }
        }
    }
    refused
}

#[test]
fn a_byte_that_changed_in_the_file_is_harmless_or_refused_and_never_believed() {
    let (files, _, dir) = killed();
    assert_eq!(files.start(dir.path()).unwrap(), first(BATCHES));
    let closed = Files::of(dir.path());
    let length = closed.database.len();
    let places = (0..200).chain((length - 3 * 4_096..length).step_by(5)).chain((0..length).step_by(53));
    let refused = each(&closed, dir.path(), places, |files| &mut files.database);
    assert!(refused > 300, "{refused} of them were noticed");
}

#[test]
fn a_byte_that_changed_in_the_log_is_harmless_or_refused_and_never_believed() {
    let (files, ends, dir) = killed();
    let last = ends[BATCHES - 1]..ends[BATCHES];
    let places = (0..60).chain(last.step_by(5)).chain((0..ends[BATCHES]).step_by(211));
    let refused = each(&files, dir.path(), places, |files| files.log.as_mut().expect("it is there"));
    assert!(refused > 300, "{refused} of them were noticed");
}
