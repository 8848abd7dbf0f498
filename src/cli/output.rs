//! Where and how it is printed.

use super::Failure;
use crate::model::limits::MESSAGE_CHARS;
use crate::model::text::clean;
use serde::Serialize;
use std::io::Write;

/// The standard output; a closed one ends the program quietly.
pub(super) struct Output<'a>(pub &'a mut dyn Write);

impl Output<'_> {
    /// One line, cleaned.
    pub(super) fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.raw(&clean(text, MESSAGE_CHARS))
    }

    /// One line as it is.
    pub(super) fn raw(&mut self, text: &str) -> Result<(), Failure> {
        Ok(writeln!(self.0, "{text}")?)
    }

    /// JSON for people who pipe it: indented, one value.
    pub(super) fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value).map_err(|error| Failure::Failed(error.to_string()))?;
        self.raw(&text)
    }

    /// JSON for programs: one line.
    pub(super) fn json_line(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(value).map_err(|error| Failure::Failed(error.to_string()))?;
        self.raw(&text)?;
        Ok(self.0.flush()?)
    }

    /// Lines in columns as wide as their widest cell; the last column is as long as it is.
    pub(super) fn table(&mut self, rows: &[Vec<String>]) -> Result<(), Failure> {
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|cell| clean(cell, MESSAGE_CHARS)).collect()).collect();
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
        };
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        for row in &rows {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            self.raw(cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}
