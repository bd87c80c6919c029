//! Proposing a visit of the press.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::visit_in;
use super::{PressVisit, PressVisitChanged, without_names};
use crate::census::{Checked, name, needs};
use crate::context::Context;
use crate::coordination::tables::press_visits;
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, ensure};
use crate::scalars::Id;
use crate::shelters::{Shelter, shelter_in};

input! {
    /// A visit that the press asks for.
    pub struct ProposePressVisit {
        /// The shelter; one that is open then.
        pub shelter: Id<Shelter>,
        /// The newspaper, station or network, 2 to 120 characters.
        pub medium: String,
        /// What for, 3 to 500 characters; no name of anyone.
        pub purpose: String,
        /// How many come, 1 to 30.
        pub visitors: i32,
        /// When it begins; later than now.
        pub starts_at: DateTime<Utc>,
        /// When it ends, at most eight hours after.
        pub ends_at: DateTime<Utc>,
        /// Who comes, by name; no more than there are visitors, each 1 to 100 characters.
        pub journalists: Option<Vec<String>>,
        /// How to reach them, 3 to 200 characters.
        pub contact: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A visit of the press, proposed.
    pub struct ProposePressVisitPayload: "ProposePressVisitPayload" as PressVisit {
        /// The visit.
        visit: PressVisit,
    }
}

union! {
    /// The visit, proposed; or why it was not.
    pub enum ProposePressVisitResult {
        Payload(ProposePressVisitPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

fn checked(input: &ProposePressVisit, now: DateTime<Utc>) -> Checked {
    let within =
        |text: &str, least: usize, most: usize| (least..=most).contains(&text.trim().chars().count());
    needs(within(&input.medium, 2, 120), "medium", "A medium is named in 2 to 120 characters.")?;
    needs(within(&input.purpose, 3, 500), "purpose", "What for is said in 3 to 500 characters.")?;
    needs((1..=30).contains(&input.visitors), "visitors", "1 to 30 visitors come at a time.")?;
    needs(input.starts_at > now, "startsAt", "A visit that is proposed begins later than now.")?;
    let journalists = input.journalists.as_deref().unwrap_or_default();
    let known = usize::try_from(input.visitors).is_ok_and(|visitors| journalists.len() <= visitors);
    needs(known, "journalists", "No more are named than come.")?;
    for journalist in journalists {
        name("journalists", Some(journalist))?;
    }
    let reached = input.contact.as_deref().is_none_or(|text| within(text, 3, 200));
    needs(reached, "contact", "How to reach somebody has 3 to 200 characters.")
}

/// Proposes a visit.
pub(super) async fn propose_press_visit(
    context: Context,
    input: ProposePressVisit,
) -> Result<ProposePressVisitResult> {
    let mut transaction = begin!(&context, "coordination.proposePressVisit", &input, ProposePressVisitResult);
    let done = propose(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn propose(
    context: &Context,
    transaction: &mut Transaction<'_, ProposePressVisitPayload>,
    input: &ProposePressVisit,
) -> Result<std::result::Result<Done<ProposePressVisitPayload>, ProposePressVisitResult>> {
    let Some(shelter) = shelter_in(context, transaction.connection()?, input.shelter.uuid()).await? else {
        return Ok(Err(NotFound::new("shelter").into()));
    };
    context.authorize_write(Class::Operational, RecordType::PressVisit, &shelter)?;
    ensure!(checked(input, context.now()));
    let id = context.new_uuid()?;
    let row = (
        press_visits::id.eq(id),
        press_visits::programme_id.eq(context.programme_id()),
        press_visits::shelter_id.eq(input.shelter),
        press_visits::medium.eq(input.medium.trim()),
        press_visits::purpose.eq(input.purpose.trim()),
        press_visits::visitors.eq(input.visitors),
        press_visits::starts_at.eq(input.starts_at),
        press_visits::ends_at.eq(input.ends_at),
        press_visits::journalists.eq(input.journalists.as_deref().unwrap_or_default()),
        press_visits::contact.eq(input.contact.as_deref().map(str::trim)),
        press_visits::proposed_at.eq(context.now()),
        press_visits::proposed_by.eq(context.actor()?.user),
    );
    let proposing = diesel::insert_into(press_visits::table).values(row);
    if let Err(error) = proposing.execute(transaction.connection()?).await {
        let refused = match constraint(&error) {
            Some("press_visits_period") => {
                InvalidValue::new("endsAt", "A visit ends after it begins, at most eight hours after.").into()
            }
            Some("press_visits_in_open_shelter") => {
                StateConflict::new("The shelter is not open then.").into()
            }
            _ => return Err(error.into()),
        };
        return Ok(Err(refused));
    }
    let visit = visit_in(context, transaction.connection()?, id).await?;
    let visit = visit.ok_or_else(|| Error::internal("a visit that was proposed is not there"))?;
    let changes =
        vec![Part::of(Class::Operational, None, &PressVisitChanged { visit: without_names(&visit) })?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: visit.into() }))
}
