//! `.dockerignore`: which files of a context are not sent.
//!
//! The rules are those of the docker command (docs.docker.com, "Build context", `.dockerignore` files): patterns are relative to the
//! context's root; `*`, `?` and `[a-z]` stay inside one path component, `**` crosses them; a pattern that matches a folder
//! matches what is in it; `!` takes back; the last pattern that matches decides. `NAME.dockerignore` beside a Dockerfile is a habit of BuildKit's client
//! and is not read.

/// The patterns of one file, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ignore {
    patterns: Vec<Pattern>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    parts: Vec<Vec<char>>,
    takes_back: bool,
}

impl Ignore {
    /// Reads the file's text; comments and empty lines say nothing.
    pub fn read(text: &str) -> Self {
        let lines = text.trim_start_matches('\u{feff}').lines().filter(|line| !line.starts_with('#'));
        Self { patterns: lines.filter_map(pattern).collect() }
    }

    /// Whether the file or folder at `path` (relative, separated by `/`) stays behind.
    pub fn ignores(&self, path: &str) -> bool {
        let parts: Vec<Vec<char>> = path.split('/').map(|part| part.chars().collect()).collect();
        let hit = |pattern: &&Pattern| (1..=parts.len()).any(|n| covers(&pattern.parts, &parts[..n]));
        self.patterns.iter().rev().find(hit).is_some_and(|pattern| !pattern.takes_back)
    }

    /// Whether a folder that is ignored need not be looked into: nothing takes anything back.
    pub fn prunes(&self) -> bool {
        self.patterns.iter().all(|pattern| !pattern.takes_back)
    }
}

fn pattern(line: &str) -> Option<Pattern> {
    let line = line.trim();
    let (takes_back, text) = match line.strip_prefix('!') {
        Some(rest) => (true, rest.trim()),
        None => (false, line),
    };
    let legal = |part: &&str| !part.is_empty() && *part != ".";
    let parts: Vec<Vec<char>> = text.split('/').filter(legal).map(|part| part.chars().collect()).collect();
    (!parts.is_empty()).then_some(Pattern { parts, takes_back })
}

fn covers(pattern: &[Vec<char>], path: &[Vec<char>]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        Some((first, rest)) if first == &['*', '*'] => {
            if rest.is_empty() {
                return !path.is_empty();
            }
            (0..=path.len()).any(|n| covers(rest, &path[n..]))
        }
        Some((first, rest)) => {
            path.split_first().is_some_and(|(name, below)| glob(first, name) && covers(rest, below))
        }
    }
}

/// Go's `filepath.Match` inside one component.
fn glob(pattern: &[char], name: &[char]) -> bool {
    match (pattern.first(), name.first()) {
        (None, None) => true,
        (Some('*'), _) => glob(&pattern[1..], name) || (!name.is_empty() && glob(pattern, &name[1..])),
        (Some('?'), Some(_)) => glob(&pattern[1..], &name[1..]),
        (Some('['), Some(c)) => match class(&pattern[1..], *c) {
            Some((true, rest)) => glob(rest, &name[1..]),
            Some((false, _)) | None => false,
        },
        (Some('\\'), Some(c)) => pattern.get(1) == Some(c) && glob(&pattern[2..], &name[1..]),
        (Some(p), Some(c)) => p == c && glob(&pattern[1..], &name[1..]),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Whether `c` is in the class that begins at `pattern`, and what follows the class; none for a class that never ends.
fn class(pattern: &[char], c: char) -> Option<(bool, &[char])> {
    let (negated, body) = match pattern.first() {
        Some('^' | '!') => (true, &pattern[1..]),
        _ => (false, pattern),
    };
    let end = body.iter().skip(1).position(|c| *c == ']')? + 1;
    let mut found = false;
    let mut at = 0;
    while at < end {
        if at + 2 < end && body[at + 1] == '-' {
            found |= (body[at]..=body[at + 2]).contains(&c);
            at += 3;
        } else {
            found |= body[at] == c;
            at += 1;
        }
    }
    Some((found != negated, &body[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ignored(text: &str, path: &str) -> bool {
        Ignore::read(text).ignores(path)
    }

    #[test]
    fn patterns_are_relative_to_the_root_and_cover_folders() {
        assert!(ignored("node_modules", "node_modules/a/b.js"));
        assert!(!ignored("node_modules", "web/node_modules/a"));
        assert!(ignored("**/node_modules", "web/node_modules/a"));
        assert!(ignored("/target/", "target/x"));
        assert!(ignored("./a", "a"));
    }

    #[test]
    fn stars_stay_inside_a_component_and_two_cross_them() {
        assert!(ignored("*.md", "README.md") && !ignored("*.md", "docs/a.md"));
        assert!(ignored("*/*.md", "docs/a.md"));
        assert!(ignored("docs/**", "docs/a/b") && !ignored("docs/**", "docs"));
        assert!(ignored("a?c", "abc") && !ignored("a?c", "abbc"));
        assert!(ignored("[a-c]x", "bx") && !ignored("[^a-c]x", "bx") && ignored("\\*", "*"));
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        let text = "# all but one\n*\n!src\nsrc/secret\n";
        assert!(ignored(text, "a") && !ignored(text, "src/main.rs") && ignored(text, "src/secret"));
        assert!(!Ignore::read(text).prunes() && Ignore::read("*").prunes());
    }

    proptest! {
        #[test]
        fn any_pattern_is_tried_without_a_panic(text in "[a*?\\[\\]\\\\!/^-]{0,12}", path in "[a-b/]{1,12}") {
            let _ = ignored(&text, &path);
        }
    }
}
