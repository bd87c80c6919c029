//! `enlace policy`.

mod diff;
mod explain;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use enlace_policies::{Cases, Policies};

use crate::commands::Failure;
use crate::commands::output::Output;
use crate::config::Config;
use crate::server;

#[derive(clap::Subcommand)]
pub(super) enum Subcommand {
    /// Validate the policies strictly, and compile every role's profile from them.
    Check(Arguments),
    /// Try the cases that stand beside the policies; fail where one does not hold or a policy goes untried.
    Test(Arguments),
    /// Print policies/matrix.md: who reads and writes what.
    Matrix(Arguments),
    /// Say whether a caller may use a coordinate of the schema, by which policy, and what would allow it.
    Explain(explain::Arguments),
    /// Say who gains and who loses which coordinate between two folders of policies.
    Diff(diff::Arguments),
}

#[derive(Args)]
pub(super) struct Arguments {
    /// A folder of policies; those that are built in where it is left out.
    #[arg(long, value_name = "FOLDER")]
    policies: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

impl Arguments {
    /// The folder that is named here, or in the configuration.
    fn folder<'a>(&'a self, config: &'a Config) -> Option<&'a Path> {
        self.policies.as_deref().or(config.policies.as_deref())
    }

    fn policies(&self, config: &Config) -> Result<Arc<Policies>, Failure> {
        Ok(server::policies(self.folder(config))?)
    }
}

pub(super) fn run(subcommand: &Subcommand, config: &Config) -> Result<(), Failure> {
    match subcommand {
        Subcommand::Check(arguments) => check(arguments, config),
        Subcommand::Test(arguments) => test(arguments, config),
        Subcommand::Matrix(arguments) => matrix(arguments, config),
        Subcommand::Explain(arguments) => explain::run(arguments, config),
        Subcommand::Diff(arguments) => diff::run(arguments),
    }
}

fn check(arguments: &Arguments, config: &Config) -> Result<(), Failure> {
    let policies = arguments.policies(config)?;
    policies.check()?;
    let (count, version) = (policies.rules().count(), policies.version());
    let found = serde_json::json!({"policies": count, "version": version});
    arguments.output.show(&found, || format!("{count} policies are valid; version {version}\n"))
}

fn test(arguments: &Arguments, config: &Config) -> Result<(), Failure> {
    let policies = arguments.policies(config)?;
    let cases = arguments.folder(config).map_or_else(Cases::built_in, Cases::from_dir)?;
    let coordinates = enlace_schema::coordinates();
    cases.check_coordinates(|name| {
        let found = coordinates.iter().find(|coordinate| coordinate.name == name)?;
        Some((found.verb, found.class, found.record))
    })?;
    let report = cases.run(&policies)?;
    arguments.output.show(&report, || format!("{report}\n"))?;
    if report.passed() { Ok(()) } else { Err("the policies and their cases disagree".into()) }
}

fn matrix(arguments: &Arguments, config: &Config) -> Result<(), Failure> {
    let policies = arguments.policies(config)?;
    let matrix = enlace_policies::matrix(&policies)?;
    let found = serde_json::json!({"version": policies.version(), "markdown": matrix});
    arguments.output.show(&found, || matrix)
}
