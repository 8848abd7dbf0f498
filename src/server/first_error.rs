//! Which line of a log says first what went wrong. A guess, by the words that build tools and test runners use.

/// Texts that mean an error wherever they stand, in lower case.
const SURE: &[&str] = &[
    "error:",
    "error[",
    "fatal:",
    "panic:",
    "panicked at",
    "traceback (most recent call last)",
    "non-zero code",
    "npm err!",
    "segmentation fault",
    "command not found",
    "core dumped",
    "out of memory",
    "undefined reference",
    "no such file or directory",
    "exception in thread",
];

/// Whole words that mean an error in exactly this case.
const WORDS: &[&str] = &["ERROR", "FATAL", "FAILED", "FAIL", "PANIC", "failed", "Failed"];

/// Texts that mean an error at the beginning of a line: apt, make, go.
const STARTS: &[&str] = &["E: ", "make: *** ", "--- FAIL", "not ok "];

/// Whether `line` says that something went wrong.
///
/// 1. `error: 0`, `0 failed`, `0 of 12 cases failed`, `failed: 0`, `no errors` report that nothing did.
/// 2. A warning is none, also one that speaks of errors.
/// 3. One of the texts above, or a status or exit code other than 0.
pub fn is_error(line: &str) -> bool {
    let lower = line.to_lowercase();
    let trimmed = line.trim_start();
    if lower.trim_start().starts_with("warning") || counts_nothing(&lower) {
        return false;
    }
    SURE.iter().any(|text| lower.contains(text))
        || STARTS.iter().any(|text| trimmed.starts_with(text))
        || words(line).any(|word| WORDS.contains(&word))
        || ended_badly(&lower)
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/')))
        .filter(|word| !word.is_empty())
}

/// Whether every count of errors or failures in the line is 0, and there is one.
fn counts_nothing(lower: &str) -> bool {
    let all: Vec<&str> = words(lower).collect();
    let is_count = |word: &str| word.bytes().all(|b| b.is_ascii_digit());
    let bad = |word: &str| matches!(word, "failed" | "failures" | "failure" | "errors" | "error");
    let mut counts = Vec::new();
    for (place, word) in all.iter().enumerate().filter(|(_, word)| bad(word)) {
        let before = place
            .checked_sub(1)
            .and_then(|before| all.get(before))
            .filter(|word| is_count(word) || **word == "no")
            .or_else(|| of_all(&all, place));
        let after = all.get(place + 1).filter(|word| is_count(word));
        // `1 passed, 2 failed` counts before the word, `failed: 2` after it.
        match (before, after, lower.contains(&format!("{word}: ")) || lower.contains(&format!("{word}="))) {
            (_, Some(count), true) | (Some(count), _, _) => counts.push(*count),
            (None, _, _) => return false,
        }
    }
    !counts.is_empty() && counts.iter().all(|count| *count == "no" || count.bytes().all(|b| b == b'0'))
}

/// The count of `0 of 12 cases failed`, whose word for bad stands at `place`.
fn of_all<'a, 'b>(all: &'b [&'a str], place: usize) -> Option<&'b &'a str> {
    let is_count = |word: &&&str| word.bytes().all(|b| b.is_ascii_digit());
    let of = place.checked_sub(3)?;
    (all.get(of) == Some(&"of")).then(|| all.get(of.checked_sub(1)?)).flatten().filter(is_count)
}

/// `exit code: 2`, `exit status 1`, `exited with 137`.
fn ended_badly(lower: &str) -> bool {
    ["exit code", "exit status", "exited with code", "exited with"].iter().any(|text| {
        let Some((_, rest)) = lower.split_once(text) else { return false };
        let number = rest.trim_start_matches([' ', ':', '=']);
        let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
        digits.bytes().any(|b| b != b'0')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tools_say_when_they_fail_is_found() {
        for line in [
            "error: linking with `cc` failed",
            "error[E0308]: mismatched types",
            "main.c:3:5: error: expected ';'",
            "TypeError: x is not a function",
            "E: Unable to locate package libfoo",
            "make: *** [Makefile:3: all] Error 2",
            "Traceback (most recent call last):",
            "thread 'main' panicked at src/main.rs:3",
            "FAILED tests/test_a.py::test_b - assert 1 == 2",
            "--- FAIL: TestX (0.00s)",
            "The command '/bin/sh -c make' returned a non-zero code: 2",
            "process exited with 137",
            "2 passed, 1 failed",
            "Tests run: 12, Failures: 0, Errors: 1 FAILED",
            "sh: 1: gcc: command not found",
            "not ok 3 - answers on /",
            "2026-11-12T02:12:46Z ERROR cannot bind",
        ] {
            assert!(is_error(line), "{line:?} was missed");
        }
    }

    #[test]
    fn what_only_speaks_of_errors_is_none() {
        for line in [
            "test result: ok. 3 passed; 0 failed; 0 ignored",
            "Tests run: 12, Failures: 0, Errors: 0",
            "0 errors, 0 warnings",
            "failed: 0",
            "no errors",
            "warning: unused variable: `error`",
            "cc -Werror -c error.c",
            "COPY error_handler.o failed.txt /",
            "exit code: 0",
            "Get:1 libgpg-error0 1.47",
            "step 3 of 5",
            "",
        ] {
            assert!(!is_error(line), "{line:?} was taken");
        }
    }
}
