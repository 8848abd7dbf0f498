//! Holds the code to the house rules: who may use whom, sizes, and what the pure parts must not touch.
//!
//! The table is the one of `docs/architecture.md`; a test below fails when they differ.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use syn::visit::Visit;

/// Module → the modules of this crate that it may use, beside itself.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("lineage", &["model"]),
    ("engine", &["model", "lineage"]),
    ("journal", &["model", "engine"]),
    ("ports", &["model"]),
    ("adapters", &["model", "ports"]),
    ("sim", &["model", "ports"]),
    ("daemon", &["model", "engine", "journal", "ports"]),
    ("play", &["model", "engine", "journal", "ports", "sim", "daemon"]),
    ("api", &["model"]),
    ("server", &["model", "engine", "api", "daemon", "ports"]),
    ("console", &["model", "api"]),
    ("config", &["model", "lineage"]),
    ("cli", &["model", "config", "lineage", "api", "console", "daemon"]),
];

/// What the pure parts must not name: they take time and the world as data.
const PURE: &[&str] = &["src/engine", "src/lineage", "src/model", "src/console/update", "src/console/view"];
const IMPURE: &[&str] = &[
    "tokio::",
    "std::fs",
    "std::net",
    "std::process",
    "std::time::Instant",
    "SystemTime",
    "Utc::now",
    "Local::now",
    "Instant::now",
    "std::env",
    "HashMap",
    "HashSet",
    "rand::",
    "tracing::",
];

const FILE_LINES: usize = 500;
const MEDIAN_FILE_LINES: usize = 200;
const FUNCTION_LINES: usize = 70;
const NINE_OF_TEN_FUNCTION_LINES: usize = 30;
const MEDIAN_FUNCTION_LINES: usize = 10;

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            rust_files(&entry, found);
        } else if entry.extension().is_some_and(|ext| ext == "rs") {
            found.push(entry);
        }
    }
}

/// The sources, as (path, text), sorted.
fn sources(dir: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    rust_files(Path::new(dir), &mut files);
    files.sort();
    assert!(!files.is_empty(), "no sources under {dir}");
    files.into_iter().map(|path| (path.display().to_string(), fs::read_to_string(&path).unwrap())).collect()
}

fn module_of(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("src/")?;
    let first = rest.split('/').next()?;
    let name = first.strip_suffix(".rs").unwrap_or(first);
    (!matches!(name, "lib" | "main" | "wire")).then_some(name)
}

fn without_comments(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// The first path segments after every `crate::` of a line.
fn crate_uses(line: &str) -> Vec<String> {
    let name = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => {
                found.extend(group.split('}').next().unwrap_or("").split(',').map(|part| name(part.trim())));
            }
            None => found.push(name(rest)),
        }
    }
    found
}

#[test]
fn every_module_uses_only_what_the_table_allows() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let Some(module) = module_of(&path) else { continue };
        let Some(may) = allowed.get(module) else {
            wrong.push(format!("{path}: module {module} is not in the table"));
            continue;
        };
        for (number, line) in without_comments(&text) {
            for used in crate_uses(line).iter().filter(|used| allowed.contains_key(used.as_str())) {
                if used != module && !may.contains(&used.as_str()) {
                    wrong.push(format!("{path}:{}: {module} uses {used}", number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_architecture_page_has_the_same_table() {
    let page = fs::read_to_string("docs/architecture.md").unwrap();
    for (module, may) in MAY_USE {
        let uses = if may.is_empty() { "-".to_owned() } else { may.join(", ") };
        let row = page.lines().find(|line| line.starts_with(&format!("| `{module}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/architecture.md has no row for `{module}`"));
        assert!(
            row.ends_with(&format!("| {uses} |")),
            "docs/architecture.md: `{module}` may use {uses}, but the row is {row}"
        );
    }
}

#[test]
fn the_pure_parts_touch_no_clock_no_file_and_no_socket() {
    let mut wrong = Vec::new();
    for (path, text) in PURE.iter().filter(|dir| Path::new(dir).exists()).flat_map(|dir| sources(dir)) {
        if path.contains("/tests") || path.ends_with("fixture.rs") {
            continue;
        }
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(&text);
        for (number, line) in without_comments(code) {
            for word in IMPURE.iter().filter(|word| line.contains(**word)) {
                wrong.push(format!("{path}:{}: {word}", number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn files_stay_small() {
    let mut sizes: Vec<(usize, String)> =
        sources("src").into_iter().map(|(path, text)| (text.lines().count(), path)).collect();
    sizes.sort();
    let large: Vec<_> = sizes.iter().filter(|(lines, _)| *lines > FILE_LINES).collect();
    assert!(large.is_empty(), "over {FILE_LINES} lines: {large:?}");
    let median = sizes[sizes.len() / 2].0;
    assert!(median <= MEDIAN_FILE_LINES, "the median file has {median} lines");
}

struct Functions {
    path: String,
    sizes: Vec<(usize, String)>,
}

impl Functions {
    fn add(&mut self, name: &syn::Ident, block: &syn::Block) {
        let (open, close) =
            (block.brace_token.span.open().start().line, block.brace_token.span.close().end().line);
        self.sizes.push((close - open + 1, format!("{}::{name}", self.path)));
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.sig.ident, &item.block);
        syn::visit::visit_item_fn(self, item);
    }
    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.sig.ident, &item.block);
        syn::visit::visit_impl_item_fn(self, item);
    }
}

#[test]
fn functions_stay_small() {
    let mut all: Vec<(usize, String)> = Vec::new();
    for (path, text) in sources("src") {
        let file = syn::parse_file(&text).unwrap_or_else(|e| panic!("{path}: {e}"));
        let mut functions = Functions { path, sizes: Vec::new() };
        functions.visit_file(&file);
        all.extend(functions.sizes);
    }
    all.sort();
    let large: Vec<_> = all.iter().filter(|(lines, _)| *lines > FUNCTION_LINES).collect();
    assert!(large.is_empty(), "over {FUNCTION_LINES} lines: {large:?}");
    let (median, ninth) = (all[all.len() / 2].0, all[all.len() * 9 / 10].0);
    assert!(median <= MEDIAN_FUNCTION_LINES, "the median function has {median} lines");
    assert!(ninth <= NINE_OF_TEN_FUNCTION_LINES, "one function in ten has more than {ninth} lines");
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent: Vec<String> = sources("src")
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(path, _)| path)
        .collect();
    assert!(silent.is_empty(), "no module doc at the top: {silent:?}");
}
