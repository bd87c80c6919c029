//! The demonstration programme: what it holds, that it is the same everywhere, and that it is told from a real one.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use enlace_schema::demo;
use enlace_tests::{Client, Scratch, World, at, codes, connect};
use serde_json::{Value as Json, json};

/// A database with the programme as it stands on a day.
async fn loaded(day: NaiveDate) -> (Scratch, demo::Summary) {
    let scratch = Scratch::empty().await;
    scratch.migrate().await;
    let summary = load(&scratch, day).await.unwrap();
    (scratch, summary)
}

async fn load(scratch: &Scratch, day: NaiveDate) -> Result<demo::Summary, demo::Error> {
    demo::load(&mut scratch.connect().await, &scratch.keys().await, day, DateTime::UNIX_EPOCH).await
}

async fn number(client: &tokio_postgres::Client, query: &str) -> i64 {
    client.query_one(query, &[]).await.unwrap_or_else(|error| panic!("{query}: {error}")).get(0)
}

/// The agencies of the source, in the order of their codes.
const AGENCIES: [&str; 18] = [
    "ACNUR",
    "BISOM",
    "CDM",
    "CEDH",
    "CNDH",
    "DIF_ESTATAL",
    "DIF_MUNICIPAL",
    "DSPM",
    "IMACUM",
    "IMDECUF",
    "INEA",
    "ISESALUD",
    "OIM",
    "ONU",
    "PCE",
    "RP",
    "SEDENA",
    "UNICEF",
];

#[tokio::test(flavor = "multi_thread")]
async fn eighteen_agencies_and_further_organisations_take_part() {
    let world = World::start().await;
    let answer =
        world.public().query("{ agencies { code name kind part } viewer { programme synthetic } }").await;
    assert_eq!(codes(&answer), Vec::<String>::new());
    let agencies = at(&answer, "data.agencies").as_array().unwrap();
    let mut named: Vec<&str> = Vec::new();
    let mut ngos = 0;
    for agency in agencies {
        let code = agency["code"].as_str().unwrap();
        if code.starts_with("NGO_") {
            assert_eq!(agency["kind"], "NGO", "{agency}");
            ngos += 1;
        } else if !code.starts_with("EMPLEADOR_") {
            named.push(code);
        }
        assert!(!agency["name"].as_str().unwrap().is_empty() && !agency["part"].as_str().unwrap().is_empty());
    }
    assert_eq!(named, AGENCIES);
    assert!(ngos >= 6, "{ngos}");
    assert_eq!(at(&answer, "data.viewer.synthetic"), true);
    assert!(at(&answer, "data.viewer.programme").as_str().unwrap().contains("datos sintéticos"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twelve_shelters_in_centres_of_which_eight_are_lent() {
    let world = World::start().await;
    let client = world.client("DIF_MUNICIPAL/coordinator");
    let board = client
        .query("{ shelters { code openedOn closedOn centre { lender { code } } spaces { segment capacity occupied } } }")
        .await;
    assert_eq!(codes(&board), Vec::<String>::new());
    let shelters = at(&board, "data.shelters").as_array().unwrap();
    let expected: Vec<String> = (1..=12).map(|number| format!("ALB-{number:02}")).collect();
    assert_eq!(
        shelters.iter().map(|shelter| shelter["code"].as_str().unwrap()).collect::<Vec<_>>(),
        expected
    );
    let mut lent: BTreeMap<&str, usize> = BTreeMap::new();
    let mut places = 0;
    for shelter in shelters {
        if let Some(lender) = at(shelter, "centre.lender.code").as_str() {
            *lent.entry(lender).or_default() += 1;
        }
        let opened = shelter["openedOn"].as_str().unwrap();
        assert!(("2021-12-09".."2022-02-01").contains(&opened) && shelter["closedOn"].is_null(), "{shelter}");
        for space in shelter["spaces"].as_array().unwrap() {
            let (capacity, occupied) =
                (space["capacity"].as_i64().unwrap(), space["occupied"].as_i64().unwrap());
            assert!(occupied <= capacity, "{space}");
            places += capacity;
        }
    }
    assert_eq!(lent.values().sum::<usize>(), 8);
    assert_eq!(lent.keys().copied().collect::<Vec<_>>(), ["BISOM", "IMACUM", "IMDECUF"]);
    assert!(places >= 2_767, "everyone who came finds a place: {places}");
    world.stop().await;
}

/// All pages of what a store holds, added up.
async fn held(client: &Client, store: &Json) -> i64 {
    let (mut after, mut sum) = (Json::Null, 0);
    loop {
        let document = "query($store: ID!, $after: String) { stock(location: $store, first: 500, after: $after) { \
                        pageInfo { hasNextPage endCursor } nodes { quantity } } }";
        let page = client.run(document, json!({"store": store, "after": after})).await;
        assert_eq!(codes(&page), Vec::<String>::new(), "{page}");
        let stock = at(&page, "data.stock");
        for row in stock["nodes"].as_array().unwrap() {
            sum += row["quantity"].as_str().unwrap().split_once(' ').unwrap().0.parse::<i64>().unwrap();
        }
        if at(stock, "pageInfo.hasNextPage") == false {
            return sum;
        }
        after = at(stock, "pageInfo.endCursor").clone();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_received_adds_up_to_48_963_articles_wherever_they_are_now() {
    let world = World::start().await;
    let database = world.database().await;
    assert_eq!(number(&database, "SELECT sum(received) FROM lots").await, 48_963);
    let received = "SELECT sum(quantity) FROM movements WHERE kind = 'RECEIPT'";
    assert_eq!(number(&database, received).await, 48_963);
    let gone = "SELECT sum(quantity) FROM movements WHERE kind IN ('DELIVERY', 'WRITE_OFF')";
    let gone = number(&database, gone).await;
    assert!(gone > 1_000, "they are partly given out: {gone}");
    let client = world.client("DIF_MUNICIPAL/donation_coordinator");
    let stores = client.query("{ locations { id } }").await;
    let mut in_store = 0;
    for store in at(&stores, "data.locations").as_array().unwrap() {
        in_store += held(&client, &store["id"]).await;
    }
    assert_eq!(in_store, 48_963 - gone);
    world.stop().await;
}

/// R32, on the first day, on a busy one and on the last: for every item, received = in store + delivered + written off, every balance is
/// the sum of its movements, and no store ever held less than nothing.
#[tokio::test(flavor = "multi_thread")]
async fn every_item_balances_on_every_day() {
    for day in
        [demo::STARTS_ON, NaiveDate::from_ymd_opt(2021, 12, 24).unwrap(), demo::DEFAULT_DAY, demo::ENDS_ON]
    {
        let (scratch, summary) = loaded(day).await;
        let client = scratch.connect().await;
        let unbalanced = number(
            &client,
            "SELECT count(*) FROM items i WHERE \
             (SELECT coalesce(sum(received), 0) FROM lots WHERE item_id = i.id) <> \
             (SELECT coalesce(sum(b.quantity), 0) FROM balances b JOIN lots l ON l.id = b.lot_id WHERE l.item_id = i.id) + \
             (SELECT coalesce(sum(m.quantity), 0) FROM movements m JOIN lots l ON l.id = m.lot_id \
                WHERE l.item_id = i.id AND m.kind IN ('DELIVERY', 'WRITE_OFF'))",
        );
        assert_eq!(unbalanced.await, 0, "{day}");
        let legs = "SELECT lot_id, to_id AS store, quantity, occurred_at, id FROM movements WHERE to_id IS NOT NULL \
                    UNION ALL SELECT lot_id, from_id, -quantity, occurred_at, id FROM movements WHERE from_id IS NOT NULL";
        let overdrawn = format!(
            "SELECT count(*) FROM (SELECT sum(quantity) OVER (PARTITION BY lot_id, store ORDER BY occurred_at, quantity DESC) AS held \
             FROM ({legs}) AS legs) AS history WHERE held < 0"
        );
        assert_eq!(number(&client, &overdrawn).await, 0, "{day}");
        let adrift = format!(
            "SELECT count(*) FROM balances b FULL JOIN (SELECT lot_id, store, sum(quantity) AS quantity FROM ({legs}) AS legs \
             GROUP BY lot_id, store) AS l ON (l.lot_id, l.store) = (b.lot_id, b.location_id) \
             WHERE coalesce(b.quantity, 0) <> coalesce(l.quantity, 0)"
        );
        assert_eq!(number(&client, &adrift).await, 0, "{day}");
        // Nothing is of a later day than the one on which it stands.
        let noon = day.and_hms_opt(20, 0, 0).unwrap().and_utc();
        let later: i64 = client
            .query_one(
                "SELECT (SELECT count(*) FROM movements WHERE greatest(occurred_at, recorded_at) > $1) + \
                 (SELECT count(*) FROM spaces WHERE counted_at > $1)",
                &[&noon],
            )
            .await
            .unwrap()
            .get(0);
        assert_eq!(later, 0, "{day}");
        assert_eq!(
            number(&client, "SELECT coalesce(sum(received), 0) FROM lots").await,
            i64::from(summary.articles)
        );
        drop(client);
        scratch.drop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_its_last_day_it_is_closed_and_on_its_first_it_has_hardly_begun() {
    let (last, summary) = loaded(demo::ENDS_ON).await;
    assert_eq!((summary.shelters, summary.articles), (12, 48_963));
    let client = last.connect().await;
    assert_eq!(number(&client, "SELECT count(*) FROM shelters WHERE closed_on = '2022-03-31'").await, 12);
    assert_eq!(number(&client, "SELECT sum(occupied) FROM spaces").await, 0, "everyone has departed");
    assert_eq!(number(&client, "SELECT count(*) FROM programmes WHERE demo_day = '2022-03-31'").await, 1);
    let jobs = "SELECT count(*) FROM job_placements WHERE formal AND started_on <= '2022-03-31' \
                AND (ended_on IS NULL OR ended_on > '2022-03-31')";
    assert_eq!(number(&client, jobs).await, 2_000);
    let completed = "SELECT count(DISTINCT person_id) FROM rfc_procedures WHERE state = 'COMPLETED'";
    assert_eq!(number(&client, completed).await, 900);
    assert_eq!(number(&client, "SELECT count(*) FROM job_events WHERE kind = 'JOB_FAIR'").await, 3);
    drop(client);
    last.drop().await;

    let (first, summary) = loaded(demo::STARTS_ON).await;
    assert!(summary.shelters < 12 && summary.articles < 10_000, "{summary:?}");
    first.drop().await;
}

/// Every row of every table, as text.
async fn contents(scratch: &Scratch) -> BTreeMap<String, Vec<String>> {
    let client = scratch.connect().await;
    let tables = client
        .query("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%diesel%'", &[])
        .await
        .unwrap();
    let mut contents = BTreeMap::new();
    for table in tables {
        let table: String = table.get(0);
        let rows = client.query(&format!("SELECT t::text FROM {table} t ORDER BY 1"), &[]).await.unwrap();
        contents.insert(table, rows.iter().map(|row| row.get(0)).collect());
    }
    contents
}

#[tokio::test(flavor = "multi_thread")]
async fn two_loads_are_equal_row_by_row() {
    let ((one, first), (other, second)) = tokio::join!(loaded(demo::DEFAULT_DAY), loaded(demo::DEFAULT_DAY));
    assert_eq!(first, second);
    let (here, there) = (contents(&one).await, contents(&other).await);
    assert!(here["movements"].len() > 1_000 && here["lots"].len() > 1_000);
    for (table, rows) in &here {
        assert!(*rows == there[table], "{table} differs");
    }
    one.drop().await;
    other.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_invented_says_so_and_nobody_can_be_written_to() {
    let scratch = Scratch::with_programme().await;
    let client = scratch.connect().await;
    assert_eq!(
        number(
            &client,
            "SELECT count(*) FROM programmes WHERE demo_day IS NOT NULL AND name LIKE '%sintéticos%'"
        )
        .await,
        1
    );
    let private = number(&client, "SELECT count(*) FROM donors WHERE kind <> 'AGENCY'").await;
    assert!(private > 50);
    let marked = "SELECT count(*) FROM donors WHERE kind <> 'AGENCY' AND coalesce(contact LIKE '%@example.org', true) AND name ILIKE '%sintétic%'";
    assert_eq!(number(&client, marked).await, private);
    assert_eq!(
        number(
            &client,
            "SELECT count(*) FROM donors WHERE kind = 'AGENCY' AND contact NOT LIKE '%example.org'"
        )
        .await,
        0
    );
    // The journal begins with what someone does in the demonstration.
    assert_eq!(number(&client, "SELECT count(*) FROM journal_entries").await, 0);
    drop(client);
    scratch.drop().await;
}

/// The database fails in the middle of the load, as when its disk is full: nothing of the programme is there, and with room again
/// the load is whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_fails_half_way_leaves_nothing_and_can_be_repeated() {
    let scratch = Scratch::empty().await;
    scratch.migrate().await;
    let empty = contents(&scratch).await;
    let client = scratch.connect().await;
    client
        .batch_execute(
            "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 IF (SELECT count(*) FROM balances) >= 500 THEN \
                     RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; \
                 END IF; RETURN NEW; \
             END $$; \
             CREATE TRIGGER disk_full AFTER INSERT ON balances FOR EACH STATEMENT EXECUTE FUNCTION disk_full()",
        )
        .await
        .unwrap();
    let failed = load(&scratch, demo::DEFAULT_DAY).await.unwrap_err();
    assert!(matches!(failed, demo::Error::Database(_)), "{failed:?}");
    // Raising the version of authority went with the rest.
    assert_eq!(contents(&scratch).await, empty);
    client.batch_execute("DROP TRIGGER disk_full ON balances; DROP FUNCTION disk_full").await.unwrap();
    assert_eq!(load(&scratch, demo::DEFAULT_DAY).await.unwrap().articles, 48_963);
    drop(client);
    scratch.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_outside_the_programme_is_refused() {
    let scratch = Scratch::empty().await;
    scratch.migrate().await;
    for day in [demo::STARTS_ON.pred_opt().unwrap(), demo::ENDS_ON.succ_opt().unwrap()] {
        let refused = load(&scratch, day).await.unwrap_err();
        assert!(matches!(refused, demo::Error::Day(named) if named == day), "{refused}");
    }
    assert_eq!(number(&connect(&scratch.owner).await, "SELECT count(*) FROM programmes").await, 0);
    scratch.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_clock_reads_noon_of_its_day_and_goes_on() {
    let scratch = Scratch::empty().await;
    scratch.migrate().await;
    let keys = scratch.keys().await;
    demo::load(&mut scratch.connect().await, &keys, demo::DEFAULT_DAY, Utc::now()).await.unwrap();
    let world = World::with().start_on(scratch).await;
    let now = async || -> DateTime<Utc> {
        let viewer = world.public().query("{ viewer { now } }").await;
        at(&viewer, "data.viewer.now").as_str().unwrap().parse().unwrap()
    };
    let noon: DateTime<Utc> = "2022-01-31T20:00:00Z".parse().unwrap();
    let (first, second) = (now().await, now().await);
    assert!(
        noon <= first && first < second && second < noon + chrono::TimeDelta::minutes(10),
        "{first} {second}"
    );
    world.stop().await;
}
