//! How a permit goes on: under the version that was seen of it, forward, and told in the journal.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::load::permit_in;
use super::tables::permits;
use super::{Permit, PermitChanged, PermitState};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::journal::{Done, Part, Transaction, constraint};
use crate::problem::{InvalidValue, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

/// What becomes of a permit; what is none stays as it is.
#[derive(AsChangeset)]
#[diesel(table_name = permits)]
pub(super) struct Step<'i> {
    pub(super) state: PermitState,
    pub(super) reviewed_on: Option<NaiveDate>,
    pub(super) decided_on: Option<NaiveDate>,
    pub(super) decided_by: Option<Uuid>,
    pub(super) folio: Option<&'i str>,
    pub(super) valid_from: Option<NaiveDate>,
    pub(super) valid_until: Option<NaiveDate>,
    pub(super) reason: Option<&'i str>,
}

impl Step<'_> {
    pub(super) fn to(state: PermitState) -> Self {
        Self {
            state,
            reviewed_on: None,
            decided_on: None,
            decided_by: None,
            folio: None,
            valid_from: None,
            valid_until: None,
            reason: None,
        }
    }
}

/// Has a permit go on, as the caller asks who may write it as that type of record; or says why it does not.
pub(super) async fn go_on<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    (id, version): (Id<Permit>, i32),
    judged_as: RecordType,
    step: &Step<'_>,
) -> Result<std::result::Result<Done<P>, R>>
where
    P: From<Permit> + Serialize + DeserializeOwned,
    R: From<NotFound> + From<InvalidValue> + From<StateConflict> + From<VersionConflict>,
{
    let Some(found) = permit_in(context, transaction.connection()?, id.uuid()).await? else {
        return Ok(Err(NotFound::new("permit").into()));
    };
    context.authorize_write(Class::Operational, judged_as, &found)?;
    let target = permits::table.filter(permits::id.eq(id)).filter(permits::version.eq(version));
    let written = match diesel::update(target).set(step).execute(transaction.connection()?).await {
        Ok(written) => written,
        Err(error) => return refused(error).map(Err),
    };
    let permit = permit_in(context, transaction.connection()?, id.uuid()).await?;
    let permit = permit.ok_or_else(|| Error::internal("a permit that was changed is not there"))?;
    if written == 0 {
        return Ok(Err(VersionConflict::new(permit.version).into()));
    }
    done(context, permit)
}

/// What the law says that a step breaks.
fn refused<R: From<InvalidValue> + From<StateConflict>>(error: diesel::result::Error) -> Result<R> {
    Ok(match constraint(&error) {
        Some("permits_forward") => {
            let message = "A permit is reviewed, and then granted or refused; until then it can be withdrawn. Read where it stands.";
            StateConflict::new(message).into()
        }
        Some("permits_two_hands") => {
            StateConflict::new("Whoever asked for a permit does not decide on it. Let another user do so.")
                .into()
        }
        Some("permits_folio_key") => {
            InvalidValue::new("folio", "Another permit has this folio. Check the document.").into()
        }
        Some("permits_validity") => {
            InvalidValue::new("validUntil", "A permit holds for a day at least.").into()
        }
        _ => return Err(error.into()),
    })
}

/// What was done to a permit, to be committed.
pub(super) fn done<P: From<Permit>, R>(
    context: &Context,
    permit: Permit,
) -> Result<std::result::Result<Done<P>, R>> {
    let change = PermitChanged { permit };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: change.permit.into() }))
}
