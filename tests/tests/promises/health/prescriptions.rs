//! Prescriptions: medicines of the catalogue, dispensed out of medical stock, never more than was prescribed, and by movements that name
//! nobody.

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{CLINICIAN, COORDINATOR, asking, lodgers, mutate, person};
use crate::people::entries;

/// A medicine of which a store holds two lots at least that can be given out.
pub(super) struct Medicine {
    pub(super) item: Json,
    unit: String,
    pub(super) store: Json,
    /// The lots as they expire, with how much there is of each.
    pub(super) lots: Vec<(Uuid, i32)>,
    keys: (Uuid, Uuid),
}

pub(super) async fn medicine(world: &World) -> Medicine {
    let database = world.database().await;
    let statement = "SELECT b.item_id, b.location_id, min(i.unit) FROM balances b JOIN lots l ON l.id = b.lot_id JOIN items i ON i.id = b.item_id \
                         JOIN locations o ON o.id = b.location_id \
                     WHERE b.stock_kind = 'medical' AND b.quantity - b.reserved - b.packed > 3 AND b.keeps_until > '2022-03-01' \
                         AND l.recalled_at IS NULL AND o.kind <> 'TRANSIT' \
                         AND NOT EXISTS (SELECT FROM balances e WHERE e.item_id = b.item_id AND e.location_id = b.location_id \
                             AND e.quantity > 0 AND (e.keeps_until <= '2022-03-01' OR e.reserved + e.packed > 0)) \
                     GROUP BY 1, 2 HAVING count(*) > 1 AND count(*) = count(DISTINCT b.keeps_until) ORDER BY 1, 2 LIMIT 1";
    let row = database.query_one(statement, &[]).await.unwrap();
    let (item, store): (Uuid, Uuid) = (row.get(0), row.get(1));
    let statement = "SELECT lot_id, quantity FROM balances WHERE item_id = $1 AND location_id = $2 AND quantity > 0 ORDER BY keeps_until, lot_id";
    let lots = database.query(statement, &[&item, &store]).await.unwrap();
    Medicine {
        item: json!(enlace_tests::id("item", item)),
        unit: row.get(2),
        store: json!(enlace_tests::id("location", store)),
        lots: lots.iter().map(|row| (row.get(0), row.get(1))).collect(),
        keys: (item, store),
    }
}

impl Medicine {
    fn quantity(&self, amount: i32) -> Json {
        json!(format!("{amount} {}", self.unit))
    }

    /// What the store holds of each lot now.
    pub(super) async fn held(&self, world: &World) -> Vec<i32> {
        let statement = "SELECT lot_id, quantity FROM balances WHERE item_id = $1 AND location_id = $2";
        let rows = world.database().await.query(statement, &[&self.keys.0, &self.keys.1]).await.unwrap();
        let of = |lot: Uuid| rows.iter().find(|row| row.get::<_, Uuid>(0) == lot).unwrap().get(1);
        self.lots.iter().map(|(lot, _)| of(*lot)).collect()
    }
}

async fn visit(client: &Client, of: Uuid) -> Json {
    let arguments = json!({"person": person(of), "specialty": "GENERAL"});
    let opened =
        mutate(client, "openVisit", "person: ID!, specialty: Specialty!", "visit { id }", &arguments).await;
    at(&opened, "data.openVisit.visit.id").clone()
}

const SHOWN: &str = "prescription { id quantity dispensed dosage item { id } person { id } dispensings { quantity lots { id } } }";

async fn prescribe(client: &Client, visit: &Json, item: &Json, quantity: &Json) -> Json {
    let types = "visit: ID!, item: ID!, quantity: Quantity!, dosage: String!";
    let dosage = "Una Ozwazul cada ocho horas";
    let arguments = json!({"visit": visit, "item": item, "quantity": quantity, "dosage": dosage});
    mutate(client, "prescribe", types, SHOWN, &arguments).await
}

async fn dispense(client: &Client, arguments: Json) -> Json {
    let types = "prescription: ID!, from: ID!, quantity: Quantity, lot: ID, outOfOrder: String";
    mutate(client, "dispense", types, SHOWN, &arguments).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_medicine_is_dispensed_first_expired_first_and_never_beyond_what_was_prescribed() {
    let world = World::start().await;
    let clinician = asking(&world, CLINICIAN);
    let someone = lodgers(&world, true).await[0];
    let medicine = medicine(&world).await;
    let visit = visit(&clinician, someone).await;
    let [(first, of_first), (second, _), ..] = medicine.lots[..] else { panic!("{:?}", medicine.lots) };
    let amount = of_first + 2;
    let prescribed = prescribe(&clinician, &visit, &medicine.item, &medicine.quantity(amount)).await;
    assert_eq!(outcome(&prescribed), "PrescribePayload", "{prescribed}");
    let prescription = at(&prescribed, "data.prescribe.prescription").clone();
    let expected = json!({
        "id": prescription["id"], "quantity": medicine.quantity(amount), "dispensed": medicine.quantity(0), "dosage": "Una Ozwazul cada ocho horas",
        "item": {"id": medicine.item}, "person": {"id": person(someone)}, "dispensings": [],
    });
    assert_eq!(prescription, expected);

    // One more than that is refused, and nothing leaves.
    let id = &prescription["id"];
    let before = medicine.held(&world).await;
    let beyond =
        json!({"prescription": id, "from": medicine.store, "quantity": medicine.quantity(amount + 1)});
    assert_eq!(outcome(&dispense(&clinician, beyond).await), "StateConflict");
    let later = json!({"prescription": id, "from": medicine.store, "quantity": medicine.quantity(1), "lot": enlace_tests::id("lot", second)});
    assert_eq!(outcome(&dispense(&clinician, later).await), "EarlierExpiry");
    assert_eq!(medicine.held(&world).await, before);

    // One of the first lot by its name, and then all that is left: the rest of the first, and of the second what is missing.
    let key = fresh_key();
    for _ in 0..2 {
        let named = json!({"prescription": id, "from": medicine.store, "quantity": medicine.quantity(1), "lot": enlace_tests::id("lot", first),
            "idempotencyKey": key});
        let dispensed = dispense(&clinician, named).await;
        assert_eq!(
            at(&dispensed, "data.dispense.prescription.dispensed"),
            &medicine.quantity(1),
            "{dispensed}"
        );
    }
    let rest = dispense(&clinician, json!({"prescription": id, "from": medicine.store})).await;
    let rest = at(&rest, "data.dispense.prescription");
    assert_eq!(rest["dispensed"], medicine.quantity(amount), "{rest}");
    let lots = |place: usize| -> Vec<&Json> {
        rest["dispensings"][place]["lots"].as_array().unwrap().iter().map(|lot| &lot["id"]).collect()
    };
    let [first_id, second_id] = [first, second].map(|lot| json!(enlace_tests::id("lot", lot)));
    assert_eq!(lots(0), [&first_id]);
    let mut both = lots(1);
    both.sort_by_key(ToString::to_string);
    let mut expected = [&first_id, &second_id];
    expected.sort_by_key(ToString::to_string);
    assert_eq!(both, expected);
    let held = medicine.held(&world).await;
    assert_eq!((held[0], held[1]), (before[0] - of_first, before[1] - 2));
    let more = json!({"prescription": id, "from": medicine.store, "quantity": medicine.quantity(1)});
    assert_eq!(outcome(&dispense(&clinician, more).await), "StateConflict");

    // The ledger and its entries name nobody; which medicine whose is lies in no row in the clear.
    let entry = entries(&world, "health.recordCare", someone).await.swap_remove(0);
    assert_eq!(entry["classes"], json!(["HEALTH"]));
    let statement = "SELECT (SELECT string_agg(t::text, ' ') FROM movements t) || \
                         (SELECT string_agg(t.part_contents::text, ' ') FROM journal_entries t WHERE part_classes = '{JOURNAL,INVENTORY}'), \
                     (SELECT string_agg(t::text, ' ') FROM prescriptions t) || (SELECT string_agg(t::text, ' ') FROM dispensings t)";
    let row = world.database().await.query_one(statement, &[]).await.unwrap();
    let (ledger, care): (String, String) = (row.get(0), row.get(1));
    assert!(!ledger.contains(&someone.to_string()) && care.contains(&someone.to_string()));
    for hidden in [medicine.keys.0, first, second].map(|key| key.to_string()) {
        let as_bytes = hidden.bytes().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
        assert!(!care.contains(&hidden) && !care.contains(&as_bytes), "{hidden}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_prescribed_or_dispensed_is_refused() {
    let world = World::start().await;
    let clinician = asking(&world, CLINICIAN);
    let someone = lodgers(&world, true).await[0];
    let medicine = medicine(&world).await;
    let visit = visit(&clinician, someone).await;
    let food = world
        .database()
        .await
        .query_one("SELECT id FROM items WHERE stock_kind = 'food' LIMIT 1", &[])
        .await
        .unwrap();
    let food = json!(enlace_tests::id("item", food.get(0)));
    for (item, quantity, argument) in [
        (&food, medicine.quantity(1), "item"),
        (&medicine.item, medicine.quantity(0), "quantity"),
        (&medicine.item, medicine.quantity(10_001), "quantity"),
        (&medicine.item, json!("1 KILOGRAM"), "quantity"),
    ] {
        let answer = prescribe(&clinician, &visit, item, &quantity).await;
        assert_eq!(at(&answer, "data.prescribe.argument"), argument, "{answer}");
    }
    let prescribed = prescribe(&clinician, &visit, &medicine.item, &medicine.quantity(3)).await;
    let id = at(&prescribed, "data.prescribe.prescription.id").clone();
    let take = |more: Json| {
        let mut arguments =
            json!({"prescription": id, "from": medicine.store, "quantity": medicine.quantity(1)});
        for (name, value) in more.as_object().unwrap() {
            arguments[name] = value.clone();
        }
        arguments
    };
    let other = world
        .database()
        .await
        .query_one("SELECT id FROM lots WHERE item_id <> $1 LIMIT 1", &[&medicine.keys.0])
        .await
        .unwrap();
    let other = enlace_tests::id("lot", other.get(0));
    let nowhere = enlace_tests::id("location", Uuid::from_u128(7));
    for (more, argument) in [
        (json!({"lot": other}), "lot"),
        (json!({"from": nowhere}), "from"),
        (json!({"quantity": "1 KILOGRAM"}), "quantity"),
        (json!({"quantity": medicine.quantity(-1)}), "quantity"),
        (json!({"prescription": enlace_tests::id("prescription", Uuid::from_u128(7))}), "prescription"),
    ] {
        let answer = dispense(&clinician, take(more.clone())).await;
        assert_eq!(at(&answer, "data.dispense.argument"), argument, "{more} {answer}");
    }

    // A lot that was recalled is neither taken by itself nor by its name.
    let (first, second) = (medicine.lots[0].0, medicine.lots[1].0);
    let recall = "UPDATE lots SET recalled_at = '2022-01-30', recall_reason = 'Contaminated' WHERE id = $1";
    world.database().await.execute(recall, &[&first]).await.unwrap();
    let named = dispense(
        &clinician,
        take(json!({"lot": enlace_tests::id("lot", first), "outOfOrder": "Ninguna otra"})),
    )
    .await;
    assert_eq!(outcome(&named), "GoodsUnfit", "{named}");
    let dispensed = dispense(&clinician, take(json!({}))).await;
    let lots = at(&dispensed, "data.dispense.prescription.dispensings.0.lots");
    assert_eq!(lots, &json!([{"id": enlace_tests::id("lot", second)}]), "{dispensed}");

    // Several at once: what is left is dispensed once.
    let tries = (0..5).map(|_| {
        let (client, arguments) =
            (asking(&world, CLINICIAN), take(json!({"quantity": medicine.quantity(2)})));
        async move { outcome(&dispense(&client, arguments).await) }
    });
    let mut outcomes = futures_util::future::join_all(tries).await;
    outcomes.sort();
    assert_eq!(outcomes[..2], ["DispensePayload", "StateConflict"]);

    // After the visit nothing more is prescribed.
    let arguments = json!({"visit": visit, "version": 1});
    mutate(&clinician, "closeVisit", "visit: ID!, version: Int!", "visit { id }", &arguments).await;
    let late = prescribe(&clinician, &visit, &medicine.item, &medicine.quantity(1)).await;
    assert_eq!(outcome(&late), "StateConflict", "{late}");
    let coordinator = asking(&world, COORDINATOR);
    assert_eq!(codes(&dispense(&coordinator, take(json!({}))).await), ["FORBIDDEN"]);
    let document =
        format!("{{ node(id: {}) {{ ... on Person {{ prescriptions {{ dosage }} }} }} }}", person(someone));
    assert_eq!(codes(&coordinator.query(&document).await), ["FIELD_FORBIDDEN"]);
    let shown = clinician.query(&document).await;
    assert_eq!(at(&shown, "data.node.prescriptions.0.dosage"), "Una Ozwazul cada ocho horas", "{shown}");
    world.stop().await;
}
