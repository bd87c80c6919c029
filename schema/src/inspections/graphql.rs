//! Inspections in the schema.

use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use enlace_policies::{Class, Fact, RecordType};

use super::correct::{
    BeginCorrectionPayload, FinishCorrectionPayload, VerifyCorrectionPayload, begin_correction,
    finish_correction, verify_correction,
};
use super::record::{RecordInspectionPayload, record_inspection};
use super::{FindingChanged, Inspection, InspectionFinding, InspectionRecorded, load};
use crate::agencies::{self, Agency};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Changes, ConnectionKind, Facts, Graph, Record, input, record};
use crate::journal::Entry;
use crate::scalars::Id;
use crate::shelters::{self, Centre, Shelter};

record! {
    /// That a centre was inspected, or that the work on what was found went on.
    pub struct InspectionChange: "InspectionChange" as Inspection {
        /// The inspection; in a snapshot, and where work went on, that which made the finding.
        inspection_id: uuid::Uuid,
        /// The findings, as they were then.
        findings: Vec<InspectionFinding>,
        /// Code of the agency that inspected.
        agency: String,
    }
}

impl Facts for InspectionChange {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Agency).then_some(&self.agency)
    }
}

input! {
    /// Which inspections to follow.
    pub struct InspectionChangedArguments {
        /// Only those of this shelter; all where it is left out.
        pub shelter: Option<Id<Shelter>>,
    }
}

fn of_finding(finding: InspectionFinding) -> InspectionChange {
    let (inspection_id, agency) = (finding.inspection_id, finding.agency.clone());
    InspectionChange { inspection_id, findings: vec![finding], agency }
}

fn change(arguments: &InspectionChangedArguments, entry: &Entry) -> Result<Option<InspectionChange>> {
    let wants =
        |shelter: Option<uuid::Uuid>| arguments.shelter.is_none_or(|wanted| shelter == Some(wanted.uuid()));
    if let Some(InspectionRecorded { inspection, findings }) = entry.change()? {
        let change =
            InspectionChange { inspection_id: inspection.id.uuid(), findings, agency: inspection.agency };
        return Ok(wants(inspection.shelter_id).then_some(change));
    }
    let found = entry.change::<FindingChanged>()?;
    Ok(found.filter(|changed| wants(changed.finding.shelter_id)).map(|changed| of_finding(changed.finding)))
}

/// What is not verified yet.
fn findings_now<'c>(
    arguments: &'c InspectionChangedArguments,
    context: &'c Context,
    connection: &'c mut AsyncPgConnection,
) -> BoxFuture<'c, Result<Vec<InspectionChange>>> {
    async move {
        let findings = load::findings_open(context, connection, arguments.shelter.map(Id::uuid)).await?;
        Ok(findings.into_iter().map(of_finding).collect())
    }
    .boxed()
}

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    let inspection_key = |inspection: &Inspection| inspection.id.uuid();
    let agency_key = |agency: &Agency| agency.id.uuid();
    graph.object::<Inspection>(|inspection| {
        inspection
            .one(
                "agency",
                Class::Operational,
                "The agency that inspected.",
                |inspection| Some(inspection.agency_id),
                agencies::by_ids,
                agency_key,
            )
            .one(
                "centre",
                Class::Operational,
                "The centre.",
                |inspection| Some(inspection.centre_id),
                shelters::centres_by_ids,
                |centre: &Centre| centre.id.uuid(),
            )
            .one(
                "shelter",
                Class::Operational,
                "The shelter that it was; null where it was none.",
                |inspection| inspection.shelter_id,
                shelters::by_ids,
                |shelter: &Shelter| shelter.id.uuid(),
            )
            .many(
                "findings",
                Class::Operational,
                "What was found, in the order in which it was said.",
                |inspection| Some(inspection.id.uuid()),
                load::findings_of,
                |finding: &InspectionFinding| finding.inspection_id,
            )
    });
    graph.object::<InspectionFinding>(|finding| {
        finding
            .one(
                "inspection",
                Class::Operational,
                "The inspection.",
                |finding| Some(finding.inspection_id),
                load::by_ids,
                inspection_key,
            )
            .one(
                "worker",
                Class::Operational,
                "The agency that does the work.",
                |finding| finding.worker_id,
                agencies::by_ids,
                agency_key,
            )
    });
    graph.object::<InspectionChange>(|change| {
        change
            .one(
                "inspection",
                Class::Operational,
                "The inspection.",
                |change| Some(change.inspection_id),
                load::by_ids,
                inspection_key,
            )
            .carries_many(
                "findings",
                Class::Operational,
                "What was found, or that on which the work went on; as it was then.",
                |change| change.findings.clone(),
            )
    });
    graph.object::<RecordInspectionPayload>(|payload| {
        payload.carries("inspection", Class::Operational, "The inspection.", |payload| {
            Some(payload.inspection.clone())
        })
    });
    finding_payload::<BeginCorrectionPayload>(graph);
    finding_payload::<FinishCorrectionPayload>(graph);
    finding_payload::<VerifyCorrectionPayload>(graph);
    graph.node::<Inspection, _, _>(Class::Operational, load::by_ids);
    graph.node::<InspectionFinding, _, _>(Class::Operational, load::findings_by_ids);
    roots(graph);
}

fn finding_payload<P: Record + AsRef<InspectionFinding>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("finding", Class::Operational, "The finding as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

fn roots(graph: &mut Graph) {
    graph.query("inspections", Class::Operational, "Inspections, page by page.").connection(
        ConnectionKind { node: "Inspection", connection: "InspectionConnection", edge: "InspectionEdge" },
        load::inspections,
    );
    graph
        .query("inspectionFindings", Class::Operational, "What inspections found, page by page.")
        .connection(
            ConnectionKind {
                node: "InspectionFinding",
                connection: "InspectionFindingConnection",
                edge: "InspectionFindingEdge",
            },
            load::findings,
        );
    graph
        .mutation("recordInspection", Class::Operational, "Records an inspection, with what it found.")
        .either(RecordType::Inspection, record_inspection);
    graph
        .mutation(
            "beginCorrection",
            Class::Operational,
            "Says that work on a finding has begun, and whose it is.",
        )
        .either(RecordType::CorrectiveWork, begin_correction);
    graph
        .mutation("finishCorrection", Class::Operational, "Says that a finding is corrected.")
        .either(RecordType::CorrectiveWork, finish_correction);
    graph
        .mutation(
            "verifyCorrection",
            Class::Operational,
            "Says that the agency that found something saw it corrected: by another than whoever said so first.",
        )
        .either(RecordType::Inspection, verify_correction);
    graph
        .subscription(
            "inspectionChanged",
            Class::Operational,
            "Each inspection, and each step of the work on what was found, as it is committed.",
        )
        .events(
            Changes::new(change)
                .of_states(|change| change.findings.iter().map(|finding| finding.id.uuid()).collect())
                .with_snapshot(findings_now),
        );
}
