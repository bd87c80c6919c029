//! `enlace sdl`: the schema, and the other pages that are generated from the code.

use clap::Args;

use enlace_policies::{Principal, ROLES, UserPrincipal};

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
    let principal = arguments.as_role.as_deref().map(principal).transpose()?;
    print(&enlace_schema::sdl(&policies, principal.as_ref())?);
    Ok(())
}

/// A caller who holds one role, with its agency's agreement in force.
fn principal(text: &str) -> Result<Principal, Failure> {
    if text == "public" {
        return Ok(Principal::Anyone);
    }
    let (agency, role) =
        text.split_once('/').ok_or("--as wants AGENCY/ROLE, as in INEA/educator, or public")?;
    let known =
        ROLES.iter().find(|known| known.code == role).ok_or_else(|| format!("there is no role `{role}`"))?;
    if !known.held_by(agency) {
        return Err(format!("{agency} does not hold the role `{role}`").into());
    }
    Ok(Principal::User(UserPrincipal {
        user: "self".to_owned(),
        agency: agency.to_owned(),
        roles: [role.to_owned()].into(),
        reads_as: None,
        // Which shelter it is makes no difference to what a role can see of the schema.
        shelters: ["ALB-01".to_owned()].into(),
        agreement_in_force: true,
        // A schema does not turn on it: what may be shared for some purpose is in it.
        purpose: None,
        opened: None,
    }))
}
