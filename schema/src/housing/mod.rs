//! Housing: owners and the dwellings that they let, what visits found there, and the leases by which households live in them, alone or
//! together; and the awareness campaign by which owners were found.
//!
//! A lease is one term of a contract over a whole dwelling, and a tenancy a household's part in it: so terms of one dwelling never overlap,
//! and households still share one. The municipal DIF may answer for them morally, as guarantor. The database holds that nobody lives in
//! what was not found fit, that a household lives in one place at a time, and that no dwelling is overcrowded.

mod changes;
mod end;
mod figures;
mod graphql;
mod load;
mod offer;
mod outreach;
mod owners;
mod renew;
mod roots;
mod share;
mod sign;
pub(crate) mod tables;
mod term;
mod visit;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::Queryable;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::access::FactSource;
use crate::census::{Judged, judged};
use crate::graph::{Facts, graphql_enum, record};
use crate::scalars::{Id, Money};

pub(crate) use graphql::register;
pub(crate) use load::{leases_by_ids, live_there, tenancies_of_households};

graphql_enum! {
    /// What the awareness campaign did.
    pub enum OutreachKind {
        /// A talk.
        Talk = "TALK",
        /// Something on the radio, in a newspaper or on the network.
        Media = "MEDIA",
        /// Owners, visited where they live.
        Visit = "VISIT",
    }
}

graphql_enum! {
    /// What a dwelling is connected to.
    pub enum DwellingService {
        /// Running water.
        Water = "WATER",
        /// Electricity.
        Power = "POWER",
        /// Gas.
        Gas = "GAS",
        /// The internet.
        Internet = "INTERNET",
    }
}

graphql_enum! {
    /// Where a lease stands.
    pub enum LeaseState {
        /// It lasts, or is to begin.
        Active = "ACTIVE",
        /// It was ended before its last day.
        Ended = "ENDED",
        /// It was ended before it began.
        Cancelled = "CANCELLED",
    }
}

graphql_enum! {
    /// Why a lease ended.
    pub enum LeaseEnding {
        /// Those who lived there moved on.
        MovedOn = "MOVED_ON",
        /// The owner needs the dwelling.
        Owner = "OWNER",
        /// The rent could not be paid.
        Rent = "RENT",
        /// The dwelling is not fit any more.
        Unfit = "UNFIT",
        /// Those who lived there, or neighbours, did not get on.
        Conflict = "CONFLICT",
        /// Something else.
        Other = "OTHER",
    }
}

record! {
    /// What the awareness campaign did on one day, and what it brought.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct OutreachAction: "OutreachAction" as Campaign, id "outreach_action" {
        /// Global id.
        id: Id<OutreachAction> => Public,
        /// The day of it.
        held_on: NaiveDate => Operational,
        /// What was done.
        kind: OutreachKind => Operational,
        /// Where.
        place: String => Operational,
        /// How many came; null where that cannot be counted.
        attendance: Option<i32> => Operational,
        /// More about it.
        note: Option<String> => Operational,
        /// When it was recorded.
        recorded_at: DateTime<Utc> => Operational,
        /// How many owners heard of the programme by it.
        owners: i32 => Operational,
        /// How many dwellings were offered since because of it.
        dwellings: i32 => Operational,
    }
}

record! {
    /// Who lets a dwelling.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct Owner: "Owner" as Owner, id "owner" {
        /// Global id.
        id: Id<Owner> => Public,
        /// Name.
        name: String => Counterparty,
        /// How to reach them.
        contact: Option<String> => Counterparty,
        /// When they were registered.
        registered_at: DateTime<Utc> => Counterparty,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Counterparty,
        /// The action of the campaign by which they heard of it.
        action_id: Option<Uuid>,
    }
}

record! {
    /// A dwelling that an owner lets.
    pub struct Dwelling: "Dwelling" as Dwelling, id "dwelling" {
        /// Global id.
        id: Id<Dwelling> => Public identifying,
        /// Its code, unique in the programme.
        code: String => Housing identifying,
        /// Where it is: street, number and what else tells it.
        address: String => Housing identifying,
        /// The part of the city.
        district: String => Housing,
        /// How many rooms it has.
        rooms: i32 => Housing,
        /// How many people may live there.
        capacity: i32 => Housing,
        /// What is asked for a month.
        rent: Money => Housing,
        /// What it is connected to.
        services: Vec<DwellingService> => Housing,
        /// Since when it is offered.
        offered_on: NaiveDate => Housing,
        /// From when on it is leased to nobody new; null while it is offered.
        withdrawn_on: Option<NaiveDate> => Housing,
        /// Whether the newest visit found it fit; null where there was none.
        fit: Option<bool> => Housing,
        /// When it was recorded.
        recorded_at: DateTime<Utc> => Housing,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Housing,
        /// The owner.
        owner_id: Uuid,
        /// The action of the campaign that it came of.
        action_id: Option<Uuid>,
        /// With whom, and for what, data of a tenant of it is shared now.
        shared_with: Vec<String>,
    }
}

record! {
    /// What was found in a dwelling on one day.
    pub struct DwellingVisit: "DwellingVisit" as Dwelling, id "dwelling_visit" {
        /// Global id.
        id: Id<DwellingVisit> => Public identifying,
        /// The day of it.
        visited_on: NaiveDate => Housing,
        /// Whether people can live there.
        fit: bool => Housing,
        /// What is to be put right.
        remedies: Option<String> => Housing,
        /// When it was recorded.
        recorded_at: DateTime<Utc> => Housing,
        /// The dwelling.
        dwelling_id: Uuid,
        /// With whom, and for what, data of a tenant of that is shared now.
        shared_with: Vec<String>,
    }
}

record! {
    /// One term of a contract over a dwelling, by which one or more households live there.
    pub struct Lease: "Lease" as Lease, id "lease" {
        /// Global id.
        id: Id<Lease> => Public identifying,
        /// Where it stands.
        state: LeaseState => Housing,
        /// The day on which it was signed.
        signed_on: NaiveDate => Housing,
        /// The first day.
        starts_on: NaiveDate => Housing,
        /// The last day that was agreed.
        ends_on: NaiveDate => Housing,
        /// The last day that came of it, where it was ended; before the first, where it was cancelled.
        ended_on: Option<NaiveDate> => Housing,
        /// Why it was ended.
        ending: Option<LeaseEnding> => Housing,
        /// The rent of a month.
        rent: Money => Housing,
        /// Until when the guarantor answers for those who live there; null where nobody does.
        guaranteed_until: Option<NaiveDate> => Housing,
        /// When this was said of it.
        recorded_at: DateTime<Utc> => Housing,
        /// Raised by each change, of its tenancies too; an update carries the version that it saw.
        version: i32 => Housing,
        /// The dwelling.
        dwelling_id: Uuid,
        /// The term that this one follows on.
        renews_id: Option<Uuid>,
        /// The agency that is the moral guarantor.
        guarantor_id: Option<Uuid>,
        /// With whom, and for what, data of a tenant is shared now.
        shared_with: Vec<String>,
    }
}

record! {
    /// That a household lives in a dwelling by a lease.
    pub struct Tenancy: "Tenancy" as Tenancy, id "tenancy" {
        /// Global id.
        id: Id<Tenancy> => Public identifying,
        /// The first day.
        starts_on: NaiveDate => Housing,
        /// The last day, as it stands now; before the first, where it never began.
        ends_on: NaiveDate => Housing,
        /// How many people the household was when its tenancy was signed.
        people: i32 => Housing,
        /// What the household pays of the rent of a month; null where nothing was agreed.
        share: Option<Money> => Housing,
        /// When it was signed for.
        recorded_at: DateTime<Utc> => Housing,
        /// The lease.
        lease_id: Uuid,
        /// The household.
        household_id: Uuid,
        /// The member who signed for it.
        tenant_id: Uuid,
        /// The facts of that member.
        judged: Judged,
    }
}

judged!(Tenancy);

/// Records of which policies ask with whom data of those who live there is shared, and nothing else.
macro_rules! of_tenants {
    ($($name:ident)+) => { $(
        impl Facts for $name {
            fn fact(&self, _: Fact) -> Option<&str> {
                None
            }

            fn members(&self, fact: Fact) -> &[String] {
                if fact == Fact::SharedWith { &self.shared_with } else { &[] }
            }
        }
    )+ };
}
of_tenants!(Dwelling DwellingVisit Lease);

/// Records of which policies ask nothing.
macro_rules! of_nobody {
    ($($name:path),+ $(,)?) => { $(
        impl $crate::graph::Facts for $name {
            fn fact(&self, _: enlace_policies::Fact) -> Option<&str> {
                None
            }
        }
    )+ };
}
pub(super) use of_nobody;
of_nobody!(OutreachAction, Owner, figures::HousingFigures);

/// Where the facts of a dwelling stand in a query of dwellings.
fn dwelling_facts(fact: Fact) -> Option<FactSource> {
    (fact == Fact::SharedWith).then_some(FactSource::Members {
        rows: "shares JOIN tenancies AS lived ON lived.person_id = shares.person_id \
               JOIN persons AS tenant ON tenant.id = lived.person_id AND tenant.withheld IS NULL \
               WHERE lived.dwelling_id = dwellings.id",
        member: "shares.share",
        valid_from: "shares.valid_from",
        valid_until: "shares.valid_until",
    })
}

/// Where the facts of a lease stand in a query of leases.
fn lease_facts(fact: Fact) -> Option<FactSource> {
    (fact == Fact::SharedWith).then_some(FactSource::Members {
        rows: "shares JOIN tenancies AS lived ON lived.person_id = shares.person_id \
               JOIN persons AS tenant ON tenant.id = lived.person_id AND tenant.withheld IS NULL \
               WHERE lived.lease_id = leases.id",
        member: "shares.share",
        valid_from: "shares.valid_from",
        valid_until: "shares.valid_until",
    })
}

/// What is sealed of a tenancy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Terms {
    pub(crate) share: Option<Money>,
}

/// What it is sealed as.
pub(crate) const TERMS: &str = "tenancy";
