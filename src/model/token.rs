//! Tokens by which a provisioner finds again what it made for us: `3f2a9c81d04be57a-9b1e77c2`.
//!
//! The first part says what the machine is for, the second whose it is: the mark of the installation. So a machine can be told to be ours
//! when nobody remembers what it was made for. Tokens of older versions have no second part; whose they are cannot be told.

use super::image::Digest;

/// Digits of the first part.
const WHAT: usize = 16;
/// Digits of an installation's mark: that two installations on one pool share it has a chance of one in four milliards.
const WHOSE: usize = 8;

/// A token of an installation; the same for the same `what`.
pub fn make(install: &str, what: &str) -> String {
    format!("{}-{}", unmarked(install, what), mark(install))
}

/// A token as older versions made it.
pub fn unmarked(install: &str, what: &str) -> String {
    Digest::of(format!("{install} {what}").as_bytes()).hex()[..WHAT].to_owned()
}

/// Whether an installation made this token. An installation without a name has made none.
pub fn is_of(install: &str, token: &str) -> bool {
    let Some((what, whose)) = token.split_once('-') else { return false };
    let digits = |text: &str| text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    !install.is_empty() && what.len() == WHAT && digits(what) && whose == mark(install)
}

fn mark(install: &str) -> String {
    Digest::of(install.as_bytes()).hex()[..WHOSE].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_whose_it_is_and_nothing_else_does() {
        let token = make("5100d0c5a11ab1e5", "1 node:lab/w1 uid 0");
        assert_eq!(token, make("5100d0c5a11ab1e5", "1 node:lab/w1 uid 0"));
        assert_ne!(token, make("5100d0c5a11ab1e5", "1 node:lab/w1 uid 1"));
        assert!(is_of("5100d0c5a11ab1e5", &token));
        assert!(!is_of("another", &token));
        let (what, whose) = token.split_once('-').unwrap();
        let near = [
            what.to_owned(),
            format!("{what}-"),
            format!("x{}-{whose}", &what[1..]),
            format!("{what}0-{whose}"),
            format!("{token}-1"),
            "check-0123456789ab".to_owned(),
            String::new(),
        ];
        for other in near {
            assert!(!is_of("5100d0c5a11ab1e5", &other), "{other} was taken for ours");
        }
        assert!(!is_of("", &make("", "1 node:lab/w1 uid 0")));
    }
}
