//! `.dockerignore`: which files of a context are not sent.
//!
//! The rules are those of moby/patternmatcher: the last pattern that matches a path or one of its parents decides; `!` takes a file
//! back in; `*` and `?` stay inside one component, `**` crosses any number of them.

/// The patterns of one file.
#[derive(Debug, Default)]
pub(super) struct Ignore {
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    takes_back: bool,
    parts: Vec<Vec<char>>,
}

impl Ignore {
    pub(super) fn parse(text: &str) -> Self {
        let lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines();
        Self { patterns: lines.filter(|line| !line.starts_with('#')).filter_map(pattern).collect() }
    }

    /// Whether any pattern takes something back in, so that an ignored folder must still be looked into.
    pub(super) fn takes_back(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.takes_back)
    }

    /// Whether the path (relative to the context, with `/`) is left out.
    pub(super) fn leaves_out(&self, path: &str) -> bool {
        let parts: Vec<Vec<char>> = path.split('/').map(|part| part.chars().collect()).collect();
        let mut left_out = false;
        for pattern in &self.patterns {
            // Only a pattern that would change the answer needs to be tried.
            if pattern.takes_back == left_out
                && (1..=parts.len()).any(|end| matches(&pattern.parts, &parts[..end]))
            {
                left_out = !pattern.takes_back;
            }
        }
        left_out
    }
}

fn pattern(line: &str) -> Option<Pattern> {
    let line = line.trim();
    let (takes_back, line) = match line.strip_prefix('!') {
        Some(rest) => (true, rest.trim()),
        None => (false, line),
    };
    let parts = line.split('/').filter(|part| !part.is_empty() && *part != ".");
    let parts: Vec<Vec<char>> = parts.map(|part| part.chars().collect()).collect();
    (!parts.is_empty()).then_some(Pattern { takes_back, parts })
}

/// Whether pattern components match path components, all of both.
///
/// `reached[j]` says that the pattern so far matches the first `j` components: one row a component, so the time is bounded by the
/// product of both lengths, whatever the pattern.
fn matches(pattern: &[Vec<char>], path: &[Vec<char>]) -> bool {
    let mut reached = vec![false; path.len() + 1];
    reached[0] = true;
    for part in pattern {
        let deep = part.as_slice() == ['*', '*'];
        let mut next = vec![false; path.len() + 1];
        for at in 0..=path.len() {
            let before =
                at > 0 && if deep { next[at - 1] } else { reached[at - 1] && component(part, &path[at - 1]) };
            next[at] = before || (deep && reached[at]);
        }
        reached = next;
    }
    reached[path.len()]
}

/// One component against one pattern component: `*`, `?`, `[a-z]`, `[^a]` and `\x`, in the same bounded way.
fn component(pattern: &[char], name: &[char]) -> bool {
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    let mut rest = pattern;
    while let Some((token, after)) = token(rest) {
        let mut next = vec![false; name.len() + 1];
        for at in 0..=name.len() {
            next[at] = match token {
                Token::Many => reached[at] || (at > 0 && next[at - 1]),
                Token::One(one) => at > 0 && reached[at - 1] && one.takes(name[at - 1]),
            };
        }
        reached = next;
        rest = after;
    }
    reached[name.len()]
}

#[derive(Clone, Copy)]
enum Token<'a> {
    Many,
    One(One<'a>),
}

#[derive(Clone, Copy)]
enum One<'a> {
    Any,
    Exactly(char),
    Class { not: bool, members: &'a [char] },
}

impl One<'_> {
    fn takes(self, c: char) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(wanted) => c == wanted,
            Self::Class { not, members } => in_class(members, c) != not,
        }
    }
}

fn in_class(members: &[char], c: char) -> bool {
    let mut rest = members;
    loop {
        match rest {
            [low, '-', high, after @ ..] => {
                if (*low..=*high).contains(&c) {
                    return true;
                }
                rest = after;
            }
            [one, after @ ..] => {
                if *one == c {
                    return true;
                }
                rest = after;
            }
            [] => return false,
        }
    }
}

fn token(pattern: &[char]) -> Option<(Token<'_>, &[char])> {
    let (token, used) = match pattern {
        [] => return None,
        ['*', ..] => (Token::Many, 1),
        ['?', ..] => (Token::One(One::Any), 1),
        ['\\', c, ..] => (Token::One(One::Exactly(*c)), 2),
        ['[', inside @ ..] => match inside.iter().position(|c| *c == ']') {
            Some(end) if end > 0 => {
                let not = inside[0] == '^';
                (Token::One(One::Class { not, members: &inside[usize::from(not)..end] }), end + 2)
            }
            Some(_) | None => (Token::One(One::Exactly('[')), 1),
        },
        [c, ..] => (Token::One(One::Exactly(*c)), 1),
    };
    Some((token, &pattern[used..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_match_as_docker_has_it() {
        let cases = [
            ("*.log", "a.log", true),
            ("*.log", "a/b.log", false),
            ("**/*.log", "a/b.log", true),
            ("**/*.log", "b.log", true),
            ("/target/", "target/debug/x", true),
            ("target", "src/target", false),
            ("a/**/z", "a/b/c/z", true),
            ("a/**", "a/b", true),
            ("a?c", "abc", true),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("\\*", "a", false),
            ("# a comment", "# a comment", false),
            ("a\n!a/keep", "a/keep", false),
            ("a\n!a/keep\na/keep", "a/keep", true),
            ("*\n!src", "src/main.rs", false),
        ];
        for (text, path, left_out) in cases {
            assert_eq!(Ignore::parse(text).leaves_out(path), left_out, "{text:?} {path}");
        }
    }

    proptest! {
        #[test]
        fn no_pattern_panics_or_takes_long(text in "[a*?\\[\\]^!/\\\\\\-\n]{0,60}", path in "[a/]{1,60}") {
            Ignore::parse(&text).leaves_out(&path);
        }
    }
}
