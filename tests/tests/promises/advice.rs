//! What advisers give: recommendations that are answered by one agency and verified by the other, translations that another than their
//! translator sees before people read them, and tutorials that are given while they are published.

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use serde_json::{Value as Json, json};

use crate::reference::rows;
use crate::tasks::agency;

/// Runs a mutation with arguments as literals, and a key that nobody has used.
async fn mutate(client: &Client, root: &str, arguments: &str) -> Json {
    let payload = format!("{}{}Payload", root[..1].to_uppercase(), &root[1..]);
    let (of, shown) = shown(root);
    let document = format!(
        "mutation {{ x: {root}({arguments}, idempotencyKey: \"{}\") {{ __typename ... on {payload} {{ {of} {{ {shown} }} }} \
         ... on Problem {{ code message }} }} }}",
        fresh_key()
    );
    client.query(&document).await
}

fn shown(root: &str) -> (&'static str, &'static str) {
    match root {
        _ if root.ends_with("Recommendation") => (
            "recommendation",
            "id version state overdue answer answerNote verdict verdictNote reports { progress evidence digest }",
        ),
        _ if root.ends_with("Translation") => {
            ("translation", "id version state overdue delivery digest note sourceLanguage targetLanguage")
        }
        "recordTutorialSession" => ("session", "heldOn language attended shelter { code } tutorial { code }"),
        _ => ("tutorial", "id version publishedOn withdrawnOn reason editions { language title }"),
    }
}

async fn done(client: &Client, root: &str, arguments: &str) -> Json {
    let answer = mutate(client, root, arguments).await;
    assert_eq!(codes(&answer), Vec::<String>::new(), "{answer}");
    let record = at(&answer, &format!("data.x.{}", shown(root).0)).clone();
    assert!(record.is_object(), "{answer}");
    record
}

fn seen(argument: &str, record: &Json) -> String {
    format!("{argument}: {}, version: {}", record["id"], record["version"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recommendation_is_answered_by_its_addressee_and_verified_by_who_made_it() {
    let world = World::start().await;
    let (maker, addressee) = (world.client("OIM/adviser"), world.client("ISESALUD/clinician"));
    let isesalud = agency(&maker, "ISESALUD").await;
    let make = format!(
        "addressee: {isesalud}, title: \"Intérprete\", body: \"Que haya intérprete.\", madeOn: \"2022-01-20\", dueOn: \"2022-01-28\""
    );
    for other in ["PCE/inspector", "DIF_MUNICIPAL/coordinator", "CNDH/witness"] {
        assert_eq!(
            codes(&mutate(&world.client(other), "makeRecommendation", &make).await),
            ["FORBIDDEN"],
            "{other}"
        );
    }
    let own = make.replace(&isesalud.to_string(), &agency(&maker, "OIM").await.to_string());
    assert_eq!(outcome(&mutate(&maker, "makeRecommendation", &own).await), "InvalidValue");
    let recommended = done(&maker, "makeRecommendation", &make).await;
    assert_eq!((&recommended["state"], &recommended["overdue"]), (&json!("MADE"), &json!(true)));
    let of = |record: &Json| seen("recommendation", record);
    let verify =
        |record: &Json, verdict: &str| format!("{}, verdict: {verdict}, note: \"Se vio\"", of(record));
    let report = |record: &Json| {
        format!(
            "{}, progress: \"Intérprete los martes\", evidence: \"Oficio 12\", digest: \"{}\"",
            of(record),
            "0".repeat(64)
        )
    };
    assert_eq!(
        outcome(&mutate(&maker, "verifyRecommendation", &verify(&recommended, "FOLLOWED")).await),
        "StateConflict"
    );
    assert_eq!(
        outcome(&mutate(&addressee, "reportRecommendation", &report(&recommended)).await),
        "StateConflict"
    );
    let answer = format!("{}, answer: PARTLY_ACCEPTED, note: \"Dos días\"", of(&recommended));
    for other in [&maker, &world.client("DIF_MUNICIPAL/coordinator")] {
        assert_eq!(codes(&mutate(other, "answerRecommendation", &answer).await), ["FORBIDDEN"]);
    }
    let mut events = maker
        .follow("subscription { recommendationChanged { recommendation { state } report { progress } } }")
        .await
        .unwrap_or_else(|answer| panic!("{answer:?}"));
    events.ready().await;
    let answered = done(&addressee, "answerRecommendation", &answer).await;
    assert_eq!((&answered["state"], &answered["answerNote"]), (&json!("ANSWERED"), &json!("Dos días")));
    let again = format!("{}, answer: NOT_ACCEPTED, note: \"Ya no\"", of(&answered));
    assert_eq!(outcome(&mutate(&addressee, "answerRecommendation", &again).await), "StateConflict", "once");
    let no_digest = report(&answered).replace(&"0".repeat(64), "00");
    assert_eq!(outcome(&mutate(&addressee, "reportRecommendation", &no_digest).await), "InvalidValue");
    let reported = done(&addressee, "reportRecommendation", &report(&answered)).await;
    assert_eq!(reported["state"], "IN_PROGRESS");
    let told = events.response().await;
    assert_eq!(at(&told, "data.recommendationChanged.recommendation.state"), "ANSWERED", "{told}");
    let told = events.response().await;
    assert_eq!(at(&told, "data.recommendationChanged.report.progress"), "Intérprete los martes", "{told}");
    assert_eq!(
        codes(&mutate(&addressee, "verifyRecommendation", &verify(&reported, "FOLLOWED")).await),
        ["FORBIDDEN"]
    );
    assert_eq!(
        codes(
            &mutate(&world.client("ONU/adviser"), "verifyRecommendation", &verify(&reported, "FOLLOWED"))
                .await
        ),
        ["FORBIDDEN"]
    );
    let partly = done(&maker, "verifyRecommendation", &verify(&reported, "PARTLY_FOLLOWED")).await;
    assert_eq!((&partly["state"], &partly["overdue"]), (&json!("VERIFIED"), &json!(true)));
    let more = done(&addressee, "reportRecommendation", &report(&partly)).await;
    assert_eq!(rows(&more, "reports").len(), 2);
    let followed = done(&maker, "verifyRecommendation", &verify(&more, "FOLLOWED")).await;
    assert_eq!((&followed["state"], &followed["overdue"]), (&json!("VERIFIED"), &json!(false)));
    assert_eq!(
        outcome(&mutate(&addressee, "reportRecommendation", &report(&followed)).await),
        "StateConflict"
    );
    let listed = format!(
        "{{ recommendations(addressee: {isesalud}, state: VERIFIED, last: 1) {{ nodes {{ id }} }} }}"
    );
    assert_eq!(at(&maker.query(&listed).await, "data.recommendations.nodes.0.id"), &followed["id"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_translation_is_read_by_people_once_another_than_its_translator_has_seen_it() {
    let world = World::start().await;
    let (asker, translator) = (world.client("INEA/educator"), world.client("OIM/adviser"));
    let ask = format!(
        "agency: {}, title: \"Aviso\", source: \"Oficio 7\", sourceLanguage: \"es\", targetLanguage: \"ht\", neededBy: \"2022-02-05\", \
         toPublish: true",
        agency(&asker, "OIM").await
    );
    let of_none =
        ask.replace(&agency(&asker, "OIM").await.to_string(), &agency(&asker, "SEDENA").await.to_string());
    assert_eq!(outcome(&mutate(&asker, "requestTranslation", &of_none).await), "InvalidValue");
    assert_eq!(
        outcome(&mutate(&asker, "requestTranslation", &ask.replace("\"ht\"", "\"es\"")).await),
        "InvalidValue"
    );
    let wanted = done(&asker, "requestTranslation", &ask).await;
    let of = |record: &Json| seen("translation", record);
    let deliver =
        |record: &Json| format!("{}, delivery: \"Archivo 7-ht\", digest: \"{}\"", of(record), "a".repeat(64));
    for other in [&asker, &world.client("ONU/adviser")] {
        assert_eq!(codes(&mutate(other, "deliverTranslation", &deliver(&wanted)).await), ["FORBIDDEN"]);
    }
    let delivered = done(&translator, "deliverTranslation", &deliver(&wanted)).await;
    let review =
        |record: &Json, approved: bool| format!("{}, approved: {approved}, note: \"Revisado\"", of(record));
    assert_eq!(
        outcome(&mutate(&translator, "reviewTranslation", &review(&delivered, true)).await),
        "StateConflict"
    );
    assert_eq!(
        codes(&mutate(&world.client("ONU/adviser"), "reviewTranslation", &review(&delivered, true)).await),
        ["FORBIDDEN"]
    );
    let unsaid = format!("{}, approved: false", of(&delivered));
    assert_eq!(outcome(&mutate(&asker, "reviewTranslation", &unsaid).await), "InvalidValue");
    let returned = done(&asker, "reviewTranslation", &review(&delivered, false)).await;
    assert_eq!((&returned["state"], &returned["note"]), (&json!("RETURNED"), &json!("Revisado")));
    let delivered = done(&translator, "deliverTranslation", &deliver(&returned)).await;
    let published = done(&asker, "reviewTranslation", &review(&delivered, true)).await;
    assert_eq!(published["state"], "PUBLISHED");

    let inner = done(&asker, "requestTranslation", &ask.replace("true", "false")).await;
    let delivered = done(&translator, "deliverTranslation", &deliver(&inner)).await;
    assert_eq!(
        outcome(&mutate(&asker, "reviewTranslation", &review(&delivered, true)).await),
        "StateConflict"
    );
    let third = done(&asker, "requestTranslation", &ask).await;
    let withdraw = format!("{}, reason: \"Ya no\"", of(&third));
    assert_eq!(codes(&mutate(&translator, "withdrawTranslation", &withdraw).await), ["FORBIDDEN"]);
    assert_eq!(done(&asker, "withdrawTranslation", &withdraw).await["state"], "WITHDRAWN");
    let fourth = done(&asker, "requestTranslation", &ask).await;
    let decline = format!("{}, reason: \"Sin traductor\"", of(&fourth));
    assert_eq!(done(&translator, "declineTranslation", &decline).await["state"], "DECLINED");
    let late =
        asker.query("{ translations(overdue: true, targetLanguage: \"ht\") { nodes { overdue } } }").await;
    assert!(rows(&late, "data.translations.nodes").iter().all(|translation| translation["overdue"] == true));
    assert!(!rows(&late, "data.translations.nodes").is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tutorial_is_given_in_its_languages_while_it_is_published() {
    let world = World::start().await;
    let adviser = world.client("ONU/adviser");
    let edition = |language: &str| {
        format!("{{language: \"{language}\", title: \"Tus derechos\", reference: \"Video 3\"}}")
    };
    let publish = format!(
        "topic: RIGHTS, audience: WOMEN, format: VIDEO, editions: [{}, {}]",
        edition("es"),
        edition("ht")
    );
    assert_eq!(
        codes(&mutate(&world.client("UNICEF/programmes"), "publishTutorial", &publish).await),
        ["FORBIDDEN"]
    );
    let twice = publish.replace("\"ht\"", "\"es\"");
    assert_eq!(outcome(&mutate(&adviser, "publishTutorial", &twice).await), "InvalidValue");
    let tutorial = done(&adviser, "publishTutorial", &publish).await;
    let mut events = world
        .client("CNDH/witness")
        .follow("subscription { tutorialChanged(topic: RIGHTS) { tutorial { id } session { attended } } }")
        .await
        .unwrap_or_else(|answer| panic!("{answer:?}"));
    events.ready().await;
    let add = |language: &str| format!("tutorial: {}, edition: {}", tutorial["id"], edition(language));
    assert_eq!(
        codes(&mutate(&world.client("OIM/adviser"), "addTutorialEdition", &add("fr")).await),
        ["FORBIDDEN"]
    );
    assert_eq!(outcome(&mutate(&adviser, "addTutorialEdition", &add("ht")).await), "StateConflict");
    let added = done(&adviser, "addTutorialEdition", &add("fr")).await;
    assert_eq!(rows(&added, "editions").len(), 3);
    let shelter = at(&world.public().query("{ shelters { id } }").await, "data.shelters.0.id").clone();
    let give = |language: &str, more: &str| {
        format!(
            "tutorial: {}, language: \"{language}\", shelter: {shelter}, attended: 31{more}",
            tutorial["id"]
        )
    };
    assert_eq!(outcome(&mutate(&adviser, "recordTutorialSession", &give("pt", "")).await), "InvalidValue");
    let before = give("fr", ", heldOn: \"2022-01-30\"");
    assert_eq!(outcome(&mutate(&adviser, "recordTutorialSession", &before).await), "StateConflict");
    let given = done(&adviser, "recordTutorialSession", &give("fr", "")).await;
    assert_eq!((&given["heldOn"], &given["attended"]), (&json!("2022-01-31"), &json!(31)));
    assert_eq!(at(&events.response().await, "data.tutorialChanged.session"), &Json::Null);
    assert_eq!(at(&events.response().await, "data.tutorialChanged.session.attended"), 31);
    let withdraw = |record: &Json| format!("{}, reason: \"Cambió la ley\"", seen("tutorial", record));
    let withdrawn = done(&adviser, "withdrawTutorial", &withdraw(&added)).await;
    assert_eq!(withdrawn["withdrawnOn"], "2022-01-31");
    assert_eq!(outcome(&mutate(&adviser, "withdrawTutorial", &withdraw(&withdrawn)).await), "StateConflict");
    assert_eq!(outcome(&mutate(&adviser, "addTutorialEdition", &add("en")).await), "StateConflict");
    let listed =
        adviser.query("{ tutorials(language: \"fr\", published: false, last: 1) { nodes { id } } }").await;
    assert_eq!(at(&listed, "data.tutorials.nodes.0.id"), &tutorial["id"]);
    world.stop().await;
}
