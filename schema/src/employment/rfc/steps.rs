//! Opening a procedure for an RFC, and how it goes on.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::procedure_in;
use super::{
    AdvanceRfcProcedurePayload, OpenRfcProcedurePayload, RFC, RfcDocument, RfcProcedure, RfcProcedureChanged,
    RfcRecord, RfcState, code,
};
use crate::census::{Checked, Person, needs};
use crate::context::Context;
use crate::employment::tables::rfc_procedures;
use crate::employment::{Answers, held_to_write, key_of};
use crate::error::{Error, Result};
use crate::graph::{input, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure, refuse_text,
};
use crate::scalars::Id;

input! {
    /// A person who is to come by an RFC.
    pub struct OpenRfcProcedure {
        /// The person.
        pub person: Id<Person>,
        /// The documents that are there, each once.
        pub documents: Option<Vec<RfcDocument>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// How a procedure went on.
    pub struct AdvanceRfcProcedure {
        /// The procedure; one that is not over.
        pub rfc_procedure: Id<RfcProcedure>,
        /// Where it stands now: the next step of where it stood, or as it stood while documents are gathered.
        pub state: RfcState,
        /// All documents that are there, each once; as before, where it is left out.
        pub documents: Option<Vec<RfcDocument>>,
        /// The RFC of who has one now; left out, where it is not known. A generic one is none.
        pub rfc: Option<String>,
        /// Why it was refused or abandoned, 3 to 500 characters. It is sealed.
        pub note: Option<String>,
        /// The version of the procedure that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

union! {
    /// The procedure, opened; or why it was not.
    pub enum OpenRfcProcedureResult {
        Payload(OpenRfcProcedurePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The procedure as it stands now; or why it does not.
    pub enum AdvanceRfcProcedureResult {
        Payload(AdvanceRfcProcedurePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

fn checked_documents(documents: &[RfcDocument]) -> Checked {
    let once = |document: &RfcDocument| documents.iter().filter(|other| *other == document).count() == 1;
    needs(documents.iter().all(once), "documents", "Name each document once.")
}

/// How many documents are missing, as the database counts them.
fn missing(record: &RfcRecord) -> Result<i32> {
    i32::try_from(record.missing().len()).map_err(Error::internal)
}

/// Opens a procedure. The database holds that one at most is open of a person.
pub(super) async fn open_rfc_procedure(
    context: Context,
    input: OpenRfcProcedure,
) -> Result<OpenRfcProcedureResult> {
    context.personal_scope(Class::Employment, RecordType::WorkProfile)?;
    let mut transaction = begin!(&context, "employment.openRfcProcedure", &input, OpenRfcProcedureResult);
    let done = open(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn open(
    context: &Context,
    transaction: &mut Transaction<'_, OpenRfcProcedurePayload>,
    input: &OpenRfcProcedure,
) -> Result<std::result::Result<Done<OpenRfcProcedurePayload>, OpenRfcProcedureResult>> {
    let documents = input.documents.clone().unwrap_or_default();
    ensure!(checked_documents(&documents));
    let person = input.person.uuid();
    let (held, keys) = match held_to_write(context, transaction, person).await? {
        Ok(held) => held,
        Err(refused) => return Ok(Err(refused)),
    };
    let completed = rfc_procedures::table
        .filter(rfc_procedures::person_id.eq(person))
        .filter(rfc_procedures::state.eq(RfcState::Completed));
    let has_one = diesel::select(diesel::dsl::exists(completed));
    if has_one.get_result(transaction.connection()?).await? {
        return Ok(Err(StateConflict::new("This person came by an RFC before.").into()));
    }
    let procedure = context.new_uuid()?;
    let record = RfcRecord { documents, ..RfcRecord::default() };
    let row = (
        rfc_procedures::id.eq(procedure),
        rfc_procedures::programme_id.eq(context.programme_id()),
        rfc_procedures::person_id.eq(person),
        rfc_procedures::opened_on.eq(context.day_of(context.now())),
        rfc_procedures::missing.eq(missing(&record)?),
        rfc_procedures::record.eq(keys.seal(person, RFC, context.random_bytes()?, &record)?),
        rfc_procedures::recorded_at.eq(context.now()),
        rfc_procedures::user_id.eq(context.actor()?.user),
    );
    let opening = diesel::insert_into(rfc_procedures::table).values(row);
    match opening.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("rfc_procedures_one_open") => {
            let message = "A procedure of this person is open already. Advance that one, or abandon it.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let change = RfcProcedureChanged { procedure, state: RfcState::Opened, completed_on: None, record };
    let changes = vec![Part::of(Class::Employment, Some(person), &change)?];
    let payload = OpenRfcProcedurePayload::new(procedure, held.judged.facts);
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}

impl AdvanceRfcProcedure {
    fn checked(&self) -> Checked {
        let gathers = matches!(self.state, RfcState::Opened | RfcState::DocumentsComplete);
        let message = "Documents are gathered until they are together.";
        needs(gathers || self.documents.is_none(), "documents", message)?;
        checked_documents(self.documents.as_deref().unwrap_or_default())?;
        let completes = self.state == RfcState::Completed;
        needs(completes || self.rfc.is_none(), "rfc", "Who has an RFC has completed the procedure.")?;
        let message = "This is no RFC of a person: its form or its check digit does not fit, or it is a generic one. Leave it out where it is not known.";
        needs(self.rfc.as_deref().is_none_or(code::is_rfc), "rfc", message)?;
        let fails = matches!(self.state, RfcState::Refused | RfcState::Abandoned);
        needs(
            fails == self.note.is_some(),
            "note",
            "Say why it was refused or abandoned, and nothing else.",
        )?;
        refuse_text("note", self.note.as_deref()).map_or(Ok(()), Err)
    }
}

/// Says how a procedure went on. The database holds that it goes forward, and with its documents.
pub(super) async fn advance_rfc_procedure(
    context: Context,
    input: AdvanceRfcProcedure,
) -> Result<AdvanceRfcProcedureResult> {
    context.personal_scope(Class::Employment, RecordType::WorkProfile)?;
    let mut transaction =
        begin!(&context, "employment.advanceRfcProcedure", &input, AdvanceRfcProcedureResult);
    let done = advance(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn advance(
    context: &Context,
    transaction: &mut Transaction<'_, AdvanceRfcProcedurePayload>,
    input: &AdvanceRfcProcedure,
) -> Result<std::result::Result<Done<AdvanceRfcProcedurePayload>, AdvanceRfcProcedureResult>> {
    ensure!(input.checked());
    let id = input.rfc_procedure.uuid();
    let Some(before) = procedure_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("rfcProcedure").into()));
    };
    context.authorize_write(Class::Employment, RecordType::WorkProfile, &before)?;
    if before.version != input.version {
        return Ok(Err(VersionConflict::new(before.version).into()));
    }
    let person = before.person_id;
    let keys = match key_of(context, person).await? {
        Ok(keys) => keys,
        Err(refused) => return Ok(Err(refused)),
    };
    let documents = input.documents.clone().or(before.documents).unwrap_or_default();
    let record = RfcRecord { documents, rfc: input.rfc.clone(), note: input.note.clone() };
    let completes = input.state == RfcState::Completed;
    let completed_on = completes.then(|| context.day_of(context.now()));
    let row = (
        rfc_procedures::state.eq(input.state),
        rfc_procedures::missing.eq(missing(&record)?),
        rfc_procedures::completed_on.eq(completed_on),
        rfc_procedures::record.eq(keys.seal(person, RFC, context.random_bytes()?, &record)?),
        rfc_procedures::recorded_at.eq(context.now()),
        rfc_procedures::user_id.eq(context.actor()?.user),
    );
    let advancing = diesel::update(rfc_procedures::table.find(id)).set(row);
    if let Err(error) = advancing.execute(transaction.connection()?).await {
        let message = match constraint(&error) {
            Some("rfc_procedures_go_forward") => "A procedure goes forward, step by step, until it is over.",
            Some("rfc_procedures_documents") => "Documents are missing yet. Read documentsMissing.",
            Some("rfc_procedures_completed_once") => "This person came by an RFC before.",
            _ => return Err(error.into()),
        };
        return Ok(Err(StateConflict::new(message).into()));
    }
    let change = RfcProcedureChanged { procedure: id, state: input.state, completed_on, record };
    let changes = vec![Part::of(Class::Employment, Some(person), &change)?];
    let payload = AdvanceRfcProcedurePayload::new(id, before.person);
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}
