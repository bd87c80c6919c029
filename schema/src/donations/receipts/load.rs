//! Reads of receipts: the donation, the journal's entry that it was received with, and what became of its goods.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Date, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::context::Context;
use crate::database::Prepared;
use crate::donations::receipts::{
    DonationReceipt, ReceiptStanding, Received, VerifiedReceipt, VerifiedReceiptLine, page, read, same,
};
use crate::error::Result;
use crate::graph::input;
use crate::scalars::{Id, Quantity, Unit};

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    donation: Uuid,
    #[diesel(sql_type = Text)]
    folio: String,
    #[diesel(sql_type = Date)]
    received_on: NaiveDate,
    #[diesel(sql_type = Nullable<Text>)]
    campaign: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    donor_agency: Option<String>,
    #[diesel(sql_type = Binary)]
    salt: Vec<u8>,
    #[diesel(sql_type = Binary)]
    leaf: Vec<u8>,
    #[diesel(sql_type = Nullable<BigInt>)]
    journal_index: Option<i64>,
}

#[derive(QueryableByName)]
struct LineRow {
    #[diesel(sql_type = SqlUuid)]
    donation: Uuid,
    #[diesel(sql_type = Text)]
    item: String,
    #[diesel(sql_type = Text)]
    category: String,
    #[diesel(sql_type = Text)]
    unit: Unit,
    #[diesel(sql_type = Integer)]
    amount: i32,
    #[diesel(sql_type = Bool)]
    corrected: bool,
    #[diesel(sql_type = Bool)]
    recalled: bool,
}

impl From<LineRow> for VerifiedReceiptLine {
    fn from(row: LineRow) -> Self {
        let standing = if row.corrected {
            ReceiptStanding::Corrected
        } else if row.recalled {
            ReceiptStanding::Recalled
        } else {
            ReceiptStanding::Received
        };
        let quantity = Quantity { amount: row.amount, unit: row.unit };
        Self { item: row.item, category: row.category, quantity, standing }
    }
}

/// Those of some donations of whose receipt the journal tells. What was there when the programme was loaded has no entry.
async fn received(context: &Context, donations: Vec<Uuid>) -> Result<Vec<Received>> {
    let reader = context.reader().await?;
    let finding = diesel::sql_query(
        "SELECT donations.id AS donation, donations.code AS folio, received_on, campaigns.title AS campaign, donor_agency, \
             part_salts[2] AS salt, leaf, index AS journal_index \
         FROM donations JOIN journal_entries AS entry ON donation_of_entry(entry.part_contents) = donations.id \
                 AND operation IN ('donations.receiveDonation', 'donations.importDonation') \
             LEFT JOIN journal_index ON entry_id = entry.id LEFT JOIN campaigns ON campaigns.id = campaign_id \
         WHERE donations.id = ANY ($1) AND part_salts[2] IS NOT NULL",
    )
    .bind::<Array<SqlUuid>, _>(&donations);
    let rows: Vec<Row> = Prepared(finding).get_results(&mut &*reader).await?;
    let telling = diesel::sql_query(
        "SELECT donation_id AS donation, item_name AS item, categories.name AS category, unit, sum(received)::integer AS amount, \
             corrected, recalled_at IS NOT NULL AS recalled \
         FROM lots JOIN categories ON categories.id = category_id, \
             LATERAL (SELECT EXISTS (SELECT FROM movements AS receipt JOIN movements AS correction ON correction.reverses_id = receipt.id \
                 WHERE receipt.lot_id = lots.id AND receipt.kind = 'RECEIPT')) AS undone (corrected) \
         WHERE donation_id = ANY ($1) \
         GROUP BY donation_id, item_name, categories.name, unit, corrected, recalled_at IS NOT NULL \
         ORDER BY category, item, corrected, recalled",
    )
    .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.donation).collect::<Vec<_>>());
    let told: Vec<LineRow> = Prepared(telling).get_results(&mut &*reader).await?;
    let mut lines: BTreeMap<Uuid, Vec<VerifiedReceiptLine>> = BTreeMap::new();
    for line in told {
        lines.entry(line.donation).or_default().push(line.into());
    }
    let received = |row: Row| Received {
        donation: row.donation,
        folio: row.folio,
        received_on: row.received_on,
        campaign: row.campaign,
        donor_agency: row.donor_agency,
        salt: row.salt,
        leaf: row.leaf,
        journal_index: row.journal_index,
        lines: lines.remove(&row.donation).unwrap_or_default(),
    };
    Ok(rows.into_iter().map(received).collect())
}

/// The receipts of some donations.
pub(in crate::donations) async fn receipts_by_donations(
    context: Context,
    donations: Vec<Uuid>,
) -> Result<Vec<DonationReceipt>> {
    let receipt = |received: Received| DonationReceipt {
        id: Id::new(received.donation),
        verification_code: received.code(),
        journal_index: received.index(),
        changed: received.changed(),
        html: page::html(&received),
        donor_agency: received.donor_agency,
    };
    Ok(received(&context, donations).await?.into_iter().map(receipt).collect())
}

input! {
    /// Which receipt.
    pub struct VerifyReceiptArguments {
        /// The code on the receipt.
        pub code: String,
    }
}

#[derive(QueryableByName)]
struct Key {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// What whoever holds a receipt's code is told of it; nothing, where no receipt has that code.
pub(super) async fn verify(
    context: Context,
    arguments: VerifyReceiptArguments,
) -> Result<Option<VerifiedReceipt>> {
    let Some((folio, code)) = read(&arguments.code) else { return Ok(None) };
    let finding = diesel::sql_query("SELECT id FROM donations WHERE programme_id = $1 AND code = $2")
        .bind::<SqlUuid, _>(context.programme_id())
        .bind::<Text, _>(folio);
    let reader = context.reader().await?;
    let found: Vec<Key> = Prepared(finding).get_results(&mut &*reader).await?;
    let found = received(&context, found.into_iter().map(|key| key.id).collect()).await?;
    let genuine = found.into_iter().find(|received| same(&received.code(), &code));
    Ok(genuine.map(|received| VerifiedReceipt {
        received_on: received.received_on,
        articles: received.articles(),
        changed: received.changed(),
        journal_index: received.index(),
        folio: received.folio,
        lines: received.lines,
    }))
}
