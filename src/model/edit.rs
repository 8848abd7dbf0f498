//! Applying edits to a Dockerfile: how a build is fixed to the digests that were tested.

use super::jobs::{Edit, Place};

/// Why edits cannot be applied to a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// A place ends before it starts, or after the text does.
    #[error("apply the edit at line {}: bytes {}..{} are not in a text of {length} bytes", place.line, place.start, place.end)]
    OutOfRange {
        /// What was to be replaced.
        place: Place,
        /// The text's length in bytes.
        length: usize,
    },
    /// A place begins or ends inside a character.
    #[error("apply the edit at line {}: bytes {}..{} cut a character in two", place.line, place.start, place.end)]
    InsideCharacter {
        /// What was to be replaced.
        place: Place,
    },
    /// Two edits touch the same bytes, or start at the same one, so that their order would matter.
    #[error("apply the edits at lines {} and {}: they overlap", first.line, second.line)]
    Overlap {
        /// The one that starts earlier.
        first: Place,
        /// The one that starts later.
        second: Place,
    },
}

/// `text` with every edit applied; edits may come in any order, and nothing outside their places changes.
pub fn apply(text: &str, edits: &[Edit]) -> Result<String, EditError> {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| edit.place);
    check(text, &sorted)?;
    let added: usize = edits.iter().map(|edit| edit.text.len()).sum();
    let mut out = String::with_capacity(text.len() + added);
    let mut done = 0;
    for edit in sorted {
        out.push_str(&text[done..edit.place.start]);
        out.push_str(&edit.text);
        done = edit.place.end;
    }
    out.push_str(&text[done..]);
    Ok(out)
}

fn check(text: &str, sorted: &[&Edit]) -> Result<(), EditError> {
    for edit in sorted {
        let place = edit.place;
        if place.start > place.end || place.end > text.len() {
            return Err(EditError::OutOfRange { place, length: text.len() });
        }
        if !text.is_char_boundary(place.start) || !text.is_char_boundary(place.end) {
            return Err(EditError::InsideCharacter { place });
        }
    }
    for pair in sorted.windows(2) {
        let (first, second) = (pair[0].place, pair[1].place);
        if second.start < first.end || second.start == first.start {
            return Err(EditError::Overlap { first, second });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn edit(start: usize, end: usize, text: &str) -> Edit {
        Edit { place: Place { start, end, line: 1 }, text: text.to_owned() }
    }

    #[test]
    fn edits_apply_in_any_order() {
        let edits = [edit(15, 16, "new"), edit(5, 8, "b@1")];
        assert_eq!(apply("FROM a:1\nFROM  c AS d", &edits).unwrap(), "FROM b@1\nFROM  new AS d");
    }

    #[test]
    fn edits_that_cannot_be_meant_are_refused() {
        assert!(matches!(apply("abc", &[edit(1, 4, "")]), Err(EditError::OutOfRange { length: 3, .. })));
        assert!(matches!(apply("abc", &[edit(2, 1, "")]), Err(EditError::OutOfRange { .. })));
        assert!(matches!(apply("aéb", &[edit(2, 3, "")]), Err(EditError::InsideCharacter { .. })));
        assert!(matches!(apply("abc", &[edit(1, 3, ""), edit(0, 2, "")]), Err(EditError::Overlap { .. })));
        assert!(matches!(apply("abc", &[edit(1, 1, "x"), edit(1, 1, "y")]), Err(EditError::Overlap { .. })));
    }

    proptest! {
        #[test]
        fn only_the_places_change(parts in prop::collection::vec(("[a-zé\\n]{1,5}", "[a-zé]{0,4}", "[x-z@]{0,6}"), 0..8), tail in "[a-z]{0,3}") {
            let (mut text, mut want, mut edits) = (String::new(), String::new(), Vec::new());
            for (kept, old, new) in &parts {
                text.push_str(kept);
                want.push_str(kept);
                edits.push(edit(text.len(), text.len() + old.len(), new));
                text.push_str(old);
                want.push_str(new);
            }
            text.push_str(&tail);
            want.push_str(&tail);
            edits.reverse();
            prop_assert_eq!(apply(&text, &edits).unwrap(), want);
        }

        #[test]
        fn no_edit_makes_it_panic(text in any::<String>(), places in prop::collection::vec((0usize..40, 0usize..40), 0..5)) {
            let edits: Vec<Edit> = places.iter().map(|(start, end)| edit(*start, *end, "x")).collect();
            if let Ok(out) = apply(&text, &edits) {
                let removed: usize = edits.iter().map(|e| e.place.end - e.place.start).sum();
                prop_assert_eq!(out.len(), text.len() - removed + edits.len());
            }
        }
    }
}
