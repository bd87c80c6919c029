//! Revalidations: of adults, decided by INEA alone, and never otherwise.

use enlace_schema::demo;
use enlace_tests::{Scratch, World, at, codes, outcome};
use serde_json::{Value as Json, json};

use super::{ADULT, COORDINATOR, EDUCATOR, PROGRAMMES, act, asking, child, is_sealed, people, shown, uuid};
use crate::lodging::problem;
use crate::people::entries;
use crate::reference::rows;

fn file(person: &str, level: &str) -> String {
    format!("person: \"{person}\", level: {level}, documents: [IDENTITY, FOREIGN_CERTIFICATE]")
}

fn seen(revalidation: &Json, more: &str) -> String {
    format!("revalidation: {}, version: {}{more}", revalidation["id"], revalidation["version"])
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_files_does_not_decide_and_what_is_decided_stays() {
    let world = World::start().await;
    let (coordinator, educator) = (asking(&world, COORDINATOR), asking(&world, EDUCATOR));
    let adult = people(&world, ADULT, 1).await.remove(0);
    let filed = act(&coordinator, "fileRevalidation", &file(&adult, "SECONDARY")).await;
    let filed = shown(&filed, "revalidation").clone();
    assert_eq!(
        (&filed["state"], &filed["filedOn"], &filed["documents"]),
        (&json!("FILED"), &json!("2022-01-31"), &json!(["IDENTITY", "FOREIGN_CERTIFICATE"]))
    );
    assert_eq!(
        problem(&act(&coordinator, "fileRevalidation", &file(&adult, "SECONDARY")).await),
        "STATE_CONFLICT"
    );
    let none = file(&adult, "PRIMARY").replace("IDENTITY, FOREIGN_CERTIFICATE", "");
    let twice = file(&adult, "PRIMARY").replace("FOREIGN_CERTIFICATE", "IDENTITY");
    for unfit in [none, twice] {
        assert_eq!(outcome(&act(&educator, "fileRevalidation", &unfit).await), "InvalidValue");
    }
    let minor = people(&world, &child(2010), 1).await.remove(0);
    assert_eq!(
        problem(&act(&educator, "fileRevalidation", &file(&minor, "PRIMARY")).await),
        "STATE_CONFLICT"
    );
    assert_eq!(
        outcome(&act(&asking(&world, PROGRAMMES), "fileRevalidation", &file(&adult, "PRIMARY")).await),
        "FORBIDDEN"
    );

    let certify = seen(&filed, ", decision: CERTIFIED, folio: \"INEA-Quiltlan-7\"");
    for other in [COORDINATOR, PROGRAMMES] {
        assert_eq!(outcome(&act(&asking(&world, other), "decideRevalidation", &certify).await), "FORBIDDEN");
    }
    for unfit in [
        ", decision: CERTIFIED",
        ", decision: REFUSED",
        ", decision: REFUSED, folio: \"Folio 1\", reason: \"Porque no\"",
    ] {
        assert_eq!(
            outcome(&act(&educator, "decideRevalidation", &seen(&filed, unfit)).await),
            "InvalidValue",
            "{unfit}"
        );
    }
    let stale = certify.replace("version: 1", "version: 9");
    assert_eq!(outcome(&act(&educator, "decideRevalidation", &stale).await), "VersionConflict");
    let decided = act(&educator, "decideRevalidation", &certify).await;
    let decided = shown(&decided, "revalidation").clone();
    assert_eq!(
        (&decided["state"], &decided["decidedOn"], &decided["folio"], &decided["version"]),
        (&json!("CERTIFIED"), &json!("2022-01-31"), &json!("INEA-Quiltlan-7"), &json!(2))
    );
    let entry = entries(&world, "education.decideRevalidation", uuid(&adult)).await.swap_remove(0);
    assert_eq!((&entry["agency"]["code"], &entry["classes"]), (&json!("INEA"), &json!(["EDUCATION"])));
    let refuse = seen(&decided, ", decision: REFUSED, reason: \"Fue un error\"");
    assert_eq!(problem(&act(&educator, "decideRevalidation", &refuse).await), "STATE_CONFLICT");
    assert_eq!(
        problem(&act(&coordinator, "withdrawRevalidation", &seen(&decided, "")).await),
        "STATE_CONFLICT"
    );
    assert_eq!(
        problem(&act(&educator, "fileRevalidation", &file(&adult, "SECONDARY")).await),
        "STATE_CONFLICT"
    );
    is_sealed(&world, &["revalidations"], "Quiltlan").await;

    // Another level is another matter, and can be withdrawn.
    let more = act(&educator, "fileRevalidation", &file(&adult, "HIGH_SCHOOL")).await;
    let more = shown(&more, "revalidation").clone();
    let withdrawn =
        act(&coordinator, "withdrawRevalidation", &seen(&more, ", reason: \"Se va antes\"")).await;
    assert_eq!(
        (&shown(&withdrawn, "revalidation")["state"], &shown(&withdrawn, "revalidation")["decidedOn"]),
        (&json!("WITHDRAWN"), &Json::Null)
    );

    // A witness reads that it was certified, and neither the folio nor whose it is.
    let list = "{ revalidations(state: CERTIFIED, first: 500) { totalCount nodes { id state folio } } }";
    let witness = asking(&world, "CEDH/witness").query(list).await;
    assert_eq!(codes(&witness), ["FIELD_FORBIDDEN"]);
    assert!(
        rows(&witness, "data.revalidations.nodes")
            .iter()
            .all(|row| row["folio"].is_null() && row["id"] != decided["id"])
    );
    let known = educator.query(list).await;
    assert_eq!(at(&known, "data.revalidations.totalCount"), at(&witness, "data.revalidations.totalCount"));

    // Whoever is blocked is INEA's no more.
    let block = "UPDATE persons SET withheld = 'BLOCKED', withheld_since = '2022-01-31' WHERE id = $1";
    world.database().await.execute(block, &[&uuid(&adult)]).await.unwrap();
    let hidden = educator.query(&format!("{{ node(id: {}) {{ id }} }}", decided["id"])).await;
    assert_eq!(hidden, json!({"data": {"node": null}}));
    assert_eq!(outcome(&act(&educator, "fileRevalidation", &file(&adult, "PRIMARY")).await), "FORBIDDEN");
    world.stop().await;
}

/// The closing table's two rows, counted as an indicator counts them.
#[tokio::test(flavor = "multi_thread")]
async fn the_programme_closes_with_128_children_placed_and_80_adults_certified() {
    let scratch = Scratch::empty().await;
    scratch.migrate().await;
    demo::load(
        &mut scratch.connect().await,
        &scratch.keys().await,
        demo::ENDS_ON,
        chrono::DateTime::UNIX_EPOCH,
    )
    .await
    .unwrap();
    let client = scratch.connect().await;
    let count = async |statement: &str| -> i64 { client.query_one(statement, &[]).await.unwrap().get(0) };
    let placed = "SELECT count(DISTINCT person_id) FROM school_places WHERE state = 'PLACED'";
    assert_eq!(count(placed).await, 128);
    assert_eq!(count(&format!("{placed} AND placed_on > '2022-03-31'")).await, 0);
    let levels = "SELECT count(DISTINCT level) FROM school_places WHERE state = 'PLACED'";
    assert_eq!(count(levels).await, 3);
    assert_eq!(
        count("SELECT count(DISTINCT person_id) FROM revalidations WHERE state = 'CERTIFIED'").await,
        80
    );
    // Everyone has left, and nothing is open.
    assert_eq!(count("SELECT count(*) FROM enrolments WHERE state = 'ACTIVE'").await, 0);
    assert_eq!(count("SELECT sum(enrolled) FROM course_groups").await, 0);
    assert_eq!(count("SELECT count(*) FROM revalidations WHERE state = 'FILED'").await, 0);
    assert!(count("SELECT count(*) FROM enrolments WHERE state = 'COMPLETED'").await > 100);
    drop(client);
    scratch.drop().await;
}
