//! The loop: take what came, draw when something changed, sleep.

use super::link::{self, Asker};
use super::terminal::Terminal;
use super::{Coach, ConsoleError, Options, Time, input};
use crate::console::model::{Drill, Size};
use crate::console::theme::{Depth, GlyphSet};
use crate::console::{Changed, Cmd, Model, Msg, Theme, update, view};
use crate::model::Timestamp;
use crate::model::limits::{BATCH, FRAME_EVERY};
use crossterm::event::EventStream;
use futures_util::StreamExt;
use rustix::process::{Signal as Send, kill_current_process_group};
use std::io::IsTerminal;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// How long a suspended console waits to be stopped before it takes the terminal again: where no shell can continue
/// it, the system does not stop it at all.
const STOPPED_WITHIN: Duration = Duration::from_millis(300);

/// Runs the console until its user leaves it, the terminal goes away, or the program is told to end.
pub async fn run(options: Options) -> Result<(), ConsoleError> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(ConsoleError::NoTerminal);
    }
    let theme = theme(&options.theme, options.ascii, options.colour)?;
    let mut signals = Signals::new()?;
    let mut tasks = JoinSet::new();
    let (asker, mut inbox) = link::spawn(&mut tasks, options.source, options.time.clone());
    let terminal = Terminal::enter()?;
    let (width, height) = terminal.size();
    let time = options.time;
    let mut model = Model::new(Size { width, height }, time.now(), options.read_only);
    let hints = options.drill.map(|Coach { lesson, hints }| {
        model.drill = Some(Box::new(Drill { lesson, hints: 0 }));
        hints
    });
    let mut shell = Shell { model, theme, terminal, asker, tasks, time, hints, dirty: true, drawn: None };
    let mut events = EventStream::new();
    loop {
        shell.draw_if_due()?;
        let draw_at = shell.next_draw();
        let msg = tokio::select! {
            biased;
            got = signals.next() => match got {
                Got::End => return Ok(()),
                Got::Continued => {
                    shell.retake()?;
                    None
                }
            },
            event = events.next() => match event {
                Some(event) => input::message(event?, shell.time.now()),
                None => return Ok(()),
            },
            msg = inbox.recv() => msg,
            () = sleep_until(draw_at.unwrap_or_else(Instant::now)), if draw_at.is_some() => None,
            () = sleep(shell.to_next_tick()) => Some(Msg::Clock(shell.time.now())),
        };
        // Take what has come, then draw once.
        let waiting = std::iter::from_fn(|| inbox.try_recv().ok()).take(BATCH);
        for msg in msg.into_iter().chain(waiting) {
            if shell.take(msg, &mut signals).await? {
                return Ok(());
            }
        }
    }
}

pub(super) fn theme(name: &str, ascii: bool, colour: Option<Depth>) -> Result<Theme, ConsoleError> {
    let var = |name: &str| std::env::var(name).ok();
    let term = var("TERM");
    let set = |name: &str| var(name).filter(|value| !value.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
    let detected = || Depth::detect(var("NO_COLOR").as_deref(), var("COLORTERM").as_deref(), term.as_deref());
    let depth = colour.unwrap_or_else(detected);
    let glyphs = if ascii { GlyphSet::Ascii } else { GlyphSet::detect(term.as_deref(), locale.as_deref()) };
    Ok(Theme::load(name, depth, glyphs)?)
}

struct Shell {
    model: Model,
    theme: Theme,
    terminal: Terminal,
    asker: Asker,
    tasks: JoinSet<()>,
    time: Time,
    /// Who counts the hints of a drill.
    hints: Option<mpsc::UnboundedSender<Timestamp>>,
    /// The model has changed since the last frame.
    dirty: bool,
    drawn: Option<Instant>,
}

impl Shell {
    /// When the next frame may be drawn; none when none is wanted.
    fn next_draw(&self) -> Option<Instant> {
        self.dirty.then(|| self.drawn.map_or_else(Instant::now, |at| at + FRAME_EVERY.to_std()))
    }

    /// How long what is shown of the time stays true.
    fn to_next_tick(&self) -> Duration {
        match self.model.drill {
            Some(_) => self.time.to_next_second(),
            None => self.time.to_next_minute(),
        }
    }

    fn draw_if_due(&mut self) -> Result<(), ConsoleError> {
        if self.next_draw().is_none_or(|at| at > Instant::now()) {
            return Ok(());
        }
        self.terminal.draw(|buffer| view(&self.model, &self.theme, buffer))?;
        (self.dirty, self.drawn) = (false, Some(Instant::now()));
        Ok(())
    }

    /// Takes a message; says whether that was the last.
    async fn take(&mut self, msg: Msg, signals: &mut Signals) -> Result<bool, ConsoleError> {
        if let Msg::Resize(width, height) = &msg {
            self.terminal.tear(Some((*width, *height)));
            self.dirty = true;
        }
        let (changed, cmds) = update(&mut self.model, msg);
        self.dirty |= changed == Changed::Yes;
        for cmd in cmds {
            match cmd {
                Cmd::Quit => return Ok(true),
                Cmd::Redraw => self.terminal.tear(None),
                Cmd::Suspend => self.suspend(signals).await?,
                Cmd::Hint(at) => {
                    // Who counts is gone only when the drill is over.
                    let _ = self.hints.as_ref().map(|hints| hints.send(at));
                }
                Cmd::Copy(text) => self.terminal.copy(&text)?,
                Cmd::Send { .. }
                | Cmd::Log { .. }
                | Cmd::Why { .. }
                | Cmd::Plan { .. }
                | Cmd::Dossier(_)
                | Cmd::Save { .. } => {
                    self.asker.ask(&mut self.tasks, cmd);
                }
            }
        }
        Ok(false)
    }

    /// Gives the terminal back and stops, until the user's shell continues us.
    async fn suspend(&mut self, signals: &mut Signals) -> Result<(), ConsoleError> {
        self.terminal.give_back();
        // Where this fails nothing stops, and we go on.
        let _ = kill_current_process_group(Send::TSTP);
        let _ = timeout(STOPPED_WITHIN, signals.cont.recv()).await;
        self.retake()
    }

    /// Takes the terminal again after somebody else had it.
    fn retake(&mut self) -> Result<(), ConsoleError> {
        self.terminal.take()?;
        let (width, height) = crossterm::terminal::size()?;
        self.terminal.tear(Some((width, height)));
        update(&mut self.model, Msg::Resize(width, height));
        update(&mut self.model, Msg::Clock(self.time.now()));
        self.dirty = true;
        Ok(())
    }
}

/// The signals that the console listens to.
struct Signals {
    term: Signal,
    hup: Signal,
    cont: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            hup: signal(SignalKind::hangup())?,
            cont: signal(SignalKind::from_raw(Send::CONT.as_raw()))?,
        })
    }

    /// The next of them.
    async fn next(&mut self) -> Got {
        tokio::select! {
            _ = self.term.recv() => Got::End,
            _ = self.hup.recv() => Got::End,
            _ = self.cont.recv() => Got::Continued,
        }
    }
}

/// What a signal says.
enum Got {
    /// End.
    End,
    /// The program was stopped, and goes on.
    Continued,
}
