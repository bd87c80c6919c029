//! How commands print what they found.

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::commands::{Failure, print};

#[derive(Args)]
pub(super) struct Output {
    /// How to print.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Output {
    /// Prints what was found: as JSON, or as a text that ends its last line.
    pub(super) fn show(&self, found: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Failure> {
        match self.format {
            Format::Text => print(&text()),
            Format::Json => print(&format!("{}\n", serde_json::to_string(found)?)),
        }
        Ok(())
    }
}
