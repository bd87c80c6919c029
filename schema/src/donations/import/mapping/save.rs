//! Keeping how a donor's lists are read.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::load::mapping_of;
use super::{ImportMapping, import_mappings};
use crate::context::Context;
use crate::donations::Donor;
use crate::donations::import::DayOrder;
use crate::donations::import::columns::Chosen;
use crate::donations::load::DONOR_COLUMNS;
use crate::donations::tables::donors;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Change, Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, VersionConflict};
use crate::scalars::Id;

input! {
    /// How a donor's lists are read from now on. What is left out is found in the list itself.
    pub struct SaveImportMapping {
        /// The donor.
        pub donor: Id<Donor>,
        /// Which column is which, as item:Producto,quantity:C. The columns are item, quantity, unit, condition, expiresOn and reference, each at most once; a place is a header's text, or one to three capital letters.
        pub columns: Option<String>,
        /// The sheet of a workbook, 1 to 100 characters.
        pub sheet: Option<String>,
        /// In which order days are written, where the file itself does not tell.
        pub days: Option<DayOrder>,
        /// The version of the mapping that the caller saw; 0, where none was kept yet.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A mapping, kept.
    pub struct SaveImportMappingPayload: "SaveImportMappingPayload" as Donation {
        /// The mapping as it is now.
        import_mapping: ImportMapping,
    }
}

union! {
    /// The mapping, kept; or why it was not.
    pub enum SaveImportMappingResult {
        Payload(SaveImportMappingPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: how a donor's lists are read, from then on.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportMappingSaved {
    donor: Uuid,
    columns: Option<String>,
    sheet: Option<String>,
    days: Option<DayOrder>,
    version: i32,
}

impl Change for ImportMappingSaved {
    const NAME: &'static str = "donations.importMappingSaved";
}

/// Keeps how a donor's lists are read.
pub(super) async fn save_import_mapping(
    context: Context,
    input: SaveImportMapping,
) -> Result<SaveImportMappingResult> {
    let mut transaction = begin!(&context, "donations.saveImportMapping", &input, SaveImportMappingResult);
    let done = save(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn save(
    context: &Context,
    transaction: &mut Transaction<'_, SaveImportMappingPayload>,
    input: &SaveImportMapping,
) -> Result<Result<Done<SaveImportMappingPayload>, SaveImportMappingResult>> {
    // Two who save at once meet in the donor's row, the first mapping of a donor too.
    let query = donors::table
        .filter(donors::id.eq(input.donor))
        .filter(donors::programme_id.eq(context.programme_id()))
        .select(DONOR_COLUMNS)
        .for_no_key_update();
    let found: Option<Donor> = query.first(transaction.connection()?).await.optional()?;
    let Some(donor) = context.seen(Class::Donor, RecordType::Donor, found) else {
        return Ok(Err(NotFound::new("donor").into()));
    };
    let before = mapping_of(transaction.connection()?, donor.id.uuid()).await?;
    let mapping = ImportMapping {
        id: match &before {
            Some(before) => before.id,
            None => Id::new(context.new_uuid()?),
        },
        columns: input.columns.clone(),
        sheet: input.sheet.clone(),
        days: input.days,
        version: input.version.saturating_add(1),
        donor_id: donor.id.uuid(),
        donor_agency: donor.agency,
    };
    context.authorize_write(Class::Inventory, RecordType::Donation, &mapping)?;
    if let Some(Err(error)) = mapping.columns.as_deref().map(Chosen::parse) {
        return Ok(Err(InvalidValue::new("columns", &error.message).into()));
    }
    let current = before.as_ref().map(|before| before.version).unwrap_or_default();
    if current != input.version {
        return Ok(Err(VersionConflict::new(current).into()));
    }
    let says = (
        import_mappings::choice.eq(&mapping.columns),
        import_mappings::sheet.eq(&mapping.sheet),
        import_mappings::days.eq(mapping.days.map(DayOrder::as_str)),
    );
    let saving = if before.is_some() {
        let row = (says, import_mappings::version.eq(mapping.version));
        diesel::update(import_mappings::table.find(mapping.id))
            .set(row)
            .execute(transaction.connection()?)
            .await
    } else {
        let row = (import_mappings::id.eq(mapping.id), import_mappings::donor_id.eq(mapping.donor_id), says);
        diesel::insert_into(import_mappings::table).values(row).execute(transaction.connection()?).await
    };
    if let Err(error) = saving {
        return match constraint(&error) {
            Some("import_mappings_choice") => {
                Ok(Err(
                    InvalidValue::new("columns", "A choice of columns has at most 1000 characters.").into()
                ))
            }
            Some("import_mappings_sheet") => {
                Ok(Err(InvalidValue::new("sheet", "A sheet's name has 1 to 100 characters.").into()))
            }
            _ => Err(error.into()),
        };
    }
    let change = ImportMappingSaved {
        donor: mapping.donor_id,
        columns: mapping.columns.clone(),
        sheet: mapping.sheet.clone(),
        days: mapping.days,
        version: mapping.version,
    };
    let changes = vec![Part::of(Class::Inventory, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: mapping.into() }))
}
