//! How a translation goes on: under the version that was seen of it, forward, and told in the journal.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::load::translation_in;
use super::tables::translations;
use super::{Translation, TranslationChanged, TranslationState};
use crate::context::Context;
use crate::coordination::between::Between;
use crate::error::{Error, Result};
use crate::journal::{Done, Part, Transaction, constraint};
use crate::problem::{NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

/// What becomes of a translation; what is none stays as it is.
#[derive(AsChangeset)]
#[diesel(table_name = translations)]
pub(super) struct Step<'i> {
    pub(super) state: TranslationState,
    pub(super) delivery: Option<&'i str>,
    /// Set or unset with `delivery`.
    #[expect(clippy::option_option, reason = "what is unset is not what is left alone")]
    pub(super) digest: Option<Option<String>>,
    pub(super) delivered_at: Option<DateTime<Utc>>,
    pub(super) delivered_by: Option<Uuid>,
    pub(super) reviewed_at: Option<DateTime<Utc>>,
    pub(super) reviewed_by: Option<Uuid>,
    pub(super) note: Option<&'i str>,
}

impl Step<'_> {
    pub(super) fn to(state: TranslationState) -> Self {
        Self {
            state,
            delivery: None,
            digest: None,
            delivered_at: None,
            delivered_by: None,
            reviewed_at: None,
            reviewed_by: None,
            note: None,
        }
    }
}

/// Whose step it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hand {
    /// Of the agency that asks.
    Asker,
    /// Of the agency that translates.
    Translator,
    /// Of either.
    Either,
}

/// Whether it is the caller's to do.
fn authorize(context: &Context, translation: &Translation, hand: Hand) -> Result<()> {
    let between = Between { agency: &translation.asker, recipient: &translation.agency };
    let asks = || context.authorize_write(Class::Operational, RecordType::AgencyRequest, &between);
    let translates = || context.authorize_write(Class::Operational, RecordType::Advice, translation);
    match hand {
        Hand::Asker => asks(),
        Hand::Translator => translates(),
        Hand::Either => translates().or_else(|_| asks()),
    }
}

/// Has a translation go on; or says why it does not.
pub(super) async fn go_on<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    (id, version): (Id<Translation>, i32),
    hand: Hand,
    step: &Step<'_>,
) -> Result<std::result::Result<Done<P>, R>>
where
    P: From<Translation> + Serialize + DeserializeOwned,
    R: From<NotFound> + From<StateConflict> + From<VersionConflict>,
{
    let Some(found) = translation_in(context, transaction.connection()?, id.uuid()).await? else {
        return Ok(Err(NotFound::new("translation").into()));
    };
    authorize(context, &found, hand)?;
    let target =
        translations::table.filter(translations::id.eq(id)).filter(translations::version.eq(version));
    let written = match diesel::update(target).set(step).execute(transaction.connection()?).await {
        Ok(written) => written,
        Err(error) => {
            let message = match constraint(&error) {
                Some("translations_forward") => {
                    "A translation is delivered, and what was delivered is reviewed. Read where it stands."
                }
                Some("translations_state") => {
                    "This is not for people to read, and needs no review: it is done with when it is delivered."
                }
                Some("translations_two_hands") => {
                    "Whoever translated does not review. Let another user do so."
                }
                _ => return Err(error.into()),
            };
            return Ok(Err(StateConflict::new(message).into()));
        }
    };
    let now = translation_in(context, transaction.connection()?, id.uuid()).await?;
    let now = now.ok_or_else(|| Error::internal("a translation that was changed is not there"))?;
    if written == 0 {
        return Ok(Err(VersionConflict::new(now.version).into()));
    }
    done(context, now)
}

/// What was done to a translation, to be committed.
pub(super) fn done<P: From<Translation>, R>(
    context: &Context,
    translation: Translation,
) -> Result<std::result::Result<Done<P>, R>> {
    let change = TranslationChanged { translation };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: change.translation.into() }))
}
