//! Whose fault it is when an engine says that a build or a push failed.

use super::super::engine_client::says_unreachable;
use crate::model::reports::BuildCause;

/// What an engine's error message means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The build failed, for this reason.
    Failed(BuildCause),
    /// Somebody whom the engine needed did not answer.
    Silent,
}

/// What an instruction's own failure begins with or contains, in the classic builder and in BuildKit. Whatever else stands in such a message (a command
/// may well have printed "connection refused") it was the instruction that failed.
const INSTRUCTION: [&str; 6] = [
    "returned a non-zero code",
    "did not complete successfully",
    "executor failed running",
    "copy failed:",
    "add failed:",
    "dockerfile parse error",
];

/// What registries and engines say when they refuse for good.
const REFUSED: [&str; 10] = [
    "unauthorized",
    "denied",
    "authentication required",
    "no basic auth credentials",
    "manifest unknown",
    "not found: manifest",
    "repository does not exist",
    "no matching manifest",
    "no space left on device",
    "server gave http response to https client",
];

/// 1. It names an instruction that ended badly: the instruction.
/// 2. It says that somebody did not answer: silence.
/// 3. It says that a registry or the engine will not: refused.
/// 4. Anything else came up while the Dockerfile was carried out, so it is the instruction's.
pub fn of_build(message: &str) -> Verdict {
    let lower = message.to_ascii_lowercase();
    let says = |texts: &[&str]| texts.iter().any(|text| lower.contains(text));
    if says(&INSTRUCTION) {
        Verdict::Failed(BuildCause::Instruction)
    } else if says_unreachable(message) || lower.ends_with("context canceled") {
        Verdict::Silent
    } else if says(&REFUSED) || (lower.starts_with("manifest for ") && lower.contains("not found")) {
        Verdict::Failed(BuildCause::Refused)
    } else {
        Verdict::Failed(BuildCause::Instruction)
    }
}

/// A push has no instructions: it is silence or a refusal.
pub fn of_push(message: &str) -> Verdict {
    if says_unreachable(message) { Verdict::Silent } else { Verdict::Failed(BuildCause::Refused) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_that_failed_is_never_taken_for_silence() {
        for message in [
            "The command '/bin/sh -c curl x || echo connection refused' returned a non-zero code: 7",
            "process \"/bin/sh -c wget http://x\" did not complete successfully: exit code: 1",
            "executor failed running [/bin/sh -c false]: exit code: 1",
            "ADD failed: failed to GET http://x/ with status 503 Service Unavailable",
            "COPY failed: file not found in build context or excluded by .dockerignore: stat a: file does not exist",
            "dockerfile parse error line 3: unknown instruction: RUM",
            "invalid reference format",
        ] {
            assert_eq!(of_build(message), Verdict::Failed(BuildCause::Instruction), "{message}");
        }
    }

    #[test]
    fn a_parent_that_cannot_be_pulled_is_silence_or_a_refusal() {
        for message in [
            "Get \"http://10.0.0.1:5000/v2/\": dial tcp 10.0.0.1:5000: connect: connection refused",
            "received unexpected HTTP status: 503 Service Unavailable",
            "toomanyrequests: You have reached your pull rate limit",
            "Get \"https://r.example/v2/\": net/http: TLS handshake timeout",
        ] {
            assert_eq!(of_build(message), Verdict::Silent, "{message}");
            assert_eq!(of_push(message), Verdict::Silent, "{message}");
        }
        for message in [
            "manifest for r.example/a@sha256:00 not found: manifest unknown: manifest unknown",
            "pull access denied for a, repository does not exist or may require 'docker login'",
            "unauthorized: authentication required",
        ] {
            assert_eq!(of_build(message), Verdict::Failed(BuildCause::Refused), "{message}");
            assert_eq!(of_push(message), Verdict::Failed(BuildCause::Refused), "{message}");
        }
    }
}
