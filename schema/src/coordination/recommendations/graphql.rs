//! Recommendations in the schema.

use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use enlace_policies::{Class, Fact, RecordType};

use super::make::{MakeRecommendationPayload, make_recommendation};
use super::respond::{
    AnswerRecommendationPayload, ReportRecommendationPayload, answer_recommendation, report_recommendation,
};
use super::verify::{VerifyRecommendationPayload, verify_recommendation};
use super::{Recommendation, RecommendationChanged, RecommendationReport, load};
use crate::agencies::{self, Agency};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Changes, ConnectionKind, Facts, Graph, Record, input, record};
use crate::journal::Entry;
use crate::scalars::Id;
use crate::shelters::{self, Shelter};

record! {
    /// That a recommendation was made, answered, reported on or verified.
    pub struct RecommendationChange: "RecommendationChange" as Advice {
        /// The recommendation, as it was then.
        recommendation: Recommendation,
        /// What was reported.
        report: Option<RecommendationReport>,
    }
}

impl Facts for RecommendationChange {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.recommendation.fact(fact)
    }
}

input! {
    /// Which recommendations to follow.
    pub struct RecommendationChangedArguments {
        /// Only those about this shelter; all where it is left out.
        pub shelter: Option<Id<Shelter>>,
    }
}

fn change(arguments: &RecommendationChangedArguments, entry: &Entry) -> Result<Option<RecommendationChange>> {
    let Some(RecommendationChanged { recommendation, report }) = entry.change()? else { return Ok(None) };
    let wanted = arguments.shelter.is_none_or(|wanted| Some(wanted.uuid()) == recommendation.shelter_id);
    Ok(wanted.then_some(RecommendationChange { recommendation, report }))
}

/// What was not followed yet.
fn recommendations_now<'c>(
    arguments: &'c RecommendationChangedArguments,
    context: &'c Context,
    connection: &'c mut AsyncPgConnection,
) -> BoxFuture<'c, Result<Vec<RecommendationChange>>> {
    async move {
        let open = load::open_in(context, connection, arguments.shelter.map(Id::uuid)).await?;
        Ok(open
            .into_iter()
            .map(|recommendation| RecommendationChange { recommendation, report: None })
            .collect())
    }
    .boxed()
}

/// Declares this part of the schema.
pub(in crate::coordination) fn register(graph: &mut Graph) {
    let agency_key = |agency: &Agency| agency.id.uuid();
    graph.object::<Recommendation>(|recommendation| {
        recommendation
            .one(
                "agency",
                Class::Operational,
                "The agency that makes it.",
                |recommendation| Some(recommendation.agency_id),
                agencies::by_ids,
                agency_key,
            )
            .one(
                "addressee",
                Class::Operational,
                "The agency to which it is made.",
                |recommendation| Some(recommendation.addressee_id),
                agencies::by_ids,
                agency_key,
            )
            .one(
                "shelter",
                Class::Operational,
                "The shelter that it is about.",
                |recommendation| recommendation.shelter_id,
                shelters::by_ids,
                |shelter: &Shelter| shelter.id.uuid(),
            )
            .many(
                "reports",
                Class::Operational,
                "What the addressee says that it has done, in the order of reporting.",
                |recommendation| Some(recommendation.id.uuid()),
                load::reports_of,
                |report: &RecommendationReport| report.recommendation_id,
            )
    });
    graph.object::<RecommendationReport>(|report| report);
    graph.object::<RecommendationChange>(|change| {
        change
            .carries("recommendation", Class::Operational, "The recommendation, as it was then.", |change| {
                Some(change.recommendation.clone())
            })
            .carries("report", Class::Operational, "What was reported; null where nothing was.", |change| {
                change.report.clone()
            })
    });
    payload::<MakeRecommendationPayload>(graph);
    payload::<AnswerRecommendationPayload>(graph);
    payload::<ReportRecommendationPayload>(graph);
    payload::<VerifyRecommendationPayload>(graph);
    graph.node::<Recommendation, _, _>(Class::Operational, load::by_ids);
    graph.node::<RecommendationReport, _, _>(Class::Operational, load::reports_by_ids);
    roots(graph);
}

fn payload<P: Record + AsRef<Recommendation>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("recommendation", Class::Operational, "The recommendation as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

fn roots(graph: &mut Graph) {
    graph
        .query(
            "recommendations",
            Class::Operational,
            "What agencies that advise recommend to others, page by page.",
        )
        .connection(
            ConnectionKind {
                node: "Recommendation",
                connection: "RecommendationConnection",
                edge: "RecommendationEdge",
            },
            load::recommendations,
        );
    graph
        .mutation("makeRecommendation", Class::Operational, "Recommends something to another agency.")
        .either(RecordType::Advice, make_recommendation);
    graph
        .mutation(
            "answerRecommendation",
            Class::Operational,
            "Answers a recommendation, for the agency to which it is made.",
        )
        .either(RecordType::AgencyAnswer, answer_recommendation);
    graph
        .mutation(
            "reportRecommendation",
            Class::Operational,
            "Reports what was done for a recommendation, for the agency to which it is made.",
        )
        .either(RecordType::AgencyAnswer, report_recommendation);
    graph
        .mutation(
            "verifyRecommendation",
            Class::Operational,
            "Says whether a recommendation was followed, for the agency that made it.",
        )
        .either(RecordType::Advice, verify_recommendation);
    graph
        .subscription(
            "recommendationChanged",
            Class::Operational,
            "Each step of the recommendations, as it is committed.",
        )
        .events(
            Changes::new(change)
                .of_states(|change| vec![change.recommendation.id.uuid()])
                .with_snapshot(recommendations_now),
        );
}
