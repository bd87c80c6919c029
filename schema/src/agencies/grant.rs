//! Granting a role. The database holds the laws: who may hold it, and together with what.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType, incompatibility};

use crate::agencies::load::{self, USER_COLUMNS};
use crate::agencies::tables::{agencies, grants, users};
use crate::agencies::{Grant, RoleCode, User};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{Graph, input, payload, union};
use crate::journal::{Change, Outcome, Part, Transaction, begin, constraint};
use crate::problem::{
    AlreadyGranted, IdempotencyConflict, InvalidValue, NotFound, RoleNotOfAgency, RolesIncompatible,
};
use crate::scalars::Id;
use crate::shelters::Shelter;
use crate::shelters::tables::{grant_shelters, shelters};

input! {
    /// A role for a user, from now until a time.
    pub struct GrantRole {
        /// The user.
        pub user: Id<User>,
        /// The role; one that the user's agency may hold.
        pub role: RoleCode,
        /// For a shelter's lead: its shelters; for other roles, left out.
        pub shelters: Option<Vec<Id<Shelter>>>,
        /// For an integrator: the role of its agency whose reads it holds; for other roles, left out.
        pub reads_as: Option<RoleCode>,
        /// When the grant ends, by the programme clock.
        pub ends_at: DateTime<Utc>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A role, granted.
    pub struct GrantRolePayload: "GrantRolePayload" as Account {
        /// The grant.
        grant: Grant,
    }
}

union! {
    /// The role, granted; or why it was not.
    pub enum GrantRoleResult {
        Payload(GrantRolePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        RoleNotOfAgency(RoleNotOfAgency),
        RolesIncompatible(RolesIncompatible),
        AlreadyGranted(AlreadyGranted),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: a role was granted.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleGranted {
    pub(crate) grant: Grant,
}

impl Change for RoleGranted {
    const NAME: &'static str = "agencies.roleGranted";
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<GrantRolePayload>(|payload| {
        payload.carries("grant", Class::Administration, "The grant.", |payload| Some(payload.grant.clone()))
    });
    graph
        .mutation("grantRole", Class::Administration, "Grants a role to a user.")
        .either(RecordType::Account, grant_role);
}

type Granting<'c> = Transaction<'c, GrantRolePayload>;

async fn grant_role(context: Context, input: GrantRole) -> Result<GrantRoleResult> {
    let mut transaction = begin!(&context, "agencies.grantRole", &input, GrantRoleResult);
    match grant(&context, &mut transaction, &input).await {
        Ok(Ok(grant)) => {
            let change = RoleGranted { grant: grant.clone() };
            let changes = vec![Part::of(Class::Administration, None, &change)?];
            Ok(match transaction.commit(context.now(), changes, GrantRolePayload { grant }).await? {
                Outcome::Done(payload) | Outcome::Repeated(payload) => payload.into(),
                Outcome::Conflict => IdempotencyConflict::new().into(),
            })
        }
        Ok(Err(problem)) => transaction.refuse(problem).await,
        Err(error) => {
            transaction.roll_back().await?;
            Err(error)
        }
    }
}

async fn grant(
    context: &Context,
    transaction: &mut Granting<'_>,
    input: &GrantRole,
) -> Result<Result<Grant, GrantRoleResult>> {
    let Some(user) = find(context, transaction, input.user.uuid()).await? else {
        return Ok(Err(NotFound::new("user").into()));
    };
    context.authorize_write(Class::Administration, RecordType::Account, &user)?;
    if let Some(unfit) = unfit(context, input, &user) {
        return Ok(Err(unfit.into()));
    }
    let Some(shelters) = named(context, transaction, input.shelters.as_deref().unwrap_or_default()).await?
    else {
        return Ok(Err(NotFound::new("shelters").into()));
    };
    let (shelter_ids, shelters): (Vec<Uuid>, Vec<String>) = shelters.into_iter().unzip();
    let grant = Grant {
        id: Id::new(context.new_uuid()?),
        role: input.role,
        reads_as: input.reads_as,
        shelters,
        valid_from: context.now(),
        valid_until: Some(input.ends_at),
        version: 1,
        user_id: user.id.uuid(),
        agency: user.agency,
        own: user.own,
    };
    let row = (
        grants::id.eq(grant.id),
        grants::user_id.eq(grant.user_id),
        grants::role.eq(grant.role),
        grants::reads_as.eq(grant.reads_as),
        grants::valid_from.eq(grant.valid_from),
        grants::valid_until.eq(grant.valid_until),
    );
    if let Err(error) =
        diesel::insert_into(grants::table).values(row).execute(transaction.connection()?).await
    {
        let refused = law(&error, &grant).ok_or_else(|| Error::from(error))?;
        return Ok(Err(refused));
    }
    let mut confined = Vec::with_capacity(shelter_ids.len());
    for shelter in shelter_ids {
        confined.push((grant_shelters::grant_id.eq(grant.id), grant_shelters::shelter_id.eq(shelter)));
    }
    diesel::insert_into(grant_shelters::table).values(confined).execute(transaction.connection()?).await?;
    Ok(Ok(grant))
}

async fn find(context: &Context, transaction: &mut Granting<'_>, id: Uuid) -> Result<Option<User>> {
    let query = users::table
        .inner_join(agencies::table)
        .filter(users::id.eq(id))
        .filter(agencies::programme_id.eq(context.programme_id()))
        .select(USER_COLUMNS);
    let found = query.first(transaction.connection()?).await.optional()?;
    Ok(found.map(|row| load::user(context, row)))
}

/// What does not fit together in a request.
fn unfit(context: &Context, input: &GrantRole, user: &User) -> Option<InvalidValue> {
    let names_shelters = input.shelters.as_ref().is_some_and(|shelters| !shelters.is_empty());
    if !user.active {
        return Some(InvalidValue::new("user", "This account is not active. Reactivate it first."));
    }
    if input.ends_at <= context.now() {
        return Some(InvalidValue::new("endsAt", "A grant ends in the future."));
    }
    if names_shelters != (input.role == RoleCode::ShelterLead) {
        return Some(InvalidValue::new(
            "shelters",
            "A shelter's lead is granted shelters, and no one else is.",
        ));
    }
    if input.reads_as.is_some() != (input.role == RoleCode::Integrator) {
        return Some(InvalidValue::new("readsAs", "An integrator reads as one role, and no one else does."));
    }
    None
}

/// Shelters with their codes, by these; none where one of them is not there.
async fn named(
    context: &Context,
    transaction: &mut Granting<'_>,
    ids: &[Id<Shelter>],
) -> Result<Option<Vec<(Uuid, String)>>> {
    let mut wanted: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let found: Vec<(Uuid, String)> = shelters::table
        .filter(shelters::id.eq_any(&wanted))
        .filter(shelters::programme_id.eq(context.programme_id()))
        .order(shelters::code)
        .select((shelters::id, shelters::code))
        .load(transaction.connection()?)
        .await?;
    Ok((found.len() == wanted.len()).then_some(found))
}

/// The law that a grant runs into.
fn law(error: &diesel::result::Error, grant: &Grant) -> Option<GrantRoleResult> {
    let role = grant.role.as_str();
    match constraint(error)? {
        "grants_role_of_agency" => Some(RoleNotOfAgency::new("role", role, &grant.agency).into()),
        "grants_reads_as_of_agency" => {
            let reads_as = grant.reads_as.map_or(role, RoleCode::as_str);
            Some(RoleNotOfAgency::new("readsAs", reads_as, &grant.agency).into())
        }
        "grants_roles_compatible" => {
            let held = held(error)?;
            let asked = [Some(grant.role), grant.reads_as].into_iter().flatten();
            let reason = asked.into_iter().find_map(|role| incompatibility(role.as_str(), held));
            Some(RolesIncompatible::new(held, reason.unwrap_or("The two are not held together.")).into())
        }
        "grants_no_overlap" => Some(AlreadyGranted::new().into()),
        _ => None,
    }
}

/// The role with which another is not held together, as the database tells it.
fn held(error: &diesel::result::Error) -> Option<&str> {
    match error {
        diesel::result::Error::DatabaseError(_, info) => info.details(),
        _ => None,
    }
}
