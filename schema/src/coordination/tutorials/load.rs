//! Reads of tutorials, which are open to whoever may read their class.

use chrono::NaiveDate;
use diesel::dsl::exists;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::tables::{tutorial_editions, tutorial_sessions, tutorials};
use super::{Tutorial, TutorialAudience, TutorialEdition, TutorialFormat, TutorialSession, TutorialTopic};
use crate::agencies::Agency;
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;

type TutorialRow = (
    Uuid,
    String,
    TutorialTopic,
    TutorialAudience,
    TutorialFormat,
    NaiveDate,
    Option<NaiveDate>,
    Option<String>,
    i32,
    Uuid,
);
type EditionRow = (Uuid, String, String, String, Option<String>, Uuid, Uuid);
type SessionRow = (Uuid, NaiveDate, String, i32, Uuid, Uuid, Uuid);

#[diesel::dsl::auto_type]
fn tutorial_columns() -> _ {
    (
        tutorials::id,
        tutorials::code,
        tutorials::topic,
        tutorials::audience,
        tutorials::format,
        tutorials::published_on,
        tutorials::withdrawn_on,
        tutorials::reason,
        tutorials::version,
        tutorials::agency_id,
    )
}

fn tutorial(context: &Context, row: TutorialRow) -> Tutorial {
    let (id, code, topic, audience, format, published_on, withdrawn_on, reason, version, agency_id) = row;
    let agency = context.agency_code(agency_id);
    Tutorial {
        id: Id::new(id),
        code,
        topic,
        audience,
        format,
        published_on,
        withdrawn_on,
        reason,
        version,
        agency_id,
        agency,
    }
}

/// Tutorials by key.
pub(super) async fn by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Tutorial>> {
    let query = tutorials::table.filter(tutorials::id.eq_any(ids)).select(tutorial_columns());
    let rows: Vec<TutorialRow> = query.load(&mut &*context.reader().await?).await?;
    Ok(rows.into_iter().map(|row| tutorial(&context, row)).collect())
}

/// A tutorial of the programme, as a transaction sees it.
pub(super) async fn tutorial_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Tutorial>> {
    let query = tutorials::table
        .filter(tutorials::id.eq(id))
        .filter(tutorials::programme_id.eq(context.programme_id()))
        .select(tutorial_columns());
    let row: Option<TutorialRow> = query.first(connection).await.optional()?;
    Ok(row.map(|row| tutorial(context, row)))
}

#[diesel::dsl::auto_type]
fn editions_joined() -> _ {
    tutorial_editions::table.inner_join(tutorials::table)
}

#[diesel::dsl::auto_type]
fn edition_columns() -> _ {
    (
        tutorial_editions::id,
        tutorial_editions::language,
        tutorial_editions::title,
        tutorial_editions::reference,
        tutorial_editions::digest,
        tutorial_editions::tutorial_id,
        tutorials::agency_id,
    )
}

fn edition(context: &Context, row: EditionRow) -> TutorialEdition {
    let (id, language, title, reference, digest, tutorial_id, agency) = row;
    let agency = context.agency_code(agency);
    TutorialEdition { id: Id::new(id), language, title, reference, digest, tutorial_id, agency }
}

/// Editions by key.
pub(super) async fn editions_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<TutorialEdition>> {
    let query = editions_joined().filter(tutorial_editions::id.eq_any(ids)).select(edition_columns());
    let rows: Vec<EditionRow> = query.load(&mut &*context.reader().await?).await?;
    Ok(rows.into_iter().map(|row| edition(&context, row)).collect())
}

/// The editions of some tutorials, in the order of their languages' codes.
pub(super) async fn editions_of(context: Context, of: Vec<Uuid>) -> Result<Vec<TutorialEdition>> {
    let query = editions_joined()
        .filter(tutorial_editions::tutorial_id.eq_any(of))
        .order((tutorial_editions::tutorial_id, tutorial_editions::language))
        .select(edition_columns());
    let rows: Vec<EditionRow> = query.load(&mut &*context.reader().await?).await?;
    Ok(rows.into_iter().map(|row| edition(&context, row)).collect())
}

#[diesel::dsl::auto_type]
fn sessions_joined() -> _ {
    tutorial_sessions::table.inner_join(tutorials::table)
}

#[diesel::dsl::auto_type]
fn session_columns() -> _ {
    (
        tutorial_sessions::id,
        tutorial_sessions::held_on,
        tutorial_sessions::language,
        tutorial_sessions::attended,
        tutorial_sessions::shelter_id,
        tutorial_sessions::tutorial_id,
        tutorials::agency_id,
    )
}

fn session(context: &Context, row: SessionRow) -> TutorialSession {
    let (id, held_on, language, attended, shelter_id, tutorial_id, agency) = row;
    let agency = context.agency_code(agency);
    TutorialSession { id: Id::new(id), held_on, language, attended, shelter_id, tutorial_id, agency }
}

/// Sessions by key.
pub(super) async fn sessions_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<TutorialSession>> {
    let query = sessions_joined().filter(tutorial_sessions::id.eq_any(ids)).select(session_columns());
    let rows: Vec<SessionRow> = query.load(&mut &*context.reader().await?).await?;
    Ok(rows.into_iter().map(|row| session(&context, row)).collect())
}

/// The sessions of some tutorials, in the order in which they were recorded.
pub(super) async fn sessions_of(context: Context, of: Vec<Uuid>) -> Result<Vec<TutorialSession>> {
    let query = sessions_joined()
        .filter(tutorial_sessions::tutorial_id.eq_any(of))
        .order(tutorial_sessions::id)
        .select(session_columns());
    let rows: Vec<SessionRow> = query.load(&mut &*context.reader().await?).await?;
    Ok(rows.into_iter().map(|row| session(&context, row)).collect())
}

input! {
    /// Which tutorials, and which page of them. They come in the order in which they were published.
    pub struct TutorialsArguments {
        /// Only those of this agency.
        pub agency: Option<Id<Agency>>,
        /// Only those about this.
        pub topic: Option<TutorialTopic>,
        /// Only those for these people.
        pub audience: Option<TutorialAudience>,
        /// Only those that there are in this language: its code of two or three letters.
        pub language: Option<String>,
        /// Where true, only those that are to be used; where false, only those that are withdrawn.
        pub published: Option<bool>,
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

/// Tutorials, page by page.
pub(super) async fn tutorials(
    context: Context,
    arguments: TutorialsArguments,
    wanted: Wanted,
) -> Result<Connection<Tutorial>> {
    let (agency, topic) = (arguments.agency.map(Id::uuid), arguments.topic);
    let (audience, language) = (arguments.audience, arguments.language.clone());
    let published = arguments.published;
    let selects = (agency, topic, audience, &language, published);
    let (binding, window) = asked!(context, arguments, "tutorials", &selects);
    let selected = || {
        let mut query =
            tutorials::table.filter(tutorials::programme_id.eq(context.programme_id())).into_boxed::<Pg>();
        if let Some(agency) = agency {
            query = query.filter(tutorials::agency_id.eq(agency));
        }
        if let Some(topic) = topic {
            query = query.filter(tutorials::topic.eq(topic));
        }
        if let Some(audience) = audience {
            query = query.filter(tutorials::audience.eq(audience));
        }
        if let Some(language) = language.clone() {
            let of_it = tutorial_editions::table
                .filter(tutorial_editions::tutorial_id.eq(tutorials::id))
                .filter(tutorial_editions::language.eq(language));
            query = query.filter(exists(of_it));
        }
        match published {
            Some(true) => query.filter(tutorials::withdrawn_on.is_null()),
            Some(false) => query.filter(tutorials::withdrawn_on.is_not_null()),
            None => query,
        }
    };
    let page: Result<Connection<TutorialRow>> = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(tutorials::id),
        tutorial_columns(),
        |row: &TutorialRow| row.0
    );
    let Connection { rows, facts } = page?;
    Ok(Connection { rows: rows.into_iter().map(|row| tutorial(&context, row)).collect(), facts })
}
