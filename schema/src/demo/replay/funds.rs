//! Money is granted, planned, committed and spent; centres are put right and given back.

use chrono::TimeDelta;
use serde_json::json;

use super::{COORDINATOR, Rows, Script, hand_of, named};
use crate::demo::{NOON, indicators, local, rehabilitation};
use crate::error::Result;
use crate::scalars::Money;

/// When centres are given back, once their shelters have closed.
const GIVEN_BACK: (i64, TimeDelta) = (11, TimeDelta::minutes(20));

/// What happens around funds, works and what is published.
pub(super) fn play(script: &mut Script, rows: &Rows) -> Result<()> {
    let funds = &rows.funds;
    for source in &funds.sources {
        let granted = json!({
            "name": source.name,
            "amount": Money::stored(source.granted, source.currency)?,
            "evidence": source.evidence,
        });
        script
            .change(source.recorded_at, COORDINATOR, "funds", "recordFundingSource", granted)
            .makes(named("funding_source", source.id), "/source/id");
    }
    for line in &funds.lines {
        let planned = json!({
            "source": named("funding_source", line.source_id),
            "purpose": line.purpose,
            "title": line.title,
            "amount": pesos(line.planned)?,
        });
        script
            .change(line.recorded_at, COORDINATOR, "funds", "planBudgetLine", planned)
            .makes(named("budget_line", line.id), "/line/id");
    }
    for commitment in &funds.commitments {
        let committed = json!({
            "line": named("budget_line", commitment.line_id),
            "title": commitment.title,
            "amount": pesos(commitment.committed)?,
            "evidence": commitment.evidence,
        });
        script
            .change(commitment.recorded_at, COORDINATOR, "funds", "commitFunds", committed)
            .makes(named("commitment", commitment.id), "/commitment/id");
    }
    for expense in &funds.expenses {
        let spent = json!({
            "commitment": named("commitment", expense.commitment_id),
            "amount": pesos(expense.amount)?,
            "evidence": expense.evidence,
        });
        script.change(expense.recorded_at, COORDINATOR, "funds", "recordExpense", spent);
    }
    for work in &rows.rehabilitation.works {
        put_right(script, work)?;
    }
    for act in &rows.rehabilitation.returns {
        give_back(script, rows, act);
    }
    for (as_of, published_on) in indicators::tables() {
        let published = json!({"asOf": as_of});
        script.change(
            local(published_on, NOON),
            COORDINATOR,
            "what is published",
            "publishIndicators",
            published,
        );
    }
    Ok(())
}

fn pesos(hundredths: i64) -> Result<Money> {
    Money::stored(hundredths, "MXN")
}

fn put_right(script: &mut Script, work: &rehabilitation::Work) -> Result<()> {
    let (own, story) = (named("centre_work", work.id), format!("work/{}", work.id));
    let planned = json!({
        "centre": named("centre", work.centre_id),
        "title": work.title,
        "estimate": pesos(work.estimate)?,
    });
    script
        .change(work.recorded_at, COORDINATOR, story.clone(), "planCentreWork", planned)
        .makes(&own, "/work/id");
    if let Some(day) = work.begun_on {
        script
            .change(local(day, 10), COORDINATOR, story.clone(), "beginCentreWork", json!({"work": own}))
            .seen("work");
    }
    if let Some((day, cost)) = work.done_on.zip(work.cost) {
        let done = json!({"work": own, "cost": pesos(cost)?});
        script.change(local(day, 10), COORDINATOR, story, "finishCentreWork", done).seen("work");
    }
    Ok(())
}

fn give_back(script: &mut Script, rows: &Rows, act: &rehabilitation::Return) {
    let Some(loan) = rows.loans.loans.iter().find(|loan| loan.id == act.loan_id) else { return };
    let (own, story) = (named("centre_return", act.id), format!("centre/{}", loan.centre_id));
    let lines = rows.rehabilitation.lines.iter().filter(|line| line.return_id == act.id);
    let inventory: Vec<_> = lines
        .map(|line| {
            json!({
                "loanLine": named("centre_loan_line", line.loan_line_id),
                "quantity": line.quantity,
                "condition": line.condition,
            })
        })
        .collect();
    let at = local(act.drawn_up_on, GIVEN_BACK.0) + GIVEN_BACK.1;
    let drawn_up = json!({"loan": named("centre_loan", loan.id), "inventory": inventory});
    script.change(at, COORDINATOR, story.clone(), "drawUpCentreReturn", drawn_up).makes(&own, "/act/id");
    for (minutes, by) in [(5, COORDINATOR), (10, hand_of(loan.lender_id))] {
        let signed = json!({"act": own});
        script
            .change(at + TimeDelta::minutes(minutes), by, story.clone(), "signCentreReturn", signed)
            .seen("act");
    }
}
