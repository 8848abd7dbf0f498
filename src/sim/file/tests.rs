//! Worlds that are read, and worlds that are not.

use super::*;
use crate::model::{Digest, Span};

const SMALL: &str = r#"
title = "small"
[fleets.prod]
nodes = ["n01"]
[images."debian:jessie"]
[images."shop/web:1"]
from = "debian:jessie"
[workloads."prod/web"]
image = "shop/web:1"
[[story]]
at = "4s"
world.moves = { image = "debian:jessie", flaws = [{ hits = "prod/web", how = "sick", after = "20s" }] }
[[story]]
at = "1m"
person = { name = "ana", does = "freeze" }
[[story]]
at = "90s"
machine = { crash = "2s" }
"#;

#[test]
fn a_world_reads_back_as_it_is_written() {
    let world = WorldFile::parse(SMALL).unwrap();
    assert_eq!(world.story[1].at.0, Span::from_secs(60));
    assert_eq!(WorldFile::parse(&world.text()).unwrap(), world);
}

#[test]
fn a_world_becomes_a_configuration() {
    let setup = WorldFile::parse(SMALL).unwrap().setup();
    assert_eq!(setup.recipes.len(), 1);
    assert_eq!(setup.upstreams.len(), 1);
    assert_eq!(setup.workloads[&"prod/web".parse().unwrap()].probes.len(), 1);
    assert_eq!(setup.registries.len(), 1);
}

#[test]
fn an_edited_recipe_has_another_digest_and_places_inside_its_dockerfile() {
    let world = WorldFile::parse(SMALL).unwrap();
    let image = "shop/web:1".parse().unwrap();
    let file = &world.images[&image];
    let (one, two) = (file.ingredients(&image, 0), file.ingredients(&image, 1));
    assert_ne!(one.recipe, two.recipe);
    assert_ne!(one.dockerfile, Digest::of(b""));
    assert_eq!((one.bases[0].places[0].start, one.bases[0].places[0].end), (5, 18));
}

#[test]
fn what_a_world_does_not_have_is_named_with_what_to_write() {
    let error = |text: &str| WorldFile::parse(text).unwrap_err().to_string();
    let at = |change: (&str, &str)| error(&SMALL.replace(change.0, change.1));
    assert!(
        at(("image = \"shop/web:1\"", "image = \"shop/api:1\""))
            .contains("no image shop/api:1; add a section")
    );
    assert!(at(("\"1m\"", "\"1s\"")).contains("order of `at`"));
    assert!(at(("[fleets.prod]", "[fleets.test]")).contains("[fleets.prod]"));
    assert!(at(("hits = \"prod/web\"", "hits = \"prod/wub\"")).contains("prod/wub"));
    assert!(at(("from = \"debian:jessie\"", "from = \"shop/web:1\"")).contains("built from itself"));
    assert!(at(("machine = { crash", "says = \"a\"\nmachina = { crash")).contains("unknown field"));
    assert!(at(("\"1m\"", "\"1 minute\"")).contains("no length of time"));
    assert!(at(("person = {", "world = \"heals\"\nperson = {")).contains("two things"));
}

const DRILL: &str = r#"
[drill]
name = "sick-app"
lasts = "5m"
briefing = "You are on call."
hints = ["Press R."]
[drill.goal]
says = "web is as it was, and nothing more goes out"
from = "1m"
all = [{ well = "prod/web" }, { as_before = "prod/web" }, "quiet"]
[drill.best]
within = "2m"
says = "Freeze, then put back."
[[drill.best.answer]]
at = "100s"
person = { name = "you", does = "freeze" }
"#;

#[test]
fn a_drill_reads_back_as_it_is_written() {
    let world = WorldFile::parse(&format!("{SMALL}{DRILL}")).unwrap();
    assert_eq!(world.drill.as_ref().unwrap().goal.all.len(), 3);
    assert_eq!(WorldFile::parse(&world.text()).unwrap(), world);
}

#[test]
fn what_is_wrong_with_a_drill_is_named_with_its_place_and_what_to_write() {
    let at = |from: &str, to: &str| {
        let text = format!("{SMALL}{}", DRILL.replace(from, to));
        assert_ne!(text, format!("{SMALL}{DRILL}"), "{from:?} is not in the drill");
        WorldFile::parse(&text).unwrap_err().to_string()
    };
    let name = at("\"sick-app\"", "\"Sick App\"");
    assert!(name.starts_with("the world's drill.name: ") && name.contains("as in `sick-app`"), "{name}");
    assert!(at("as_before = \"prod/web\"", "as_before = \"prod/wub\"").contains("goal.all, condition 2"));
    assert!(at("\"quiet\"", "\"silent\"").contains("unknown variant `silent`"));
    assert!(at("from = \"1m\"", "from = \"5m\"").contains("drill.goal.from: is not within the drill"));
    assert!(at("says = \"web is", "says = \"please see to it that web is").contains("characters"));
    assert!(at("lasts = \"5m\"", "lasts = \"2h\"").contains("write for example `5m`"));
    assert!(at("\"You are on call.\"", "\" \"").contains("drill.briefing: says nothing"));
    assert!(at("person = {", "says = \"a\"\nworld = \"heals\" #").contains("what people do"));
    assert!(at("hints", "hint").contains("unknown field `hint`"));
}
