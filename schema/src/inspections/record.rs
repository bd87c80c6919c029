//! Recording an inspection with what it found.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::load::{findings_in, one};
use super::tables::{inspection_findings, inspections};
use super::{FindingSeverity, Inspection, InspectionOutcome, InspectionRecorded};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{Facts, input, payload, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, refuse_text};
use crate::scalars::Id;
use crate::shelters::tables::{centres, shelters};
use crate::shelters::{Centre, Shelter};

/// How many findings an inspection makes at most.
const MOST: usize = 100;

input! {
    /// Something that is to be corrected.
    pub struct NewFinding {
        /// What was found, 3 to 500 characters; no name of anyone.
        pub finding: String,
        /// How bad it is.
        pub severity: FindingSeverity,
        /// The last day by which it is to be corrected, not before the inspection.
        pub due_on: NaiveDate,
    }
}

input! {
    /// An inspection of a shelter, or of a centre that is none.
    pub struct RecordInspection {
        /// The shelter. Either this or `centre`.
        pub shelter: Option<Id<Shelter>>,
        /// The centre.
        pub centre: Option<Id<Centre>>,
        /// The day of it; today, where it is left out.
        pub inspected_on: Option<NaiveDate>,
        /// What came of it. What passes has no findings, the others have one or more.
        pub outcome: InspectionOutcome,
        /// What was found, up to 100 of it.
        pub findings: Option<Vec<NewFinding>>,
        /// More about it, 3 to 500 characters; no name of anyone.
        pub note: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// An inspection, recorded.
    pub struct RecordInspectionPayload: "RecordInspectionPayload" as Inspection {
        /// The inspection.
        inspection: Inspection,
    }
}

union! {
    /// The inspection, recorded; or why it was not.
    pub enum RecordInspectionResult {
        Payload(RecordInspectionPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// The agency that inspects.
struct Of<'a>(&'a str);

impl Facts for Of<'_> {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Agency).then_some(self.0)
    }
}

/// Records an inspection in the name of its caller's agency.
pub(super) async fn record_inspection(
    context: Context,
    input: RecordInspection,
) -> Result<RecordInspectionResult> {
    let mut transaction = begin!(&context, "inspections.recordInspection", &input, RecordInspectionResult);
    let done = record(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

type Recording<'c> = Transaction<'c, RecordInspectionPayload>;
type Refused<T> = std::result::Result<T, RecordInspectionResult>;

async fn record(
    context: &Context,
    transaction: &mut Recording<'_>,
    input: &RecordInspection,
) -> Result<Refused<Done<RecordInspectionPayload>>> {
    let (centre, shelter) = match place(context, transaction, input).await? {
        Ok(place) => place,
        Err(refused) => return Ok(Err(refused)),
    };
    let actor = context.actor()?;
    context.authorize_write(Class::Operational, RecordType::Inspection, &Of(&actor.principal.agency))?;
    let (today, found) = (context.day_of(context.now()), input.findings.as_deref().unwrap_or_default());
    let inspected_on = input.inspected_on.unwrap_or(today);
    if let Some(problem) = refused(input, found, inspected_on, today) {
        return Ok(Err(problem.into()));
    }
    let id = context.new_uuid()?;
    let row = (
        inspections::id.eq(id),
        inspections::programme_id.eq(context.programme_id()),
        inspections::agency_id.eq(actor.agency),
        inspections::centre_id.eq(centre),
        inspections::shelter_id.eq(shelter),
        inspections::inspected_on.eq(inspected_on),
        inspections::outcome.eq(input.outcome),
        inspections::note.eq(input.note.as_deref()),
        inspections::recorded_at.eq(context.now()),
        inspections::user_id.eq(actor.user),
    );
    diesel::insert_into(inspections::table).values(row).execute(transaction.connection()?).await?;
    let mut rows = Vec::with_capacity(found.len());
    for finding in found {
        rows.push((
            inspection_findings::id.eq(context.new_uuid()?),
            inspection_findings::inspection_id.eq(id),
            inspection_findings::finding.eq(&finding.finding),
            inspection_findings::severity.eq(finding.severity),
            inspection_findings::due_on.eq(finding.due_on),
        ));
    }
    let finding = diesel::insert_into(inspection_findings::table).values(rows);
    match finding.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("inspection_findings_of_outcome") => {
            let message = "What passes has no findings, and what is found is due on the day of the inspection or later.";
            return Ok(Err(InvalidValue::new("findings", message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let inspection = one(transaction.connection()?, id).await?;
    let inspection =
        inspection.ok_or_else(|| Error::internal("an inspection that was recorded is not there"))?;
    let findings = findings_in(context, transaction.connection()?, (Some(id), None)).await?;
    let change = InspectionRecorded { inspection, findings };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: change.inspection.into() }))
}

/// Which value is out of its range, and what to do about it.
fn refused(
    input: &RecordInspection,
    found: &[NewFinding],
    inspected_on: NaiveDate,
    today: NaiveDate,
) -> Option<InvalidValue> {
    if inspected_on > today {
        return Some(InvalidValue::new("inspectedOn", "An inspection is not of a day to come."));
    }
    if found.len() > MOST {
        return Some(InvalidValue::new(
            "findings",
            "An inspection has 100 findings at most. Record the rest as another.",
        ));
    }
    if (input.outcome == InspectionOutcome::Passed) != found.is_empty() {
        let message = "What passes has no findings; what does not has one or more.";
        return Some(InvalidValue::new("findings", message));
    }
    let of_findings = found.iter().enumerate().find_map(|(place, finding)| {
        let late = (finding.due_on < inspected_on).then(|| {
            InvalidValue::new(
                &format!("findings.{place}.dueOn"),
                "It is due on the day of the inspection or later.",
            )
        });
        refuse_text(&format!("findings.{place}.finding"), Some(&finding.finding)).or(late)
    });
    of_findings.or_else(|| refuse_text("note", input.note.as_deref()))
}

/// The centre that was inspected, and the shelter that it is.
async fn place(
    context: &Context,
    transaction: &mut Recording<'_>,
    input: &RecordInspection,
) -> Result<Refused<(Uuid, Option<Uuid>)>> {
    match (input.shelter, input.centre) {
        (Some(shelter), None) => {
            let query = shelters::table
                .filter(shelters::id.eq(shelter))
                .filter(shelters::programme_id.eq(context.programme_id()))
                .select(shelters::centre_id);
            let centre: Option<Uuid> = query.first(transaction.connection()?).await.optional()?;
            Ok(match centre {
                Some(centre) => Ok((centre, Some(shelter.uuid()))),
                None => Err(NotFound::new("shelter").into()),
            })
        }
        (None, Some(centre)) => {
            let query = centres::table
                .filter(centres::id.eq(centre))
                .filter(centres::programme_id.eq(context.programme_id()))
                .select(centres::id);
            let found: Option<Uuid> = query.first(transaction.connection()?).await.optional()?;
            Ok(found.map(|centre| (centre, None)).ok_or_else(|| NotFound::new("centre").into()))
        }
        _ => Ok(Err(InvalidValue::new("shelter, or centre", "Name either a shelter or a centre.").into())),
    }
}
