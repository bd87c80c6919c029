//! A caller, as a command line names one.

use enlace_policies::{Principal, ROLES, UserPrincipal};

use crate::commands::Failure;

/// `public` for a caller without a token, or `AGENCY/ROLE` (`AGENCY/ROLE+ROLE` for one who holds several) with the agency's
/// agreement in force. It has no shelter and states no purpose.
pub(super) fn caller(text: &str) -> Result<Principal, Failure> {
    if text == "public" {
        return Ok(Principal::Anyone);
    }
    let (agency, roles) =
        text.split_once('/').ok_or("a caller is AGENCY/ROLE, as in INEA/educator, or public")?;
    let roles: Vec<&str> = roles.split('+').collect();
    for role in &roles {
        let known = ROLES
            .iter()
            .find(|known| known.code == *role)
            .ok_or_else(|| format!("there is no role `{role}`"))?;
        if !known.held_by(agency) {
            return Err(format!("{agency} does not hold the role `{role}`").into());
        }
    }
    Ok(Principal::User(UserPrincipal {
        user: "self".to_owned(),
        agency: agency.to_owned(),
        roles: roles.into_iter().map(str::to_owned).collect(),
        reads_as: None,
        shelters: [].into(),
        agreement_in_force: true,
        purpose: None,
        opened: None,
    }))
}
