//! Reads of translations, which are open to whoever may read their class.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::not;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::tables::translations;
use super::{Translation, TranslationState};
use crate::agencies::Agency;
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;

/// Translations that are yet to be delivered.
const OPEN: [TranslationState; 2] = [TranslationState::Asked, TranslationState::Returned];

type Instants = Option<DateTime<Utc>>;
type TranslationRow = (
    (Uuid, String, String, String, String, String, NaiveDate, NaiveDate, bool),
    (TranslationState, Option<String>, Option<String>, Instants, Instants, Option<String>, i32),
    (Uuid, Uuid),
);

#[diesel::dsl::auto_type]
fn translation_columns() -> _ {
    (
        (
            translations::id,
            translations::code,
            translations::title,
            translations::source,
            translations::source_language,
            translations::target_language,
            translations::asked_on,
            translations::needed_by,
            translations::to_publish,
        ),
        (
            translations::state,
            translations::delivery,
            translations::digest,
            translations::delivered_at,
            translations::reviewed_at,
            translations::note,
            translations::version,
        ),
        (translations::agency_id, translations::asker_id),
    )
}

fn translation(context: &Context, row: TranslationRow) -> Translation {
    let (of, (state, delivery, digest, delivered_at, reviewed_at, note, version), between) = row;
    let (id, code, title, source, source_language, target_language, asked_on, needed_by, to_publish) = of;
    let (agency_id, asker_id) = between;
    Translation {
        id: Id::new(id),
        code,
        title,
        source,
        source_language,
        target_language,
        asked_on,
        needed_by,
        to_publish,
        state,
        overdue: OPEN.contains(&state) && needed_by < context.instant().day,
        delivery,
        digest,
        delivered_at,
        reviewed_at,
        note,
        version,
        agency_id,
        agency: context.agency_code(agency_id),
        asker_id,
        asker: context.agency_code(asker_id),
    }
}

/// Translations by key.
pub(super) async fn by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Translation>> {
    let query = translations::table.filter(translations::id.eq_any(ids)).select(translation_columns());
    let rows: Vec<TranslationRow> = query.load(&mut &*context.reader().await?).await?;
    Ok(rows.into_iter().map(|row| translation(&context, row)).collect())
}

/// A translation of the programme, as a transaction sees it.
pub(super) async fn translation_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Translation>> {
    let query = translations::table
        .filter(translations::id.eq(id))
        .filter(translations::programme_id.eq(context.programme_id()))
        .select(translation_columns());
    let row: Option<TranslationRow> = query.first(connection).await.optional()?;
    Ok(row.map(|row| translation(context, row)))
}

/// The translations that are still worked on, or yet to be reviewed, as a transaction sees them.
pub(super) async fn open_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
) -> Result<Vec<Translation>> {
    let to_review =
        translations::state.eq(TranslationState::Delivered).and(translations::to_publish.eq(true));
    let query = translations::table
        .filter(translations::programme_id.eq(context.programme_id()))
        .filter(translations::state.eq_any(OPEN).or(to_review))
        .order(translations::id)
        .select(translation_columns());
    let rows: Vec<TranslationRow> = query.load(connection).await?;
    Ok(rows.into_iter().map(|row| translation(context, row)).collect())
}

input! {
    /// Which translations, and which page of them. They come in the order in which they were asked for.
    pub struct TranslationsArguments {
        /// Only those that this agency makes.
        pub agency: Option<Id<Agency>>,
        /// Only those that this agency asks for.
        pub asker: Option<Id<Agency>>,
        /// Only those into this language: its code of two or three letters.
        pub target_language: Option<String>,
        /// Only those that stand so.
        pub state: Option<TranslationState>,
        /// Where true, only those whose day is past and that are yet to be delivered; where false, only the others.
        pub overdue: Option<bool>,
        /// How many rows from the start, or after `after`: 1 to 500; 50 where neither `first` nor `last` is given.
        pub first: Option<i32>,
        /// Go on after this cursor.
        pub after: Option<String>,
        /// How many rows from the end, or before `before`.
        pub last: Option<i32>,
        /// Go back from this cursor.
        pub before: Option<String>,
    }
}

/// Translations, page by page.
pub(super) async fn translations(
    context: Context,
    arguments: TranslationsArguments,
    wanted: Wanted,
) -> Result<Connection<Translation>> {
    let (agency, asker) = (arguments.agency.map(Id::uuid), arguments.asker.map(Id::uuid));
    let (language, state, is_overdue) =
        (arguments.target_language.clone(), arguments.state, arguments.overdue);
    let selects = (agency, asker, &language, state, is_overdue);
    let (binding, window) = asked!(context, arguments, "translations", &selects);
    let today = context.instant().day;
    let selected = || {
        let mut query = translations::table
            .filter(translations::programme_id.eq(context.programme_id()))
            .into_boxed::<Pg>();
        if let Some(agency) = agency {
            query = query.filter(translations::agency_id.eq(agency));
        }
        if let Some(asker) = asker {
            query = query.filter(translations::asker_id.eq(asker));
        }
        if let Some(language) = language.clone() {
            query = query.filter(translations::target_language.eq(language));
        }
        if let Some(state) = state {
            query = query.filter(translations::state.eq(state));
        }
        let overdue = translations::state.eq_any(OPEN).and(translations::needed_by.lt(today));
        match is_overdue {
            Some(true) => query.filter(overdue),
            Some(false) => query.filter(not(overdue)),
            None => query,
        }
    };
    let page: Result<Connection<TranslationRow>> = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(translations::id),
        translation_columns(),
        |row: &TranslationRow| row.0.0
    );
    let Connection { rows, facts } = page?;
    Ok(Connection { rows: rows.into_iter().map(|row| translation(&context, row)).collect(), facts })
}
