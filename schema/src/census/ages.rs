//! When somebody was born, for what is worked out of their age and shows no more of it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::access::InScope;
use crate::census::tables::persons;
use crate::census::{IDENTITY, Identity, person_facts};
use crate::context::Context;
use crate::error::Result;
use crate::scalars::PartialDate;
use crate::shelters::tables::shelters;

/// When a person was born, as far as it is known; none where nobody is within the caller's reach. That it was read is noted.
pub(crate) async fn born(context: &Context, person: Uuid) -> Result<Option<Option<PartialDate>>> {
    let Some(scope) = context.personal_scope(Class::Identity, RecordType::Person)? else { return Ok(None) };
    let query = persons::table
        .left_join(shelters::table)
        .filter(persons::id.eq(person))
        .filter(persons::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, person_facts))
        .select(persons::identity);
    let reader = context.reader().await?;
    let sealed: Option<Vec<u8>> = query.first(&mut &*reader).await.optional()?;
    let Some(sealed) = sealed else { return Ok(None) };
    let keys = context.vault().keys(vec![person]).await?;
    context.discloses([person]);
    context.discloses_classes([Class::Identity]);
    let identity: Option<Identity> = keys.open(person, IDENTITY, &sealed)?;
    Ok(Some(identity.and_then(|identity| identity.birth_date)))
}
