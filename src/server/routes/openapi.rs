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
    use crate::server::routes::ROUTES;
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

    #[test]
    fn what_it_refers_to_is_there() {
        let document: serde_json::Value = serde_json::from_str(OPENAPI).unwrap();
        let used = OPENAPI.split("\"#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next());
        for name in used.collect::<BTreeSet<_>>() {
            assert!(document["components"]["schemas"].get(name).is_some(), "no schema {name}");
        }
    }
}
