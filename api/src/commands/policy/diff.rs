//! `enlace policy diff`: what a change of the policies would do, before it is made.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use enlace_policies::{Change, Policies, RuleChange, Verb};
use enlace_schema::Coordinate;

use crate::commands::Failure;
use crate::commands::output::Output;

#[derive(Args)]
pub(in crate::commands) struct Arguments {
    /// The folder of the policies as they are.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The folder of the policies as they would be.
    #[arg(value_name = "NEW")]
    new: PathBuf,
    #[command(flatten)]
    output: Output,
}

/// What is printed.
#[derive(Serialize)]
struct Preview {
    before: String,
    after: String,
    policies: Vec<RuleChange>,
    changes: Vec<Reach>,
}

/// A change of rights, and which coordinates of the schema it opens or shuts.
#[derive(Serialize)]
struct Reach {
    #[serde(flatten)]
    change: Change,
    coordinates: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (old, new) = (Policies::from_dir(&arguments.old)?, Policies::from_dir(&arguments.new)?);
    let difference = enlace_policies::diff(&old, &new)?;
    let schema = enlace_schema::coordinates();
    let reach = |mut change: Change| {
        let decided = |coordinate: &&Coordinate| {
            // Lists ask apart of some fields; what they show then is these fields.
            let listed = change.verb == Verb::List && coordinate.is_listed_apart;
            (coordinate.verb == change.verb || listed)
                && coordinate.class == change.class
                && change.records.contains(&coordinate.record)
        };
        let touched: Vec<&Coordinate> = schema.iter().filter(decided).collect();
        // Types of record that bear no such field say nothing to a reader.
        if !touched.is_empty() {
            change.records.retain(|record| touched.iter().any(|coordinate| coordinate.record == *record));
        }
        Reach { coordinates: touched.into_iter().map(|coordinate| coordinate.name.clone()).collect(), change }
    };
    let preview = Preview {
        before: difference.before,
        after: difference.after,
        policies: difference.policies,
        changes: difference.changes.into_iter().map(reach).collect(),
    };
    arguments.output.show(&preview, || preview.text())
}

/// Columns of a line of coordinates.
const WIDTH: usize = 100;

impl Preview {
    fn text(&self) -> String {
        let Self { before, after, policies, changes } = self;
        let mut text = format!("policies {before} → {after}\n");
        // Writing to a String cannot fail.
        for policy in policies {
            let _ = writeln!(text, "{policy}");
        }
        let _ = match changes.len() {
            0 => writeln!(text, "nobody gains or loses anything"),
            1 => writeln!(text, "1 change of rights (+ gains, - loses, ± both)"),
            count => writeln!(text, "{count} changes of rights (+ gains, - loses, ± both)"),
        };
        for Reach { change, coordinates } in changes {
            let _ = writeln!(text, "{change}");
            if coordinates.is_empty() {
                text.push_str("    no coordinate of the schema\n");
            } else {
                wrap(coordinates, &mut text);
            }
        }
        text
    }
}

/// Names, as many on a line as there is room for.
fn wrap(names: &[String], text: &mut String) {
    let mut line = String::new();
    // Writing to a String cannot fail.
    for name in names {
        if !line.is_empty() && line.len() + name.len() > WIDTH {
            let _ = writeln!(text, "   {line}");
            line.clear();
        }
        line.push(' ');
        line.push_str(name);
    }
    let _ = writeln!(text, "   {line}");
}
