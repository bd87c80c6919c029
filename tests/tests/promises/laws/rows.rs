//! What no row may become.

use enlace_tests::Scratch;

use super::{OWNER, SERVER, each_says};

#[tokio::test(flavor = "multi_thread")]
async fn a_space_lodges_neither_less_than_nobody_nor_more_than_its_capacity() {
    let cases = [
        ("UPDATE spaces SET occupied = capacity FROM one WHERE id = space", None),
        ("UPDATE spaces SET occupied = 0 FROM one WHERE id = space", None),
        ("UPDATE spaces SET occupied = -1 FROM one WHERE id = space", Some("spaces_occupied_not_negative")),
        (
            "UPDATE spaces SET occupied = capacity + 1 FROM one WHERE id = space",
            Some("spaces_occupied_within_capacity"),
        ),
    ];
    each_says(SERVER, &cases).await;
    let shrinking = [
        (
            "UPDATE spaces SET capacity = occupied - 1 FROM one WHERE id = space",
            Some("spaces_occupied_within_capacity"),
        ),
        (
            "UPDATE spaces SET occupied = 0, capacity = -1 FROM one WHERE id = space",
            Some("spaces_capacity_not_negative"),
        ),
    ];
    each_says(OWNER, &[&cases[..], &shrinking[..]].concat()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_store_holds_less_than_nothing() {
    let cases = [
        ("UPDATE balances SET quantity = 0 FROM one WHERE id = balance", None),
        (
            "UPDATE balances SET quantity = -1 FROM one WHERE id = balance",
            Some("balances_quantity_not_negative"),
        ),
        (
            "INSERT INTO balances (id, lot_id, location_id) SELECT gen_random_uuid(), fresh, store FROM one",
            Some("balances_lot_location_key"),
        ),
    ];
    each_says(OWNER, &cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_and_the_journal_are_appended_to_and_never_rewritten_even_by_their_owner() {
    let movements = Some("movements_append_only");
    let entries = Some("journal_entries_append_only");
    let index = Some("journal_index_append_only");
    each_says(
        OWNER,
        &[
            ("UPDATE movements SET quantity = quantity", movements),
            ("DELETE FROM movements", movements),
            ("TRUNCATE movements CASCADE", movements),
            ("UPDATE journal_entries SET leaf = 'other'", entries),
            ("DELETE FROM journal_entries", entries),
            ("TRUNCATE journal_entries", entries),
            ("UPDATE journal_entries SET part_contents[1] = 'other'", entries),
            ("UPDATE journal_index SET index = index", index),
            ("DELETE FROM journal_index", index),
            ("TRUNCATE journal_index", index),
            ("INSERT INTO journal_index SELECT 1, entry FROM one", Some("journal_index_entry_key")),
            ("INSERT INTO journal_index SELECT -1, gen_random_uuid()", Some("journal_index_not_negative")),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_an_entry_can_be_erased_whole_and_nothing_else() {
    let refused = Some("journal_entries_append_only");
    each_says(
        OWNER,
        &[
            ("SELECT erase_journal_part(entry, 1) FROM one", None),
            ("UPDATE journal_entries SET part_salts[2] = NULL", refused),
            ("UPDATE journal_entries SET part_contents[2] = NULL", refused),
            ("UPDATE journal_entries SET part_salts[2] = NULL, part_contents[2] = 'other'", refused),
            ("UPDATE journal_entries SET part_salts[2] = NULL, part_contents[1] = NULL", refused),
            ("UPDATE journal_entries SET part_salts[2] = NULL, part_contents[2] = NULL, part_classes[2] = 'HEALTH'", refused),
            ("UPDATE journal_entries SET part_salts = '{salt}', part_contents = '{content}'", refused),
            (
                "SELECT erase_journal_part(entry, 1) FROM one; \
                 UPDATE journal_entries SET part_salts[2] = 'salt', part_contents[2] = 'content'",
                refused,
            ),
        ],
    )
    .await;
}

/// Whoever rotates keys seals anew what nobody may change otherwise, and changes nothing else by it; the server cannot.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_sealed_is_sealed_anew_by_the_owner_who_says_so_and_nothing_else_changes() {
    let merge = "UPDATE persons SET merged_at = '2022-01-31', merged_into = (SELECT id FROM persons WHERE code = 'PER-00002') \
                     WHERE code = 'PER-00001'";
    let anew = "UPDATE persons SET identity = 'other' WHERE code = 'PER-00001'";
    let resealing = "SET LOCAL enlace.resealing = 'on'";
    let merged = [
        (format!("{merge}; {anew}"), Some("persons_merged_stays")),
        (format!("{merge}; {resealing}; {anew}"), None),
        (format!("{resealing}; {merge}"), Some("resealed_and_nothing_else")),
        (
            format!("{resealing}; DELETE FROM persons WHERE code = 'PER-00001'"),
            Some("resealed_and_nothing_else"),
        ),
    ];
    each_says(OWNER, &merged.each_ref().map(|(statement, expected)| (statement.as_str(), *expected))).await;
    let server = format!("{merge}; {resealing}; {anew}");
    each_says(SERVER, &[(&server, Some("persons_merged_stays"))]).await;

    let told = "INSERT INTO journal_entries (id, programme_id, leaf, part_classes, part_subjects, part_salts, part_contents, persons) \
                SELECT fresh, fresh, 'leaf', '{JOURNAL,IDENTITY}', ARRAY[NULL, someone], '{salt,salt}', '{content,content}', ARRAY[someone] FROM one";
    let long = |bytes: usize| format!("('resealed/1' || repeat('x', {}))::bytea", bytes - "resealed/1".len());
    let set = |part: u8, content: &str| {
        format!(
            "UPDATE journal_entries SET part_contents[{part}] = {content} WHERE leaf = 'leaf' AND cardinality(persons) = 1"
        )
    };
    let first = set(2, &long("content".len() + 70));
    let refused = Some("journal_entries_append_only");
    let parts = [
        (format!("{told}; {first}"), refused),
        (format!("{told}; {resealing}; {first}"), None),
        (
            format!(
                "{told}; {resealing}; {first}; {}",
                set(2, &long("content".len() + 70).replace("'x'", "'y'"))
            ),
            None,
        ),
        (format!("{told}; {resealing}; {first}; {}", set(2, &long("content".len() + 140))), refused),
        (format!("{told}; {resealing}; {}", set(2, &long("content".len() + 69))), refused),
        (format!("{told}; {resealing}; {}", set(2, "repeat('x', 77)::bytea")), refused),
        (format!("{told}; {resealing}; {}", set(1, &long("content".len() + 70))), refused),
        (
            format!("{told}; {resealing}; {}", first.replace(" WHERE", ", part_salts[2] = 'other' WHERE")),
            refused,
        ),
        (format!("{told}; {resealing}; {}", first.replace(" WHERE", ", leaf = 'other' WHERE")), refused),
    ];
    each_says(OWNER, &parts.each_ref().map(|(statement, expected)| (statement.as_str(), *expected))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agreements_of_an_agency_and_grants_of_a_role_do_not_overlap() {
    let agreement = |periods: [&str; 2]| {
        periods
            .map(|period| {
                format!("INSERT INTO agreements SELECT gen_random_uuid(), agency, {period} FROM one")
            })
            .join(";")
    };
    let grant = |periods: [&str; 2]| {
        periods
            .map(|period| {
                format!(
                    "INSERT INTO grants SELECT gen_random_uuid(), someone, 'donor', NULL, {period} FROM one"
                )
            })
            .join(";")
    };
    let (january, february, longer) =
        ("'2022-01-01', '2022-02-01'", "'2022-02-01', '2022-03-01'", "'2022-01-15', '2022-04-01'");
    each_says(
        OWNER,
        &[
            (&agreement([january, february]), None),
            (&agreement([january, longer]), Some("agreements_no_overlap")),
            (&agreement([february, "'2022-02-01', '2022-02-01'"]), Some("agreements_period")),
            (&grant([january, february]), None),
            (&grant([longer, february]), Some("grants_no_overlap")),
            (&grant([january, "'2022-02-02', '2022-02-01'"]), Some("grants_period")),
            (
                "INSERT INTO grants SELECT gen_random_uuid(), someone, role, reads_as, '2022-01-01', '2022-02-01' FROM one, \
                 (VALUES ('donor', NULL), ('integrator', 'donor')) AS granted (role, reads_as)",
                None,
            ),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_of_a_known_role_and_an_integrator_names_whose_reads_it_has() {
    let grant = |role: &str, reads_as: &str| {
        format!(
            "INSERT INTO grants SELECT gen_random_uuid(), someone, {role}, {reads_as}, '2022-01-01', '2022-02-01' FROM one"
        )
    };
    each_says(
        OWNER,
        &[
            (&grant("'integrator'", "'donor'"), None),
            (&grant("'integrator'", "NULL"), Some("grants_reads_as")),
            (&grant("'donor'", "'donor'"), Some("grants_reads_as")),
            (&grant("'superuser'", "NULL"), Some("grants_role")),
        ],
    )
    .await;
}

/// The fresh lot comes: ten of it are received, and four of them go on to the other store.
const STOCKED: &str = "
    INSERT INTO movements (id, lot_id, kind, to_id, quantity, occurred_at, recorded_at)
        SELECT receipt, fresh, 'RECEIPT', store, 10, '2022-01-31', '2022-01-31' FROM one;
    INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, occurred_at, recorded_at)
        SELECT transfer, fresh, 'TRANSFER', store, other, 4, '2022-01-31', '2022-01-31' FROM one;";

/// A movement of the fresh lot on a day, with the cause and the note that its kind needs.
fn movement(kind: &str, from: &str, to: &str, reverses: &str, quantity: i32, day: &str) -> String {
    let cause = if kind == "WRITE_OFF" { "'LOST'" } else { "NULL" };
    format!(
        "INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, reverses_id, occurred_at, recorded_at, cause, note) \
         SELECT gen_random_uuid(), fresh, '{kind}', {from}, {to}, {quantity}, {reverses}, '{day}', '{day}', {cause}, 'as it was' FROM one;"
    )
}

/// As the server, when the fresh lot has come.
async fn each_says_when_stocked(cases: &[(String, Option<&str>)]) {
    let cases: Vec<(String, Option<&str>)> =
        cases.iter().map(|(statement, expected)| (format!("{STOCKED}{statement}"), *expected)).collect();
    let cases: Vec<(&str, Option<&str>)> =
        cases.iter().map(|(statement, expected)| (statement.as_str(), *expected)).collect();
    each_says(SERVER, &cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_movement_has_the_ends_that_it_must_have() {
    let ends = Some("movements_ends");
    let distinct = Some("movements_distinct_ends");
    let cases = [
        ("RECEIPT", "store", "other", "NULL", ends),
        ("RECEIPT", "NULL", "NULL", "NULL", distinct),
        ("TRANSFER", "store", "other", "NULL", None),
        ("TRANSFER", "store", "store", "NULL", distinct),
        ("TRANSFER", "store", "NULL", "NULL", ends),
        ("TRANSFER", "NULL", "store", "NULL", ends),
        ("DELIVERY", "store", "NULL", "NULL", None),
        ("DELIVERY", "store", "other", "NULL", ends),
        ("DELIVERY", "NULL", "store", "NULL", ends),
        ("WRITE_OFF", "store", "NULL", "NULL", None),
        ("WRITE_OFF", "store", "other", "NULL", ends),
        ("CORRECTION", "other", "store", "transfer", None),
        ("CORRECTION", "other", "store", "NULL", Some("movements_corrects")),
        ("DELIVERY", "store", "NULL", "transfer", Some("movements_corrects")),
        ("CORRECTION", "NULL", "NULL", "transfer", distinct),
        ("THEFT", "store", "NULL", "NULL", Some("movements_kind")),
    ];
    let mut tried: Vec<(String, Option<&str>)> = cases
        .into_iter()
        .map(|(kind, from, to, reverses, expected)| {
            (movement(kind, from, to, reverses, 4, "2022-01-31"), expected)
        })
        .collect();
    for quantity in [0, -1] {
        let none = movement("DELIVERY", "store", "NULL", "NULL", quantity, "2022-01-31");
        tried.push((none, Some("movements_quantity_positive")));
    }
    each_says_when_stocked(&tried).await;
}

/// R32: what a store holds is what the movements come to, and nothing that they could not have done is a movement.
#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_changes_the_balances_and_refuses_what_goods_cannot_do() {
    let holds = |store: i32, other: i32| {
        format!(
            "DO $$ DECLARE held text; BEGIN \
             SELECT string_agg(b.quantity || '/' || b.version, ' ' ORDER BY b.location_id = one.other) INTO held \
                 FROM balances b, one WHERE lot_id = fresh; \
             ASSERT held ~ '^{store}/[0-9]+ {other}/[0-9]+$', held; END $$;"
        )
    };
    let day = "2022-01-31";
    let delivery = |quantity| movement("DELIVERY", "store", "NULL", "NULL", quantity, day);
    let undo = movement("CORRECTION", "other", "store", "transfer", 4, day);
    let unfit = Some("movements_goods_fit");
    let recall =
        "UPDATE lots SET recalled_at = '2022-01-31', recall_reason = 'mould' FROM one WHERE id = fresh;";
    let elsewhere = "(SELECT id FROM locations, one WHERE id NOT IN (store, other) LIMIT 1)";
    each_says_when_stocked(&[
        (holds(6, 4), None),
        (delivery(6) + &holds(0, 4), None),
        (delivery(7), Some("balances_quantity_not_negative")),
        (delivery(5) + &delivery(2), Some("balances_quantity_not_negative")),
        (movement("TRANSFER", "store", elsewhere, "NULL", 1, day), Some("movements_between_balances")),
        // A lot is received once, whole, and where it says.
        (movement("RECEIPT", "NULL", "store", "NULL", 10, day), Some("movements_received_once")),
        // A correction reverses one movement as it stands, once; a correction is not corrected.
        (undo.clone() + &holds(10, 0), None),
        (undo.clone() + &undo, Some("movements_reversed_once")),
        (movement("CORRECTION", "other", "store", "transfer", 3, day), Some("movements_reversal")),
        (movement("CORRECTION", "store", "other", "transfer", 4, day), Some("movements_reversal")),
        (
            undo.clone()
                + &movement(
                    "CORRECTION",
                    "store",
                    "other",
                    "(SELECT id FROM movements WHERE reverses_id = transfer)",
                    4,
                    day,
                ),
            Some("movements_reversal"),
        ),
        (movement("CORRECTION", "store", "NULL", "receipt", 10, day), Some("balances_quantity_not_negative")),
        // From its day on, as the programme counts days, what has expired leaves as written off alone.
        (movement("DELIVERY", "store", "NULL", "NULL", 1, "2022-02-09 23:59 America/Tijuana"), None),
        (movement("DELIVERY", "store", "NULL", "NULL", 1, "2022-02-10 00:00 America/Tijuana"), unfit),
        (movement("TRANSFER", "store", "other", "NULL", 1, "2022-02-10 12:00 America/Tijuana"), unfit),
        (
            movement("WRITE_OFF", "store", "NULL", "NULL", 6, "2022-02-10 12:00 America/Tijuana")
                + &holds(0, 4),
            None,
        ),
        // So does what was recalled; and that it was is final.
        (recall.to_owned() + &delivery(1), unfit),
        (recall.to_owned() + &movement("WRITE_OFF", "store", "NULL", "NULL", 6, day) + &holds(0, 4), None),
        (recall.to_owned() + &undo + &holds(10, 0), None),
        (recall.to_owned() + recall, Some("lots_recalled_once")),
    ])
    .await;
    // Several movements of one statement count together.
    each_says(
        SERVER,
        &[
            (
                "INSERT INTO movements (id, lot_id, kind, to_id, quantity, occurred_at, recorded_at) \
                 SELECT receipt, fresh, 'RECEIPT', store, 9, '2022-01-31', '2022-01-31' FROM one",
                Some("movements_receipt_whole"),
            ),
            (
                "INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, occurred_at, recorded_at) \
                 SELECT receipt, fresh, 'RECEIPT', NULL, store, 10, timestamptz '2022-01-31', timestamptz '2022-01-31' FROM one UNION ALL \
                 SELECT transfer, fresh, 'TRANSFER', store, other, 11, '2022-01-31', '2022-01-31' FROM one",
                Some("balances_quantity_not_negative"),
            ),
        ],
    )
    .await;
}

/// What the policies ask of goods is copied into their rows, and no copy may differ from its source.
#[tokio::test(flavor = "multi_thread")]
async fn the_facts_of_goods_are_those_of_their_item_and_their_donor() {
    each_says(
        OWNER,
        &[
            ("UPDATE donors SET agency = 'NOBODY' WHERE kind = 'AGENCY'", Some("donors_agency_fkey")),
            ("UPDATE items SET stock_kind = 'food' WHERE stock_kind <> 'food'", Some("items_category_fkey")),
            ("UPDATE lots SET stock_kind = 'food' WHERE stock_kind <> 'food'", Some("lots_item_fkey")),
            (
                "UPDATE lots SET donor_agency = 'ACNUR' WHERE donor_agency IS DISTINCT FROM 'ACNUR'",
                Some("lots_donor_agency_fkey"),
            ),
            (
                "UPDATE donations SET donor_agency = 'ACNUR' WHERE donor_agency IS DISTINCT FROM 'ACNUR'",
                Some("donations_donor_agency_fkey"),
            ),
            (
                "UPDATE lots SET donor_id = (SELECT id FROM donors WHERE kind = 'PERSON' LIMIT 1)",
                Some("lots_donation_fkey"),
            ),
            ("UPDATE items SET unit = 'KIT' WHERE unit = 'PIECE'", Some("lots_unit_fkey")),
            ("UPDATE lots SET unit = 'KIT' FROM one WHERE id = lot", Some("lots_unit_fkey")),
            ("UPDATE lots SET item_name = 'other'", Some("lots_item_fkey")),
            ("UPDATE lots SET item_code = 'OTHER'", Some("lots_item_fkey")),
            ("UPDATE lots SET category_id = item_id", Some("lots_item_fkey")),
            ("UPDATE balances SET item_id = lot_id", Some("balances_lot_fkey")),
            ("UPDATE balances SET category_id = lot_id", Some("balances_lot_fkey")),
            ("UPDATE balances SET stock_kind = 'other'", Some("balances_lot_fkey")),
            ("UPDATE balances SET received_on = received_on + 1", Some("balances_lot_fkey")),
            ("UPDATE balances SET keeps_until = keeps_until - 1", Some("balances_lot_fkey")),
            ("UPDATE balances SET code = 'OTHER'", Some("balances_lot_fkey")),
            ("UPDATE balances SET item_name = 'other'", Some("balances_lot_fkey")),
        ],
    )
    .await;
    let scratch = Scratch::with_programme().await;
    let client = scratch.connect().await;
    let differing = "SELECT count(*) FROM lots \
                     JOIN items ON items.id = lots.item_id JOIN categories ON categories.id = items.category_id \
                     JOIN donors ON donors.id = donor_id LEFT JOIN agencies ON agencies.id = agency_id \
                     JOIN balances ON lot_id = lots.id \
                     WHERE (lots.stock_kind, lots.category_id, item_code, lots.item_name, lots.unit, donor_agency) IS DISTINCT FROM \
                             (categories.stock_kind, categories.id, items.code, items.name, items.unit, agencies.code) \
                         OR (balances.item_id, balances.category_id, balances.stock_kind, balances.received_on, balances.keeps_until, \
                             balances.code, balances.item_name, in_stock) IS DISTINCT FROM (items.id, categories.id, categories.stock_kind, \
                             lots.received_on, coalesce(lots.expires_on, '9999-12-31'), lots.code, items.name, quantity > 0) \
                         OR words <> words_of(items.name || ' ' || items.code || ' ' || categories.name || ' ' || categories.name_en)";
    let differ = async || client.query_one(differing, &[]).await.unwrap().get::<_, i64>(0);
    assert_eq!(differ().await, 0, "as loaded");
    for change in [
        "UPDATE categories SET stock_kind = 'medical' WHERE stock_kind = 'food'",
        // Nobody's case is its own meanwhile: that is by its code.
        "DELETE FROM custody_transfers; UPDATE persons SET custodian = 'DIF_MUNICIPAL' WHERE custodian = 'DIF_ESTATAL'; \
         UPDATE agencies SET code = 'DIF_OTRO' WHERE code = 'DIF_ESTATAL'",
        "UPDATE donations SET donor_id = (SELECT id FROM donors WHERE kind = 'PERSON' LIMIT 1)",
        "UPDATE donations SET donor_id = (SELECT id FROM donors WHERE kind = 'AGENCY' LIMIT 1)",
        "UPDATE lots SET item_id = items.id FROM (SELECT id, unit FROM items ORDER BY code LIMIT 1) AS items WHERE lots.unit = items.unit",
        "UPDATE items SET name = 'Otra ' || name, code = 'X' || code",
        "UPDATE items SET words = 'others'",
        "UPDATE items SET category_id = (SELECT id FROM categories ORDER BY code DESC LIMIT 1)",
        "UPDATE categories SET name = 'Víveres', name_en = 'Victuals'",
        "UPDATE lots SET expires_on = received_on + 9, code = 'Y' || code",
        "UPDATE donations SET received_on = received_on - 1 WHERE campaign_id IS NULL",
        "UPDATE balances SET quantity = 1 - least(quantity, 1), reserved = 0, packed = 0",
        "UPDATE balances SET lot_id = (SELECT id FROM lots WHERE id NOT IN (SELECT lot_id FROM balances) LIMIT 1) \
             WHERE id = (SELECT min(id::text)::uuid FROM balances) AND EXISTS (SELECT FROM lots WHERE id NOT IN (SELECT lot_id FROM balances))",
    ] {
        client.batch_execute(change).await.unwrap();
        assert_eq!(differ().await, 0, "{change}");
    }
    drop(client);
    scratch.drop().await;
}
