//! How a donor's lists are read: said once, and kept.

use enlace_tests::{World, at, fresh_key};
use serde_json::json;

use super::importing::{CSV, Report, import, refused, send};
use super::receiving::place;
use super::{DONATIONS, mutate, problem, result};

/// A list whose columns nobody could guess.
const STRANGE: &str = "que,cuanto,hasta\nCOB-01,40,\nENL-01,12,03/04/2023\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_donors_lists_are_read_as_it_was_kept() {
    let world = World::start().await;
    let place = place(&world).await;
    let client = world.client(DONATIONS);
    let saving =
        |said: &str, version: i32| format!("donor: \"{}\", {said} version: {version}", place.private);
    let unknown = send(&client, &place, CSV, &format!("mode=CHECK&key={}", fresh_key()), STRANGE).await;
    assert_eq!(refused(&unknown), (422, "FILE_UNREADABLE".into()));

    let mapping = "columns: \"item:que,quantity:B,expiresOn:hasta\", days: MONTH_FIRST,";
    let saved = mutate(&client, "saveImportMapping", &saving(mapping, 0)).await;
    let kept = json!({
        "columns": "item:que,quantity:B,expiresOn:hasta", "sheet": null, "days": "MONTH_FIRST", "version": 1,
        "donor": {"id": place.private},
    });
    assert_eq!(result(&saved)["importMapping"], kept);
    let shown = client
        .query(&format!(
            "{{ node(id: \"{}\") {{ ... on Donor {{ importMapping {{ columns sheet days version donor {{ id }} }} }} }} }}",
            place.private
        ))
        .await;
    assert_eq!(at(&shown, "data.node.importMapping"), &kept);
    let report = import(&client, &place, "CHECK", STRANGE).await;
    assert_eq!(report.counts(), [2, 2, 0, 52], "{report:?}");

    // What the import says of itself goes before it.
    let otherwise = format!("mode=CHECK&columns=item:que&key={}", fresh_key());
    let otherwise = send(&client, &place, CSV, &otherwise, STRANGE).await;
    assert_eq!(refused(&otherwise).1, "FILE_UNREADABLE");

    let late = mutate(&client, "saveImportMapping", &saving(mapping, 0)).await;
    assert_eq!((problem(&late).0, result(&late)["currentVersion"].as_i64()), ("VERSION_CONFLICT", Some(1)));
    let sheet = format!("sheet: \"{}\",", "x".repeat(101));
    let columns = format!("columns: \"item:{}\",", "x".repeat(1000));
    for (said, argument) in
        [("columns: \"colour:A\",", "columns"), (sheet.as_str(), "sheet"), (columns.as_str(), "columns")]
    {
        let wrong = mutate(&client, "saveImportMapping", &saving(said, 1)).await;
        assert_eq!(problem(&wrong), ("INVALID_ARGUMENT", &json!(argument)), "{said}");
    }
    // Found by their names again, as before.
    let none = mutate(&client, "saveImportMapping", &saving("", 1)).await;
    assert_eq!(result(&none)["importMapping"]["version"], 2);
    let unknown = send(&client, &place, CSV, &format!("mode=CHECK&key={}", fresh_key()), STRANGE).await;
    assert_eq!(refused(&unknown).1, "FILE_UNREADABLE");
    world.stop().await;
}

/// A giver keeps how its own lists are read, and nobody else's; and gives for a campaign while it lasts.
#[tokio::test(flavor = "multi_thread")]
async fn givers_keep_how_their_own_lists_are_read_and_give_for_campaigns() {
    let world = World::start().await;
    let place = place(&world).await;
    let giver = world.client("ACNUR/donor");
    let own = format!("donor: \"{}\", columns: \"item:A,quantity:B\", version: 0", place.acnur);
    assert_eq!(result(&mutate(&giver, "saveImportMapping", &own).await)["importMapping"]["version"], 1);
    let others = format!("donor: \"{}\", columns: \"item:A,quantity:B\", version: 0", place.private);
    assert_eq!(problem(&mutate(&giver, "saveImportMapping", &others).await).0, "NOT_FOUND");
    let reader = world.client("UNICEF/programmes");
    let refused_to = mutate(&reader, "saveImportMapping", &own).await;
    assert_eq!(at(&refused_to, "errors.0.extensions.code"), "FORBIDDEN", "{refused_to}");

    let liaison = world.client("RP/liaison");
    let opening = "title: \"Cobijas\", from: \"2022-01-20\", until: \"2022-02-20\"";
    let opened = mutate(&liaison, "openCampaign", opening).await;
    let campaign = result(&opened)["campaign"]["id"].as_str().unwrap().to_owned();
    let client = world.client(DONATIONS);
    let parameters = format!("mode=ALL&campaign={campaign}&key={}", fresh_key());
    let file = "articulo,cantidad\nCOB-01,40\n";
    let report = Report::of(&send(&client, &place, CSV, &parameters, file).await);
    let donation = report.donation().unwrap();
    let shown = client
        .query(&format!(
            "{{ node(id: \"{donation}\") {{ ... on Donation {{ campaign {{ id articles }} }} }} }}"
        ))
        .await;
    assert_eq!(at(&shown, "data.node.campaign"), &json!({"id": campaign, "articles": 40}));
    let earlier = format!("mode=ALL&campaign={campaign}&receivedAt=2022-01-05T18:00:00Z&key={}", fresh_key());
    let earlier = send(&client, &place, CSV, &earlier, "articulo,cantidad\nCOB-01,41\n").await;
    assert_eq!(refused(&earlier).0 / 100, 4, "{earlier:?}");
    world.stop().await;
}
