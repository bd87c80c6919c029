//! Granting what each household is owed, and ending that.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};

use enlace_policies::{Class, RecordType};

use super::load::held;
use super::tables::entitlements;
use super::{EntitledUnit, Entitlement};
use crate::context::Context;
use crate::donations::Item;
use crate::donations::kits::{self, Kit};
use crate::donations::load::items_within_reach;
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Change, Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// What each household is owed from now on.
    pub struct GrantEntitlement {
        /// The item. Either this or `kit`.
        pub item: Option<Id<Item>>,
        /// The kit.
        pub kit: Option<Id<Kit>>,
        /// How much: kits, or base units of the item; 1 to 10,000.
        pub amount: i32,
        /// Whether that is to the household, or to each person in it.
        pub per: EntitledUnit,
        /// Once in so many days, counted from the first one, 1 to 366; once for the whole stay, where it is left out.
        pub interval_days: Option<i32>,
        /// How much a household gets in all at most; there is no such bound, where it is left out.
        pub cap: Option<i32>,
        /// Its first day; today, where it is left out.
        pub from: Option<NaiveDate>,
        /// Its last day; none, where it is left out.
        pub until: Option<NaiveDate>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// An entitlement, granted.
    pub struct GrantEntitlementPayload: "GrantEntitlementPayload" as Entitlement {
        /// The entitlement.
        entitlement: Entitlement,
    }
}

union! {
    /// The entitlement, granted; or why it was not.
    pub enum GrantEntitlementResult {
        Payload(GrantEntitlementPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

input! {
    /// An entitlement that is to end.
    pub struct EndEntitlement {
        /// The entitlement.
        pub entitlement: Id<Entitlement>,
        /// Its last day, which is not past; today, where it is left out.
        pub until: Option<NaiveDate>,
        /// The version of the entitlement that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// An entitlement, ended.
    pub struct EndEntitlementPayload: "EndEntitlementPayload" as Entitlement {
        /// The entitlement as it is now.
        entitlement: Entitlement,
    }
}

union! {
    /// The entitlement, ended; or why it was not.
    pub enum EndEntitlementResult {
        Payload(EndEntitlementPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: what each household is owed of something, as it is from then on.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntitlementSet {
    entitlement: Entitlement,
}

impl Change for EntitlementSet {
    const NAME: &'static str = "donations.entitlementSet";
}

/// What is committed of an entitlement that was granted or ended.
fn done<P: From<Entitlement>>(context: &Context, entitlement: Entitlement) -> Result<Done<P>> {
    let change = EntitlementSet { entitlement };
    let changes = vec![Part::of(Class::Inventory, None, &change)?];
    Ok(Done { occurred_at: context.now(), changes, payload: change.entitlement.into() })
}

/// Grants what each household is owed.
pub(super) async fn grant_entitlement(
    context: Context,
    input: GrantEntitlement,
) -> Result<GrantEntitlementResult> {
    let mut transaction = begin!(&context, "donations.grantEntitlement", &input, GrantEntitlementResult);
    let done = grant(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn grant(
    context: &Context,
    transaction: &mut Transaction<'_, GrantEntitlementPayload>,
    input: &GrantEntitlement,
) -> Result<std::result::Result<Done<GrantEntitlementPayload>, GrantEntitlementResult>> {
    let today = context.day_of(context.now());
    let entitlement = Entitlement {
        id: Id::new(context.new_uuid()?),
        amount: input.amount,
        per: input.per,
        interval_days: input.interval_days,
        cap: input.cap,
        valid_from: input.from.unwrap_or(today),
        valid_until: input.until,
        version: 1,
        item_id: input.item.map(Id::uuid),
        kit_id: input.kit.map(Id::uuid),
    };
    context.authorize_write(Class::Inventory, RecordType::Entitlement, &entitlement)?;
    if let Some(problem) = refused(&entitlement, today) {
        return Ok(Err(problem.into()));
    }
    let connection = transaction.connection()?;
    let known = match (entitlement.item_id, entitlement.kit_id) {
        (Some(item), None) => {
            let found = items_within_reach(context, connection, &[item]).await?;
            (!found.is_empty()).then_some(()).ok_or("item")
        }
        (None, Some(kit)) => {
            let found = kits::one(context, connection, Some(kit), None).await?;
            context.seen(Class::Inventory, RecordType::Kit, found).map(|_| ()).ok_or("kit")
        }
        _ => return Ok(Err(InvalidValue::new("item, or kit", "Name either an item or a kit.").into())),
    };
    if let Err(argument) = known {
        return Ok(Err(NotFound::new(argument).into()));
    }
    let row = (
        entitlements::id.eq(entitlement.id),
        entitlements::programme_id.eq(context.programme_id()),
        entitlements::item_id.eq(entitlement.item_id),
        entitlements::kit_id.eq(entitlement.kit_id),
        entitlements::amount.eq(entitlement.amount),
        entitlements::per.eq(entitlement.per),
        entitlements::interval_days.eq(entitlement.interval_days),
        entitlements::cap.eq(entitlement.cap),
        entitlements::valid_from.eq(entitlement.valid_from),
        entitlements::valid_until.eq(entitlement.valid_until),
        entitlements::granted_at.eq(context.now()),
        entitlements::user_id.eq(context.actor()?.user),
    );
    match diesel::insert_into(entitlements::table).values(row).execute(transaction.connection()?).await {
        Ok(_) => done(context, entitlement).map(Ok),
        Err(error) if constraint(&error) == Some("entitlements_one_at_a_time") => {
            let message = "Households are owed this already during that time. End that entitlement first.";
            Ok(Err(StateConflict::new(message).into()))
        }
        Err(error) => Err(Error::from(error)),
    }
}

/// Which value is out of its range, and what to do about it.
fn refused(new: &Entitlement, today: NaiveDate) -> Option<InvalidValue> {
    let wrong = |argument: &str, message: &str| Some(InvalidValue::new(argument, message));
    if !(1..=10_000).contains(&new.amount) {
        return wrong("amount", "An entitlement is of 1 to 10,000.");
    }
    if new.interval_days.is_some_and(|days| !(1..=366).contains(&days)) {
        return wrong("intervalDays", "An interval has 1 to 366 days.");
    }
    if new.cap.is_some_and(|cap| !(new.amount..=1_000_000).contains(&cap)) {
        return wrong("cap", "A bound is of the amount or more, and of 1,000,000 at most.");
    }
    if new.valid_from < today {
        return wrong("from", "That day is past: what was given is not judged anew.");
    }
    if new.valid_until.is_some_and(|until| until < new.valid_from) {
        return wrong("until", "The last day is not before the first.");
    }
    None
}

/// Ends what each household is owed.
pub(super) async fn end_entitlement(context: Context, input: EndEntitlement) -> Result<EndEntitlementResult> {
    let mut transaction = begin!(&context, "donations.endEntitlement", &input, EndEntitlementResult);
    let done = end(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn end(
    context: &Context,
    transaction: &mut Transaction<'_, EndEntitlementPayload>,
    input: &EndEntitlement,
) -> Result<std::result::Result<Done<EndEntitlementPayload>, EndEntitlementResult>> {
    let found = held(context, transaction.connection()?, input.entitlement).await?;
    let Some(before) = context.seen(Class::Inventory, RecordType::Entitlement, found) else {
        return Ok(Err(NotFound::new("entitlement").into()));
    };
    context.authorize_write(Class::Inventory, RecordType::Entitlement, &before)?;
    if before.version != input.version {
        return Ok(Err(VersionConflict::new(before.version).into()));
    }
    let today = context.day_of(context.now());
    let until = input.until.unwrap_or(today);
    if until < today {
        let message = "That day is past: what was given is not judged anew.";
        return Ok(Err(InvalidValue::new("until", message).into()));
    }
    if before.valid_until.is_some_and(|ends| ends <= until) {
        return Ok(Err(StateConflict::new("This entitlement ends by then already.").into()));
    }
    // One that has not begun has no day.
    let until = before.valid_from.pred_opt().map_or(until, |eve| until.max(eve));
    let ended = Entitlement { valid_until: Some(until), version: input.version.saturating_add(1), ..before };
    let row = (entitlements::valid_until.eq(ended.valid_until), entitlements::version.eq(ended.version));
    diesel::update(entitlements::table.find(ended.id)).set(row).execute(transaction.connection()?).await?;
    done(context, ended).map(Ok)
}
