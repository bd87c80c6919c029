//! The tokens of people who have none of the rules that are in force: who were registered before there were any, or by other rules.

use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{RULES, tokens};
use crate::census::tables::persons;
use crate::census::{IDENTITY, Identity};
use crate::error::{Error, Result};
use crate::system::System;
use crate::vault::Keys;

/// How many are seen to at a time.
const AT_ONCE: i64 = 200;

/// Makes the tokens that are missing, each person's in a transaction of its own. Of whom the key was destroyed none are made, and
/// those that they had go.
///
/// # Errors
/// After all others were seen to: where what is known of somebody does not open.
pub(crate) async fn renew_tokens(system: &System) -> Result<()> {
    let mut connection = system.database.writer().await?;
    let (mut after, mut altered) = (Uuid::nil(), None);
    loop {
        let old = persons::table.filter(persons::tokens_of.lt(RULES)).filter(persons::id.gt(after));
        let old = old.order(persons::id).limit(AT_ONCE).select(persons::id);
        let old: Vec<Uuid> = old.load(&mut connection).await?;
        let Some(last) = old.last().copied() else { break };
        after = last;
        let keys = system.vault.keys(old.clone()).await?;
        for person in old {
            if let Some(error) = renew(system, &mut connection, &keys, person).await? {
                altered = Some(error);
            }
        }
    }
    altered.map_or(Ok(()), Err)
}

/// Makes one person's; or why what is known of them does not open.
async fn renew(
    system: &System,
    connection: &mut AsyncPgConnection,
    keys: &Keys,
    person: Uuid,
) -> Result<Option<Error>> {
    let renewing = connection.transaction::<_, Error, _>(async |connection| {
        // Held: whoever changes what is known of them meanwhile waits, or is waited for.
        let held = persons::table.find(person).filter(persons::tokens_of.lt(RULES));
        let held = held.select(persons::identity).for_no_key_update();
        let Some(sealed) = held.first::<Vec<u8>>(connection).await.optional()? else { return Ok(None) };
        let identity: Option<Identity> = match keys.open(person, IDENTITY, &sealed) {
            Ok(identity) => identity,
            Err(error) => return Ok(Some(error)),
        };
        tokens::replace(connection, system.vault.search_key(), person, identity.as_ref()).await?;
        let done = diesel::update(persons::table.find(person)).set(persons::tokens_of.eq(RULES));
        done.execute(connection).await?;
        Ok(None)
    });
    renewing.await
}
