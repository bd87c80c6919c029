//! Funds in the schema.

use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use enlace_policies::{Class, Fact, RecordType};

use super::commit::{CommitFundsPayload, ReviseCommitmentPayload, commit_funds, revise_commitment};
use super::lines::{PlanBudgetLinePayload, ReviseBudgetLinePayload, plan_budget_line, revise_budget_line};
use super::sources::{RecordFundingSourcePayload, record_funding_source};
use super::spend::{RecordExpensePayload, ReverseExpensePayload, record_expense, reverse_expense};
use super::{Budget, BudgetChanged, BudgetLine, Commitment, Expense, FundingSource, load};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Changes, ConnectionKind, Facts, Graph, Record, input, record};
use crate::journal::Entry;
use crate::scalars::Id;

record! {
    /// That a line of the budget changed: it was planned, or something was committed or spent of it.
    pub struct BudgetChange: "BudgetChange" as Fund {
        /// The line, as it was then.
        line: BudgetLine,
    }
}

impl Facts for BudgetChange {
    fn fact(&self, _: Fact) -> Option<&str> {
        None
    }
}

input! {
    /// Which lines to follow.
    pub struct BudgetChangedArguments {
        /// Only this one; all where it is left out.
        pub line: Option<Id<BudgetLine>>,
    }
}

fn change(arguments: &BudgetChangedArguments, entry: &Entry) -> Result<Option<BudgetChange>> {
    let Some(BudgetChanged { line, .. }) = entry.change()? else { return Ok(None) };
    let wanted = arguments.line.is_none_or(|wanted| wanted == line.id);
    Ok(wanted.then_some(BudgetChange { line }))
}

fn lines_now<'c>(
    arguments: &'c BudgetChangedArguments,
    context: &'c Context,
    connection: &'c mut AsyncPgConnection,
) -> BoxFuture<'c, Result<Vec<BudgetChange>>> {
    async move {
        let lines = load::lines_in(context, connection, arguments.line.map(Id::uuid)).await?;
        Ok(lines.into_iter().map(|line| BudgetChange { line }).collect())
    }
    .boxed()
}

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    graph.object::<Budget>(|budget| budget);
    graph.object::<FundingSource>(|source| {
        source.many(
            "lines",
            Class::Funds,
            "What it is planned for.",
            |source| Some(source.id.uuid()),
            load::lines_of,
            |line: &BudgetLine| line.source_id,
        )
    });
    graph.object::<BudgetLine>(|line| {
        line.one(
            "source",
            Class::Funds,
            "Where the money comes from.",
            |line| Some(line.source_id),
            load::sources_by_ids,
            |source: &FundingSource| source.id.uuid(),
        )
    });
    graph.object::<Commitment>(|commitment| {
        commitment.one(
            "line",
            Class::Funds,
            "The line of which it is.",
            |commitment| Some(commitment.line_id),
            load::lines_by_ids,
            |line: &BudgetLine| line.id.uuid(),
        )
    });
    graph.object::<Expense>(|expense| {
        expense
            .one(
                "commitment",
                Class::Funds,
                "The commitment of which it is.",
                |expense| Some(expense.commitment_id),
                load::commitments_by_ids,
                |commitment: &Commitment| commitment.id.uuid(),
            )
            .one(
                "reverses",
                Class::Funds,
                "The expense that it takes back; null where it is one itself.",
                |expense| expense.reverses_id,
                load::expenses_by_ids,
                |expense: &Expense| expense.id.uuid(),
            )
    });
    graph.object::<BudgetChange>(|change| {
        change.carries("line", Class::Funds, "The line, as it was then.", |change| Some(change.line.clone()))
    });
    graph.node::<FundingSource, _, _>(Class::Funds, load::sources_by_ids);
    graph.node::<BudgetLine, _, _>(Class::Funds, load::lines_by_ids);
    graph.node::<Commitment, _, _>(Class::Funds, load::commitments_by_ids);
    graph.node::<Expense, _, _>(Class::Funds, load::expenses_by_ids);
    graph.object::<RecordFundingSourcePayload>(|payload| {
        payload.carries("source", Class::Funds, "The source.", |payload| Some(payload.source.clone()))
    });
    line_payload::<PlanBudgetLinePayload>(graph);
    line_payload::<ReviseBudgetLinePayload>(graph);
    commitment_payload::<CommitFundsPayload>(graph);
    commitment_payload::<ReviseCommitmentPayload>(graph);
    expense_payload::<RecordExpensePayload>(graph);
    expense_payload::<ReverseExpensePayload>(graph);
    roots(graph);
}

fn line_payload<P: Record + AsRef<BudgetLine>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload
            .carries("line", Class::Funds, "The line as it is now.", |payload| Some(payload.as_ref().clone()))
    });
}

fn commitment_payload<P: Record + AsRef<Commitment>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("commitment", Class::Funds, "The commitment as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

fn expense_payload<P: Record + AsRef<Expense>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("expense", Class::Funds, "The expense.", |payload| Some(payload.as_ref().clone()))
    });
}

fn roots(graph: &mut Graph) {
    graph
        .query(
            "budget",
            Class::Funds,
            "All money together: granted, planned, committed and spent, by currency.",
        )
        .list(load::budget);
    graph
        .query("fundingSources", Class::Funds, "Where the money comes from, in the order of recording.")
        .list(load::sources);
    graph
        .query("budgetLines", Class::Funds, "What the money is planned for, in the order of planning.")
        .list(load::lines);
    graph.query("commitments", Class::Funds, "What is committed, page by page.").connection(
        ConnectionKind { node: "Commitment", connection: "CommitmentConnection", edge: "CommitmentEdge" },
        load::commitments,
    );
    graph.query("expenses", Class::Funds, "What was spent, page by page.").connection(
        ConnectionKind { node: "Expense", connection: "ExpenseConnection", edge: "ExpenseEdge" },
        load::expenses,
    );
    graph
        .mutation("recordFundingSource", Class::Funds, "Records money that was granted.")
        .either(RecordType::Fund, record_funding_source);
    graph
        .mutation("planBudgetLine", Class::Funds, "Plans what some of a source is for.")
        .either(RecordType::Fund, plan_budget_line);
    graph
        .mutation("reviseBudgetLine", Class::Funds, "Plans more or less for a line.")
        .either(RecordType::Fund, revise_budget_line);
    graph
        .mutation("commitFunds", Class::Funds, "Commits money of a line.")
        .either(RecordType::Fund, commit_funds);
    graph
        .mutation(
            "reviseCommitment",
            Class::Funds,
            "Commits more or less; nothing, where nothing came of it.",
        )
        .either(RecordType::Fund, revise_commitment);
    graph
        .mutation("recordExpense", Class::Funds, "Records what was spent of a commitment.")
        .either(RecordType::Fund, record_expense);
    graph
        .mutation("reverseExpense", Class::Funds, "Takes back an expense that was none.")
        .either(RecordType::Fund, reverse_expense);
    graph
        .subscription(
            "budgetChanged",
            Class::Funds,
            "Each line of which something was planned, committed or spent, as it is committed.",
        )
        .events(
            Changes::new(change).of_states(|change| vec![change.line.id.uuid()]).with_snapshot(lines_now),
        );
}
