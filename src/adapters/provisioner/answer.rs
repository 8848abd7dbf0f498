//! What a command answered: exactly one JSON object, with the fields that its action needs.

use super::ask::VERSION;
use crate::model::limits::MACHINES;
use crate::model::nodes::Machine;
use crate::model::text::clean;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeSet;

/// Longer than any host name or address.
const ADDRESS_CHARS: usize = 255;
/// Longer than any token of ours.
const TOKEN_CHARS: usize = 200;

/// A machine as a command tells it; fields that we do not know are not looked at.
#[derive(Debug, Deserialize)]
struct Told {
    node: String,
    #[serde(default)]
    address: Option<String>,
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    release: Option<String>,
}

#[derive(Debug, Deserialize)]
struct List {
    machines: Vec<Told>,
}

/// The one object of an answer, whatever is in it.
pub(super) fn object(stdout: &[u8]) -> Result<Value, String> {
    let mut values = serde_json::Deserializer::from_slice(stdout).into_iter::<Value>();
    let first = match values.next() {
        None => return Err("it answered nothing; it must print one JSON object".to_owned()),
        Some(Err(error)) => return Err(format!("its answer is not JSON: {error}")),
        Some(Ok(value)) => value,
    };
    if !first.is_object() {
        return Err(format!("its answer is {}; it must be one JSON object", kind(&first)));
    }
    match values.next() {
        None => {}
        Some(Ok(_)) => return Err("it answered twice; it must print exactly one JSON object".to_owned()),
        Some(Err(_)) => {
            return Err(
                "more follows its answer that is not JSON; log lines belong on its standard error".to_owned()
            );
        }
    }
    match first.get("version") {
        None => Ok(first),
        Some(version) if version.as_u64() == Some(VERSION.into()) => Ok(first),
        Some(version) => {
            let version = clean(&version.to_string(), 40);
            Err(format!("its answer is of version {version}; version {VERSION} is understood"))
        }
    }
}

/// The machine that was made with `token`.
pub(super) fn machine(stdout: &[u8], token: &str) -> Result<Machine, String> {
    let told: Told = fields(object(stdout)?)?;
    let said = told.token.clone();
    let machine = read(told)?;
    match said {
        Some(said) if said != token => Err("it answered with another token than it was given".to_owned()),
        Some(_) | None => Ok(Machine { token: Some(token.to_owned()), ..machine }),
    }
}

/// All machines of a pool. Two of one name could not be told apart, so they are a mistake.
pub(super) fn machines(stdout: &[u8]) -> Result<Vec<Machine>, String> {
    let list: List = fields(object(stdout)?)?;
    if list.machines.len() > MACHINES {
        return Err(format!("it lists {} machines; at most {MACHINES} are read", list.machines.len()));
    }
    let machines: Vec<Machine> = list.machines.into_iter().map(read).collect::<Result<_, _>>()?;
    let mut names = BTreeSet::new();
    match machines.iter().find(|machine| !names.insert(&machine.node)) {
        Some(twice) => Err(format!("it lists {} twice; names must differ", twice.node)),
        None => Ok(machines),
    }
}

fn fields<T: DeserializeOwned>(object: Value) -> Result<T, String> {
    serde_json::from_value(object).map_err(|error| format!("its answer cannot be used: {error}"))
}

fn read(told: Told) -> Result<Machine, String> {
    let shown = clean(&told.node, 64);
    let node =
        told.node.parse().map_err(|_| format!("it names a machine {shown:?}, which is no name of a node"))?;
    let release = told.release.filter(|release| !release.is_empty());
    let release = match release.map(|release| release.parse()).transpose() {
        Ok(release) => release,
        Err(error) => return Err(format!("the release of {node}: {error}")),
    };
    let text =
        |text: Option<String>, chars| text.map(|text| clean(&text, chars)).filter(|text| !text.is_empty());
    Ok(Machine {
        node,
        address: text(told.address, ADDRESS_CHARS),
        token: text(told.token, TOKEN_CHARS),
        release,
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_object_is_an_answer_and_nothing_else_is() {
        assert!(object(b" {\"version\":1}\n").is_ok());
        assert!(object(b"{}").is_ok());
        for (bad, said) in [
            ("", "it answered nothing"),
            ("Creating...\n{}", "its answer is not JSON"),
            ("{}{}", "it answered twice"),
            ("{}\nDone.\n", "more follows its answer"),
            ("[1]", "its answer is a list"),
            ("{\"version\":2}", "its answer is of version 2"),
            ("{\"node\":", "its answer is not JSON"),
        ] {
            let error = object(bad.as_bytes()).unwrap_err();
            assert!(error.starts_with(said), "{bad:?}: {error}");
        }
    }

    #[test]
    fn a_machine_needs_a_name_that_can_be_used_and_the_token_it_was_given() {
        let made = machine(br#"{"node":"w4","address":"10.0.0.4","colour":"red"}"#, "t1").unwrap();
        assert_eq!((made.node.as_str(), made.token.as_deref()), ("w4", Some("t1")));
        for (bad, said) in [
            (r#"{"address":"10.0.0.4"}"#, "its answer cannot be used: missing field `node`"),
            (r#"{"node":"-rf"}"#, "it names a machine \"-rf\""),
            (r#"{"node":"w4","token":"t2"}"#, "it answered with another token"),
            (r#"{"node":"w4","release":"a b"}"#, "the release of w4: \"a b\" is not a name"),
        ] {
            let error = machine(bad.as_bytes(), "t1").unwrap_err();
            assert!(error.starts_with(said), "{bad}: {error}");
        }
    }

    #[test]
    fn a_list_is_read_whole_or_not_at_all() {
        let list = br#"{"machines":[{"node":"w1","address":"10.\u001b[2J0.0.1"},{"node":"w2","token":"t","release":"r1"}]}"#;
        let all = machines(list).unwrap();
        assert_eq!(all[0].address.as_deref(), Some("10.0.0.1"));
        assert_eq!((all[0].token.as_deref(), all[1].token.as_deref()), (None, Some("t")));
        assert!(machines(br#"{"machines":[]}"#).unwrap().is_empty());
        for (bad, said) in [
            (r#"{"machines":[{"node":"w1"},{"node":"w1"}]}"#, "it lists w1 twice"),
            (r#"{"machines":[{"node":"w1"},{"node":""}]}"#, "it names a machine \"\""),
            ("{}", "its answer cannot be used: missing field `machines`"),
        ] {
            let error = machines(bad.as_bytes()).unwrap_err();
            assert!(error.starts_with(said), "{bad}: {error}");
        }
    }
}
