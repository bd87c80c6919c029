//! Files on their way to an import. They lie in the database, piece by piece: a connection that breaks off costs one piece, and
//! whichever node is asked next goes on. An upload is its user's alone, and is let go after a day.

use std::fs::File;
use std::io::{Seek, Write};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::may_receive;
use crate::context::Context;
use crate::error::{Code, Error, Result};
use crate::journal::constraint;
use crate::scalars::GlobalId;
use crate::system::System;

diesel::table! {
    uploads (id) {
        id -> Uuid, programme_id -> Uuid, user_id -> Uuid, key -> Text, length -> BigInt, received -> BigInt,
        expires_at -> Timestamptz,
    }
}
diesel::table! {
    upload_pieces (upload_id, starts_at) { upload_id -> Uuid, starts_at -> BigInt, content -> Binary, }
}

/// What an upload's id begins with.
const KIND: &str = "upload";
/// How long a file is kept, by the real clock.
const KEPT: TimeDelta = TimeDelta::days(1);

/// A file on its way.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Upload {
    key: Uuid,
    /// How many bytes it has.
    pub length: i64,
    /// How many of them have come: where it goes on.
    pub received: i64,
    /// When it is let go.
    pub expires_at: DateTime<Utc>,
}

impl Upload {
    /// Its global id.
    pub fn id(&self) -> String {
        GlobalId { kind: KIND.to_owned(), uuid: self.key }.to_string()
    }
}

type Columns = (uploads::id, uploads::length, uploads::received, uploads::expires_at);
const COLUMNS: Columns = (uploads::id, uploads::length, uploads::received, uploads::expires_at);

fn unknown() -> Error {
    Error::new(Code::NotFound, "There is no such upload of yours, or it was let go. Begin it anew.")
}

/// Opens an upload of a file of so many bytes; with the same key again, it is the same upload, wherever it is by then.
pub(crate) async fn open(context: &Context, length: i64, key: Option<&str>) -> Result<Upload> {
    may_receive(context)?;
    // Who names nothing begins something new each time.
    let key = key.map_or_else(|| context.new_uuid().map(|key| key.to_string()), |key| Ok(key.to_owned()))?;
    let user = context.actor()?.user;
    let mut connection = context.database().writer().await?;
    let row = (
        uploads::id.eq(context.new_uuid()?),
        uploads::programme_id.eq(context.programme_id()),
        uploads::user_id.eq(user),
        uploads::key.eq(key.clone()),
        uploads::length.eq(length),
        uploads::expires_at.eq(context.real_now() + KEPT),
    );
    let known = uploads::table.filter(uploads::user_id.eq(user)).filter(uploads::key.eq(key)).select(COLUMNS);
    let known: Option<Upload> = known.first(&mut *connection).await.optional()?;
    if let Some(known) = known {
        if known.length != length {
            let message = "Another file was begun under this key. Use a new key.";
            return Err(Error::new(Code::IdempotencyConflict, message));
        }
        return Ok(known);
    }
    let opening = diesel::insert_into(uploads::table).values(row).returning(COLUMNS);
    match opening.get_result(&mut *connection).await {
        Ok(opened) => Ok(opened),
        Err(error) => Err(match constraint(&error) {
            Some("uploads_of_user") => Error::new(
                Code::StateConflict,
                "You have eight uploads under way. Import one of them, or delete it.",
            ),
            Some("uploads_key_key") => {
                Error::new(Code::StateConflict, "This upload is being begun at this moment. Send it again.")
            }
            Some("uploads_key_length") => {
                Error::new(Code::InvalidArgument, "A key has 8 to 200 characters; a UUID does.")
            }
            Some("uploads_length_positive") => {
                Error::new(Code::InvalidArgument, "A file has one byte at least.")
            }
            _ => error.into(),
        }),
    }
}

/// An upload of the caller's.
pub(crate) async fn find(context: &Context, id: &str) -> Result<Upload> {
    let id = GlobalId::parse(id).filter(|id| id.kind == KIND).ok_or_else(unknown)?;
    let query = uploads::table
        .find(id.uuid)
        .filter(uploads::user_id.eq(context.actor()?.user))
        .filter(uploads::programme_id.eq(context.programme_id()))
        .filter(uploads::expires_at.gt(context.real_now()))
        .select(COLUMNS);
    // As it is now, and not as a replica has it: what goes on by it must not begin too early.
    let mut connection = context.database().writer().await?;
    query.first(&mut *connection).await.optional()?.ok_or_else(unknown)
}

/// Adds a piece, which is kept when this returns.
pub(crate) async fn add(context: &Context, upload: &mut Upload, piece: &[u8]) -> Result<()> {
    let row = (
        upload_pieces::upload_id.eq(upload.key),
        upload_pieces::starts_at.eq(upload.received),
        upload_pieces::content.eq(piece),
    );
    let mut connection = context.database().writer().await?;
    let adding = diesel::insert_into(upload_pieces::table).values(row);
    match adding.execute(&mut *connection).await {
        Ok(_) => {
            upload.received = upload.received.saturating_add(i64::try_from(piece.len()).unwrap_or(i64::MAX));
            Ok(())
        }
        Err(error) => Err(match constraint(&error) {
            // Another request was faster, or the upload was let go.
            Some("upload_pieces_in_order" | "upload_pieces_pkey") => elsewhere(),
            Some("uploads_within_length") => Error::new(
                Code::BodyTooLarge,
                "More came than the file has. Nothing of the surplus was kept: begin it anew with its true length.",
            ),
            _ => error.into(),
        }),
    }
}

/// The upload does not go on where the caller thinks.
pub fn elsewhere() -> Error {
    Error::new(
        Code::StateConflict,
        "The upload goes on elsewhere. Ask by HEAD where, and send the rest from there.",
    )
}

/// The whole file, in a place that has no name and is gone when it is closed; with its SHA-256.
pub(crate) async fn whole(context: &Context, id: &str) -> Result<(File, [u8; 32])> {
    let upload = find(context, id).await?;
    if upload.received < upload.length {
        let message =
            format!("Of this file {} of {} bytes have come. Send the rest.", upload.received, upload.length);
        return Err(Error::new(Code::StateConflict, message));
    }
    let mut file =
        spawn_blocking(tempfile::tempfile).await.map_err(Error::internal)?.map_err(Error::internal)?;
    let (mut digest, mut from) = (Sha256::new(), 0);
    while from < upload.length {
        let query = upload_pieces::table.find((upload.key, from)).select(upload_pieces::content);
        let mut connection = context.database().writer().await?;
        let piece: Option<Vec<u8>> = query.first(&mut *connection).await.optional()?;
        drop(connection);
        // Somebody let it go meanwhile.
        let piece = piece.ok_or_else(unknown)?;
        digest.update(&piece);
        from += i64::try_from(piece.len()).map_err(Error::internal)?;
        let writing = spawn_blocking(move || file.write_all(&piece).map(|()| file));
        file = writing.await.map_err(Error::internal)?.map_err(Error::internal)?;
    }
    file.rewind().map_err(Error::internal)?;
    Ok((file, digest.finalize().into()))
}

/// Lets an upload go.
pub(crate) async fn abandon(context: &Context, id: &str) -> Result<()> {
    let upload = find(context, id).await?;
    let mut connection = context.database().writer().await?;
    diesel::delete(uploads::table.find(upload.key)).execute(&mut *connection).await?;
    Ok(())
}

/// Lets all go whose time is over.
pub(crate) async fn forget(system: &System) -> Result<()> {
    let mut connection = system.database.writer().await?;
    let old = uploads::table.filter(uploads::expires_at.le(system.clock.now()));
    diesel::delete(old).execute(&mut *connection).await?;
    Ok(())
}
