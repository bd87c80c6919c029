//! Funds: no more is planned than was granted, committed than is planned or spent than is committed, whoever asks at once; and it is read by
//! those whom it concerns.

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use crate::reference::rows;

const COORDINATOR: &str = "DIF_MUNICIPAL/coordinator";
const CDM: &str = "CDM/permits";

/// What each kind of record shows.
fn shown(root: &str) -> &'static str {
    match root {
        "recordFundingSource" => "source { id code granted planned }",
        "planBudgetLine" | "reviseBudgetLine" => "line { id planned committed spent version }",
        "commitFunds" | "reviseCommitment" => {
            "commitment { id committed spent version line { committed spent } }"
        }
        _ => "expense { id amount reverses { id } commitment { committed spent version } }",
    }
}

/// Runs a mutation with arguments as literals, and a key that nobody has used.
async fn mutate(client: &Client, root: &str, arguments: &str) -> Json {
    let payload = format!("{}{}Payload", root[..1].to_uppercase(), &root[1..]);
    let document = format!(
        "mutation {{ x: {root}({arguments}, idempotencyKey: \"{}\") {{ __typename ... on {payload} {{ {} }} \
         ... on Problem {{ code message }} ... on InvalidValue {{ argument }} }} }}",
        fresh_key(),
        shown(root)
    );
    client.query(&document).await
}

/// The record that a mutation wrote.
async fn done(client: &Client, root: &str, record: &str, arguments: &str) -> Json {
    let answer = mutate(client, root, arguments).await;
    assert_eq!(codes(&answer), Vec::<String>::new(), "{answer}");
    let written = at(&answer, &format!("data.x.{record}")).clone();
    assert!(written.is_object(), "{answer}");
    written
}

/// A source of so many pesos, and a line of all of them.
async fn line(client: &Client, pesos: &str) -> Json {
    let source = done(
        client,
        "recordFundingSource",
        "source",
        &format!("name: \"Fondo de prueba\", amount: \"{pesos} MXN\", evidence: \"OFICIO-1\""),
    )
    .await;
    let planning =
        format!("source: {}, purpose: FOOD, title: \"Agua\", amount: \"{pesos} MXN\"", source["id"]);
    done(client, "planBudgetLine", "line", &planning).await
}

#[tokio::test(flavor = "multi_thread")]
async fn money_is_granted_planned_committed_and_spent_and_never_more_than_there_is() {
    let world = World::start().await;
    let (client, cdm) = (world.client(COORDINATOR), world.client(CDM));
    let mut events = cdm
        .follow("subscription { budgetChanged { line { title committed spent } } }")
        .await
        .unwrap_or_else(|answer| panic!("{answer:?}"));
    events.ready().await;
    let line = line(&client, "1000.00").await;
    assert_eq!(
        at(&events.response().await, "data.budgetChanged.line"),
        &json!({"title": "Agua", "committed": "0.00 MXN", "spent": "0.00 MXN"})
    );
    let commit = |amount: &str| {
        format!("line: {}, title: \"Garrafones\", amount: \"{amount}\", evidence: \"PED-1\"", line["id"])
    };
    for (arguments, argument) in [
        (commit("10.00 USD"), "amount"),
        (commit("0.00 MXN"), "amount"),
        (commit("10.00 MXN").replace("PED-1", "P"), "evidence"),
    ] {
        let refused = mutate(&client, "commitFunds", &arguments).await;
        assert_eq!(
            (outcome(&refused), at(&refused, "data.x.argument")),
            ("InvalidValue".into(), &json!(argument)),
            "{refused}"
        );
    }
    assert_eq!(outcome(&mutate(&client, "commitFunds", &commit("1000.01 MXN")).await), "StateConflict");
    let commitment = done(&client, "commitFunds", "commitment", &commit("600.00 MXN")).await;
    assert_eq!(commitment["line"], json!({"committed": "600.00 MXN", "spent": "0.00 MXN"}));
    assert_eq!(at(&events.response().await, "data.budgetChanged.line.committed"), "600.00 MXN");
    assert_eq!(outcome(&mutate(&client, "commitFunds", &commit("400.01 MXN")).await), "StateConflict");

    let spend =
        |amount: &str| format!("commitment: {}, amount: \"{amount}\", evidence: \"FAC-1\"", commitment["id"]);
    assert_eq!(outcome(&mutate(&client, "recordExpense", &spend("600.01 MXN")).await), "StateConflict");
    let expense = done(&client, "recordExpense", "expense", &spend("450.50 MXN")).await;
    assert_eq!(
        expense["commitment"],
        json!({"committed": "600.00 MXN", "spent": "450.50 MXN", "version": 2})
    );
    // The version that was seen is another one by now; and less than was spent cannot be committed.
    let revise = |amount: &str, version: i64| {
        format!("commitment: {}, amount: \"{amount}\", version: {version}", commitment["id"])
    };
    assert_eq!(
        outcome(&mutate(&client, "reviseCommitment", &revise("700.00 MXN", 1)).await),
        "VersionConflict"
    );
    assert_eq!(
        outcome(&mutate(&client, "reviseCommitment", &revise("450.00 MXN", 2)).await),
        "StateConflict"
    );
    let revised = done(&client, "reviseCommitment", "commitment", &revise("450.50 MXN", 2)).await;
    assert_eq!(revised["line"], json!({"committed": "450.50 MXN", "spent": "450.50 MXN"}));
    // A line is not planned below what is committed of it, nor beyond what was granted.
    let seen =
        client.query(&format!("{{ node(id: {}) {{ ... on BudgetLine {{ version }} }} }}", line["id"])).await;
    let replan = |amount: &str| {
        format!("line: {}, amount: \"{amount}\", version: {}", line["id"], at(&seen, "data.node.version"))
    };
    assert_eq!(outcome(&mutate(&client, "reviseBudgetLine", &replan("450.49 MXN")).await), "StateConflict");
    assert_eq!(outcome(&mutate(&client, "reviseBudgetLine", &replan("1000.01 MXN")).await), "StateConflict");
    assert_eq!(
        done(&client, "reviseBudgetLine", "line", &replan("500.00 MXN")).await["planned"],
        "500.00 MXN"
    );

    // An expense that was none is taken back once, and what takes it back stays.
    let reverse = |expense: &Json| format!("expense: {}, evidence: \"NOTA-1\"", expense["id"]);
    let back = done(&client, "reverseExpense", "expense", &reverse(&expense)).await;
    assert_eq!(back["commitment"]["spent"], "0.00 MXN");
    assert_eq!(back["reverses"]["id"], expense["id"]);
    for again in [&expense, &back] {
        assert_eq!(outcome(&mutate(&client, "reverseExpense", &reverse(again)).await), "StateConflict");
    }
    let listed = client
        .query(&format!(
            "{{ expenses(commitment: {}) {{ totalCount nodes {{ amount reverses {{ id }} }} }} }}",
            commitment["id"]
        ))
        .await;
    assert_eq!(at(&listed, "data.expenses.totalCount"), 2);
    let entries =
        world.client("CNDH/witness").query("{ journal(capability: \"funds\") { totalCount } }").await;
    assert_eq!(at(&entries, "data.journal.totalCount"), 7, "{entries}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_commit_the_same_money_as_many_do_as_there_is_money_for() {
    let world = World::start().await;
    let client = world.client(COORDINATOR);
    let line = line(&client, "500.00").await;
    let commit =
        format!("line: {}, title: \"Garrafones\", amount: \"100.00 MXN\", evidence: \"PED-1\"", line["id"]);
    let answers = join_all((0..12).map(|_| mutate(&client, "commitFunds", &commit))).await;
    let committed = answers.iter().filter(|answer| outcome(answer) == "CommitFundsPayload").count();
    assert_eq!(committed, 5, "{answers:?}");
    let commitment = answers.iter().find(|answer| outcome(answer) == "CommitFundsPayload").unwrap();
    let spend = format!(
        "commitment: {}, amount: \"30.00 MXN\", evidence: \"FAC-1\"",
        at(commitment, "data.x.commitment.id")
    );
    let answers = join_all((0..8).map(|_| mutate(&client, "recordExpense", &spend))).await;
    assert_eq!(
        answers.iter().filter(|answer| outcome(answer) == "RecordExpensePayload").count(),
        3,
        "{answers:?}"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_budget_is_six_million_pesos_and_is_read_by_those_whom_it_concerns() {
    let world = World::start().await;
    let document = "{ budget { granted planned committed spent } fundingSources { name granted planned lines { purpose } } \
                    budgetLines(purpose: HOUSING) { title source { code } } commitments(open: false, first: 1) { nodes { spent line { title } } } }";
    for caller in [COORDINATOR, CDM, "CEDH/witness"] {
        let answer = world.client(caller).query(document).await;
        assert_eq!(codes(&answer), Vec::<String>::new(), "{answer}");
        let [budget] = rows(&answer, "data.budget") else { panic!("{answer}") };
        assert_eq!(
            (&budget["granted"], &budget["planned"]),
            (&json!("6000000.00 MXN"), &json!("6000000.00 MXN"))
        );
        let amount =
            |name: &str| budget[name].as_str().unwrap().split('.').next().unwrap().parse::<i64>().unwrap();
        assert!(
            amount("spent") > 0 && amount("spent") <= amount("committed") && amount("committed") < 6_000_000,
            "{budget}"
        );
        assert_eq!(rows(&answer, "data.budgetLines").len(), 2);
        assert_eq!(rows(&answer, "data.fundingSources").len(), 3);
    }
    for caller in ["DIF_MUNICIPAL/shelter_lead@ALB-01", "ACNUR/donor", "RP/liaison"] {
        let answer = world.client(caller).query("{ budget { granted } }").await;
        assert_eq!(codes(&answer), ["FIELD_FORBIDDEN"], "{answer}");
    }
    let refused = mutate(
        &world.client(CDM),
        "recordFundingSource",
        "name: \"Otro\", amount: \"1.00 MXN\", evidence: \"OFICIO-2\"",
    )
    .await;
    assert_eq!(codes(&refused), ["FORBIDDEN"], "{refused}");
    world.stop().await;
}
