//! What is kept for a while only, and then let go.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tokio::sync::watch;

use crate::census;
use crate::donations::{self, import::upload};
use crate::error::Result;
use crate::journal::idempotency_keys;
use crate::lodging;
use crate::system::System;

/// How long a retry with the same key gets the same answer, by the real clock.
const KEYS_KEPT: TimeDelta = TimeDelta::days(30);
/// How often it is looked for keys that may go, and for reservations, holds of beds and consents that are over.
const KEYS_INTERVAL: Duration = Duration::from_hours(1);
const ENDS_INTERVAL: Duration = Duration::from_mins(1);

/// Runs until `stop` turns true.
pub(crate) async fn run(system: Arc<System>, mut stop: watch::Receiver<bool>) {
    let mut keys = tokio::time::interval(KEYS_INTERVAL);
    let mut ends = tokio::time::interval(ENDS_INTERVAL);
    loop {
        tokio::select! {
            _ = keys.tick() => {
                if let Err(error) = forget_keys(&system).await {
                    tracing::warn!(%error, "old idempotency keys could not be dropped; trying again later");
                }
                if let Err(error) = upload::forget(&system).await {
                    tracing::warn!(%error, "old uploads could not be dropped; trying again later");
                }
            }
            _ = ends.tick() => {
                if let Err(error) = donations::tidy(&system).await {
                    tracing::warn!(%error, "reservations that are over could not be ended; trying again later");
                }
                if let Err(error) = census::tell_of_ended(&system).await {
                    tracing::warn!(%error, "consents that ended could not be told of; trying again later");
                }
                if let Err(error) = census::renew_tokens(&system).await {
                    tracing::warn!(%error, "some people cannot be searched for yet; trying again later");
                }
                if let Err(error) = census::destroy_keys(&system).await {
                    tracing::warn!(%error, "the keys of people who were erased could not be destroyed; trying again later");
                }
                if let Err(error) = lodging::tidy(&system).await {
                    tracing::warn!(%error, "holds of beds that are over could not be ended; trying again later");
                }
            }
            _ = stop.changed() => return,
        }
    }
}

async fn forget_keys(system: &System) -> Result<()> {
    let until = system.clock.now() - KEYS_KEPT;
    let mut connection = system.database.writer().await?;
    let old = idempotency_keys::table.filter(idempotency_keys::recorded_at.lt(until));
    diesel::delete(old).execute(&mut connection).await?;
    Ok(())
}
