//! How the lists of a donor are read: kept once, and used by each import of it that does not say otherwise.

mod graphql;
mod load;
mod save;

use diesel::Queryable;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use super::DayOrder;
use crate::graph::{Facts, record};
use crate::scalars::Id;

pub(in crate::donations) use graphql::register;
pub(super) use load::mapping_of;
pub(in crate::donations) use load::mappings_by_donors;

diesel::table! {
    import_mappings (id) {
        id -> Uuid, donor_id -> Uuid, choice -> Nullable<Text>, sheet -> Nullable<Text>, days -> Nullable<Text>, version -> Integer,
    }
}

record! {
    /// How the lists of a donor are read, where an import does not say otherwise.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct ImportMapping: "ImportMapping" as Donation, id "import_mapping" {
        /// Global id.
        id: Id<ImportMapping> => Public,
        /// Which column is which, as `item:Producto,quantity:C`; null where they are found by their names.
        columns: Option<String> => Inventory,
        /// The sheet of a workbook; null for the first that holds something.
        sheet: Option<String> => Inventory,
        /// In which order days are written, where the file itself does not tell.
        days: Option<DayOrder> => Inventory,
        /// Raised by each change.
        version: i32 => Inventory,
        /// The donor.
        donor_id: Uuid,
        /// The agency that it is.
        donor_agency: Option<String>,
    }
}

impl Facts for ImportMapping {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::DonorAgency { self.donor_agency.as_deref() } else { None }
    }
}
