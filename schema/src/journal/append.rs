//! One operation, one transaction: the rows it changes, its journal entry, and the answer that a retry will get.

use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tracing::Span;
use uuid::Uuid;

use crate::context::Context;
use crate::database::{OwnConnection, Prepared};
use crate::error::{Code, Error, Result};
use crate::journal::Part;
use crate::journal::insert::{NewEntry, Told, inserting};
use crate::problem::IdempotencyConflict;
use crate::trace;

diesel::table! {
    idempotency_keys (user_id, key) { user_id -> Uuid, key -> Text, body -> Binary, answer -> Text, recorded_at -> Timestamptz, }
}

/// What is kept under a key.
#[diesel::dsl::auto_type]
fn known_key(user: Uuid, key: String) -> _ {
    idempotency_keys::table
        .filter(idempotency_keys::user_id.eq(user))
        .filter(idempotency_keys::key.eq(key))
        .select((idempotency_keys::body, idempotency_keys::answer))
}

/// Number of the last transaction in which the caller changed anything, on whichever node; none where it has not. Every operation leaves
/// a key in its own transaction, and all that can be read of what a user changed came by one.
///
/// After a restored dump numbers begin anew: those that are yet to come are from before it.
pub(crate) async fn newest_write(context: &Context) -> Result<Option<i64>> {
    let Some(actor) = context.actor_if_any() else { return Ok(None) };
    let newest = diesel::sql_query(
        "SELECT xact::text::bigint AS number FROM idempotency_keys AS written \
         WHERE user_id = $1 AND xact < pg_snapshot_xmax(pg_current_snapshot()) ORDER BY written.xact DESC LIMIT 1",
    );
    let newest = newest.bind::<SqlUuid, _>(actor.user);
    let found: Option<Newest> =
        Prepared(newest).get_result(&mut &*context.reader().await?).await.optional()?;
    Ok(found.map(|newest| newest.number))
}

#[derive(QueryableByName)]
struct Newest {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// A transaction of one operation whose payload is `A`. Dropped before [`Transaction::commit`], it leaves nothing.
pub(crate) struct Transaction<'c, A> {
    context: &'c Context,
    connection: OwnConnection<'c>,
    operation: &'static str,
    key: String,
    body: [u8; 32],
    user: Uuid,
    /// Of whom it tells beside what its changes say of themselves.
    persons: Vec<Uuid>,
    /// Open as long as it is.
    span: Span,
    payload: PhantomData<fn() -> A>,
}

/// What `begin` finds.
pub(crate) enum Begun<'c, A> {
    /// The key is new.
    Fresh(Box<Transaction<'c, A>>),
    /// The key was used with this body: the answer it got.
    Repeated(A),
    /// The key was used with another body.
    Conflict,
}

/// What is kept under a transaction's key.
enum Known<A> {
    /// Nothing: the key is new.
    Nothing,
    /// The answer to the same body.
    Answer(A),
    /// What another body was answered.
    Other,
}

/// Opens the transaction of an operation that was given `input`; where its key was used already, the operation ends with the answer that
/// it got.
macro_rules! begin {
    ($context:expr, $operation:expr, $input:expr, $answer:ident) => {{
        let begun =
            $crate::journal::Transaction::begin($context, $operation, &$input.idempotency_key, $input);
        match begun.await? {
            $crate::journal::Begun::Fresh(transaction) => transaction,
            $crate::journal::Begun::Repeated(payload) => return Ok($answer::Payload(payload)),
            $crate::journal::Begun::Conflict => {
                return Ok($crate::problem::IdempotencyConflict::new().into());
            }
        }
    }};
}
pub(crate) use begin;

/// What became of `commit`.
pub(crate) enum Outcome<A> {
    /// Committed now.
    Done(A),
    /// Another request with the key was faster; nothing of this one was kept.
    Repeated(A),
    /// Another request with the key and another body was faster; nothing of this one was kept.
    Conflict,
}

/// What an operation did, to be committed.
pub(crate) struct Done<A> {
    pub(crate) occurred_at: DateTime<Utc>,
    /// What the journal says of it.
    pub(crate) changes: Vec<Part>,
    pub(crate) payload: A,
}

impl<'c, A: Serialize + DeserializeOwned> Transaction<'c, A> {
    /// Opens a transaction for an operation that was given `key` and `input`.
    pub(crate) async fn begin(
        context: &'c Context,
        operation: &'static str,
        key: &str,
        input: &impl Serialize,
    ) -> Result<Begun<'c, A>> {
        Ok(Self::begin_reading(context, operation, key, input, |_| async { Ok(()) }.boxed()).await?.0)
    }

    /// As [`Transaction::begin`], with what the operation reads first: in the same round trip.
    pub(crate) async fn begin_reading<T>(
        context: &'c Context,
        operation: &'static str,
        key: &str,
        input: &impl Serialize,
        reads: impl for<'r> FnOnce(&'r AsyncPgConnection) -> BoxFuture<'r, QueryResult<T>>,
    ) -> Result<(Begun<'c, A>, T)> {
        if !(8..=200).contains(&key.chars().count()) {
            return Err(Error::new(
                Code::InvalidArgument,
                "idempotencyKey has 8 to 200 characters; a UUID does.",
            ));
        }
        let actor = context.actor()?;
        let mut body = Sha256::new();
        body.update(operation);
        body.update([0]);
        body.update(serde_json::to_vec(input).map_err(Error::internal)?);
        let span = trace::transaction(operation);
        let connection = context.database().own().await?;
        let transaction = Self {
            context,
            connection,
            operation,
            key: key.to_owned(),
            body: body.finalize().into(),
            user: actor.user,
            persons: Vec::new(),
            span,
            payload: PhantomData,
        };
        transaction.open(reads).await
    }

    async fn open<T>(
        mut self,
        reads: impl for<'r> FnOnce(&'r AsyncPgConnection) -> BoxFuture<'r, QueryResult<T>>,
    ) -> Result<(Begun<'c, A>, T)> {
        let looked_for = known_key(self.user, self.key.clone());
        let connection = &*self.connection()?;
        // In one round trip: what begins the transaction needs no preparation, so it is sent before what reads.
        let (mut beginning, mut looking) = (connection, connection);
        let (begun, found, read) = futures_util::join!(
            beginning.batch_execute("BEGIN"),
            looked_for.first(&mut looking),
            reads(connection)
        );
        begun?;
        let (known, read) = (self.known_as(found.optional()?)?, read?);
        let begun = match known {
            Known::Nothing => Begun::Fresh(Box::new(self)),
            Known::Answer(answer) => {
                self.roll_back().await?;
                Begun::Repeated(answer)
            }
            Known::Other => {
                self.roll_back().await?;
                Begun::Conflict
            }
        };
        Ok((begun, read))
    }

    /// The connection, for the operation's own statements.
    pub(crate) fn connection(&mut self) -> Result<&mut AsyncPgConnection> {
        self.connection.get()
    }

    /// Says of whom the entry tells, where its changes hold no part of theirs.
    pub(crate) fn tells_of(&mut self, person: Uuid) {
        self.persons.push(person);
    }

    async fn known(&mut self) -> Result<Known<A>> {
        let looked_for = known_key(self.user, self.key.clone());
        let found = looked_for.first(self.connection()?).await.optional()?;
        self.known_as(found)
    }

    fn known_as(&self, found: Option<(Vec<u8>, String)>) -> Result<Known<A>> {
        let Some((known, answer)) = found else { return Ok(Known::Nothing) };
        if known != self.body {
            return Ok(Known::Other);
        }
        Ok(Known::Answer(serde_json::from_str(&answer).map_err(Error::internal)?))
    }

    async fn run(&mut self, statement: &str) -> Result<()> {
        Ok(self.connection()?.batch_execute(statement).await?)
    }

    async fn undo(&mut self) -> Result<()> {
        self.run("ROLLBACK").await?;
        self.span.record("enlace.outcome", "rolled back");
        Ok(())
    }

    /// Gives up; nothing is kept.
    pub(crate) async fn roll_back(mut self) -> Result<()> {
        self.undo().await?;
        self.connection.release();
        Ok(())
    }

    /// Gives up over a problem; nothing is kept. Where another request with the key was faster, what this one ran into may be
    /// that one's doing: the answer is that one's.
    pub(crate) async fn refuse<R: From<A> + From<IdempotencyConflict>>(
        mut self,
        problem: impl Into<R>,
    ) -> Result<R> {
        self.undo().await?;
        let known = self.known().await?;
        self.connection.release();
        Ok(match known {
            Known::Nothing => problem.into(),
            Known::Answer(answer) => answer.into(),
            Known::Other => IdempotencyConflict::new().into(),
        })
    }

    /// Ends it as the operation went: committed, given up over a problem, or over an error.
    pub(crate) async fn conclude<R: From<A> + From<IdempotencyConflict>>(
        self,
        done: Result<std::result::Result<Done<A>, R>>,
    ) -> Result<R> {
        match done {
            Ok(Ok(Done { occurred_at, changes, payload })) => {
                Ok(match self.commit(occurred_at, changes, payload).await? {
                    Outcome::Done(payload) | Outcome::Repeated(payload) => payload.into(),
                    Outcome::Conflict => IdempotencyConflict::new().into(),
                })
            }
            Ok(Err(problem)) => self.refuse(problem).await,
            Err(error) => {
                self.roll_back().await?;
                Err(error)
            }
        }
    }

    /// Appends an entry before the one that [`Transaction::commit`] appends: for an operation that changes more than one can
    /// tell of. What was said by [`Transaction::tells_of`] stands in the last.
    pub(crate) async fn enter(&mut self, occurred_at: DateTime<Utc>, changes: Vec<Part>) -> Result<()> {
        let told = Told::default();
        let entry = NewEntry::of_caller(self.context, self.operation, occurred_at, changes, told).await?;
        Prepared(inserting!(entry, "SELECT 1")).execute(self.connection()?).await?;
        Ok(())
    }

    /// Appends the entry, keeps the answer for a retry, and commits. The rows must have been changed before: the entry's
    /// place in the queue is taken under their locks.
    pub(crate) async fn commit(
        mut self,
        occurred_at: DateTime<Utc>,
        changes: Vec<Part>,
        answer: A,
    ) -> Result<Outcome<A>> {
        let told = Told { persons: std::mem::take(&mut self.persons), classes: Vec::new() };
        let entry = NewEntry::of_caller(self.context, self.operation, occurred_at, changes, told).await?;
        let (user, key, body) = (self.user, self.key.clone(), self.body);
        let kept = serde_json::to_string(&answer).map_err(Error::internal)?;
        // One statement, one round trip. The queue's number is taken here, after the rows' locks.
        let appending = inserting!(
            entry,
            "INSERT INTO idempotency_keys (user_id, key, body, answer, recorded_at) VALUES ($14, $15, $16, $17, $18)"
        )
        .bind::<SqlUuid, _>(user)
        .bind::<Text, _>(key)
        .bind::<Binary, _>(body.as_slice())
        .bind::<Text, _>(kept)
        .bind::<Timestamptz, _>(self.context.real_now());
        match Prepared(appending).execute(self.connection()?).await {
            Ok(_) => {}
            Err(error) if constraint(&error) == Some("idempotency_keys_pkey") => {
                self.undo().await?;
                return match self.known().await? {
                    Known::Answer(answer) => Ok(Outcome::Repeated(answer)),
                    Known::Other => Ok(Outcome::Conflict),
                    Known::Nothing => Err(Error::internal("an idempotency key was taken and is not there")),
                };
            }
            Err(error) => return Err(error.into()),
        }
        self.run("COMMIT").await?;
        self.span.record("enlace.outcome", "committed");
        self.connection.release();
        self.context.journal().wake();
        Ok(Outcome::Done(answer))
    }
}

/// The named constraint that a statement ran into.
pub(crate) fn constraint(error: &diesel::result::Error) -> Option<&str> {
    match error {
        diesel::result::Error::DatabaseError(_, info) => info.constraint_name(),
        _ => None,
    }
}
