//! `docs/configuration.md` is held to the declarations.

use crate::config::sections;
use std::fs;
use std::path::Path;

#[test]
fn every_key_is_documented_with_its_default_and_meaning() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    let text = fs::read_to_string(path).unwrap();
    for (title, keys) in sections() {
        let heading =
            if title.is_empty() { "## The top of the file\n".to_owned() } else { format!("## `{title}`\n") };
        let section =
            text.split(&heading).nth(1).unwrap_or_else(|| panic!("docs/configuration.md has no {heading}"));
        let section = section.split("\n## ").next().unwrap();
        for key in keys {
            let default = match key.default {
                "required" => "required".to_owned(),
                "none" => "-".to_owned(),
                toml => format!("`{toml}`"),
            };
            let row = format!("| `{}` | {default} | {} |\n", key.name, key.meaning);
            assert!(section.contains(&row), "docs/configuration.md, {heading}lacks the row\n{row}");
        }
        let rows = section.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(rows, keys.len(), "docs/configuration.md, {heading} has rows of keys that are gone");
    }
}
