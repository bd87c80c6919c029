//! Recommendations: what an agency that advises recommends to another, what that one answers and does, and whether it was followed.
//!
//! The addressee answers once and then reports, with evidence by reference; the agency that made the recommendation verifies, and again
//! until it was followed. Inspections have findings of their own, which are not recommendations.

mod graphql;
mod load;
mod make;
mod respond;
mod step;
mod tables;
mod verify;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::graph::{Facts, graphql_enum, record};
use crate::journal::Change;
use crate::scalars::Id;

pub(super) use graphql::register;

graphql_enum! {
    /// What an addressee answers to a recommendation.
    pub enum RecommendationAnswer {
        /// It will follow it.
        Accepted = "ACCEPTED",
        /// It will follow some of it.
        PartlyAccepted = "PARTLY_ACCEPTED",
        /// It will not.
        NotAccepted = "NOT_ACCEPTED",
    }
}

graphql_enum! {
    /// Whether a recommendation was followed, as the agency that made it sees it.
    pub enum RecommendationVerdict {
        /// It was, and is done with.
        Followed = "FOLLOWED",
        /// Some of it was.
        PartlyFollowed = "PARTLY_FOLLOWED",
        /// It was not.
        NotFollowed = "NOT_FOLLOWED",
    }
}

graphql_enum! {
    /// Where a recommendation stands, computed from what was said of it.
    pub enum RecommendationState {
        /// The addressee has not answered.
        Made = "MADE",
        /// It has.
        Answered = "ANSWERED",
        /// It reported something that is not verified yet.
        InProgress = "IN_PROGRESS",
        /// All that was reported is verified.
        Verified = "VERIFIED",
    }
}

record! {
    /// What an agency that advises recommends to another. Its words name nobody.
    #[derive(Serialize, Deserialize)]
    pub struct Recommendation: "Recommendation" as Advice, id "recommendation" {
        /// Global id.
        id: Id<Recommendation> => Public,
        /// Its code, unique in the programme.
        code: String => Operational,
        /// What it is about, in short.
        title: String => Operational,
        /// What is recommended, and why.
        body: String => Operational,
        /// The day on which it was made.
        made_on: NaiveDate => Operational,
        /// The last day by which it is to be followed.
        due_on: NaiveDate => Operational,
        /// Where it stands.
        state: RecommendationState => Operational,
        /// Whether that day is past and it was not followed; of one that is not accepted, never.
        overdue: bool => Operational,
        /// What the addressee answered.
        answer: Option<RecommendationAnswer> => Operational,
        /// In its words.
        answer_note: Option<String> => Operational,
        /// When it answered.
        answered_at: Option<DateTime<Utc>> => Operational,
        /// Whether it was followed.
        verdict: Option<RecommendationVerdict> => Operational,
        /// More about that.
        verdict_note: Option<String> => Operational,
        /// When that was said last.
        verified_at: Option<DateTime<Utc>> => Operational,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Operational,
        /// Key of the agency that makes it.
        agency_id: Uuid,
        /// Its code.
        agency: String,
        /// Key of the agency to which it is made.
        addressee_id: Uuid,
        /// Its code.
        addressee: String,
        /// Key of the shelter that it is about.
        shelter_id: Option<Uuid>,
    }
}

impl Facts for Recommendation {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::Agency => Some(&self.agency),
            Fact::Recipient => Some(&self.addressee),
            _ => None,
        }
    }
}

record! {
    /// What the addressee of a recommendation says that it has done.
    #[derive(Serialize, Deserialize)]
    pub struct RecommendationReport: "RecommendationReport" as Advice, id "recommendation_report" {
        /// Global id.
        id: Id<RecommendationReport> => Public,
        /// What was done.
        progress: String => Operational,
        /// What shows it, by reference: which document, and where it is kept.
        evidence: Option<String> => Operational,
        /// Its SHA-256 in hexadecimal digits, where it is a file.
        digest: Option<String> => Operational,
        /// When it was reported.
        recorded_at: DateTime<Utc> => Operational,
        /// Key of the recommendation.
        recommendation_id: Uuid,
        /// Code of the agency that made it.
        agency: String,
    }
}

impl Facts for RecommendationReport {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Agency).then_some(&self.agency)
    }
}

/// In the journal: a recommendation was made, answered, reported on or verified; as it was then, with what was reported.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecommendationChanged {
    recommendation: Recommendation,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    report: Option<RecommendationReport>,
}

impl Change for RecommendationChanged {
    const NAME: &'static str = "coordination.recommendationChanged";
}
