//! Employment: work is offered and filled, never beyond its openings; people are matched to it with reasons, and told only to those with
//! whom they share it; an RFC comes with its documents, forward only.

use std::sync::Arc;

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::lodging::{homeless, problem};
use crate::people::entries;
use crate::reference::rows;

const COORDINATOR: &str = "DIF_MUNICIPAL/coordinator";
const EMPLOYER: &str = "EMPLEADOR_DEMO/employer";
const PARTNER: &str = "NGO_LETRAS_EN_CAMINO/partner";
const WITNESS: &str = "CNDH/witness";

fn asking(world: &World, caller: &str) -> Client {
    world.client(caller).stating("EMPLOYMENT")
}

/// What a mutation's payload shows.
fn shown(root: &str) -> &'static str {
    match root {
        "registerEmployer" | "reviseEmployer" => "employer { id name trade contact version agency { code } }",
        "openVacancy" | "reviseVacancy" | "closeVacancy" => {
            "vacancy { id code title openings filled wage closedOn version employer { id } }"
        }
        "recordWorkProfile" => "workProfile { id occupation skills availableFrom version }",
        "applyForJob" | "advanceJobApplication" => "jobApplication { id state note version }",
        "placeInJob" | "endJobPlacement" | "followUpJobPlacement" => {
            "jobPlacement { id formal startedOn endedOn ending note version vacancy { filled } followUps { outcome note madeOn } }"
        }
        "openRfcProcedure" | "advanceRfcProcedure" => {
            "rfcProcedure { id state documents documentsMissing completedOn rfc note version }"
        }
        "openJobEvent" => {
            "jobEvent { id kind attended stands { id version employer { id } } agency { code } }"
        }
        "recordJobStand" => "jobStand { offered interviewed hired version }",
        "recordJobAttendance" => "jobEvent { attended attendances { completed person { id } } }",
        other => panic!("what is shown of {other}?"),
    }
}

/// Runs a mutation with arguments as literals, and a key that nobody has used.
async fn act(client: &Client, root: &str, arguments: &str) -> Json {
    let payload = format!("{}{}Payload", root[..1].to_uppercase(), &root[1..]);
    let told = if root == "closeVacancy" { "" } else { "... on InvalidValue { argument }" };
    client
        .query(&format!(
            "mutation {{ x: {root}({arguments}, idempotencyKey: \"{}\") {{ __typename ... on {payload} {{ {} }} \
             ... on Problem {{ code message }} ... on NotFound {{ argument }} {told} }} }}",
            fresh_key(),
            shown(root)
        ))
        .await
}

/// What a mutation that is done shows.
async fn done(client: &Client, root: &str, arguments: &str) -> Json {
    let answer = act(client, root, arguments).await;
    let payload = format!("{}{}Payload", root[..1].to_uppercase(), &root[1..]);
    assert_eq!(outcome(&answer), payload, "{answer}");
    let record = shown(root).split(' ').next().unwrap();
    at(&answer, &format!("data.x.{record}")).clone()
}

async fn employer(client: &Client) -> Json {
    let arguments =
        format!("name: \"Taller {}\", trade: \"Talleres\", contact: \"taller@example.org\"", Uuid::now_v7());
    done(client, "registerEmployer", &arguments).await
}

fn offer(employer: &Json, openings: i32) -> String {
    format!(
        "employer: {}, title: \"Soldador\", skills: [WELDING, DRIVING], languages: [\"es\"], shift: NIGHT, \
         startsOn: \"2022-02-14\", wage: \"9500.00 MXN\", openings: {openings}",
        employer["id"]
    )
}

fn place(person: &str, vacancy: &Json) -> String {
    format!("person: \"{person}\", vacancy: {}, formal: true", vacancy["id"])
}

fn uuid(id: &str) -> Uuid {
    enlace_schema::GlobalId::parse(id).unwrap().uuid
}

#[tokio::test(flavor = "multi_thread")]
async fn an_employer_is_known_by_one_name_and_offers_what_can_be() {
    let world = World::start().await;
    let client = asking(&world, COORDINATOR);
    let employer = employer(&client).await;
    let revised = format!(
        "employer: {}, name: \"Taller revisado\", trade: \"Talleres\", contact: \"otro@example.org\", version: ",
        employer["id"]
    );
    assert_eq!(done(&client, "reviseEmployer", &format!("{revised}1")).await["contact"], "otro@example.org");
    assert_eq!(problem(&act(&client, "reviseEmployer", &format!("{revised}1")).await), "VERSION_CONFLICT");
    let twice = "name: \"Taller revisado\", trade: \"Talleres\", contact: \"taller@example.org\"";
    assert_eq!(problem(&act(&client, "registerEmployer", twice).await), "STATE_CONFLICT");

    for (more, argument) in [
        ("title: \"x\", skills: [], shift: NIGHT, startsOn: \"2022-02-14\", openings: 1", "title"),
        (
            "title: \"Uno\", skills: [CARE, CARE], shift: NIGHT, startsOn: \"2022-02-14\", openings: 1",
            "skills",
        ),
        ("title: \"Uno\", skills: [], shift: NIGHT, startsOn: \"2022-01-30\", openings: 1", "startsOn"),
        ("title: \"Uno\", skills: [], shift: NIGHT, startsOn: \"2022-02-14\", openings: 0", "openings"),
        (
            "title: \"Uno\", skills: [], shift: NIGHT, startsOn: \"2022-02-14\", openings: 1, wage: \"0.00 MXN\"",
            "wage",
        ),
    ] {
        let refused = act(&client, "openVacancy", &format!("employer: {}, {more}", employer["id"])).await;
        assert_eq!(at(&refused, "data.x.argument"), argument, "{refused}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_is_offered_applied_for_filled_and_free_again_as_it_happens() {
    let world = World::start().await;
    let client = asking(&world, COORDINATOR);
    let mut events = asking(&world, "INEA/educator")
        .follow("subscription { vacancyChanged { step vacancy { title filled openings closedOn } } }")
        .await
        .unwrap_or_else(|answer| panic!("{answer:?}"));
    events.ready().await;
    let employer = employer(&client).await;
    let vacancy = done(&client, "openVacancy", &offer(&employer, 1)).await;
    assert_eq!((&vacancy["wage"], &vacancy["filled"]), (&json!("9500.00 MXN"), &json!(0)));
    let couple = homeless(&world, 2, 1).await.remove(0);

    // One applies, and goes forward only.
    let apply = format!("person: \"{}\", vacancy: {}, note: \"Sabe soldar\"", couple[0], vacancy["id"]);
    let applied = done(&client, "applyForJob", &apply).await;
    assert_eq!((&applied["state"], &applied["note"]), (&json!("SUBMITTED"), &json!("Sabe soldar")));
    assert_eq!(problem(&act(&client, "applyForJob", &apply).await), "STATE_CONFLICT");
    let advance = |state: &str, version: i32| {
        format!("jobApplication: {}, state: {state}, version: {version}", applied["id"])
    };
    let offered = done(&client, "advanceJobApplication", &advance("OFFERED", 1)).await;
    assert_eq!((&offered["state"], &offered["note"]), (&json!("OFFERED"), &Json::Null));
    for (change, code) in [
        (advance("INTERVIEWED", 2), "STATE_CONFLICT"),
        (advance("REJECTED", 1), "VERSION_CONFLICT"),
        (advance("HIRED", 2), "INVALID_ARGUMENT"),
    ] {
        assert_eq!(problem(&act(&client, "advanceJobApplication", &change).await), code, "{change}");
    }

    // They are placed by it; the other finds the only opening filled.
    let by_application = format!("{}, jobApplication: {}", place(&couple[0], &vacancy), applied["id"]);
    let placed = done(&client, "placeInJob", &by_application).await;
    let expected = (&json!(true), &json!("2022-01-31"), &json!(1));
    assert_eq!((&placed["formal"], &placed["startedOn"], &placed["vacancy"]["filled"]), expected);
    for refused in [place(&couple[0], &vacancy), place(&couple[1], &vacancy)] {
        assert_eq!(problem(&act(&client, "placeInJob", &refused).await), "STATE_CONFLICT");
    }
    let hired = format!("{{ node(id: {}) {{ ... on JobApplication {{ state version }} }} }}", applied["id"]);
    assert_eq!(at(&client.query(&hired).await, "data.node.state"), "HIRED");
    let revise = |openings: i32, version: i32| {
        format!("vacancy: {}, openings: {openings}, version: {version}", vacancy["id"])
    };
    assert_eq!(problem(&act(&client, "reviseVacancy", &revise(3, 1)).await), "VERSION_CONFLICT");
    let now = done(&client, "reviseVacancy", &revise(2, 2)).await;
    assert_eq!((&now["openings"], &now["wage"]), (&json!(2), &Json::Null));
    let other = done(&client, "placeInJob", &place(&couple[1], &vacancy)).await;
    let fewer = act(&client, "reviseVacancy", &revise(1, 4)).await;
    assert_eq!(at(&fewer, "data.x.argument"), "openings", "{fewer}");

    // Visited, and ended: the opening is free again.
    let visit = format!("jobPlacement: {}, outcome: WORKING, note: \"Todo bien\"", placed["id"]);
    let visited = done(&client, "followUpJobPlacement", &visit).await;
    let expected = json!([{"outcome": "WORKING", "note": "Todo bien", "madeOn": "2022-01-31"}]);
    assert_eq!(visited["followUps"], expected);
    let early = format!("{visit}, madeOn: \"2022-01-30\"");
    assert_eq!(problem(&act(&client, "followUpJobPlacement", &early).await), "STATE_CONFLICT");
    let end =
        |job: &Json, more: &str| format!("jobPlacement: {}, ending: RESIGNED, version: 1{more}", job["id"]);
    let same_day = act(&client, "endJobPlacement", &end(&other, "")).await;
    assert_eq!(at(&same_day, "data.x.argument"), "endedOn", "{same_day}");
    let before = done(&client, "openVacancy", &offer(&employer, 5)).await;
    assert_eq!(
        problem(
            &act(
                &client,
                "placeInJob",
                &format!("{}, startedOn: \"2022-01-30\"", place(&couple[1], &before))
            )
            .await
        ),
        "STATE_CONFLICT"
    );
    // As time goes by.
    let database = world.database().await;
    database
        .batch_execute(
            "SET session_replication_role = replica; UPDATE job_placements SET started_on = started_on - 20 WHERE started_on = '2022-01-31'",
        )
        .await
        .unwrap();
    let ended = done(&client, "endJobPlacement", &end(&other, ", note: \"Se fue a otro\"")).await;
    let expected = (&json!("2022-01-31"), &json!("RESIGNED"), &json!("Se fue a otro"), &json!(1));
    assert_eq!((&ended["endedOn"], &ended["ending"], &ended["note"], &ended["vacancy"]["filled"]), expected);
    let again = format!("jobPlacement: {}, ending: RESIGNED, version: 2", other["id"]);
    assert_eq!(problem(&act(&client, "endJobPlacement", &again).await), "STATE_CONFLICT");

    // Closed, it takes nobody more.
    let close = |version: i32| format!("vacancy: {}, version: {version}", vacancy["id"]);
    let closed = done(&client, "closeVacancy", &close(5)).await;
    assert_eq!((&closed["closedOn"], &closed["filled"]), (&json!("2022-01-31"), &json!(1)));
    assert_eq!(problem(&act(&client, "closeVacancy", &close(6)).await), "STATE_CONFLICT");
    let mut steps = Vec::new();
    for _ in 0..7 {
        let event = events.response().await;
        let change = at(&event, "data.vacancyChanged");
        steps.push(format!("{} {}", change["step"].as_str().unwrap(), change["vacancy"]["filled"]));
    }
    assert_eq!(steps, ["OPENED 0", "FILLED 1", "REVISED 1", "FILLED 2", "OPENED 0", "FREED 1", "CLOSED 1"]);
    let told = entries(&world, "employment.placeInJob", uuid(&couple[0])).await;
    assert_eq!(told[0]["classes"], json!(["EMPLOYMENT", "OPERATIONAL"]), "{told:?}");

    // What is said of people lies sealed.
    let sealed = database
        .query("SELECT record FROM job_applications UNION ALL SELECT record FROM job_follow_ups", &[]);
    let sealed = sealed.await.unwrap();
    let told = |row: &tokio_postgres::Row| row.get::<_, Vec<u8>>(0).windows(6).any(|six| six == b"soldar");
    assert!(!sealed.is_empty() && !sealed.iter().any(told));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_want_the_last_opening_one_has_it() {
    let world = World::start().await;
    let client = Arc::new(asking(&world, COORDINATOR));
    let vacancy = done(&client, "openVacancy", &offer(&employer(&client).await, 3)).await;
    let people = homeless(&world, 10, 1).await.remove(0);
    let each = people.iter().map(|person| {
        let (client, arguments) = (Arc::clone(&client), place(person, &vacancy));
        async move { act(&client, "placeInJob", &arguments).await }
    });
    let answers = join_all(each).await;
    let placed = answers.iter().filter(|answer| outcome(answer) == "PlaceInJobPayload").count();
    let full = answers.iter().filter(|answer| outcome(answer) == "StateConflict").count();
    assert_eq!((placed, full), (3, 7), "{answers:?}");
    let filled = format!("{{ node(id: {}) {{ ... on Vacancy {{ filled openings }} }} }}", vacancy["id"]);
    assert_eq!(at(&client.query(&filled).await, "data.node"), &json!({"filled": 3, "openings": 3}));
    world.stop().await;
}

fn profile(person: &str, skills: &str) -> String {
    format!(
        "person: \"{person}\", occupation: \"Soldadora\", experienceYears: 6, skills: [{skills}], languages: [\"ht\", \"es\"], \
         shifts: [NIGHT], availableFrom: \"2022-02-01\", workPermit: UNKNOWN"
    )
}

async fn consent(world: &World, person: &str, recipient: &str) -> Json {
    let agencies = world.public().query("{ agencies { id code } }").await;
    let agency =
        rows(&agencies, "data.agencies").iter().find(|agency| agency["code"] == recipient).unwrap().clone();
    let document = format!(
        "mutation {{ x: giveConsent(person: \"{person}\", recipient: {}, purpose: EMPLOYMENT, idempotencyKey: \"{}\") \
         {{ __typename ... on GiveConsentPayload {{ consent {{ id version }} }} }} }}",
        agency["id"],
        fresh_key()
    );
    let given = asking(world, COORDINATOR).query(&document).await;
    at(&given, "data.x.consent").clone()
}

const MATCHES: &str = "rule fits skillsMet skillsMissing languagesMissing availableInTime shiftFits workPermit occupation \
     experienceYears person { id } vacancy { id } application { id state }";

#[tokio::test(flavor = "multi_thread")]
async fn people_and_vacancies_are_matched_with_reasons_and_an_employer_sees_who_consented_alone() {
    let world = World::start().await;
    let client = asking(&world, COORDINATOR);
    let own = asking(&world, EMPLOYER);
    let mine = own.query("{ employers { nodes { id name agency { code } } } }").await;
    let [employer] = rows(&mine, "data.employers.nodes") else { panic!("it sees itself alone: {mine}") };
    let vacancy = done(&client, "openVacancy", &offer(employer, 2)).await;
    let people = homeless(&world, 3, 1).await.remove(0);
    // They have worked longer than anybody else.
    for (person, skills) in people.iter().zip(["DRIVING, WELDING", "WELDING", "SEWING"]) {
        let said = profile(person, skills).replace("experienceYears: 6", "experienceYears: 70");
        done(&client, "recordWorkProfile", &said).await;
    }
    let apply = format!("person: \"{}\", vacancy: {}", people[1], vacancy["id"]);
    let applied = done(&client, "applyForJob", &apply).await;

    // The best first, with what is missing; who can do nothing of it is not shown.
    let of_vacancy = format!("{{ jobMatches(vacancy: {}, first: 100) {{ {MATCHES} }} }}", vacancy["id"]);
    let found = client.query(&of_vacancy).await;
    let found = rows(&found, "data.jobMatches").to_vec();
    let expected = json!({"rule": "ENLACE-MATCH/1", "fits": true, "skillsMet": ["WELDING", "DRIVING"], "skillsMissing": [],
        "languagesMissing": [], "availableInTime": true, "shiftFits": true, "workPermit": "UNKNOWN", "occupation": "Soldadora",
        "experienceYears": 70, "person": {"id": people[0]}, "vacancy": {"id": vacancy["id"]}, "application": null});
    assert_eq!(found[0], expected);
    let second = found.iter().find(|one| one["person"]["id"] == *people[1]).unwrap();
    assert_eq!(second["skillsMissing"], json!(["DRIVING"]));
    assert_eq!(second["application"], json!({"id": applied["id"], "state": "SUBMITTED"}));
    assert!(found.iter().all(|one| one["person"]["id"] != *people[2]));
    let of_person = format!("{{ jobMatches(person: \"{}\") {{ fits vacancy {{ id }} }} }}", people[0]);
    let fitting = client.query(&of_person).await;
    assert_eq!(at(&fitting, "data.jobMatches.0"), &json!({"fits": true, "vacancy": {"id": vacancy["id"]}}));
    let neither = client.query("{ jobMatches { fits } }").await;
    assert_eq!(codes(&neither), ["INVALID_ARGUMENT"]);

    // The employer sees nobody of these before they consent, then each alone, and never who they are.
    let document = format!(
        "{{ jobMatches(vacancy: {}, first: 100) {{ skillsMissing occupation application {{ state }} }} \
           jobApplications {{ totalCount nodes {{ id state vacancy {{ id }} }} }} }}",
        vacancy["id"]
    );
    let before = own.query(&document).await;
    assert_eq!(codes(&before), Vec::<String>::new(), "{before}");
    let shared = rows(&before, "data.jobMatches").len();
    let seen = |answer: &Json| {
        rows(answer, "data.jobApplications.nodes").iter().any(|row| row["id"] == applied["id"])
    };
    assert!(!seen(&before));
    let given = consent(&world, &people[1], "EMPLEADOR_DEMO").await;
    let after = own.query(&document).await;
    assert!(seen(&after), "{after}");
    assert_eq!(rows(&after, "data.jobMatches").len(), (shared + 1).min(100));
    let named =
        own.query(&format!("{{ jobMatches(vacancy: {}) {{ fits person {{ id }} }} }}", vacancy["id"])).await;
    assert_eq!(codes(&named), ["FIELD_FORBIDDEN"]);
    let elsewhere = world.client(EMPLOYER).stating("HOUSING").query(&document).await;
    assert_eq!(rows(&elsewhere, "data.jobMatches").len(), 0, "{elsewhere}");
    let unstated = world.client(EMPLOYER).query(&document).await;
    assert!(codes(&unstated).iter().all(|code| code == "PURPOSE_REQUIRED"), "{unstated}");
    // Not for the vacancies of another, nor what else is known of them.
    let another = done(&client, "openVacancy", &offer(&self::employer(&client).await, 1)).await;
    let others = own
        .query(&format!(
            "{{ jobMatches(vacancy: {}) {{ fits }} node(id: {}) {{ id }} }}",
            another["id"], another["id"]
        ))
        .await;
    assert_eq!(others["data"], json!({"jobMatches": [], "node": null}), "{others}");
    let visible = own.query("{ vacancies(first: 500) { nodes { id employer { id } } } }").await;
    let all = rows(&visible, "data.vacancies.nodes");
    assert!(all.len() > 1 && all.iter().all(|vacancy| vacancy["employer"]["id"] == employer["id"]));
    for root in ["jobPlacements { totalCount }", "rfcProcedures { totalCount }", "persons { totalCount }"] {
        assert_eq!(codes(&own.query(&format!("{{ {root} }}")).await), ["FIELD_FORBIDDEN"], "{root}");
    }
    // Withdrawn, it is felt by the next request.
    let withdraw = format!(
        "mutation {{ x: withdrawConsent(consent: {}, version: {}, idempotencyKey: \"{}\") {{ __typename }} }}",
        given["id"],
        given["version"],
        fresh_key()
    );
    assert_eq!(outcome(&client.query(&withdraw).await), "WithdrawConsentPayload");
    assert!(!seen(&own.query(&document).await));

    // To whom a match is shown is in the journal.
    let read = entries(&world, "journal.read", uuid(&people[1])).await;
    assert!(read.iter().any(|entry| entry["agency"]["code"] == "EMPLEADOR_DEMO"), "{read:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_is_told_of_work_what_the_table_gives_it() {
    let world = World::start().await;
    let client = asking(&world, COORDINATOR);
    let person = homeless(&world, 1, 1).await.remove(0).remove(0);
    done(&client, "recordWorkProfile", &profile(&person, "WELDING")).await;
    done(&client, "openRfcProcedure", &format!("person: \"{person}\"")).await;
    let document = "query($id: ID!) { node(id: $id) { ... on Person { workProfile { occupation } rfcProcedures { state rfc } } } }";
    let partner = asking(&world, PARTNER);
    assert_eq!(at(&partner.run(document, json!({"id": person})).await, "data.node"), &Json::Null);
    consent(&world, &person, "NGO_LETRAS_EN_CAMINO").await;
    let shared = partner.run(document, json!({"id": person})).await;
    let expected = json!({"workProfile": {"occupation": "Soldadora"}, "rfcProcedures": [{"state": "OPENED", "rfc": null}]});
    assert_eq!(at(&shared, "data.node"), &expected, "{shared}");
    for stranger in ["ISESALUD/clinician", "DIF_MUNICIPAL/shelter_lead@ALB-01"] {
        let answer = asking(&world, stranger).query("{ rfcProcedures { totalCount } }").await;
        assert_eq!(codes(&answer), ["FIELD_FORBIDDEN"], "{stranger}");
    }
    // A witness reads them by pseudonyms, and neither the RFC nor a note.
    let witness = asking(&world, WITNESS);
    let answer =
        witness.query("{ rfcProcedures(first: 5) { nodes { id state } } employers { totalCount } }").await;
    assert_eq!(codes(&answer), ["FIELD_FORBIDDEN"]);
    let known = client.query("{ rfcProcedures(first: 500) { nodes { id } } }").await;
    let theirs = rows(&answer, "data.rfcProcedures.nodes");
    assert!(
        theirs.len() == 5
            && !rows(&known, "data.rfcProcedures.nodes").contains(&json!({"id": theirs[0]["id"]}))
    );
    let rfc = witness.query("{ rfcProcedures(first: 1) { nodes { rfc } } }").await;
    assert_eq!(codes(&rfc), ["FIELD_FORBIDDEN"]);
    let refused = act(
        &partner,
        "placeInJob",
        &place(&person, &json!({"id": enlace_tests::id("vacancy", Uuid::from_u128(7))})),
    )
    .await;
    assert_eq!(codes(&refused), ["FORBIDDEN"]);
    // Every agency reads that there is work, and not who offers it.
    let kitchen = world
        .client("SEDENA/kitchen")
        .query("{ vacancies(available: true, first: 500) { totalCount nodes { filled openings closedOn } } }")
        .await;
    let open = rows(&kitchen, "data.vacancies.nodes");
    assert!(
        open.len() > 50
            && open.iter().all(|vacancy| vacancy["filled"].as_i64() < vacancy["openings"].as_i64())
    );
    let hidden =
        world.client("SEDENA/kitchen").query("{ vacancies(first: 1) { nodes { employer { name } } } }").await;
    assert_eq!(codes(&hidden), ["FIELD_FORBIDDEN"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_rfc_comes_with_its_documents_forward_only_and_once() {
    let world = World::start().await;
    let client = asking(&world, COORDINATOR);
    let people = homeless(&world, 2, 1).await.remove(0);
    let open = format!("person: \"{}\", documents: [PHOTOGRAPH]", people[0]);
    let opened = done(&client, "openRfcProcedure", &open).await;
    assert_eq!(
        opened["documentsMissing"],
        json!(["IDENTIFICATION", "PROOF_OF_ADDRESS", "SIGNED_APPLICATION"])
    );
    assert_eq!(problem(&act(&client, "openRfcProcedure", &open).await), "STATE_CONFLICT");
    let step = |state: &str, version: i32, more: &str| {
        format!("rfcProcedure: {}, state: {state}, version: {version}{more}", opened["id"])
    };
    let all = ", documents: [PHOTOGRAPH, IDENTIFICATION, PROOF_OF_ADDRESS, SIGNED_APPLICATION]";
    for (change, code) in [
        (step("DOCUMENTS_COMPLETE", 1, ""), "STATE_CONFLICT"),
        (step("FILED", 1, ""), "STATE_CONFLICT"),
        (step("OPENED", 2, all), "VERSION_CONFLICT"),
        (step("OPENED", 1, ", documents: [PHOTOGRAPH, PHOTOGRAPH]"), "INVALID_ARGUMENT"),
        (step("ABANDONED", 1, ""), "INVALID_ARGUMENT"),
    ] {
        assert_eq!(problem(&act(&client, "advanceRfcProcedure", &change).await), code, "{change}");
    }
    let gathered =
        done(&client, "advanceRfcProcedure", &step("OPENED", 1, ", documents: [PHOTOGRAPH, IDENTIFICATION]"))
            .await;
    assert_eq!(gathered["documentsMissing"], json!(["PROOF_OF_ADDRESS", "SIGNED_APPLICATION"]));
    let complete = done(&client, "advanceRfcProcedure", &step("DOCUMENTS_COMPLETE", 2, all)).await;
    assert_eq!(complete["documentsMissing"], json!([]));
    done(&client, "advanceRfcProcedure", &step("FILED", 3, "")).await;
    assert_eq!(problem(&act(&client, "advanceRfcProcedure", &step("OPENED", 4, "")).await), "STATE_CONFLICT");
    for wrong in ["GODE561231GR7", "XEXX010101000", "EKU9003173C9"] {
        let change = step("COMPLETED", 4, &format!(", rfc: \"{wrong}\""));
        let refused = act(&client, "advanceRfcProcedure", &change).await;
        assert_eq!(at(&refused, "data.x.argument"), "rfc", "{refused}");
    }
    let completed =
        done(&client, "advanceRfcProcedure", &step("COMPLETED", 4, ", rfc: \"GODE561231GR8\"")).await;
    let expected = (&json!("COMPLETED"), &json!("2022-01-31"), &json!("GODE561231GR8"));
    assert_eq!((&completed["state"], &completed["completedOn"], &completed["rfc"]), expected);
    assert_eq!(problem(&act(&client, "openRfcProcedure", &open).await), "STATE_CONFLICT");

    // A foreigner's may be completed without one that is known; an abandoned one can be begun anew.
    let other = format!("person: \"{}\"", people[1]);
    let opened = done(&client, "openRfcProcedure", &other).await;
    let leave = format!("rfcProcedure: {}, state: ABANDONED, note: \"No quiso\", version: 1", opened["id"]);
    assert_eq!(done(&client, "advanceRfcProcedure", &leave).await["note"], "No quiso");
    let again = done(&client, "openRfcProcedure", &format!("{other}{all}")).await;
    for (version, state) in (1..).zip(["DOCUMENTS_COMPLETE", "FILED", "COMPLETED"]) {
        let change = format!("rfcProcedure: {}, state: {state}, version: {version}", again["id"]);
        assert_eq!(done(&client, "advanceRfcProcedure", &change).await["state"], state);
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_one_for_each_person_and_nothing_is_written_of_who_may_not_work_or_is_known_no_more() {
    let world = World::start().await;
    let client = asking(&world, COORDINATOR);
    let people = homeless(&world, 3, 1).await.remove(0);
    let first = done(&client, "recordWorkProfile", &profile(&people[0], "CARE")).await;
    assert_eq!(first["version"], 1);
    assert_eq!(
        problem(&act(&client, "recordWorkProfile", &profile(&people[0], "CARE")).await),
        "VERSION_CONFLICT"
    );
    let anew = format!("{}, version: 1", profile(&people[0], "COOKING"));
    let second = done(&client, "recordWorkProfile", &anew).await;
    assert_eq!(
        (&second["id"], &second["skills"], &second["version"]),
        (&first["id"], &json!(["COOKING"]), &json!(2))
    );
    for (wrong, argument) in [
        (profile(&people[1], "CARE, CARE"), "skills"),
        (profile(&people[1], "CARE").replace("shifts: [NIGHT]", "shifts: []"), "shifts"),
        (profile(&people[1], "CARE").replace("\"es\"", "\"español\""), "languages"),
        (profile(&people[1], "CARE").replace("experienceYears: 6", "experienceYears: 71"), "experienceYears"),
    ] {
        let refused = act(&client, "recordWorkProfile", &wrong).await;
        assert_eq!(at(&refused, "data.x.argument"), argument, "{refused}");
    }

    // A minor is placed in no job.
    let vacancy = done(&client, "openVacancy", &offer(&employer(&client).await, 5)).await;
    let database = world.database().await;
    let minor = "UPDATE persons SET adult_from = '2024-01-01' WHERE id = $1";
    database.execute(minor, &[&uuid(&people[1])]).await.unwrap();
    assert_eq!(problem(&act(&client, "placeInJob", &place(&people[1], &vacancy)).await), "STATE_CONFLICT");
    // Of whoever was erased nothing more is written; of whoever is blocked nobody but the coordinator reads.
    consent(&world, &people[0], "NGO_LETRAS_EN_CAMINO").await;
    let partner = asking(&world, PARTNER);
    let document = format!("{{ node(id: {}) {{ ... on WorkProfile {{ skills }} }} }}", first["id"]);
    assert_eq!(at(&partner.query(&document).await, "data.node.skills"), &json!(["COOKING"]));
    for withheld in ["BLOCKED", "ERASED"] {
        let statement = "SET session_replication_role = replica; UPDATE persons SET withheld = ";
        let since = "withheld_since = '2022-01-31' WHERE id = ";
        let statement = format!("{statement}'{withheld}', {since}'{}'", uuid(&people[0]));
        database.batch_execute(&statement).await.unwrap();
        assert_eq!(at(&partner.query(&document).await, "data.node"), &Json::Null, "{withheld}");
        assert!(at(&client.query(&document).await, "data.node").is_object(), "{withheld}");
    }
    let refused = act(&client, "placeInJob", &place(&people[0], &vacancy)).await;
    assert_eq!(codes(&refused), ["FORBIDDEN"], "{refused}");
    // Where the key is gone, there is nothing to read and nothing is added.
    done(&client, "recordWorkProfile", &profile(&people[2], "SALES")).await;
    let keys = world.keys().await;
    keys.execute("DELETE FROM person_keys WHERE person_id = $1", &[&uuid(&people[2])]).await.unwrap();
    let gone = format!(
        "{{ node(id: \"{}\") {{ ... on Person {{ workProfile {{ skills occupation }} }} }} }}",
        people[2]
    );
    assert_eq!(
        at(&client.query(&gone).await, "data.node.workProfile"),
        &json!({"skills": null, "occupation": null})
    );
    assert_eq!(problem(&act(&client, "placeInJob", &place(&people[2], &vacancy)).await), "STATE_CONFLICT");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fair_has_stands_and_results_and_both_fairs_and_trainings_those_who_came() {
    let world = World::start().await;
    let client = asking(&world, COORDINATOR);
    let employer = employer(&client).await;
    let fair = format!(
        "kind: JOB_FAIR, title: \"Feria de prueba\", place: \"Plaza de ejemplo\", startsOn: \"2022-01-31\", employers: [{}]",
        employer["id"]
    );
    let opened = done(&client, "openJobEvent", &fair).await;
    assert_eq!((&opened["attended"], at(&opened, "agency.code")), (&json!(0), &json!("DIF_MUNICIPAL")));
    let stand = at(&opened, "stands.0").clone();
    assert_eq!(stand["employer"]["id"], employer["id"]);
    let results = |hired: i32| {
        format!("stand: {}, offered: 12, interviewed: 6, hired: {hired}, version: 1", stand["id"])
    };
    let beyond = act(&client, "recordJobStand", &results(7)).await;
    assert_eq!(at(&beyond, "data.x.argument"), "hired", "{beyond}");
    let said = done(&client, "recordJobStand", &results(4)).await;
    assert_eq!(said, json!({"offered": 12, "interviewed": 6, "hired": 4, "version": 2}));
    assert_eq!(problem(&act(&client, "recordJobStand", &results(4)).await), "VERSION_CONFLICT");

    let people = homeless(&world, 2, 1).await.remove(0);
    let came = format!("event: {}, persons: {}", opened["id"], json!(people));
    let attended = done(&client, "recordJobAttendance", &came).await;
    assert_eq!((&attended["attended"], rows(&attended, "attendances").len()), (&json!(2), 2));
    assert_eq!(problem(&act(&client, "recordJobAttendance", &came).await), "STATE_CONFLICT");
    let completed = act(&client, "recordJobAttendance", &format!("{came}, completed: true")).await;
    assert_eq!(at(&completed, "data.x.argument"), "completed", "{completed}");
    let stands = fair.replace("JOB_FAIR", "TRAINING");
    assert_eq!(at(&act(&client, "openJobEvent", &stands).await, "data.x.argument"), "employers");
    let training =
        "kind: TRAINING, title: \"Curso de prueba\", place: \"Aula de ejemplo\", startsOn: \"2022-02-01\"";
    let later = done(&client, "openJobEvent", training).await;
    let trained = format!("event: {}, persons: {}, completed: true", later["id"], json!(people));
    assert_eq!(problem(&act(&client, "recordJobAttendance", &trained).await), "STATE_CONFLICT");
    // Who came is told to those who may know of their work, how many to every agency.
    let document = format!(
        "{{ node(id: {}) {{ ... on JobEvent {{ attended stands {{ hired }} attendances {{ id }} }} }} }}",
        opened["id"]
    );
    let kitchen = world.client("SEDENA/kitchen").query(&document).await;
    assert_eq!(codes(&kitchen), ["FIELD_FORBIDDEN"]);
    assert_eq!(
        at(&kitchen, "data.node"),
        &json!({"attended": 2, "stands": [{"hired": 4}], "attendances": null})
    );
    world.stop().await;
}
