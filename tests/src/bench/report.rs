//! What was measured, and whether it keeps its bound.

use std::io::Write as _;

use serde::Serialize;

use super::Failure;
use super::arguments::Format;
use super::duel::Figure;

/// What must hold.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Bound {
    /// Enlace's figure is at least so many times the floor's.
    AtLeast(f64),
    /// Enlace's figure is at most so many times the floor's.
    AtMost(f64),
    /// Enlace's own figure is less than this.
    Under(f64),
}

/// One line of the report.
#[derive(Debug, Serialize)]
pub struct Line {
    pub name: String,
    pub unit: &'static str,
    pub floor: Option<f64>,
    pub enlace: f64,
    pub ratio: Option<f64>,
    pub bound: Option<Bound>,
    /// Whether the bound is kept; also where there is none.
    pub kept: bool,
}

impl Line {
    /// A figure of both sides.
    pub fn both(
        name: impl Into<String>,
        unit: &'static str,
        figure: Figure,
        bound: impl Into<Option<Bound>>,
    ) -> Self {
        let Figure { floor, enlace, ratio } = figure;
        Self::new(name.into(), unit, Some(floor), enlace, Some(ratio), bound.into())
    }

    /// A figure of Enlace's own.
    pub fn own(name: impl Into<String>, unit: &'static str, enlace: f64, bound: Option<Bound>) -> Self {
        Self::new(name.into(), unit, None, enlace, None, bound)
    }

    fn new(
        name: String,
        unit: &'static str,
        floor: Option<f64>,
        enlace: f64,
        ratio: Option<f64>,
        bound: Option<Bound>,
    ) -> Self {
        let kept = match (bound, ratio) {
            (None, _) => true,
            (Some(Bound::AtLeast(least)), Some(ratio)) => ratio >= least,
            (Some(Bound::AtMost(most)), Some(ratio)) => ratio <= most,
            (Some(Bound::Under(limit)), _) => enlace < limit,
            (Some(Bound::AtLeast(_) | Bound::AtMost(_)), None) => false,
        };
        Self { name, unit, floor, enlace, ratio, bound, kept }
    }

    fn columns(&self) -> [String; 7] {
        let bound = match self.bound {
            None => String::new(),
            Some(Bound::AtLeast(least)) => format!("≥ {least}"),
            Some(Bound::AtMost(most)) => format!("≤ {most}"),
            Some(Bound::Under(limit)) => format!("{} < {limit}", self.unit),
        };
        let kept = match (self.bound, self.kept) {
            (None, _) => "",
            (Some(_), true) => "ok",
            (Some(_), false) => "short",
        };
        [
            self.name.clone(),
            self.unit.to_owned(),
            self.floor.map(figure).unwrap_or_default(),
            figure(self.enlace),
            self.ratio.map(|ratio| format!("{ratio:.3}")).unwrap_or_default(),
            bound,
            kept.to_owned(),
        ]
    }
}

/// A figure with as many digits as say something.
fn figure(value: f64) -> String {
    if value < 100.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}

/// Prints the lines.
pub fn print(lines: &[Line], format: Format) -> Result<(), Failure> {
    let text = match format {
        Format::Json => serde_json::to_string_pretty(lines)? + "\n",
        Format::Text => table(lines),
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

fn table(lines: &[Line]) -> String {
    let head = ["contest", "unit", "floor", "Enlace", "ratio", "bound", ""].map(str::to_owned);
    let rows: Vec<[String; 7]> = std::iter::once(head).chain(lines.iter().map(Line::columns)).collect();
    let mut widths = [0; 7];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (place, (cell, width)) in row.iter().zip(widths).enumerate() {
            // Names and units to the left, figures to the right.
            let padded = if place < 2 { format!("{cell:<width$}  ") } else { format!("{cell:>width$}  ") };
            line.push_str(&padded);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
