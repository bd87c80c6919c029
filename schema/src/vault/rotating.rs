//! Rotation: another key for a person, and what is sealed of them sealed anew under it (R21, R23).
//!
//! First the new keys are made: from then on they seal, and the old ones open still. Whatever writes sealed data asks for keys within its
//! transaction; so once those have ended that began before, nothing more comes under an old key. Pass after pass goes over what there is,
//! until one finds nothing. Then whoever has read something is given the time to open it, another pass finds nothing still, and the old
//! keys are destroyed. Ended at any moment, it goes on where it was when it is run again.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;
use uuid::Uuid;

use super::resealing::{Passed, Turn, Turns, pass};
use crate::database::{APPLICATION, connect};
use crate::system::{Clock, Random};

/// How many people's keys are replaced, or gone over, at a time.
const PEOPLE: usize = 500;
/// How long it is waited for transactions to end; the server's own statements take seconds.
const PATIENCE: Duration = Duration::from_mins(10);
/// How long it is waited before it is looked again.
const MOMENT: Duration = Duration::from_millis(50);

/// What its connections are called.
const ROTATION: &str = "enlace keys rotate";

/// One rotation at a time: held in the keys' database for as long as it runs.
const ALONE: &str = "SELECT pg_try_advisory_lock(hashtext('enlace keys rotate'))";

/// Those of some people, and of those whose keys were made until a time or before it was kept, who have no old key yet.
const CHOSEN: &str = "\
SELECT person_id FROM person_keys \
WHERE ($1::uuid[] IS NULL OR person_id = ANY($1)) AND ($2::timestamptz IS NULL OR made_at IS NULL OR made_at <= $2) \
    AND NOT EXISTS (SELECT FROM person_old_keys AS old WHERE old.person_id = person_keys.person_id) ORDER BY person_id";

/// Gives people new keys, and keeps the old ones beside them. Who is erased meanwhile gets none.
const REPLACE: &str = "\
WITH held AS ( \
    SELECT person_id, person_keys.key, fresh.key AS fresh \
    FROM person_keys JOIN unnest($1::uuid[], $2::bytea[]) AS fresh (person_id, key) USING (person_id) FOR UPDATE OF person_keys), \
kept AS (INSERT INTO person_old_keys (person_id, key) SELECT person_id, key FROM held ON CONFLICT DO NOTHING RETURNING person_id) \
UPDATE person_keys SET key = held.fresh, made_at = $3 FROM held JOIN kept USING (person_id) \
WHERE person_keys.person_id = held.person_id";

const BOTH: &str = "\
SELECT person_id, old.key, person_keys.key FROM person_old_keys AS old JOIN person_keys USING (person_id) WHERE person_id = ANY($1)";

/// The transactions of servers that are open.
const OPEN: &str = "\
SELECT virtualtransaction FROM pg_locks JOIN pg_stat_activity USING (pid) \
WHERE locktype = 'virtualxid' AND mode = 'ExclusiveLock' AND granted AND datname = current_database() AND application_name = $1";

/// Who is to have another key. Whose was replaced before, and is not done with, is gone on with in any case.
#[derive(Debug, Clone)]
pub enum Whose {
    /// Nobody else.
    Nobody,
    /// These people.
    These(Vec<Uuid>),
    /// Everyone.
    Everyone,
    /// Those whose key was made until then, or before it was kept when keys are made.
    MadeUntil(DateTime<Utc>),
}

/// What a rotation came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Rotated {
    /// How many people got another key.
    pub keys_made: u64,
    /// How many values were sealed anew.
    pub values_resealed: u64,
    /// How many old keys were destroyed.
    pub keys_destroyed: u64,
    /// Of how many people something opens with neither of their keys: their old ones are kept.
    pub people_unreadable: u64,
}

/// Why a rotation does not get to its end. Run again, it goes on.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// A database cannot be reached, or refuses a statement.
    #[error("a database cannot be used: {0}")]
    Database(#[from] tokio_postgres::Error),
    /// Another one runs.
    #[error("another rotation is running; one at a time")]
    Running,
    /// Somebody has no key.
    #[error("{0} has no key: there is no such person, or they were erased")]
    Keyless(Uuid),
    /// A server holds a transaction open.
    #[error(
        "{0} transactions of a server that began before the new keys were made do not end; end them and run this again"
    )]
    Unended(usize),
    /// A value cannot be sealed.
    #[error(transparent)]
    Sealing(#[from] crate::error::Error),
}

/// Gives people other keys, seals what is known of them anew, and destroys the old ones, as the owner of both databases. Servers go on
/// meanwhile; `grace` is how long whoever has read something may take to open it.
pub async fn rotate_keys(
    owner: &tokio_postgres::Config,
    keys: &tokio_postgres::Config,
    whose: Whose,
    grace: Duration,
    clock: &Clock,
    random: &Random,
) -> Result<Rotated, RotationError> {
    let named = |config: &tokio_postgres::Config| {
        let mut config = config.clone();
        config.application_name(ROTATION);
        config
    };
    let (main, keys) = (connect(&named(owner)).await?, connect(&named(keys)).await?);
    if !keys.query_one(ALONE, &[]).await?.try_get::<_, bool>(0)? {
        return Err(RotationError::Running);
    }
    let keys_made = replace(&keys, whose, clock.now(), random).await?;
    let people = in_turn(&keys).await?;
    let mut rotated = Rotated { keys_made, ..Rotated::default() };
    if people.is_empty() {
        return Ok(rotated);
    }
    tracing::info!(keys_made, people = people.len(), "what is sealed under old keys is sealed anew");
    wait_for_writers(&main).await?;
    let unreadable = loop {
        let mut passed = pass_over(&main, &keys, &people, random).await?;
        while passed.found > 0 {
            rotated.values_resealed += passed.resealed as u64;
            if passed.resealed == 0 {
                sleep(MOMENT).await;
            }
            passed = pass_over(&main, &keys, &people, random).await?;
        }
        tracing::info!(rotated.values_resealed, ?grace, "whoever has read before is waited for");
        sleep(grace).await;
        passed = pass_over(&main, &keys, &people, random).await?;
        rotated.values_resealed += passed.resealed as u64;
        if passed.found == 0 {
            break passed.unreadable;
        }
    };
    rotated.people_unreadable = unreadable.len() as u64;
    let done: Vec<Uuid> = people.into_iter().filter(|person| !unreadable.contains(person)).collect();
    rotated.keys_destroyed =
        keys.execute("DELETE FROM person_old_keys WHERE person_id = ANY($1)", &[&done]).await?;
    Ok(rotated)
}

/// Gives those who are meant, and whose key was not replaced before, another; how many they are.
async fn replace(
    keys: &Client,
    whose: Whose,
    now: DateTime<Utc>,
    random: &Random,
) -> Result<u64, RotationError> {
    let (these, until) = match whose {
        Whose::Nobody => return Ok(0),
        Whose::These(people) => (Some(people), None),
        Whose::Everyone => (None, None),
        Whose::MadeUntil(until) => (None, Some(until)),
    };
    if let Some(these) = &these {
        let known =
            keys.query("SELECT person_id FROM person_keys WHERE person_id = ANY($1)", &[these]).await?;
        let known: BTreeSet<Uuid> = known.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        if let Some(unknown) = these.iter().find(|person| !known.contains(person)) {
            return Err(RotationError::Keyless(*unknown));
        }
    }
    let chosen = keys.query(CHOSEN, &[&these, &until]).await?;
    let chosen: Vec<Uuid> = chosen.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    let mut made = 0;
    for people in chosen.chunks(PEOPLE) {
        let fresh = people.iter().map(|_| random.bytes::<32>().map(|key| key.to_vec()));
        let fresh = fresh.collect::<Result<Vec<_>, _>>()?;
        made += keys.execute(REPLACE, &[&people, &fresh, &now]).await?;
    }
    Ok(made)
}

/// Those who have an old key.
async fn in_turn(keys: &Client) -> Result<Vec<Uuid>, RotationError> {
    let rows = keys.query("SELECT person_id FROM person_old_keys ORDER BY person_id", &[]).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

/// Waits until the transactions have ended that servers have open now: they may seal with keys that were replaced.
async fn wait_for_writers(main: &Client) -> Result<(), RotationError> {
    let open = async || -> Result<BTreeSet<String>, RotationError> {
        let rows = main.query(OPEN, &[&APPLICATION]).await?;
        Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
    };
    let before = open().await?;
    let until = Instant::now() + PATIENCE;
    loop {
        let left = open().await?.intersection(&before).count();
        if left == 0 {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(RotationError::Unended(left));
        }
        sleep(MOMENT).await;
    }
}

/// One pass over what is sealed of some people. Whoever was erased meanwhile has no keys any more.
async fn pass_over(
    main: &Client,
    keys: &Client,
    people: &[Uuid],
    random: &Random,
) -> Result<Passed, RotationError> {
    let mut passed = Passed::default();
    for people in people.chunks(PEOPLE) {
        let mut turns = Turns::new();
        for row in keys.query(BOTH, &[&people]).await? {
            let new: Vec<u8> = row.try_get(2)?;
            turns.insert(row.try_get(0)?, Turn::new(row.try_get(1)?, &new)?);
        }
        pass(main, &turns, random, &mut passed).await?;
    }
    Ok(passed)
}
