//! What a JUnit file says.

use crate::model::limits::{FAILING_CASES, JUNIT_DEPTH, MESSAGE_CHARS};
use crate::model::reports::{Cases, FailingCase};
use crate::model::text::clean;
use junit_parser::{TestCase, TestStatus, TestSuite};

/// Characters of a case's name that are kept.
const NAME_CHARS: usize = 200;

/// The counts, and the failing cases by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Junit {
    /// Counted from the cases themselves; the attributes of suites are often wrong.
    pub cases: Cases,
    /// At most [`FAILING_CASES`].
    pub failing: Vec<FailingCase>,
}

/// Why a text is no JUnit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JunitError {
    /// Elements inside one another, too many: the parser recurses.
    #[error("its elements are nested deeper than {JUNIT_DEPTH}")]
    Deep,
    /// It is no well-formed JUnit; with the parser's reason, cleaned.
    #[error("{0}")]
    Malformed(String),
}

/// Reads a JUnit file.
pub fn read(bytes: &[u8]) -> Result<Junit, JunitError> {
    check_depth(bytes)?;
    let malformed = |error: &junit_parser::Error| {
        let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
        JunitError::Malformed(clean(&format!("{error}{cause}"), MESSAGE_CHARS))
    };
    let suites = junit_parser::from_reader(bytes).map_err(|error| malformed(&error))?;
    let mut out = Junit::default();
    suites.suites.iter().for_each(|suite| out.suite(suite));
    Ok(out)
}

impl Junit {
    /// Recurses as deep as [`check_depth`] let pass.
    fn suite(&mut self, suite: &TestSuite) {
        suite.cases.iter().for_each(|case| self.case(suite, case));
        suite.suites.iter().for_each(|inner| self.suite(inner));
    }

    fn case(&mut self, suite: &TestSuite, case: &TestCase) {
        let (message, text) = match &case.status {
            TestStatus::Skipped(_) => {
                self.cases.skipped = self.cases.skipped.saturating_add(1);
                return;
            }
            TestStatus::Success => {
                self.cases.total = self.cases.total.saturating_add(1);
                return;
            }
            TestStatus::Failure(failure) => (&failure.message, &failure.text),
            TestStatus::Error(error) => (&error.message, &error.text),
        };
        self.cases.total = self.cases.total.saturating_add(1);
        self.cases.failed = self.cases.failed.saturating_add(1);
        if self.failing.len() < FAILING_CASES {
            let group = case.classname.as_deref().filter(|name| !name.is_empty()).unwrap_or(&suite.name);
            let dot = if group.is_empty() { "" } else { "." };
            let said = if message.trim().is_empty() { text.trim() } else { message.trim() };
            self.failing.push(FailingCase {
                name: clean(&format!("{group}{dot}{}", case.original_name), NAME_CHARS),
                message: clean(said, MESSAGE_CHARS),
            });
        }
    }
}

/// Refuses what would make the parser recurse too deep, as that ends the process and not only the test. A document type is refused
/// with it: no JUnit file needs one.
fn check_depth(mut rest: &[u8]) -> Result<(), JunitError> {
    let mut depth = 0_usize;
    while let Some(at) = rest.iter().position(|byte| *byte == b'<') {
        rest = &rest[at..];
        if let Some(after) = skip_block(rest)? {
            rest = after;
            continue;
        }
        let end = tag_end(rest).ok_or_else(|| JunitError::Malformed("it ends inside a tag".to_owned()))?;
        let tag = &rest[..end];
        if tag.starts_with(b"</") {
            depth = depth.saturating_sub(1);
        } else if !tag.ends_with(b"/") {
            depth += 1;
        }
        if depth > JUNIT_DEPTH {
            return Err(JunitError::Deep);
        }
        rest = &rest[end..];
    }
    Ok(())
}

/// What follows a comment, a CDATA section or a processing instruction, if one begins here.
fn skip_block(rest: &[u8]) -> Result<Option<&[u8]>, JunitError> {
    for (open, close) in [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")] {
        if let Some(body) = rest.strip_prefix(open.as_bytes()) {
            let end = body.windows(close.len()).position(|window| window == close.as_bytes());
            let end = end.ok_or_else(|| JunitError::Malformed(format!("it ends before {close}")))?;
            return Ok(Some(&body[end + close.len()..]));
        }
    }
    if rest.starts_with(b"<!") {
        Err(JunitError::Malformed("it has a document type".to_owned()))
    } else {
        Ok(None)
    }
}

/// Where the `>` of the tag at the start is; one inside quotes is not it.
fn tag_end(tag: &[u8]) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in tag.iter().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), byte) if open == *byte => quote = None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nested_suites_are_counted_case_by_case() {
        let xml = br#"<?xml version="1.0"?><!-- <testsuite> --><testsuites tests="99"><testsuite name="a">
            <testcase name="ok"/>
            <testsuite name="b" failures="0">
              <testcase name="bad" classname="C"><failure message="no &#27;[31mfoo">long</failure></testcase>
              <testcase name="worse"><error>first
                second</error></testcase>
              <testcase name="later"><skipped/></testcase>
            </testsuite></testsuite></testsuites>"#;
        let junit = read(xml).unwrap();
        assert_eq!(junit.cases, Cases { total: 3, failed: 2, skipped: 1 });
        let shown: Vec<_> =
            junit.failing.iter().map(|case| (case.name.as_str(), case.message.as_str())).collect();
        assert_eq!(shown[0], ("C.bad", "no foo"));
        assert!(shown[1].0 == "b.worse" && shown[1].1.starts_with("first "), "{shown:?}");
    }

    #[test]
    fn what_is_no_junit_has_a_reason() {
        for text in [
            "",
            "nonsense",
            "<testsuite>",
            "<testsuite><testcase></testsuite>",
            "<!DOCTYPE x []><testsuites/>",
            "<a/>",
            "<testsuites tests='x'/>",
        ] {
            assert!(matches!(read(text.as_bytes()), Err(JunitError::Malformed(_))), "{text:?}");
        }
    }

    #[test]
    fn nesting_that_would_end_the_process_is_refused() {
        let deep = "<testsuite name='/>'>".repeat(200_000);
        assert_eq!(read(deep.as_bytes()), Err(JunitError::Deep));
        let hidden = "<testsuite><!--</testsuite>-->".repeat(200_000);
        assert_eq!(read(hidden.as_bytes()), Err(JunitError::Deep));
    }

    #[test]
    fn only_so_many_failing_cases_are_kept_by_name() {
        let case = "<testcase name='x'><failure/></testcase>".repeat(FAILING_CASES + 5);
        let junit = read(format!("<testsuite>{case}</testsuite>").as_bytes()).unwrap();
        assert_eq!(junit.failing.len(), FAILING_CASES);
        assert_eq!(junit.cases.failed as usize, FAILING_CASES + 5);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "(<|</|testsuite|testcase|failure|>|/>|\"|'|=| |a|&|;|<!--|-->|\\PC){0,40}") {
            let _ = read(text.as_bytes());
        }
    }
}
