//! Colours on terminals that have fewer of them: 24 bits, 256, 16, none.

use ratatui::style::{Color, Style};

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// 24 bits.
    Full,
    /// The 256 of xterm.
    Indexed,
    /// The 16 whose look the terminal's user chose.
    Sixteen,
    /// None: attributes only.
    None,
}

impl Depth {
    /// What the environment says: `NO_COLOR` (set and not empty, as no-color.org has it), `COLORTERM`, `TERM`.
    pub fn detect(no_color: Option<&str>, colorterm: Option<&str>, term: Option<&str>) -> Self {
        let term = term.unwrap_or_default();
        if no_color.is_some_and(|value| !value.is_empty())
            || matches!(term, "" | "dumb")
            || term.starts_with("vt")
        {
            return Self::None;
        }
        if matches!(colorterm, Some("truecolor" | "24bit")) {
            return Self::Full;
        }
        if term.contains("256color") { Self::Indexed } else { Self::Sixteen }
    }
}

/// A colour as a theme gives it: the exact one, and the one of the sixteen that stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    pub(super) exact: Color,
    pub(super) sixteen: Color,
}

/// A style before the terminal is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rich {
    pub(super) fg: Option<Paint>,
    pub(super) bg: Option<Paint>,
    pub(super) rest: Style,
}

/// `rich` in the colours of the terminal.
pub fn degrade(rich: Rich, depth: Depth) -> Style {
    let pick = |paint: Paint| match depth {
        Depth::Full => Some(paint.exact),
        Depth::Indexed => Some(indexed(paint.exact)),
        Depth::Sixteen => Some(paint.sixteen),
        Depth::None => None,
    };
    Style { fg: rich.fg.and_then(pick), bg: rich.bg.and_then(pick), ..rich.rest }
}

/// The nearest of xterm's 6x6x6 cube and 24 greys; the first sixteen are left out, since users repaint them.
fn indexed(colour: Color) -> Color {
    let Color::Rgb(r, g, b) = colour else { return colour };
    let step = |v: u8| CUBE.iter().enumerate().min_by_key(|(_, c)| c.abs_diff(v)).map_or(0, |(at, _)| at);
    let (cr, cg, cb) = (step(r), step(g), step(b));
    let cube = (CUBE[cr], CUBE[cg], CUBE[cb]);
    let level = (u16::from(r) + u16::from(g) + u16::from(b)) / 3;
    let grey_step = u8::try_from(level.saturating_sub(3) / 10).unwrap_or(23).min(23);
    let grey = 8 + 10 * grey_step;
    if distance((r, g, b), cube) <= distance((r, g, b), (grey, grey, grey)) {
        Color::Indexed(u8::try_from(16 + 36 * cr + 6 * cg + cb).unwrap_or(231))
    } else {
        Color::Indexed(232 + grey_step)
    }
}

const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let square = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    square(a.0, b.0) + square(a.1, b.1) + square(a.2, b.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_how_many_colours_there_are() {
        assert_eq!(Depth::detect(Some("1"), Some("truecolor"), Some("xterm-256color")), Depth::None);
        assert_eq!(Depth::detect(Some(""), Some("truecolor"), Some("xterm")), Depth::Full);
        assert_eq!(Depth::detect(None, None, Some("xterm-256color")), Depth::Indexed);
        assert_eq!(Depth::detect(None, None, Some("linux")), Depth::Sixteen);
        assert_eq!(Depth::detect(None, None, Some("dumb")), Depth::None);
    }

    #[test]
    fn exact_colours_go_to_the_nearest_of_the_256() {
        assert_eq!(indexed(Color::Rgb(255, 0, 0)), Color::Indexed(196));
        assert_eq!(indexed(Color::Rgb(128, 128, 128)), Color::Indexed(244));
        assert_eq!(indexed(Color::Rgb(0, 0, 0)), Color::Indexed(16));
        assert_eq!(indexed(Color::Cyan), Color::Cyan);
    }
}
