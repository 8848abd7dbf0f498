//! Recipes read from folders, and Dockerfiles found in them.

use crate::config::{discover, recipes};
use crate::model::setup::Recipe;
use crate::model::{Digest, Span};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

fn recipe(context: &Path) -> Recipe {
    Recipe {
        context: context.display().to_string(),
        dockerfile: "Dockerfile".to_owned(),
        target: None,
        args: BTreeMap::new(),
        platform: None,
        tests: Vec::new(),
        owner: None,
        gate: None,
        build_timeout: Span::from_secs(1),
    }
}

/// A context with a Dockerfile, a file, a folder and a file that is ignored.
fn context() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Dockerfile"), "FROM debian:8\n").unwrap();
    fs::write(folder.path().join(".dockerignore"), "*.log\ntarget\n!target/kept\nDockerfile\n").unwrap();
    fs::write(folder.path().join("a.log"), "1").unwrap();
    fs::create_dir(folder.path().join("target")).unwrap();
    fs::write(folder.path().join("target/kept"), "1").unwrap();
    fs::write(folder.path().join("target/left"), "1").unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/main"), "1").unwrap();
    folder
}

fn digest(context: &Path) -> Digest {
    recipes::ingredients(&recipe(context)).unwrap().recipe
}

#[test]
fn the_digest_covers_what_a_build_reads_and_nothing_else() {
    let folder = context();
    let path = folder.path();
    let before = digest(path);
    for ignored in ["a.log", "target/left"] {
        fs::write(path.join(ignored), "changed").unwrap();
        assert_eq!(digest(path), before, "{ignored}");
    }
    assert_eq!(digest(context().path()), before, "a second checkout");
    for read in ["src/main", "target/kept", "Dockerfile", ".dockerignore"] {
        let text = fs::read_to_string(path.join(read)).unwrap();
        fs::write(path.join(read), format!("{text}\n# more\n")).unwrap();
        assert_ne!(digest(path), before, "{read}");
        fs::write(path.join(read), text).unwrap();
        assert_eq!(digest(path), before, "{read} put back");
    }
    fs::set_permissions(path.join("src/main"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_ne!(digest(path), before, "made a program");
}

#[test]
fn target_arguments_and_platform_are_part_of_the_recipe() {
    let folder = context();
    fs::write(folder.path().join("Dockerfile"), "FROM debian:8 AS a\n").unwrap();
    let plain = recipe(folder.path());
    let with = |change: fn(&mut Recipe)| {
        let mut recipe = plain.clone();
        change(&mut recipe);
        recipes::ingredients(&recipe).unwrap().recipe
    };
    let digests = [
        with(|_| ()),
        with(|recipe| recipe.target = Some("a".to_owned())),
        with(|recipe| recipe.platform = Some("a/b".to_owned())),
        with(|recipe| drop(recipe.args.insert("A".to_owned(), "b".to_owned()))),
        with(|recipe| drop(recipe.args.insert("Ab".to_owned(), String::new()))),
    ];
    let unique: std::collections::BTreeSet<_> = digests.iter().collect();
    assert_eq!(unique.len(), digests.len());
}

#[test]
fn links_are_not_followed_out_of_the_context() {
    let (folder, outside) = (context(), tempfile::tempdir().unwrap());
    let secret = outside.path().join("secret");
    fs::write(&secret, "FROM debian:8\n").unwrap();
    symlink(&secret, folder.path().join("link")).unwrap();
    symlink(outside.path(), folder.path().join("folder-link")).unwrap();
    let before = digest(folder.path());
    fs::write(&secret, "FROM debian:9\n").unwrap();
    assert_eq!(digest(folder.path()), before);
    fs::remove_file(folder.path().join("Dockerfile")).unwrap();
    symlink(&secret, folder.path().join("Dockerfile")).unwrap();
    let error = recipes::ingredients(&recipe(folder.path())).unwrap_err().to_string();
    assert!(error.ends_with("it is a link that leads out of the context"), "{error}");
}

#[test]
fn what_is_no_file_is_not_opened() {
    let folder = context();
    std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    digest(folder.path());
    fs::remove_file(folder.path().join("Dockerfile")).unwrap();
    std::os::unix::net::UnixListener::bind(folder.path().join("Dockerfile")).unwrap();
    let error = recipes::ingredients(&recipe(folder.path())).unwrap_err().to_string();
    assert!(error.ends_with("it is not a file"), "{error}");
}

#[test]
fn dockerfiles_are_found_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    for path in [
        "b/Dockerfile",
        "a/web.dockerfile",
        "a/Dockerfile.prod",
        "Containerfile",
        ".git/Dockerfile",
        "node_modules/x/Dockerfile",
        "a/Dockerfile.dockerignore",
        "a/notes.txt",
    ] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "FROM a\n").unwrap();
    }
    symlink(folder.path(), folder.path().join("loop")).unwrap();
    let found = discover(folder.path()).unwrap();
    let names: Vec<_> =
        found.iter().map(|path| path.strip_prefix(folder.path()).unwrap().display().to_string()).collect();
    assert_eq!(names, ["Containerfile", "a/Dockerfile.prod", "a/web.dockerfile", "b/Dockerfile"]);
}
