//! What planning, confirming, cancelling and reversing have in common: the departures that they hold, how these change, and what the
//! answer shows.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::tables::departures;
use super::{Departure, DepartureSettled, DepartureState, load};
use crate::census::{Judged, judged, needs, touched};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::record;
use crate::journal::{Done, Part, Transaction, constraint};
use crate::lodging::hold_households;
use crate::problem::{InvalidValue, NotFound, StateConflict, VersionConflict, each_once};
use crate::scalars::Id;

/// Departures, and of each the version that the caller saw.
pub(super) struct Seen<'a> {
    pub(super) departures: &'a [Id<Departure>],
    pub(super) versions: &'a [i32],
}

impl Seen<'_> {
    /// The versions by departure; what is wrong where they are not one of each.
    fn by_key(&self) -> std::result::Result<BTreeMap<Uuid, i32>, InvalidValue> {
        each_once("departures", "departure", self.departures)?;
        let each_seen = self.versions.len() == self.departures.len();
        needs(each_seen, "versions", "Name one version for each departure, in the same order.")?;
        Ok(self
            .departures
            .iter()
            .map(|departure| departure.uuid())
            .zip(self.versions.iter().copied())
            .collect())
    }
}

/// What answers a change of departures: those of the party are read anew, as far as the caller may see them then.
macro_rules! of_a_party {
    ($( $(#[doc = $about:literal])+ $name:ident $label:literal )+) => { $(
        record! {
            $(#[doc = $about])+
            #[derive(Serialize, Deserialize)]
            pub struct $name: $label as Person {
                /// What those share who are to go together.
                party_id: Uuid,
                /// One of them, as policies see them.
                judged: Judged,
            }
        }

        judged!($name);

        impl $name {
            /// The party's key.
            pub(super) fn party(&self) -> Option<Uuid> {
                Some(self.party_id)
            }

            /// Of a party in which they go.
            pub(super) fn new(party_id: Uuid, judged: Judged) -> Self {
                Self { party_id, judged }
            }
        }
    )+ };
}

of_a_party! {
    /// Departures, planned.
    PlanDeparturePayload "PlanDeparturePayload"
    /// Departures, planned anew.
    ReplanDeparturePayload "ReplanDeparturePayload"
    /// Departures, confirmed.
    ConfirmDeparturePayload "ConfirmDeparturePayload"
    /// Departures, cancelled.
    CancelDeparturePayload "CancelDeparturePayload"
    /// Departures, reversed.
    ReverseDeparturePayload "ReverseDeparturePayload"
}

/// Departures of one party that the caller may change: their households and they themselves held in the one order in which everyone
/// holds them, each of the version that the caller saw and in the state that the change needs; or why not.
pub(super) async fn changeable<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    seen: Seen<'_>,
    (needed, otherwise): (DepartureState, &str),
) -> Result<std::result::Result<Vec<Departure>, R>>
where
    P: Serialize + DeserializeOwned,
    R: From<NotFound> + From<InvalidValue> + From<StateConflict> + From<VersionConflict>,
{
    let seen = match seen.by_key() {
        Ok(seen) => seen,
        Err(problem) => return Ok(Err(problem.into())),
    };
    let ids: Vec<Uuid> = seen.keys().copied().collect();
    let connection = transaction.connection()?;
    let people = departures::table.filter(departures::id.eq_any(&ids)).select(departures::person_id);
    let people: Vec<Uuid> = people.load(connection).await?;
    hold_households(connection, &people).await?;
    let holding = departures::table.filter(departures::id.eq_any(&ids)).order(departures::id);
    let _held: Vec<Uuid> = holding.select(departures::id).for_no_key_update().load(connection).await?;
    let found = load::departures_in(context, connection, ids.clone()).await?;
    if found.len() < ids.len() {
        return Ok(Err(NotFound::new("departures").into()));
    }
    if found.iter().any(|departure| found.iter().any(|other| other.party_id != departure.party_id)) {
        let message = "Name departures of one party: those who were planned to go together.";
        return Ok(Err(InvalidValue::new("departures", message).into()));
    }
    for departure in &found {
        context.authorize_write(Class::Identity, RecordType::Person, departure)?;
        if seen.get(&departure.id.uuid()) != Some(&departure.version) {
            return Ok(Err(VersionConflict::new(departure.version).into()));
        }
        if departure.state != needed {
            return Ok(Err(StateConflict::new(otherwise).into()));
        }
    }
    Ok(Ok(found))
}

/// What becomes of departures.
pub(super) struct Settled<'a> {
    pub(super) state: DepartureState,
    /// When they went, of those who did.
    pub(super) departed_at: Option<DateTime<Utc>>,
    /// Why, of what does not stand.
    pub(super) reason: Option<&'a str>,
}

/// Settles departures that are held; what the journal says of it.
pub(super) async fn settle<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    found: &[Departure],
    settled: &Settled<'_>,
) -> Result<std::result::Result<Vec<Part>, R>>
where
    P: Serialize + DeserializeOwned,
    R: From<StateConflict>,
{
    let ids: Vec<Uuid> = found.iter().map(|departure| departure.id.uuid()).collect();
    let settling = diesel::update(departures::table.filter(departures::id.eq_any(ids))).set((
        departures::state.eq(settled.state),
        // When somebody went stays, each their own, where it is reversed.
        settled.departed_at.map(|at| departures::departed_at.eq(at)),
        departures::reason.eq(settled.reason),
        departures::recorded_at.eq(context.now()),
        departures::user_id.eq(context.actor()?.user),
    ));
    match settling.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("episodes_no_overlap") => {
            let message = "One of them came back since, and is here by another episode.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) if constraint(&error) == Some("episodes_period") => {
            return Ok(Err(StateConflict::new("One of them arrived after that time.").into()));
        }
        Err(error) => return Err(Error::from(error)),
    }
    let mut changes = Vec::with_capacity(found.len());
    for departure in found {
        let change = DepartureSettled {
            departure: departure.id.uuid(),
            state: settled.state,
            departed_at: settled.departed_at.or(departure.departed_at),
            reason: settled.reason.map(str::to_owned),
        };
        changes.push(Part::of(Class::Identity, Some(departure.person_id), &change)?);
    }
    Ok(Ok(changes))
}

/// The change of some departures, done, and their people touched.
pub(super) fn done<P, R>(
    found: &[Departure],
    occurred_at: DateTime<Utc>,
    mut changes: Vec<Part>,
    payload: fn(Uuid, Judged) -> P,
) -> Result<std::result::Result<Done<P>, R>> {
    changes.push(touched(found.iter().map(|departure| departure.person_id).collect(), occurred_at)?);
    let one = found.first().ok_or_else(|| Error::internal("a change of no departure"))?;
    let payload = payload(one.party_id, one.judged.clone());
    Ok(Ok(Done { occurred_at, changes, payload }))
}
