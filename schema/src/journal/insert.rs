//! An entry's row, and the one statement that inserts it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::context::Context;
use crate::database::Prepared;
use crate::error::{Error, Result};
use crate::journal::Part;
use crate::journal::entry::{Header, JOURNAL, leaf};
use crate::system::System;

/// An entry's row, column by column.
pub(super) struct NewEntry {
    pub(super) id: Uuid,
    pub(super) programme: Uuid,
    pub(super) leaf: Vec<u8>,
    pub(super) operation: String,
    pub(super) agency: Option<String>,
    pub(super) actor: Option<Uuid>,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) classes: Vec<String>,
    pub(super) subjects: Vec<Option<Uuid>>,
    pub(super) salts: Vec<Vec<u8>>,
    pub(super) contents: Vec<Vec<u8>>,
    /// Whom and what it tells of.
    pub(super) persons: Vec<Uuid>,
    pub(super) told: Vec<String>,
}

/// Of whom, and of which data classes, an entry tells beside what its parts say of themselves.
#[derive(Default)]
pub(super) struct Told {
    pub(super) persons: Vec<Uuid>,
    pub(super) classes: Vec<String>,
}

/// The statement that inserts a [`NewEntry`], with what it ends in; the parameters after its own begin at `$14`. One
/// statement is one round trip. The queue's number is taken here, after the locks of the rows that were changed.
macro_rules! inserting {
    ($entry:ident, $then:literal) => {
        diesel::sql_query(concat!(
            "WITH entry AS (INSERT INTO journal_entries (id, programme_id, leaf, operation, agency, actor, recorded_at, \
                     part_classes, part_subjects, part_salts, part_contents, persons, classes) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)), \
             queued AS (INSERT INTO journal_queue (entry_id) VALUES ($1)) ",
            $then
        ))
        .bind::<diesel::sql_types::Uuid, _>($entry.id)
        .bind::<diesel::sql_types::Uuid, _>($entry.programme)
        .bind::<diesel::sql_types::Binary, _>(&$entry.leaf)
        .bind::<diesel::sql_types::Text, _>(&$entry.operation)
        .bind::<diesel::sql_types::Nullable<diesel::sql_types::Text>, _>(&$entry.agency)
        .bind::<diesel::sql_types::Nullable<diesel::sql_types::Uuid>, _>($entry.actor)
        .bind::<diesel::sql_types::Timestamptz, _>($entry.recorded_at)
        .bind::<diesel::sql_types::Array<diesel::sql_types::Text>, _>(&$entry.classes)
        .bind::<diesel::sql_types::Array<diesel::sql_types::Nullable<diesel::sql_types::Uuid>>, _>(&$entry.subjects)
        .bind::<diesel::sql_types::Array<diesel::sql_types::Binary>, _>(&$entry.salts)
        .bind::<diesel::sql_types::Array<diesel::sql_types::Binary>, _>(&$entry.contents)
        .bind::<diesel::sql_types::Array<diesel::sql_types::Uuid>, _>(&$entry.persons)
        .bind::<diesel::sql_types::Array<diesel::sql_types::Text>, _>(&$entry.told)
    };
}
pub(super) use inserting;

impl NewEntry {
    /// What a caller did at a time.
    pub(super) async fn of_caller(
        context: &Context,
        operation: &str,
        occurred_at: DateTime<Utc>,
        changes: Vec<Part>,
        told: Told,
    ) -> Result<Self> {
        let actor = context.actor()?;
        let header = Header {
            operation: operation.to_owned(),
            agency: Some(actor.principal.agency.clone()),
            user: Some(actor.user),
            roles: actor.principal.roles.iter().cloned().collect(),
            policy_version: context.policy_version().to_owned(),
            occurred_at,
            recorded_at: context.now(),
            real_time: context.real_now(),
        };
        Self::new(context.system(), header, changes, told).await
    }

    /// What the server itself did, under these policies.
    pub(super) async fn of_server(
        system: &System,
        operation: &str,
        policy_version: String,
        changes: Vec<Part>,
    ) -> Result<Self> {
        let now = system.now();
        let header = Header {
            operation: operation.to_owned(),
            agency: None,
            user: None,
            roles: Vec::new(),
            policy_version,
            occurred_at: now,
            recorded_at: now,
            real_time: system.clock.now(),
        };
        Self::new(system, header, changes, Told::default()).await
    }

    /// The header, then the changes, each part with a salt of its own, and sealed where it tells of a person (R23).
    async fn new(system: &System, header: Header, changes: Vec<Part>, told: Told) -> Result<Self> {
        let persons: BTreeSet<Uuid> =
            told.persons.into_iter().chain(changes.iter().filter_map(|part| part.subject)).collect();
        // That an entry tells of the journal goes without saying.
        let of_parts = changes.iter().filter(|part| part.class != JOURNAL).map(|part| part.class.clone());
        let told: BTreeSet<String> = told.classes.into_iter().chain(of_parts).collect();
        let keys = system.vault.keys(changes.iter().filter_map(|part| part.subject).collect()).await?;
        let mut parts = vec![Part::header(&header)?];
        for change in changes {
            parts.push(change.sealed(&keys, system.random.bytes()?)?);
        }
        let salts = parts.iter().map(|_| system.random.bytes()).collect::<Result<Vec<[u8; 32]>>>()?;
        let commitments: Vec<[u8; 32]> =
            parts.iter().zip(&salts).map(|(part, salt)| part.commitment(salt)).collect();
        let id = system.new_uuid(header.recorded_at)?;
        Ok(Self {
            id,
            programme: system.programme_id(),
            leaf: leaf(id, &commitments),
            operation: header.operation,
            agency: header.agency,
            actor: header.user,
            recorded_at: header.recorded_at,
            classes: parts.iter().map(|part| part.class.clone()).collect(),
            subjects: parts.iter().map(|part| part.subject).collect(),
            salts: salts.iter().map(|salt| salt.to_vec()).collect(),
            contents: parts.into_iter().map(|part| part.content).collect(),
            persons: persons.into_iter().collect(),
            told: told.into_iter().collect(),
        })
    }

    /// Inserts it alone, where no row was changed with it. It is committed when this returns. It may not hold what is sealed: keys
    /// are asked for within a transaction, see [`crate::vault::Vault::keys`].
    pub(super) async fn insert(self, system: &System) -> Result<()> {
        let entry = self;
        if entry.subjects.iter().any(Option::is_some) {
            return Err(Error::internal("what tells of a person is sealed and written in one transaction"));
        }
        let mut connection = system.database.writer().await?;
        Prepared(inserting!(entry, "SELECT 1")).execute(&mut *connection).await?;
        system.feed.wake();
        Ok(())
    }
}
