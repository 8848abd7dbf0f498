//! The console from outside: pictures of every screen, and keys pressed on a bad night.

mod fixture;
mod screen;

#[test]
fn the_overview_of_a_bad_night() {
    let model = fixture::model(80, 24);
    insta::assert_snapshot!(screen::picture(&model));
}
