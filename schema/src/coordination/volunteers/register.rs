//! Registering volunteers, revising what is known of them, and saying that one helps no more.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::load::volunteer_in;
use super::sign_up::withdrawn;
use super::{Volunteer, VolunteerSet, VolunteerSkill, WithdrawalCause};
use crate::agencies::Agency;
use crate::census::{Checked, name, needs};
use crate::context::Context;
use crate::coordination::tables::volunteers;
use crate::coordination::volunteers::load::Signed;
use crate::error::{Error, Result};
use crate::graph::{Facts, input, payload, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure};
use crate::scalars::Id;

/// What is said of a volunteer who helps no more.
const ENDED: &str = "This volunteer helps no more. Register them anew.";

input! {
    /// Somebody who helps without pay.
    pub struct RegisterVolunteer {
        /// Given names, as the volunteer writes them, 1 to 100 characters.
        pub given_names: String,
        /// Family names, as the volunteer writes them, 1 to 100 characters; left out for one who has none.
        pub family_names: Option<String>,
        /// How to reach them, 3 to 200 characters.
        pub contact: Option<String>,
        /// The languages that they speak, ISO 639, two or three small letters each, the one that they speak best first. Ten at most.
        pub languages: Vec<String>,
        /// What they can do.
        pub skills: Vec<VolunteerSkill>,
        /// The agency that brings them; the caller's own, where it is left out.
        pub agency: Option<Id<Agency>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A volunteer as they should be known from now on.
    pub struct ReviseVolunteer {
        /// The volunteer; one who helps still.
        pub volunteer: Id<Volunteer>,
        /// Given names, as the volunteer writes them, 1 to 100 characters.
        pub given_names: String,
        /// Family names, as the volunteer writes them, 1 to 100 characters; left out for one who has none.
        pub family_names: Option<String>,
        /// How to reach them, 3 to 200 characters.
        pub contact: Option<String>,
        /// The languages that they speak, ISO 639, two or three small letters each, the one that they speak best first. Ten at most.
        pub languages: Vec<String>,
        /// What they can do.
        pub skills: Vec<VolunteerSkill>,
        /// The version of the volunteer that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A volunteer who helps no more.
    pub struct EndVolunteer {
        /// The volunteer.
        pub volunteer: Id<Volunteer>,
        /// The version of the volunteer that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A volunteer, registered.
    pub struct RegisterVolunteerPayload: "RegisterVolunteerPayload" as Volunteer {
        /// The volunteer.
        volunteer: Volunteer,
    }
}

payload! {
    /// A volunteer, revised.
    pub struct ReviseVolunteerPayload: "ReviseVolunteerPayload" as Volunteer {
        /// The volunteer as they are known now.
        volunteer: Volunteer,
    }
}

payload! {
    /// A volunteer who helps no more.
    pub struct EndVolunteerPayload: "EndVolunteerPayload" as Volunteer {
        /// The volunteer.
        volunteer: Volunteer,
    }
}

union! {
    /// The volunteer, registered; or why they were not.
    pub enum RegisterVolunteerResult {
        Payload(RegisterVolunteerPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The volunteer, revised; or why they were not.
    pub enum ReviseVolunteerResult {
        Payload(ReviseVolunteerPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The volunteer, who helps no more; or why that was not recorded.
    pub enum EndVolunteerResult {
        Payload(EndVolunteerPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// A volunteer whom an agency is to bring, by its code.
struct BroughtBy(String);

impl Facts for BroughtBy {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Agency).then_some(&self.0)
    }
}

/// What is stated of a volunteer.
#[derive(AsChangeset)]
#[diesel(table_name = volunteers, treat_none_as_null = true)]
struct Stated {
    given_names: String,
    family_names: Option<String>,
    contact: Option<String>,
    languages: Vec<String>,
    skills: Vec<VolunteerSkill>,
}

impl Stated {
    fn checked(&self) -> Checked {
        name("givenNames", Some(&self.given_names))?;
        name("familyNames", self.family_names.as_deref())?;
        let reached = self.contact.as_deref().is_none_or(|text| (3..=200).contains(&text.chars().count()));
        needs(reached, "contact", "How to reach somebody has 3 to 200 characters.")?;
        let is_language = |text: &String| {
            (2..=3).contains(&text.len()) && text.bytes().all(|letter| letter.is_ascii_lowercase())
        };
        let sound = self.languages.len() <= 10 && self.languages.iter().all(is_language);
        let message = "Ten languages at most, each two or three small letters, ISO 639: ht.";
        needs(sound, "languages", message)?;
        let distinct: BTreeSet<&str> = self.skills.iter().map(|skill| skill.as_str()).collect();
        needs(distinct.len() == self.skills.len(), "skills", "Name each skill once.")
    }
}

/// What the journal says of a volunteer.
fn set(volunteer: &Volunteer) -> Result<Vec<Part>> {
    let change = VolunteerSet {
        volunteer: volunteer.id.uuid(),
        agency: volunteer.agency.clone(),
        ended_at: volunteer.ended_at,
        version: volunteer.version,
    };
    Ok(vec![Part::of(Class::Counterparty, None, &change)?])
}

/// Registers a volunteer.
pub(super) async fn register_volunteer(
    context: Context,
    input: RegisterVolunteer,
) -> Result<RegisterVolunteerResult> {
    let mut transaction = begin!(&context, "coordination.registerVolunteer", &input, RegisterVolunteerResult);
    let done = add(&context, &mut transaction, input).await;
    transaction.conclude(done).await
}

async fn add(
    context: &Context,
    transaction: &mut Transaction<'_, RegisterVolunteerPayload>,
    input: RegisterVolunteer,
) -> Result<std::result::Result<Done<RegisterVolunteerPayload>, RegisterVolunteerResult>> {
    let actor = context.actor()?;
    let agency_id = input.agency.map_or(actor.agency, Id::uuid);
    let agency = context.agency_code(agency_id);
    if agency.is_empty() {
        return Ok(Err(NotFound::new("agency").into()));
    }
    context.authorize_write(Class::Counterparty, RecordType::Volunteer, &BroughtBy(agency))?;
    let RegisterVolunteer { given_names, family_names, contact, languages, skills, .. } = input;
    let stated = Stated { given_names, family_names, contact, languages, skills };
    ensure!(stated.checked());
    let id = context.new_uuid()?;
    let row = (
        volunteers::id.eq(id),
        volunteers::programme_id.eq(context.programme_id()),
        volunteers::agency_id.eq(agency_id),
        volunteers::given_names.eq(stated.given_names),
        volunteers::family_names.eq(stated.family_names),
        volunteers::contact.eq(stated.contact),
        volunteers::languages.eq(stated.languages),
        volunteers::skills.eq(stated.skills),
        volunteers::registered_at.eq(context.now()),
        volunteers::user_id.eq(actor.user),
    );
    diesel::insert_into(volunteers::table).values(row).execute(transaction.connection()?).await?;
    let volunteer = volunteer_in(context, transaction.connection()?, id).await?;
    let volunteer =
        volunteer.ok_or_else(|| Error::internal("a volunteer who was registered is not there"))?;
    Ok(Ok(Done { occurred_at: context.now(), changes: set(&volunteer)?, payload: volunteer.into() }))
}

/// A volunteer whom the caller may change.
async fn found<P: Serialize + DeserializeOwned>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    id: Id<Volunteer>,
) -> Result<std::result::Result<(), NotFound>> {
    let Some(volunteer) = volunteer_in(context, transaction.connection()?, id.uuid()).await? else {
        return Ok(Err(NotFound::new("volunteer")));
    };
    context.authorize_write(Class::Counterparty, RecordType::Volunteer, &volunteer)?;
    Ok(Ok(()))
}

/// The volunteer after a change, of which so many rows were written; or why there is none.
async fn changed<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    id: Uuid,
    written: QueryResult<usize>,
) -> Result<std::result::Result<Volunteer, R>>
where
    P: Serialize + DeserializeOwned,
    R: From<StateConflict> + From<VersionConflict>,
{
    let written = match written {
        Ok(written) => written,
        Err(error) if constraint(&error) == Some("volunteers_ended_once") => {
            return Ok(Err(StateConflict::new(ENDED).into()));
        }
        Err(error) => return Err(error.into()),
    };
    let volunteer = volunteer_in(context, transaction.connection()?, id).await?;
    let volunteer = volunteer.ok_or_else(|| Error::internal("a volunteer who was changed is not there"))?;
    if written == 0 {
        return Ok(Err(VersionConflict::new(volunteer.version).into()));
    }
    Ok(Ok(volunteer))
}

/// Revises a volunteer. Which agency brings them stays.
pub(super) async fn revise_volunteer(
    context: Context,
    input: ReviseVolunteer,
) -> Result<ReviseVolunteerResult> {
    let mut transaction = begin!(&context, "coordination.reviseVolunteer", &input, ReviseVolunteerResult);
    let done = revise(&context, &mut transaction, input).await;
    transaction.conclude(done).await
}

async fn revise(
    context: &Context,
    transaction: &mut Transaction<'_, ReviseVolunteerPayload>,
    input: ReviseVolunteer,
) -> Result<std::result::Result<Done<ReviseVolunteerPayload>, ReviseVolunteerResult>> {
    ensure!(found(context, transaction, input.volunteer).await?);
    let id = input.volunteer.uuid();
    let ReviseVolunteer { given_names, family_names, contact, languages, skills, version, .. } = input;
    let stated = Stated { given_names, family_names, contact, languages, skills };
    ensure!(stated.checked());
    let target = volunteers::table.filter(volunteers::id.eq(id)).filter(volunteers::version.eq(version));
    let written = diesel::update(target).set(stated).execute(transaction.connection()?).await;
    let volunteer = match changed(context, transaction, id, written).await? {
        Ok(volunteer) => volunteer,
        Err(refused) => return Ok(Err(refused)),
    };
    Ok(Ok(Done { occurred_at: context.now(), changes: set(&volunteer)?, payload: volunteer.into() }))
}

/// Says that a volunteer helps no more. The database withdraws them from the shifts that have not ended.
pub(super) async fn end_volunteer(context: Context, input: EndVolunteer) -> Result<EndVolunteerResult> {
    let mut transaction = begin!(&context, "coordination.endVolunteer", &input, EndVolunteerResult);
    let done = end(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn end(
    context: &Context,
    transaction: &mut Transaction<'_, EndVolunteerPayload>,
    input: &EndVolunteer,
) -> Result<std::result::Result<Done<EndVolunteerPayload>, EndVolunteerResult>> {
    ensure!(found(context, transaction, input.volunteer).await?);
    let (id, now): (Uuid, DateTime<Utc>) = (input.volunteer.uuid(), context.now());
    let target =
        volunteers::table.filter(volunteers::id.eq(id)).filter(volunteers::version.eq(input.version));
    let ending = diesel::update(target).set(volunteers::ended_at.eq(now));
    let written = ending.execute(transaction.connection()?).await;
    let volunteer = match changed(context, transaction, id, written).await? {
        Ok(volunteer) => volunteer,
        Err(refused) => return Ok(Err(refused)),
    };
    withdrawn(context, transaction, Signed::Volunteer(id), (WithdrawalCause::VolunteerEnded, now)).await?;
    Ok(Ok(Done { occurred_at: now, changes: set(&volunteer)?, payload: volunteer.into() }))
}
