//! Whoever lies in a bed that does not suit them lies there by two users: one asked, another approved, once and for a while.

use enlace_tests::{Client, World, at, codes, outcome};
use serde_json::{Value as Json, json};

use crate::lodging::{arrive, furnish, lodging, mutate, problem};
use crate::reference::rows;

const LEAD: &str = "DIF_MUNICIPAL/shelter_lead@ALB-01";

/// The id of a space.
async fn space(client: &Client, shelter: &str, code: &str) -> String {
    let spaces = client.spaces(shelter).await;
    spaces.iter().find(|space| space["code"] == code).unwrap()["id"].as_str().unwrap().to_owned()
}

fn ids(answer: &Json) -> Vec<String> {
    let overrides = rows(answer, "data.x.overrides");
    overrides.iter().map(|of| of["id"].as_str().unwrap().to_owned()).collect()
}

fn approving(overrides: &[String]) -> String {
    format!("overrides: {}", json!(overrides))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bed_that_does_not_suit_is_taken_by_two_users_together_or_not_at_all() {
    let world = World::start().await;
    let (coordinator, lead) = (
        world.client("DIF_MUNICIPAL/coordinator").stating("RECEPTION"),
        world.client(LEAD).stating("RECEPTION"),
    );
    let beds = furnish(&world, "ALB-01", "CRO", &["", "", "LOWER_BED"]).await;
    let families = furnish(&world, "ALB-01", "FAM", &["", "LOWER_BED"]).await;
    let ill = space(&coordinator, "ALB-01", "CRO").await;
    let (.., family) = arrive(&world, &[("FAMILY_NUCLEUS", ""), ("FAMILY_NUCLEUS", "LOWER_BED")]).await;
    // Another segment's space, and a bed without what is needed.
    let there = lodging(&family, &beds[..2]);
    let refused = mutate(&coordinator, "checkIn", &there).await;
    assert_eq!((outcome(&refused), problem(&refused)), ("BedUnfit".to_owned(), "BED_UNFIT"), "{refused}");
    let swapped = [families[1].clone(), families[0].clone()];
    assert_eq!(problem(&mutate(&coordinator, "checkIn", &lodging(&family, &swapped)).await), "BED_UNFIT");

    // A lead asks for those who are in its shelter, the coordinator for everyone.
    let asking = format!("persons: {}, space: \"{ill}\", reason: \"No queda otro lugar\"", json!(family));
    assert_eq!(
        codes(&mutate(&world.client(LEAD), "requestPlacementOverride", &asking).await),
        ["PURPOSE_REQUIRED"]
    );
    assert_eq!(problem(&mutate(&lead, "requestPlacementOverride", &asking).await), "NOT_FOUND");
    for stranger in ["ISESALUD/clinician", "SEDENA/kitchen", "CNDH/witness"] {
        let stranger = world.client(stranger).stating("RECEPTION");
        assert_eq!(codes(&mutate(&stranger, "requestPlacementOverride", &asking).await), ["FORBIDDEN"]);
    }
    let asked = mutate(&coordinator, "requestPlacementOverride", &asking).await;
    let overrides = ids(&asked);
    assert_eq!(overrides.len(), 2, "{asked}");
    assert!(at(&asked, "data.x.overrides.0.endsAt").is_string(), "{asked}");
    // Unapproved it is of no use, and whoever asked does not approve it.
    let by_them = format!("{there}, {}", approving(&overrides));
    assert_eq!(problem(&mutate(&coordinator, "checkIn", &by_them).await), "STATE_CONFLICT");
    let own = mutate(&coordinator, "approvePlacementOverride", &approving(&overrides)).await;
    assert_eq!(problem(&own), "STATE_CONFLICT", "{own}");
    let other = world.client("DIF_MUNICIPAL/shelter_lead@ALB-02").stating("RECEPTION");
    assert_eq!(
        problem(&mutate(&other, "approvePlacementOverride", &approving(&overrides)).await),
        "NOT_FOUND"
    );
    // The shelter's lead sees what is asked there, and another's does not.
    let open = "{ placementOverrides { id reason approvedAt used person { id } space { code } } }";
    let listed = async |client: &Client| rows(&client.query(open).await, "data.placementOverrides").len();
    assert_eq!((listed(&lead).await, listed(&other).await, listed(&coordinator).await), (2, 0, 2));
    let approved = mutate(&lead, "approvePlacementOverride", &approving(&overrides)).await;
    assert!(at(&approved, "data.x.overrides.1.approvedAt").is_string(), "{approved}");
    assert_eq!(
        problem(&mutate(&lead, "approvePlacementOverride", &approving(&overrides)).await),
        "STATE_CONFLICT"
    );
    // It is of that space, and for all of them.
    let elsewhere = format!("{}, {}", lodging(&family, &swapped), approving(&overrides));
    assert_eq!(problem(&mutate(&coordinator, "checkIn", &elsewhere).await), "BED_UNFIT");
    let half = format!("{there}, {}", approving(&overrides[..1]));
    assert_eq!(problem(&mutate(&coordinator, "checkIn", &half).await), "BED_UNFIT");
    let lodged = mutate(&coordinator, "checkIn", &by_them).await;
    assert_eq!(outcome(&lodged), "CheckInPayload", "{lodged}");
    assert_eq!(listed(&coordinator).await, 0, "what was used is listed no more");

    // Once they lie where they should, it does not lead them back.
    let stays = rows(&lodged, "data.x.stays");
    let stay = stays.iter().find(|stay| at(stay, "person.id") == family[1].as_str()).unwrap();
    let moving = format!("stay: {}, version: 1, bed: \"{}\"", stay["id"], families[1]);
    let moved = mutate(&lead, "transferStay", &moving).await;
    assert_eq!(outcome(&moved), "TransferStayPayload", "{moved}");
    let back = format!("stay: {}, version: 1, bed: \"{}\"", at(&moved, "data.x.stay.id"), beds[2]);
    assert_eq!(problem(&mutate(&lead, "transferStay", &back).await), "BED_UNFIT");
    let again = format!("{back}, placementOverride: \"{}\"", overrides[1]);
    assert_eq!(problem(&mutate(&lead, "transferStay", &again).await), "STATE_CONFLICT");
    // The journal has who asked and who approved, in the entries and with the stay.
    let told = "SELECT operation, convert_from(part_contents[1], 'UTF8')::jsonb ->> 'user' FROM journal_entries \
                WHERE operation LIKE 'lodging.%PlacementOverride' ORDER BY id";
    let told = world.database().await.query(told, &[]).await.unwrap();
    let told: Vec<(String, String)> = told.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_ne!(told[0].1, told[1].1, "{told:?}");
    world.stop().await;
}

/// A household that shows its code: the shelter's lead asks, the coordinator approves. What is not approved or used in time is over.
#[tokio::test(flavor = "multi_thread")]
async fn an_override_ends_by_itself() {
    let mut world = World::start().await;
    let beds = furnish(&world, "ALB-01", "CRO", &[""]).await;
    let (_, code, _) = arrive(&world, &[("SINGLE_WOMEN", "")]).await;
    let ill = space(&world.client(LEAD), "ALB-01", "CRO").await;
    let asking = format!("pickupCode: \"{code}\", space: \"{ill}\", reason: \"No queda otro lugar\"");
    let mut both = Vec::new();
    for _ in 0..2 {
        let asked =
            mutate(&world.client(LEAD).stating("RECEPTION"), "requestPlacementOverride", &asking).await;
        both.push(ids(&asked));
    }
    let coordinator = world.client("DIF_MUNICIPAL/coordinator").stating("RECEPTION");
    let approved = mutate(&coordinator, "approvePlacementOverride", &approving(&both[0])).await;
    assert_eq!(outcome(&approved), "ApprovePlacementOverridePayload", "{approved}");
    let mixed = [both[0].clone(), both[1].clone()].concat();
    let mixed = mutate(&coordinator, "approvePlacementOverride", &approving(&mixed)).await;
    assert_eq!(problem(&mixed), "INVALID_ARGUMENT", "one request at a time: {mixed}");
    let later = "UPDATE programmes SET clock_offset_us = clock_offset_us + 13 * 3600 * 1000000::bigint";
    world.database().await.execute(later, &[]).await.unwrap();
    world = World::with().start_on(world.halt().await).await;
    let coordinator = world.client("DIF_MUNICIPAL/coordinator").stating("RECEPTION");
    let late = mutate(&coordinator, "approvePlacementOverride", &approving(&both[1])).await;
    assert_eq!(problem(&late), "STATE_CONFLICT", "{late}");
    let showing = format!("pickupCode: \"{code}\", beds: {}, {}", json!(beds), approving(&both[0]));
    let late = mutate(&world.client(LEAD).stating("RECEPTION"), "checkIn", &showing).await;
    assert_eq!(problem(&late), "STATE_CONFLICT", "{late}");
    world.stop().await;
}
