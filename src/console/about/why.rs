//! Why something waits: the chain of waits, then what led here.

use super::{by_itself, of_key};
use crate::api::rows::RowKey;
use crate::api::why::Why;
use crate::console::doc::Doc;
use crate::console::model::{Asked, Model};
use crate::console::text::exactly_when;
use crate::console::theme::Role;
use crate::model::Timestamp;

pub(super) fn why(model: &Model, key: &RowKey, asked: &Asked<Why>) -> Doc {
    match asked {
        Asked::Answered(why) => answered(why, model.now),
        Asked::Waiting => {
            let mut doc = of_key(model, key);
            doc.title = format!("why: {}", doc.title);
            doc.text("The daemon is asked for the whole chain.", Role::Dim);
            doc
        }
        Asked::Failed(why) => {
            let mut doc = of_key(model, key);
            doc.title = format!("why: {}", doc.title);
            doc.text(format!("The whole chain is not known: {why}"), Role::Refused);
            doc
        }
    }
}

fn answered(why: &Why, now: Timestamp) -> Doc {
    let mut doc = Doc::new(format!("why: {}", why.subject));
    doc.pair("state", why.state.clone());
    if why.chain.is_empty() {
        doc.pair("waits", "for nothing");
    }
    for link in &why.chain {
        doc.rule(link.subject.clone());
        super::waiting_lines(&mut doc, Some(&link.waiting), now);
    }
    if let Some(last) = why.chain.last() {
        doc.rule("so it ends");
        doc.pair("by", last.waiting.who.clone());
        doc.pair("or else", by_itself(&last.waiting, now));
    }
    if !why.facts.is_empty() {
        doc.rule("what led here");
        for fact in &why.facts {
            doc.text(format!("{} {}: {}", exactly_when(fact.at, now), fact.who, fact.text), Role::Text);
        }
    }
    doc
}
