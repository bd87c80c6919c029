//! Kits: defined, revised version by version, and never stock.

use enlace_tests::{World, at, codes};
use serde_json::{Value as Json, json};

use super::{DONATIONS, mutate, outcome, problem, result};
use crate::reference::rows;

#[tokio::test(flavor = "multi_thread")]
async fn a_kit_is_defined_and_revised_version_by_version() {
    let world = World::start().await;
    let stores = world.client(DONATIONS);
    let found =
        stores.query("{ catalogue { id code } kits { code lines { quantity item { code } } } }").await;
    // The kit that each person gets who comes.
    let bed = json!([{"code": "KIT-CAMA", "lines": [
        {"quantity": "1 PIECE", "item": {"code": "AMH-01"}}, {"quantity": "1 PIECE", "item": {"code": "CAT-01"}},
        {"quantity": "1 PIECE", "item": {"code": "COB-01"}}, {"quantity": "1 PIECE", "item": {"code": "COL-01"}},
    ]}]);
    assert_eq!(at(&found, "data.kits"), &bed);
    let item = |code: &str| {
        rows(&found, "data.catalogue").iter().find(|item| item["code"] == code).unwrap()["id"].clone()
    };
    let line = |code: &str, quantity: &str| format!("{{item: {}, quantity: \"{quantity}\"}}", item(code));
    let (blankets, mat) = (line("COB-01", "2 PIECE"), line("COL-01", "1 PIECE"));
    let define = |code: &str, name: &str, lines: &str| {
        format!("code: \"{code}\", name: \"{name}\", nameEn: \"Night kit\", lines: [{lines}]")
    };
    for (arguments, argument) in [
        (define("noche", "De noche", &mat), "code"),
        (define("NOCHE", "De", &mat), "name"),
        (define("NOCHE", "De noche", ""), "lines"),
        (define("NOCHE", "De noche", &format!("{mat}, {mat}")), "lines.1.item"),
        (define("NOCHE", "De noche", &line("COB-01", "2 KILOGRAM")), "lines.0.quantity"),
        (define("NOCHE", "De noche", &line("COB-01", "0 PIECE")), "lines.0.quantity"),
    ] {
        let answer = mutate(&stores, "defineKit", &arguments).await;
        assert_eq!(problem(&answer), ("INVALID_ARGUMENT", &json!(argument)), "{answer}");
    }
    let night = define("KIT-NOCHE", " De noche ", &format!("{mat}, {blankets}"));
    let defined = mutate(&stores, "defineKit", &night).await;
    let kit = &result(&defined)["kit"];
    let shown = |version: i32, lines: Json| json!({"id": kit["id"], "code": "KIT-NOCHE", "name": "De noche", "nameEn": "Night kit", "version": version, "lines": lines});
    let two = json!([{"quantity": "2 PIECE", "item": {"code": "COB-01"}}, {"quantity": "1 PIECE", "item": {"code": "COL-01"}}]);
    assert_eq!(kit, &shown(1, two));
    assert_eq!(problem(&mutate(&stores, "defineKit", &night).await).0, "STATE_CONFLICT");

    let revise = |version: i32| {
        format!(
            "kit: {}, name: \"De noche\", nameEn: \"Night kit\", lines: [{blankets}], version: {version}",
            kit["id"]
        )
    };
    let revised = mutate(&stores, "reviseKit", &revise(1)).await;
    let one = json!([{"quantity": "2 PIECE", "item": {"code": "COB-01"}}]);
    assert_eq!(result(&revised)["kit"], shown(2, one));
    assert_eq!(at(result(&mutate(&stores, "reviseKit", &revise(1)).await), "currentVersion"), 2);
    let nowhere = revise(1).replace("kit_", "item_");
    assert!(!codes(&mutate(&stores, "reviseKit", &nowhere).await).is_empty());
    // What it consisted of before stays explained.
    let kept = "SELECT count(*) FROM kit_lines JOIN kits ON kits.id = kit_id WHERE code = 'KIT-NOCHE'";
    let kept: i64 = world.database().await.query_one(kept, &[]).await.unwrap().get(0);
    assert_eq!(kept, 3);
    for stranger in ["DIF_MUNICIPAL/shelter_lead@ALB-01", "NGO_PAN_DEL_VALLE/partner", "CNDH/witness"] {
        let answer = mutate(&world.client(stranger), "reviseKit", &revise(2)).await;
        assert_eq!(codes(&answer), ["FORBIDDEN"], "{stranger}: {answer}");
    }
    assert_eq!(outcome(&mutate(&stores, "reviseKit", &revise(2)).await).0, "ReviseKitPayload");
    world.stop().await;
}
