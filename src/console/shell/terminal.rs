//! The terminal: set up, drawn on with one write a frame, given back.

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{Command, cursor};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Begin of a frame: the terminal shows nothing of it before its end (DEC private mode 2026). Terminals that do not
/// know the mode ignore it.
const FRAME_BEGIN: &[u8] = b"\x1b[?2026h";
const FRAME_END: &[u8] = b"\x1b[?2026l";

/// A terminal in use; given back when dropped.
pub struct Terminal {
    shown: Buffer,
    next: Buffer,
    /// The screen may show anything: the next frame is drawn whole.
    torn: bool,
    in_use: Arc<AtomicBool>,
}

impl Terminal {
    /// Takes the terminal, and gives it back when the program panics.
    pub fn enter() -> io::Result<Self> {
        let in_use = Arc::new(AtomicBool::new(false));
        let held = Arc::clone(&in_use);
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            give_back(&held);
            before(info);
        }));
        let (width, height) = crossterm::terminal::size()?;
        let area = Rect::new(0, 0, width, height);
        let mut terminal = Self { shown: Buffer::empty(area), next: Buffer::empty(area), torn: true, in_use };
        terminal.take()?;
        Ok(terminal)
    }

    /// Takes it (again): raw mode, the other screen, no cursor, pastes in brackets.
    pub fn take(&mut self) -> io::Result<()> {
        self.in_use.store(true, Ordering::SeqCst);
        // A shell that continued us has set its own modes meanwhile.
        disable_raw_mode()?;
        enable_raw_mode()?;
        let mut out = String::new();
        ansi(&mut out, EnterAlternateScreen);
        ansi(&mut out, EnableBracketedPaste);
        ansi(&mut out, cursor::Hide);
        self.torn = true;
        send(out.as_bytes())
    }

    /// Gives it back, to suspend.
    pub fn give_back(&self) {
        give_back(&self.in_use);
    }

    /// How many columns and rows there are.
    pub fn size(&self) -> (u16, u16) {
        (self.shown.area.width, self.shown.area.height)
    }

    /// The terminal has another size, or its content is not known any more.
    pub fn tear(&mut self, size: Option<(u16, u16)>) {
        self.torn = true;
        if let Some((width, height)) = size {
            let area = Rect::new(0, 0, width, height);
            (self.shown, self.next) = (Buffer::empty(area), Buffer::empty(area));
        }
    }

    /// Draws a frame: what differs from the last one, in one write; nothing when nothing does.
    pub fn draw(&mut self, paint: impl FnOnce(&mut Buffer)) -> io::Result<()> {
        self.next.reset();
        paint(&mut self.next);
        let out = Bytes::default();
        let mut head = String::new();
        if self.torn {
            self.shown.reset();
            ansi(&mut head, Clear(ClearType::All));
            self.torn = false;
        }
        let differences = self.shown.diff(&self.next);
        let any = !head.is_empty() || !differences.is_empty();
        CrosstermBackend::new(out.clone()).draw(differences.into_iter())?;
        std::mem::swap(&mut self.shown, &mut self.next);
        if !any {
            return Ok(());
        }
        let cells = out.0.borrow();
        send(&[FRAME_BEGIN, head.as_bytes(), &cells, FRAME_END].concat())
    }

    /// Puts `text` into the clipboard of whoever sits at the terminal (OSC 52), where the terminal allows it.
    pub fn copy(&self, text: &str) -> io::Result<()> {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode(text);
        send(format!("\x1b]52;c;{text}\x07").as_bytes())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn ansi(out: &mut String, command: impl Command) {
    // Writing into a String cannot fail.
    let _ = command.write_ansi(out);
}

/// One write to the terminal.
fn send(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

fn give_back(in_use: &AtomicBool) {
    if !in_use.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = String::from("\x1b[0m");
    ansi(&mut out, DisableBracketedPaste);
    ansi(&mut out, LeaveAlternateScreen);
    ansi(&mut out, cursor::Show);
    // Nobody is left to tell when this fails: the terminal is gone.
    let _ = send(out.as_bytes());
    let _ = disable_raw_mode();
}

/// Collects what the backend writes, so that a frame is one write.
#[derive(Clone, Default)]
struct Bytes(Rc<RefCell<Vec<u8>>>);

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
