//! Who comes: people who are named, or the household that shows its code.

use std::collections::BTreeSet;

use diesel_async::AsyncPgConnection;
use uuid::Uuid;

use super::load::{Lodger, lodgers_in, unlodged_of};
use super::stays::hold_households;
use crate::census::{Person, pickup};
use crate::context::Context;
use crate::error::Result;
use crate::problem::{InvalidValue, NotFound, StateConflict};
use crate::scalars::{Id, read_code};

/// How many people come at once.
pub(super) const MOST: usize = 50;

/// How they are named: in one way or the other.
#[derive(Clone, Copy)]
pub(super) struct Arrivals<'a> {
    pub(super) persons: Option<&'a [Id<Person>]>,
    pub(super) pickup_code: Option<&'a str>,
}

impl Arrivals<'_> {
    /// Which value is out of its range, and what to do about it.
    fn refused(self) -> Option<InvalidValue> {
        let people = self.persons?;
        if !(1..=MOST).contains(&people.len()) {
            return Some(InvalidValue::new("persons", "Name 1 to 50 people at once."));
        }
        let distinct: BTreeSet<Uuid> = people.iter().map(|person| person.uuid()).collect();
        (distinct.len() < people.len()).then(|| InvalidValue::new("persons", "Name each person once."))
    }
}

/// Who comes, in the order in which they were named, or of their registration. Their households are held.
pub(super) async fn arrivals<R>(
    context: &Context,
    connection: &mut AsyncPgConnection,
    named: Arrivals<'_>,
) -> Result<std::result::Result<Vec<Lodger>, R>>
where
    R: From<NotFound> + From<InvalidValue> + From<StateConflict>,
{
    if let Some(problem) = named.refused() {
        return Ok(Err(problem.into()));
    }
    match (named.persons, named.pickup_code) {
        (Some(persons), None) => {
            let people: Vec<Uuid> = persons.iter().map(|person| person.uuid()).collect();
            hold_households(connection, &people).await?;
            let mut lodgers = lodgers_in(context, connection, &people).await?;
            if lodgers.len() < people.len() {
                return Ok(Err(NotFound::new("persons").into()));
            }
            lodgers.sort_by_key(|lodger| people.iter().position(|person| *person == lodger.id));
            Ok(Ok(lodgers))
        }
        (None, Some(code)) => {
            let household = match read_code(code) {
                Some(code) => pickup::held(context, connection, &code).await?,
                None => None,
            };
            let Some(household) = household else { return Ok(Err(NotFound::new("pickupCode").into())) };
            let lodgers = unlodged_of(context, connection, household).await?;
            if lodgers.is_empty() {
                let message = "Everyone of this household lies in a bed already.";
                return Ok(Err(StateConflict::new(message).into()));
            }
            Ok(Ok(lodgers))
        }
        _ => {
            let message = "Name either people, or the code that a household shows.";
            Ok(Err(InvalidValue::new("persons, or pickupCode", message).into()))
        }
    }
}
