//! Reading Dockerfiles: every rule with the smallest file that shows it.

use crate::lineage::{DockerfileError, DockerfileRead, Runtime, read_dockerfile};
use crate::model::edit::apply;
use crate::model::jobs::{BaseName, Edit, Role};
use std::collections::BTreeMap;

fn args(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn read(text: &str) -> DockerfileRead {
    read_dockerfile(text, &BTreeMap::new(), None, None).unwrap()
}

fn read_for(text: &str, pairs: &[(&str, &str)], target: Option<&str>) -> DockerfileRead {
    read_dockerfile(text, &args(pairs), target, None).unwrap()
}

/// `debian:8 runtime, golang:1 build`, then what is unknown as `line: text`.
fn shown(read: &DockerfileRead) -> String {
    let bases = read.bases.iter().map(|base| {
        let name = match &base.from {
            BaseName::Tag(image) => image.to_string(),
            BaseName::Pinned(pinned) => pinned.to_string(),
        };
        let role = if base.role == Role::Runtime { "runtime" } else { "build" };
        format!("{name} {role}")
    });
    let unknown = read.unknown.iter().map(|unknown| format!("{}: {}", unknown.line, unknown.text));
    bases.chain(unknown).collect::<Vec<_>>().join(", ")
}

fn need(text: &str) -> Option<String> {
    read(text).buildkit.map(|need| format!("{}: {}", need.line, need.what))
}

fn refused(text: &str) -> DockerfileError {
    read_dockerfile(text, &BTreeMap::new(), None, None).unwrap_err()
}

/// The file with every base's places replaced by `<n>`.
fn rewritten(text: &str) -> String {
    let read = read(text);
    let places =
        read.bases.iter().enumerate().flat_map(|(n, base)| base.places.iter().map(move |place| (n, *place)));
    let edits: Vec<Edit> = places.map(|(n, place)| Edit { place, text: format!("<{n}>") }).collect();
    apply(text, &edits).unwrap()
}

#[test]
fn a_plain_from_is_the_runtime_base() {
    let read = read("# the system\nfrom debian:jessie\nRUN true\n");
    assert_eq!(shown(&read), "debian:jessie runtime");
    assert_eq!((read.bases[0].places[0].line, read.buildkit), (2, None));
}

#[test]
fn scratch_is_no_base() {
    let read = read("FROM scratch\nCOPY . /\n");
    assert_eq!((shown(&read).as_str(), read.runtime), ("", Runtime::Scratch));
}

#[test]
fn global_args_fill_from_and_build_args_override_them() {
    let text = "ARG V=8 NAME=debian\nARG IMAGE=\"${NAME}\":$V\nFROM ${IMAGE}\nARG V=9\n";
    assert_eq!(shown(&read(text)), "debian:8 runtime");
    assert_eq!(shown(&read_for(text, &[("V", "10")], None)), "debian:10 runtime");
    assert_eq!(shown(&read_for(text, &[("OTHER", "10")], None)), "debian:8 runtime");
}

#[test]
fn defaults_and_replacements_follow_the_shell() {
    let cases = [
        ("FROM debian:${V:-8}", "debian:8 runtime"),
        ("ARG V\nFROM debian:${V:-8}", "debian:8 runtime"),
        ("ARG V=\nFROM debian:8${V}", "debian:8 runtime"),
        ("ARG V=\nFROM debian:${V:-9}", "debian:9 runtime"),
        ("ARG V=\nFROM debian${V-:7}", "debian:latest runtime"),
        ("ARG V=1\nFROM debian:8${V:+-slim}", "debian:8-slim runtime"),
        ("ARG V\nFROM debian:8${V:+-slim}", "debian:8 runtime"),
        ("ARG W=3\nFROM debian:${V:-${W:-4}}", "debian:3 runtime"),
        ("ARG V='8'\nFROM \"debian\":'${V}'", "1: x"),
        ("ARG V='8'\nFROM \"debian:${V}\"", "debian:8 runtime"),
    ];
    for (text, want) in cases {
        let want = want.replace("1: x", "2: \"debian\":'${V}'");
        assert_eq!(shown(&read(text)), want, "{text}");
    }
}

#[test]
fn what_cannot_be_known_is_named_with_its_line_and_reason() {
    let cases = [
        ("ARG V\nFROM debian:$V", "2: debian:$V", "`V` has no default"),
        ("FROM debian:$V", "1: debian:$V", "not declared"),
        ("FROM debian:8\nARG V=1\nFROM debian:$V", "3: debian:$V", "not declared"),
        ("ARG A=$B\nFROM $A", "2: $A", "`B` is not declared"),
        ("FROM debian:${V%x}", "1: debian:${V%x}", "a form"),
        ("FROM debian:${V", "1: debian:${V", "a form"),
        ("FROM debian:${V:-8", "1: debian:${V:-8", "without its `}`"),
        ("FROM app-$TARGETARCH", "1: app-$TARGETARCH", "depends on the engine"),
        ("ARG V='a b'\nFROM $V", "2: $V", "not a repository"),
        ("ARG V=\nFROM $V", "2: $V", "1 to 640"),
        ("FROM Debian:8", "1: Debian:8", "not a repository"),
    ];
    for (text, want, why) in cases {
        let read = read(text);
        assert_eq!(shown(&read), want, "{text}");
        assert!(read.unknown[0].why.contains(why), "{text}: {}", read.unknown[0].why);
        assert!(matches!(read.runtime, Runtime::Unknown(_)), "{text}");
    }
}

#[test]
fn the_platform_variables_are_known_when_the_platform_is() {
    let text = "FROM --platform=$BUILDPLATFORM app:1-$TARGETARCH$TARGETVARIANT";
    let read = read_dockerfile(text, &BTreeMap::new(), None, Some("linux/arm/v7")).unwrap();
    assert_eq!(shown(&read), "app:1-armv7 runtime");
}

#[test]
fn stages_are_followed_and_only_what_the_target_reaches_counts() {
    let text = "FROM golang:1 AS Build\nFROM node:1 AS web\nFROM debian:8 AS base\nFROM base\n\
                COPY --from=build /a /a\nCOPY --from=busybox:1 /b /b\nCOPY --from=2 /c /c\n";
    assert_eq!(shown(&read(text)), "golang:1 build, debian:8 runtime, busybox:1 build");
    assert_eq!(shown(&read_for(text, &[], Some("WEB"))), "node:1 runtime");
    assert_eq!(shown(&read_for(text, &[], Some("0"))), "golang:1 runtime");
    let error = read_dockerfile(text, &BTreeMap::new(), Some("tests"), None).unwrap_err();
    assert_eq!(error.to_string(), "find the target stage \"tests\": the Dockerfile has build, web, base");
}

#[test]
fn a_stage_may_be_called_like_its_image() {
    assert_eq!(shown(&read("FROM debian:8 AS debian\nFROM debian\n")), "debian:8 runtime");
    assert_eq!(shown(&read("FROM debian AS debian\n")), "debian:latest runtime");
}

#[test]
fn an_image_that_is_both_counts_once_as_runtime_with_all_its_places() {
    let read = read("FROM debian:8 AS a\nFROM debian:8\nCOPY --from=debian:8 /x /x\n");
    assert_eq!(shown(&read), "debian:8 runtime");
    assert_eq!(read.bases[0].places.iter().map(|place| place.line).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn mounts_take_from_stages_and_images() {
    let text = "FROM golang:1 AS b\nFROM debian:8\nRUN --mount=type=bind,from=b,target=/x \\\n  --mount=type=cache,target=/c \
                --mount=from=alpine:3,target=/y make\n";
    let read = read(text);
    assert_eq!(shown(&read), "golang:1 build, debian:8 runtime, alpine:3 build");
    assert_eq!(read.buildkit.unwrap().what, "RUN --mount");
    assert_eq!(read.bases[2].places[0].line, 4);
}

#[test]
fn sources_that_docker_would_refuse_are_unknown() {
    let cases = [
        ("FROM debian:8\nCOPY --from=$X /a /a", "2: $X", "replaces no variable"),
        ("FROM debian:8\nCOPY --from=0 /a /a", "2: 0", "no earlier stage"),
        ("FROM debian:8 AS a\nCOPY --from=a /a /a", "2: a", "from itself"),
        ("FROM a AS x\nFROM b AS x\nFROM c\nCOPY --from=x /a /a", "4: x", "more than one stage"),
    ];
    for (text, want, why) in cases {
        let read = read(text);
        assert!(shown(&read).ends_with(want), "{text}: {}", shown(&read));
        assert!(read.unknown[0].why.contains(why), "{text}: {}", read.unknown[0].why);
    }
}

#[test]
fn what_needs_buildkit_is_named_with_its_first_line() {
    let cases = [
        ("# syntax=docker/dockerfile:1\nFROM a", "1: # syntax="),
        ("FROM a\nRUN true\nRUN --network=none true", "3: RUN --network"),
        ("FROM a\nRUN cat <<EOF > /x\nFROM nothing\nEOF\n", "2: a here-document in RUN"),
        ("FROM a\nCOPY <<-'A B' <<B /x/\n\tA B\nfoo\nB\nRUN true", "2: a here-document in COPY"),
        ("FROM a\nRUN <<e\\'of cat\nRUN --x\ne'of\nRUN true", "2: a here-document in RUN"),
        ("FROM a\nCOPY --link . /x", "2: COPY --link"),
        ("FROM a\nADD --checksum=sha256:0 http://e/x /x", "2: ADD --checksum"),
        ("FROM --platform=$BUILDPLATFORM a", "1: $BUILDPLATFORM in FROM --platform"),
        ("FROM a\nCOPY --from=later /x /x\nFROM b AS later\nFROM a", "2: taking from the later stage later"),
    ];
    for (text, want) in cases {
        assert_eq!(need(text).as_deref(), Some(want), "{text}");
    }
    assert_eq!(
        need("FROM --platform=linux/amd64 a\nCOPY --chown=1 --from=b /x /x\nRUN a <<<b $((1<<2)) '<<X'"),
        None
    );
}

#[test]
fn continuations_comments_and_escapes_are_read_as_docker_does() {
    let cases = [
        ("FROM \\\n# a comment\n\n  debian:8 \\\n AS x\n", "debian:8 runtime"),
        ("FROM deb\\\nian:8\n", "debian:8 runtime"),
        ("# escape=`\nFROM a`\n:1\nRUN c:\\\nRUN d", "a:1 runtime"),
        ("FROM a:1\nRUN echo \\\\\nRUN b", "a:1 runtime"),
        ("\u{feff}FROM a:1\r\nRUN b \\\r\n c\r\n", "a:1 runtime"),
        ("  FROM\ta:1  \n", "a:1 runtime"),
    ];
    for (text, want) in cases {
        assert_eq!(shown(&read(text)), want, "{text:?}");
    }
}

#[test]
fn a_pinned_base_stays_pinned() {
    let digest = format!("sha256:{}", "0".repeat(64));
    let read = read(&format!("FROM debian:8@{digest}\n"));
    assert!(matches!(&read.bases[0].from, BaseName::Pinned(pinned) if pinned.digest.as_str() == digest));
}

#[test]
fn edits_replace_image_names_and_nothing_else() {
    let text = "\u{feff}ARG V=8\nFROM golang:1 AS b\nRUN --mount=type=bind,from=\"alpine:3\",target=/x go\n\
                FROM --platform=linux/amd64 debian:${V} AS é\n";
    assert!(read_dockerfile(text, &BTreeMap::new(), None, None).is_err());
    let text = text.replace(" AS é", "\nCOPY --chown=1 --from=b /x /y\nCOPY --from=debian:8 /é /è");
    assert_eq!(
        rewritten(&text),
        "\u{feff}ARG V=8\nFROM <0> AS b\nRUN --mount=type=bind,from=\"<1>\",target=/x go\n\
         FROM --platform=linux/amd64 <2>\nCOPY --chown=1 --from=b /x /y\nCOPY --from=<2> /é /è\n"
    );
}

#[test]
fn errors_name_their_line_and_what_to_write() {
    let cases = [
        ("", "there is no FROM"),
        ("# only a comment", "there is no FROM"),
        ("FROM a\nFORM b", "line 2: \"FORM\" is not an instruction; did you mean FROM?"),
        ("RUN a\nFROM b", "line 1: RUN stands before the first FROM; only ARG may"),
        ("FROM", "line 1: FROM takes one image"),
        ("FROM a b", "line 1: FROM takes one image"),
        ("FROM a AS", "line 1: FROM takes one image"),
        ("FROM a AS 1x", "line 1: \"1x\" is not a stage name"),
        ("FROM --plattform=x a", "line 1: FROM has no flag --plattform"),
        ("FROM a\nRUN <<EOF\nnever", "line 2: the here-document never ends"),
        ("# escape=x\nFROM a", "line 1: the escape directive takes"),
    ];
    for (text, want) in cases {
        let error = refused(text).to_string();
        assert!(error.contains(want), "{text:?}: {error}");
    }
}
