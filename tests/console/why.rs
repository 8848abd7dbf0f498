//! Why something waits: asked, answered, asked anew.

use crate::fixture::model;
use crate::press::press;
use crate::screen::picture;
use tidegate::api::why::Why;
use tidegate::console::{Changed, Cmd, Model, Msg, update};

fn answer(model: &mut Model, id: &str, state: &str) -> Changed {
    let why =
        Why { subject: "run 42".to_owned(), state: state.to_owned(), chain: Vec::new(), facts: Vec::new() };
    update(model, Msg::Why { id: id.to_owned(), why: Ok(why) }).0
}

const HELD: &str = "42/image:mycriticalapp:1.4";

#[test]
fn w_on_its_answer_asks_anew_and_the_new_answer_is_shown() {
    let mut model = model(80, 24);
    press(&mut model, "jjw");
    answer(&mut model, HELD, "the first answer");
    assert_eq!(press(&mut model, "w"), [Cmd::Why { id: HELD.to_owned() }]);
    assert!(picture(&model).contains("The daemon is asked for the whole chain."), "{}", picture(&model));
    answer(&mut model, HELD, "the second answer");
    assert!(picture(&model).contains("the second answer"), "{}", picture(&model));
    press(&mut model, "⎋");
    assert!(picture(&model).contains("needs you ──"), "one Esc leads back:\n{}", picture(&model));
}

#[test]
fn an_answer_that_nobody_waits_for_changes_nothing() {
    let mut model = model(80, 24);
    press(&mut model, "jjww");
    assert_eq!(answer(&mut model, "42", "of another question"), Changed::No);
    assert_eq!(answer(&mut model, HELD, "the first answer"), Changed::Yes);
    assert_eq!(answer(&mut model, HELD, "asked for twice"), Changed::No);
    assert!(picture(&model).contains("the first answer"), "{}", picture(&model));
}
