//! Announcing job fairs and trainings, and saying who came and what came of them.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::load::{event_in, stand_held, stands_in};
use super::{
    ATTENDANCE, Attended, JobEvent, JobEventAttended, JobEventChanged, JobEventKind, JobStand,
    RecordJobAttendancePayload,
};
use crate::agencies::Agency;
use crate::census::{Checked, MERGED, Person, TAKES_NOTHING, erased, held_all, needs};
use crate::context::Context;
use crate::employment::employers::{Employer, employers_by_ids};
use crate::employment::tables::{job_attendances, job_events, job_stands};
use crate::employment::{Answers, checked_text};
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, each_once, ensure,
};
use crate::scalars::Id;

/// How many days an event lasts at most, after its first.
const LONGEST: i64 = 120;
/// How many jobs, or people, a stand tells of at most.
const MOST: i32 = 10_000;

input! {
    /// A job fair or a training.
    pub struct OpenJobEvent {
        /// What it is.
        pub kind: JobEventKind,
        /// What it is called, 3 to 120 characters.
        pub title: String,
        /// Where it is held, 3 to 200 characters.
        pub place: String,
        /// The first day.
        pub starts_on: NaiveDate,
        /// The last day, within 120 days of the first; the first, where it is left out.
        pub ends_on: Option<NaiveDate>,
        /// The agency that holds it; the caller's own, where it is left out.
        pub agency: Option<Id<Agency>>,
        /// Of a job fair, the employers that have a stand, each once.
        pub employers: Option<Vec<Id<Employer>>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// What came of a stand.
    pub struct RecordJobStand {
        /// The stand.
        pub stand: Id<JobStand>,
        /// How many jobs were offered there.
        pub offered: i32,
        /// How many people were interviewed.
        pub interviewed: i32,
        /// How many of them were hired.
        pub hired: i32,
        /// The version of the stand that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// Who came to a job fair or a training.
    pub struct RecordJobAttendance {
        /// The event; one that has begun.
        pub event: Id<JobEvent>,
        /// Who came, 1 to 50 people.
        pub persons: Vec<Id<Person>>,
        /// Of a training, whether they completed it.
        pub completed: Option<bool>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// An event, announced.
    pub struct OpenJobEventPayload: "OpenJobEventPayload" as JobEvent {
        /// The event.
        job_event: JobEvent,
    }
}

payload! {
    /// A stand's results, said.
    pub struct RecordJobStandPayload: "RecordJobStandPayload" as JobEvent {
        /// The stand.
        job_stand: JobStand,
    }
}

union! {
    /// The event, announced; or why it was not.
    pub enum OpenJobEventResult {
        Payload(OpenJobEventPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The stand's results, said; or why they were not.
    pub enum RecordJobStandResult {
        Payload(RecordJobStandPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// Who came, recorded; or why they were not.
    pub enum RecordJobAttendanceResult {
        Payload(RecordJobAttendancePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

impl OpenJobEvent {
    /// Its last day, where it can be announced so.
    fn checked(&self) -> Checked<NaiveDate> {
        checked_text("title", Some(&self.title), 3, 120)?;
        checked_text("place", Some(&self.place), 3, 200)?;
        let ends_on = self.ends_on.unwrap_or(self.starts_on);
        let lasts = (ends_on - self.starts_on).num_days();
        needs((0..=LONGEST).contains(&lasts), "endsOn", "An event lasts 120 days at most after its first.")?;
        let has_stands = self.employers.as_ref().is_some_and(|employers| !employers.is_empty());
        let at_fair = self.kind == JobEventKind::JobFair;
        needs(at_fair || !has_stands, "employers", "There are stands at job fairs alone.")?;
        Ok(ends_on)
    }
}

/// Announces an event.
pub(super) async fn open_job_event(context: Context, input: OpenJobEvent) -> Result<OpenJobEventResult> {
    let mut transaction = begin!(&context, "employment.openJobEvent", &input, OpenJobEventResult);
    let done = open(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn open(
    context: &Context,
    transaction: &mut Transaction<'_, OpenJobEventPayload>,
    input: &OpenJobEvent,
) -> Result<std::result::Result<Done<OpenJobEventPayload>, OpenJobEventResult>> {
    let ends_on = ensure!(input.checked());
    let actor = context.actor()?;
    let agency = input.agency.map_or(actor.agency, Id::uuid);
    // The directory has the agencies of this programme alone.
    if context.agency_code(agency).is_empty() {
        return Ok(Err(NotFound::new("agency").into()));
    }
    let employers = match input.employers.as_deref() {
        None | Some([]) => Vec::new(),
        Some(employers) => ensure!(each_once("employers", "employer", employers)),
    };
    let known = employers_by_ids(context.clone(), employers.clone()).await?;
    if known.len() < employers.len() {
        return Ok(Err(NotFound::new("employers").into()));
    }
    let id = context.new_uuid()?;
    let row = (
        job_events::id.eq(id),
        job_events::programme_id.eq(context.programme_id()),
        job_events::kind.eq(input.kind),
        job_events::agency_id.eq(agency),
        job_events::title.eq(input.title.trim()),
        job_events::place.eq(input.place.trim()),
        job_events::starts_on.eq(input.starts_on),
        job_events::ends_on.eq(ends_on),
        job_events::recorded_at.eq(context.now()),
        job_events::user_id.eq(actor.user),
    );
    diesel::insert_into(job_events::table).values(row).execute(transaction.connection()?).await?;
    let mut stands = Vec::with_capacity(employers.len());
    for employer in employers {
        let stand = context.new_uuid()?;
        stands.push((
            job_stands::id.eq(stand),
            job_stands::event_id.eq(id),
            job_stands::employer_id.eq(employer),
        ));
    }
    diesel::insert_into(job_stands::table).values(stands).execute(transaction.connection()?).await?;
    let change = event_now(context, transaction.connection()?, id).await?;
    context.authorize_write(Class::Operational, RecordType::JobEvent, &change.event)?;
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: change.event.into() }))
}

/// What the journal says of an event that was changed.
async fn event_now(
    context: &Context,
    connection: &mut diesel_async::AsyncPgConnection,
    id: Uuid,
) -> Result<JobEventChanged> {
    let event = event_in(context, connection, id).await?;
    let event = event.ok_or_else(|| Error::internal("an event that was changed is not there"))?;
    Ok(JobEventChanged { event, stands: stands_in(connection, id).await? })
}

/// Says what came of a stand.
pub(super) async fn record_job_stand(
    context: Context,
    input: RecordJobStand,
) -> Result<RecordJobStandResult> {
    let mut transaction = begin!(&context, "employment.recordJobStand", &input, RecordJobStandResult);
    let done = record(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn record(
    context: &Context,
    transaction: &mut Transaction<'_, RecordJobStandPayload>,
    input: &RecordJobStand,
) -> Result<std::result::Result<Done<RecordJobStandPayload>, RecordJobStandResult>> {
    for (argument, count) in
        [("offered", input.offered), ("interviewed", input.interviewed), ("hired", input.hired)]
    {
        ensure!(needs((0..=MOST).contains(&count), argument, "This is 0 to 10,000."));
    }
    let message = "Of those who were hired each was interviewed.";
    ensure!(needs(input.hired <= input.interviewed, "hired", message));
    let id = input.stand.uuid();
    let Some(before) = stand_held(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("stand").into()));
    };
    context.authorize_write(Class::Operational, RecordType::JobEvent, &before)?;
    if before.version != input.version {
        return Ok(Err(VersionConflict::new(before.version).into()));
    }
    let stand = JobStand {
        offered: input.offered,
        interviewed: input.interviewed,
        hired: input.hired,
        version: before.version.saturating_add(1),
        ..before
    };
    let row = (
        job_stands::offered.eq(stand.offered),
        job_stands::interviewed.eq(stand.interviewed),
        job_stands::hired.eq(stand.hired),
        job_stands::version.eq(stand.version),
    );
    diesel::update(job_stands::table.find(id)).set(row).execute(transaction.connection()?).await?;
    let change = event_now(context, transaction.connection()?, stand.event_id).await?;
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: stand.into() }))
}

/// Records who came.
pub(super) async fn record_job_attendance(
    context: Context,
    input: RecordJobAttendance,
) -> Result<RecordJobAttendanceResult> {
    context.personal_scope(Class::Employment, RecordType::WorkProfile)?;
    let mut transaction =
        begin!(&context, "employment.recordJobAttendance", &input, RecordJobAttendanceResult);
    let done = attend(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn attend(
    context: &Context,
    transaction: &mut Transaction<'_, RecordJobAttendancePayload>,
    input: &RecordJobAttendance,
) -> Result<std::result::Result<Done<RecordJobAttendancePayload>, RecordJobAttendanceResult>> {
    let people = ensure!(each_once("persons", "person", &input.persons));
    let id = input.event.uuid();
    let Some(event) = event_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("event").into()));
    };
    let trains = event.kind == JobEventKind::Training;
    let message = "Say of a training whether they completed it, and of no fair.";
    ensure!(needs(trains == input.completed.is_some(), "completed", message));
    if context.day_of(context.now()) < event.starts_on {
        return Ok(Err(StateConflict::new("This event has not begun.").into()));
    }
    let held = held_all(context, transaction.connection()?, &people).await?;
    if held.len() < people.len() {
        return Ok(Err(NotFound::new("persons").into()));
    }
    for person in &held {
        context.authorize_write(Class::Employment, RecordType::WorkProfile, &person.judged)?;
    }
    let keys = context.vault().keys(people.clone()).await?;
    let attended = Attended { completed: input.completed };
    let (mut rows, mut changes) = (Vec::with_capacity(people.len()), Vec::with_capacity(people.len()));
    for person in people {
        if !keys.have(person) {
            return Ok(Err(erased().into()));
        }
        let attendance = context.new_uuid()?;
        rows.push((
            job_attendances::id.eq(attendance),
            job_attendances::event_id.eq(id),
            job_attendances::person_id.eq(person),
            job_attendances::record.eq(keys.seal(person, ATTENDANCE, context.random_bytes()?, &attended)?),
            job_attendances::recorded_at.eq(context.now()),
            job_attendances::user_id.eq(context.actor()?.user),
        ));
        let change = JobEventAttended { event: id, attendance, completed: input.completed };
        changes.push(Part::of(Class::Employment, Some(person), &change)?);
    }
    let attending = diesel::insert_into(job_attendances::table).values(rows);
    if let Err(error) = attending.execute(transaction.connection()?).await {
        let message = match constraint(&error) {
            Some("job_attendances_once") => "One of them is recorded as having come already.",
            Some(TAKES_NOTHING) => MERGED,
            _ => return Err(error.into()),
        };
        return Ok(Err(StateConflict::new(message).into()));
    }
    let [one, ..] = held.as_slice() else { return Ok(Err(NotFound::new("persons").into())) };
    let payload = RecordJobAttendancePayload::new(id, one.judged.facts.clone());
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}
