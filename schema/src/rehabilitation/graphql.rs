//! Rehabilitation in the schema.

use enlace_policies::{Class, Fact, RecordType};

use super::draw_up::{DrawUpCentreReturnPayload, draw_up_centre_return};
use super::sign::{
    SignCentreReturnPayload, WithdrawCentreReturnPayload, sign_centre_return, withdraw_centre_return,
};
use super::works::{
    BeginCentreWorkPayload, CancelCentreWorkPayload, FinishCentreWorkPayload, PlanCentreWorkPayload,
    begin_centre_work, cancel_centre_work, finish_centre_work, plan_centre_work,
};
use super::{CentreReturn, CentreReturnLine, CentreWork, WorkChanged, load};
use crate::error::Result;
use crate::graph::{Changes, ConnectionKind, Facts, Graph, Record, input, record};
use crate::journal::Entry;
use crate::scalars::Id;
use crate::shelters::{self, Centre, CentreLoan};

record! {
    /// That a work on a centre was planned, begun, done or cancelled.
    pub struct CentreWorkChange: "CentreWorkChange" as Centre {
        /// The work, as it was then.
        work: CentreWork,
    }
}

impl Facts for CentreWorkChange {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.work.fact(fact)
    }
}

input! {
    /// Which works to follow.
    pub struct CentreWorkChangedArguments {
        /// Only those on this centre; all where it is left out.
        pub centre: Option<Id<Centre>>,
    }
}

fn change(arguments: &CentreWorkChangedArguments, entry: &Entry) -> Result<Option<CentreWorkChange>> {
    let Some(WorkChanged { work }) = entry.change()? else { return Ok(None) };
    let wanted = arguments.centre.is_none_or(|wanted| wanted.uuid() == work.centre_id);
    Ok(wanted.then_some(CentreWorkChange { work }))
}

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    graph.object::<CentreWork>(|work| {
        work.one(
            "centre",
            Class::Operational,
            "The centre.",
            |work| Some(work.centre_id),
            shelters::centres_by_ids,
            |centre: &Centre| centre.id.uuid(),
        )
    });
    graph.object::<CentreReturn>(|act| {
        act.one(
            "loan",
            Class::Operational,
            "The loan that it ends.",
            |act| Some(act.loan_id),
            shelters::loans_by_ids,
            |loan: &CentreLoan| loan.id.uuid(),
        )
        .many(
            "lines",
            Class::Operational,
            "How each thing that was handed over is given back.",
            |act| Some(act.id.uuid()),
            load::lines_of,
            |line: &CentreReturnLine| line.return_id,
        )
    });
    graph.object::<CentreReturnLine>(|line| line);
    graph.object::<CentreWorkChange>(|change| {
        change.carries("work", Class::Operational, "The work, as it was then.", |change| {
            Some(change.work.clone())
        })
    });
    work_payload::<PlanCentreWorkPayload>(graph);
    work_payload::<BeginCentreWorkPayload>(graph);
    work_payload::<FinishCentreWorkPayload>(graph);
    work_payload::<CancelCentreWorkPayload>(graph);
    return_payload::<DrawUpCentreReturnPayload>(graph);
    return_payload::<SignCentreReturnPayload>(graph);
    return_payload::<WithdrawCentreReturnPayload>(graph);
    graph.node::<CentreWork, _, _>(Class::Operational, load::works_by_ids);
    graph.node::<CentreReturn, _, _>(Class::Operational, load::returns_by_ids);
    graph.node::<CentreReturnLine, _, _>(Class::Operational, load::lines_by_ids);
    roots(graph);
}

fn work_payload<P: Record + AsRef<CentreWork>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("work", Class::Operational, "The work as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

fn return_payload<P: Record + AsRef<CentreReturn>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("act", Class::Operational, "The act as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

fn roots(graph: &mut Graph) {
    graph.query("centreWorks", Class::Operational, "Works on centres, page by page.").connection(
        ConnectionKind { node: "CentreWork", connection: "CentreWorkConnection", edge: "CentreWorkEdge" },
        load::works,
    );
    graph
        .query(
            "centreReturns",
            Class::Operational,
            "The acts by which centres are given back, in the order of drawing up.",
        )
        .list(load::returns);
    graph
        .mutation("planCentreWork", Class::Operational, "Plans work on a centre.")
        .either(RecordType::Centre, plan_centre_work);
    graph
        .mutation("beginCentreWork", Class::Operational, "Says that work on a centre has begun.")
        .either(RecordType::Centre, begin_centre_work);
    graph
        .mutation(
            "finishCentreWork",
            Class::Operational,
            "Says that work on a centre is done, and what it cost.",
        )
        .either(RecordType::Centre, finish_centre_work);
    graph
        .mutation(
            "cancelCentreWork",
            Class::Operational,
            "Says that work on a centre is not to be done after all.",
        )
        .either(RecordType::Centre, cancel_centre_work);
    graph
        .mutation(
            "drawUpCentreReturn",
            Class::Operational,
            "Draws up the act by which a centre is given back: how all is that was handed over.",
        )
        .either(RecordType::Centre, draw_up_centre_return);
    graph
        .mutation(
            "signCentreReturn",
            Class::Operational,
            "Signs the return of a centre, for the lender or for the programme. The second signature ends the loan.",
        )
        .either(RecordType::Centre, sign_centre_return);
    graph
        .mutation("withdrawCentreReturn", Class::Operational, "Withdraws a return that not both have signed.")
        .either(RecordType::Centre, withdraw_centre_return);
    graph
        .subscription(
            "centreWorkChanged",
            Class::Operational,
            "Each step of the works on centres, as it is committed.",
        )
        .events(Changes::new(change).of_states(|change| vec![change.work.id.uuid()]));
}
