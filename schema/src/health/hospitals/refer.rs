//! Sending a case to a hospital.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::{SENT, Sent, Shows};
use crate::census::{self, Checked, needs};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, record, union};
use crate::health::CARE;
use crate::health::tables::medical_referrals;
use crate::health::visits::{Specialty, Visit, held, note_of};
use crate::journal::{Change, Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::Id;

input! {
    /// A case that is sent to a hospital.
    pub struct ReferToHospital {
        /// The visit in which it is sent, which is open.
        pub visit: Id<Visit>,
        /// The hospital, 1 to 4,000 characters.
        pub hospital: String,
        /// The specialty that is asked for.
        pub specialty: Specialty,
        /// Why, 1 to 4,000 characters.
        pub reason: String,
        /// When; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A case, sent to a hospital.
    #[derive(Serialize, Deserialize)]
    pub struct ReferToHospitalPayload: "ReferToHospitalPayload" as Diagnosis {
        /// The referral: what is kept of the answer does not hold it.
        referral_id: Uuid,
        /// The key of the person, as policies compare it.
        person: String,
    }
}

impl Shows for ReferToHospitalPayload {
    fn referral(&self) -> Uuid {
        self.referral_id
    }
}

union! {
    /// The case, sent; or why it was not.
    pub enum ReferToHospitalResult {
        Payload(ReferToHospitalPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: a case was sent to a hospital.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Referred {
    referral: Uuid,
    visit: Uuid,
    sent: Sent,
    referred_at: DateTime<Utc>,
}

impl Change for Referred {
    const NAME: &'static str = "health.referredToHospital";
}

type Refused<T> = std::result::Result<T, ReferToHospitalResult>;

/// Sends a case to a hospital. The database holds that the visit is open.
pub(super) async fn refer_to_hospital(
    context: Context,
    input: ReferToHospital,
) -> Result<ReferToHospitalResult> {
    context.personal_scope(Class::Health, RecordType::Diagnosis)?;
    let mut transaction = begin!(&context, CARE, &input, ReferToHospitalResult);
    let done = refer(&context, &mut transaction, input).await;
    transaction.conclude(done).await
}

fn checked(context: &Context, input: &ReferToHospital, at: DateTime<Utc>) -> Checked {
    needs(at <= context.now(), "occurredAt", "A referral cannot be of the future.")?;
    note_of("hospital", Some(&input.hospital))?;
    note_of("reason", Some(&input.reason))
}

async fn refer(
    context: &Context,
    transaction: &mut Transaction<'_, ReferToHospitalPayload>,
    input: ReferToHospital,
) -> Result<Refused<Done<ReferToHospitalPayload>>> {
    let at = input.occurred_at.unwrap_or_else(|| context.now());
    if let Err(problem) = checked(context, &input, at) {
        return Ok(Err(problem.into()));
    }
    let visit = input.visit.uuid();
    let Some(held) = held(context, transaction.connection()?, visit).await? else {
        return Ok(Err(NotFound::new("visit").into()));
    };
    let (person, referral) = (held.person, context.new_uuid()?);
    let payload = ReferToHospitalPayload { referral_id: referral, person: person.to_string() };
    context.authorize_write(Class::Health, RecordType::Diagnosis, &payload)?;
    if held.opened_at > at {
        return Ok(Err(InvalidValue::new("occurredAt", "The visit began later than that.").into()));
    }
    let keys = context.vault().keys(vec![person]).await?;
    if !keys.have(person) {
        return Ok(Err(census::erased().into()));
    }
    let sent = Sent {
        hospital: input.hospital,
        specialty: input.specialty,
        reason: input.reason,
        answer: None,
        outcome: None,
    };
    let row = (
        medical_referrals::id.eq(referral),
        medical_referrals::person_id.eq(person),
        medical_referrals::visit_id.eq(visit),
        medical_referrals::referred_at.eq(at),
        medical_referrals::record.eq(keys.seal(person, SENT, context.random_bytes()?, &sent)?),
    );
    let sending = diesel::insert_into(medical_referrals::table).values(row);
    match sending.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("medical_referrals_in_open_visit") => {
            let message = "This visit is closed. Open another, and refer the person there.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let change = Referred { referral, visit, sent, referred_at: at };
    let changes = vec![Part::of(Class::Health, Some(person), &change)?];
    Ok(Ok(Done { occurred_at: at, changes, payload }))
}
