//! Inspections: what was found stays, the work on it goes forward, and whoever did it does not verify it.

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use serde_json::{Value as Json, json};

use crate::reference::rows;

const PCE: &str = "PCE/inspector";
const LEAD: &str = "DIF_MUNICIPAL/shelter_lead@ALB-01";

/// Runs a mutation with arguments as literals, and a key that nobody has used.
async fn mutate(client: &Client, root: &str, arguments: &str) -> Json {
    let shown = if root == "recordInspection" {
        "inspection { id code outcome agency { code } centre { code } shelter { code } findings { id state version overdue } }"
    } else {
        "finding { id state version note overdue worker { code } doneAt verifiedAt }"
    };
    let payload = format!("{}{}Payload", root[..1].to_uppercase(), &root[1..]);
    let document = format!(
        "mutation {{ x: {root}({arguments}, idempotencyKey: \"{}\") {{ __typename ... on {payload} {{ {shown} }} \
         ... on Problem {{ code message }} ... on InvalidValue {{ argument }} }} }}",
        fresh_key()
    );
    client.query(&document).await
}

fn of(finding: &Json) -> String {
    format!("finding: {}, version: {}", finding["id"], finding["version"])
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_inspection_finds_is_corrected_step_by_step_and_verified_by_another() {
    let world = World::start().await;
    let (pce, lead) = (world.client(PCE), world.client(LEAD));
    let coordinator = world.client("DIF_MUNICIPAL/coordinator");
    let board = pce.query("{ shelters { id code centre { id code } } }").await;
    let shelter =
        |code: &str| rows(&board, "data.shelters").iter().find(|row| row["code"] == code).unwrap().clone();
    let (own, other) = (shelter("ALB-01"), shelter("ALB-02"));
    let following = format!(
        "subscription {{ inspectionChanged(shelter: {}) {{ inspection {{ outcome }} findings {{ finding state }} }} }}",
        own["id"]
    );
    let mut events = lead.follow(&following).await.unwrap_or_else(|answer| panic!("{answer:?}"));
    events.ready().await;
    let found = |due: &str| {
        format!("findings: [{{finding: \"Extintor vencido\", severity: HIGH, dueOn: \"{due}\"}}]")
    };
    let of_shelter = |shelter: &Json, more: &str| format!("shelter: {}, {more}", shelter["id"]);
    // Nobody else inspects, and an inspection says what it found.
    let bad = format!("outcome: PASSED_WITH_FINDINGS, {}", found("2022-02-05"));
    for stranger in [&lead, &world.client("DSPM/officer"), &world.client("CNDH/witness")] {
        let refused = mutate(stranger, "recordInspection", &of_shelter(&own, &bad)).await;
        assert_eq!(codes(&refused), ["FORBIDDEN"], "{refused}");
    }
    for (more, argument) in [
        (format!("outcome: PASSED, {}", found("2022-02-05")), "findings"),
        ("outcome: FAILED".to_owned(), "findings"),
        (format!("outcome: FAILED, inspectedOn: \"2022-02-01\", {}", found("2022-02-05")), "inspectedOn"),
        (format!("outcome: FAILED, {}", found("2022-01-30")), "findings.0.dueOn"),
        (
            format!("outcome: FAILED, centre: {}, {}", at(&own, "centre.id"), found("2022-02-05")),
            "shelter, or centre",
        ),
    ] {
        let refused = mutate(&pce, "recordInspection", &of_shelter(&own, &more)).await;
        let told = (outcome(&refused), at(&refused, "data.x.argument"));
        assert_eq!(told, ("InvalidValue".to_owned(), &json!(argument)), "{refused}");
    }
    // Another shelter's is not told here.
    let elsewhere = mutate(&pce, "recordInspection", &of_shelter(&other, "outcome: PASSED")).await;
    assert_eq!(outcome(&elsewhere), "RecordInspectionPayload", "{elsewhere}");
    let recorded = mutate(&pce, "recordInspection", &of_shelter(&own, &bad)).await;
    let inspection = at(&recorded, "data.x.inspection");
    assert_eq!(
        (at(inspection, "agency.code"), at(inspection, "shelter.code")),
        (&json!("PCE"), &json!("ALB-01"))
    );
    let told = events.response().await;
    let expected = json!({"inspection": {"outcome": "PASSED_WITH_FINDINGS"}, "findings": [{"finding": "Extintor vencido", "state": "OPEN"}]});
    assert_eq!(*at(&told, "data.inspectionChanged"), expected, "{told}");
    let finding = inspection["findings"][0].clone();
    assert_eq!((&finding["state"], &finding["overdue"]), (&json!("OPEN"), &json!(false)));

    // Begun, done, verified: in this order, by whom it is for, and not by whoever did it.
    for (client, root, code) in
        [(&lead, "finishCorrection", "StateConflict"), (&pce, "verifyCorrection", "StateConflict")]
    {
        let early = mutate(client, root, &of(&finding)).await;
        assert_eq!(outcome(&early), code, "{root}: {early}");
    }
    let stranger =
        mutate(&world.client("DIF_MUNICIPAL/shelter_lead@ALB-02"), "beginCorrection", &of(&finding)).await;
    assert_eq!(codes(&stranger), ["FORBIDDEN"], "{stranger}");
    let begun =
        mutate(&lead, "beginCorrection", &format!("{}, note: \"Se piden nuevos\"", of(&finding))).await;
    let finding = at(&begun, "data.x.finding").clone();
    assert_eq!(
        (&finding["state"], at(&finding, "worker.code")),
        (&json!("BEGUN"), &json!("DIF_MUNICIPAL")),
        "{begun}"
    );
    assert_eq!(at(&events.response().await, "data.inspectionChanged.findings.0.state"), "BEGUN");
    let done = mutate(&lead, "finishCorrection", &of(&finding)).await;
    let finding = at(&done, "data.x.finding").clone();
    assert!(finding["doneAt"].is_string(), "{done}");
    assert_eq!(codes(&mutate(&lead, "verifyCorrection", &of(&finding)).await), ["FORBIDDEN"]);
    // The coordinator may write inspections, and is not of the agency that found it.
    let refused = mutate(&coordinator, "verifyCorrection", &of(&finding)).await;
    assert_eq!(outcome(&refused), "StateConflict", "{refused}");
    let verified = mutate(&pce, "verifyCorrection", &of(&finding)).await;
    let finding = at(&verified, "data.x.finding").clone();
    assert_eq!(finding["state"], "VERIFIED", "{verified}");
    assert_eq!(outcome(&mutate(&lead, "beginCorrection", &of(&finding)).await), "StateConflict");
    // What its own people corrected, the same user does not verify.
    let again = mutate(&pce, "recordInspection", &of_shelter(&own, &bad)).await;
    let mut finding = at(&again, "data.x.inspection.findings.0").clone();
    for root in ["beginCorrection", "finishCorrection"] {
        let step = mutate(&pce, root, &of(&finding)).await;
        finding = at(&step, "data.x.finding").clone();
    }
    assert_eq!(at(&finding, "worker.code"), "PCE");
    assert_eq!(outcome(&mutate(&pce, "verifyCorrection", &of(&finding)).await), "StateConflict");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_overdue_is_found_by_that() {
    let world = World::start().await;
    let lead = world.client(LEAD);
    let mut seen = [0, 0];
    for (overdue, found) in [(true, 0), (false, 1)] {
        let document = format!(
            "{{ inspectionFindings(overdue: {overdue}, first: 500) {{ totalCount nodes {{ dueOn state overdue inspection {{ code }} }} }} }}"
        );
        let answer = lead.query(&document).await;
        for row in rows(&answer, "data.inspectionFindings.nodes") {
            let is_open = matches!(row["state"].as_str().unwrap(), "OPEN" | "BEGUN");
            let is_late = is_open && row["dueOn"].as_str().unwrap() < "2022-01-31";
            assert_eq!((is_late, &row["overdue"]), (overdue, &json!(overdue)), "{row}");
            seen[found] += 1;
        }
    }
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
    world.stop().await;
}
