//! Reads of prescriptions and dispensings, scoped to the caller.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::{Dispensing, HANDED, Handed, ORDER, Order, Prescription, dispensing_facts, prescription_facts};
use crate::access::InScope;
use crate::context::Context;
use crate::error::Result;
use crate::health::tables::{dispensings, prescriptions};
use crate::scalars::{Id, Quantity};

/// A prescription's row, still sealed.
type PrescriptionRow = (Uuid, Uuid, Uuid, DateTime<Utc>, i32, i32, Vec<u8>);
/// A dispensing's row, still sealed.
type DispensingRow = (Uuid, Uuid, Uuid, DateTime<Utc>, i32, Vec<u8>);

async fn prescriptions_where(
    context: Context,
    narrow: impl FnOnce(prescriptions::BoxedQuery<'static, Pg>) -> prescriptions::BoxedQuery<'static, Pg>,
) -> Result<Vec<Prescription>> {
    let Some(scope) = context.personal_scope(Class::Health, RecordType::Diagnosis)? else {
        return Ok(Vec::new());
    };
    let query = narrow(prescriptions::table.into_boxed())
        .filter(InScope::new(&scope, prescription_facts))
        .order((prescriptions::prescribed_at, prescriptions::id));
    let reader = context.reader().await?;
    let rows: Vec<PrescriptionRow> = query.load(&mut &*reader).await?;
    let keys = context.vault().keys(rows.iter().map(|row| row.1).collect()).await?;
    context.discloses(rows.iter().map(|row| row.1));
    rows.into_iter()
        .map(|(id, person_id, visit_id, prescribed_at, prescribed, dispensed, sealed)| {
            let order: Option<Order> = keys.open(person_id, ORDER, &sealed)?;
            let of = |amount| order.as_ref().map(|order| Quantity { amount, unit: order.unit });
            Ok(Prescription {
                id: Id::new(id),
                prescribed_at,
                quantity: of(prescribed),
                dispensed: of(dispensed),
                item_id: order.as_ref().map(|order| order.item),
                dosage: order.map(|order| order.dosage),
                visit_id,
                person_id,
                person: person_id.to_string(),
            })
        })
        .collect()
}

/// The prescriptions of some people, oldest first.
pub(crate) async fn prescriptions_of(context: Context, people: Vec<Uuid>) -> Result<Vec<Prescription>> {
    prescriptions_where(context, |query| query.filter(prescriptions::person_id.eq_any(people))).await
}

/// The prescriptions of some visits, oldest first.
pub(crate) async fn prescriptions_of_visits(
    context: Context,
    visits: Vec<Uuid>,
) -> Result<Vec<Prescription>> {
    prescriptions_where(context, |query| query.filter(prescriptions::visit_id.eq_any(visits))).await
}

/// Prescriptions by key.
pub(super) async fn prescriptions_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Prescription>> {
    prescriptions_where(context, |query| query.filter(prescriptions::id.eq_any(ids))).await
}

async fn dispensings_where(
    context: Context,
    narrow: impl FnOnce(dispensings::BoxedQuery<'static, Pg>) -> dispensings::BoxedQuery<'static, Pg>,
) -> Result<Vec<Dispensing>> {
    let Some(scope) = context.personal_scope(Class::Health, RecordType::Diagnosis)? else {
        return Ok(Vec::new());
    };
    let query = narrow(dispensings::table.into_boxed())
        .filter(InScope::new(&scope, dispensing_facts))
        .order((dispensings::dispensed_at, dispensings::id));
    let reader = context.reader().await?;
    let rows: Vec<DispensingRow> = query.load(&mut &*reader).await?;
    let keys = context.vault().keys(rows.iter().map(|row| row.2).collect()).await?;
    context.discloses(rows.iter().map(|row| row.2));
    rows.into_iter()
        .map(|(id, prescription_id, person_id, dispensed_at, amount, sealed)| {
            let handed: Option<Handed> = keys.open(person_id, HANDED, &sealed)?;
            Ok(Dispensing {
                id: Id::new(id),
                dispensed_at,
                quantity: handed.as_ref().map(|handed| Quantity { amount, unit: handed.unit }),
                lots: handed
                    .map_or_else(Vec::new, |handed| handed.lots.into_iter().map(|lot| lot.0).collect()),
                prescription_id,
                person: person_id.to_string(),
            })
        })
        .collect()
}

/// What was dispensed of some prescriptions, oldest first.
pub(super) async fn dispensings_of(context: Context, of: Vec<Uuid>) -> Result<Vec<Dispensing>> {
    dispensings_where(context, |query| query.filter(dispensings::prescription_id.eq_any(of))).await
}

/// Dispensings by key.
pub(super) async fn dispensings_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Dispensing>> {
    dispensings_where(context, |query| query.filter(dispensings::id.eq_any(ids))).await
}
