//! A page as data: what it says, before anybody knows how wide it will be.

use super::text::{fit, wrap};
use super::theme::Role;
use crate::api::rows::Mark;

/// Cells of the fixed column of labels.
pub const LABEL: usize = 10;

/// A part of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A line across with a title.
    Rule(String),
    /// A label in the fixed column, and a text that is wrapped beside it.
    Pair {
        /// The label.
        label: &'static str,
        /// The text.
        text: String,
        /// Its style.
        role: Role,
    },
    /// A text over the whole width.
    Text(String, Role),
    /// A text whose later lines stand under what follows its lead: a time, a name.
    Led {
        /// What it begins with.
        lead: String,
        /// The text.
        text: String,
        /// Its style.
        role: Role,
    },
    /// An empty line.
    Gap,
}

/// A page, or a part of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Doc {
    /// The title of its first rule, drawn by whoever shows it.
    pub title: String,
    /// What it says.
    pub blocks: Vec<Block>,
}

/// One line of a page, ready to be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A line across with a title.
    Rule(String),
    /// A label and a text.
    Pair(&'static str, String, Role),
    /// A text.
    Text(String, Role),
}

impl Doc {
    /// An empty page.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), blocks: Vec::new() }
    }

    /// A labelled text; an empty text is left out.
    pub fn pair(&mut self, label: &'static str, text: impl Into<String>) -> &mut Self {
        self.styled(label, text, Role::Text)
    }

    /// A labelled text in the colour of a state.
    pub fn marked(&mut self, label: &'static str, text: impl Into<String>, mark: Mark) -> &mut Self {
        self.styled(label, text, Role::of(mark))
    }

    /// A labelled text in a role; an empty text is left out.
    pub fn styled(&mut self, label: &'static str, text: impl Into<String>, role: Role) -> &mut Self {
        debug_assert!(label.len() < LABEL, "{label} leaves no room before its text");
        let text = text.into();
        if !text.is_empty() {
            self.blocks.push(Block::Pair { label, text, role });
        }
        self
    }

    /// Several lines under one label.
    pub fn lines<'a>(
        &mut self,
        label: &'static str,
        texts: impl IntoIterator<Item = &'a String>,
    ) -> &mut Self {
        for (at, text) in texts.into_iter().enumerate() {
            self.pair(if at == 0 { label } else { "" }, text.clone());
        }
        self
    }

    /// A text over the whole width.
    pub fn text(&mut self, text: impl Into<String>, role: Role) -> &mut Self {
        self.blocks.push(Block::Text(text.into(), role));
        self
    }

    /// A text beside its lead.
    pub fn led(&mut self, lead: impl Into<String>, text: impl Into<String>, role: Role) -> &mut Self {
        self.blocks.push(Block::Led { lead: lead.into(), text: text.into(), role });
        self
    }

    /// A line across.
    pub fn rule(&mut self, title: impl Into<String>) -> &mut Self {
        self.blocks.push(Block::Rule(title.into()));
        self
    }

    /// The page in lines of at most `width` cells.
    pub fn layout(&self, width: u16) -> Vec<Line> {
        let width = usize::from(width);
        let mut out = Vec::new();
        for block in &self.blocks {
            match block {
                Block::Rule(title) => out.push(Line::Rule(title.clone())),
                Block::Pair { label, text, role } => {
                    for (at, line) in wrap(text, width.saturating_sub(LABEL + 2)).into_iter().enumerate() {
                        out.push(Line::Pair(if at == 0 { label } else { "" }, line, *role));
                    }
                }
                Block::Text(text, role) => {
                    let lines = wrap(text, width.saturating_sub(2));
                    out.extend(lines.into_iter().map(|line| Line::Text(line, *role)));
                }
                Block::Led { lead, text, role } => {
                    let beside = lead.chars().count();
                    for (at, line) in wrap(text, width.saturating_sub(beside + 2)).into_iter().enumerate() {
                        let lead = if at == 0 { lead.clone() } else { " ".repeat(beside) };
                        out.push(Line::Text(lead + &line, *role));
                    }
                }
                Block::Gap => out.push(Line::Text(String::new(), Role::Text)),
            }
        }
        out
    }

    /// The page as plain text, for the clipboard.
    pub fn plain(&self) -> String {
        let mut out = format!("{}\n", super::text::safe(&self.title));
        for line in self.layout(200) {
            match line {
                Line::Rule(title) => out.push_str(&format!("-- {}\n", fit(&title, 200))),
                Line::Pair(label, text, _) => out.push_str(&format!("{label:<LABEL$} {text}\n")),
                Line::Text(text, _) => out.push_str(&format!("{text}\n")),
            }
        }
        out
    }
}
