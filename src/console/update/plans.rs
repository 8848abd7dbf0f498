//! The plan of a rollout: asked for, asked for anew, and that of another release.

use super::opening::push;
use crate::console::model::{About, Asked, Model, Planning, Screen};
use crate::console::msg::{Changed, Cmd};
use crate::console::target::{pool_of, target};
use crate::model::{PoolName, ReleaseName};

/// What a rollout of the pool's newest release would do; on a plan the same is asked anew.
pub fn open(model: &mut Model) -> (Changed, Vec<Cmd>) {
    if let Screen::Page(About::Plan(planning), _) = model.screen() {
        let (pool, release) = (planning.pool.clone(), planning.release.clone());
        return again(model, pool, release);
    }
    let pool = target(model).and_then(|key| pool_of(&model.replica, &key).cloned());
    let Some((pool, newest)) = pool.and_then(|row| Some((row.pool, row.announced.last()?.release.clone())))
    else {
        return (Changed::No, Vec::new());
    };
    let screen = waiting(model, &pool, &newest);
    let (changed, _) = push(model, screen);
    (changed, vec![Cmd::Plan { pool, release: newest }])
}

/// The plan of the release that was announced before or after the one that is shown.
pub fn other(model: &mut Model, newer: bool) -> (Changed, Vec<Cmd>) {
    let nothing = (Changed::No, Vec::new());
    let Screen::Page(About::Plan(planning), _) = model.screen() else { return nothing };
    let Some(row) = model.replica.pool(&planning.pool) else { return nothing };
    let at = row.announced.iter().position(|one| one.release == planning.release);
    let to = at.and_then(|at| if newer { at.checked_add(1) } else { at.checked_sub(1) });
    let Some(release) = to.and_then(|at| row.announced.get(at)).map(|one| one.release.clone()) else {
        return nothing;
    };
    let pool = planning.pool.clone();
    again(model, pool, release)
}

fn again(model: &mut Model, pool: PoolName, release: ReleaseName) -> (Changed, Vec<Cmd>) {
    *model.screen_mut() = waiting(model, &pool, &release);
    (Changed::Yes, vec![Cmd::Plan { pool, release }])
}

/// The page until the daemon has answered.
fn waiting(model: &Model, pool: &PoolName, release: &ReleaseName) -> Screen {
    let (pool, release) = (pool.clone(), release.clone());
    let planning = Planning { pool, release, at: model.now, asked: Asked::Waiting };
    Screen::Page(About::Plan(Box::new(planning)), 0)
}
