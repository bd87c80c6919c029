//! What an actor reaches, compared record by record with what the authorizer says.

use std::collections::{BTreeMap, BTreeSet};

use enlace_policies::{Answer, Class, Fact, Facts as _, Principal, Profile, RecordType, UserPrincipal, Verb};
use enlace_tests::{Client, Scratch, at, codes, id};
use serde_json::Value as Json;
use uuid::Uuid;

use super::programme::{
    ACCESS, AGENCIES, APPLICATION, ASSESSMENT, CONSENT, CUSTODY, DIAGNOSIS, DWELLING, EMPLOYER, ENROLMENT,
    HOUSEHOLD, INTAKE, LEASE, OPERATION, PERSON, PROFILE, Programme, REFERRAL, SHELTERS, TENANCY, VACANCY,
    key,
};
use crate::reference::oracle::{Asking, Oracle, Record, Verdict};
use crate::reference::{POLICIES, Pseudonyms, errors, rows};

/// What was compared so far.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) cases: usize,
    /// How often a rule that turned on the record held of it, and how often not.
    pub(super) rules: BTreeMap<String, (usize, usize)>,
}

/// An actor under examination.
pub(super) struct Examined<'a> {
    oracle: &'a Oracle,
    tally: &'a mut Tally,
    user: UserPrincipal,
    client: Client,
    /// How it knows people, if not by their ids.
    known_as: Option<Pseudonyms>,
    profile: Profile,
    asking: [(Verb, Asking); 4],
    /// The same facts are judged once.
    known: BTreeMap<(Verb, Class, RecordType, Record), Verdict>,
}

impl<'a> Examined<'a> {
    pub(super) fn new(
        oracle: &'a Oracle,
        tally: &'a mut Tally,
        user: UserPrincipal,
        client: Client,
        known_as: Option<Pseudonyms>,
    ) -> Self {
        let profile = POLICIES.profile(&Principal::User(user.clone())).unwrap();
        let verbs = [Verb::Read, Verb::List, Verb::Identify, Verb::Write];
        let asking = verbs.map(|verb| (verb, oracle.caller(&user, verb)));
        Self { oracle, tally, user, client, known_as, profile, asking, known: BTreeMap::new() }
    }

    /// What it is answered: a witness writes and reads pseudonyms, which stand here as the ids that it is not told.
    async fn ask(&self, document: &str) -> Json {
        let Some(known_as) = &self.known_as else { return self.client.query(document).await };
        let answer = self.client.query(&known_as.hide(document)).await.to_string();
        serde_json::from_str(&known_as.reveal(&answer)).unwrap()
    }

    /// Which of some records `node` finds.
    async fn found(&self, records: &[(String, Record)]) -> BTreeSet<String> {
        let roots = records
            .iter()
            .enumerate()
            .map(|(place, (id, _))| format!("n{place}: node(id: \"{id}\") {{ id }}"));
        let answer = self.ask(&format!("{{ {} }}", roots.collect::<Vec<_>>().join(" "))).await;
        assert!(errors(&answer).is_empty(), "{answer}");
        let found = answer["data"].as_object().unwrap().values();
        found.filter_map(|node| node["id"].as_str().map(str::to_owned)).collect()
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
                for rule in &dependence.policies {
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

/// Goods as the demonstration has them, and incidents with the people in them.
pub(super) struct Goods {
    lots: Vec<(String, Record)>,
    categories: Vec<(String, Record)>,
    location: String,
    stock: Vec<(String, Record)>,
    incidents: Vec<(String, Record)>,
    involved: Vec<(String, Record)>,
    volunteers: Vec<(String, Record)>,
    screenings: Vec<(String, Record)>,
}

impl Goods {
    pub(super) async fn of(scratch: &Scratch) -> Self {
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
        let brought = async |kind: &str, statement: &str| -> Vec<(String, Record)> {
            let rows = client.query(statement, &[]).await.unwrap();
            let record = |row: &tokio_postgres::Row| {
                (id(kind, row.get(0)), Record::default().with(Fact::Agency, Some(row.get::<_, &str>(1))))
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
            incidents: read("incident", "SELECT i.id, NULL, NULL, s.code FROM incidents i JOIN shelters s ON s.id = i.shelter_id").await,
            involved: read(
                "involved_person",
                "SELECT p.id, NULL, NULL, s.code FROM incident_people p JOIN incidents i ON i.id = p.incident_id \
                 JOIN shelters s ON s.id = i.shelter_id",
            )
            .await,
            volunteers: brought("volunteer", "SELECT v.id, a.code FROM volunteers v JOIN agencies a ON a.id = v.agency_id").await,
            screenings: brought(
                "screening",
                "SELECT s.id, a.code FROM screenings s JOIN volunteers v ON v.id = s.volunteer_id \
                 JOIN agencies a ON a.id = v.agency_id LIMIT 40",
            )
            .await,
        }
    }
}

/// People, their households, their referrals, consents and courses, and the journal.
pub(super) async fn examine_people(examined: &mut Examined<'_>, programme: &Programme) {
    let of_person = programme.people();
    let people = named("person", PERSON, of_person.clone());
    let document = "{ persons(first: 500) { totalCount nodes { id code arrivedOn migrationStatus } } }";
    let answer = examined.ask(document).await;
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
            let listed = examined.judge(Verb::List, Class::Identity, RecordType::Person, facts);
            assert_eq!(node["arrivedOn"].is_string(), listed, "{:?} {node}", examined.user);
            let named = listed && examined.judge(Verb::Identify, Class::Identity, RecordType::Person, facts);
            assert_eq!(node["code"].is_string(), named, "{:?} {node}", examined.user);
            let shown = examined.judge(Verb::Read, Class::Migration, RecordType::Person, facts);
            assert_eq!(!hidden.contains(&place), shown, "{:?} {node}", examined.user);
        }
    }
    let answer = examined.ask("{ households(first: 500) { totalCount nodes { id } } }").await;
    let nodes = listed(examined, &answer, "households", Class::Family, RecordType::Household);
    let households = named("household", HOUSEHOLD, programme.households());
    if examined.user.purpose.is_some() {
        examined.reaches(Class::Family, RecordType::Household, &households, &ids(nodes));
    }
    let answer = examined.ask("{ referrals(first: 500) { totalCount nodes { id } } }").await;
    let nodes = listed(examined, &answer, "referrals", Class::Consent, RecordType::Referral);
    if examined.user.purpose.is_none() {
        return;
    }
    let referrals = programme.referrals().into_iter().map(|share| {
        let facts = of_person[share.person].clone();
        facts.with(Fact::Recipient, Some(share.recipient)).with(Fact::Agency, Some(share.sender))
    });
    let referrals = named("referral", REFERRAL, referrals);
    examined.reaches(Class::Consent, RecordType::Referral, &referrals, &ids(nodes));
    for (_, facts) in &referrals {
        // Writes are judged by the compiled answer alone.
        for record in [RecordType::Referral, RecordType::ReferralAnswer] {
            examined.judge(Verb::Write, Class::Consent, record, facts);
        }
    }
    let answer = examined.ask("{ custodyTransfers(first: 500) { totalCount nodes { id } } }").await;
    let nodes = listed(examined, &answer, "custodyTransfers", Class::Consent, RecordType::CustodyTransfer);
    let custody = programme.custody().into_iter().map(|(person, sender, recipient)| {
        let facts = of_person[person].clone();
        facts.with(Fact::Recipient, Some(recipient)).with(Fact::Agency, Some(sender))
    });
    let custody = named("custody_transfer", CUSTODY, custody);
    examined.reaches(Class::Consent, RecordType::CustodyTransfer, &custody, &ids(nodes));
    for (_, facts) in &custody {
        examined.judge(Verb::Write, Class::Consent, RecordType::CustodyTransfer, facts);
    }
    // What no list shows is asked for by its id.
    let consents = programme
        .consents()
        .into_iter()
        .map(|share| of_person[share.person].clone().with(Fact::Recipient, Some(share.recipient)));
    let consents = named("consent", CONSENT, consents.take(60));
    let found = examined.found(&consents).await;
    examined.reaches(Class::Consent, RecordType::Consent, &consents, &found);
    let enrolments = programme
        .enrolments
        .iter()
        .map(|(person, agency)| of_person[*person].clone().with(Fact::Agency, Some(agency)));
    let enrolments = named("enrolment", ENROLMENT, enrolments);
    let found = examined.found(&enrolments).await;
    examined.reaches(Class::Education, RecordType::Enrolment, &enrolments, &found);
    for (_, facts) in &enrolments {
        // Writes are judged by the compiled answer alone.
        for record in [RecordType::Enrolment, RecordType::RevalidationDecision] {
            examined.judge(Verb::Write, Class::Education, record, facts);
        }
    }
}

/// Employers and vacancies, work profiles and applications, found by their ids.
pub(super) async fn examine_work(examined: &mut Examined<'_>, programme: &Programme) {
    let of_agency = || AGENCIES.iter().map(|agency| Record::default().with(Fact::Agency, Some(agency)));
    for (kind, space, class, record) in [
        ("employer", EMPLOYER, Class::Counterparty, RecordType::Employer),
        ("vacancy", VACANCY, Class::Operational, RecordType::Vacancy),
    ] {
        let records = named(kind, space, of_agency());
        let found = examined.found(&records).await;
        examined.reaches(class, record, &records, &found);
    }
    let (agency, purpose) = (examined.user.agency.clone(), examined.user.purpose.clone());
    let shared = purpose.into_iter().map(|purpose| format!("{agency}/{purpose}")).collect::<BTreeSet<_>>();
    let adult = Record::default().with(Fact::AgeGroup, Some("adult"));
    for of in [agency.as_str(), "ANOTHER"] {
        let facts = Record::default().with(Fact::Agency, Some(of));
        // Few of the actors offer work, and few of their candidates consented.
        examined.judge_all(Verb::Read, Class::Operational, RecordType::Vacancy, &facts, 120);
        examined.judge_all(Verb::Read, Class::Counterparty, RecordType::Employer, &facts, 120);
        let candidate = adult.clone().with(Fact::Agency, Some(of)).with_set(Fact::SharedWith, shared.clone());
        examined.judge_all(Verb::Read, Class::Employment, RecordType::JobApplication, &candidate, 120);
    }
    if examined.user.purpose.is_none() {
        return;
    }
    let of_person = programme.people();
    let profiles = named("work_profile", PROFILE, of_person.clone());
    let found = examined.found(&profiles).await;
    examined.reaches(Class::Employment, RecordType::WorkProfile, &profiles, &found);
    let applications = programme
        .enrolments
        .iter()
        .map(|(person, agency)| of_person[*person].clone().with(Fact::Agency, Some(agency)));
    let applications = named("job_application", APPLICATION, applications);
    let found = examined.found(&applications).await;
    examined.reaches(Class::Employment, RecordType::JobApplication, &applications, &found);
    for (_, facts) in &profiles {
        examined.judge(Verb::Write, Class::Employment, RecordType::WorkProfile, facts);
    }
}

/// What families say at the desk: that there is an intake, and what was said.
pub(super) async fn examine_intakes(examined: &mut Examined<'_>, programme: &Programme) {
    let said = [Class::Health, Class::Employment];
    let all = || said.into_iter().chain([Class::Family]);
    // Few of the actors take any down, of few people.
    let own: Vec<&str> = examined.user.shelters.iter().map(String::as_str).collect();
    let shelter = own.first().map(|shelter| (*shelter).to_owned());
    for user in [Some("self"), Some("another"), None] {
        let facts = Record::default().with(Fact::Person, Some("one")).with(Fact::AgeGroup, Some("adult"));
        let facts = facts.with(Fact::Shelter, shelter.as_deref()).with(Fact::User, user);
        for class in all() {
            for verb in [Verb::Read, Verb::Write] {
                examined.judge_all(verb, class, RecordType::Intake, &facts, 120);
            }
        }
    }
    let answer =
        examined.ask("{ intakes(first: 500) { totalCount nodes { id vaccinations skills } } }").await;
    let nodes = listed(examined, &answer, "intakes", Class::Family, RecordType::Intake);
    if examined.user.purpose.is_none() {
        return;
    }
    let intakes = named("intake", INTAKE, programme.intakes());
    examined.reaches(Class::Family, RecordType::Intake, &intakes, &ids(nodes));
    let facts: BTreeMap<&String, &Record> = intakes.iter().map(|(id, facts)| (id, facts)).collect();
    for (class, coordinate) in said.into_iter().zip(["Intake.vaccinations", "Intake.skills"]) {
        let hidden = refused(&answer, coordinate, nodes.len());
        for (place, node) in nodes.iter().enumerate() {
            let facts = facts[&node["id"].as_str().unwrap().to_owned()];
            let shown = examined.judge(Verb::Read, class, RecordType::Intake, facts);
            assert_eq!(!hidden.contains(&place), shown, "{:?} {class} {node}", examined.user);
        }
    }
}

/// Dwellings, leases and who lives by them.
pub(super) async fn examine_housing(examined: &mut Examined<'_>, programme: &Programme) {
    let answer = examined.ask("{ leases(first: 500) { totalCount nodes { id tenancies { id } } } }").await;
    let nodes = listed(examined, &answer, "leases", Class::Housing, RecordType::Lease);
    let homes = examined.ask("{ dwellings(first: 500) { totalCount nodes { id } } }").await;
    let homes = ids(listed(examined, &homes, "dwellings", Class::Housing, RecordType::Dwelling));
    if examined.user.purpose.is_none() {
        return;
    }
    let leases = named("lease", LEASE, programme.leases());
    examined.reaches(Class::Housing, RecordType::Lease, &leases, &ids(nodes));
    let dwellings = named("dwelling", DWELLING, programme.leases());
    examined.reaches(Class::Housing, RecordType::Dwelling, &dwellings, &homes);
    let tenancies = named("tenancy", TENANCY, programme.people());
    for (_, facts) in &tenancies {
        // Writes are judged by the compiled answer alone.
        examined.judge(Verb::Write, Class::Housing, RecordType::Tenancy, facts);
    }
    let living: Vec<Json> =
        nodes.iter().filter_map(|node| node["tenancies"].as_array()).flatten().cloned().collect();
    examined.reaches(Class::Housing, RecordType::Tenancy, &tenancies, &ids(&living));
    let some = &tenancies[..12];
    let found = examined.found(some).await;
    examined.reaches(Class::Housing, RecordType::Tenancy, some, &found);
}

/// Assessments and diagnoses, found by their ids and reached through the people whom they tell of.
pub(super) async fn examine_health(examined: &mut Examined<'_>, programme: &Programme) {
    if examined.user.purpose.is_none() {
        return;
    }
    let assessments = named("assessment", ASSESSMENT, programme.assessments());
    let diagnoses = named("diagnosis", DIAGNOSIS, programme.diagnoses());
    let found = examined.found(&assessments).await;
    examined.reaches(Class::Health, RecordType::Assessment, &assessments, &found);
    let found = examined.found(&diagnoses).await;
    examined.reaches(Class::Health, RecordType::Diagnosis, &diagnoses, &found);
    let document = "{ persons(first: 500) { nodes { id assessments { id diagnoses { id } } } } }";
    let answer = examined.ask(document).await;
    let people = at(&answer, "data.persons.nodes").as_array().map_or(&[][..], Vec::as_slice);
    let told = ids(people);
    let of_people = |tells: &[(String, Record)]| -> Vec<(String, Record)> {
        let is_told = |record: &Record| {
            let person = record.fact(Fact::Person).unwrap().parse().unwrap();
            told.contains(&id("person", person))
        };
        tells.iter().filter(|(_, record)| is_told(record)).cloned().collect()
    };
    let edges = |rows: &[Json], edge: &str| -> Vec<Json> {
        rows.iter().filter_map(|row| row[edge].as_array()).flatten().cloned().collect()
    };
    let reached = edges(people, "assessments");
    let of_told = of_people(&assessments);
    examined.reaches(Class::Health, RecordType::Assessment, &of_told, &ids(&reached));
    if examined.asks(Class::Health, RecordType::Assessment) {
        let of_told = of_people(&diagnoses);
        let reached = ids(&edges(&reached, "diagnoses"));
        examined.reaches(Class::Health, RecordType::Diagnosis, &of_told, &reached);
    }
}

pub(super) async fn examine_journal(examined: &mut Examined<'_>, programme: &Programme) {
    let document = format!(
        "{{ journal(operation: \"{OPERATION}\", first: 500) {{ totalCount nodes {{ index subjects {{ person }} }} }} }}"
    );
    let answer = examined.ask(&document).await;
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
    let answer = examined.ask("{ breakGlassAccesses(first: 500) { totalCount nodes { id } } }").await;
    let nodes = listed(examined, &answer, "breakGlassAccesses", Class::Journal, RecordType::BreakGlassAccess);
    let opened = named("break_glass", ACCESS, programme.opened());
    examined.reaches(Class::Journal, RecordType::BreakGlassAccess, &opened, &ids(nodes));
    for (_, facts) in &opened {
        // Who may end it is judged by the compiled answer alone.
        examined.judge(Verb::Write, Class::Journal, RecordType::BreakGlassAccess, facts);
    }
}

/// Volunteers, and what is verified of them, listed and found by their ids.
pub(super) async fn examine_volunteers(examined: &mut Examined<'_>, goods: &Goods) {
    let answer =
        examined.ask("{ volunteers(first: 500) { totalCount nodes { id screenings { id } } } }").await;
    let nodes = listed(examined, &answer, "volunteers", Class::Counterparty, RecordType::Volunteer);
    examined.reaches(Class::Counterparty, RecordType::Volunteer, &goods.volunteers, &ids(nodes));
    let found = examined.found(&goods.screenings).await;
    examined.reaches(Class::Counterparty, RecordType::Screening, &goods.screenings, &found);
}

/// Incidents, and who was in them, found by their ids and reached through the incidents.
pub(super) async fn examine_incidents(examined: &mut Examined<'_>, goods: &Goods) {
    let answer = examined.ask("{ incidents(first: 500) { totalCount nodes { id people { id } } } }").await;
    let nodes = listed(examined, &answer, "incidents", Class::Security, RecordType::Incident);
    for (_, facts) in goods.incidents.iter().chain(&goods.involved) {
        for record in [RecordType::Incident, RecordType::InvolvedPerson] {
            examined.judge(Verb::Write, Class::Security, record, facts);
        }
    }
    if examined.user.purpose.is_none() {
        return;
    }
    examined.reaches(Class::Security, RecordType::Incident, &goods.incidents, &ids(nodes));
    let people = nodes.iter().filter_map(|node| node["people"].as_array()).flatten().cloned();
    let people: Vec<Json> = people.collect();
    examined.reaches(Class::Security, RecordType::InvolvedPerson, &goods.involved, &ids(&people));
    let some = &goods.involved[..goods.involved.len().min(12)];
    let found = examined.found(some).await;
    examined.reaches(Class::Security, RecordType::InvolvedPerson, some, &found);
}

pub(super) async fn examine_goods(examined: &mut Examined<'_>, goods: &Goods) {
    let document = format!(
        "{{ categories {{ id }} donationItems(first: 200) {{ totalCount nodes {{ id donorReference }} }} \
           stock(location: \"{}\", first: 500) {{ totalCount nodes {{ id }} }} }}",
        goods.location
    );
    let answer = examined.ask(&document).await;
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
            let shown = examined.judge(Verb::Identify, Class::Donor, RecordType::Lot, facts);
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
    let own = examined.user.agency.clone();
    for agency in [own.as_str(), "ANOTHER"] {
        let facts = Record::default().with(Fact::Agency, Some(agency));
        let in_a_shelter = facts.clone().with(Fact::Shelter, Some(SHELTERS[0]));
        for (record, facts) in [
            (RecordType::Kitchen, &facts),
            (RecordType::MealService, &facts),
            (RecordType::MealServing, &in_a_shelter),
            (RecordType::Inspection, &facts),
            (RecordType::CorrectiveWork, &in_a_shelter),
            (RecordType::Permit, &in_a_shelter),
            (RecordType::PermitDecision, &facts),
            (RecordType::Advice, &facts),
        ] {
            examined.judge_all(Verb::Write, Class::Operational, record, facts, 40);
        }
        for recipient in [own.as_str(), "ANOTHER"] {
            let addressed = facts.clone().with(Fact::Recipient, Some(recipient));
            for record in [RecordType::AgencyRequest, RecordType::AgencyAnswer] {
                examined.judge_all(Verb::Write, Class::Operational, record, &addressed, 40);
            }
        }
        examined.judge_all(Verb::Write, Class::Education, RecordType::Course, &facts, 40);
        // Few of the actors bring volunteers.
        examined.judge_all(Verb::Write, Class::Operational, RecordType::ShiftSignUp, &in_a_shelter, 60);
        for record in [RecordType::Volunteer, RecordType::Screening] {
            examined.judge_all(Verb::Read, Class::Counterparty, record, &facts, 60);
            examined.judge_all(Verb::Write, Class::Counterparty, record, &facts, 60);
        }
    }
    for lender in ["BISOM", "IMACUM", "IMDECUF"] {
        let facts = Record::default().with(Fact::Lender, Some(lender));
        // Few of the actors lend.
        for _ in 0..40 {
            examined.judge(Verb::Write, Class::Operational, RecordType::Centre, &facts);
        }
    }
    for user in ["self", "another"] {
        let facts = Record::default().with(Fact::Agency, Some("INEA")).with(Fact::User, Some(user));
        for _ in 0..3 {
            examined.judge(Verb::Read, Class::Administration, RecordType::Account, &facts);
            examined.judge(Verb::Read, Class::Administration, RecordType::Webhook, &facts);
            examined.judge(Verb::Write, Class::Administration, RecordType::Webhook, &facts);
        }
    }
}
