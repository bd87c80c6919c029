//! `enlace policy`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::commands::{Failure, print};
use crate::config::Config;
use crate::server;

#[derive(clap::Subcommand)]
pub(super) enum Subcommand {
    /// Validate the policies strictly, and compile every role's profile from them.
    Check(Arguments),
    /// Print policies/matrix.md: who reads and writes what.
    Matrix(Arguments),
}

#[derive(Args)]
pub(super) struct Arguments {
    /// A folder of policies; those that are built in where it is left out.
    #[arg(long, value_name = "FOLDER")]
    policies: Option<PathBuf>,
    /// How to print.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(super) fn run(subcommand: &Subcommand, config: &Config) -> Result<(), Failure> {
    let (Subcommand::Check(arguments) | Subcommand::Matrix(arguments)) = subcommand;
    let folder = arguments.policies.as_deref().or(config.policies.as_deref());
    let policies = server::policies(folder)?;
    // Compiles a profile for every role, which is where a policy that cannot be translated shows.
    let matrix = enlace_policies::matrix(&policies)?;
    match (subcommand, arguments.format) {
        (Subcommand::Check(_), Format::Text) => {
            print(&format!(
                "{} policies are valid; version {}\n",
                policies.rules().count(),
                policies.version()
            ));
        }
        (Subcommand::Check(_), Format::Json) => {
            let found =
                serde_json::json!({"policies": policies.rules().count(), "version": policies.version()});
            print(&format!("{found}\n"));
        }
        (Subcommand::Matrix(_), Format::Text) => print(&matrix),
        (Subcommand::Matrix(_), Format::Json) => {
            print(&format!("{}\n", serde_json::json!({"version": policies.version(), "markdown": matrix})));
        }
    }
    Ok(())
}
