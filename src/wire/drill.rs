//! `tidegate drill`: a scripted incident on a simulated fleet, with a referee.

use super::Trouble;
use super::stage::{self, Show, Signals};
use std::io::{IsTerminal, Write};
use std::path::Path;
use tidegate::cli::{ConsoleStart, DrillStart};
use tidegate::console::{self, Coach, Options, Read, about};
use tidegate::model::Timestamp;
use tidegate::model::drill::{Debriefing, Ended};
use tidegate::play::drill::{DRILLS, Referee, debriefing, lesson};
use tidegate::sim::WorldFile;
use tidegate::sim::file::DrillFile;
use tokio::sync::mpsc;

/// The world that is meant; none where the drills were listed or a file was checked, and that is all.
pub fn meant(start: &DrillStart) -> Result<Option<WorldFile>, Trouble> {
    if let Some(file) = &start.check {
        let world = of_file(file)?;
        let name = world.drill.map_or(String::new(), |drill| drill.name);
        say(&format!("{}: drill {name} is well formed\n", file.display()));
        return Ok(None);
    }
    match (&start.file, &start.name) {
        (Some(file), _) => of_file(file).map(Some),
        (None, Some(name)) => {
            shipped()?.into_iter().find(|world| is(world, name)).map(Some).ok_or_else(|| {
                Trouble::usage(&format!("there is no drill {name}; `tidegate drill` lists them"))
            })
        }
        (None, None) => {
            shipped()?.iter().for_each(|world| say(&line(world)));
            Ok(None)
        }
    }
}

fn is(world: &WorldFile, name: &str) -> bool {
    world.drill.as_ref().is_some_and(|drill| drill.name == name)
}

fn line(world: &WorldFile) -> String {
    world.drill.as_ref().map_or(String::new(), |drill| {
        format!("{:<16}  {:>5}  {}\n", drill.name, drill.lasts.0.to_string(), world.title)
    })
}

fn shipped() -> Result<Vec<WorldFile>, Trouble> {
    DRILLS.iter().map(|text| WorldFile::parse(text).map_err(|e| Trouble::failed(&e))).collect()
}

fn of_file(file: &Path) -> Result<WorldFile, Trouble> {
    let world = stage::world(file)?;
    if world.drill.is_some() {
        return Ok(world);
    }
    let what =
        format!("{}: is a world and no drill; add a section [drill], see docs/drills.md", file.display());
    Err(Trouble::usage(&what))
}

/// What a reader that went away does not get is no failure.
fn say(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

fn drill_of(world: &WorldFile) -> Result<Box<DrillFile>, Trouble> {
    world.drill.clone().ok_or_else(|| Trouble::usage(&"the world is no drill"))
}

/// Plays it in the console: briefing, then the world, then the debriefing, which is printed at the end too.
pub async fn show(start: &DrillStart, world: WorldFile, looks: &ConsoleStart) -> Result<(), Trouble> {
    let mut signals = Signals::listen()?;
    let drill = drill_of(&world)?;
    let lesson = lesson(&world, &drill).map_err(|e| Trouble::usage(&e))?;
    let header = format!("DRILL {}", drill.name);
    let theme = looks.theme.clone().unwrap_or_else(|| "dark".to_owned());
    let brief = about::drill::briefing(&lesson);
    let keys = "Enter begins, and the time with it   j k scroll   q leaves";
    let begun = tokio::select! {
        biased;
        () = signals.any() => return Ok(()),
        read = console::read(&theme, looks.ascii, &header, &brief, keys) => read.map_err(|e| Trouble::failed(&e))?,
    };
    if begun == Read::Left {
        return Ok(());
    }
    let mut show = Show::begin(world, &start.play, &header).await?;
    show.serve().await?;
    show.play();
    let (hints, mut given) = mpsc::unbounded_channel();
    let options = Options { drill: Some(Coach { lesson, hints }), ..show.console(looks) };
    let stage = show.stage.clone();
    let mut referee = Referee::of(&stage, &drill);
    let over = tokio::select! {
        biased;
        () = signals.any() => Ok(None),
        ended = referee.watch() => Ok(Some(ended)),
        seen = console::run(options) => seen.map(|()| None).map_err(|e| Trouble::failed(&e)),
    };
    let ended = over.map(|ended| ended.unwrap_or_else(|| referee.left()));
    let hints: Vec<Timestamp> = std::iter::from_fn(|| given.try_recv().ok()).collect();
    let told =
        ended.and_then(|ended| debriefing(&stage, &drill, ended, &hints).map_err(|e| Trouble::failed(&e)));
    show.close().await?;
    let told = told?;
    let page = about::drill::debriefing(&told);
    let keys = "j k scroll   q leaves; it is printed then, too";
    tokio::select! {
        biased;
        () = signals.any() => {}
        read = console::read(&theme, looks.ascii, &header, &page, keys) => {
            read.map_err(|e| Trouble::failed(&e))?;
        }
    }
    keep(start, &told)
}

/// Plays it with nobody, or by its best answer, and prints the debriefing.
pub async fn tell(start: &DrillStart, world: WorldFile) -> Result<(), Trouble> {
    let mut signals = Signals::listen()?;
    let drill = drill_of(&world)?;
    let mut show = Show::begin(world, &start.play, &format!("DRILL {}", drill.name)).await?;
    show.play();
    let stage = show.stage.clone();
    let answer: &[_] = if start.answer { &drill.best.answer } else { &[] };
    let mut referee = Referee::of(&stage, &drill);
    let answered = async {
        stage.play_all(answer, |_, _| {}).await;
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! {
        biased;
        () = signals.any() => None,
        ended = referee.watch() => Some(ended),
        () = answered => None,
    };
    let ended = ended.unwrap_or_else(|| referee.left());
    let told = debriefing(&stage, &drill, ended, &[]).map_err(|e| Trouble::failed(&e));
    show.close().await?;
    keep(start, &told?)?;
    match ended {
        Ended::Reached(after) if start.answer && after > drill.best.within.0 => {
            Err(Trouble::failed(&format!("the best answer took {after}, and not {}", drill.best.within.0)))
        }
        Ended::TimeOver | Ended::Left(_) if start.answer => {
            Err(Trouble::failed(&"the best answer did not reach the goal"))
        }
        Ended::Reached(_) | Ended::TimeOver | Ended::Left(_) => Ok(()),
    }
}

/// Broken at words where a terminal shows it, and as it is where a program reads it.
fn on_terminal(text: &str) -> String {
    let width = std::io::stdout().is_terminal().then(crossterm::terminal::size);
    let Some(Ok((width @ 1.., _))) = width else { return text.to_owned() };
    let lines = text.lines().flat_map(|line| console::text::wrap(line, usize::from(width)));
    lines.fold(String::new(), |all, line| all + &line + "\n")
}

/// Prints the debriefing, and keeps it where that was asked for.
fn keep(start: &DrillStart, told: &Debriefing) -> Result<(), Trouble> {
    say(&on_terminal(&told.lines()));
    let Some(file) = &start.debrief else { return Ok(()) };
    std::fs::write(file, told.markdown())
        .map_err(|error| Trouble::failed(&format!("cannot write {}: {error}", file.display())))
}
