//! Migrations: down and up again, once each, by one at a time, and all or nothing.

use std::path::{Path, PathBuf};

use enlace_schema::MigrationError;
use enlace_tests::Scratch;
use tokio_postgres::Client;

use super::project;

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
