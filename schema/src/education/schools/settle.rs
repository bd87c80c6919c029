//! What becomes of a request: its documents are seen or waived, the child is placed, or it is closed.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::load::{grade_in, place_in};
use super::{
    GradeChanged, SCHOOL_DOCUMENT, SCHOOL_PLACE, SchoolDocument, SchoolPlace, SchoolPlaceChanged,
    SchoolPlaceClosing, SchoolPlaceState, SealedDocument, SealedPlace,
};
use crate::census;
use crate::context::Context;
use crate::education::tables::{school_place_documents, school_places};
use crate::education::{answers, perform};
use crate::error::{Error, Result};
use crate::graph::{input, union};
use crate::journal::{Done, Part, Transaction, constraint};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, OverCapacity, StateConflict, VersionConflict, refuse_text,
};
use crate::scalars::Id;
use crate::vault::Keys;

input! {
    /// Documents of a child, as far as they are settled.
    pub struct SettleSchoolDocuments {
        /// The place; a requested one.
        pub school_place: Id<SchoolPlace>,
        /// The version of the place that the caller saw.
        pub version: i32,
        /// The documents that were seen.
        pub seen: Option<Vec<SchoolDocument>>,
        /// The documents that are waived, since the family cannot show them now.
        pub waived: Option<Vec<SchoolDocument>>,
        /// Why these are waived, 3 to 500 characters. It is sealed.
        pub waiver_reason: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A child who has a place from today.
    pub struct PlaceInSchool {
        /// The place; one whose documents are complete.
        pub school_place: Id<SchoolPlace>,
        /// The version of the place that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A request that comes to nothing.
    pub struct CloseSchoolPlace {
        /// The place; one that the child does not have yet.
        pub school_place: Id<SchoolPlace>,
        /// The version of the place that the caller saw.
        pub version: i32,
        /// Why: from it follows whether it was refused or withdrawn.
        pub closing: SchoolPlaceClosing,
        /// What else is said of it, 3 to 500 characters. It is sealed.
        pub note: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

answers! {
    /// A place, with its documents.
    SettleSchoolDocumentsPayload "SettleSchoolDocumentsPayload"
    /// A place, given.
    PlaceInSchoolPayload "PlaceInSchoolPayload"
    /// A request, closed.
    CloseSchoolPlacePayload "CloseSchoolPlacePayload"
}

union! {
    /// The place, with its documents; or why it has them not.
    pub enum SettleSchoolDocumentsResult {
        Payload(SettleSchoolDocumentsPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The place, given; or why it was not.
    pub enum PlaceInSchoolResult {
        Payload(PlaceInSchoolPayload),
        NotFound(NotFound),
        OverCapacity(OverCapacity),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The request, closed; or why it was not.
    pub enum CloseSchoolPlaceResult {
        Payload(CloseSchoolPlacePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// A place that is held, of the version that the caller saw and in one of these states, with the child's key; or why not.
async fn held<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    (id, version): (Uuid, i32),
    (states, otherwise): (&[SchoolPlaceState], &str),
) -> Result<std::result::Result<(SchoolPlace, Keys), R>>
where
    P: Serialize + DeserializeOwned,
    R: From<NotFound> + From<StateConflict> + From<VersionConflict>,
{
    let holding = school_places::table.filter(school_places::id.eq(id)).select(school_places::id);
    let _held: Option<Uuid> =
        holding.for_no_key_update().first(transaction.connection()?).await.optional()?;
    let Some(place) = place_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("schoolPlace").into()));
    };
    context.authorize_write(Class::Education, RecordType::Enrolment, &place)?;
    if place.version != version {
        return Ok(Err(VersionConflict::new(place.version).into()));
    }
    if !states.contains(&place.state) {
        return Ok(Err(StateConflict::new(otherwise).into()));
    }
    let keys = context.vault().keys(vec![place.person_id]).await?;
    if !keys.have(place.person_id) {
        return Ok(Err(census::erased().into()));
    }
    Ok(Ok((place, keys)))
}

/// What the journal says of a place that went on.
fn changed(
    place: &SchoolPlace,
    state: SchoolPlaceState,
    said: SealedPlace,
    documents: Vec<(SchoolDocument, SealedDocument)>,
) -> Result<Part> {
    let change = SchoolPlaceChanged { place: place.id.uuid(), grade: place.grade_id, state, said, documents };
    Part::of(Class::Education, Some(place.person_id), &change)
}

/// Settles documents: once all that the level asks for are, the place is complete.
pub(super) async fn settle_school_documents(
    context: Context,
    input: SettleSchoolDocuments,
) -> Result<SettleSchoolDocumentsResult> {
    context.personal_scope(Class::Education, RecordType::Enrolment)?;
    perform!(context, "education.settleSchoolDocuments", input, settle, SettleSchoolDocumentsResult)
}

async fn settle(
    context: &Context,
    transaction: &mut Transaction<'_, SettleSchoolDocumentsPayload>,
    input: &SettleSchoolDocuments,
) -> Result<std::result::Result<Done<SettleSchoolDocumentsPayload>, SettleSchoolDocumentsResult>> {
    let (seen, waived) =
        (input.seen.as_deref().unwrap_or_default(), input.waived.as_deref().unwrap_or_default());
    let reason = input.waiver_reason.as_deref();
    if let Some(problem) = refuse_text("waiverReason", reason) {
        return Ok(Err(problem.into()));
    }
    if waived.is_empty() != reason.is_none() {
        let message = "Say why documents are waived, and only then.";
        return Ok(Err(InvalidValue::new("waiverReason", message).into()));
    }
    let of =
        (&[SchoolPlaceState::Requested][..], "The documents of this place are complete, or it was closed.");
    let (place, keys) =
        match held(context, transaction, (input.school_place.uuid(), input.version), of).await? {
            Ok(found) => found,
            Err(refused) => return Ok(Err(refused)),
        };
    let said = seen.iter().map(|document| (*document, None));
    let said = said.chain(waived.iter().map(|document| (*document, reason)));
    let mut missing = place.documents_missing.clone();
    let (mut rows, mut documents) = (Vec::new(), Vec::new());
    for (document, waiver) in said {
        let Some(at) = missing.iter().position(|needed| *needed == document) else {
            let message = "Name each document once, of those in documentsMissing.";
            return Ok(Err(InvalidValue::new("seen, or waived", message).into()));
        };
        missing.swap_remove(at);
        let sealed = SealedDocument { waiver: waiver.map(str::to_owned) };
        rows.push((
            school_place_documents::id.eq(context.new_uuid()?),
            school_place_documents::place_id.eq(place.id.uuid()),
            school_place_documents::level.eq(place.level),
            school_place_documents::document.eq(document),
            school_place_documents::record.eq(keys.seal(
                place.person_id,
                SCHOOL_DOCUMENT,
                context.random_bytes()?,
                &sealed,
            )?),
        ));
        documents.push((document, sealed));
    }
    if rows.is_empty() {
        return Ok(Err(InvalidValue::new("seen, or waived", "Name a document at least.").into()));
    }
    diesel::insert_into(school_place_documents::table)
        .values(rows)
        .execute(transaction.connection()?)
        .await?;
    let state =
        if missing.is_empty() { SchoolPlaceState::DocumentsComplete } else { SchoolPlaceState::Requested };
    diesel::update(school_places::table.find(place.id.uuid()))
        .set(school_places::state.eq(state))
        .execute(transaction.connection()?)
        .await?;
    let changes = vec![changed(&place, state, SealedPlace::default(), documents)?];
    let payload = SettleSchoolDocumentsPayload { changed: place.id.uuid(), taught: place.taught };
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}

/// Gives a child the place. The database holds that the grade has one left.
pub(super) async fn place_in_school(context: Context, input: PlaceInSchool) -> Result<PlaceInSchoolResult> {
    context.personal_scope(Class::Education, RecordType::Enrolment)?;
    perform!(context, "education.placeInSchool", input, give, PlaceInSchoolResult)
}

async fn give(
    context: &Context,
    transaction: &mut Transaction<'_, PlaceInSchoolPayload>,
    input: &PlaceInSchool,
) -> Result<std::result::Result<Done<PlaceInSchoolPayload>, PlaceInSchoolResult>> {
    let message = "A child is placed once, when each document was seen or waived. See documentsMissing.";
    let of = (&[SchoolPlaceState::DocumentsComplete][..], message);
    let (place, _) = match held(context, transaction, (input.school_place.uuid(), input.version), of).await? {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    let giving = diesel::update(school_places::table.find(place.id.uuid())).set((
        school_places::state.eq(SchoolPlaceState::Placed),
        school_places::placed_on.eq(context.day_of(context.now())),
    ));
    match giving.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("school_grades_placed_within_places") => {
            let message = "Every place that this grade offers is taken. See SchoolGrade.places.";
            return Ok(Err(OverCapacity::of(message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let grade = grade_in(context, transaction.connection()?, place.grade_id).await?;
    let grade = grade.ok_or_else(|| Error::internal("a place is in no grade"))?;
    let changes = vec![
        changed(&place, SchoolPlaceState::Placed, SealedPlace::default(), Vec::new())?,
        Part::of(Class::Operational, None, &GradeChanged { grade })?,
    ];
    let payload = PlaceInSchoolPayload { changed: place.id.uuid(), taught: place.taught };
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}

/// Closes a request.
pub(super) async fn close_school_place(
    context: Context,
    input: CloseSchoolPlace,
) -> Result<CloseSchoolPlaceResult> {
    context.personal_scope(Class::Education, RecordType::Enrolment)?;
    perform!(context, "education.closeSchoolPlace", input, close, CloseSchoolPlaceResult)
}

async fn close(
    context: &Context,
    transaction: &mut Transaction<'_, CloseSchoolPlacePayload>,
    input: &CloseSchoolPlace,
) -> Result<std::result::Result<Done<CloseSchoolPlacePayload>, CloseSchoolPlaceResult>> {
    if let Some(problem) = refuse_text("note", input.note.as_deref()) {
        return Ok(Err(problem.into()));
    }
    let open = [SchoolPlaceState::Requested, SchoolPlaceState::DocumentsComplete];
    let of = (&open[..], "The child has this place, or it was closed.");
    let (place, keys) =
        match held(context, transaction, (input.school_place.uuid(), input.version), of).await? {
            Ok(found) => found,
            Err(refused) => return Ok(Err(refused)),
        };
    let state = input.closing.state();
    let said = SealedPlace {
        age_exception: place.age_exception.clone(),
        closing: Some(input.closing),
        note: input.note.clone(),
    };
    diesel::update(school_places::table.find(place.id.uuid()))
        .set((
            school_places::state.eq(state),
            school_places::record.eq(keys.seal(
                place.person_id,
                SCHOOL_PLACE,
                context.random_bytes()?,
                &said,
            )?),
        ))
        .execute(transaction.connection()?)
        .await?;
    let changes = vec![changed(&place, state, said, Vec::new())?];
    let payload = CloseSchoolPlacePayload { changed: place.id.uuid(), taught: place.taught };
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}
