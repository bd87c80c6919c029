//! The rows of a registration: a household, its members with what is sealed of each, and their consents.

use diesel::prelude::*;
use diesel::sql_types::{Array, Binary, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ring::hmac;
use uuid::Uuid;

use super::write::{Member, Registered};
use crate::census::tables::households;
use crate::census::{Consent, FAMILY, IDENTITY, MIGRATION, Migration, PLACEMENT, search};
use crate::context::Context;
use crate::database::Prepared;
use crate::error::Result;
use crate::vault::Keys;

/// What is sealed of the members, column by column.
#[derive(Default)]
pub(super) struct Sealed {
    identity: Vec<Vec<u8>>,
    family: Vec<Vec<u8>>,
    migration: Vec<Vec<u8>>,
    placement: Vec<Vec<u8>>,
}

impl Sealed {
    pub(super) fn of(context: &Context, keys: &Keys, members: &[Member]) -> Result<Self> {
        let mut sealed = Self::default();
        for Member { id, identity, family, migration, placement, .. } in members {
            let nonce = || context.random_bytes();
            sealed.identity.push(keys.seal(*id, IDENTITY, nonce()?, identity)?);
            sealed.family.push(keys.seal(*id, FAMILY, nonce()?, family)?);
            // Where nobody may say, that nothing is known is sealed too.
            let known = migration.as_ref().unwrap_or(&Migration::UNKNOWN);
            sealed.migration.push(keys.seal(*id, MIGRATION, nonce()?, known)?);
            sealed.placement.push(keys.seal(*id, PLACEMENT, nonce()?, placement)?);
        }
        Ok(sealed)
    }
}

/// Writes them; the household's folio.
pub(super) async fn insert(
    connection: &mut AsyncPgConnection,
    (programme, search_key): (Uuid, &hmac::Key),
    registered: &Registered,
    sealed: Sealed,
) -> QueryResult<String> {
    let household = (
        households::id.eq(registered.household),
        households::programme_id.eq(programme),
        households::arrived_on.eq(registered.times.arrived_on),
        households::shelter_id.eq(registered.shelter_id),
        households::head_id.eq(registered.head),
    );
    let opening = diesel::insert_into(households::table).values(household).returning(households::code);
    let code = Prepared(opening).get_result(connection).await?;
    let inserting = diesel::sql_query(
        "INSERT INTO persons (id, programme_id, household_id, arrived_on, shelter_id, adult_from, \
             identity, family, migration, placement, tokens_of) \
         SELECT id, $1, $2, $3, $4, adult_from, identity, family, migration, placement, $11 \
         FROM unnest($5, $6, $7, $8, $9, $10) AS members (id, adult_from, identity, family, migration, placement)",
    )
    .bind::<SqlUuid, _>(programme)
    .bind::<SqlUuid, _>(registered.household)
    .bind::<Date, _>(registered.times.arrived_on)
    .bind::<Nullable<SqlUuid>, _>(registered.shelter_id)
    .bind::<Array<SqlUuid>, _>(registered.members.iter().map(|member| member.id).collect::<Vec<_>>())
    .bind::<Array<Date>, _>(registered.members.iter().map(|member| member.adult_from).collect::<Vec<_>>())
    .bind::<Array<Binary>, _>(sealed.identity)
    .bind::<Array<Binary>, _>(sealed.family)
    .bind::<Array<Binary>, _>(sealed.migration)
    .bind::<Array<Binary>, _>(sealed.placement)
    .bind::<Integer, _>(search::RULES);
    Prepared(inserting).execute(connection).await?;
    let people: Vec<_> = registered.members.iter().map(|member| (member.id, &member.identity)).collect();
    search::insert(connection, search_key, &people).await?;
    let arriving = diesel::sql_query(
        "INSERT INTO episodes (id, person_id, arrived_on) \
         SELECT id, person_id, $1 FROM unnest($2, $3) AS arriving (id, person_id)",
    )
    .bind::<Date, _>(registered.times.arrived_on)
    .bind::<Array<SqlUuid>, _>(registered.members.iter().map(|member| member.episode).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(registered.members.iter().map(|member| member.id).collect::<Vec<_>>());
    Prepared(arriving).execute(connection).await?;
    if !registered.consents.is_empty() {
        insert_consents(connection, programme, &registered.consents).await?;
    }
    Ok(code)
}

async fn insert_consents(
    connection: &mut AsyncPgConnection,
    programme: Uuid,
    consents: &[Consent],
) -> QueryResult<()> {
    let inserting = diesel::sql_query(
        "INSERT INTO consents (id, programme_id, person_id, recipient, purpose, given_at, ends_at) \
         SELECT id, $1, person_id, recipient, purpose, given_at, ends_at \
         FROM unnest($2, $3, $4, $5, $6, $7) AS given (id, person_id, recipient, purpose, given_at, ends_at)",
    )
    .bind::<SqlUuid, _>(programme)
    .bind::<Array<SqlUuid>, _>(consents.iter().map(|consent| consent.id.uuid()).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(consents.iter().map(|consent| consent.person_id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(consents.iter().map(|consent| consent.recipient.as_str()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(consents.iter().map(|consent| consent.purpose.as_str()).collect::<Vec<_>>())
    .bind::<Array<Timestamptz>, _>(consents.iter().map(|consent| consent.given_at).collect::<Vec<_>>())
    .bind::<Array<Nullable<Timestamptz>>, _>(
        consents.iter().map(|consent| consent.ends_at).collect::<Vec<_>>(),
    );
    Prepared(inserting).execute(connection).await?;
    Ok(())
}
