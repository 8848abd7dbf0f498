//! How it looks: roles with their styles, and what becomes of colours and glyphs on a poorer terminal.
//!
//! ```text
//!   themes/*.toml ─▶ file::Theme (inherits) ─▶ one Style for every Role, in the terminal's Depth ─▶ view
//! ```
//!
//! Everything is resolved once, at the start. Invariants: a state never has its colour alone (glyph and word stand
//! beside it); "dim" is the terminal's own attribute, never bright black, which some palettes paint like the background.

mod colour;
mod file;
mod glyphs;
mod role;

pub use colour::Depth;
pub use file::ThemeError;
pub use glyphs::{GlyphSet, glyph, word_of};
pub use role::Role;

use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};

/// The resolved theme.
#[derive(Debug, Clone)]
pub struct Theme {
    styles: [Style; Role::ALL.len()],
    /// Which signs the terminal can draw.
    pub glyphs: GlyphSet,
}

/// The names of the themes that are built in.
pub fn names() -> impl Iterator<Item = &'static str> {
    file::BUILT_IN.iter().map(|(name, _)| *name)
}

impl Theme {
    /// The built-in theme `name`, for a terminal with these colours and signs.
    pub fn load(name: &str, depth: Depth, glyphs: GlyphSet) -> Result<Self, ThemeError> {
        let found = file::resolve(name)?;
        Ok(Self { styles: found.map(|style| colour::degrade(style, depth)), glyphs })
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// The last touch to a whole frame: everything dim when the link is lost, ASCII where signs cannot be drawn.
    pub fn finish(&self, buffer: &mut Buffer, lost: bool) {
        if !lost && self.glyphs == GlyphSet::Unicode {
            return;
        }
        let first_row = usize::from(buffer.area.width);
        for (at, cell) in buffer.content.iter_mut().enumerate() {
            if lost && at >= first_row {
                cell.set_style(Style::reset().add_modifier(Modifier::DIM));
            }
            if self.glyphs == GlyphSet::Ascii && !cell.symbol().is_ascii() {
                let plain = glyphs::ascii(cell.symbol());
                cell.set_char(plain);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Color;

    #[test]
    fn every_theme_loads_in_every_depth() {
        for name in names() {
            for depth in [Depth::Full, Depth::Indexed, Depth::Sixteen, Depth::None] {
                Theme::load(name, depth, GlyphSet::Unicode).unwrap();
            }
        }
    }

    #[test]
    fn an_unknown_theme_names_those_there_are() {
        let error = Theme::load("drak", Depth::Full, GlyphSet::Unicode).unwrap_err().to_string();
        assert!(error.contains("dark") && error.contains("mono"), "{error}");
    }

    #[test]
    fn without_colour_no_style_has_one_and_states_keep_their_weight() {
        let theme = Theme::load("dark", Depth::None, GlyphSet::Unicode).unwrap();
        for role in Role::ALL {
            let style = theme.style(role);
            assert!(style.fg.is_none() && style.bg.is_none(), "{role:?}");
        }
        assert!(theme.style(Role::Selection).add_modifier.contains(Modifier::REVERSED));
    }

    #[test]
    fn sixteen_colours_never_use_bright_black() {
        for name in names() {
            let theme = Theme::load(name, Depth::Sixteen, GlyphSet::Unicode).unwrap();
            for role in Role::ALL {
                let style = theme.style(role);
                assert!(style.fg != Some(Color::DarkGray) && style.bg != Some(Color::DarkGray), "{role:?}");
                let exact = |c: Option<Color>| matches!(c, Some(Color::Rgb(..) | Color::Indexed(_)));
                assert!(!exact(style.fg) && !exact(style.bg), "{name} {role:?}");
            }
        }
    }
}
