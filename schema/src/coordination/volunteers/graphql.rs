//! Volunteers and their shifts in the schema.

use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::attend::{RecordShiftAttendancePayload, record_shift_attendance};
use super::plan::{
    CancelVolunteerShiftPayload, PlanVolunteerShiftPayload, cancel_volunteer_shift, plan_volunteer_shift,
};
use super::register::{
    EndVolunteerPayload, RegisterVolunteerPayload, ReviseVolunteerPayload, end_volunteer, register_volunteer,
    revise_volunteer,
};
use super::screen::{RecordScreeningPayload, RevokeScreeningPayload, record_screening, revoke_screening};
use super::sign_up::{
    SignUpForShiftPayload, WithdrawFromShiftPayload, sign_up_for_shift, withdraw_from_shift,
};
use super::{
    Screening, ShiftSignUp, Volunteer, VolunteerShift, VolunteerShiftChanged, VolunteerShiftStep, load,
};
use crate::agencies::{self, Agency};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Changes, ConnectionKind, Facts, Graph, Record, input, record};
use crate::journal::Entry;
use crate::scalars::Id;
use crate::shelters::{self, Shelter};

record! {
    /// That something became of a shift.
    pub struct VolunteerShiftChange: "VolunteerShiftChange" as Shelter {
        /// What; null in a snapshot.
        step: Option<VolunteerShiftStep> => Operational,
        /// The shift, as it was then.
        shift: VolunteerShift,
        /// Of whom something became with it.
        sign_ups: Vec<ShiftSignUp>,
    }
}

impl Facts for VolunteerShiftChange {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.shift.fact(fact)
    }
}

input! {
    /// Which shifts to follow.
    pub struct VolunteerShiftChangedArguments {
        /// Only those in this shelter; all where it is left out.
        pub shelter: Option<Id<Shelter>>,
    }
}

fn change(arguments: &VolunteerShiftChangedArguments, entry: &Entry) -> Result<Option<VolunteerShiftChange>> {
    let Some(VolunteerShiftChanged { step, shift, sign_ups }) = entry.change()? else { return Ok(None) };
    let wanted = arguments.shelter.is_none_or(|shelter| shelter.uuid() == shift.shelter_id);
    Ok(wanted.then_some(VolunteerShiftChange { step: Some(step), shift, sign_ups }))
}

/// Those that have not ended.
fn shifts_now<'c>(
    arguments: &'c VolunteerShiftChangedArguments,
    context: &'c Context,
    connection: &'c mut AsyncPgConnection,
) -> BoxFuture<'c, Result<Vec<VolunteerShiftChange>>> {
    async move {
        let which = (context.now(), arguments.shelter.map(Id::uuid));
        let shifts = load::shifts_from(context, connection, which).await?;
        let of = |shift| VolunteerShiftChange { step: None, shift, sign_ups: Vec::new() };
        Ok(shifts.into_iter().map(of).collect())
    }
    .boxed()
}

/// Declares this part of the schema.
pub(in crate::coordination) fn register(graph: &mut Graph) {
    objects(graph);
    payloads(graph);
    graph.node::<Volunteer, _, _>(Class::Counterparty, load::volunteers_by_ids);
    graph.node::<Screening, _, _>(Class::Counterparty, load::screenings_by_ids);
    graph.node::<VolunteerShift, _, _>(Class::Operational, load::shifts_by_ids);
    graph.node::<ShiftSignUp, _, _>(Class::Operational, load::sign_ups_by_ids);
    graph
        .query(
            "volunteers",
            Class::Counterparty,
            "Those who help without pay, page by page: the coordinator's are all of them, an agency's its own.",
        )
        .connection(
            ConnectionKind { node: "Volunteer", connection: "VolunteerConnection", edge: "VolunteerEdge" },
            load::volunteers,
        );
    graph
        .query("volunteerShifts", Class::Operational, "The shifts of volunteers in shelters, page by page.")
        .connection(
            ConnectionKind {
                node: "VolunteerShift",
                connection: "VolunteerShiftConnection",
                edge: "VolunteerShiftEdge",
            },
            load::shifts,
        );
    mutations_of_volunteers(graph);
    mutations_of_shifts(graph);
    graph
        .subscription(
            "volunteerShiftChanged",
            Class::Operational,
            "Each shift that is planned, taken, free again, attended or cancelled, as it is committed.",
        )
        .events(
            Changes::new(change).of_states(|change| vec![change.shift.id.uuid()]).with_snapshot(shifts_now),
        );
}

fn volunteer_key(volunteer: &Volunteer) -> Uuid {
    volunteer.id.uuid()
}

fn agency_key(agency: &Agency) -> Uuid {
    agency.id.uuid()
}

fn objects(graph: &mut Graph) {
    of_volunteers(graph);
    of_shifts(graph);
}

fn of_volunteers(graph: &mut Graph) {
    graph.object::<Volunteer>(|volunteer| {
        volunteer
            .one(
                "agency",
                Class::Counterparty,
                "The agency that brings them.",
                |volunteer| Some(volunteer.agency_id),
                agencies::by_ids,
                agency_key,
            )
            .many(
                "screenings",
                Class::Counterparty,
                "What is verified of them, oldest first.",
                |volunteer| Some(volunteer.id.uuid()),
                load::screenings_of,
                |screening: &Screening| screening.volunteer_id,
            )
            .in_scope::<Screening>()
            .many(
                "signUps",
                Class::Counterparty,
                "To which shifts they come or came, in the order of signing up.",
                |volunteer| Some(volunteer.id.uuid()),
                load::sign_ups_of_volunteers,
                |sign_up: &ShiftSignUp| sign_up.volunteer_id,
            )
    });
    graph.object::<Screening>(|screening| {
        screening
            .one(
                "volunteer",
                Class::Counterparty,
                "The volunteer.",
                |screening| Some(screening.volunteer_id),
                load::volunteers_by_ids,
                volunteer_key,
            )
            .in_scope::<Volunteer>()
            .one(
                "verifier",
                Class::Counterparty,
                "The agency that verified it.",
                |screening| Some(screening.verifier_id),
                agencies::by_ids,
                agency_key,
            )
    });
}

fn of_shifts(graph: &mut Graph) {
    graph.object::<VolunteerShift>(|shift| {
        shift
            .one(
                "shelter",
                Class::Operational,
                "The shelter.",
                |shift| Some(shift.shelter_id),
                shelters::by_ids,
                |shelter: &Shelter| shelter.id.uuid(),
            )
            .many(
                "signUps",
                Class::Operational,
                "Who comes or came, and who was withdrawn, in the order of signing up.",
                |shift| Some(shift.id.uuid()),
                load::sign_ups_of_shifts,
                |sign_up: &ShiftSignUp| sign_up.shift_id,
            )
    });
    graph.object::<ShiftSignUp>(|sign_up| {
        sign_up
            .one(
                "shift",
                Class::Operational,
                "The shift.",
                |sign_up| Some(sign_up.shift_id),
                load::shifts_by_ids,
                |shift: &VolunteerShift| shift.id.uuid(),
            )
            .one(
                "volunteer",
                Class::Counterparty,
                "The volunteer; null where the caller may not know them.",
                |sign_up| Some(sign_up.volunteer_id),
                load::volunteers_by_ids,
                volunteer_key,
            )
            .in_scope::<Volunteer>()
            .one(
                "agency",
                Class::Operational,
                "The agency that brings the volunteer.",
                |sign_up| Some(sign_up.agency_id),
                agencies::by_ids,
                agency_key,
            )
    });
    graph.object::<VolunteerShiftChange>(|change| {
        change
            .carries("shift", Class::Operational, "The shift, as it was then.", |change| {
                Some(change.shift.clone())
            })
            .carries_many(
                "signUps",
                Class::Operational,
                "Of whom something became with it; empty in a snapshot.",
                |change| change.sign_ups.clone(),
            )
    });
}

fn payloads(graph: &mut Graph) {
    volunteer_payload::<RegisterVolunteerPayload>(graph);
    volunteer_payload::<ReviseVolunteerPayload>(graph);
    volunteer_payload::<EndVolunteerPayload>(graph);
    screening_payload::<RecordScreeningPayload>(graph);
    screening_payload::<RevokeScreeningPayload>(graph);
    shift_payload::<PlanVolunteerShiftPayload>(graph);
    shift_payload::<CancelVolunteerShiftPayload>(graph);
    sign_up_payload::<SignUpForShiftPayload>(graph);
    sign_up_payload::<WithdrawFromShiftPayload>(graph);
    sign_up_payload::<RecordShiftAttendancePayload>(graph);
}

fn volunteer_payload<P: Record + AsRef<Volunteer>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("volunteer", Class::Counterparty, "The volunteer as they are known now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

fn screening_payload<P: Record + AsRef<Screening>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("screening", Class::Counterparty, "The screening as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

fn shift_payload<P: Record + AsRef<VolunteerShift>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("shift", Class::Operational, "The shift as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

fn sign_up_payload<P: Record + AsRef<ShiftSignUp>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("signUp", Class::Operational, "Where it stands now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

fn mutations_of_volunteers(graph: &mut Graph) {
    graph
        .mutation("registerVolunteer", Class::Counterparty, "Registers somebody who helps without pay.")
        .either(RecordType::Volunteer, register_volunteer);
    graph
        .mutation("reviseVolunteer", Class::Counterparty, "Sets anew what is known of a volunteer.")
        .either(RecordType::Volunteer, revise_volunteer);
    graph
        .mutation(
            "endVolunteer",
            Class::Counterparty,
            "Says that a volunteer helps no more: they are withdrawn from the shifts that have not ended.",
        )
        .either(RecordType::Volunteer, end_volunteer);
    graph
        .mutation(
            "recordScreening",
            Class::Counterparty,
            "Records what was verified of a volunteer, in place of what stands of its kind.",
        )
        .either(RecordType::Screening, record_screening);
    graph
        .mutation(
            "revokeScreening",
            Class::Counterparty,
            "Revokes what was verified of a volunteer: they are withdrawn at once from the shifts that need it.",
        )
        .either(RecordType::Screening, revoke_screening);
}

fn mutations_of_shifts(graph: &mut Graph) {
    graph
        .mutation(
            "planVolunteerShift",
            Class::Operational,
            "Plans hours in which volunteers help in a shelter.",
        )
        .either(RecordType::Shelter, plan_volunteer_shift);
    graph
        .mutation(
            "cancelVolunteerShift",
            Class::Operational,
            "Cancels a shift, and withdraws who was to come.",
        )
        .either(RecordType::Shelter, cancel_volunteer_shift);
    graph
        .mutation("signUpForShift", Class::Operational, "Signs a volunteer up for a shift.")
        .either(RecordType::ShiftSignUp, sign_up_for_shift);
    graph
        .mutation("withdrawFromShift", Class::Operational, "Withdraws a volunteer from a shift.")
        .either(RecordType::ShiftSignUp, withdraw_from_shift);
    graph
        .mutation(
            "recordShiftAttendance",
            Class::Operational,
            "Says whether a volunteer came to a shift, and for how long; said again, it is corrected.",
        )
        .either(RecordType::Shelter, record_shift_attendance);
}
