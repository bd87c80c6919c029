//! What is wrong with a household before the database sees it.

use chrono::{DateTime, NaiveDate, Utc};

use super::{NewMember, RegisterHousehold};
use crate::census::Kinship;
use crate::census::parts::{Checked, inside, needs};
use crate::context::Context;

/// How many people a household has at most.
const MEMBERS: usize = 30;
/// How many consents one person gives at once.
const CONSENTS: usize = 20;

/// When a household is registered, and when it arrived.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) occurred_at: DateTime<Utc>,
    pub(super) arrived_on: NaiveDate,
}

/// The times of a household, where nothing of it is wrong.
pub(super) fn checked(context: &Context, input: &RegisterHousehold) -> Checked<Times> {
    let occurred_at = input.occurred_at.unwrap_or_else(|| context.now());
    needs(occurred_at <= context.now(), "occurredAt", "A registration cannot be of the future.")?;
    let day = context.day_of(occurred_at);
    let arrived_on = input.arrived_on.unwrap_or(day);
    needs(arrived_on <= day, "arrivedOn", "People are registered on the day they arrive, or later.")?;
    let many = input.members.len();
    needs((1..=MEMBERS).contains(&many), "members", "A household has 1 to 30 members.")?;
    let heads = input.members.iter().filter(|member| member.family.kinship == Kinship::Head).count();
    needs(heads == 1, "members", "Exactly one member is the head of the household.")?;
    for (place, new) in input.members.iter().enumerate() {
        member(new, day, occurred_at).map_err(|problem| inside(&format!("members.{place}"), problem))?;
    }
    Ok(Times { occurred_at, arrived_on })
}

fn member(new: &NewMember, day: NaiveDate, occurred_at: DateTime<Utc>) -> Checked {
    new.identity.checked(day).map_err(|problem| inside("identity", problem))?;
    if let Some(migration) = &new.migration {
        migration.checked().map_err(|problem| inside("migration", problem))?;
    }
    let consents = new.consents.as_deref().unwrap_or_default();
    needs(consents.len() <= CONSENTS, "consents", "Twenty consents at most are given at once.")?;
    for (place, consent) in consents.iter().enumerate() {
        let given_at = consent.given_at.unwrap_or(occurred_at);
        let argument = |name: &str| format!("consents.{place}.{name}");
        needs(given_at <= occurred_at, &argument("givenAt"), "A consent is given before it is registered.")?;
        let ends = consent.ends_at.is_none_or(|ends_at| ends_at > given_at);
        needs(ends, &argument("endsAt"), "A consent ends after it is given.")?;
    }
    Ok(())
}
