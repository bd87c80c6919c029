//! Donors, kept by those who work with them. Who someone is stands in the donor's own row alone, where it can be corrected and
//! erased: the journal says that it was set, and not to what.

mod graphql;
mod register;
mod revise;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Class;

use crate::donations::{Donor, DonorKind};
use crate::error::Result;
use crate::journal::{Change, Part};
use crate::problem::InvalidValue;

pub(super) use graphql::register;

/// In the journal: a donor was registered or revised.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DonorSet {
    donor: Uuid,
    version: i32,
    kind: DonorKind,
    /// The agency that it is.
    agency: Option<String>,
    /// Whether there is a way to reach it.
    contact: bool,
}

impl Change for DonorSet {
    const NAME: &'static str = "donations.donorSet";
}

impl DonorSet {
    /// What the journal says of a donor.
    fn of(donor: &Donor) -> Result<Vec<Part>> {
        let change = Self {
            donor: donor.id.uuid(),
            version: donor.version,
            kind: donor.kind,
            agency: donor.agency.clone(),
            contact: donor.contact.is_some(),
        };
        Ok(vec![Part::of(Class::Donor, None, &change)?])
    }
}

/// Who a donor is, and how to reach it.
struct Known {
    name: Option<String>,
    contact: Option<String>,
}

impl Known {
    /// As it may be kept of a donor of a kind; or what is wrong with it. An agency is called as the programme calls it, unless it is
    /// said otherwise.
    fn checked(
        kind: DonorKind,
        name: Option<&str>,
        contact: Option<&str>,
        agency: Option<String>,
    ) -> std::result::Result<Self, InvalidValue> {
        if kind == DonorKind::Anonymous {
            let message = "Of an anonymous donor nothing is kept that says who it is. Leave it out.";
            let said = name.map(|_| "name").or(contact.map(|_| "contact"));
            return match said {
                Some(argument) => Err(InvalidValue::new(argument, message)),
                None => Ok(Self { name: None, contact: None }),
            };
        }
        let fits = |text: &str| (1..=200).contains(&text.chars().count());
        let name = name.map(|name| name.trim().to_owned()).or(agency);
        let name = name.filter(|name| fits(name)).ok_or_else(|| {
            InvalidValue::new("name", "A donor has a name, of 1 to 200 characters, unless it is anonymous.")
        })?;
        let contact = contact.map(|contact| contact.trim().to_owned());
        if contact.as_deref().is_some_and(|contact| !fits(contact)) {
            let message = "A contact has 1 to 200 characters. Leave it out where there is none.";
            return Err(InvalidValue::new("contact", message));
        }
        Ok(Self { name: Some(name), contact })
    }
}
