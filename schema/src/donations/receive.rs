//! Receiving a donation that is recorded by hand.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use crate::context::Context;
use crate::donations::campaigns::Campaign;
use crate::donations::receipt::{Announced, Known, Line, Receipt, catalogue};
use crate::donations::{Condition, Donation, Donor, Location};
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::{Id, Quantity};

/// How many lines a donation may have that is recorded by hand. A longer one is imported from a file.
const LINES: usize = 500;

input! {
    /// A line of a donation: so much of one item, in one condition, with one expiry.
    pub struct DonationLine {
        /// The item's code in the catalogue.
        pub item: String,
        /// How much, in the item's base unit.
        pub quantity: Quantity,
        /// In what state it came; `NEW`, where it is left out.
        pub condition: Option<Condition>,
        /// The day from which it must not be given out; of what perishes it must be said.
        pub expires_on: Option<NaiveDate>,
        /// The donor's own folio for this line, 1 to 100 characters: what it names is received once.
        pub donor_reference: Option<String>,
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
        /// The donor's own folio for it, 1 to 100 characters: what it names is received once.
        pub donor_reference: Option<String>,
        /// The campaign of collection that it is given for: one that is open, on a day of it.
        pub campaign: Option<Id<Campaign>>,
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
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Receives a donation.
pub(super) async fn receive_donation(
    context: Context,
    input: ReceiveDonation,
) -> Result<ReceiveDonationResult> {
    let mut transaction = begin!(&context, "donations.receiveDonation", &input, ReceiveDonationResult);
    let done = receive(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn receive(
    context: &Context,
    transaction: &mut Transaction<'_, ReceiveDonationPayload>,
    input: &ReceiveDonation,
) -> Result<Result<Done<ReceiveDonationPayload>, ReceiveDonationResult>> {
    if !(1..=LINES).contains(&input.lines.len()) {
        let message = "A donation has 1 to 500 lines. Import a longer one from a file.";
        return Ok(Err(InvalidValue::new("lines", message).into()));
    }
    let announced = Announced {
        donor: input.donor,
        location: input.location,
        received_at: input.received_at,
        reference: input.donor_reference.as_deref(),
        campaign: input.campaign,
        file: None,
    };
    let mut receipt = match Receipt::open(context, transaction, announced).await? {
        Ok(receipt) => receipt,
        Err(refused) => return Ok(Err(refused)),
    };
    let catalogue: HashMap<String, Arc<Known>> = catalogue(context, transaction)
        .await?
        .into_iter()
        .map(|item| (item.code.clone(), Arc::new(item)))
        .collect();
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
    let known = receipt.add(context, transaction, lines).await?;
    if let Some(line) = known.into_iter().next() {
        let argument = format!("lines.{}.donorReference", line.number - 1);
        let message = "This donor gave that folio's goods already. Leave the line out, or correct its folio.";
        return Ok(Err(InvalidValue::new(&argument, message).into()));
    }
    let (changes, occurred_at) = (receipt.changes()?, receipt.occurred_at);
    Ok(Ok(Done { occurred_at, changes, payload: receipt.donation.into() }))
}

/// A line, checked; or which of its fields is wrong, and what to do about it.
fn checked(
    number: i32,
    line: &DonationLine,
    catalogue: &HashMap<String, Arc<Known>>,
    received_on: NaiveDate,
) -> std::result::Result<Line, (&'static str, String)> {
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
    if item.perishable && line.expires_on.is_none() {
        return Err((
            "expiresOn",
            "This perishes: say the day from which it must not be given out.".to_owned(),
        ));
    }
    let reference = line.donor_reference.clone();
    if reference.as_ref().is_some_and(|text| !(1..=100).contains(&text.chars().count())) {
        return Err(("donorReference", "A donor's reference has 1 to 100 characters.".to_owned()));
    }
    Ok(Line {
        number,
        item: Arc::clone(item),
        amount: line.quantity.amount,
        condition: line.condition.unwrap_or(Condition::New),
        expires_on: line.expires_on,
        reference,
    })
}
