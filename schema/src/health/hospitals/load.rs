//! Reads of referrals to hospitals, scoped to the caller.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::{MedicalReferral, MedicalReferralState, SENT, Sent, referral_facts};
use crate::access::InScope;
use crate::context::Context;
use crate::error::Result;
use crate::health::tables::medical_referrals;
use crate::scalars::Id;

/// A referral's row, still sealed.
#[derive(Queryable)]
struct Row {
    id: Uuid,
    person: Uuid,
    _visit: Uuid,
    referred_at: DateTime<Utc>,
    accepted_at: Option<DateTime<Utc>>,
    declined_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    record: Vec<u8>,
    version: i32,
}

async fn referrals(
    context: Context,
    narrow: impl FnOnce(medical_referrals::BoxedQuery<'static, Pg>) -> medical_referrals::BoxedQuery<'static, Pg>,
) -> Result<Vec<MedicalReferral>> {
    let Some(scope) = context.personal_scope(Class::Health, RecordType::Diagnosis)? else {
        return Ok(Vec::new());
    };
    let query = narrow(medical_referrals::table.into_boxed())
        .filter(InScope::new(&scope, referral_facts))
        .order((medical_referrals::referred_at, medical_referrals::id));
    let reader = context.reader().await?;
    let rows: Vec<Row> = query.load(&mut &*reader).await?;
    let keys = context.vault().keys(rows.iter().map(|row| row.person).collect()).await?;
    context.discloses(rows.iter().map(|row| row.person));
    rows.into_iter()
        .map(|row| {
            let sent: Option<Sent> = keys.open(row.person, SENT, &row.record)?;
            let state = match (row.accepted_at, row.declined_at, row.ended_at) {
                (.., Some(_)) => MedicalReferralState::Ended,
                (_, Some(_), _) => MedicalReferralState::Declined,
                (Some(_), ..) => MedicalReferralState::Accepted,
                _ => MedicalReferralState::Sent,
            };
            Ok(MedicalReferral {
                id: Id::new(row.id),
                state,
                referred_at: row.referred_at,
                answered_at: row.accepted_at.or(row.declined_at),
                ended_at: row.ended_at,
                hospital: sent.as_ref().map(|sent| sent.hospital.clone()),
                specialty: sent.as_ref().map(|sent| sent.specialty),
                reason: sent.as_ref().map(|sent| sent.reason.clone()),
                answer: sent.as_ref().and_then(|sent| sent.answer.clone()),
                outcome: sent.and_then(|sent| sent.outcome),
                version: row.version,
                person_id: row.person,
                person: row.person.to_string(),
            })
        })
        .collect()
}

/// The referrals of some people to hospitals, oldest first.
pub(crate) async fn hospital_referrals_of(
    context: Context,
    people: Vec<Uuid>,
) -> Result<Vec<MedicalReferral>> {
    referrals(context, |query| query.filter(medical_referrals::person_id.eq_any(people))).await
}

/// Referrals by key.
pub(super) async fn by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<MedicalReferral>> {
    referrals(context, |query| query.filter(medical_referrals::id.eq_any(ids))).await
}
