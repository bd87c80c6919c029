//! `enlace sdl`: the schema, and the other pages that are generated from the code.

use clap::Args;

use enlace_policies::{Principal, UserPrincipal};

use crate::commands::caller::caller;
use crate::commands::{Failure, print};
use crate::config::{self, Config};
use crate::server;

#[derive(Args)]
pub(super) struct Arguments {
    /// Show it as this role sees it, or `public` for a caller without a token.
    #[arg(long = "as", value_name = "AGENCY/ROLE")]
    as_role: Option<String>,
    /// Print docs/errors.md instead.
    #[arg(long, conflicts_with_all = ["as_role", "configuration"])]
    errors: bool,
    /// Print docs/configuration.md instead.
    #[arg(long, conflicts_with = "as_role")]
    configuration: bool,
}

pub(super) fn run(arguments: &Arguments, config: &Config) -> Result<(), Failure> {
    if arguments.errors {
        print(&enlace_schema::error_documentation());
        return Ok(());
    }
    if arguments.configuration {
        print(&config::documentation());
        return Ok(());
    }
    let policies = server::policies(config.policies.as_deref())?;
    let mut principal = arguments.as_role.as_deref().map(caller).transpose()?;
    if let Some(Principal::User(UserPrincipal { shelters, .. })) = &mut principal {
        // Which shelter it is makes no difference to what a role can see of the schema.
        shelters.insert("ALB-01".to_owned());
    }
    print(&enlace_schema::sdl(&policies, principal.as_ref())?);
    Ok(())
}
