//! Loans of centres (comodato): who lends which centre, for how long, on what conditions, and what was in it when it was handed over.
//! One is in force for a centre at a time, which the database holds. A lender writes those of its own centres.

mod load;
mod record;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::Queryable;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use self::record::{RecordCentreLoanPayload, record_centre_loan};
use crate::agencies::{self, Agency};
use crate::graph::{Facts, Graph, graphql_enum, input, record};
use crate::journal::Change;
use crate::scalars::Id;
use crate::shelters::{Centre, load as shelters};

pub(crate) use load::by_ids as loans_by_ids;
pub(crate) use load::loan_in;
pub(super) use load::of_centres;

graphql_enum! {
    /// In what condition a thing was handed over.
    pub enum HandoverCondition {
        /// It is as it should be.
        Good = "GOOD",
        /// It shows its use.
        Worn = "WORN",
        /// It does not work.
        Broken = "BROKEN",
    }
}

record! {
    /// That a centre is lent to the programme for a while, in comodato.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct CentreLoan: "CentreLoan" as Centre, id "centre_loan" {
        /// Global id.
        id: Id<CentreLoan> => Public,
        /// Its code, unique in the programme.
        code: String => Operational,
        /// Its first day.
        starts_on: NaiveDate => Operational,
        /// Its last day.
        ends_on: NaiveDate => Operational,
        /// The day on which the centre was given back, before the last day or after it; null while it is lent.
        returned_on: Option<NaiveDate> => Operational,
        /// On what conditions, in words.
        conditions: String => Operational,
        /// When it was recorded.
        recorded_at: DateTime<Utc> => Operational,
        /// The centre.
        centre_id: Uuid,
        /// The agency that lends it.
        lender_id: Uuid,
        /// That agency's code.
        lender: String,
    }
}

impl Facts for CentreLoan {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Lender).then_some(&self.lender)
    }
}

record! {
    /// What was in a centre when it was handed over: so many of a thing.
    #[derive(Queryable)]
    pub struct CentreLoanLine: "CentreLoanLine" as Centre, id "centre_loan_line" {
        /// Global id.
        id: Id<CentreLoanLine> => Public,
        /// What it is.
        thing: String => Operational,
        /// How many there are.
        quantity: i32 => Operational,
        /// In what condition.
        condition: HandoverCondition => Operational,
        /// The loan.
        loan_id: Uuid,
        /// Code of the agency that lends.
        lender: String,
    }
}

impl Facts for CentreLoanLine {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Lender).then_some(&self.lender)
    }
}

input! {
    /// What is in a centre when it is handed over.
    pub struct HandoverItem {
        /// What it is, 2 to 120 characters.
        pub thing: String,
        /// How many there are, 1 to 100,000.
        pub quantity: i32,
        /// In what condition.
        pub condition: HandoverCondition,
    }
}

/// In the journal: a centre is lent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoanRecorded {
    loan: CentreLoan,
    inventory: Vec<HandoverItem>,
}

impl Change for LoanRecorded {
    const NAME: &'static str = "shelters.centreLoanRecorded";
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<CentreLoan>(|loan| {
        loan.one(
            "centre",
            Class::Operational,
            "The centre.",
            |loan| Some(loan.centre_id),
            shelters::centres_by_ids,
            |centre: &Centre| centre.id.uuid(),
        )
        .one(
            "lender",
            Class::Operational,
            "The agency that lends it.",
            |loan| Some(loan.lender_id),
            agencies::by_ids,
            |agency: &Agency| agency.id.uuid(),
        )
        .many(
            "inventory",
            Class::Operational,
            "What was in it when it was handed over.",
            |loan| Some(loan.id.uuid()),
            load::lines_of_loans,
            |line: &CentreLoanLine| line.loan_id,
        )
    });
    graph.object::<CentreLoanLine>(|line| line);
    graph.object::<RecordCentreLoanPayload>(|payload| {
        payload.carries("loan", Class::Operational, "The loan.", |payload| Some(payload.as_ref().clone()))
    });
    graph.node::<CentreLoan, _, _>(Class::Operational, load::by_ids);
    graph.node::<CentreLoanLine, _, _>(Class::Operational, load::lines_by_ids);
    graph
        .mutation(
            "recordCentreLoan",
            Class::Operational,
            "Records that a centre is lent, with what is in it at its handover. For the coordinator, and for the agency that lends it.",
        )
        .either(RecordType::Centre, record_centre_loan);
}
