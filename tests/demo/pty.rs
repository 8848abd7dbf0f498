//! A program in a pseudo-terminal of its own, and what its screen shows.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// The longest until the screen shows what it must; only a program that hangs takes so long.
pub const HANGS: Duration = Duration::from_secs(60);

/// A program and its screen.
pub struct Terminal {
    screen: vt100::Parser,
    pub bytes: Receiver<Vec<u8>>,
    pub keys: Box<dyn Write + Send>,
    pub child: Box<dyn Child + Send + Sync>,
    pub master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    /// Starts it. Of the environment it has a terminal that can everything, and `folder` for what it writes.
    pub fn start(program: &Path, args: &[&str], folder: &Path, (width, height): (u16, u16)) -> Self {
        let size = PtySize { rows: height, cols: width, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        command.cwd(folder);
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8")] {
            command.env(name, value);
        }
        command.env("TMPDIR", folder);
        let child = pair.slave.spawn_command(command).unwrap();
        let (mut reader, keys) =
            (pair.master.try_clone_reader().unwrap(), pair.master.take_writer().unwrap());
        let (sender, bytes) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            // The other end of a terminal that is gone is an error on Linux, and an end elsewhere.
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { screen: vt100::Parser::new(height, width, 0), bytes, keys, child, master: pair.master }
    }

    /// What the screen shows now, as it was read so far.
    pub fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// Reads until the screen is as it must be.
    pub fn until(&mut self, what: &str, is: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + HANGS;
        loop {
            let text = self.text();
            if is(&text) {
                return text;
            }
            match self.bytes.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(error) => panic!("{what} is not on the screen ({error}):\n{text}"),
            }
        }
    }

    /// Types.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.replace('⏎', "\r").replace('⎋', "\x1b").as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits for its end; the exit code.
    pub fn ended(mut self) -> u32 {
        // Whoever draws on a terminal that nobody reads waits for ever.
        while self.bytes.recv_timeout(HANGS).is_ok() {}
        let code = self.child.wait().unwrap().exit_code();
        drop(self.master);
        code
    }
}
