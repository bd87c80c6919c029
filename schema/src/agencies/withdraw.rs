//! Taking authority back: a grant, an agreement, an account, a token. Each is felt on every open stream within seconds (R4).

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::agencies::load::{self, GrantRow, USER_COLUMNS, UserRow, grant_columns};
use crate::agencies::tables::{agencies, agreements, grants, revoked_tokens, users};
use crate::agencies::{Agreement, Grant, User};
use crate::context::Context;
use crate::coordination::withdrawn_with_agreement;
use crate::error::Result;
use crate::graph::{Facts, Graph, Record, input, payload, record, union};
use crate::journal::{Begun, Change, Outcome, Part, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// A grant that is to end now.
    pub struct RevokeGrant {
        /// The grant.
        pub grant: Id<Grant>,
        /// The version of the grant that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// An agreement that is to end.
    pub struct EndAgreement {
        /// The agreement.
        pub agreement: Id<Agreement>,
        /// When it ends, by the programme clock; now, where it is left out. Never in the past, and never later than it ends already.
        pub ends_at: Option<DateTime<Utc>>,
        /// The version of the agreement that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// Whether an account may act.
    pub struct SetUserActive {
        /// The account.
        pub user: Id<User>,
        /// The version of the account that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A token that is to be refused from now on.
    pub struct RevokeToken {
        /// The token's own id, its claim `jti`.
        pub jti: String,
        /// When the token ends by itself, its claim `exp`; a later time will do.
        pub expires_at: DateTime<Utc>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A grant, revoked.
    pub struct RevokeGrantPayload: "RevokeGrantPayload" as Account {
        /// The grant as it is now.
        grant: Grant,
    }
}

payload! {
    /// An agreement, ended.
    pub struct EndAgreementPayload: "EndAgreementPayload" as Agreement {
        /// The agreement as it is now.
        agreement: Agreement,
    }
}

payload! {
    /// An account that may not act.
    pub struct DeactivateUserPayload: "DeactivateUserPayload" as Account {
        /// The account as it is now.
        user: User,
    }
}

payload! {
    /// An account that may act again.
    pub struct ReactivateUserPayload: "ReactivateUserPayload" as Account {
        /// The account as it is now.
        user: User,
    }
}

record! {
    /// A token, revoked.
    #[derive(Serialize, Deserialize)]
    pub struct RevokeTokenPayload: "RevokeTokenPayload" as Account {
        /// The token's own id.
        jti: String => Administration,
        /// Until when it is kept in mind.
        expires_at: DateTime<Utc> => Administration,
    }
}

impl Facts for RevokeTokenPayload {
    fn fact(&self, _: Fact) -> Option<&str> {
        None
    }
}

union! {
    /// The grant, revoked; or why it was not.
    pub enum RevokeGrantResult {
        Payload(RevokeGrantPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The agreement, ended; or why it was not.
    pub enum EndAgreementResult {
        Payload(EndAgreementPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The account, deactivated; or why it was not.
    pub enum DeactivateUserResult {
        Payload(DeactivateUserPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The account, reactivated; or why it was not.
    pub enum ReactivateUserResult {
        Payload(ReactivateUserPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The token, revoked; or why it was not.
    pub enum RevokeTokenResult {
        Payload(RevokeTokenPayload),
        InvalidValue(InvalidValue),
        IdempotencyConflict(IdempotencyConflict),
    }
}

macro_rules! changes {
    ($( $(#[doc = $about:literal])+ $name:ident $recorded:literal { $field:ident : $ty:ty } )+) => { $(
        $(#[doc = $about])+
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub(crate) struct $name { pub(crate) $field: $ty }

        impl Change for $name {
            const NAME: &'static str = $recorded;
        }
    )+ };
}

changes! {
    /// In the journal: a grant was revoked.
    GrantRevoked "agencies.grantRevoked" { grant: Grant }
    /// In the journal: an agreement was ended.
    AgreementEnded "agencies.agreementEnded" { agreement: Agreement }
    /// In the journal: an account was deactivated, or reactivated.
    UserActiveSet "agencies.userActiveSet" { user: User }
    /// In the journal: a token was revoked.
    TokenRevoked "agencies.tokenRevoked" { jti: String }
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<RevokeGrantPayload>(|payload| {
        payload.carries("grant", Class::Administration, "The grant as it is now.", |payload| {
            Some(payload.grant.clone())
        })
    });
    graph.object::<EndAgreementPayload>(|payload| {
        payload.carries("agreement", Class::Administration, "The agreement as it is now.", |payload| {
            Some(payload.agreement.clone())
        })
    });
    user_payload::<DeactivateUserPayload>(graph);
    user_payload::<ReactivateUserPayload>(graph);
    graph.object::<RevokeTokenPayload>(|payload| payload);
    graph
        .mutation("revokeGrant", Class::Administration, "Ends a grant now.")
        .either(RecordType::Account, revoke_grant);
    graph
        .mutation(
            "endAgreement",
            Class::Administration,
            "Ends an agency's agreement: from then on it reads what is public.",
        )
        .either(RecordType::Agreement, end_agreement);
    graph
        .mutation("deactivateUser", Class::Administration, "Keeps an account from acting at all.")
        .either(RecordType::Account, deactivate_user);
    graph
        .mutation(
            "reactivateUser",
            Class::Administration,
            "Lets an account act again, with what it is granted.",
        )
        .either(RecordType::Account, reactivate_user);
    graph
        .mutation("revokeToken", Class::Administration, "Has one token refused from now on.")
        .either(RecordType::Account, revoke_token);
}

fn user_payload<P: Record + AsRef<User>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("user", Class::Administration, "The account as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

/// Appends the change, commits, and answers.
async fn finish<A, R>(
    context: &Context,
    transaction: Transaction<'_, A>,
    change: &impl Change,
    payload: A,
) -> Result<R>
where
    A: Serialize + DeserializeOwned,
    R: From<A> + From<IdempotencyConflict>,
{
    let changes = vec![Part::of(Class::Administration, None, change)?];
    Ok(match transaction.commit(context.now(), changes, payload).await? {
        Outcome::Done(payload) | Outcome::Repeated(payload) => payload.into(),
        Outcome::Conflict => IdempotencyConflict::new().into(),
    })
}

async fn revoke_grant(context: Context, input: RevokeGrant) -> Result<RevokeGrantResult> {
    let mut transaction = begin!(&context, "agencies.revokeGrant", &input, RevokeGrantResult);
    let found: Option<GrantRow> = grants::table
        .inner_join(users::table.inner_join(agencies::table))
        .filter(grants::id.eq(input.grant))
        .filter(agencies::programme_id.eq(context.programme_id()))
        .select(grant_columns())
        .first(transaction.connection()?)
        .await
        .optional()?;
    let Some(found) = found else { return transaction.refuse(NotFound::new("grant")).await };
    let mut grant = load::grant(&context, found)?;
    if let Err(refused) = context.authorize_write(Class::Administration, RecordType::Account, &grant) {
        transaction.roll_back().await?;
        return Err(refused);
    }
    if grant.version != input.version {
        return transaction.refuse(VersionConflict::new(grant.version)).await;
    }
    if grant.valid_until.is_some_and(|until| until <= context.now()) {
        return transaction.refuse(StateConflict::new("This grant has ended already.")).await;
    }
    // A grant that has not begun ends as it begins.
    let ends_at = context.now().max(grant.valid_from + TimeDelta::microseconds(1));
    grant.valid_until = Some(ends_at);
    grant.version = input.version.saturating_add(1);
    let ending = diesel::update(grants::table.find(grant.id).filter(grants::version.eq(input.version)))
        .set((grants::valid_until.eq(grant.valid_until), grants::version.eq(grant.version)));
    if ending.execute(transaction.connection()?).await? == 0 {
        let current = grants::table.find(grant.id).select(grants::version);
        let current = current.first(transaction.connection()?).await?;
        return transaction.refuse(VersionConflict::new(current)).await;
    }
    let change = GrantRevoked { grant: grant.clone() };
    finish(&context, *transaction, &change, RevokeGrantPayload { grant }).await
}

async fn end_agreement(context: Context, input: EndAgreement) -> Result<EndAgreementResult> {
    let mut transaction = begin!(&context, "agencies.endAgreement", &input, EndAgreementResult);
    let found: Option<Agreement> = agreements::table
        .inner_join(agencies::table)
        .filter(agreements::id.eq(input.agreement))
        .filter(agencies::programme_id.eq(context.programme_id()))
        .select(load::AGREEMENT_COLUMNS)
        .first(transaction.connection()?)
        .await
        .optional()?;
    let Some(mut agreement) = found else { return transaction.refuse(NotFound::new("agreement")).await };
    if let Err(refused) = context.authorize_write(Class::Administration, RecordType::Agreement, &agreement) {
        transaction.roll_back().await?;
        return Err(refused);
    }
    if agreement.version != input.version {
        return transaction.refuse(VersionConflict::new(agreement.version)).await;
    }
    let ends_at = input.ends_at.unwrap_or_else(|| context.now());
    if agreement.valid_until.is_some_and(|until| until <= ends_at) {
        return transaction.refuse(StateConflict::new("This agreement ends before that already.")).await;
    }
    if ends_at < context.now() || ends_at <= agreement.valid_from {
        let past = InvalidValue::new("endsAt", "An agreement ends now or later, and after it began.");
        return transaction.refuse(past).await;
    }
    agreement.valid_until = Some(ends_at);
    agreement.version = input.version.saturating_add(1);
    let ending =
        diesel::update(agreements::table.find(agreement.id).filter(agreements::version.eq(input.version)))
            .set((
                agreements::valid_until.eq(agreement.valid_until),
                agreements::version.eq(agreement.version),
            ));
    if ending.execute(transaction.connection()?).await? == 0 {
        let current = agreements::table.find(agreement.id).select(agreements::version);
        let current = current.first(transaction.connection()?).await?;
        return transaction.refuse(VersionConflict::new(current)).await;
    }
    // The volunteers whom it brings help under it, and no longer.
    withdrawn_with_agreement(&context, &mut transaction, agreement.agency_id, ends_at).await?;
    let change = AgreementEnded { agreement: agreement.clone() };
    finish(&context, *transaction, &change, EndAgreementPayload { agreement }).await
}

async fn deactivate_user(context: Context, input: SetUserActive) -> Result<DeactivateUserResult> {
    set_user_active::<DeactivateUserPayload, _>(context, "agencies.deactivateUser", input, false).await
}

async fn reactivate_user(context: Context, input: SetUserActive) -> Result<ReactivateUserResult> {
    set_user_active::<ReactivateUserPayload, _>(context, "agencies.reactivateUser", input, true).await
}

async fn set_user_active<P, R>(
    context: Context,
    operation: &'static str,
    input: SetUserActive,
    active: bool,
) -> Result<R>
where
    P: Serialize + DeserializeOwned + From<User>,
    R: From<P> + From<NotFound> + From<StateConflict> + From<VersionConflict> + From<IdempotencyConflict>,
{
    let key = input.idempotency_key.clone();
    let mut transaction = match Transaction::<P>::begin(&context, operation, &key, &input).await? {
        Begun::Fresh(transaction) => transaction,
        Begun::Repeated(payload) => return Ok(payload.into()),
        Begun::Conflict => return Ok(IdempotencyConflict::new().into()),
    };
    let found = find_user(&context, &mut transaction, input.user.uuid()).await?;
    let Some(mut user) = found else { return transaction.refuse::<R>(NotFound::new("user")).await };
    if let Err(refused) = context.authorize_write(Class::Administration, RecordType::Account, &user) {
        transaction.roll_back().await?;
        return Err(refused);
    }
    if user.version != input.version {
        return transaction.refuse::<R>(VersionConflict::new(user.version)).await;
    }
    if user.active == active {
        return transaction.refuse::<R>(StateConflict::new("The account is so already.")).await;
    }
    user.active = active;
    user.version = input.version.saturating_add(1);
    let setting = diesel::update(users::table.find(user.id).filter(users::version.eq(input.version)))
        .set((users::active.eq(active), users::version.eq(user.version)));
    if setting.execute(transaction.connection()?).await? == 0 {
        let current = users::table.find(user.id).select(users::version);
        let current = current.first(transaction.connection()?).await?;
        return transaction.refuse::<R>(VersionConflict::new(current)).await;
    }
    let change = UserActiveSet { user: user.clone() };
    finish(&context, *transaction, &change, P::from(user)).await
}

async fn find_user<P: Serialize + DeserializeOwned>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    id: Uuid,
) -> Result<Option<User>> {
    let found: Option<UserRow> = users::table
        .inner_join(agencies::table)
        .filter(users::id.eq(id))
        .filter(agencies::programme_id.eq(context.programme_id()))
        .select(USER_COLUMNS)
        .first(transaction.connection()?)
        .await
        .optional()?;
    Ok(found.map(|row| load::user(context, row)))
}

async fn revoke_token(context: Context, input: RevokeToken) -> Result<RevokeTokenResult> {
    let mut transaction = begin!(&context, "agencies.revokeToken", &input, RevokeTokenResult);
    let payload = RevokeTokenPayload { jti: input.jti, expires_at: input.expires_at };
    if let Err(refused) = context.authorize_write(Class::Administration, RecordType::Account, &payload) {
        transaction.roll_back().await?;
        return Err(refused);
    }
    if payload.jti.is_empty() || payload.jti.chars().count() > 200 {
        return transaction.refuse(InvalidValue::new("jti", "A token's id has 1 to 200 characters.")).await;
    }
    // Tokens are ruled by the real clock.
    if payload.expires_at <= context.real_now() {
        return transaction.refuse(InvalidValue::new("expiresAt", "That token has expired by itself.")).await;
    }
    // One that is revoked stays so.
    diesel::insert_into(revoked_tokens::table)
        .values((revoked_tokens::jti.eq(&payload.jti), revoked_tokens::expires_at.eq(payload.expires_at)))
        .on_conflict_do_nothing()
        .execute(transaction.connection()?)
        .await?;
    let change = TokenRevoked { jti: payload.jti.clone() };
    finish(&context, *transaction, &change, payload).await
}
