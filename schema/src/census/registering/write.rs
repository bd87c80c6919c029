//! A registration as it goes: put together, permitted member by member and class by class, sealed and written.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::checks::{Times, checked};
use super::rows::{self, Sealed};
use super::{NewMember, Refused, RegisterHousehold, RegisterHouseholdPayload, journal};
use crate::census::tables::persons;
use crate::census::{Consent, Family, Identity, Judged, Kinship, Migration, PersonFacts, Placement};
use crate::context::Context;
use crate::error::Result;
use crate::journal::{Done, Transaction, constraint};
use crate::problem::{NotFound, StateConflict};
use crate::scalars::Id;
use crate::shelters;

type Registering<'c> = Transaction<'c, RegisterHouseholdPayload>;

/// A household as it is to be registered.
pub(super) struct Registered {
    pub(super) household: Uuid,
    pub(super) head: Uuid,
    pub(super) shelter_id: Option<Uuid>,
    pub(super) members: Vec<Member>,
    pub(super) consents: Vec<Consent>,
    pub(super) times: Times,
}

/// One of its members.
pub(super) struct Member {
    pub(super) id: Uuid,
    /// The episode that their arrival begins.
    pub(super) episode: Uuid,
    pub(super) adult_from: NaiveDate,
    pub(super) identity: Identity,
    pub(super) family: Family,
    pub(super) migration: Option<Migration>,
    pub(super) placement: Placement,
}

/// Registers a household, where the caller may.
pub(super) async fn registered(
    context: &Context,
    transaction: &mut Registering<'_>,
    input: RegisterHousehold,
) -> Result<Refused<Done<RegisterHouseholdPayload>>> {
    let times = match checked(context, &input) {
        Ok(times) => times,
        Err(problem) => return Ok(Err(problem.into())),
    };
    let shelter_id = input.shelter.map(Id::uuid);
    let found = match shelter_id {
        Some(shelter) => shelters::by_ids(context.clone(), vec![shelter]).await?.pop(),
        None => None,
    };
    if shelter_id.is_some() && found.is_none() {
        return Ok(Err(NotFound::new("shelter").into()));
    }
    let shelter = found.map(|shelter| shelter.code);
    let household = made(context, input.household)?;
    let mut registered = Registered {
        household,
        head: household,
        shelter_id,
        members: Vec::new(),
        consents: Vec::new(),
        times,
    };
    for (place, new) in input.members.into_iter().enumerate() {
        if let Err(refused) = add(context, &mut registered, shelter.as_ref(), (place, new))? {
            return Ok(Err(refused));
        }
    }
    let payload = payload(&registered, shelter);
    context.authorize_write(Class::Family, RecordType::Household, &payload)?;
    let code = match insert(context, transaction, &registered).await? {
        Ok(code) => code,
        Err(refused) => return Ok(Err(refused)),
    };
    let changes = journal::parts(&registered, code)?;
    Ok(Ok(Done { occurred_at: times.occurred_at, changes, payload }))
}

/// The id that a caller made, or a new one.
fn made<T>(context: &Context, id: Option<Id<T>>) -> Result<Uuid> {
    id.map_or_else(|| context.new_uuid(), |id| Ok(id.uuid()))
}

/// Adds a member and their consents, where the caller may write what is stated of them.
fn add(
    context: &Context,
    registered: &mut Registered,
    shelter: Option<&String>,
    (place, mut new): (usize, NewMember),
) -> Result<Refused<()>> {
    let id = made(context, new.id)?;
    let adult_from = new.identity.adult_from()?;
    let facts = PersonFacts::new(shelter.cloned(), (adult_from, None), Vec::new(), context.instant());
    let judged = Judged::new(id, facts);
    for class in [Class::Identity, Class::Family, Class::Placement] {
        context.authorize_write(class, RecordType::Person, &judged)?;
    }
    if new.migration.is_some() {
        context.authorize_write(Class::Migration, RecordType::Person, &judged)?;
    }
    for (number, given) in new.consents.take().unwrap_or_default().into_iter().enumerate() {
        let recipient = context.agency_code(given.recipient.uuid());
        if recipient.is_empty() {
            let argument = format!("members.{place}.consents.{number}.recipient");
            return Ok(Err(NotFound::new(&argument).into()));
        }
        let consent = Consent {
            id: Id::new(made(context, given.id)?),
            purpose: given.purpose,
            given_at: given.given_at.unwrap_or(registered.times.occurred_at),
            ends_at: given.ends_at,
            withdrawn_at: None,
            version: 1,
            person_id: id,
            opposed_by: None,
            recipient_id: given.recipient.uuid(),
            recipient,
            person: judged.facts.clone(),
        };
        context.authorize_write(Class::Consent, RecordType::Consent, &consent)?;
        registered.consents.push(consent);
    }
    if new.family.kinship == Kinship::Head {
        registered.head = id;
    }
    registered.members.push(Member::new((id, context.new_uuid()?), adult_from, new));
    Ok(Ok(()))
}

impl Member {
    fn new((id, episode): (Uuid, Uuid), adult_from: NaiveDate, new: NewMember) -> Self {
        Self {
            id,
            episode,
            adult_from,
            identity: new.identity.into(),
            family: new.family.into(),
            migration: new.migration.map(Migration::from),
            placement: new.placement.into(),
        }
    }
}

fn payload(registered: &Registered, shelter: Option<String>) -> RegisterHouseholdPayload {
    let share = |consent: &Consent| format!("{}/{}", consent.recipient, consent.purpose.as_str());
    RegisterHouseholdPayload {
        household_id: registered.household,
        shelter,
        shared_with: registered.consents.iter().map(share).collect(),
    }
}

/// Seals and writes it all. The database holds that the ids are new, that the head is one of the members, and that no two consents of
/// a person say the same.
async fn insert(
    context: &Context,
    transaction: &mut Registering<'_>,
    registered: &Registered,
) -> Result<Refused<String>> {
    let ids: Vec<Uuid> = registered.members.iter().map(|member| member.id).collect();
    // Whoever was registered before keeps their key; and where it was destroyed, they get no other.
    let known = persons::table.filter(persons::id.eq_any(&ids)).select(persons::id);
    if known.first::<Uuid>(transaction.connection()?).await.optional()?.is_some() {
        return Ok(Err(taken().into()));
    }
    let keys = context.vault().make_keys(&ids, &context.system().random, context.real_now()).await?;
    let sealed = Sealed::of(context, &keys, &registered.members)?;
    let of = (context.programme_id(), context.vault().search_key());
    match rows::insert(transaction.connection()?, of, registered, sealed).await {
        Ok(code) => Ok(Ok(code)),
        Err(error) => match constraint(&error) {
            Some("households_pkey" | "persons_pkey" | "consents_pkey") => Ok(Err(taken().into())),
            Some("consents_no_overlap") => {
                let message = "A person consents once to what an agency does for a purpose. Leave out what stands twice.";
                Ok(Err(StateConflict::new(message).into()))
            }
            _ => Err(error.into()),
        },
    }
}

fn taken() -> StateConflict {
    let message = "An id of this household is registered already. What was sent before stands: read it, or make new ids.";
    StateConflict::new(message)
}
