//! The documentation names what there is.

use crate::world::{Memory, serve};
use clap::CommandFactory;
use tidegate::cli::Cli;

fn read(name: &str) -> String {
    std::fs::read_to_string(format!("{}/docs/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn every_field_of_the_status_is_documented() {
    let (docs, served) = (read("status.md"), serve(&Memory::held()));
    let status: serde_json::Value =
        serde_json::from_str(&served.tidegate(&["status", "--json"]).out).unwrap();
    let mut fields: Vec<&String> = status.as_object().unwrap().keys().collect();
    for list in ["images", "runs", "workloads", "holds", "needs"] {
        let rows = status[list].as_array().unwrap();
        assert!(!rows.is_empty(), "the fixture has no {list}");
        fields.extend(rows.iter().flat_map(|row| row.as_object().unwrap().keys()));
    }
    for run in status["runs"].as_array().unwrap() {
        fields.extend(run["run"].as_object().unwrap().keys());
    }
    for field in fields {
        assert!(docs.contains(&format!("| `{field}` |")), "docs/status.md does not name {field}");
    }
}

#[test]
fn every_command_is_documented() {
    let docs = read("cli.md");
    for command in Cli::command().get_subcommands() {
        let name = command.get_name();
        assert!(docs.contains(&format!("| `tidegate {name}")), "docs/cli.md does not name {name}");
        for option in command.get_opts().filter_map(|option| option.get_long()) {
            assert!(docs.contains(&format!("--{option}")), "docs/cli.md does not name --{option}");
        }
    }
}

#[test]
fn every_request_is_documented() {
    let docs = read("api.md");
    for (method, path) in tidegate::server::routes::ROUTES {
        assert!(
            docs.contains(&format!("`{} {path}", method.to_uppercase())),
            "docs/api.md does not name {path}"
        );
    }
}
