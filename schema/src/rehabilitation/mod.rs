//! Rehabilitation: the works on each centre, with what they were thought to cost and what they did; and the centre's return to whoever lent
//! it, in what state, signed by both.
//!
//! A centre is given back when nobody lodges in it, no work on it is open, and of each thing that was handed over it is said how it is given
//! back: the database holds all three, and the second signature ends the loan.

mod draw_up;
mod graphql;
mod load;
mod sign;
pub(crate) mod tables;
mod works;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::Queryable;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::graph::{Facts, graphql_enum, record};
use crate::journal::Change;
use crate::scalars::{Id, Money};
use crate::shelters::HandoverCondition;

pub(crate) use graphql::register;

graphql_enum! {
    /// Where a work on a centre stands.
    pub enum CentreWorkState {
        /// It is to be done.
        Planned = "PLANNED",
        /// It is being done.
        Begun = "BEGUN",
        /// It is done.
        Done = "DONE",
        /// It is not to be done after all.
        Cancelled = "CANCELLED",
    }
}

record! {
    /// Work on a centre: what is done to it, and what that costs.
    #[derive(Serialize, Deserialize)]
    pub struct CentreWork: "CentreWork" as Centre, id "centre_work" {
        /// Global id.
        id: Id<CentreWork> => Public,
        /// Its code, unique in the programme.
        code: String => Operational,
        /// What is done.
        title: String => Operational,
        /// Where it stands.
        state: CentreWorkState => Operational,
        /// What it was thought to cost.
        estimate: Money => Operational,
        /// What it cost; null until it is done.
        cost: Option<Money> => Operational,
        /// The day on which it was planned.
        planned_on: NaiveDate => Operational,
        /// The day on which it was begun.
        begun_on: Option<NaiveDate> => Operational,
        /// The day on which it was done.
        done_on: Option<NaiveDate> => Operational,
        /// Why it is not done after all.
        reason: Option<String> => Operational,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Operational,
        /// Key of the centre.
        centre_id: Uuid,
        /// Code of the agency that lends the centre.
        lender: Option<String>,
    }
}

impl Facts for CentreWork {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Lender { self.lender.as_deref() } else { None }
    }
}

record! {
    /// The act by which a centre is given back to whoever lent it.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct CentreReturn: "CentreReturn" as Centre, id "centre_return" {
        /// Global id.
        id: Id<CentreReturn> => Public,
        /// The day on which it was drawn up.
        drawn_up_on: NaiveDate => Operational,
        /// More about it.
        note: Option<String> => Operational,
        /// When it was signed for the programme.
        programme_signed_at: Option<DateTime<Utc>> => Operational,
        /// When it was signed for the lender.
        lender_signed_at: Option<DateTime<Utc>> => Operational,
        /// The day of the second signature, on which the centre is given back and the loan ends.
        returned_on: Option<NaiveDate> => Operational,
        /// When it was withdrawn, to be drawn up anew.
        withdrawn_at: Option<DateTime<Utc>> => Operational,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Operational,
        /// Key of the loan.
        loan_id: Uuid,
        /// Code of the agency that lent the centre.
        lender: String,
    }
}

impl Facts for CentreReturn {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Lender).then_some(&self.lender)
    }
}

record! {
    /// How something that was handed over is given back.
    #[derive(Serialize, Deserialize)]
    pub struct CentreReturnLine: "CentreReturnLine" as Centre, id "centre_return_line" {
        /// Global id.
        id: Id<CentreReturnLine> => Public,
        /// What it is.
        thing: String => Operational,
        /// How many there were.
        handed_over: i32 => Operational,
        /// In what condition they were.
        condition_then: HandoverCondition => Operational,
        /// How many there are.
        quantity: i32 => Operational,
        /// In what condition.
        condition: HandoverCondition => Operational,
        /// How many are missing; less than nothing where there are more.
        missing: i32 => Operational,
        /// Whether the condition is worse than it was.
        worse: bool => Operational,
        /// More about it.
        note: Option<String> => Operational,
        /// Key of the act.
        return_id: Uuid,
        /// Code of the agency that lent the centre.
        lender: String,
    }
}

impl Facts for CentreReturnLine {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Lender).then_some(&self.lender)
    }
}

/// In the journal: a work on a centre was planned, begun, done or cancelled; as it was then.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WorkChanged {
    work: CentreWork,
}

impl Change for WorkChanged {
    const NAME: &'static str = "rehabilitation.workChanged";
}

/// In the journal: the return of a centre was drawn up, signed or withdrawn; as it was then, with its lines where it was drawn up.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReturnChanged {
    act: CentreReturn,
    lines: Vec<CentreReturnLine>,
}

impl Change for ReturnChanged {
    const NAME: &'static str = "rehabilitation.returnChanged";
}
