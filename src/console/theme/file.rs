//! A theme's file: a palette, and styles of roles in its colours.

use super::colour::{Paint, Rich};
use super::role::Role;
use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The themes that are built in, each checked by a test.
pub const BUILT_IN: [(&str, &str); 3] = [
    ("dark", include_str!("../../../themes/dark.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    ("mono", include_str!("../../../themes/mono.toml")),
];

/// Why a theme cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    /// There is none of that name.
    #[error("there is no theme {name:?}; use one of {known}")]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// Those there are.
        known: String,
    },
    /// Its file cannot be read.
    #[error("theme {name} is not written as a theme: {why}")]
    Syntax {
        /// The theme.
        name: String,
        /// What the reader said.
        why: String,
    },
    /// A style names a colour that is neither in the palette nor `#rrggbb`.
    #[error("theme {name}: {colour:?} is no colour of its palette")]
    Colour {
        /// The theme.
        name: String,
        /// The colour.
        colour: String,
    },
    /// A style is given to a role that does not exist.
    #[error("theme {name}: there is no role {role:?}")]
    Role {
        /// The theme.
        name: String,
        /// The role.
        role: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    inherits: Option<String>,
    /// `name = ["#rrggbb", "one of the sixteen"]`.
    #[serde(default)]
    palette: BTreeMap<String, (String, String)>,
    #[serde(default)]
    roles: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    fg: Option<String>,
    bg: Option<String>,
    #[serde(default)]
    with: Vec<Attribute>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Attribute {
    Bold,
    Dim,
    Reverse,
    Underline,
}

/// The style of every role of the theme `name`, in the order of [`Role::ALL`].
pub fn resolve(name: &str) -> Result<[Rich; Role::ALL.len()], ThemeError> {
    let mut entries = BTreeMap::new();
    collect(name, &mut entries, BUILT_IN.len())?;
    let known =
        |role: &str| Role::ALL.iter().any(|r| r.name() == role || r.name().starts_with(&format!("{role}.")));
    if let Some(role) = entries.keys().find(|role| !known(role)) {
        return Err(ThemeError::Role { name: name.to_owned(), role: role.clone() });
    }
    Ok(Role::ALL.map(|role| style_of(role.name(), &entries)))
}

/// The styles of `name` and of those it inherits from; the nearer one wins. `depth` ends a circle.
fn collect(name: &str, into: &mut BTreeMap<String, Rich>, depth: usize) -> Result<(), ThemeError> {
    let unknown = || {
        let known: Vec<&str> = super::names().collect();
        ThemeError::Unknown { name: name.to_owned(), known: known.join(", ") }
    };
    let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name).ok_or_else(unknown)?;
    let file: File = toml::from_str(text)
        .map_err(|why| ThemeError::Syntax { name: name.to_owned(), why: why.message().to_owned() })?;
    if let (Some(parent), true) = (&file.inherits, depth > 0) {
        collect(parent, into, depth - 1)?;
    }
    for (role, entry) in &file.roles {
        into.insert(role.clone(), rich(name, &file.palette, entry)?);
    }
    Ok(())
}

fn style_of(role: &str, entries: &BTreeMap<String, Rich>) -> Rich {
    let mut name = role;
    loop {
        if let Some(found) = entries.get(name) {
            return *found;
        }
        match name.rsplit_once('.') {
            Some((parent, _)) => name = parent,
            None => return entries.get(Role::Text.name()).copied().unwrap_or_default(),
        }
    }
}

fn rich(
    theme: &str,
    palette: &BTreeMap<String, (String, String)>,
    entry: &Entry,
) -> Result<Rich, ThemeError> {
    let paint = |name: &Option<String>| match name {
        None => Ok(None),
        Some(name) => paint(palette, name)
            .map(Some)
            .ok_or_else(|| ThemeError::Colour { name: theme.to_owned(), colour: name.clone() }),
    };
    let rest = entry.with.iter().fold(Style::new(), |style, attribute| {
        style.add_modifier(match attribute {
            Attribute::Bold => Modifier::BOLD,
            Attribute::Dim => Modifier::DIM,
            Attribute::Reverse => Modifier::REVERSED,
            Attribute::Underline => Modifier::UNDERLINED,
        })
    });
    Ok(Rich { fg: paint(&entry.fg)?, bg: paint(&entry.bg)?, rest })
}

fn paint(palette: &BTreeMap<String, (String, String)>, name: &str) -> Option<Paint> {
    let (exact, sixteen) = palette.get(name)?;
    Some(Paint { exact: exact.parse().ok()?, sixteen: sixteen.parse().ok().filter(is_named)? })
}

fn is_named(colour: &Color) -> bool {
    !matches!(colour, Color::Rgb(..) | Color::Indexed(_) | Color::DarkGray)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_without_a_style_takes_that_of_its_first_part() {
        let red = Rich { rest: Style::new().add_modifier(Modifier::BOLD), ..Rich::default() };
        let entries = BTreeMap::from([("state".to_owned(), red)]);
        assert_eq!(style_of("state.held", &entries), red);
        assert_eq!(style_of("key", &entries), Rich::default());
    }

    #[test]
    fn each_theme_names_only_roles_and_colours_there_are() {
        for (name, _) in BUILT_IN {
            resolve(name).unwrap();
        }
    }
}
