//! Which records a caller reaches is decided in SQL, and is what Cedar's own authorizer says of each of them: for actors, grants
//! and records of chance, under the programme's own policies.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::Utc;
use enlace::auth::dev::TokenRequest;
use enlace_policies::{Answer, Class, Fact, Principal, Profile, ROLES, RecordType, UserPrincipal, Verb};
use enlace_tests::{Client, Scratch, World, at, codes, id};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::reference::oracle::{Asking, Oracle, Record, Verdict};
use crate::reference::{POLICIES, errors, roomy, rows, say};

/// How many programmes of chance, each with two actors for every role, and more for those whose rules turn on people.
const PROGRAMMES: usize = 2;
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

/// The fewest comparisons, and how often each rule must hold of some record and fail of another.
const CASES: usize = 10_000;
const BOTH_WAYS: usize = 100;

/// Agencies that people are referred to, that teach, and that act.
const AGENCIES: [&str; 8] =
    ["INEA", "ACNUR", "OIM", "UNICEF", "NGO_LETRAS_EN_CAMINO", "ISESALUD", "DIF_ESTATAL", "ONU"];
/// Where an actor may be who is at none of those that its role has.
const ELSEWHERE: [&str; 6] = ["DIF_MUNICIPAL", "SEDENA", "DSPM", "CNDH", "NGO_PAN_DEL_VALLE", "RP"];
const PURPOSES: [&str; 2] = ["EDUCATION", "PROTECTION"];
const SHELTERS: [&str; 12] = [
    "ALB-01", "ALB-02", "ALB-03", "ALB-04", "ALB-05", "ALB-06", "ALB-07", "ALB-08", "ALB-09", "ALB-10",
    "ALB-11", "ALB-12",
];

/// A person, by the places of their shelter and household, and whether they are a minor.
#[derive(Debug, Clone)]
struct Someone {
    shelter: Option<usize>,
    household: usize,
    minor: bool,
}

/// A consent or a referral: of whom, to which agency, for what, and whether it counts now.
#[derive(Debug, Clone)]
struct Share {
    person: usize,
    sender: &'static str,
    recipient: &'static str,
    purpose: &'static str,
    state: usize,
}

/// An actor, as the grants and the token have it.
#[derive(Debug, Clone)]
struct Actor {
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
struct Programme {
    households: Vec<Option<usize>>,
    people: Vec<Someone>,
    consents: Vec<Share>,
    referrals: Vec<Share>,
    /// By person and agency.
    enrolments: Vec<(usize, &'static str)>,
    /// What the journal has: who acted.
    entries: Vec<Option<&'static str>>,
    actors: Vec<Actor>,
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

fn programme() -> impl Strategy<Value = Programme> {
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
fn key(kind: u128, number: usize) -> Uuid {
    Uuid::from_u128((kind << 64) | number as u128)
}

const HOUSEHOLD: u128 = 1;
const PERSON: u128 = 2;
const CONSENT: u128 = 3;
const REFERRAL: u128 = 4;
const ENROLMENT: u128 = 5;
const ENTRY: u128 = 6;

/// The operation of the entries that are made here.
const OPERATION: &str = "promise.chance";

impl Programme {
    /// A consent stands once for each person, agency and purpose: two at once would overlap.
    fn consents(&self) -> Vec<&Share> {
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
    fn people(&self) -> Vec<Record> {
        let shared = self.shared();
        let record = |(someone, shared): (&Someone, BTreeSet<String>)| {
            Record::default()
                .with(Fact::Shelter, someone.shelter.map(|place| SHELTERS[place]))
                .with(Fact::AgeGroup, Some(if someone.minor { "minor" } else { "adult" }))
                .with_set(Fact::SharedWith, shared)
        };
        self.people.iter().zip(shared).map(record).collect()
    }

    fn households(&self) -> Vec<Record> {
        let shared = self.shared();
        let record = |(number, shelter): (usize, &Option<usize>)| {
            let members = self.people.iter().zip(&shared).filter(|(someone, _)| someone.household == number);
            let of_members = members.flat_map(|(_, shared)| shared.iter().cloned());
            Record::default()
                .with(Fact::Shelter, shelter.map(|place| SHELTERS[place]))
                .with_set(Fact::SharedWith, of_members.collect())
        };
        self.households.iter().enumerate().map(record).collect()
    }

    /// Puts it into a database in place of the demonstration's people.
    async fn write(&self, scratch: &Scratch) {
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
    fn principal(&self, actor: &Actor) -> UserPrincipal {
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

impl Record {
    fn with_set(mut self, fact: Fact, members: BTreeSet<String>) -> Self {
        self.0.insert(fact, members.into_iter().collect());
        self
    }
}

fn insert(columns: &str, values: impl Iterator<Item = String>) -> String {
    format!("INSERT INTO {columns} VALUES {}", values.collect::<Vec<_>>().join(", "))
}

fn subject(number: usize) -> String {
    format!("chance.{number}")
}

fn client(world: &World, number: usize, actor: &Actor) -> Client {
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

/// What was compared so far.
#[derive(Default)]
struct Tally {
    cases: usize,
    /// How often a rule that turned on the record held of it, and how often not.
    rules: BTreeMap<String, (usize, usize)>,
}

/// An actor under examination.
struct Examined<'a> {
    oracle: &'a Oracle,
    tally: &'a mut Tally,
    user: UserPrincipal,
    profile: Profile,
    asking: [(Verb, Asking); 3],
    /// The same facts are judged once.
    known: BTreeMap<(Verb, Class, RecordType, Record), Verdict>,
}

impl<'a> Examined<'a> {
    fn new(oracle: &'a Oracle, tally: &'a mut Tally, user: UserPrincipal) -> Self {
        let profile = POLICIES.profile(&Principal::User(user.clone())).unwrap();
        let asking = [Verb::Read, Verb::List, Verb::Write].map(|verb| (verb, oracle.caller(&user, verb)));
        Self { oracle, tally, user, profile, asking, known: BTreeMap::new() }
    }

    /// What the authorizer says of a record; the compiled answer says the same.
    fn judge(&mut self, verb: Verb, class: Class, record: RecordType, facts: &Record) -> bool {
        self.judge_all(verb, class, record, facts, 1)
    }

    /// As [`Examined::judge`], for so many records that have the same facts.
    fn judge_all(
        &mut self,
        verb: Verb,
        class: Class,
        record: RecordType,
        facts: &Record,
        times: usize,
    ) -> bool {
        let (_, asking) = self.asking.iter().find(|(known, _)| *known == verb).unwrap();
        let verdict = self
            .known
            .entry((verb, class, record, facts.clone()))
            .or_insert_with(|| self.oracle.decide(asking, verb, class, record, facts));
        let compiled = match self.profile.answer(verb, class, record) {
            Answer::Allowed => true,
            Answer::Refused(_) => false,
            Answer::Depends(dependence) => {
                let overruled = !verdict.allowed && !verdict.reasons.is_empty();
                for rule in &dependence.policies {
                    // A forbid hides which permits hold.
                    if overruled && !self.oracle.forbids(rule) {
                        continue;
                    }
                    let count = self.tally.rules.entry(rule.to_string()).or_default();
                    if verdict.reasons.contains(&**rule) { count.0 += times } else { count.1 += times }
                }
                dependence.condition.holds(facts)
            }
        };
        assert_eq!(compiled, verdict.allowed, "{:?} {verb} {class} on {record} {facts:?}", self.user);
        self.tally.cases += times;
        verdict.allowed
    }

    /// Compares what was reached of some records with what may be read.
    fn reaches(
        &mut self,
        class: Class,
        record: RecordType,
        records: &[(String, Record)],
        reached: &BTreeSet<String>,
    ) {
        for (id, facts) in records {
            let expected = self.judge(Verb::Read, class, record, facts);
            assert_eq!(reached.contains(id), expected, "{:?} {class} on {record} {id} {facts:?}", self.user);
        }
        let known: BTreeSet<&String> = records.iter().map(|(id, _)| id).collect();
        assert!(reached.iter().all(|id| known.contains(id)), "{:?} reaches what is not there", self.user);
    }

    /// Whether some record of a type could be reached by a class.
    fn asks(&self, class: Class, record: RecordType) -> bool {
        !matches!(self.profile.answer(Verb::Read, class, record), Answer::Refused(_))
    }
}

/// The rows of a list; none where it is refused, or where no purpose is stated.
fn listed<'a>(
    examined: &Examined<'_>,
    answer: &'a Json,
    root: &str,
    class: Class,
    record: RecordType,
) -> &'a [Json] {
    if at(answer, &format!("data.{root}")).is_null() {
        let code = if examined.asks(class, record) { "PURPOSE_REQUIRED" } else { "FIELD_FORBIDDEN" };
        assert_eq!(codes(answer), [code], "{:?} {answer}", examined.user);
        assert!(code == "FIELD_FORBIDDEN" || examined.user.purpose.is_none(), "{answer}");
        return &[];
    }
    let nodes = rows(answer, &format!("data.{root}.nodes"));
    assert_eq!(at(answer, &format!("data.{root}.totalCount")), nodes.len());
    nodes
}

fn ids(nodes: &[Json]) -> BTreeSet<String> {
    nodes.iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect()
}

/// The positions at which a coordinate was refused, of so many.
fn refused(answer: &Json, coordinate: &str, of: usize) -> BTreeSet<usize> {
    let error = errors(answer).iter().find(|error| at(error, "extensions.coordinate") == coordinate);
    let Some(error) = error else { return BTreeSet::new() };
    match at(error, "extensions.indices") {
        Json::Null => (0..of).collect(),
        ranges => {
            let ranges: Vec<(usize, usize)> = serde_json::from_value(ranges.clone()).unwrap();
            ranges.into_iter().flat_map(|(from, to)| from..=to).collect()
        }
    }
}

fn named(kind: &str, of: u128, records: impl IntoIterator<Item = Record>) -> Vec<(String, Record)> {
    records.into_iter().enumerate().map(|(number, record)| (id(kind, key(of, number)), record)).collect()
}

/// Goods as the demonstration has them.
struct Goods {
    lots: Vec<(String, Record)>,
    categories: Vec<(String, Record)>,
    location: String,
    stock: Vec<(String, Record)>,
}

impl Goods {
    async fn of(scratch: &Scratch) -> Self {
        let client = scratch.connect().await;
        let read = async |kind: &str, statement: &str| -> Vec<(String, Record)> {
            let rows = client.query(statement, &[]).await.unwrap();
            let record = |row: &tokio_postgres::Row| {
                let facts = [Fact::StockKind, Fact::DonorAgency, Fact::Shelter].into_iter().enumerate();
                let facts = facts.take(row.len() - 1).fold(Record::default(), |record, (place, fact)| {
                    record.with(fact, row.get::<_, Option<&str>>(place + 1))
                });
                (id(kind, row.get(0)), facts)
            };
            rows.iter().map(record).collect()
        };
        let lots = "FROM lots l JOIN items i ON i.id = l.item_id JOIN categories c ON c.id = i.category_id \
                    JOIN donors d ON d.id = l.donor_id LEFT JOIN agencies a ON a.id = d.agency_id";
        let store: Uuid = client
            .query_one(
                "SELECT location_id FROM balances JOIN locations ON locations.id = location_id \
                 WHERE shelter_id IS NOT NULL AND quantity > 0 GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1",
                &[],
            )
            .await
            .unwrap()
            .get(0);
        let stock = format!(
            "SELECT b.id, c.stock_kind, a.code, s.code {lots} JOIN balances b ON b.lot_id = l.id \
             JOIN locations o ON o.id = b.location_id JOIN shelters s ON s.id = o.shelter_id \
             WHERE b.quantity > 0 AND o.id = '{store}'"
        );
        Self {
            lots: read("lot", &format!("SELECT l.id, c.stock_kind, a.code {lots}")).await,
            categories: read("category", "SELECT id, stock_kind FROM categories").await,
            location: id("location", store),
            stock: read("stock", &stock).await,
        }
    }
}

/// People, their households, their referrals, consents and courses, and the journal.
async fn examine_people(examined: &mut Examined<'_>, client: &Client, programme: &Programme) {
    let of_person = programme.people();
    let people = named("person", PERSON, of_person.clone());
    let document = "{ persons(first: 500) { totalCount nodes { id code migrationStatus } } }";
    let answer = client.query(document).await;
    let nodes = listed(examined, &answer, "persons", Class::Identity, RecordType::Person);
    for facts in &of_person {
        examined.judge(Verb::Read, Class::Migration, RecordType::Person, facts);
    }
    if examined.user.purpose.is_some() {
        examined.reaches(Class::Identity, RecordType::Person, &people, &ids(nodes));
        let hidden = refused(&answer, "Person.migrationStatus", nodes.len());
        let facts: BTreeMap<&String, &Record> = people.iter().map(|(id, facts)| (id, facts)).collect();
        for (place, node) in nodes.iter().enumerate() {
            let facts = facts[&node["id"].as_str().unwrap().to_owned()];
            let named = examined.judge(Verb::List, Class::Identity, RecordType::Person, facts);
            assert_eq!(node["code"].is_string(), named, "{:?} {node}", examined.user);
            let shown = examined.judge(Verb::Read, Class::Migration, RecordType::Person, facts);
            assert_eq!(!hidden.contains(&place), shown, "{:?} {node}", examined.user);
        }
    }
    let answer = client.query("{ households(first: 500) { totalCount nodes { id } } }").await;
    let nodes = listed(examined, &answer, "households", Class::Family, RecordType::Household);
    let households = named("household", HOUSEHOLD, programme.households());
    if examined.user.purpose.is_some() {
        examined.reaches(Class::Family, RecordType::Household, &households, &ids(nodes));
    }
    let answer = client.query("{ referrals(first: 500) { totalCount nodes { id } } }").await;
    let nodes = listed(examined, &answer, "referrals", Class::Consent, RecordType::Referral);
    if examined.user.purpose.is_none() {
        return;
    }
    let referrals = programme.referrals.iter().map(|share| {
        let facts = of_person[share.person].clone();
        facts.with(Fact::Recipient, Some(share.recipient)).with(Fact::Agency, Some(share.sender))
    });
    examined.reaches(
        Class::Consent,
        RecordType::Referral,
        &named("referral", REFERRAL, referrals),
        &ids(nodes),
    );
    // What no list shows is asked for by its id.
    let consents = programme
        .consents()
        .into_iter()
        .map(|share| of_person[share.person].clone().with(Fact::Recipient, Some(share.recipient)));
    let consents = named("consent", CONSENT, consents.take(60));
    let found = found(client, &consents).await;
    examined.reaches(Class::Consent, RecordType::Consent, &consents, &found);
    let enrolments = programme
        .enrolments
        .iter()
        .map(|(person, agency)| of_person[*person].clone().with(Fact::Agency, Some(agency)));
    let enrolments = named("enrolment", ENROLMENT, enrolments);
    let found = self::found(client, &enrolments).await;
    examined.reaches(Class::Education, RecordType::Enrolment, &enrolments, &found);
}

/// Which of some records `node` finds.
async fn found(client: &Client, records: &[(String, Record)]) -> BTreeSet<String> {
    let roots =
        records.iter().enumerate().map(|(place, (id, _))| format!("n{place}: node(id: \"{id}\") {{ id }}"));
    let answer = client.query(&format!("{{ {} }}", roots.collect::<Vec<_>>().join(" "))).await;
    assert!(errors(&answer).is_empty(), "{answer}");
    let found = answer["data"].as_object().unwrap().values();
    found.filter_map(|node| node["id"].as_str().map(str::to_owned)).collect()
}

async fn examine_journal(examined: &mut Examined<'_>, client: &Client, programme: &Programme) {
    let document = format!(
        "{{ journal(operation: \"{OPERATION}\", first: 500) {{ totalCount nodes {{ index subjects {{ person }} }} }} }}"
    );
    let answer = client.query(&document).await;
    let nodes = listed(examined, &answer, "journal", Class::Journal, RecordType::JournalEntry);
    let shown: BTreeMap<usize, bool> = nodes
        .iter()
        .map(|node| {
            let told = node["subjects"].as_array().is_some_and(|subjects| !subjects.is_empty());
            (node["index"].as_str().unwrap().parse().unwrap(), told)
        })
        .collect();
    for (index, agency) in programme.entries.iter().enumerate() {
        let facts = Record::default().with(Fact::Agency, *agency);
        let reads = examined.judge(Verb::Read, Class::Journal, RecordType::JournalEntry, &facts);
        let told = examined.judge(Verb::Read, Class::Journal, RecordType::JournalSubject, &facts);
        let expected = reads.then_some(told);
        assert_eq!(shown.get(&index).copied(), expected, "{:?} entry {index} of {agency:?}", examined.user);
    }
}

async fn examine_goods(examined: &mut Examined<'_>, client: &Client, goods: &Goods) {
    let document = format!(
        "{{ categories {{ id }} donationItems(first: 200) {{ totalCount nodes {{ id donorReference }} }} \
           stock(location: \"{}\", first: 500) {{ totalCount nodes {{ id }} }} }}",
        goods.location
    );
    let answer = client.query(&document).await;
    let lots: BTreeMap<&String, &Record> = goods.lots.iter().map(|(id, facts)| (id, facts)).collect();
    let mut visible = 0;
    let mut alike: BTreeMap<&Record, usize> = BTreeMap::new();
    for (_, facts) in &goods.lots {
        *alike.entry(facts).or_default() += 1;
    }
    for (facts, times) in alike {
        if examined.judge_all(Verb::Read, Class::Inventory, RecordType::Lot, facts, times) {
            visible += times;
        }
        examined.judge_all(Verb::Read, Class::Donor, RecordType::Lot, facts, times);
        examined.judge_all(Verb::Write, Class::Inventory, RecordType::Lot, facts, times);
    }
    if let Some(nodes) = at(&answer, "data.donationItems.nodes").as_array() {
        assert_eq!(at(&answer, "data.donationItems.totalCount"), visible, "{:?}", examined.user);
        let hidden = refused(&answer, "DonationItem.donorReference", nodes.len());
        for (place, node) in nodes.iter().enumerate() {
            let facts = lots[&node["id"].as_str().unwrap().to_owned()];
            assert!(examined.judge(Verb::Read, Class::Inventory, RecordType::Lot, facts));
            let shown = examined.judge(Verb::Read, Class::Donor, RecordType::Lot, facts);
            assert_eq!(!hidden.contains(&place), shown, "{:?} {node}", examined.user);
        }
    } else {
        assert_eq!(visible, 0, "{:?} {answer}", examined.user);
    }
    let rows = |path: &str| at(&answer, path).as_array().map(|rows| ids(rows)).unwrap_or_default();
    examined.reaches(Class::Inventory, RecordType::Category, &goods.categories, &rows("data.categories"));
    examined.reaches(Class::Inventory, RecordType::Stock, &goods.stock, &rows("data.stock.nodes"));
    // Writes, and one's own account, are judged by the compiled answer alone.
    for shelter in SHELTERS {
        let facts = Record::default().with(Fact::Shelter, Some(shelter));
        for record in [RecordType::Shelter, RecordType::Space, RecordType::Location] {
            examined.judge(Verb::Write, Class::Operational, record, &facts);
        }
        for kind in ["food", "medical", "general"] {
            let facts = facts.clone().with(Fact::StockKind, Some(kind));
            examined.judge(Verb::Write, Class::Inventory, RecordType::Stock, &facts);
        }
    }
    for user in ["self", "another"] {
        let facts = Record::default().with(Fact::Agency, Some("INEA")).with(Fact::User, Some(user));
        for _ in 0..3 {
            examined.judge(Verb::Read, Class::Administration, RecordType::Account, &facts);
        }
    }
}

/// The rules that turn on the record for some caller.
fn record_dependent() -> BTreeSet<String> {
    let mut rules = BTreeSet::new();
    for (role, agency) in ROLES.iter().flat_map(|role| role.agencies.iter().map(move |agency| (role, agency)))
    {
        let user = UserPrincipal {
            user: "self".to_owned(),
            agency: (*agency).to_owned(),
            roles: [role.code.to_owned()].into(),
            reads_as: None,
            shelters: ["ALB-01".to_owned()].into(),
            agreement_in_force: true,
            purpose: Some("EDUCATION".to_owned()),
        };
        let profile = POLICIES.profile(&Principal::User(user)).unwrap();
        for &verb in Verb::ALL {
            for &class in Class::ALL {
                for &record in RecordType::ALL {
                    if let Answer::Depends(dependence) = profile.answer(verb, class, record) {
                        rules.extend(dependence.policies.iter().map(ToString::to_string));
                    }
                }
            }
        }
    }
    rules
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sql_lets_through_is_what_the_authorizer_allows_record_by_record() {
    let oracle = Oracle::new(&POLICIES);
    let mut tally = Tally::default();
    let mut runner = TestRunner::deterministic();
    for _ in 0..PROGRAMMES {
        let programme = programme().new_tree(&mut runner).unwrap().current();
        let scratch = Scratch::with_programme().await;
        programme.write(&scratch).await;
        let goods = Goods::of(&scratch).await;
        let world = roomy().start_on(scratch).await;
        for (number, actor) in programme.actors.iter().enumerate() {
            let client = client(&world, number, actor);
            let mut examined = Examined::new(&oracle, &mut tally, programme.principal(actor));
            examine_people(&mut examined, &client, &programme).await;
            examine_journal(&mut examined, &client, &programme).await;
            examine_goods(&mut examined, &client, &goods).await;
        }
        world.stop().await;
    }
    say(&format!(
        "row scope: {} comparisons; how often each rule held, and failed: {:?}\n",
        tally.cases, tally.rules
    ));
    assert!(tally.cases >= CASES, "{}", tally.cases);
    for rule in record_dependent() {
        let (held, failed) = tally.rules.get(&rule).copied().unwrap_or_default();
        assert!(held >= BOTH_WAYS && failed >= BOTH_WAYS, "{rule} held {held} times and failed {failed}");
    }
}
