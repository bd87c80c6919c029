//! Who answers for people's cases: the operator; and for some of the minors whose case UNHCR took, the agency that their custody was handed to.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::people::{self, Referral};
use super::{ENDS_ON, Random, copy, id, programme_id};

/// The agency whose cases of minors are handed on, and of how many of these one.
const TAKES: &str = "ACNUR";
const EVERY: usize = 3;

/// What comes of a proposal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Accepted,
    Declined,
    /// The operator takes it back.
    Withdrawn,
    /// It is not answered before they leave.
    Unanswered,
}

/// To whom custody is handed, by what right, and what comes of it: one after the other.
const FATES: [(&str, &str, Fate); 6] = [
    (TAKES, "PUBLIC_INTEREST", Fate::Accepted),
    ("DIF_ESTATAL", "LEGAL_DUTY", Fate::Accepted),
    ("DIF_ESTATAL", "LEGAL_DUTY", Fate::Declined),
    (TAKES, "PUBLIC_INTEREST", Fate::Accepted),
    ("DIF_ESTATAL", "LEGAL_DUTY", Fate::Unanswered),
    (TAKES, "PUBLIC_INTEREST", Fate::Withdrawn),
];

row! {
    /// A transfer of custody.
    Transfer in "custody_transfers" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        person_id: Uuid = UUID,
        sender: &'static str = TEXT,
        recipient: &'static str = TEXT,
        purpose: &'static str = TEXT,
        legal_basis: &'static str = TEXT,
        proposed_at: DateTime<Utc> = TIMESTAMPTZ,
        accepted_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        declined_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        withdrawn_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        withdrawn_because: Option<&'static str> = TEXT,
    }
}

/// The rows of transfers as they stand at an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) transfers: Vec<Transfer>,
}

impl Rows {
    /// Makes them for the people that there are at `now`.
    pub(super) fn generate(people: &people::Rows, now: DateTime<Utc>) -> Self {
        let minors = people.persons.iter().filter(|person| person.adult_from > ENDS_ON);
        let minors: BTreeSet<Uuid> = minors.map(|person| person.id).collect();
        let left: BTreeMap<Uuid, DateTime<Utc>> = people
            .departures
            .iter()
            .filter_map(|departure| Some((departure.person_id, departure.departed_at?)))
            .collect();
        let mut cases: Vec<(DateTime<Utc>, &Referral)> = people
            .referrals
            .iter()
            .filter(|referral| referral.recipient == TAKES && minors.contains(&referral.person_id))
            .filter_map(|referral| Some((referral.accepted_at?, referral)))
            .collect();
        // In the order in which they were taken, so that a later day only adds.
        cases.sort_by_key(|(taken_at, referral)| (*taken_at, referral.id));
        let chosen = cases.into_iter().step_by(EVERY).zip(FATES.iter().cycle());
        let mut transfers: Vec<Transfer> = chosen
            .filter_map(|((taken_at, referral), fate)| {
                let left_at = left.get(&referral.person_id).copied();
                handed_on(referral, (taken_at, left_at), *fate, now)
            })
            .collect();
        transfers.sort_by_key(|transfer| transfer.id);
        Self { transfers }
    }

    /// Writes them, once there are the people.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.transfers).await
    }
}

/// A transfer of the custody of a case that was taken; none where it is not proposed by now, or not before they leave.
fn handed_on(
    referral: &Referral,
    (taken_at, left_at): (DateTime<Utc>, Option<DateTime<Utc>>),
    (recipient, legal_basis, fate): (&'static str, &'static str, Fate),
    now: DateTime<Utc>,
) -> Option<Transfer> {
    let mut random = Random::seeded(&format!("custody/{}", referral.id));
    let proposed_at = taken_at + TimeDelta::hours(random.between(20, 90).into());
    let settles_at = proposed_at + TimeDelta::hours(random.between(6, 72).into());
    if proposed_at > now || left_at.is_some_and(|left_at| left_at <= proposed_at) {
        return None;
    }
    let departed_at = left_at.filter(|left_at| fate == Fate::Unanswered || *left_at <= settles_at);
    let settled = |as_it_is: Fate| {
        (fate == as_it_is && departed_at.is_none() && settles_at <= now).then_some(settles_at)
    };
    let taken_back_at = settled(Fate::Withdrawn);
    Some(Transfer {
        id: id("custody_transfers", &referral.id.to_string(), proposed_at),
        programme_id: programme_id(),
        person_id: referral.person_id,
        sender: "DIF_MUNICIPAL",
        recipient,
        purpose: "PROTECTION",
        legal_basis,
        proposed_at,
        accepted_at: settled(Fate::Accepted),
        declined_at: settled(Fate::Declined),
        withdrawn_at: departed_at.or(taken_back_at),
        withdrawn_because: departed_at.map(|_| "DEPARTED").or(taken_back_at.map(|_| "HOLDER")),
    })
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::super::{DEFAULT_DAY, NOON, local};
    use super::*;

    fn on(day: NaiveDate) -> Rows {
        let now = local(day, NOON);
        Rows::generate(&people::Rows::generate(day, now).unwrap(), now)
    }

    #[test]
    fn the_default_day_has_transfers_in_every_state() {
        let made = on(DEFAULT_DAY);
        assert_eq!(made, on(DEFAULT_DAY), "the same in every load");
        let count = |is: fn(&&Transfer) -> bool| made.transfers.iter().filter(is).count();
        let open = |transfer: &&Transfer| {
            transfer.accepted_at.or(transfer.declined_at).or(transfer.withdrawn_at).is_none()
        };
        let states = [
            count(|transfer| transfer.accepted_at.is_some()),
            count(|transfer| transfer.declined_at.is_some()),
            count(|transfer| transfer.withdrawn_at.is_some()),
            made.transfers.iter().filter(open).count(),
        ];
        assert!(states.iter().all(|count| *count > 0) && states.iter().sum::<usize>() > 9, "{states:?}");
    }

    #[test]
    fn a_later_day_only_adds_and_whoever_leaves_leaves_nothing_open() {
        let (earlier, all) = (on(DEFAULT_DAY), on(ENDS_ON));
        assert!(earlier.transfers.len() < all.transfers.len());
        for transfer in &earlier.transfers {
            assert!(all.transfers.iter().any(|known| known.id == transfer.id), "{transfer:?}");
        }
        let settled = |transfer: &Transfer| {
            transfer.accepted_at.or(transfer.declined_at).or(transfer.withdrawn_at).is_some()
        };
        assert!(all.transfers.iter().all(settled));
        assert!(all.transfers.iter().any(|transfer| transfer.withdrawn_because == Some("DEPARTED")));
    }
}
