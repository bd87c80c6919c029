//! Brings the database's schema up to date.

use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::database::connect;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations");

/// Why the database could not be brought up to date. Each migration is one transaction: what failed left nothing.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The database cannot be reached.
    #[error("the database cannot be reached: {0}")]
    Unreachable(tokio_postgres::Error),
    /// A newer Enlace has migrated it.
    #[error(
        "the database was migrated by a newer Enlace (it has {0}, unknown here); run that version or a newer one"
    )]
    Newer(String),
    /// A statement failed.
    #[error("migration failed, and nothing of it was kept: {0}")]
    Failed(String),
}

/// Runs every migration that the database does not have, as its owner; says how many there were.
pub async fn migrate(owner: &tokio_postgres::Config) -> Result<usize, MigrationError> {
    let client = connect(owner).await.map_err(MigrationError::Unreachable)?;
    // One process migrates at a time; the lock goes with the connection. The number is this project's own.
    client
        .execute("SELECT pg_advisory_lock(7305108109)", &[])
        .await
        .map_err(|error| MigrationError::Failed(error.to_string()))?;
    let connection = AsyncPgConnection::try_from(client)
        .await
        .map_err(|error| MigrationError::Failed(error.to_string()))?;
    // The harness blocks: it is diesel's synchronous interface over the asynchronous connection.
    tokio::task::block_in_place(|| run(connection))
}

fn run(connection: AsyncPgConnection) -> Result<usize, MigrationError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| MigrationError::Failed(error.to_string());
    let mut harness = AsyncMigrationHarness::new(connection);
    let known = MigrationSource::<Pg>::migrations(&MIGRATIONS).map_err(failed)?;
    let known: Vec<String> = known.iter().map(|migration| migration.name().version().to_string()).collect();
    for applied in harness.applied_migrations().map_err(failed)? {
        if !known.contains(&applied.to_string()) {
            return Err(MigrationError::Newer(applied.to_string()));
        }
    }
    harness.run_pending_migrations(MIGRATIONS).map(|done| done.len()).map_err(failed)
}
