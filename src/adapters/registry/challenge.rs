//! `WWW-Authenticate`, read: what a registry wants before it answers.
//!
//! The grammar is RFC 9110, section 11.6.1: several challenges may share one header, commas separate challenges and parameters
//! alike, and a quoted value may hold commas itself (`scope="repository:a:pull,push"` does).

use std::iter::Peekable;
use std::str::Chars;

/// Headers longer than this are not read: real ones have some hundred bytes.
const LONGEST: usize = 8 << 10;

/// What a registry wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// A token of the service at `realm` (distribution's token specification).
    Bearer {
        /// The token service's URL, as given.
        realm: String,
        /// The name by which it knows the registry.
        service: Option<String>,
        /// What the token must allow, separated by spaces.
        scope: Option<String>,
    },
    /// User and password.
    Basic,
}

/// The best challenge of all `WWW-Authenticate` headers: a Bearer with a realm before Basic; none when neither is there.
pub fn choose<'a>(headers: impl IntoIterator<Item = &'a str>) -> Option<Challenge> {
    let all: Vec<Raw> = headers.into_iter().flat_map(read).collect();
    let bearer = all.iter().find_map(|raw| {
        let realm = raw.get("realm").filter(|_| raw.scheme == "bearer")?;
        Some(Challenge::Bearer { realm, service: raw.get("service"), scope: raw.get("scope") })
    });
    bearer.or_else(|| all.iter().any(|raw| raw.scheme == "basic").then_some(Challenge::Basic))
}

/// One challenge: names in lower case, values as they stand.
#[derive(Debug, PartialEq, Eq)]
struct Raw {
    scheme: String,
    params: Vec<(String, String)>,
}

impl Raw {
    fn get(&self, name: &str) -> Option<String> {
        self.params
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.clone())
    }
}

fn read(header: &str) -> Vec<Raw> {
    let mut found: Vec<Raw> = Vec::new();
    if header.len() > LONGEST {
        return found;
    }
    let mut rest = header.chars().peekable();
    loop {
        skip(&mut rest, |c| c == ',' || c.is_ascii_whitespace());
        let word = token(&mut rest).to_ascii_lowercase();
        if word.is_empty() {
            return found;
        }
        skip(&mut rest, |c| c.is_ascii_whitespace());
        match (rest.peek(), found.last_mut()) {
            // `name=value` belongs to the challenge before it; anything else begins a challenge.
            (Some('='), Some(open)) => {
                rest.next();
                skip(&mut rest, |c| c.is_ascii_whitespace());
                open.params.push((word, value(&mut rest)));
            }
            _ => found.push(Raw { scheme: word, params: Vec::new() }),
        }
    }
}

fn skip(rest: &mut Peekable<Chars<'_>>, what: impl Fn(char) -> bool) {
    while rest.next_if(|c| what(*c)).is_some() {}
}

/// A token; a character that is in no token (as of a `token68`) ends it, and is dropped when it stands at its start.
fn token(rest: &mut Peekable<Chars<'_>>) -> String {
    let legal = |c: &char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~/:".contains(*c);
    let mut out = String::new();
    while let Some(c) = rest.peek() {
        if legal(c) {
            out.push(*c);
        } else if !out.is_empty() {
            break;
        }
        rest.next();
    }
    out
}

fn value(rest: &mut Peekable<Chars<'_>>) -> String {
    if rest.next_if_eq(&'"').is_none() {
        return match rest.peek() {
            None | Some(',' | ' ' | '=') => String::new(),
            Some(_) => token(rest),
        };
    }
    let mut out = String::new();
    while let Some(c) = rest.next() {
        match c {
            '"' => break,
            '\\' => out.extend(rest.next()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Option<Challenge> {
        let own = |text: Option<&str>| text.map(ToOwned::to_owned);
        Some(Challenge::Bearer { realm: realm.to_owned(), service: own(service), scope: own(scope) })
    }

    #[test]
    fn commas_and_escapes_inside_quotes_belong_to_the_value() {
        let header = r#"Bearer realm="https://a.example/t?x=1,2",service="S \"q\"",scope="repository:a/b:pull,push repository:c:pull""#;
        let want = bearer(
            "https://a.example/t?x=1,2",
            Some("S \"q\""),
            Some("repository:a/b:pull,push repository:c:pull"),
        );
        assert_eq!(choose([header]), want);
    }

    #[test]
    fn names_are_read_in_any_case_and_values_keep_theirs() {
        let want = bearer("https://A.example/Token", Some("ReG"), None);
        assert_eq!(choose(["bEARER Realm = \"https://A.example/Token\" , SERVICE=ReG"]), want);
    }

    #[test]
    fn a_bearer_is_chosen_before_basic_wherever_it_stands() {
        let want = bearer("https://a.example/t", None, None);
        assert_eq!(choose([r#"Basic realm="x, y", Bearer realm="https://a.example/t""#]), want);
        assert_eq!(choose(["Basic realm=x", r#"Bearer realm="https://a.example/t""#]), want);
        assert_eq!(choose([r#"Negotiate abc==, Basic realm="x""#]), Some(Challenge::Basic));
    }

    #[test]
    fn what_cannot_be_used_is_no_challenge() {
        for header in
            ["", "Bearer", "Bearer realm=\"\"", "Digest realm=\"x\"", ",,=,", "Bearer service=\"x\""]
        {
            assert_eq!(choose([header]), None, "{header:?}");
        }
        assert_eq!(choose([format!("Bearer realm=\"{}\"", "x".repeat(LONGEST)).as_str()]), None);
    }

    proptest! {
        #[test]
        fn any_header_is_read_without_a_panic_and_to_its_end(header in "[ -~]{0,200}") {
            let _ = choose([header.as_str()]);
        }

        #[test]
        fn any_quoted_scope_comes_back_as_it_was(scope in "[a-zA-Z0-9:/,. ]{1,60}") {
            let header = format!("Bearer realm=\"r\",scope=\"{scope}\"");
            prop_assert_eq!(choose([header.as_str()]), bearer("r", None, Some(&scope)));
        }
    }
}
