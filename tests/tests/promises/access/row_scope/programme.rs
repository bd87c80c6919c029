//! A programme of chance: its people and what tells of them, what the journal has, and who asks.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::Utc;
use enlace::auth::dev::TokenRequest;
use enlace_policies::{Fact, ROLES, UserPrincipal};
use enlace_tests::{Client, Scratch, World};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use crate::reference::oracle::Record;

/// Two actors for every role, and more for those whose rules turn on people.
const MORE: [&str; 17] = [
    "adviser",
    "adviser",
    "adviser",
    "donor",
    "donor",
    "donor",
    "shelter_lead",
    "shelter_lead",
    "shelter_lead",
    "shelter_lead",
    "programmes",
    "programmes",
    "programmes",
    "programmes",
    "programmes",
    "educator",
    "partner",
];
const ACTORS: usize = 2 * ROLES.len() + MORE.len();
const PEOPLE: usize = 120;
const HOUSEHOLDS: usize = 50;

/// Agencies that people are referred to, that teach, and that act.
const AGENCIES: [&str; 8] =
    ["INEA", "ACNUR", "OIM", "UNICEF", "NGO_LETRAS_EN_CAMINO", "ISESALUD", "DIF_ESTATAL", "ONU"];
/// Where an actor may be who is at none of those that its role has.
const ELSEWHERE: [&str; 6] = ["DIF_MUNICIPAL", "SEDENA", "DSPM", "CNDH", "NGO_PAN_DEL_VALLE", "RP"];
const PURPOSES: [&str; 2] = ["EDUCATION", "PROTECTION"];
pub(super) const SHELTERS: [&str; 12] = [
    "ALB-01", "ALB-02", "ALB-03", "ALB-04", "ALB-05", "ALB-06", "ALB-07", "ALB-08", "ALB-09", "ALB-10",
    "ALB-11", "ALB-12",
];

/// A person, by the places of their shelter and household, and whether they are a minor.
#[derive(Debug, Clone)]
pub(super) struct Someone {
    shelter: Option<usize>,
    household: usize,
    minor: bool,
}

/// A consent or a referral: of whom, to which agency, for what, and whether it counts now.
#[derive(Debug, Clone)]
pub(super) struct Share {
    pub(super) person: usize,
    pub(super) sender: &'static str,
    pub(super) recipient: &'static str,
    purpose: &'static str,
    state: usize,
}

/// An actor, as the grants and the token have it.
#[derive(Debug, Clone)]
pub(super) struct Actor {
    agency: &'static str,
    granted: BTreeSet<&'static str>,
    /// Roles that were granted and are no longer.
    ended: BTreeSet<&'static str>,
    claimed: BTreeSet<&'static str>,
    reads_as: &'static str,
    own: BTreeSet<&'static str>,
    claimed_shelters: BTreeSet<&'static str>,
    purpose: Option<&'static str>,
}

/// A whole programme of chance.
#[derive(Debug, Clone)]
pub(super) struct Programme {
    households: Vec<Option<usize>>,
    people: Vec<Someone>,
    consents: Vec<Share>,
    pub(super) referrals: Vec<Share>,
    /// By person and agency.
    pub(super) enrolments: Vec<(usize, &'static str)>,
    /// What the journal has: who acted.
    pub(super) entries: Vec<Option<&'static str>>,
    pub(super) actors: Vec<Actor>,
    /// The agencies whose agreement is not in force.
    lapsed: BTreeSet<&'static str>,
}

fn one_of(values: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(values)
}

fn some_of(
    values: &'static [&'static str],
    count: RangeInclusive<usize>,
) -> impl Strategy<Value = BTreeSet<&'static str>> {
    prop::sample::subsequence(values, count).prop_map(BTreeSet::from_iter)
}

/// Consents count in states 0 and 1, referrals in state 0.
fn shares(count: usize) -> impl Strategy<Value = Vec<Share>> {
    let share =
        (0..PEOPLE, one_of(&["DIF_MUNICIPAL", "SEDENA"]), one_of(&AGENCIES), one_of(&PURPOSES), 0_usize..5);
    let share = share.prop_map(|(person, sender, recipient, purpose, state)| {
        // As many count as do not.
        Share { person, sender, recipient, purpose, state: state.saturating_sub(1) }
    });
    prop::collection::vec(share, count)
}

fn actor(base: usize) -> impl Strategy<Value = Actor> {
    let role = match MORE.get(base) {
        Some(code) => ROLES.iter().find(|role| role.code == *code).unwrap(),
        None => &ROLES[base % ROLES.len()],
    };
    let home = match role.agencies[0] {
        "NGO_*" => "NGO_LETRAS_EN_CAMINO",
        "*" => "ACNUR",
        agency => agency,
    };
    let homes: Vec<&'static str> =
        role.agencies.iter().copied().filter(|agency| !agency.ends_with('*')).chain([home]).collect();
    let codes: Vec<&'static str> = ROLES.iter().map(|role| role.code).collect();
    let others = prop::sample::subsequence(codes.clone(), 0..=2);
    (
        (prop::sample::select(homes), one_of(&ELSEWHERE), 0..10),
        (others, 0..10, 0..10),
        prop::sample::select(codes),
        (some_of(&SHELTERS, 2..=8), some_of(&SHELTERS, 4..=12)),
        (one_of(&PURPOSES), 0..12),
    )
        .prop_map(
            move |(
                (home, elsewhere, where_at),
                (others, alone, odd),
                reads_as,
                shelters,
                (purpose, stated),
            )| {
                let mut granted = BTreeSet::from([role.code]);
                // A few hold several roles, also such as nobody should be granted together: the policies hold even so.
                if alone < 3 {
                    granted.extend(others.iter().copied());
                }
                let mut claimed = granted.clone();
                claimed.extend(others.first().copied().filter(|_| odd < 3));
                let ended = others.last().copied().filter(|role| odd == 9 && !granted.contains(role));
                claimed.extend(ended);
                if odd == 8 && granted.len() > 1 {
                    claimed.remove(role.code);
                }
                Actor {
                    agency: if where_at < 2 { elsewhere } else { home },
                    granted,
                    ended: ended.into_iter().collect(),
                    claimed,
                    reads_as,
                    own: shelters.0,
                    claimed_shelters: shelters.1,
                    purpose: match stated {
                        0 => None,
                        1 => Some("HOUSING"),
                        _ => Some(purpose),
                    },
                }
            },
        )
}

pub(super) fn programme() -> impl Strategy<Value = Programme> {
    let someone = (prop::option::of(0..SHELTERS.len()), 0..HOUSEHOLDS, any::<bool>())
        .prop_map(|(shelter, household, minor)| Someone { shelter, household, minor });
    let actors: Vec<_> = (0..ACTORS).map(actor).collect();
    (
        prop::collection::vec(prop::option::of(0..SHELTERS.len()), HOUSEHOLDS),
        prop::collection::vec(someone, PEOPLE),
        shares(420),
        shares(160),
        prop::collection::vec((0..PEOPLE, one_of(&AGENCIES)), 120),
        prop::collection::vec(prop::option::weighted(0.9, one_of(&AGENCIES)), 60),
        actors,
        some_of(&["SEDENA", "ONU", "RP", "BISOM", "PCE", "CDM"], 0..=3),
    )
        .prop_map(|(households, people, consents, referrals, enrolments, entries, actors, lapsed)| {
            Programme { households, people, consents, referrals, enrolments, entries, actors, lapsed }
        })
}

/// Keys that say of what kind and which they are.
pub(super) fn key(kind: u128, number: usize) -> Uuid {
    Uuid::from_u128((kind << 64) | number as u128)
}

pub(super) const HOUSEHOLD: u128 = 1;
pub(super) const PERSON: u128 = 2;
pub(super) const CONSENT: u128 = 3;
pub(super) const REFERRAL: u128 = 4;
pub(super) const ENROLMENT: u128 = 5;
pub(super) const ENTRY: u128 = 6;

/// The operation of the entries that are made here.
pub(super) const OPERATION: &str = "promise.chance";

impl Programme {
    /// A consent stands once for each person, agency and purpose: two at once would overlap.
    pub(super) fn consents(&self) -> Vec<&Share> {
        let mut seen = BTreeSet::new();
        self.consents
            .iter()
            .filter(|share| seen.insert((share.person, share.recipient, share.purpose)))
            .collect()
    }

    /// With whom, and for what, the data of each person is shared.
    fn shared(&self) -> Vec<BTreeSet<String>> {
        let mut shared = vec![BTreeSet::new(); PEOPLE];
        let consents = self.consents().into_iter().filter(|share| share.state <= 1);
        let referrals = self.referrals.iter().filter(|share| share.state == 0);
        for share in consents.chain(referrals) {
            shared[share.person].insert(format!("{}/{}", share.recipient, share.purpose));
        }
        shared
    }

    /// What a rule may ask of each person.
    pub(super) fn people(&self) -> Vec<Record> {
        let shared = self.shared();
        let record = |(someone, shared): (&Someone, BTreeSet<String>)| {
            Record::default()
                .with(Fact::Shelter, someone.shelter.map(|place| SHELTERS[place]))
                .with(Fact::AgeGroup, Some(if someone.minor { "minor" } else { "adult" }))
                .with_set(Fact::SharedWith, shared)
        };
        self.people.iter().zip(shared).map(record).collect()
    }

    pub(super) fn households(&self) -> Vec<Record> {
        let shared = self.shared();
        let record = |(number, shelter): (usize, &Option<usize>)| {
            let members = self.people.iter().zip(&shared).filter(|(someone, _)| someone.household == number);
            let of_members = members.flat_map(|(_, shared)| shared.iter().cloned());
            Record::default()
                .with(Fact::Shelter, shelter.map(|place| SHELTERS[place]))
                .with_set(Fact::SharedWith, of_members.collect::<BTreeSet<_>>())
        };
        self.households.iter().enumerate().map(record).collect()
    }

    /// Puts it into a database in place of the demonstration's people.
    pub(super) async fn write(&self, scratch: &Scratch) {
        let client = scratch.connect().await;
        let run = async |statement: String| {
            client.batch_execute(&statement).await.unwrap_or_else(|error| panic!("{error:?}: {statement}"));
        };
        // Triggers are left out: what nobody could be granted through the server is granted here.
        run("SET session_replication_role = replica; \
             DELETE FROM enrolments; DELETE FROM diagnoses; DELETE FROM assessments; DELETE FROM referrals; \
             DELETE FROM consents; DELETE FROM persons; DELETE FROM households"
            .to_owned())
        .await;
        let shelter = |place: &Option<usize>| {
            place.map_or("NULL".to_owned(), |place| {
                format!("(SELECT id FROM shelters WHERE code = '{}')", SHELTERS[place])
            })
        };
        let programme = "(SELECT id FROM programmes)";
        let households = self.households.iter().enumerate().map(|(number, place)| {
            format!(
                "('{}', {programme}, 'H{number}', '2022-01-01', {})",
                key(HOUSEHOLD, number),
                shelter(place)
            )
        });
        run(insert("households (id, programme_id, code, arrived_on, shelter_id)", households)).await;
        let people = self.people.iter().enumerate().map(|(number, someone)| {
            let adult_from = if someone.minor { "2023-01-01" } else { "2022-01-01" };
            format!(
                "('{}', {programme}, '{}', 'P{number}', '2022-01-01', '{adult_from}', {}, '', '', '', '')",
                key(PERSON, number),
                key(HOUSEHOLD, someone.household),
                shelter(&someone.shelter)
            )
        });
        let columns = "persons (id, programme_id, household_id, code, arrived_on, adult_from, shelter_id, identity, family, \
                       migration, placement)";
        run(insert(columns, people)).await;
        // Open, to end, ended, withdrawn.
        let consents = self.consents().into_iter().enumerate().map(|(number, share)| {
            let (ends_at, withdrawn_at) = match share.state {
                0 => ("NULL", "NULL"),
                1 => ("'2022-03-01'", "NULL"),
                2 => ("'2022-01-20'", "NULL"),
                _ => ("NULL", "'2022-01-20'"),
            };
            let Share { person, recipient, purpose, .. } = share;
            format!(
                "('{}', {programme}, '{}', '{recipient}', '{purpose}', '2022-01-10', {ends_at}, {withdrawn_at})",
                key(CONSENT, number),
                key(PERSON, *person)
            )
        });
        let columns =
            "consents (id, programme_id, person_id, recipient, purpose, given_at, ends_at, withdrawn_at)";
        run(insert(columns, consents)).await;
        // Accepted, proposed, ended, yet to be accepted.
        let referrals = self.referrals.iter().enumerate().map(|(number, share)| {
            let (accepted_at, ended_at) = match share.state {
                0 => ("'2022-01-12'", "NULL"),
                1 => ("NULL", "NULL"),
                2 => ("'2022-01-12'", "'2022-01-20'"),
                _ => ("'2022-03-01'", "NULL"),
            };
            let Share { person, sender, recipient, purpose, .. } = share;
            format!(
                "('{}', {programme}, '{}', '{sender}', '{recipient}', '{purpose}', 'CONSENT', '2022-01-10', {accepted_at}, \
                 {ended_at})",
                key(REFERRAL, number),
                key(PERSON, *person)
            )
        });
        let columns = "referrals (id, programme_id, person_id, sender, recipient, purpose, legal_basis, opened_at, \
                       accepted_at, ended_at)";
        run(insert(columns, referrals)).await;
        let enrolments = self.enrolments.iter().enumerate().map(|(number, (person, agency))| {
            let (id, person) = (key(ENROLMENT, number), key(PERSON, *person));
            format!("('{id}', {programme}, '{person}', '{agency}', '2022-01-10', '')")
        });
        run(insert("enrolments (id, programme_id, person_id, agency, started_on, course)", enrolments)).await;
        self.write_journal(&client).await;
        self.write_actors(&client).await;
    }

    async fn write_journal(&self, client: &tokio_postgres::Client) {
        for (number, agency) in self.entries.iter().enumerate() {
            let (entry, index) = (key(ENTRY, number), i64::try_from(number).unwrap());
            let at = "2022-01-15T00:00:00Z";
            let header = json!({
                "operation": OPERATION, "agency": agency, "user": null, "roles": [], "policyVersion": "x",
                "occurredAt": at, "recordedAt": at, "realTime": at,
            });
            let statement = "WITH entry AS (INSERT INTO journal_entries (id, programme_id, leaf, operation, agency, recorded_at, classes) \
                 SELECT $1, id, 'leaf', $2, $3, '2022-01-15', '{}' FROM programmes), \
                 part AS (INSERT INTO journal_parts VALUES ($1, 0, 'JOURNAL', NULL, 'salt', $4)), \
                 subject AS (INSERT INTO journal_subjects VALUES ($1, $5)) \
                 INSERT INTO journal_index VALUES ($6, $1)";
            let content = header.to_string().into_bytes();
            let subject = key(PERSON, number);
            client
                .execute(statement, &[&entry, &OPERATION, agency, &content, &subject, &index])
                .await
                .unwrap();
        }
    }

    async fn write_actors(&self, client: &tokio_postgres::Client) {
        for (number, actor) in self.actors.iter().enumerate() {
            let (user, subject) = (Uuid::now_v7(), subject(number));
            let statement =
                "INSERT INTO users (id, agency_id, subject) SELECT $1, id, $3 FROM agencies WHERE code = $2";
            assert_eq!(client.execute(statement, &[&user, &actor.agency, &subject]).await.unwrap(), 1);
            for role in actor.granted.iter().chain(&actor.ended) {
                let grant = Uuid::now_v7();
                let reads_as = (*role == "integrator").then_some(actor.reads_as);
                let until = if actor.granted.contains(role) { "2022-03-01" } else { "2022-01-20" };
                let statement = format!(
                    "INSERT INTO grants (id, user_id, role, reads_as, valid_from, valid_until) VALUES ($1, $2, $3, $4, '2022-01-01', '{until}')"
                );
                client.execute(&statement, &[&grant, &user, role, &reads_as]).await.unwrap();
                if *role == "shelter_lead" {
                    let own: Vec<&str> = actor.own.iter().copied().collect();
                    let statement =
                        "INSERT INTO grant_shelters SELECT $1, id FROM shelters WHERE code = ANY($2)";
                    client.execute(statement, &[&grant, &own]).await.unwrap();
                }
            }
        }
        let lapsed: Vec<&str> = self.lapsed.iter().copied().collect();
        let statement =
            "DELETE FROM agreements WHERE agency_id IN (SELECT id FROM agencies WHERE code = ANY($1))";
        client.execute(statement, &[&lapsed]).await.unwrap();
    }

    /// As the policies know an actor.
    pub(super) fn principal(&self, actor: &Actor) -> UserPrincipal {
        let held: BTreeSet<&str> = actor.granted.intersection(&actor.claimed).copied().collect();
        let shelters =
            actor.own.intersection(&actor.claimed_shelters).filter(|_| held.contains("shelter_lead"));
        UserPrincipal {
            user: "self".to_owned(),
            agency: actor.agency.to_owned(),
            reads_as: held.contains("integrator").then(|| actor.reads_as.to_owned()),
            shelters: shelters.map(|code| (*code).to_owned()).collect(),
            roles: held.into_iter().map(str::to_owned).collect(),
            agreement_in_force: !self.lapsed.contains(actor.agency),
            purpose: actor.purpose.map(str::to_owned),
        }
    }
}

fn insert(columns: &str, values: impl Iterator<Item = String>) -> String {
    format!("INSERT INTO {columns} VALUES {}", values.collect::<Vec<_>>().join(", "))
}

fn subject(number: usize) -> String {
    format!("chance.{number}")
}

/// A client with an actor's token and purpose.
pub(super) fn client(world: &World, number: usize, actor: &Actor) -> Client {
    let texts = |set: &BTreeSet<&'static str>| set.iter().map(|text| (*text).to_owned()).collect();
    let request = TokenRequest {
        agency: actor.agency.to_owned(),
        roles: texts(&actor.claimed),
        shelters: texts(&actor.claimed_shelters),
        user: Some(subject(number)),
        ttl: Duration::from_hours(1),
    };
    let client = Client::new(world.address, Some(world.issuer.mint(&request, Utc::now()).unwrap()));
    actor.purpose.map_or_else(|| client.clone(), |purpose| client.stating(purpose))
}
