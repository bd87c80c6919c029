//! What every donation that is received goes through: the rows of it, and what the journal says.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::sync::Arc;

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
use crate::donations::campaigns::{self, Campaign};
use crate::donations::load::{DONOR_COLUMNS, item_facts, store_by_id};
use crate::donations::tables::{donations, donors, items};
use crate::donations::{Condition, Donation, Donor, Location, Stock};
use crate::error::{Code, Error, Result};
use crate::journal::{Change, Part, Transaction, constraint};
use crate::problem::{InvalidValue, NotFound, StateConflict};
use crate::scalars::{Id, Quantity, Unit};

/// How many lines one entry of the journal tells of, and one event of `stockChanged`.
const LINES_OF_AN_ENTRY: usize = 500;

/// In the journal: goods of one kind came with a donation. A long donation takes several entries.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GoodsReceived {
    pub(crate) donation: Uuid,
    location: Uuid,
    /// The shelter whose store received them.
    shelter: Option<String>,
    stock_kind: String,
    donor_agency: Option<String>,
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
    /// Of class DONOR: it stands with the lot, and in no entry of goods.
    #[serde(skip)]
    reference: Option<String>,
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
            reserved: Some(Quantity { amount: 0, ..line.quantity }),
            available: Some(line.quantity),
            version: 1,
            lot_id: line.lot,
            location_id: self.location,
            shelter: self.shelter.clone(),
            stock_kind: self.stock_kind.clone(),
            donor_agency: self.donor_agency.clone(),
        };
        self.lines.iter().map(stock).collect()
    }
}

/// In the journal: a donation was received, with so many lines. Their goods are told of by the entries before.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DonationReceived {
    donation: Uuid,
    code: String,
    received_on: NaiveDate,
    location: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    campaign: Option<Uuid>,
    lines: i32,
    /// SHA-256 of the file that it was imported from, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

impl Change for DonationReceived {
    const NAME: &'static str = "donations.donationReceived";
}

/// In the journal, as a part of its own: who gave a donation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DonationGiven {
    donation: Uuid,
    donor: Uuid,
    reference: Option<String>,
}

impl Change for DonationGiven {
    const NAME: &'static str = "donations.donationGiven";
}

/// An item, as lines name it.
#[derive(Debug, Queryable)]
pub(super) struct Known {
    pub(super) id: Uuid,
    pub(super) code: String,
    pub(super) name: String,
    pub(super) unit: Unit,
    pub(super) perishable: bool,
    pub(super) stock_kind: String,
}

/// A line, checked.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) number: i32,
    pub(super) item: Arc<Known>,
    pub(super) amount: i32,
    pub(super) condition: Condition,
    pub(super) expires_on: Option<NaiveDate>,
    pub(super) reference: Option<String>,
}

/// What is known of a donation before its lines are.
pub(super) struct Announced<'a> {
    pub(super) donor: Id<Donor>,
    pub(super) location: Id<Location>,
    pub(super) received_at: Option<DateTime<Utc>>,
    pub(super) reference: Option<&'a str>,
    /// The campaign that it is given for.
    pub(super) campaign: Option<Id<Campaign>>,
    /// SHA-256 of the file that it is imported from.
    pub(super) file: Option<[u8; 32]>,
}

/// A donation that is being received.
pub(super) struct Receipt {
    pub(super) donation: Donation,
    shelter: Option<String>,
    pub(super) occurred_at: DateTime<Utc>,
    file: Option<[u8; 32]>,
    pub(super) lines: i32,
}

/// The catalogue, as far as the caller may see it.
pub(super) async fn catalogue<A: Serialize + DeserializeOwned>(
    context: &Context,
    transaction: &mut Transaction<'_, A>,
) -> Result<Vec<Known>> {
    let Some(scope) = context.scope(Class::Inventory, RecordType::Item) else { return Ok(Vec::new()) };
    let query = items::table
        .filter(items::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, item_facts))
        .select((items::id, items::code, items::name, items::unit, items::perishable, items::stock_kind));
    Ok(query.load(transaction.connection()?).await?)
}

/// A digest in hexadecimal digits.
pub(super) fn hexadecimal(digest: [u8; 32]) -> String {
    digest.iter().fold(String::with_capacity(64), |mut digits, byte| {
        let _infallible = write!(digits, "{byte:02x}");
        digits
    })
}

impl Receipt {
    /// Records a donation without its lines yet.
    pub(super) async fn open<A, R>(
        context: &Context,
        transaction: &mut Transaction<'_, A>,
        announced: Announced<'_>,
    ) -> Result<Result<Self, R>>
    where
        A: Serialize + DeserializeOwned,
        R: From<NotFound> + From<InvalidValue> + From<StateConflict>,
    {
        let Announced { donor, location, received_at, reference, campaign, file } = announced;
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
        let Some(donor) = context.seen(Class::Donor, RecordType::Donor, found) else {
            return Ok(Err(NotFound::new("donor").into()));
        };
        let Some(location) = store_by_id(context, transaction.connection()?, location).await? else {
            return Ok(Err(NotFound::new("location").into()));
        };
        let received_on = context.day_of(occurred_at);
        if let Some(campaign) = campaign
            && let Err(refused) = campaigns::open_to(context, transaction, campaign, received_on).await?
        {
            return Ok(Err(refused));
        }
        let mut donation = Donation {
            id: Id::new(context.new_uuid()?),
            code: String::new(),
            received_on,
            recorded_at: context.now(),
            donor_reference: reference.map(str::to_owned),
            donor_id: donor.id.uuid(),
            donor_agency: donor.agency,
            location_id: location.id.uuid(),
            campaign_id: campaign.map(Id::uuid),
        };
        context.authorize_write(Class::Inventory, RecordType::Donation, &donation)?;
        let row = (
            donations::id.eq(donation.id),
            donations::programme_id.eq(programme),
            donations::donor_id.eq(donation.donor_id),
            donations::donor_reference.eq(donation.donor_reference.clone()),
            donations::file_digest.eq(file.map(|digest| digest.to_vec())),
            donations::received_on.eq(donation.received_on),
            donations::received_at_id.eq(donation.location_id),
            donations::campaign_id.eq(donation.campaign_id),
            donations::recorded_at.eq(donation.recorded_at),
            donations::user_id.eq(context.actor()?.user),
        );
        let recording = diesel::insert_into(donations::table).values(row).returning(donations::code);
        match Prepared(recording).get_result(transaction.connection()?).await {
            Ok(code) => donation.code = code,
            Err(error) => {
                let message = match constraint(&error) {
                    Some("donations_reference_key") => {
                        "A donation with this donor's reference was received already. Read donations(donor:)."
                    }
                    Some("donations_campaign_open") => {
                        "This campaign was closed at this moment. Receive the donation without it."
                    }
                    Some("donations_file_key") => {
                        "This file was imported already. Read donations(donor:); send what is new as a file of its own."
                    }
                    _ => return Err(error.into()),
                };
                return Ok(Err(StateConflict::new(message).into()));
            }
        }
        Ok(Ok(Self { donation, shelter: location.shelter, occurred_at, file, lines: 0 }))
    }

    /// What the journal's last entry says of it, once its lines are added.
    pub(super) fn changes(&self) -> Result<Vec<Part>> {
        let donation = &self.donation;
        let received = DonationReceived {
            donation: donation.id.uuid(),
            code: donation.code.clone(),
            received_on: donation.received_on,
            location: donation.location_id,
            campaign: donation.campaign_id,
            lines: self.lines,
            file: self.file.map(hexadecimal),
        };
        let given = DonationGiven {
            donation: donation.id.uuid(),
            donor: donation.donor_id,
            reference: donation.donor_reference.clone(),
        };
        Ok(vec![Part::of(Class::Inventory, None, &received)?, Part::of(Class::Donor, None, &given)?])
    }

    /// Adds lines: their lots, the balances of these, the ledger's entries, and what the journal says of them. Those whose folio
    /// this donor's goods bear already are left out, and given back.
    pub(super) async fn add<A: Serialize + DeserializeOwned>(
        &mut self,
        context: &Context,
        transaction: &mut Transaction<'_, A>,
        lines: Vec<Line>,
    ) -> Result<Vec<Line>> {
        let mut kinds: BTreeMap<String, Vec<(ReceivedLine, Line)>> = BTreeMap::new();
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
                reference: line.reference.clone(),
            };
            kinds.entry(line.item.stock_kind.clone()).or_default().push((received, line));
        }
        let mut left_out = Vec::new();
        for (stock_kind, lines) in kinds {
            for lines in lines.chunks(LINES_OF_AN_ENTRY) {
                let (received, lines): (Vec<_>, Vec<_>) = lines.iter().cloned().unzip();
                let new = self.store_lots(context, transaction, &received).await?;
                let (received, known): (Vec<_>, Vec<_>) =
                    received.into_iter().partition(|line| new.contains(&line.line));
                left_out.extend(
                    lines.into_iter().filter(|line| known.iter().any(|known| known.line == line.number)),
                );
                if received.is_empty() {
                    continue;
                }
                self.store_stock(context, transaction, &received).await?;
                self.lines += i32::try_from(received.len()).unwrap_or(i32::MAX);
                let change = GoodsReceived {
                    donation: self.donation.id.uuid(),
                    location: self.donation.location_id,
                    shelter: self.shelter.clone(),
                    stock_kind: stock_kind.clone(),
                    donor_agency: self.donation.donor_agency.clone(),
                    lines: received,
                };
                let part = Part::of(Class::Inventory, None, &change)?;
                transaction.enter(self.occurred_at, vec![part]).await?;
            }
        }
        Ok(left_out)
    }

    /// The lots of lines; which of these are new.
    async fn store_lots<A: Serialize + DeserializeOwned>(
        &self,
        context: &Context,
        transaction: &mut Transaction<'_, A>,
        lines: &[ReceivedLine],
    ) -> Result<HashSet<i32>> {
        #[derive(QueryableByName)]
        struct New {
            #[diesel(sql_type = Integer)]
            line: i32,
        }
        let storing = diesel::sql_query(
            "INSERT INTO lots (id, programme_id, item_id, donor_id, donation_id, line, code, condition, received, unit, received_on, \
                 received_at_id, expires_on, donor_reference) \
             SELECT lot, $1, item, $2, $3, line, $4 || '-' || line, condition, amount, unit, $5, $6, expires_on, reference \
             FROM unnest($7, $8, $9, $10, $11, $12, $13, $14) AS lines (lot, item, line, condition, amount, unit, expires_on, reference) \
             ON CONFLICT (donor_id, donor_reference) WHERE donor_reference IS NOT NULL DO NOTHING RETURNING line",
        )
        .bind::<SqlUuid, _>(context.programme_id())
        .bind::<SqlUuid, _>(self.donation.donor_id)
        .bind::<SqlUuid, _>(self.donation.id)
        .bind::<Text, _>(&self.donation.code)
        .bind::<Date, _>(self.donation.received_on)
        .bind::<SqlUuid, _>(self.donation.location_id)
        .bind::<Array<SqlUuid>, _>(lines.iter().map(|line| line.lot).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(lines.iter().map(|line| line.item).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(lines.iter().map(|line| line.line).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(lines.iter().map(|line| line.condition.as_str()).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(lines.iter().map(|line| line.quantity.amount).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(lines.iter().map(|line| line.quantity.unit.as_str()).collect::<Vec<_>>())
        .bind::<Array<Nullable<Date>>, _>(lines.iter().map(|line| line.expires_on).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(
            lines.iter().map(|line| line.reference.as_deref()).collect::<Vec<_>>(),
        );
        match Prepared(storing).get_results::<New>(transaction.connection()?).await {
            Ok(new) => Ok(new.into_iter().map(|new| new.line).collect()),
            // The lines were checked against the catalogue as it was a moment ago.
            Err(error)
                if matches!(constraint(&error), Some("lots_unit_fkey" | "lots_perishable_expires")) =>
            {
                let message = "An item of the catalogue was revised at this moment. Try again.";
                Err(Error::new(Code::Unavailable, message))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What lies in the store of new lots, and the ledger's entries that say so.
    async fn store_stock<A: Serialize + DeserializeOwned>(
        &self,
        context: &Context,
        transaction: &mut Transaction<'_, A>,
        lines: &[ReceivedLine],
    ) -> Result<()> {
        let lots: Vec<Uuid> = lines.iter().map(|line| line.lot).collect();
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
        .bind::<Array<Integer>, _>(lines.iter().map(|line| line.quantity.amount).collect::<Vec<_>>());
        Prepared(recording).execute(transaction.connection()?).await?;
        Ok(())
    }
}
