//! What a mutation may answer in place of its payload: errors that its caller can act on.

use chrono::NaiveDate;
use serde::Serialize;
use uuid::Uuid;

use enlace_policies::Fact;

use crate::error::Code;
use crate::graph::{Facts, Graph, record};
use crate::scalars::Id;

macro_rules! problems {
    ($( $(#[doc = $about:literal])+ $name:ident $graphql:literal { $( $(#[doc = $doc:literal])+ $field:ident : $ty:ty, )* } )+) => {
        $(
            record! {
                $(#[doc = $about])+
                #[derive(Serialize, serde::Deserialize)]
                pub struct $name: $graphql as Programme {
                    /// From the closed list of error codes.
                    code: String => Public,
                    /// What to do about it.
                    message: String => Public,
                    $( $(#[doc = $doc])+ $field: $ty => Public, )*
                }
            }

            impl Facts for $name {
                fn fact(&self, _: Fact) -> Option<&str> {
                    None
                }
            }
        )+

        /// Declares the types.
        pub(crate) fn register(graph: &mut Graph) {
            $( graph.problem::<$name>(); )+
        }
    };
}

problems! {
    /// A record that the mutation needs does not exist, or is out of the caller's reach.
    NotFound "NotFound" {
        /// The argument that names it.
        argument: String,
    }
    /// A value is out of its range.
    InvalidValue "InvalidValue" {
        /// The argument that holds it.
        argument: String,
    }
    /// The record has changed since the version that the caller saw.
    VersionConflict "VersionConflict" {
        /// The version that it has now.
        current_version: i32,
    }
    /// The idempotency key was used with another body.
    IdempotencyConflict "IdempotencyConflict" {}
    /// The record is no longer in the state that the mutation needs.
    StateConflict "StateConflict" {}
    /// No user of that agency may hold the role.
    RoleNotOfAgency "RoleNotOfAgency" {
        /// The argument that names the role.
        argument: String,
    }
    /// The user holds a role that is not held together with this one.
    RolesIncompatible "RolesIncompatible" {
        /// The role that the user holds.
        held: String,
    }
    /// The user holds the role already during that time.
    AlreadyGranted "AlreadyGranted" {}
    /// A referral or a transfer of custody on the ground of consent needs one that stands, for its recipient and its purpose.
    ConsentMissing "ConsentMissing" {}
    /// The space, the group or the grade has fewer places than that, or the dwelling less room.
    OverCapacity "OverCapacity" {}
    /// A bed does not suit who is to lie in it: its space is kept for another segment, or it has not what they need.
    BedUnfit "BedUnfit" {}
    /// The caller has another person's record open, or this one already.
    BreakGlassOpen "BreakGlassOpen" {}
    /// The store holds less of the lot than that.
    InsufficientStock "InsufficientStock" {}
    /// So much of what the store holds of the lot is packed in containers that less is left.
    GoodsPacked "GoodsPacked" {}
    /// The lot has expired or was recalled: it is given out no more.
    GoodsUnfit "GoodsUnfit" {}
    /// The store has goods of the same item that expire earlier.
    EarlierExpiry "EarlierExpiry" {}
    /// The household is owed less than that, or nothing of the kind.
    BeyondEntitlement "BeyondEntitlement" {
        /// The argument that asks for it.
        argument: String,
        /// How much of it the household may have now: kits, or base units of the item.
        remaining: i32,
        /// The day from which it may have some again; null where there is no such day.
        again_on: Option<NaiveDate>,
    }
}

/// Goes on where a check finds nothing wrong, or gives the operation up over what it finds.
macro_rules! ensure {
    ($checked:expr) => {
        match $checked {
            Ok(found) => found,
            Err(problem) => return Ok(Err(problem.into())),
        }
    };
}
pub(crate) use ensure;

impl NotFound {
    pub(crate) fn new(argument: &str) -> Self {
        let message = format!("There is no such record within your reach. Check {argument}.");
        Self { code: Code::NotFound.as_str().into(), message, argument: argument.into() }
    }
}

impl InvalidValue {
    pub(crate) fn new(argument: &str, message: &str) -> Self {
        Self {
            code: Code::InvalidArgument.as_str().into(),
            message: message.into(),
            argument: argument.into(),
        }
    }
}

impl VersionConflict {
    pub(crate) fn new(current_version: i32) -> Self {
        let message = "The record has changed since you read it. Read it again and decide anew.".into();
        Self { code: Code::VersionConflict.as_str().into(), message, current_version }
    }
}

impl IdempotencyConflict {
    pub(crate) fn new() -> Self {
        let message =
            "This idempotency key was used with another body. Use a new key for a new change.".into();
        Self { code: Code::IdempotencyConflict.as_str().into(), message }
    }
}

impl StateConflict {
    pub(crate) fn new(message: &str) -> Self {
        Self { code: Code::StateConflict.as_str().into(), message: message.into() }
    }
}

impl RoleNotOfAgency {
    pub(crate) fn new(argument: &str, role: &str, agency: &str) -> Self {
        let message = format!("{agency} may not hold {role}. See who may in the matrix of the policies.");
        Self { code: Code::RoleNotOfAgency.as_str().into(), message, argument: argument.into() }
    }
}

impl RolesIncompatible {
    pub(crate) fn new(held: &str, reason: &str) -> Self {
        let message = format!(
            "The user holds {held}. {reason} Revoke that grant first, or grant this to someone else."
        );
        Self { code: Code::RolesIncompatible.as_str().into(), message, held: held.into() }
    }
}

impl AlreadyGranted {
    pub(crate) fn new() -> Self {
        let message = "The user holds this role already during that time. Revoke that grant first.".into();
        Self { code: Code::AlreadyGranted.as_str().into(), message }
    }
}

impl ConsentMissing {
    pub(crate) fn new() -> Self {
        let message =
            "No consent of the person stands for this recipient and purpose. Record one, or name another ground.".into();
        Self { code: Code::ConsentMissing.as_str().into(), message }
    }
}

impl OverCapacity {
    pub(crate) fn new() -> Self {
        let message =
            "The space does not have that many places. Read its capacity, or use another space.".into();
        Self { code: Code::OverCapacity.as_str().into(), message }
    }

    /// Of something else than a space.
    pub(crate) fn of(message: &str) -> Self {
        Self { code: Code::OverCapacity.as_str().into(), message: message.into() }
    }
}

impl BedUnfit {
    /// Of the beds with these codes.
    pub(crate) fn new(beds: &[&str]) -> Self {
        let message = format!(
            "These beds do not suit who is to lie in them: {}. Choose others by placementProposals, or have another user approve an override.",
            beds.join(", ")
        );
        Self { code: Code::BedUnfit.as_str().into(), message }
    }
}

impl BreakGlassOpen {
    pub(crate) fn new() -> Self {
        let message =
            "You have a person's record open already. End that access, or wait until it ends.".into();
        Self { code: Code::BreakGlassOpen.as_str().into(), message }
    }
}

impl InsufficientStock {
    pub(crate) fn new() -> Self {
        let message =
            "The store holds less of this than that, beside what is reserved for others. Read its stock, or take from another store.".into();
        Self { code: Code::InsufficientStock.as_str().into(), message }
    }
}

impl GoodsPacked {
    pub(crate) fn new() -> Self {
        let message = "Of this lot less than that is packed in no container there. Move the container, or unpack what is needed first.".into();
        Self { code: Code::GoodsPacked.as_str().into(), message }
    }
}

impl GoodsUnfit {
    pub(crate) fn new() -> Self {
        let message = "This lot has expired or was recalled. Write it off where it lies.".into();
        Self { code: Code::GoodsUnfit.as_str().into(), message }
    }
}

impl EarlierExpiry {
    pub(crate) fn new() -> Self {
        let message = "The store has goods of this item that expire earlier. Take those first, or say in outOfOrder why not.".into();
        Self { code: Code::EarlierExpiry.as_str().into(), message }
    }
}

impl BeyondEntitlement {
    pub(crate) fn new(argument: &str, remaining: i32, again_on: Option<NaiveDate>) -> Self {
        let message = match again_on {
            Some(day) => {
                format!("The household may have {remaining} more of this now, and some again from {day}.")
            }
            None => format!("The household may have {remaining} more of this."),
        };
        let code = Code::BeyondEntitlement.as_str().into();
        Self { code, message, argument: argument.into(), remaining, again_on }
    }
}

/// How many records one change names at most.
const MOST_AT_ONCE: usize = 50;

/// The keys of the records that a change names, in one order; what is wrong where one is named twice, or none or too many are.
pub(crate) fn each_once<T>(argument: &str, one: &str, ids: &[Id<T>]) -> Result<Vec<Uuid>, InvalidValue> {
    let mut keys: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.len() == ids.len() && (1..=MOST_AT_ONCE).contains(&keys.len()) {
        return Ok(keys);
    }
    Err(InvalidValue::new(argument, &format!("Name each {one} once, 1 to {MOST_AT_ONCE} of them.")))
}

/// What is wrong with a text that says more: a note, or why goods leave out of order.
pub(crate) fn refuse_text(argument: &str, text: Option<&str>) -> Option<InvalidValue> {
    let fits = text.is_none_or(|text| (3..=500).contains(&text.chars().count()));
    (!fits).then(|| InvalidValue::new(argument, "This text has 3 to 500 characters."))
}
