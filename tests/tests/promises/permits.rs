//! Permits: asked for by agencies, decided on by the municipal directors' coordination alone, forward only; renewed by another.

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use serde_json::{Value as Json, json};

const SHOWN: &str = "id code kind activity state folio validFrom validUntil inForce expired reason version agency { code } \
     shelter { code } renews { id } renewals { id }";

async fn mutate(client: &Client, root: &str, arguments: &str) -> Json {
    let payload = format!("{}{}Payload", root[..1].to_uppercase(), &root[1..]);
    let document = format!(
        "mutation {{ x: {root}({arguments}, idempotencyKey: \"{}\") {{ __typename ... on {payload} {{ permit {{ {SHOWN} }} }} \
         ... on Problem {{ code message }} }} }}",
        fresh_key()
    );
    client.query(&document).await
}

async fn done(client: &Client, root: &str, arguments: &str) -> Json {
    let answer = mutate(client, root, arguments).await;
    assert_eq!(codes(&answer), Vec::<String>::new(), "{answer}");
    let permit = at(&answer, "data.x.permit").clone();
    assert!(permit.is_object(), "{answer}");
    permit
}

fn seen(permit: &Json) -> String {
    format!("permit: {}, version: {}", permit["id"], permit["version"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permit_is_asked_for_by_agencies_and_decided_on_by_those_who_did_not_ask() {
    let world = World::start().await;
    let (asker, decides) = (world.client("RP/liaison"), world.client("CDM/permits"));
    let ask = "kind: EVENT, activity: \"Feria del empleo\", purpose: \"Usar la plaza un sábado.\"";
    for other in ["ISESALUD/clinician", "CNDH/witness", "CDM/permits"] {
        assert_eq!(
            codes(&mutate(&world.client(other), "requestPermit", ask).await),
            ["FORBIDDEN"],
            "{other}"
        );
    }
    let mut events = decides
        .follow("subscription { permitChanged { permit { activity state } } }")
        .await
        .unwrap_or_else(|answer| panic!("{answer:?}"));
    events.ready().await;
    let permit = done(&asker, "requestPermit", ask).await;
    assert_eq!((&permit["state"], &permit["inForce"]), (&json!("REQUESTED"), &json!(false)));
    assert_eq!(at(&events.response().await, "data.permitChanged.permit.state"), "REQUESTED");
    let nothing = "kind: EVENT, purpose: \"Usar la plaza un sábado.\"";
    assert_eq!(outcome(&mutate(&asker, "requestPermit", nothing).await), "InvalidValue");

    let grant = |permit: &Json, folio: &str| {
        format!("{}, folio: \"{folio}\", validFrom: \"2022-01-20\", validUntil: \"2022-01-30\"", seen(permit))
    };
    assert_eq!(outcome(&mutate(&decides, "grantPermit", &grant(&permit, "EV-1")).await), "StateConflict");
    for other in [&asker, &world.client("DIF_MUNICIPAL/coordinator")] {
        assert_eq!(codes(&mutate(other, "reviewPermit", &seen(&permit)).await), ["FORBIDDEN"]);
    }
    let reviewed = done(&decides, "reviewPermit", &seen(&permit)).await;
    assert_eq!(outcome(&mutate(&decides, "grantPermit", &grant(&permit, "EV-1")).await), "VersionConflict");
    let backward = grant(&reviewed, "EV-1").replace("2022-01-30", "2022-01-19");
    assert_eq!(outcome(&mutate(&decides, "grantPermit", &backward).await), "InvalidValue");
    let granted = done(&decides, "grantPermit", &grant(&reviewed, "EV-1")).await;
    assert_eq!((&granted["state"], &granted["folio"]), (&json!("GRANTED"), &json!("EV-1")));
    assert_eq!(
        (&granted["expired"], &granted["inForce"]),
        (&json!(true), &json!(false)),
        "it held until yesterday"
    );
    let withdraw = format!("{}, reason: \"Ya no\"", seen(&granted));
    assert_eq!(outcome(&mutate(&asker, "withdrawPermit", &withdraw).await), "StateConflict");

    // Its renewal names it, once; and a folio is given once.
    let renew = format!("{ask}, renews: {}", granted["id"]);
    let other_kind = renew.replace("EVENT", "OTHER");
    assert_eq!(outcome(&mutate(&asker, "requestPermit", &other_kind).await), "StateConflict");
    let renewal = done(&asker, "requestPermit", &renew).await;
    assert_eq!(at(&renewal, "renews.id"), &granted["id"]);
    assert_eq!(outcome(&mutate(&asker, "requestPermit", &renew).await), "StateConflict");
    let reviewed = done(&decides, "reviewPermit", &seen(&renewal)).await;
    assert_eq!(outcome(&mutate(&decides, "grantPermit", &grant(&reviewed, "EV-1")).await), "InvalidValue");
    let refused =
        done(&decides, "refusePermit", &format!("{}, reason: \"Otra feria ese día\"", seen(&reviewed))).await;
    assert_eq!((&refused["state"], &refused["reason"]), (&json!("REFUSED"), &json!("Otra feria ese día")));
    let again = done(&asker, "requestPermit", &renew).await;
    let withdrawn = done(&asker, "withdrawPermit", &format!("{}, reason: \"Ya no\"", seen(&again))).await;
    assert_eq!(withdrawn["state"], "WITHDRAWN");
    assert_eq!(outcome(&mutate(&decides, "reviewPermit", &seen(&withdrawn)).await), "StateConflict");

    // A shelter's lead asks for those of its own shelter, and for nothing else.
    let shelter = world.public().query("{ shelters { id code } }").await;
    let shelter = at(&shelter, "data.shelters.0").clone();
    let code = shelter["code"].as_str().unwrap();
    let lead = world.client(&format!("DIF_MUNICIPAL/shelter_lead@{code}"));
    let sanitary = format!("kind: SANITARY, shelter: {}, purpose: \"Servir alimentos.\"", shelter["id"]);
    assert_eq!(at(&done(&lead, "requestPermit", &sanitary).await, "shelter.code"), code);
    assert_eq!(codes(&mutate(&lead, "requestPermit", ask).await), ["FORBIDDEN"]);

    let expired =
        asker.query("{ permits(expired: true, state: GRANTED) { nodes { expired validUntil } } }").await;
    let expired = crate::reference::rows(&expired, "data.permits.nodes");
    assert!(!expired.is_empty() && expired.iter().all(|permit| permit["expired"] == true), "{expired:?}");
    let soon = asker
        .query("{ permits(expiresBefore: \"2022-03-01\", expired: false) { nodes { validUntil } } }")
        .await;
    let soon = crate::reference::rows(&soon, "data.permits.nodes");
    let in_time = |day: &str| ("2022-01-31".."2022-03-01").contains(&day);
    assert!(
        !soon.is_empty() && soon.iter().all(|permit| in_time(permit["validUntil"].as_str().unwrap())),
        "{soon:?}"
    );
    world.stop().await;
}
