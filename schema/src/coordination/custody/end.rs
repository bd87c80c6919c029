//! How a transfer of custody ends that nobody can answer any more.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::Class;

use super::settle::Step;
use super::tables::custody_transfers;
use super::{CustodyTransferChanged, CustodyTransferState, CustodyWithdrawal};
use crate::census::Purpose;
use crate::census::tables::persons;
use crate::context::Context;
use crate::coordination::referrals::LegalBasis;
use crate::error::Result;
use crate::journal::Part;

/// A transfer that ended, as the journal tells of it.
type Ended = (Uuid, Uuid, String, String, Purpose, LegalBasis);

/// Ends the open transfers of people who leave or are withheld; what the journal says of it. Who answers for them stays. A transaction that is
/// not their own operation calls it.
pub(crate) async fn end_custody_transfers(
    context: &Context,
    connection: &mut AsyncPgConnection,
    people: &[Uuid],
    because: CustodyWithdrawal,
) -> Result<Vec<Part>> {
    // Held first, as whoever proposes or answers holds them.
    let holding = persons::table.filter(persons::id.eq_any(people)).order(persons::id);
    let _held: Vec<Uuid> = holding.select(persons::id).for_no_key_update().load(connection).await?;
    let open = custody_transfers::table
        .filter(custody_transfers::person_id.eq_any(people))
        .filter(custody_transfers::state.eq(CustodyTransferState::Proposed));
    let ending = diesel::update(open).set(Step::withdrawn(context.now(), because)).returning((
        custody_transfers::id,
        custody_transfers::person_id,
        custody_transfers::sender,
        custody_transfers::recipient,
        custody_transfers::purpose,
        custody_transfers::legal_basis,
    ));
    let ended: Vec<Ended> = ending.load(connection).await?;
    let told = |(custody_transfer, person, sender, recipient, purpose, legal_basis): Ended| {
        let change = CustodyTransferChanged {
            custody_transfer,
            sender,
            recipient,
            purpose,
            legal_basis,
            state: CustodyTransferState::Withdrawn,
            withdrawn_because: Some(because),
        };
        Part::of(Class::Consent, Some(person), &change)
    };
    ended.into_iter().map(told).collect()
}
