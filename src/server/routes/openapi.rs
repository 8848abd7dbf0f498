//! `GET /v1/openapi.json`.

use super::answer::Answer;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

/// The description of the wire for programs, kept by hand beside this file.
pub(super) const OPENAPI: &str = include_str!("openapi.json");

pub(super) async fn openapi() -> Answer {
    Ok(([(CONTENT_TYPE, "application/json")], OPENAPI).into_response())
}

#[cfg(test)]
mod tests {
    use super::OPENAPI;
    use crate::model::Command;
    use crate::server::routes::ROUTES;
    use serde_json::{Value, json};
    use std::collections::BTreeSet;

    #[test]
    fn it_describes_every_route_and_no_other() {
        let document: serde_json::Value = serde_json::from_str(OPENAPI).unwrap();
        let described: BTreeSet<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| {
                methods.as_object().unwrap().keys().map(|m| (m.clone(), path.clone()))
            })
            .collect();
        let routed = ROUTES.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect();
        assert_eq!(described, routed);
    }

    /// Every command by its word, as whoever reads commands tells it when a word is none of them.
    fn commands() -> BTreeSet<String> {
        let none = serde_json::from_value::<Command>(json!({"command": "?"})).unwrap_err().to_string();
        let known = none.split("expected one of").nth(1).unwrap_or_else(|| panic!("{none}"));
        known.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
    }

    /// A value of a field, by its schema.
    fn sample(name: &str, schema: &Value) -> Value {
        match (name, schema["type"].as_str()) {
            ("command", _) => schema["const"].clone(),
            ("seen", _) => json!({}),
            ("step", _) => json!("node:prod/n1"),
            ("workload", _) => json!("prod/web"),
            (_, Some("integer")) => json!(7),
            (_, Some("string")) => json!("name"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_describes_every_command_and_no_field_that_there_is_not() {
        let document: Value = serde_json::from_str(OPENAPI).unwrap();
        let described = document["components"]["schemas"]["Command"]["oneOf"].as_array().unwrap();
        let mut words = BTreeSet::new();
        for command in described {
            let fields = command["properties"].as_object().unwrap();
            let whole: Value =
                fields.iter().map(|(name, schema)| (name.clone(), sample(name, schema))).collect();
            let read: Command =
                serde_json::from_value(whole.clone()).unwrap_or_else(|e| panic!("{whole}: {e}"));
            let told = serde_json::to_value(&read).unwrap();
            let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
            assert_eq!(names(&told), names(&whole), "fields of {}", fields["command"]["const"]);
            let required: Value = command["required"]
                .as_array()
                .unwrap()
                .iter()
                .map(|name| (name.as_str().unwrap().to_owned(), whole[name.as_str().unwrap()].clone()))
                .collect();
            serde_json::from_value::<Command>(required.clone()).unwrap_or_else(|e| panic!("{required}: {e}"));
            words.insert(fields["command"]["const"].as_str().unwrap().to_owned());
        }
        assert_eq!(words, commands());
    }

    #[test]
    fn what_it_refers_to_is_there() {
        let document: serde_json::Value = serde_json::from_str(OPENAPI).unwrap();
        let used = OPENAPI.split("\"#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next());
        for name in used.collect::<BTreeSet<_>>() {
            assert!(document["components"]["schemas"].get(name).is_some(), "no schema {name}");
        }
    }
}
