//! The laws that the database itself holds, whatever the code believes: as the owner of its tables, and as the role that
//! the server has.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use enlace_schema::MigrationError;
use enlace_tests::Scratch;
use tokio_postgres::Client;

/// What the database says to a statement: nothing, or the constraint that it breaks, or else the SQLSTATE.
async fn said(client: &Client, statement: &str) -> Option<String> {
    let error = client.batch_execute(statement).await.err()?;
    let error = error.as_db_error().unwrap_or_else(|| panic!("{statement}: {error}"));
    Some(error.constraint().unwrap_or(error.code().code()).to_owned())
}

/// Tries each statement in a transaction of its own that is not kept, as the owner or as the server.
async fn each_says(role: &str, cases: &[(&str, Option<&str>)]) {
    let scratch = Scratch::with_programme().await;
    let client = scratch.connect().await;
    for (statement, expected) in cases {
        client.batch_execute("BEGIN").await.unwrap();
        client.batch_execute(FIXTURES).await.unwrap();
        client.batch_execute(&format!("SET LOCAL ROLE {role}")).await.unwrap();
        assert_eq!(said(&client, statement).await.as_deref(), *expected, "as {role}: {statement}");
        client.batch_execute("ROLLBACK").await.unwrap();
    }
    drop(client);
    scratch.drop().await;
}

/// What the statements below can refer to: a lot, two stores, a space, a journal entry with two parts.
const FIXTURES: &str = "
    CREATE TEMP TABLE one ON COMMIT DROP AS SELECT
        (SELECT min(id::text)::uuid FROM lots) AS lot,
        (SELECT min(id::text)::uuid FROM locations) AS store,
        (SELECT max(id::text)::uuid FROM locations) AS other,
        (SELECT min(id::text)::uuid FROM spaces WHERE occupied > 0) AS space,
        (SELECT min(id::text)::uuid FROM balances WHERE quantity > 0) AS balance,
        (SELECT min(id::text)::uuid FROM movements) AS movement,
        (SELECT min(id::text)::uuid FROM agencies) AS agency,
        (SELECT id FROM users WHERE subject = 'acnur.donor') AS someone,
        gen_random_uuid() AS entry;
    GRANT SELECT ON one TO enlace_app;
    INSERT INTO journal_entries (id, programme_id, leaf, part_classes, part_subjects, part_salts, part_contents)
        SELECT entry, gen_random_uuid(), 'leaf', '{JOURNAL,PUBLIC}', '{NULL,NULL}', '{salt,salt}', '{content,content}' FROM one;
    INSERT INTO journal_index SELECT 0, entry FROM one;
    DELETE FROM agreements;
    DELETE FROM grant_shelters;
    DELETE FROM grants;";

/// The role that migrations run as, and the one that the server has.
const OWNER: &str = "none";
const SERVER: &str = "enlace_app";

const DENIED: Option<&str> = Some("42501");

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
            "INSERT INTO balances (id, lot_id, location_id, quantity) SELECT gen_random_uuid(), lot, store, 1 FROM one \
             ON CONFLICT DO NOTHING; \
             INSERT INTO balances (id, lot_id, location_id, quantity) SELECT gen_random_uuid(), lot, store, 1 FROM one",
            Some("balances_lot_location_key"),
        ),
    ];
    each_says(SERVER, &cases).await;
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
            ("TRUNCATE movements", movements),
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

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_movement_has_the_ends_that_it_must_have() {
    let ends = Some("movements_ends");
    let cases = [
        ("RECEIPT", "NULL", "store", "NULL", None),
        ("RECEIPT", "store", "other", "NULL", ends),
        ("RECEIPT", "NULL", "NULL", "NULL", Some("movements_distinct_ends")),
        ("TRANSFER", "store", "other", "NULL", None),
        ("TRANSFER", "store", "store", "NULL", Some("movements_distinct_ends")),
        ("TRANSFER", "store", "NULL", "NULL", ends),
        ("TRANSFER", "NULL", "store", "NULL", ends),
        ("DELIVERY", "store", "NULL", "NULL", None),
        ("DELIVERY", "store", "other", "NULL", ends),
        ("DELIVERY", "NULL", "store", "NULL", ends),
        ("WRITE_OFF", "store", "NULL", "NULL", None),
        ("WRITE_OFF", "store", "other", "NULL", ends),
        ("CORRECTION", "NULL", "store", "movement", None),
        ("CORRECTION", "store", "other", "movement", None),
        ("CORRECTION", "NULL", "store", "NULL", ends),
        ("CORRECTION", "NULL", "NULL", "movement", Some("movements_distinct_ends")),
        ("THEFT", "store", "NULL", "NULL", Some("movements_kind")),
    ];
    let statement = |kind: &str, from: &str, to: &str, reverses: &str, quantity: i32| {
        format!(
            "INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, reverses_id, occurred_at, recorded_at) \
             SELECT gen_random_uuid(), lot, '{kind}', {from}, {to}, {quantity}, {reverses}, now(), now() FROM one"
        )
    };
    let mut tried: Vec<(String, Option<&str>)> = cases
        .into_iter()
        .map(|(kind, from, to, reverses, expected)| (statement(kind, from, to, reverses, 1), expected))
        .collect();
    let positive = Some("movements_quantity_positive");
    tried.push((statement("RECEIPT", "NULL", "store", "NULL", 0), positive));
    tried.push((statement("RECEIPT", "NULL", "store", "NULL", -1), positive));
    let reversal = statement("CORRECTION", "NULL", "store", "movement", 1);
    tried.push((format!("{reversal};{reversal}"), Some("movements_reversed_once")));
    let tried: Vec<(&str, Option<&str>)> =
        tried.iter().map(|(statement, expected)| (statement.as_str(), *expected)).collect();
    each_says(SERVER, &tried).await;
}

/// One statement against each constraint that is more than a reference; a constraint that is added without one is missed here.
const BREACHES: &[(&str, &str)] = &[
    ("agencies_code_form", "UPDATE agencies SET code = 'lower' FROM one WHERE id = agency"),
    ("agencies_code_key", "UPDATE agencies SET code = 'SAME'"),
    ("agencies_kind", "UPDATE agencies SET kind = 'COMPANY' FROM one WHERE id = agency"),
    (
        "agreements_never_prolonged",
        "INSERT INTO agreements SELECT gen_random_uuid(), agency, '2022-01-01', '2022-02-01' FROM one; \
         UPDATE agreements SET valid_until = NULL",
    ),
    (
        "agreements_no_overlap",
        "INSERT INTO agreements SELECT gen_random_uuid(), agency, '2022-01-01' FROM one, generate_series(1, 2)",
    ),
    (
        "agreements_period",
        "INSERT INTO agreements SELECT gen_random_uuid(), agency, '2022-01-02', '2022-01-01' FROM one",
    ),
    ("authority_version_only_row_check", "INSERT INTO authority_version VALUES (false, 1)"),
    (
        "balances_lot_location_key",
        "INSERT INTO balances SELECT gen_random_uuid(), lot_id, location_id, 1 FROM balances LIMIT 1",
    ),
    ("balances_quantity_not_negative", "UPDATE balances SET quantity = -1 FROM one WHERE id = balance"),
    (
        "break_glass_accesses_ended",
        "INSERT INTO break_glass_accesses (id, programme_id, person_id, user_id, agency, reason, opened_at, ends_at) \
         SELECT gen_random_uuid(), programme_id, person.id, one.someone, 'ISESALUD', repeat('x', 40)::bytea, '2026-01-01 00:00Z', '2026-01-01 04:00Z' \
         FROM (SELECT * FROM persons LIMIT 1) AS person, one; \
         UPDATE break_glass_accesses SET ended_at = ends_at",
    ),
    (
        "break_glass_accesses_four_hours",
        "INSERT INTO break_glass_accesses (id, programme_id, person_id, user_id, agency, reason, opened_at, ends_at) \
         SELECT gen_random_uuid(), programme_id, person.id, one.someone, 'ISESALUD', repeat('x', 40)::bytea, '2026-01-01 00:00Z', '2026-01-01 04:00:01Z' \
         FROM (SELECT * FROM persons LIMIT 1) AS person, one",
    ),
    (
        "break_glass_accesses_one_at_a_time",
        "INSERT INTO break_glass_accesses (id, programme_id, person_id, user_id, agency, reason, opened_at, ends_at) \
         SELECT gen_random_uuid(), programme_id, person.id, one.someone, 'ISESALUD', repeat('x', 40)::bytea, '2026-01-01 00:00Z', '2026-01-01 04:00Z' \
         FROM (SELECT * FROM persons LIMIT 1) AS person, one, generate_series(1, 2)",
    ),
    (
        "break_glass_accesses_reason",
        "INSERT INTO break_glass_accesses (id, programme_id, person_id, user_id, agency, reason, opened_at, ends_at) \
         SELECT gen_random_uuid(), programme_id, person.id, one.someone, 'ISESALUD', repeat('x', 39)::bytea, '2026-01-01 00:00Z', '2026-01-01 04:00Z' \
         FROM (SELECT * FROM persons LIMIT 1) AS person, one",
    ),
    ("categories_code_key", "UPDATE categories SET code = 'SAME'"),
    ("categories_stock_kind", "UPDATE categories SET stock_kind = 'weapons'"),
    ("centres_code_key", "UPDATE centres SET code = 'SAME'"),
    (
        "consents_no_overlap",
        "INSERT INTO consents (id, programme_id, person_id, recipient, purpose, given_at) \
         SELECT gen_random_uuid(), programme_id, id, 'UNICEF', 'HOUSING', '2022-01-31' FROM persons, generate_series(1, 2)",
    ),
    ("consents_period", "UPDATE consents SET ends_at = given_at"),
    ("consents_purpose", "UPDATE consents SET purpose = 'CURIOSITY'"),
    ("consents_settled", "UPDATE consents SET withdrawn_at = NULL WHERE withdrawn_at IS NOT NULL"),
    (
        "consents_withdrawn",
        "UPDATE consents SET withdrawn_at = given_at - interval '1 day' WHERE withdrawn_at IS NULL",
    ),
    ("donors_agency", "UPDATE donors SET agency_id = NULL WHERE kind = 'AGENCY'"),
    ("donors_agency_code", "UPDATE donors SET agency = NULL WHERE kind = 'AGENCY'"),
    ("donors_kind", "UPDATE donors SET kind = 'STATE', agency_id = NULL"),
    ("enrolments_period", "UPDATE enrolments SET ended_on = started_on - 1"),
    (
        "grant_shelters_role",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'donor', NULL, '2022-01-01', '2022-02-01' FROM one; \
         INSERT INTO grant_shelters SELECT grants.id, shelters.id FROM grants, shelters",
    ),
    (
        "grants_expire",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'donor', NULL, '2022-01-01' FROM one",
    ),
    (
        "grants_never_prolonged",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'donor', NULL, '2022-01-01', '2022-02-01' FROM one; \
         UPDATE grants SET valid_until = '2022-03-01'",
    ),
    (
        "grants_no_overlap",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'donor', NULL, '2022-01-01', '2022-02-01' \
         FROM one, generate_series(1, 2)",
    ),
    (
        "grants_period",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'donor', NULL, '2022-01-02', '2022-01-01' FROM one",
    ),
    (
        "grants_reads_as",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'integrator', NULL, '2022-01-01', '2022-02-01' FROM one",
    ),
    (
        "grants_reads_as_of_agency",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'integrator', 'clinician', '2022-01-01', '2022-02-01' FROM one",
    ),
    (
        "grants_role",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'superuser', NULL, '2022-01-01', '2022-02-01' FROM one",
    ),
    (
        "grants_role_of_agency",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'clinician', NULL, '2022-01-01', '2022-02-01' FROM one",
    ),
    (
        "grants_roles_compatible",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, role, NULL, '2022-01-01', '2022-02-01' \
         FROM one, unnest(ARRAY['donor', 'employer']) AS role",
    ),
    ("households_code_key", "UPDATE households SET code = 'SAME'"),
    (
        "idempotency_keys_form",
        "INSERT INTO idempotency_keys SELECT someone, 'short', 'b', '', now() FROM one",
    ),
    ("incompatible_roles_order", "INSERT INTO incompatible_roles VALUES ('kitchen', 'clinician')"),
    ("items_code_key", "UPDATE items SET code = 'SAME'"),
    ("items_unit", "UPDATE items SET unit = 'BARREL'"),
    (
        "journal_entries_erased_whole",
        "INSERT INTO journal_entries (id, programme_id, leaf, part_classes, part_subjects, part_salts, part_contents) \
         SELECT gen_random_uuid(), gen_random_uuid(), 'leaf', '{PUBLIC}', '{NULL}', '{NULL}', '{content}'",
    ),
    (
        "journal_entries_parts",
        "INSERT INTO journal_entries (id, programme_id, leaf, part_classes, part_subjects, part_salts, part_contents) \
         SELECT gen_random_uuid(), gen_random_uuid(), 'leaf', '{PUBLIC}', '{NULL}', '{}', '{}'",
    ),
    ("journal_index_entry_key", "INSERT INTO journal_index SELECT 1, entry FROM one"),
    ("journal_index_not_negative", "INSERT INTO journal_index SELECT -1, gen_random_uuid()"),
    ("locations_code_key", "UPDATE locations SET code = 'SAME'"),
    ("locations_kind", "UPDATE locations SET kind = 'GARAGE', shelter_id = NULL"),
    ("locations_shelter", "UPDATE locations SET shelter_id = NULL WHERE kind = 'SHELTER_STORE'"),
    ("lots_code_key", "UPDATE lots SET code = 'SAME'"),
    ("lots_condition", "UPDATE lots SET condition = 'BROKEN' FROM one WHERE id = lot"),
    ("lots_expiry", "UPDATE lots SET expires_on = received_on - 1 FROM one WHERE id = lot"),
    ("lots_received_positive", "UPDATE lots SET received = 0 FROM one WHERE id = lot"),
    (
        "movements_distinct_ends",
        "INSERT INTO movements SELECT gen_random_uuid(), lot, 'TRANSFER', store, store, 1, NULL, now(), now() FROM one",
    ),
    (
        "movements_ends",
        "INSERT INTO movements SELECT gen_random_uuid(), lot, 'TRANSFER', store, NULL, 1, NULL, now(), now() FROM one",
    ),
    (
        "movements_kind",
        "INSERT INTO movements SELECT gen_random_uuid(), lot, 'THEFT', store, NULL, 1, NULL, now(), now() FROM one",
    ),
    (
        "movements_quantity_positive",
        "INSERT INTO movements SELECT gen_random_uuid(), lot, 'RECEIPT', NULL, store, 0, NULL, now(), now() FROM one",
    ),
    ("persons_adult_from", "UPDATE persons SET adult_from = '2030-06-01'"),
    ("persons_code_key", "UPDATE persons SET code = 'SAME'"),
    (
        "programmes_code_key",
        "INSERT INTO programmes SELECT gen_random_uuid(), code, name, time_zone, starts_on FROM programmes",
    ),
    ("programmes_period", "UPDATE programmes SET ends_on = starts_on - 1"),
    (
        "referrals_answered_once",
        "UPDATE referrals SET declined_at = accepted_at WHERE accepted_at IS NOT NULL",
    ),
    (
        "referrals_consent_stands",
        "INSERT INTO referrals (id, programme_id, person_id, sender, recipient, purpose, legal_basis, opened_at) \
         SELECT gen_random_uuid(), programme_id, id, 'DIF_MUNICIPAL', 'UNICEF', 'HOUSING', 'CONSENT', '2022-01-31' FROM persons",
    ),
    (
        "referrals_declined_is_over",
        "UPDATE referrals SET ended_at = declined_at WHERE declined_at IS NOT NULL",
    ),
    ("referrals_elsewhere", "UPDATE referrals SET recipient = sender"),
    ("referrals_legal_basis", "UPDATE referrals SET legal_basis = 'WISH'"),
    (
        "referrals_open_once",
        "INSERT INTO referrals (id, programme_id, person_id, sender, recipient, purpose, legal_basis, opened_at) \
         SELECT gen_random_uuid(), programme_id, id, 'DIF_MUNICIPAL', 'UNICEF', 'HOUSING', 'LEGAL_DUTY', '2022-01-31' \
         FROM persons, generate_series(1, 2)",
    ),
    (
        "referrals_order",
        "UPDATE referrals SET accepted_at = opened_at - interval '1 day' WHERE accepted_at IS NULL AND declined_at IS NULL",
    ),
    ("referrals_purpose", "UPDATE referrals SET purpose = 'CURIOSITY'"),
    ("referrals_settled", "UPDATE referrals SET accepted_at = NULL WHERE accepted_at IS NOT NULL"),
    ("role_agencies_pattern", "UPDATE role_agencies SET pattern = 'lower'"),
    ("shelters_code_key", "UPDATE shelters SET code = 'SAME'"),
    ("shelters_period", "UPDATE shelters SET closed_on = opened_on - 1"),
    (
        "spaces_capacity_not_negative",
        "UPDATE spaces SET occupied = 0, capacity = -1 FROM one WHERE id = space",
    ),
    ("spaces_code_key", "UPDATE spaces SET code = 'SAME'"),
    ("spaces_occupied_not_negative", "UPDATE spaces SET occupied = -1 FROM one WHERE id = space"),
    (
        "spaces_occupied_within_capacity",
        "UPDATE spaces SET occupied = capacity + 1 FROM one WHERE id = space",
    ),
    ("spaces_segment", "UPDATE spaces SET segment = 'EVERYBODY'"),
    ("users_subject_form", "UPDATE users SET subject = '' FROM one WHERE id = someone"),
    (
        "users_subject_key",
        "INSERT INTO users SELECT gen_random_uuid(), agency_id, subject FROM users LIMIT 1",
    ),
];

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
        ],
    )
    .await;
    let scratch = Scratch::with_programme().await;
    let client = scratch.connect().await;
    let differing = "SELECT count(*) FROM lots \
                     JOIN items ON items.id = item_id JOIN categories ON categories.id = category_id \
                     JOIN donors ON donors.id = donor_id LEFT JOIN agencies ON agencies.id = agency_id \
                     WHERE lots.stock_kind <> categories.stock_kind OR lots.donor_agency IS DISTINCT FROM agencies.code";
    let differ = async || client.query_one(differing, &[]).await.unwrap().get::<_, i64>(0);
    assert_eq!(differ().await, 0, "as loaded");
    for change in [
        "UPDATE categories SET stock_kind = 'medical' WHERE stock_kind = 'food'",
        "UPDATE agencies SET code = 'DIF_OTRO' WHERE code = 'DIF_ESTATAL'",
        "UPDATE lots SET donor_id = (SELECT id FROM donors WHERE kind = 'PERSON' LIMIT 1)",
        "UPDATE lots SET donor_id = (SELECT id FROM donors WHERE kind = 'AGENCY' LIMIT 1)",
        "UPDATE lots SET item_id = (SELECT id FROM items ORDER BY code LIMIT 1)",
    ] {
        client.batch_execute(change).await.unwrap();
        assert_eq!(differ().await, 0, "{change}");
    }
    drop(client);
    scratch.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_constraint_of_the_schema_refuses_what_it_is_for() {
    let breaches: Vec<_> = BREACHES.iter().map(|(name, statement)| (*statement, Some(*name))).collect();
    each_says(OWNER, &breaches).await;
    let scratch = Scratch::with_programme().await;
    let client = scratch.connect().await;
    let rows = client
        .query(
            "SELECT conname::text FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'u', 'x', 't') \
             AND conrelid::regclass::text NOT LIKE '%diesel%' ORDER BY 1",
            &[],
        )
        .await
        .unwrap();
    let known: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(known, BREACHES.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>());
    drop(client);
    scratch.drop().await;
}

/// R4: a server asks one number to learn that nobody's authority changed, so every change must raise it, whoever makes it.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_changes_authority_raises_its_version() {
    let scratch = Scratch::with_programme().await;
    let client = scratch.connect().await;
    client.batch_execute("INSERT INTO revoked_tokens VALUES ('kept', now())").await.unwrap();
    let version = async || -> i64 {
        client.query_one("SELECT version FROM authority_version", &[]).await.unwrap().get(0)
    };
    for table in
        ["agencies", "agreements", "grants", "grant_shelters", "programmes", "revoked_tokens", "users"]
    {
        let column: String = client
            .query_one(
                "SELECT attname::text FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum = 1",
                &[&table],
            )
            .await
            .unwrap()
            .get(0);
        let before = version().await;
        client.batch_execute(&format!("UPDATE {table} SET {column} = {column}")).await.unwrap();
        assert!(version().await > before, "an update of {table}");
        let before = version().await;
        client.batch_execute(&format!("INSERT INTO {table} SELECT * FROM {table} LIMIT 0")).await.unwrap();
        assert!(version().await > before, "an insertion into {table}");
        let before = version().await;
        client.batch_execute(&format!("DELETE FROM {table} WHERE false")).await.unwrap();
        assert!(version().await > before, "a deletion from {table}");
    }
    let before = version().await;
    client.batch_execute("UPDATE spaces SET occupied = occupied; DELETE FROM journal_queue").await.unwrap();
    assert_eq!(version().await, before, "what changes nobody's authority is not looked at");
    drop(client);
    scratch.drop().await;
}

/// What the server may do, and nothing besides: it owns no table, so that no line of it can rewrite what was done.
#[tokio::test(flavor = "multi_thread")]
async fn the_server_has_these_privileges_and_no_other() {
    let append = "INSERT, SELECT";
    let expected = BTreeMap::from([
        ("agencies", "SELECT"),
        ("agreements", "SELECT, UPDATE (valid_until, version)"),
        ("assessments", "SELECT"),
        ("authority_version", "SELECT"),
        ("balances", "INSERT, SELECT, UPDATE (quantity, version)"),
        ("break_glass_accesses", "INSERT, SELECT, UPDATE (ended_at)"),
        ("categories", "SELECT"),
        ("centres", "SELECT"),
        (
            "consents",
            "INSERT (ends_at, given_at, id, person_id, programme_id, purpose, recipient), SELECT, UPDATE (version, withdrawn_at)",
        ),
        ("diagnoses", "SELECT"),
        ("donors", "SELECT"),
        ("enrolments", "SELECT"),
        ("grant_shelters", append),
        ("grants", "INSERT, SELECT, UPDATE (valid_until, version)"),
        ("households", "SELECT"),
        ("idempotency_keys", "DELETE, INSERT, SELECT"),
        ("incompatible_roles", "SELECT"),
        ("items", "SELECT"),
        ("journal_entries", append),
        ("journal_index", append),
        ("journal_queue", "DELETE, INSERT, SELECT"),
        ("locations", "SELECT"),
        ("lots", "SELECT"),
        ("movements", append),
        ("persons", "SELECT"),
        ("programmes", "SELECT"),
        (
            "referrals",
            "INSERT (id, legal_basis, opened_at, person_id, programme_id, purpose, recipient, sender), SELECT, \
             UPDATE (accepted_at, declined_at, ended_at, version)",
        ),
        ("revoked_tokens", append),
        ("role_agencies", "SELECT"),
        ("roles", "SELECT"),
        ("shares", "SELECT"),
        ("shelters", "SELECT"),
        ("spaces", "SELECT, UPDATE (counted_at, occupied, version)"),
        ("users", "SELECT, UPDATE (active, version)"),
    ]);
    let scratch = Scratch::with_programme().await;
    let client = scratch.connect().await;
    let rows = client
        .query(
            "WITH whole AS (SELECT table_name::text AS of, privilege_type::text AS may FROM information_schema.role_table_grants \
                 WHERE grantee = 'enlace_app'), \
             partial AS (SELECT table_name::text AS of, format('%s (%s)', privilege_type, \
                     string_agg(column_name::text, ', ' ORDER BY column_name::text)) AS may \
                 FROM information_schema.role_column_grants c WHERE grantee = 'enlace_app' AND NOT EXISTS \
                     (SELECT FROM whole WHERE of = c.table_name AND may = c.privilege_type) \
                 GROUP BY table_name, privilege_type) \
             SELECT of, string_agg(may, ', ' ORDER BY may) FROM (TABLE whole UNION ALL TABLE partial) AS held GROUP BY of",
            &[],
        )
        .await
        .unwrap();
    let held: BTreeMap<String, String> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let held: BTreeMap<&str, &str> = held.iter().map(|(of, may)| (of.as_str(), may.as_str())).collect();
    assert_eq!(held, expected);
    drop(client);
    each_says(
        SERVER,
        &[
            ("UPDATE movements SET quantity = 1", DENIED),
            ("UPDATE spaces SET capacity = 1000", DENIED),
            ("UPDATE journal_entries SET part_salts[1] = NULL, part_contents[1] = NULL", DENIED),
            ("SELECT erase_journal_part(entry, 0) FROM one", DENIED),
            ("DELETE FROM journal_index", DENIED),
            ("TRUNCATE journal_entries", DENIED),
            ("DELETE FROM grants", DENIED),
            ("UPDATE grants SET role = role", DENIED),
            ("DELETE FROM revoked_tokens", DENIED),
            ("CREATE TABLE own (x int)", DENIED),
            ("ALTER TABLE movements DISABLE TRIGGER ALL", DENIED),
        ],
    )
    .await;
    scratch.drop().await;
}

/// A law that the code answers for by name must be called so in the database.
#[tokio::test(flavor = "multi_thread")]
async fn every_constraint_that_the_code_names_exists() {
    let scratch = Scratch::with_programme().await;
    let client = scratch.connect().await;
    let column =
        |rows: Vec<tokio_postgres::Row>| rows.iter().map(|row| row.get(0)).collect::<BTreeSet<String>>();
    let tables = column(
        client.query("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'", &[]).await.unwrap(),
    );
    let known = column(client.query("SELECT conname::text FROM pg_constraint", &[]).await.unwrap());
    let mut named = BTreeSet::new();
    for source in sources(&project().join("schema/src")) {
        let text = std::fs::read_to_string(source).unwrap();
        if text.contains("constraint(") {
            let quoted = text.split('"').map(str::to_owned);
            named.extend(quoted.filter(|name| {
                tables.iter().any(|table| name.starts_with(&format!("{table}_")))
                    && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            }));
        }
    }
    assert!(named.contains("spaces_occupied_within_capacity"), "{named:?}");
    assert_eq!(named.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new());
    drop(client);
    scratch.drop().await;
}

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// Everything that migrations make, as text: columns, constraints, indexes, triggers, functions and privileges. The table in which
/// it is kept which of them have run is left out.
const SCHEMA: &str = "
    SELECT coalesce(string_agg(line, E'\\n' ORDER BY line), '') FROM (
        SELECT format('%s.%s %s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
            pg_get_expr(d.adbin, d.adrelid)) AS line
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
        UNION ALL SELECT format('%s %s', relname, relacl) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        UNION ALL SELECT format('%s %s %s', attrelid::regclass, attname, attacl) FROM pg_attribute WHERE attacl IS NOT NULL
            AND attrelid >= 16384
        UNION ALL SELECT format('schema %s', acl) FROM pg_namespace, unnest(nspacl) AS acl WHERE nspname = 'public'
        UNION ALL SELECT format('extension %s', extname) FROM pg_extension
    ) AS made WHERE line NOT LIKE '%__diesel_schema_migrations%'";

async fn schema(client: &Client) -> String {
    client.query_one(SCHEMA, &[]).await.unwrap().get(0)
}

/// The migrations' folders, in order.
fn migrations() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(project().join("migrations")).unwrap();
    let mut folders: Vec<PathBuf> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

async fn run_file(client: &Client, folder: &Path, file: &str) {
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    client
        .batch_execute(&text)
        .await
        .unwrap_or_else(|error| panic!("{}/{file}: {error:?}", folder.display()));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_migration_down_and_up_again_leaves_the_same_schema() {
    let scratch = Scratch::empty().await;
    let client = scratch.connect().await;
    let mut before = vec![schema(&client).await];
    for folder in &migrations() {
        run_file(&client, folder, "up.sql").await;
        before.push(schema(&client).await);
    }
    let whole = before.pop().unwrap();
    for folder in migrations().iter().rev() {
        run_file(&client, folder, "down.sql").await;
        assert_eq!(Some(schema(&client).await), before.pop(), "after {} was undone", folder.display());
    }
    for folder in &migrations() {
        run_file(&client, folder, "up.sql").await;
    }
    assert_eq!(schema(&client).await, whole);
    drop(client);
    scratch.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_migrated_already_is_left_alone() {
    let scratch = Scratch::empty().await;
    assert_eq!(enlace_schema::migrate(&scratch.owner).await.unwrap(), migrations().len());
    let client = scratch.connect().await;
    let once = schema(&client).await;
    assert_eq!(enlace_schema::migrate(&scratch.owner).await.unwrap(), 0);
    assert_eq!(schema(&client).await, once);
    drop(client);
    scratch.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_migrate_at_once_run_each_migration_once() {
    let scratch = Scratch::empty().await;
    let migrate = || {
        let owner = scratch.owner.clone();
        tokio::spawn(async move { enlace_schema::migrate(&owner).await.unwrap() })
    };
    let both = [migrate(), migrate(), migrate()];
    let mut run = 0;
    for one in both {
        run += one.await.unwrap();
    }
    assert_eq!(run, migrations().len());
    scratch.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_version_is_refused_and_left_as_it_is() {
    let scratch = Scratch::with_programme().await;
    let client = scratch.connect().await;
    client
        .batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000001')")
        .await
        .unwrap();
    let before = schema(&client).await;
    let refused = enlace_schema::migrate(&scratch.owner).await.unwrap_err();
    assert!(matches!(&refused, MigrationError::Newer(version) if version == "20990101000001"), "{refused}");
    assert!(refused.to_string().contains("newer"), "{refused}");
    assert_eq!(schema(&client).await, before);
    drop(client);
    scratch.drop().await;
}

/// The disk fills up in the middle of a migration: what it had done is gone, what earlier ones did stays, and with room again it
/// goes on from there.
#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_fails_half_way_leaves_nothing_and_can_be_run_again() {
    let scratch = Scratch::empty().await;
    let client = scratch.connect().await;
    client
        .batch_execute(
            "CREATE SCHEMA disk; \
             CREATE FUNCTION disk.fill() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN \
                 IF current_query() LIKE '%CREATE TABLE movements%' AND to_regclass('lots_by_donor') IS NOT NULL THEN \
                     RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; \
                 END IF; \
             END $$; \
             CREATE EVENT TRIGGER disk_full ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION disk.fill()",
        )
        .await
        .unwrap();
    let failed = enlace_schema::migrate(&scratch.owner).await.unwrap_err();
    assert!(matches!(&failed, MigrationError::Failed(why) if why.contains("No space left")), "{failed}");
    let (lots, shelters): (bool, bool) = {
        let row = client
            .query_one("SELECT to_regclass('lots') IS NOT NULL, to_regclass('shelters') IS NOT NULL", &[])
            .await
            .unwrap();
        (row.get(0), row.get(1))
    };
    assert!(!lots, "what the failing migration had made before it failed is gone");
    assert!(shelters, "what an earlier migration made stays");

    client.batch_execute("DROP EVENT TRIGGER disk_full; DROP SCHEMA disk CASCADE").await.unwrap();
    let left = migrations().len() - 3;
    assert_eq!(enlace_schema::migrate(&scratch.owner).await.unwrap(), left);
    let whole = schema(&client).await;
    let other = Scratch::empty().await;
    enlace_schema::migrate(&other.owner).await.unwrap();
    assert_eq!(schema(&other.connect().await).await, whole);
    other.drop().await;
    drop(client);
    scratch.drop().await;
}
