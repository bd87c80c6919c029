//! Receiving a donation: its lines become lots, which lie where they were received.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::access::InScope;
use crate::context::Context;
use crate::database::Prepared;
use crate::donations::load::{DONOR_COLUMNS, item_facts, location_columns, locations_joined};
use crate::donations::tables::{donations, donors, items, locations};
use crate::donations::{Condition, Donation, Donor, Location, Stock};
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Begun, Change, Outcome, Part, Transaction};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound};
use crate::scalars::{Id, Quantity, Unit};

/// How many lines a donation may have that is recorded by hand. A longer one is imported from a file.
const LINES: usize = 500;

/// How many lines one entry of the journal tells of, and one event of `stockChanged`.
const LINES_OF_AN_ENTRY: usize = 500;

input! {
    /// A line of a donation: so much of one item, in one condition, with one expiry.
    pub struct DonationLine {
        /// The item's code in the catalogue.
        pub item: String,
        /// How much, in the item's base unit.
        pub quantity: Quantity,
        /// In what state it came; `NEW`, where it is left out.
        pub condition: Option<Condition>,
        /// The day from which it must not be given out.
        pub expires_on: Option<NaiveDate>,
    }
}

input! {
    /// A donation, as it was received.
    pub struct ReceiveDonation {
        /// Who gave.
        pub donor: Id<Donor>,
        /// The store that received it.
        pub location: Id<Location>,
        /// When it was received; now, where it is left out.
        pub received_at: Option<DateTime<Utc>>,
        /// The donor's own folio for it, at most 100 characters.
        pub donor_reference: Option<String>,
        /// What was given: 1 to 500 lines.
        pub lines: Vec<DonationLine>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A donation, received.
    pub struct ReceiveDonationPayload: "ReceiveDonationPayload" as Donation {
        /// The donation. Its lines are lots: `donationItems(donation:)`.
        donation: Donation,
    }
}

union! {
    /// The donation, received; or why it was not.
    pub enum ReceiveDonationResult {
        Payload(ReceiveDonationPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: goods of one kind came with a donation. A long donation takes several entries.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GoodsReceived {
    pub(crate) donation: Donation,
    /// The shelter whose store received them.
    shelter: Option<String>,
    stock_kind: String,
    lines: Vec<ReceivedLine>,
}

/// One lot, as it came.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReceivedLine {
    line: i32,
    item: Uuid,
    lot: Uuid,
    balance: Uuid,
    movement: Uuid,
    quantity: Quantity,
    condition: Condition,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_on: Option<NaiveDate>,
}

impl Change for GoodsReceived {
    const NAME: &'static str = "donations.goodsReceived";
}

impl GoodsReceived {
    /// What lies in the store of each lot when it has come.
    pub(crate) fn stock(&self) -> Vec<Stock> {
        let stock = |line: &ReceivedLine| Stock {
            id: Id::new(line.balance),
            quantity: line.quantity,
            version: 1,
            lot_id: line.lot,
            location_id: self.donation.location_id,
            shelter: self.shelter.clone(),
            stock_kind: self.stock_kind.clone(),
            donor_agency: self.donation.donor_agency.clone(),
        };
        self.lines.iter().map(stock).collect()
    }
}

/// In the journal: a donation was received, with so many lines. Their goods are told of by the entries before.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DonationReceived {
    pub(crate) donation: Donation,
    pub(crate) lines: i32,
}

impl Change for DonationReceived {
    const NAME: &'static str = "donations.donationReceived";
}

/// An item, as lines name it.
#[derive(Queryable)]
pub(super) struct Known {
    id: Uuid,
    unit: Unit,
    stock_kind: String,
}

/// The items that the caller may see, by code.
pub(super) type Catalogue = HashMap<String, Known>;

/// A line, checked.
pub(super) struct Line<'c> {
    number: i32,
    item: &'c Known,
    amount: i32,
    condition: Condition,
    expires_on: Option<NaiveDate>,
}

/// A donation that is being received.
pub(super) struct Receipt {
    pub(super) donation: Donation,
    shelter: Option<String>,
    occurred_at: DateTime<Utc>,
    lines: i32,
}

/// Receives a donation.
pub(super) async fn receive_donation(
    context: Context,
    input: ReceiveDonation,
) -> Result<ReceiveDonationResult> {
    let key = input.idempotency_key.clone();
    let mut transaction =
        match Transaction::begin(&context, "donations.receiveDonation", &key, &input).await? {
            Begun::Fresh(transaction) => transaction,
            Begun::Repeated(payload) => return Ok(ReceiveDonationResult::Payload(payload)),
            Begun::Conflict => return Ok(IdempotencyConflict::new().into()),
        };
    match receive(&context, &mut transaction, &input).await {
        Ok(Ok(receipt)) => {
            let change = DonationReceived { donation: receipt.donation, lines: receipt.lines };
            let changes = vec![Part::of(Class::Inventory, None, &change)?];
            Ok(match transaction.commit(receipt.occurred_at, changes, change.donation.into()).await? {
                Outcome::Done(payload) | Outcome::Repeated(payload) => payload.into(),
                Outcome::Conflict => IdempotencyConflict::new().into(),
            })
        }
        Ok(Err(problem)) => transaction.refuse(problem).await,
        Err(error) => {
            transaction.roll_back().await?;
            Err(error)
        }
    }
}

async fn receive(
    context: &Context,
    transaction: &mut Transaction<'_, ReceiveDonationPayload>,
    input: &ReceiveDonation,
) -> Result<Result<Receipt, ReceiveDonationResult>> {
    if !(1..=LINES).contains(&input.lines.len()) {
        let message = "A donation has 1 to 500 lines. Import a longer one from a file.";
        return Ok(Err(InvalidValue::new("lines", message).into()));
    }
    let opened = Receipt::open(
        context,
        transaction,
        input.donor,
        input.location,
        input.received_at,
        input.donor_reference.as_deref(),
    );
    let mut receipt = match opened.await? {
        Ok(receipt) => receipt,
        Err(refused) => return Ok(Err(refused)),
    };
    let catalogue = catalogue(context, transaction).await?;
    let mut lines = Vec::with_capacity(input.lines.len());
    for (number, line) in (1..).zip(&input.lines) {
        match checked(number, line, &catalogue, receipt.donation.received_on) {
            Ok(line) => lines.push(line),
            Err((field, message)) => {
                let argument = format!("lines.{}.{field}", number - 1);
                return Ok(Err(InvalidValue::new(&argument, &message).into()));
            }
        }
    }
    receipt.add(context, transaction, &lines).await?;
    Ok(Ok(receipt))
}

/// The catalogue, as far as the caller may see it.
pub(super) async fn catalogue<A: Serialize + DeserializeOwned>(
    context: &Context,
    transaction: &mut Transaction<'_, A>,
) -> Result<Catalogue> {
    let Some(scope) = context.scope(Class::Inventory, RecordType::Item) else { return Ok(Catalogue::new()) };
    let query = items::table
        .filter(items::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, item_facts))
        .select((items::code, (items::id, items::unit, items::stock_kind)));
    let known: Vec<(String, Known)> = query.load(transaction.connection()?).await?;
    Ok(known.into_iter().collect())
}

/// A line, checked; or which of its fields is wrong, and what to do about it.
fn checked<'c>(
    number: i32,
    line: &DonationLine,
    catalogue: &'c Catalogue,
    received_on: NaiveDate,
) -> std::result::Result<Line<'c>, (&'static str, String)> {
    let Some(item) = catalogue.get(&line.item) else {
        return Err(("item", "The catalogue has no such item. Read its codes with catalogue.".to_owned()));
    };
    if line.quantity.unit != item.unit {
        return Err(("quantity", format!("This item counts in {}.", item.unit.as_str())));
    }
    if line.quantity.amount <= 0 {
        return Err(("quantity", "A line has one unit or more.".to_owned()));
    }
    if line.expires_on.is_some_and(|day| day < received_on) {
        return Err((
            "expiresOn",
            "This had expired when it came. Goods that have are not received.".to_owned(),
        ));
    }
    Ok(Line {
        number,
        item,
        amount: line.quantity.amount,
        condition: line.condition.unwrap_or(Condition::New),
        expires_on: line.expires_on,
    })
}

impl Receipt {
    /// Records a donation without its lines yet.
    pub(super) async fn open<A, R>(
        context: &Context,
        transaction: &mut Transaction<'_, A>,
        donor: Id<Donor>,
        location: Id<Location>,
        received_at: Option<DateTime<Utc>>,
        reference: Option<&str>,
    ) -> Result<Result<Self, R>>
    where
        A: Serialize + DeserializeOwned,
        R: From<NotFound> + From<InvalidValue>,
    {
        let occurred_at = received_at.unwrap_or_else(|| context.now());
        if occurred_at > context.now() {
            let message = "A donation cannot be of the future.";
            return Ok(Err(InvalidValue::new("receivedAt", message).into()));
        }
        if reference.is_some_and(|text| !(1..=100).contains(&text.chars().count())) {
            let message = "A donor's reference has 1 to 100 characters.";
            return Ok(Err(InvalidValue::new("donorReference", message).into()));
        }
        let programme = context.programme_id();
        let query = donors::table
            .filter(donors::id.eq(donor))
            .filter(donors::programme_id.eq(programme))
            .select(DONOR_COLUMNS);
        let found: Option<Donor> = query.first(transaction.connection()?).await.optional()?;
        let scope = context.scope(Class::Donor, RecordType::Donor);
        let Some(donor) = found.filter(|donor| scope.is_some_and(|scope| scope.has(donor))) else {
            return Ok(Err(NotFound::new("donor").into()));
        };
        let query = locations_joined()
            .filter(locations::id.eq(location))
            .filter(locations::programme_id.eq(programme))
            .select(location_columns());
        let found: Option<Location> = query.first(transaction.connection()?).await.optional()?;
        let Some(location) = found else {
            return Ok(Err(NotFound::new("location").into()));
        };
        let mut donation = Donation {
            id: Id::new(context.new_uuid()?),
            code: String::new(),
            received_on: context.day_of(occurred_at),
            recorded_at: context.now(),
            donor_reference: reference.map(str::to_owned),
            donor_id: donor.id.uuid(),
            donor_agency: donor.agency,
            location_id: location.id.uuid(),
        };
        context.authorize_write(Class::Inventory, RecordType::Donation, &donation)?;
        let row = (
            donations::id.eq(donation.id),
            donations::programme_id.eq(programme),
            donations::donor_id.eq(donation.donor_id),
            donations::donor_reference.eq(donation.donor_reference.clone()),
            donations::received_on.eq(donation.received_on),
            donations::received_at_id.eq(donation.location_id),
            donations::recorded_at.eq(donation.recorded_at),
            donations::user_id.eq(context.actor()?.user),
        );
        let recording = diesel::insert_into(donations::table).values(row).returning(donations::code);
        donation.code = recording.get_result(transaction.connection()?).await?;
        Ok(Ok(Self { donation, shelter: location.shelter, occurred_at, lines: 0 }))
    }

    /// Adds lines: their lots, the balances of these, the ledger's entries, and what the journal says of them.
    pub(super) async fn add<A: Serialize + DeserializeOwned>(
        &mut self,
        context: &Context,
        transaction: &mut Transaction<'_, A>,
        lines: &[Line<'_>],
    ) -> Result<()> {
        let mut kinds: BTreeMap<&str, Vec<ReceivedLine>> = BTreeMap::new();
        for line in lines {
            let received = ReceivedLine {
                line: line.number,
                item: line.item.id,
                lot: context.new_uuid()?,
                balance: context.new_uuid()?,
                movement: context.new_uuid()?,
                quantity: Quantity { amount: line.amount, unit: line.item.unit },
                condition: line.condition,
                expires_on: line.expires_on,
            };
            kinds.entry(&line.item.stock_kind).or_default().push(received);
        }
        for (stock_kind, received) in kinds {
            for lines in received.chunks(LINES_OF_AN_ENTRY) {
                self.store(context, transaction, lines).await?;
                let change = GoodsReceived {
                    donation: self.donation.clone(),
                    shelter: self.shelter.clone(),
                    stock_kind: stock_kind.to_owned(),
                    lines: lines.to_vec(),
                };
                let part = Part::of(Class::Inventory, None, &change)?;
                transaction.enter(self.occurred_at, vec![part]).await?;
                self.lines += i32::try_from(lines.len()).unwrap_or(i32::MAX);
            }
        }
        Ok(())
    }

    /// The rows, each table's with one statement.
    async fn store<A: Serialize + DeserializeOwned>(
        &self,
        context: &Context,
        transaction: &mut Transaction<'_, A>,
        lines: &[ReceivedLine],
    ) -> Result<()> {
        let lots: Vec<Uuid> = lines.iter().map(|line| line.lot).collect();
        let amounts: Vec<i32> = lines.iter().map(|line| line.quantity.amount).collect();
        let storing = diesel::sql_query(
            "INSERT INTO lots (id, programme_id, item_id, donor_id, donation_id, line, code, condition, received, received_on, \
                 received_at_id, expires_on, donor_reference) \
             SELECT lot, $1, item, $2, $3, line, $4 || '-' || line, condition, amount, $5, $6, expires_on, $7 \
             FROM unnest($8, $9, $10, $11, $12, $13) AS lines (lot, item, line, condition, amount, expires_on)",
        )
        .bind::<SqlUuid, _>(context.programme_id())
        .bind::<SqlUuid, _>(self.donation.donor_id)
        .bind::<SqlUuid, _>(self.donation.id)
        .bind::<Text, _>(&self.donation.code)
        .bind::<Date, _>(self.donation.received_on)
        .bind::<SqlUuid, _>(self.donation.location_id)
        .bind::<Nullable<Text>, _>(self.donation.donor_reference.clone())
        .bind::<Array<SqlUuid>, _>(lots.clone())
        .bind::<Array<SqlUuid>, _>(lines.iter().map(|line| line.item).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(lines.iter().map(|line| line.line).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(lines.iter().map(|line| line.condition.as_str()).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(amounts.clone())
        .bind::<Array<Nullable<Date>>, _>(lines.iter().map(|line| line.expires_on).collect::<Vec<_>>());
        Prepared(storing).execute(transaction.connection()?).await?;
        let opening = diesel::sql_query(
            "INSERT INTO balances (id, lot_id, location_id) SELECT balance, lot, $1 FROM unnest($2, $3) AS lines (balance, lot)",
        )
        .bind::<SqlUuid, _>(self.donation.location_id)
        .bind::<Array<SqlUuid>, _>(lines.iter().map(|line| line.balance).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(lots.clone());
        Prepared(opening).execute(transaction.connection()?).await?;
        let recording = diesel::sql_query(
            "INSERT INTO movements (id, lot_id, kind, to_id, quantity, occurred_at, recorded_at, user_id) \
             SELECT movement, lot, 'RECEIPT', $1, amount, $2, $3, $4 FROM unnest($5, $6, $7) AS lines (movement, lot, amount)",
        )
        .bind::<SqlUuid, _>(self.donation.location_id)
        .bind::<Timestamptz, _>(self.occurred_at)
        .bind::<Timestamptz, _>(self.donation.recorded_at)
        .bind::<SqlUuid, _>(context.actor()?.user)
        .bind::<Array<SqlUuid>, _>(lines.iter().map(|line| line.movement).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(lots)
        .bind::<Array<Integer>, _>(amounts);
        Prepared(recording).execute(transaction.connection()?).await?;
        Ok(())
    }
}
