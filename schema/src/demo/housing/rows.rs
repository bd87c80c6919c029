//! The rows of housing.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

row! {
    /// What the campaign did.
    Action in "outreach_actions" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        held_on: NaiveDate = DATE,
        kind: &'static str = TEXT,
        place: &'static str = TEXT,
        attendance: Option<i32> = INT4,
        note: Option<&'static str> = TEXT,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// Who lets dwellings.
    Owner in "owners" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        name: String = TEXT,
        contact: Option<String> = TEXT,
        action_id: Option<Uuid> = UUID,
        registered_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// A dwelling.
    Dwelling in "dwellings" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        owner_id: Uuid = UUID,
        address: String = TEXT,
        district: &'static str = TEXT,
        rooms: i32 = INT4,
        capacity: i32 = INT4,
        rent_cents: i64 = INT8,
        rent_currency: &'static str = TEXT,
        services: Vec<&'static str> = TEXT_ARRAY,
        action_id: Option<Uuid> = UUID,
        offered_on: NaiveDate = DATE,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// What was found there.
    Visit in "dwelling_visits" {
        id: Uuid = UUID,
        dwelling_id: Uuid = UUID,
        visited_on: NaiveDate = DATE,
        fit: bool = BOOL,
        remedies: Option<&'static str> = TEXT,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// A lease.
    Lease in "leases" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        dwelling_id: Uuid = UUID,
        renews_id: Option<Uuid> = UUID,
        signed_on: NaiveDate = DATE,
        starts_on: NaiveDate = DATE,
        ends_on: NaiveDate = DATE,
        rent_cents: i64 = INT8,
        rent_currency: &'static str = TEXT,
        guarantor_id: Option<Uuid> = UUID,
        guaranteed_until: Option<NaiveDate> = DATE,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// That a household lives there, sealed.
    Tenancy in "tenancies" {
        id: Uuid = UUID,
        lease_id: Uuid = UUID,
        dwelling_id: Uuid = UUID,
        household_id: Uuid = UUID,
        person_id: Uuid = UUID,
        starts_on: NaiveDate = DATE,
        ends_on: NaiveDate = DATE,
        record: Vec<u8> = BYTEA,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}
