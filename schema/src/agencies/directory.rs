//! The authorities of the programme, in memory: agencies, agreements, users, grants and revoked tokens.
//!
//! Small, read by every request, and changed rarely: it is read whole when the database says that its version rose, so
//! that a revocation is felt within a second or two and a request pays nothing for it (R4).

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Principal, UserPrincipal};

use crate::agencies::tables::{
    agencies, agreements, authority_version, grants, programmes, revoked_tokens, users,
};
use crate::break_glass::tables::break_glass_accesses;
use crate::census::Purpose;
use crate::database::Reader;
use crate::error::{Code, Error, Result};
use crate::shelters::tables::{grant_shelters, shelters};

/// The programme that this deployment serves.
#[derive(Debug, Clone)]
pub struct Programme {
    /// Its key.
    pub id: Uuid,
    /// Its code.
    pub code: String,
    /// Its name, as people read it.
    pub name: String,
    /// The zone in which its days begin and end.
    pub time_zone: Tz,
    /// Its first day.
    pub starts_on: NaiveDate,
    /// Programme clock minus real clock.
    pub clock_offset: Duration,
    /// Set where its data was made up: the day as of which it stands.
    pub demo_day: Option<NaiveDate>,
}

/// What a caller states: of itself in a verified token, of which rights come only as far as grants confirm them; and for what
/// it asks.
#[derive(Debug, Clone)]
pub struct Stated<'a> {
    /// The token's own id.
    pub jti: &'a str,
    /// Who.
    pub subject: &'a str,
    /// Code of the agency.
    pub agency: &'a str,
    /// Roles.
    pub roles: &'a [String],
    /// Codes of shelters.
    pub shelters: &'a [String],
    /// For what the data is needed; without one, nothing is told of people in care.
    pub purpose: Option<Purpose>,
}

/// A caller with a token: who it is and what it holds now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Key of the user.
    pub user: Uuid,
    /// The token's `sub`.
    pub subject: String,
    /// Key of the agency.
    pub agency: Uuid,
    /// The roles, shelters and agreement that the policies see.
    pub principal: UserPrincipal,
    /// The person's record that it has opened in an emergency.
    pub(crate) opened: Option<Opened>,
}

/// A person's record, opened in an emergency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opened {
    /// Key of the access.
    pub(crate) access: Uuid,
    /// Key of the person.
    pub(crate) person: Uuid,
    /// When it ends by itself, by the real clock.
    pub(crate) ends_at: DateTime<Utc>,
}

impl Actor {
    /// As the policies know it. Every user is `self` to them: what tells users apart are facts of records, so that callers
    /// with the same access share plans and cohorts.
    pub fn as_principal(&self) -> Principal {
        Principal::User(self.principal.clone())
    }
}

/// What a policy sees as the user of a record that is the caller's own.
pub(crate) const SELF: &str = "self";

#[derive(Debug)]
struct Period {
    from: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
}

impl Period {
    fn holds(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }

    fn turns(&self, after: DateTime<Utc>, up_to: DateTime<Utc>) -> bool {
        let within = |instant: DateTime<Utc>| after < instant && instant <= up_to;
        within(self.from) || self.until.is_some_and(within)
    }
}

#[derive(Debug)]
struct Grant {
    role: String,
    reads_as: Option<String>,
    period: Period,
    shelters: BTreeSet<String>,
}

#[derive(Debug)]
struct User {
    id: Uuid,
    active: bool,
    grants: Vec<Grant>,
    /// The real clock rules them; their periods stand here in programme time, as all others.
    opened: Vec<(Period, Opened)>,
}

#[derive(Debug)]
struct Agency {
    id: Uuid,
    agreements: Vec<Period>,
    users: HashMap<String, User>,
}

impl Agency {
    fn agreement_in_force(&self, at: DateTime<Utc>) -> bool {
        self.agreements.iter().any(|agreement| agreement.holds(at))
    }
}

/// See the module.
#[derive(Debug)]
pub struct Directory {
    pub(crate) version: i64,
    /// The programme that this deployment serves.
    pub programme: Programme,
    agencies: HashMap<String, Agency>,
    revoked: HashSet<String>,
}

type GrantRow = (Uuid, Uuid, String, Option<String>, DateTime<Utc>, Option<DateTime<Utc>>);

/// The number that every change of authority raises.
pub(crate) async fn version(reader: &Reader) -> Result<i64> {
    Ok(authority_version::table.select(authority_version::version).first(&mut &**reader).await?)
}

/// The records that are open at `real_now`, by the user who opened them.
async fn opened_records(
    reader: &Reader,
    real_now: DateTime<Utc>,
    clock_offset: Duration,
) -> Result<HashMap<Uuid, Vec<(Period, Opened)>>> {
    let open = break_glass_accesses::table
        .filter(break_glass_accesses::ended_at.is_null())
        .filter(break_glass_accesses::ends_at.gt(real_now))
        .select((
            break_glass_accesses::user_id,
            break_glass_accesses::opened_at,
            break_glass_accesses::ends_at,
            break_glass_accesses::id,
            break_glass_accesses::person_id,
        ));
    let mut opened: HashMap<Uuid, Vec<(Period, Opened)>> = HashMap::new();
    for (user, from, ends_at, access, person) in
        open.load::<(Uuid, DateTime<Utc>, DateTime<Utc>, Uuid, Uuid)>(&mut &**reader).await?
    {
        let period = Period { from: from + clock_offset, until: Some(ends_at + clock_offset) };
        opened.entry(user).or_default().push((period, Opened { access, person, ends_at }));
    }
    Ok(opened)
}

impl Directory {
    /// Reads the whole of it, with the records that are open at `real_now`. A change that comes in between raises the version
    /// again, so the next look reads it anew.
    pub(crate) async fn read(reader: &Reader, real_now: DateTime<Utc>) -> Result<Self> {
        let version = version(reader).await?;
        let connection = &mut &**reader;
        let programme = programmes::table
            .select((
                programmes::id,
                programmes::code,
                programmes::name,
                programmes::time_zone,
                programmes::starts_on,
                programmes::clock_offset_us,
                programmes::demo_day,
            ))
            .order(programmes::starts_on)
            .first::<(Uuid, String, String, String, NaiveDate, i64, Option<NaiveDate>)>(connection)
            .await
            .optional()?;
        let Some((id, code, name, time_zone, starts_on, offset, demo_day)) = programme else {
            return Err(Error::new(
                Code::Unavailable,
                "The database holds no programme yet. Load one, or run `enlace demo`.",
            ));
        };
        let time_zone = time_zone.parse().map_err(Error::internal)?;
        let clock_offset = Duration::microseconds(offset);
        let programme = Programme { id, code, name, time_zone, starts_on, clock_offset, demo_day };

        let mut found: HashMap<Uuid, (String, Agency)> = HashMap::new();
        let rows =
            agencies::table.filter(agencies::programme_id.eq(id)).select((agencies::id, agencies::code));
        for (id, code) in rows.load::<(Uuid, String)>(connection).await? {
            found.insert(id, (code, Agency { id, agreements: Vec::new(), users: HashMap::new() }));
        }
        let rows = agreements::table.select((
            agreements::agency_id,
            agreements::valid_from,
            agreements::valid_until,
        ));
        for (agency, from, until) in
            rows.load::<(Uuid, DateTime<Utc>, Option<DateTime<Utc>>)>(connection).await?
        {
            if let Some((_, agency)) = found.get_mut(&agency) {
                agency.agreements.push(Period { from, until });
            }
        }
        let mut shelters_of: HashMap<Uuid, BTreeSet<String>> = HashMap::new();
        let rows = grant_shelters::table
            .inner_join(shelters::table)
            .select((grant_shelters::grant_id, shelters::code));
        for (grant, shelter) in rows.load::<(Uuid, String)>(connection).await? {
            shelters_of.entry(grant).or_default().insert(shelter);
        }
        let mut grants_of: HashMap<Uuid, Vec<Grant>> = HashMap::new();
        let rows = grants::table.select((
            grants::id,
            grants::user_id,
            grants::role,
            grants::reads_as,
            grants::valid_from,
            grants::valid_until,
        ));
        for (grant, user, role, reads_as, from, until) in rows.load::<GrantRow>(connection).await? {
            let shelters = shelters_of.remove(&grant).unwrap_or_default();
            grants_of.entry(user).or_default().push(Grant {
                role,
                reads_as,
                period: Period { from, until },
                shelters,
            });
        }
        let mut opened_by = opened_records(reader, real_now, clock_offset).await?;
        let rows = users::table.select((users::id, users::agency_id, users::subject, users::active));
        for (id, agency, subject, active) in rows.load::<(Uuid, Uuid, String, bool)>(connection).await? {
            if let Some((_, agency)) = found.get_mut(&agency) {
                let grants = grants_of.remove(&id).unwrap_or_default();
                let opened = opened_by.remove(&id).unwrap_or_default();
                agency.users.insert(subject, User { id, active, grants, opened });
            }
        }
        let revoked = revoked_tokens::table.select(revoked_tokens::jti).load::<String>(connection).await?;
        Ok(Self {
            version,
            programme,
            agencies: found.into_values().collect(),
            revoked: revoked.into_iter().collect(),
        })
    }

    /// The key of the agency with a code.
    pub(crate) fn agency(&self, code: &str) -> Result<Uuid> {
        let known = self.agencies.get(code).map(|agency| agency.id);
        known.ok_or_else(|| Error::internal(format!("a record names the agency {code}, which is not there")))
    }

    /// The code of the agency with a key.
    pub(crate) fn agency_code(&self, key: Uuid) -> Option<&str> {
        self.agencies.iter().find(|(_, agency)| agency.id == key).map(|(code, _)| code.as_str())
    }

    /// Whether the agreement with an agency is in force at a time; `None` where there is no such agency.
    pub(crate) fn agreement_in_force(&self, code: &str, at: DateTime<Utc>) -> Option<bool> {
        self.agencies.get(code).map(|agency| agency.agreement_in_force(at))
    }

    /// Confirms what a token states: the roles and shelters that it names *and* that are granted at `at`.
    pub fn actor(&self, stated: &Stated<'_>, at: DateTime<Utc>) -> Result<Actor> {
        if self.revoked.contains(stated.jti) {
            return Err(Error::new(Code::TokenRevoked, "This token was revoked. Get a new one."));
        }
        let unknown = |what| {
            Error::new(
                Code::ActorUnknown,
                format!("The token's {what} is not known here. Ask the programme's administrator."),
            )
        };
        let agency = self.agencies.get(stated.agency).ok_or_else(|| unknown("agency"))?;
        let user =
            agency.users.get(stated.subject).filter(|user| user.active).ok_or_else(|| unknown("user"))?;
        let held: Vec<&Grant> = user
            .grants
            .iter()
            .filter(|grant| grant.period.holds(at) && stated.roles.contains(&grant.role))
            .collect();
        let granted = held.iter().flat_map(|grant| &grant.shelters);
        let opened = user.opened.iter().find(|(period, _)| period.holds(at)).map(|(_, opened)| *opened);
        let principal = UserPrincipal {
            user: SELF.into(),
            agency: stated.agency.into(),
            roles: held.iter().map(|grant| grant.role.clone()).collect(),
            reads_as: held.iter().find_map(|grant| grant.reads_as.clone()),
            shelters: granted.filter(|shelter| stated.shelters.contains(shelter)).cloned().collect(),
            agreement_in_force: agency.agreement_in_force(at),
            purpose: stated.purpose.map(|purpose| purpose.as_str().to_owned()),
            opened: opened.map(|opened| opened.person.to_string()),
        };
        Ok(Actor { user: user.id, subject: stated.subject.into(), agency: agency.id, principal, opened })
    }

    /// Who a token is of that is refused, though its agency and its user are known: it holds nothing.
    pub(crate) fn withdrawn(&self, stated: &Stated<'_>) -> Option<Actor> {
        let agency = self.agencies.get(stated.agency)?;
        let user = agency.users.get(stated.subject)?;
        let principal = UserPrincipal {
            user: SELF.into(),
            agency: stated.agency.into(),
            roles: BTreeSet::new(),
            reads_as: None,
            shelters: BTreeSet::new(),
            agreement_in_force: false,
            purpose: stated.purpose.map(|purpose| purpose.as_str().to_owned()),
            opened: None,
        };
        Some(Actor {
            user: user.id,
            subject: stated.subject.into(),
            agency: agency.id,
            principal,
            opened: None,
        })
    }

    /// Whether the validity of some agreement, grant or emergency begins or ends after one instant and up to another.
    pub(crate) fn turns(&self, after: DateTime<Utc>, up_to: DateTime<Utc>) -> bool {
        self.agencies.values().any(|agency| {
            let grants = agency.users.values().flat_map(|user| &user.grants).map(|grant| &grant.period);
            let opened = agency.users.values().flat_map(|user| &user.opened).map(|(period, _)| period);
            agency.agreements.iter().chain(grants).chain(opened).any(|period| period.turns(after, up_to))
        })
    }
}
